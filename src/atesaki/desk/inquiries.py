"""A question answered: kept for whoever can show its number, and a neutral mail that says that an answer waits.

Whoever typed an address into a form has proved nothing. So the mail holds nothing personal, and half of the number;
the page behind its link asks for the other half, which only they were shown (L1). The mailbox alone is enough to say
that it never wrote, or to write to the desk.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string

from atesaki import addresses, clock, gate, keys, ownership
from atesaki.addresses import Address
from atesaki.gate import Words
from atesaki.language import Language
from atesaki.ownership import Purpose, Standing
from atesaki.tenants import Service

from . import access, calendar
from .models import Agent, Inquiry, InquiryMessage, Message
from .reports import ANSWER_DAYS, asked

log = structlog.get_logger(__name__)

State, End = Inquiry.State, Inquiry.End
LONGEST = 5_000
TRIES = 5  # at the number, for each mail of ours
SILENT_DAYS = 14  # after an answer, until an inquiry closes by itself
KEPT_DAYS = 400  # after it was closed
_MAILS = 2  # that a mailbox gets before it has written (R1)
_NOT_ME_DAYS = 400
_ZONE = "Asia/Tokyo"
_SHOWN = 4  # letters of the number that the mail names
_OWN_LINK = "•" * 12
_UNPROVED = (Standing.CLAIMED, Standing.ANSWERED, Standing.DOUBTED)


class InquiryError(ValueError):
    """An answer cannot be sent. `slug` names the reason, for whoever says it to the agent."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"the inquiry cannot be answered: {slug}")
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Written:
    """One thing written in an inquiry, oldest first; the question itself is the first of them.

    `text` is None if it does not open.
    """

    at: datetime
    by_desk: bool
    kind: str
    text: str | None
    agent: str = ""


# -- what stands in one ---------------------------------------------------------------------------------------------


def of(agent: Agent) -> QuerySet[Inquiry]:
    """Questions about the organisation's services, and those that name none, which any desk here may take."""
    mine = Q(service__organisation=agent.organisation_id) | Q(service=None)
    return Inquiry.objects.filter(mine).select_related("service__organisation", "agent")


def zone_of(inquiry: Inquiry) -> str:
    """The time zone that its dates are told in."""
    return inquiry.service.zone if inquiry.service else _ZONE


def conversation(inquiry: Inquiry) -> list[Written]:
    """The question and everything written after it, oldest first."""
    try:
        question: str | None = asked(inquiry)["text"]
    except keys.SealBroken:
        question = None
    found = [Written(inquiry.at, False, "question", question)]
    for row in inquiry.messages.select_related("agent").order_by("at", "pk"):
        by = row.agent.get_username() if row.agent else ""
        found.append(Written(row.at, row.direction == Message.Direction.OUT, row.kind, _read(row), by))
    return found


def _read(row: InquiryMessage) -> str | None:
    try:
        return keys.ring().unwrap(bytes(row.text), row.pk.bytes).decode()
    except keys.SealBroken:
        log.error("seal.broken", message=str(row.pk))
        return None


def _address(inquiry: Inquiry) -> Address | None:
    """Where an answer would be told of; None without an address, or one that cannot be read."""
    try:
        return addresses.parse(asked(inquiry)["email"])
    except (addresses.AddressError, keys.SealBroken):
        return None


# -- an answer ------------------------------------------------------------------------------------------------------


def choices(inquiry: Inquiry, agent: Agent) -> list[Service]:
    """The services in whose name an answer may go: the one that was asked about, else any of the organisation."""
    if inquiry.service is not None:
        return [inquiry.service]
    rows = Service.objects.filter(organisation=agent.organisation_id, retired=None)
    return list(rows.select_related("organisation").order_by("name"))


def obstacle(inquiry: Inquiry, service: Service) -> str:
    """Why no answer can be mailed, as a slug; empty if one can."""
    recipient = _address(inquiry)
    if inquiry.end == End.DISOWNED:
        return "disowned"
    if recipient is None or inquiry.digest is None:
        return "no_address"
    if inquiry.quiet is not None:
        return "quiet"
    same = Inquiry.objects.filter(digest=inquiry.digest, end=End.DISOWNED)
    if same.filter(service__organisation=service.organisation_id).exists():
        return "disowned"
    came = inquiry.messages.filter(direction=Message.Direction.IN).exclude(kind="returned")
    last = came.order_by("-at").values_list("at", flat=True).first()
    mailed = inquiry.messages.filter(direction=Message.Direction.OUT, at__gt=last or inquiry.at).count()
    return "unread" if mailed >= _MAILS else gate.unwelcome(service, bytes(inquiry.digest))


