"""What follows from what came back. Everything in here may be repeated: the same mail twice is one message."""

from __future__ import annotations

import re
from enum import StrEnum

import structlog
from django.conf import settings
from django.db import transaction
from prometheus_client import Counter

from atesaki import campaigns, content, desk, keys, notme, ownership, tracing
from atesaki.desk import Case
from atesaki.language import language
from atesaki.models import Claim, Inquiry
from atesaki.ownership import Purpose, Standing

from .authentication import failed_authentication
from .came import Came, Place, Role, place
from .kinds import Kind
from .reading import Heard, read

CAME = Counter("atesaki_came_back", "Mail that came back, by what it was", ["kind"])

# Our rights in a mail that is sent back in a complaint: Reply-To, Return-Path, List-Unsubscribe.
_CARRIED = re.compile(rb"\b[rb]\+([a-z2-7]{39})@|/n/([A-Za-z0-9_-]{32})(?:/one-click)?")
_MOST_CARRIED = 6
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

log = structlog.get_logger(__name__)


class Taken(StrEnum):
    """What the door may answer."""

    TAKEN = "taken"  # what follows is committed
    NOBODY = "nobody"  # no such address of ours: not ours, never issued, ended or revoked, all alike
    UNREADABLE = "unreadable"  # nothing was kept of it, and its sender must hear so
    LATER = "later"  # too many letters at once; none of this one was kept


def takes(recipient: str) -> bool:
    """Whether mail to this address is taken. A token cannot be guessed, so an honest no tells nobody anything."""
    at = place(recipient)
    if at.domain != settings.ATESAKI_MAIL_DOMAIN.lower():
        return at.role is Role.POSTMASTER and not at.domain
    return at.role in (Role.ABUSE, Role.POSTMASTER) or _claim(at) is not None or _inquiry(at) is not None


def receive(raw: bytes, envelope_sender: str, recipient: str) -> Taken:
    """Does what follows from one mail to one address of ours. What it raises means that nothing was taken.

    1 The address says which mailbox, whatever the mail says.
    2 What kind of mail it is; machines' mail changes nothing.
    3 A reply is a report, whatever its words; a return lets a proved address fall into doubt; a complaint pauses.
    """
    if not takes(recipient):
        return Taken.NOBODY
    at = place(recipient)
    with tracing.span("inbound", octets=len(raw)):
        with tracing.span("inbound.read"):
            heard = read(raw, envelope_sender, recipient)
        with tracing.span("inbound.follow", kind=heard.kind.value):
            taken = _follow(at, heard, raw)
    CAME.labels(heard.kind.value).inc()
    log.info("inbound.came", kind=heard.kind.value, role=at.role.value, status=heard.status, octets=len(raw))
    return taken


def _follow(at: Place, heard: Heard, raw: bytes) -> Taken:
    inquiry = _inquiry(at)
    if inquiry is not None:
        return _about_inquiry(inquiry, at, heard, raw)
    if heard.kind is Kind.COMPLAINT:
        _complained(at, raw)
    elif heard.kind is Kind.RETURNED:
        claim = _claim(at)
        if claim is not None:
            ownership.doubt(claim, "returned", heard.status)
            campaigns.came_back(claim)
    elif heard.kind is Kind.REPLY:
        return _replied(at, heard, raw) if at.token else _asked(at, heard, raw)
    elif heard.kind is Kind.UNREADABLE and at.role is not Role.BOUNCE:
        return Taken.UNREADABLE
    return Taken.TAKEN


