"""The calls of `/api/v1`, one method for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import urllib3

from .answers import CaseEnd, Claim, Correction, CustomerStanding, Delivery, Message, Receipt
from .errors import Unreachable
from .wire import Request, Wire, new_key, part, post

_PAGE = "200"
_T = TypeVar("_T")


class Client:
    """One service's way to atesaki; may be kept and shared between threads.

    url: atesaki's public URL.  api_key: as `atesaki service add` printed it.  timeout: seconds for one call, with
    its repetitions: those are made only where nothing can be done twice.  pool: an own `urllib3` pool, for a proxy
    or certificates of your own.  Every call raises `Problem` or `Unreachable`, and both are `AtesakiError`.
    """

    def __init__(
        self, url: str, api_key: str, timeout: float = 5.0, *, pool: urllib3.PoolManager | None = None
    ) -> None:
        self._wire = Wire(url, api_key, timeout, pool)
        self._url = url

    def __repr__(self) -> str:
        return f"<Client of {self._url}>"  # not the key

    # --- addresses ---------------------------------------------------------------------------------------

    def claim(
        self,
        address: str,
        customer: str,
        return_url: str | None = None,
        *,
        evidence: str | None = None,
        idempotency_key: str | None = None,
    ) -> Claim:
        """A customer gave this address: a confirmation is mailed, unless it is proved or disavowed already.

        customer: your own reference, 1 to 200 characters.  return_url: a page of yours, registered by
        `atesaki service set --return-to`, that the confirmation leads back to.  evidence: how you know already that
        it is this customer's, such as your ID service's verified `email`: then nobody is asked.
        """
        said = {"address": address, "customer": customer}
        if evidence is not None:
            said["evidence"] = evidence
        if return_url is not None:
            said["return_url"] = return_url
        return self._one(post("/claims", said, idempotency_key), Claim.read)

    def ask_again(self, claim_id: str, *, idempotency_key: str | None = None) -> Claim:
        """The customer wishes for another confirmation mail; `asked` tells whether the policy let it go."""
        return self._one(post(f"/claims/{part(claim_id)}/confirmations", {}, idempotency_key), Claim.read)

    def code(self, claim_id: str, code: str, *, idempotency_key: str | None = None) -> Claim:
        """What the customer typed into your page. Raises `WrongCode`, `CodeClosed` or `CodeGone`."""
        return self._one(post(f"/claims/{part(claim_id)}/code", {"code": code}, idempotency_key), Claim.read)

    def attest(self, claim_id: str, evidence: str, *, idempotency_key: str | None = None) -> Claim:
        """You vouch that mailbox and customer belong together; `evidence` says how you know, and is kept."""
        said = {"method": "attested", "evidence": evidence}
        return self._one(post(f"/claims/{part(claim_id)}/proofs", said, idempotency_key), Claim.read)

    def get_claim(self, claim_id: str) -> Claim:
        return self._one(Request("GET", f"/claims/{part(claim_id)}"), Claim.read)

    def withdraw_claim(self, claim_id: str) -> None:
        """The customer gives this address no longer. May be said twice."""
        self._wire.call(Request("DELETE", f"/claims/{part(claim_id)}"))

    def claims(self, customer: str) -> Iterator[Claim]:
        """Every claim of a customer's."""
        return self._pages("/claims", (("customer", customer),), Claim.read)

    def standing(self, customer: str) -> CustomerStanding:
        """What a page must know of a customer: `.state`, `.claims`, `.case`. One unknown is `ok`."""
        return self._one(Request("GET", f"/customers/{part(customer)}/standing"), CustomerStanding.read)

    # --- mail --------------------------------------------------------------------------------------------

    def send(
        self,
        *,
        to: str | Sequence[str],
        subject: str,
        text: str | None = None,
        html: str | None = None,
        customer: str = "",
        sender: str | None = None,
        knows: Mapping[str, str] | None = None,
        verification: bool = False,
        idempotency_key: str | None = None,
    ) -> Receipt:
        """One mail. Raises `Problem` with the slug `refused` if no recipient may get it.

        sender: the From; the service's own by default.  knows: what only the customer knows and the confirmation
        page may ask for: `postal_code`, `phone_last4`, `birth_year`.  verification: it is your own verification
        mail and carries nothing personal.
        """
        said: dict[str, Any] = {"to": to if isinstance(to, str) else list(to), "subject": subject}
        given = {
            "text": text,
            "html": html,
            "customer": customer or None,
            "from": sender,
            "knows": dict(knows) if knows else None,
            "class": "verification" if verification else None,
        }
        said |= {name: value for name, value in given.items() if value is not None}
        return self._one(post("/messages", said, idempotency_key), Receipt.read)

    def send_raw(
        self,
        raw: bytes,
        *,
        to: Sequence[str],
        customer: str = "",
        sender: str | None = None,
        idempotency_key: str | None = None,
    ) -> Receipt:
        """One mail as it is (RFC 5322, CRLF). `to` and `sender` are its envelope, whatever its headers say."""
        query = [("to", each) for each in ([to] if isinstance(to, str) else to)]
        query += [("customer", customer)] if customer else []
        query += [("from", sender)] if sender is not None else []
        request = Request(
            "POST", "/messages", tuple(query), raw, content_type="message/rfc822", key=idempotency_key or new_key()
        )
        return self._one(request, Receipt.read)

    def message(self, ledger_id: str) -> Message:
        """What became of a mail, and why."""
        return self._one(Request("GET", f"/messages/{part(ledger_id)}"), Message.read)

    # --- cases -------------------------------------------------------------------------------------------

    def withdrawn(self, case_id: str) -> CaseEnd:
        """You closed the customer's account, as `customer.withdraw` asked. May be said twice."""
        return self._one(post(f"/cases/{part(case_id)}/withdrawn", {}), CaseEnd.read)

    def corrected(self, case_id: str) -> CaseEnd:
        """The customer has corrected the address. May be said twice."""
        return self._one(post(f"/cases/{part(case_id)}/corrected", {}), CaseEnd.read)

    def correct(self, number: str, code: str, customer: str) -> Correction:
        """The case's number and code from the letter, typed into your own page. Raises `WrongCode`."""
        said = {"number": number, "code": code, "customer": customer}
        return self._one(post("/corrections", said), Correction.read)

    # --- webhooks ----------------------------------------------------------------------------------------

    def deliveries(self, state: str | None = None) -> Iterator[Delivery]:
        """The events that you were told, or will be; newest first."""
        return self._pages("/webhooks/deliveries", (("state", state),) if state else (), Delivery.read)

    def repeat(self, delivery_id: str) -> Delivery:
        """Has an event told again under its old id, so that a receiver that had it knows."""
        return self._one(post(f"/webhooks/deliveries/{part(delivery_id)}/repeat", {}), Delivery.read)

    # --- reading -----------------------------------------------------------------------------------------

    def _one(self, request: Request, read: Callable[[Any], _T]) -> _T:
        return _read(read, self._wire.call(request), request.key)

    def _pages(self, path: str, query: tuple[tuple[str, str], ...], read: Callable[[Any], _T]) -> Iterator[_T]:
        cursor = ""
        while True:
            more = (("cursor", cursor),) if cursor else ()
            said = self._wire.call(Request("GET", path, (*query, ("limit", _PAGE), *more)))
            yield from _read(lambda said: [read(each) for each in said["items"]], said)
            before, cursor = cursor, _read(lambda said: said["next"] or "", said)
            if not cursor:
                return
            if cursor == before:
                raise Unreachable("The list leads round in a circle: this is not atesaki's API.")


def _read(read: Callable[[Any], _T], said: Any, key: str = "") -> _T:
    try:
        return read(said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # Taken, but told in words that are not agreed: an older or newer atesaki, or another program.
        raise Unreachable(
            f"The answer lacks what is agreed ({type(error).__name__}: {error}): do client and atesaki fit together?",
            taken=True,
            idempotency_key=key,
        ) from error