def checked(inquiry: Inquiry, service: Service, text: str) -> str:
    """An answer as it would be kept. Raises `InquiryError`."""
    said = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    reason = obstacle(inquiry, service)
    if reason:
        raise InquiryError(reason)
    if not said:
        raise InquiryError("empty")
    if len(said) > LONGEST:
        raise InquiryError("long")
    return said


def preview(inquiry: Inquiry, service: Service, text: str, lang: Language) -> tuple[Words, str]:
    """The mail as it would leave, but for the ends of its links; and what the page shows. Raises `InquiryError`."""
    said = checked(inquiry, service, text)
    return _words(inquiry, service, lang, _OWN_LINK), said


def send(  # noqa: PLR0917 - what `preview` was given, who sends it, and its key
    inquiry: Inquiry, service: Service, agent: Agent, text: str, lang: Language, pk: UUID
) -> InquiryMessage:
    """Keeps an answer and queues the mail that says so. Raises `InquiryError`.

    `pk` was made with the preview: pressed twice, it is one mail. The number may be tried anew from here.
    """
    with transaction.atomic():
        row = Inquiry.objects.select_for_update(of=("self",)).get(pk=inquiry.pk)
        said = checked(row, service, text)
        recipient = _address(row)
        if recipient is None:
            raise InquiryError("no_address")
        try:
            with transaction.atomic():
                made = _write(row, Message.Direction.OUT, "answer", said, pk=pk, agent=agent)
        except IntegrityError as error:
            raise InquiryError("sent_already") from error
        row.page, row.reply = _hashed("page", _raw("page", row)), _hashed("reply", _raw("reply", row))
        row.service, row.state, row.end, row.done, row.tries = service, State.ANSWERED, "", None, 0
        over = clock.today(service.zone) + timedelta(days=SILENT_DAYS)
        row.due, row.agent_id = calendar.end_of(over, service.zone), agent.user_id
        row.save()
        page = f"{settings.ATESAKI_PUBLIC_URL}/q/{_raw('page', row)}"
        words = _words(row, service, lang, _raw("page", row))
        gate.write_to(service, recipient, words, page=page, reply=_raw("reply", row), lane=_lane(row))
    return made


def _lane(inquiry: Inquiry) -> str:
    return f"inquiry {inquiry.pk}"


def shown_number(inquiry: Inquiry) -> str:
    """The half of the number that a mail may name: `K7Q2-****`.

    All of it to who wrote by mail: they were never shown it, and what they wrote came from that mailbox.
    """
    return inquiry.pk if inquiry.by_mail else f"{inquiry.pk[:_SHOWN]}-****"


def _words(inquiry: Inquiry, service: Service, lang: Language, token: str) -> Words:
    """Our own words only: not one of the question's or the answer's."""
    public = settings.ATESAKI_PUBLIC_URL
    given = {
        "service": service.name,
        "organisation": service.organisation.name,
        "sender": service.sender,
        "own": service.own,
        "number": shown_number(inquiry),
        "whole": inquiry.by_mail,
        "page_url": f"{public}/q/{token}",
        "not_me_url": f"{public}/q/{token}/not-me",
        "about_url": f"{public}/about-this-mail",
        "reply_to": settings.ATESAKI_READS_REPLIES,
    }
    text = render_to_string(f"mails/inquiry.{lang}.txt", given)
    lines = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.strip().split("\n"))) + "\n"
    subject, _, body = lines.partition("\n")
    html = render_to_string(f"mails/inquiry.{lang}.html", given)
    return Words(lang, subject.removeprefix("Subject:").strip(), body.lstrip("\n"), html)


# -- the mailbox's side ---------------------------------------------------------------------------------------------


def behind(raw: str, way: str = "page") -> Inquiry | None:
    """The inquiry that a token opens, of `/q/TOKEN` or (`reply`) of our return addresses; None for one that is none."""
    if way not in ("page", "reply"):
        raise ValueError(f"{way!r} is no way to an inquiry.")
    rows = Inquiry.objects.select_related("service__organisation").exclude(service=None)
    return rows.filter(**{way: _hashed(way, raw.lower())}).first()


