"""All talk with atesaki: claims, codes, corrections, mail, and what atesaki tells (webhooks).

What is to be asked is written down first (`Asking`) and then asked; where atesaki is away it stays written down, and
`manage ask_waiting` asks later. A mail that cannot be handed in stays in the client's spool. Neither stops an order.
"""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import atesaki_client
from atesaki_client.django import EmailBackend, webhook_view
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from . import briefly, contacts, withdrawal
from .models import Asking, Contact

log = logging.getLogger("reference.shop.mailroom")
_STANDING_SECONDS = 30
_EVERY = 10.0
_SESSIONS_EVERY = 3600.0
_VOUCHED = "email_verified by Aozora ID in this sign-in"
_awake = threading.Event()


def active() -> bool:
    """Whether the shop speaks with atesaki at all: not in 2017."""
    return bool(settings.ERA == "now")


def client(seconds: float = 4.0) -> atesaki_client.Client:
    """How long it may take: a customer waits for the page meanwhile."""
    return _client(settings.ATESAKI_URL, settings.ATESAKI_API_KEY, seconds)


@lru_cache(maxsize=8)
def _client(url: str, key: str, seconds: float) -> atesaki_client.Client:
    return atesaki_client.Client(url, key, timeout=seconds)


# --- what the shop asks ---


def give(ref: str, address: str, *, proved: bool = False) -> Contact:
    """The customer's address is `address` ("" for none) from now on; the old one is given up, the new one claimed.

    `proved`: the ID service said in this sign-in that this very address is; then nobody need be asked again.

    1. Write both down. 2. Ask, if atesaki is there.
    """
    with transaction.atomic():
        before, tries = contacts.of(ref).address, _stop_claiming(ref)
        contact, old = contacts.set_address(ref, address)
        cases = [contact.case] if contact.needed and contact.case else []
        Contact.objects.filter(pk=contact.pk).update(needed=False, case="", case_number="")
        written = [_write("withdraw_claim", ref, old)] if old else []
        written += [_write("withdraw_others", ref)] if tries and before != address else []
        if contact.state == Contact.State.WAITING:
            written.append(_write("claim", ref, contacts.digest(address) if proved else ""))
            if before == address:  # what may have been asked already stays known as such
                Asking.objects.filter(pk=written[-1].pk).update(tries=tries)
        written += [_write("corrected", ref, case) for case in cases]
    cache.delete(_standing_key(ref))
    _ask(written)
    return contacts.of(ref)


def _stop_claiming(ref: str) -> int:
    """The claim that waits to be asked for is not any more; how often it was tried: each may have been taken."""
    waiting = Asking.objects.select_for_update().filter(kind="claim", ref=ref)
    tries = sum(each.tries for each in waiting)
    waiting.delete()
    return tries


@transaction.atomic
def forget(ref: str, case: str = "") -> None:
    """The customer has left: the claim is given up; atesaki hears it where it asked for it (`case`).

    Only written down: it may be atesaki that waits for us just now (a webhook), and we do not make it wait for itself.
    """
    contact, tries = contacts.of(ref), _stop_claiming(ref)
    _, old = contacts.set_address(ref, "")
    contacts.forget_proved(ref)
    Contact.objects.filter(pk=contact.pk).update(needed=False, case="", case_number="")
    if old:
        _write("withdraw_claim", ref, old)
    if tries:
        _write("withdraw_others", ref)
    if case:
        _write("withdrawn", ref, case)
    transaction.on_commit(_awake.set)


def _write(kind: str, ref: str, what: str = "") -> Asking:
    return Asking.objects.get_or_create(kind=kind, ref=ref, what=what)[0]


def ask_waiting() -> tuple[int, int]:
    """Asks all that waits, the oldest first; how many went, and how many wait still."""
    went = _ask(Asking.objects.order_by("pk"))
    return went, Asking.objects.count()


def keep_asking(stop: threading.Event) -> None:
    """What `serve` does beside the pages until `stop`: asks and sends what waits, at once where somebody woke it.

    And forgets: addresses after their hour, sessions that are over.
    """
    sessions_due = 0.0
    while not stop.is_set():
        _awake.wait(_EVERY)
        _awake.clear()
        if stop.is_set():
            return
        briefly.sweep()
        try:
            if time.monotonic() >= sessions_due:
                sessions_due = time.monotonic() + _SESSIONS_EVERY
                call_command("clearsessions", verbosity=0)
            # A page that has just written down asks by itself: leave it a moment.
            fresh = timezone.now() - timedelta(seconds=_EVERY)
            _ask(Asking.objects.exclude(kind__in=_PAGES_OWN, begun__gt=fresh).order_by("pk"))
            send_waiting()
        except Exception as error:  # noqa: BLE001 - the next round may go better
            log.warning("what waits could not be asked: %s", type(error).__name__)
        finally:
            connection.close()


