"""One mail from the SMTP door to the gate, and the gate's receipt as an SMTP answer. Runs in a worker thread."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Final

import structlog
from prometheus_client import Histogram

from atesaki import clock
from atesaki.addresses import Address

# Octets of one line without its CRLF (RFC 5322 2.1.1, RFC 5321 4.5.3.1.6). Not more, although many would send it:
# the next hop would refuse or fold the line after we have said 250, and folding breaks the service's DKIM signature.
LINE_LIMIT: Final = 998

SORRY: Final = "451 4.3.0 Something went wrong here; nothing was taken, please send again."

_OUTCOMES: Final = frozenset({"deliver", "substitute", "hold", "refuse"})

SUBMIT_SECONDS = Histogram("atesaki_smtp_submit_seconds", "From the end of a mail to its answer")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Core:
    """What the door asks of the lower strata. Tests put their own here, so that a door can be tried alone.

    identify: `tenants.identify`.  submit, envelope, reasons, try_later, unacceptable: the names of `gate`.
    rest: called when a thread has done one piece of work; gives its database connection back to the pool.
    road: makes what takes many mails at once, for so many threads; None where each is submitted by itself.
    """

    identify: Callable[[str, str], Any]
    submit: Callable[[Any, Any, bytes], Any]
    envelope: Callable[..., Any]
    reasons: Mapping[str, str]
    try_later: type[Exception]
    unacceptable: type[Exception]
    rest: Callable[[], None]
    road: Callable[[int], Any] | None = None

    @classmethod
    def real(cls) -> Core:
        """The installation's own. Django must be set up."""
        from django.db import close_old_connections

        from atesaki import gate, tenants

        return cls(
            identify=tenants.identify,
            submit=gate.submit,
            envelope=gate.Envelope,
            reasons=gate.REASONS,
            try_later=gate.TryLater,
            unacceptable=gate.Unacceptable,
            rest=close_old_connections,
            road=gate.Road,
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """What RFC 5321 4.4 wants written down about a mail's way in.

    said: the name in EHLO.  peer: IP address.  by: our mail domain.  protocol: RFC 3848, RFC 6531 4.3.
    id: of the conversation and the mail in it; the ledger's id does not exist yet.
    """

    said: str
    peer: str
    by: str
    protocol: str
    id: str

    def line(self) -> bytes:
        """The Received field, folded, with its last CRLF."""
        # A name that is none is not repeated: it could carry anything into the header.
        said = self.said if re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,255}", self.said) else "unknown"
        peer = f"IPv6:{self.peer}" if ":" in self.peer else self.peer
        return (
            f"Received: from {said} ([{peer}])\r\n"
            f"\tby {self.by} with {self.protocol} id {self.id};\r\n"
            f"\t{format_datetime(clock.now())}\r\n"
        ).encode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it came. `sender` is "" for `<>`; `raw` is without the dots that RFC 5321 4.5.2 adds."""

    service: Any
    sender: str
    recipients: tuple[Address, ...]
    smtputf8: bool
    body8bit: bool
    raw: bytes
    trace: Trace


def flaw(raw: bytes) -> str | None:
    """Why a mail cannot be passed on unchanged, as a sentence for its sender; None if it can.

    A bare CR or LF is refused and not mended, because another program may read an end of data where we do not
    (SMTP smuggling), and mending would change what was signed.
    """
    if b"\0" in raw:
        return "The mail contains a NUL octet; send such content encoded in base64 (RFC 2045 6.8)."
    if not raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        return "The mail contains a CR or an LF alone; end every line with CRLF (RFC 5321 2.3.8)."
    for number, line in enumerate(raw.split(b"\r\n"), 1):
        if len(line) > LINE_LIMIT:
            return (
                f"Line {number} of the mail is longer than {LINE_LIMIT} octets; "
                "send it encoded in quoted-printable or base64 (RFC 5322 2.1.1)."
            )
    if raw.startswith((b" ", b"\t")):
        # It would become the end of our own trace line.
        return "The mail begins with a blank; begin it with a header field (RFC 5322 2.2)."
    return None


def hand_over(core: Core, mail: Mail) -> str:
    """The answer to one mail, in a thread. Raises nothing.

    1. Refuse what cannot be passed on unchanged.
    2. Submit it with our trace line in front.
    3. Say what the receipt says; only a receipt makes a 250.
    """
    try:
        refusal = flaw(mail.raw)
        if refusal:
            return f"554 5.6.0 {refusal}"
        with SUBMIT_SECONDS.time():
            receipt = core.submit(mail.service, _envelope(core, mail), mail.trace.line() + mail.raw)
        return _told(core, mail, receipt)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the mail was not taken and the client must hear so
        return _refused(core, mail, error)
    finally:
        _rest(core)


async def hand_to(road: Any, core: Core, mail: Mail) -> str:
    """`hand_over` by a road, where many mails share what each costs. Raises nothing but a cancellation."""
    try:
        refusal = flaw(mail.raw)
        if refusal:
            return f"554 5.6.0 {refusal}"
        began = time.perf_counter()
        receipt = await road.submit(mail.service, _envelope(core, mail), mail.trace.line() + mail.raw)
        SUBMIT_SECONDS.observe(time.perf_counter() - began)
        return _told(core, mail, receipt)
    except Exception as error:  # noqa: BLE001 - as above
        return _refused(core, mail, error)


def _envelope(core: Core, mail: Mail) -> Any:
    return core.envelope(
        sender=mail.sender,
        recipients=mail.recipients,
        smtputf8=mail.smtputf8,
        # What is there counts, not only what was said: many clients send 8-bit text without a word.
        body8bit=mail.body8bit or not mail.raw.isascii(),
        client=mail.trace.peer,
    )


def _refused(core: Core, mail: Mail, error: BaseException) -> str:
    if isinstance(error, core.unacceptable):
        return f"554 5.6.0 {error}"
    if isinstance(error, core.try_later):
        log.info("smtp.try_later", conversation=mail.trace.id, error=type(error).__name__)
    else:
        log.error("smtp.failed", conversation=mail.trace.id, **describe(error))
    return SORRY


def known(core: Core, username: str, secret: str) -> Any:
    """The service that shows this name and secret, or None. Raises what `identify` raises."""
    try:
        return core.identify(username, secret)
    finally:
        _rest(core)


def describe(error: BaseException) -> dict[str, str]:
    """What may be logged of an error: its kind and place. Not its text, which may quote an address or a mail."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return {
        "error": type(error).__name__,
        "at": " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames)),
    }


def _told(core: Core, mail: Mail, receipt: Any) -> str:
    outcomes = [str(outcome) for outcome in receipt.outcomes]
    if len(outcomes) != len(mail.recipients) or not _OUTCOMES.issuperset(outcomes):
        log.error("smtp.strange_receipt", conversation=mail.trace.id, ledger=str(receipt.id))
        return SORRY
    log.info(
        "smtp.answered",
        conversation=mail.trace.id,
        service=str(getattr(mail.service, "name", "")),
        ledger=str(receipt.id),
        recipients=_masked(mail.recipients),
        outcomes=outcomes,
        octets=len(mail.raw),
    )
    if set(outcomes) == {"refuse"}:
        slug = receipt.reasons[0]
        return f"550 5.7.1 {receipt.id} {core.reasons.get(slug, slug)}"
    return f"250 2.0.0 {receipt.id} {','.join(outcomes)}"


def _masked(recipients: Sequence[Address]) -> list[str]:
    return [address.masked() for address in recipients]


def _rest(core: Core) -> None:
    try:
        core.rest()
    except Exception as error:  # noqa: BLE001 - a receipt must not be lost because a connection could not be closed
        log.warning("smtp.connection_kept", **describe(error))