def unlock(inquiry: Inquiry, typed: str) -> str:
    """Whether `typed` is the number: `right`, `wrong`, or `closed` after too many tries. Each try is counted first.

    The whole number or its second half, as it is read out or typed: width, case, hyphen and blanks do not count.
    """
    if not Inquiry.objects.filter(pk=inquiry.pk, tries__lt=TRIES).update(tries=F("tries") + 1):
        return "closed"
    bare = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", typed).upper()).translate(_READ_ALOUD)
    number = inquiry.pk.replace("-", "")
    if any(hmac.compare_digest(bare.encode(), right.encode()) for right in (number, number[_SHOWN:])):
        Inquiry.objects.filter(pk=inquiry.pk).update(tries=0)
        return "right"
    return "wrong" if Inquiry.objects.filter(pk=inquiry.pk, tries__lt=TRIES).exists() else "closed"


_READ_ALOUD = str.maketrans("OIL", "011")


def hear(inquiry: Inquiry, text: str, kind: str, origin: bytes | None = None) -> bool:
    """Keeps what the mailbox wrote, and it is the desk's turn; whether it was new.

    `kind`: `page`, `unknown` (on the page, without the number), `reply`, `unsure` (a reply that its author's domain
    disowns). The same said twice in a row on the page is one; of a mail, `origin` tells. One that was disowned stays
    closed: nobody there wrote it.
    """
    with transaction.atomic():
        row = Inquiry.objects.select_for_update(of=("self",)).select_related("service").get(pk=inquiry.pk)
        if origin is not None and InquiryMessage.objects.filter(origin=origin).exists():
            return False
        last = row.messages.order_by("at", "pk").last()
        if origin is None and last is not None and (last.kind, _read(last)) == (kind, text):
            return False
        _write(row, Message.Direction.IN, kind, text, origin=origin)
        row.quiet = None
        if row.end != End.DISOWNED:
            row.state, row.end, row.done = State.OPEN, "", None
            row.due = calendar.in_business_days(ANSWER_DAYS, zone_of(row))
        row.save(update_fields=["quiet", "state", "end", "done", "due"])
    return True


def came_back(inquiry: Inquiry, status: str, origin: bytes) -> None:
    """A mail of ours was returned: the desk is told, once, and its turn begins. `status`: RFC 3463, or empty."""
    with transaction.atomic():
        row = Inquiry.objects.select_for_update(of=("self",)).select_related("service").get(pk=inquiry.pk)
        if InquiryMessage.objects.filter(origin=origin).exists():
            return
        _write(row, Message.Direction.IN, "returned", status, origin=origin)
        if row.state == State.ANSWERED:
            row.state, row.due = State.OPEN, calendar.in_business_days(ANSWER_DAYS, zone_of(row))
            row.save(update_fields=["state", "due"])


def disown(inquiry: Inquiry) -> bool:
    """The mailbox says that it never wrote this: nothing more is mailed to it; whether nothing is leaving any more.

    Committed first, then what waits is destroyed, then what is leaving is waited for, and looked at again.
    """
    with transaction.atomic():
        row = Inquiry.objects.select_for_update(of=("self",)).get(pk=inquiry.pk)
        digest = bytes(row.digest or b"")
        if row.end != End.DISOWNED:
            row.state, row.end, row.due, row.done = State.CLOSED, End.DISOWNED, None, clock.now()
            row.sealed = _without_address(row)
            row.save(update_fields=["state", "end", "due", "done", "sealed"])
    lanes = [_lane(each) for each in Inquiry.objects.filter(digest=digest, service__organisation=_house(inquiry))]
    for lane in lanes:  # other inquiries with this address are the same typo's (R11)
        gate.take_back_lane(lane, digest)
    gone = gate.wait_until_gone(digest)
    for lane in lanes:
        gate.take_back_lane(lane, digest)
    return gone


def _house(inquiry: Inquiry) -> int | None:
    return inquiry.service.organisation_id if inquiry.service else None


def registration(inquiry: Inquiry) -> str | None:
    """A token for `/n/TOKEN` if mail for a registration that nobody has proved goes to this mailbox, too.

    Only for who opened a page of ours with a link that was mailed there: they may know (R7).
    """
    if inquiry.service is None or inquiry.digest is None:
        return None
    for claim in ownership.claims_on(bytes(inquiry.digest), inquiry.service.organisation_id):
        if ownership.known(claim).standing in _UNPROVED and claim.service.retired is None:
            return ownership.issue(claim, Purpose.NOT_ME, clock.now() + timedelta(days=_NOT_ME_DAYS))
    return None