def stop_asking(stop: threading.Event) -> None:
    stop.set()
    _awake.set()


def _ask(waiting: Iterable[Asking]) -> int:
    """Stops at the first that does not get through: the others would wait for the same door."""
    went = 0
    for asking in waiting:
        if not active():
            asking.delete()
            continue
        # Counted before it is asked: one whose answer is lost may have been taken.
        if not Asking.objects.filter(pk=asking.pk).update(tries=F("tries") + 1):
            continue  # given up in the meantime
        try:
            _ASK[asking.kind](asking)
        except atesaki_client.Unreachable:
            log.warning("atesaki cannot be reached: %s for %s waits (manage ask_waiting)", asking.kind, asking.ref)
            break
        except atesaki_client.Problem as problem:
            if problem.status >= 500 or problem.status in (401, 403, 409, 429):
                log.warning("atesaki took no %s for %s now: %s", asking.kind, asking.ref, problem.slug)
                continue
            log.warning("atesaki takes no %s for %s: %s", asking.kind, asking.ref, problem.slug)
        asking.delete()
        went += 1
    return went


def _ask_claim(asking: Asking) -> None:
    contact = contacts.of(asking.ref)
    # Looked for after the address was read: what is asked for is then the address that it was written for.
    if not contact.address or not Asking.objects.filter(pk=asking.pk).exists():
        return  # given up in the meantime
    vouched = hmac.compare_digest(asking.what.encode(), contacts.digest(contact.address).encode())
    keep(contact, client().claim(contact.address, contact.ref, evidence=_VOUCHED if vouched else None))


def _ask_withdraw_claim(asking: Asking) -> None:
    """Unless the customer has come back to that very address since."""
    if not Contact.objects.filter(ref=asking.ref, claim=asking.what).exists():
        client().withdraw_claim(asking.what)


def _ask_withdraw_others(asking: Asking) -> None:
    """An answer was lost, and with it the claim's id: atesaki knows it still."""
    for claim in list(client().claims(asking.ref)):
        if claim.standing == "unknown" or Contact.objects.filter(ref=asking.ref, claim=claim.id).exists():
            continue
        try:
            client().withdraw_claim(claim.id)
        except atesaki_client.Problem as problem:
            if problem.status != 404:
                raise


def keep(contact: Contact, claim: atesaki_client.Claim) -> None:
    """What atesaki says of a claim. An address that its mailbox has disowned goes at once."""
    proved = claim.standing == "proved" and not claim.paused
    said: dict[str, Any] = {
        "claim": claim.id,
        "match": claim.match or "",
        "state": Contact.State.PROVED if proved else Contact.State.ASKED,
    }
    if claim.standing == "disavowed":
        said |= {"address": "", "state": Contact.State.DISOWNED, "match": "", "needed": True}
        contacts.forget_proved(contact.ref)
    # Guarded by the address: a correction that came in between is not overwritten, and this claim is nobody's then.
    if not Contact.objects.filter(pk=contact.pk, address=contact.address).update(**said):
        _write("withdraw_claim", contact.ref, claim.id)
        _awake.set()


# Who has just written these down asks by itself, one after the other; both at once might withdraw what is new.
_PAGES_OWN = ("claim", "withdraw_others")
_ASK: dict[str, Callable[[Asking], object]] = {
    "claim": _ask_claim,
    "withdraw_claim": _ask_withdraw_claim,
    "withdraw_others": _ask_withdraw_others,
    "corrected": lambda asking: client().corrected(asking.what),
    "withdrawn": lambda asking: client().withdrawn(asking.what),
}


def type_code(contact: Contact, code: str) -> str:
    """The code out of the mail, typed into our page: `proved`, `wrong N`, `closed`, `gone`, `later`."""
    try:
        keep(contact, client().code(contact.claim, code))
    except atesaki_client.WrongCode as wrong:
        return f"wrong {wrong.tries_left}"
    except atesaki_client.CodeClosed:
        return "closed"
    except (atesaki_client.CodeGone, atesaki_client.Problem) as problem:
        return "later" if problem.status >= 500 or problem.status == 429 else "gone"
    except atesaki_client.Unreachable:
        return "later"
    return "proved"


def send_again(contact: Contact) -> str:
    """One more confirmation, on the customer's wish: `sent`, `enough`, `later`."""
    try:
        claim = client().ask_again(contact.claim)
    except atesaki_client.Problem as problem:
        return "enough" if problem.status == 429 else "later"
    except atesaki_client.Unreachable:
        return "later"
    keep(contact, claim)
    return "sent" if claim.asked else "enough"