def _replied(at: Place, heard: Heard, raw: bytes) -> Taken:
    """The mailbox answered: that is "this is not me", and what it wrote is for the desk.

    1 Taken before: nothing is left to do. Not even the report: a proof may have lifted it since.
    2 A mail that its author's domain disowns only opens a case that is not confirmed, unless it is in force already.
    3 Else the disavowal, with all that follows. Without its case the mail is not taken, and comes again.
    4 The words, once; and one answer in a case's life, to the claim's address and never to whoever wrote.
    """
    origin = keys.ring().fingerprint("came back", at.token, _identity(raw))
    claim = _claim(at)
    if claim is None:
        return Taken.NOBODY
    if desk.has_come(origin):
        return Taken.TAKEN
    spoken = language(claim.service.locale)
    in_force = ownership.known(claim).standing is Standing.DISAVOWED
    if not in_force and failed_authentication(raw, settings.ATESAKI_AUTHSERV_ID):
        with transaction.atomic():
            case = desk.unsure(claim, Case.Via.REPLY, spoken)
            desk.write(case, "in", "reply", heard.text, origin=origin)
        return Taken.TAKEN
    freed = notme.report(at.token, via=Case.Via.REPLY, lang=spoken)
    if freed is None:
        return Taken.NOBODY
    if freed.case is None:
        raise RuntimeError("the disavowal is in force, and its case is not open yet")
    with transaction.atomic():
        desk.write(freed.case, "in", "reply", heard.text, origin=origin)
        desk.acknowledge(freed.case, _message_id(raw))
    return Taken.TAKEN


def _about_inquiry(inquiry: Inquiry, at: Place, heard: Heard, raw: bytes) -> Taken:
    """What came back on our mail about an inquiry. A reply is read by the desk: who asked something writes on so.

    It is no report: nobody is registered by asking, and the mail's own link says "I did not write this".
    """
    origin = keys.ring().fingerprint("came back", at.token, _identity(raw))
    if heard.kind is Kind.REPLY:
        unsure = failed_authentication(raw, settings.ATESAKI_AUTHSERV_ID)
        desk.inquiries.hear(inquiry, heard.text, "unsure" if unsure else "reply", origin)
    elif heard.kind is Kind.RETURNED:
        desk.inquiries.came_back(inquiry, heard.status, origin)
    elif heard.kind is Kind.COMPLAINT:
        desk.inquiries.silence(at.token)
    elif heard.kind is Kind.UNREADABLE and at.role is not Role.BOUNCE:
        return Taken.UNREADABLE
    return Taken.TAKEN


def _inquiry(at: Place) -> Inquiry | None:
    return desk.inquiries.behind(at.token, "reply") if at.token else None


def _asked(at: Place, heard: Heard, raw: bytes) -> Taken:
    """A person wrote to abuse@ or postmaster@ (RFC 2142): a question for the desk, under a number made of the mail."""
    came = Came.of(raw, "", "")
    text = f"{came.subject[:200]}\n\n{heard.text}".strip()
    seed = int.from_bytes(keys.ring().fingerprint("letter", at.role.value, _identity(raw))[:5], "big")
    letters = "".join(_LETTERS[seed >> 5 * place & 31] for place in range(8))
    spoken = "ja" if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text) else "en"
    question = desk.Question("other", None, language(spoken), text, email=came.author[:254], by_mail=True)
    kept = desk.inquire(f"{letters[:4]}-{letters[4:]}", question, "mail")
    return Taken.TAKEN if kept else Taken.LATER


def _complained(at: Place, raw: bytes) -> None:
    """Pauses the mailbox that the complaint came from; one that carries no right of ours changes nothing.

    To an address with a token, only that token counts: a mail could carry anybody's.
    """
    tokens = [at.token] if at.token else _carried(raw)
    for token in tokens:
        if notme.pause(token, via=Case.Via.COMPLAINT) or desk.inquiries.silence(token):
            return


def _carried(raw: bytes) -> list[str]:
    unfolded = re.sub(rb"\r?\n[ \t]", b"", raw)
    found = dict.fromkeys(reply or not_me for reply, not_me in _CARRIED.findall(unfolded))
    return [token.decode() for token in found][:_MOST_CARRIED]


def _identity(raw: bytes) -> bytes:
    """What makes two mails the same one: their Message-ID, else every octet."""
    return _message_id(raw).encode("utf-8", "replace") or raw


def _message_id(raw: bytes) -> str:
    return next(iter(content.header_values(raw, "Message-ID")), "")


def _claim(at: Place) -> Claim | None:
    return ownership.claim_behind(at.token, Purpose.REPLY) if at.token else None