def silence(raw: str) -> bool:
    """RFC 8058 one-click, which robots press too: nothing more is mailed until the mailbox writes. By either token."""
    found = behind(raw) or behind(raw, "reply")
    if found is None:
        return False
    Inquiry.objects.filter(pk=found.pk, quiet=None).update(quiet=clock.now())
    gate.take_back_lane(_lane(found), bytes(found.digest or b""))
    return True


# -- by hand --------------------------------------------------------------------------------------------------------


def take(inquiry: Inquiry, agent: Agent) -> bool:
    """The agent takes a question that nobody has; whether they have it now."""
    rows = Inquiry.objects.filter(pk=inquiry.pk, agent=None).exclude(state=State.CLOSED)
    return bool(rows.update(agent=agent.user_id)) or inquiry.agent_id == agent.user_id


def give_back(inquiry: Inquiry, agent: Agent) -> None:
    """The agent no longer has it."""
    Inquiry.objects.filter(pk=inquiry.pk, agent=agent.user_id).update(agent=None)


def close(inquiry: Inquiry, agent: Agent) -> bool:
    """It is dealt with; whether this call closed it. What the mailbox writes later opens it again."""
    rows = Inquiry.objects.filter(pk=inquiry.pk).exclude(state=State.CLOSED)
    return bool(rows.update(state=State.CLOSED, end=End.DONE, due=None, done=clock.now(), agent=agent.user_id))


# -- its time -------------------------------------------------------------------------------------------------------


def erase_address(digest: bytes, organisation: int) -> int:
    """Erases a detached address from an organisation's questions (L8); from how many. Inside a transaction."""
    rows = Inquiry.objects.select_for_update(of=("self",)).filter(digest=digest)
    found = list(rows.filter(Q(service__organisation=organisation) | Q(service=None)))
    for row in found:
        row.sealed = _without_address(row)
        row.save(update_fields=["sealed"])
        gate.take_back_lane(_lane(row), digest)
    return len(found)


def due() -> int:
    """Closes the inquiries to which nothing came back after their answer; how many."""
    late = Inquiry.objects.filter(state=State.ANSWERED, due__lte=clock.now())
    return late.update(state=State.CLOSED, end=End.SILENT, due=None, done=clock.now())


def forget_old() -> int:
    """Removes inquiries 400 days after they were closed, with what was written in them; how many rows."""
    past = clock.now() - timedelta(days=KEPT_DAYS)
    with transaction.atomic():
        numbers = list(Inquiry.objects.filter(state=State.CLOSED, done__lt=past).values_list("pk", flat=True))
        access.forget(numbers)
        gone, _ = Inquiry.objects.filter(pk__in=numbers).delete()
    return gone


# -- inside ---------------------------------------------------------------------------------------------------------


def _write(
    inquiry: Inquiry,
    direction: str,
    kind: str,
    text: str,
    *,
    pk: UUID | None = None,
    agent: Agent | None = None,
    origin: bytes | None = None,
) -> InquiryMessage:
    key = pk or keys.uuid7()
    made = InquiryMessage(
        id=key,
        inquiry=inquiry,
        at=clock.now(),
        direction=direction,
        kind=kind,
        agent_id=agent.user_id if agent else None,
        text=keys.ring().wrap(text.encode(), key.bytes),
        origin=origin,
    )
    made.save(force_insert=True)
    return made


def _without_address(inquiry: Inquiry) -> bytes:
    """The question sealed anew without its address; one that does not open stays, it names nobody as it is."""
    try:
        inside = asked(inquiry) | {"email": ""}
    except keys.SealBroken:
        return bytes(inquiry.sealed)
    return keys.ring().wrap(json.dumps(inside).encode(), inquiry.pk.encode())


def _raw(way: str, inquiry: Inquiry) -> str:
    """The token of one inquiry, made anew from its number: 192 bits that only the key ring can make.

    In base32 (RFC 4648 6): mailers on the way may change the case of a local part. Stored as a hash alone.
    """
    mac = keys.ring().fingerprint("inquiry token", way, inquiry.pk, inquiry.at.isoformat())
    return base64.b32encode(mac[:24]).decode().rstrip("=").lower()


def _hashed(way: str, raw: str) -> bytes:
    return keys.ring().fingerprint("token", f"inquiry {way}", raw)