def standing(ref: str) -> str:
    """`ok`, `address_needed` or `contact_support`; kept for half a minute, also while atesaki is away (then `ok`)."""
    contact = Contact.objects.filter(ref=ref).first()
    if contact is None or not active():
        return "ok"
    if contact.needed:
        return "address_needed"
    if not contact.claim:
        return "ok"
    known: str | None = cache.get(_standing_key(ref))
    if known is None:
        try:
            known = client(1.5).standing(ref).state
        except atesaki_client.AtesakiError:
            known = "ok"
        cache.set(_standing_key(ref), known, _STANDING_SECONDS)
    return known


def _standing_key(ref: str) -> str:
    return f"standing:{ref}"


def correct(number: str, code: str, ref: str) -> str:
    """The letter's number and code: `corrected`, `wrong`, `later`."""
    try:
        client().correct(number, code, ref)
    except atesaki_client.Unreachable:
        return "later"
    except atesaki_client.Problem as problem:
        return "later" if problem.status >= 500 or problem.status == 429 else "wrong"
    Contact.objects.filter(ref=ref).update(needed=False, case="", case_number="")
    cache.delete(_standing_key(ref))
    return "corrected"


# --- mail ---


def send(message: EmailMessage, ref: str, knows: dict[str, str]) -> None:
    """Hands a customer's mail in at atesaki's door, or leaves it in the spool. Never raises: an order is no mail."""
    message.extra_headers["X-Atesaki-Customer"] = ref
    if said := "; ".join(f"{what}={value}" for what, value in knows.items() if value):
        message.extra_headers["X-Atesaki-Knows"] = said
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - whatever a mail server thinks of, the order stands
        log.error("a mail for %s was not handed in: %s", ref, type(error).__name__)


def send_waiting() -> int:
    """The spool, once more."""
    return EmailBackend.send_waiting().sent if active() else 0


# --- what atesaki tells ---


class NotYet(Exception):
    """Which claim is meant cannot be told before an answer has come: atesaki tells it again."""


def _wait_for_the_claim(contact: Contact) -> None:
    """Raises NotYet while the claim on the customer's address has been asked for and not been answered."""
    asked = Asking.objects.filter(kind="claim", ref=contact.ref, tries__gt=0)
    if contact.address and not contact.claim and asked.exists():
        raise NotYet


def _proved(event: Any) -> None:
    """One that comes late, after the address has gone, takes no notice away."""
    asked = Contact.objects.filter(ref=event.data["customer"], claim=event.data["claim"], state=Contact.State.ASKED)
    changed = asked.exclude(address="").update(state=Contact.State.PROVED, match="", needed=False)
    if changed:
        cache.delete(_standing_key(event.data["customer"]))


def _disowned(event: Any) -> None:
    """The address goes at once; one that the customer has given since stays. Raises NotYet."""
    ref, claim = event.data["customer"], event.data["claim"]
    gone = (
        Contact.objects.filter(ref=ref, claim=claim)
        .exclude(address="")
        .update(address="", state=Contact.State.DISOWNED, match="", needed=True)
    )
    if gone:
        contacts.forget_proved(ref)
    elif contact := Contact.objects.filter(ref=ref).first():
        _wait_for_the_claim(contact)
    cache.delete(_standing_key(ref))


def _needed(event: Any) -> None:
    """The customer is to be asked for another address: on the next visit. Raises NotYet."""
    ref, claim, case = event.data["customer"], event.data.get("claim") or "", event.data["case"]
    contact = contacts.of(ref)
    _wait_for_the_claim(contact)
    another = contact.address and claim and contact.claim != claim
    removed = not contact.address and contact.state == Contact.State.NONE
    if another or removed:
        _write("corrected", ref, case)  # the customer was quicker
        _awake.set()
        return
    Contact.objects.filter(pk=contact.pk).update(needed=True, case=case, case_number=event.data["number"])
    cache.delete(_standing_key(ref))


def _withdraw(event: Any) -> None:
    withdrawal.end(event.data["customer"], case=event.data["case"])


def _closed(event: Any) -> None:
    Contact.objects.filter(case=event.data["case"]).update(needed=False, case="", case_number="")


HANDLERS: dict[str, Callable[[Any], object]] = {
    "claim.proved": _proved,
    "claim.disowned": _disowned,
    "customer.contact_needed": _needed,
    "customer.withdraw": _withdraw,
    "case.closed": _closed,
}
webhook = webhook_view(HANDLERS)
