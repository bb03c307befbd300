"""What comes in by a form, by phone or by letter: a claim about an address (L4), or a question.

A report is only written down. Whether anybody knows the address is looked up afterwards, by the worker, so that
neither the page's answer nor its time can tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from procrastinate.contrib.django import app

from atesaki import addresses, clock, gate, keys, ownership
from atesaki.addresses import Address
from atesaki.gate import Words
from atesaki.language import Language, language
from atesaki.models import Event, Line
from atesaki.ownership import Claim, Purpose, Standing
from atesaki.tenants import Service

from . import calendar, cases
from .models import Case, Inquiry, Knock, Report

log = structlog.get_logger(__name__)

_FORGOTTEN = timedelta(minutes=1)  # by then the worker should have looked
_UNREADABLE = timedelta(days=7)  # in this time the right key file may come back from a backup
_NOT_ME_DAYS = 400  # as long as any other way out (R2)
_ZONE = "Asia/Tokyo"
_OPEN = (Standing.CLAIMED, Standing.ANSWERED, Standing.DOUBTED, Standing.PROVED)

# Enough for a household or an office, and too few to fill a desk or a mailbox with.
_WINDOW = timedelta(minutes=10)
_PER_NETWORK = 5
_ALL_PER_MINUTE = 120

ANSWER_DAYS = 2  # business days in which a question is answered


# -- a report ------------------------------------------------------------------------------------------------


def report(address_text: str, via: str, lang: Language, text: str = "") -> Report:
    """Writes down that somebody says this mailbox gets mail that is not for it, and has the worker look into it.

    `via` is one of `Case.Via`: a form, or what an agent heard by phone or read in a letter. Nothing is looked up
    here. Raises `addresses.AddressError`.
    """
    address = addresses.parse(address_text)
    pk = keys.uuid7()
    inside = json.dumps({"address": address.text, "text": text.strip()}).encode()
    with transaction.atomic():
        made = Report.objects.create(
            id=pk, at=clock.now(), via=via, language=lang, sealed=keys.ring().wrap(inside, pk.bytes)
        )
        app.configure_task("atesaki.look_into").defer(report=str(pk))
    return made


def look_into(report_pk: UUID | str) -> int:
    """Asks the mailbox of a report whether it is so; how many mails that were.

    1 Lock the report; one that is gone was looked into already.
    2 In each organisation that knows the address: ask, or join the case that runs.
    3 Delete the report, in the same transaction: nothing is kept of an address that nobody knows.

    Raises `keys.SealBroken` for a report that does not open; it stays.
    """
    with transaction.atomic():
        found = Report.objects.select_for_update().filter(pk=report_pk).first()
        if found is None:
            return 0
        inside = json.loads(keys.ring().unwrap(bytes(found.sealed), found.pk.bytes))
        address = addresses.parse(inside["address"])
        key = ownership.digest(address)
        ownership.lock(key)
        said = ownership.claims_on(key)
        asked = 0
        for organisation in sorted({claim.service.organisation_id for claim in said} | _written_to(key)):
            claims = [claim for claim in said if claim.service.organisation_id == organisation]
            asked += _ask(address, organisation, claims, found, inside["text"])
        found.delete()
    return asked


def look_into_forgotten() -> int:
    """Looks into every report that a crash or a failure left behind, and forgets old knocks; how many reports."""
    now = clock.now()
    Knock.objects.filter(at__lt=now - _WINDOW).delete()
    done = 0
    for found in Report.objects.filter(at__lt=now - _FORGOTTEN).order_by("pk"):
        try:
            look_into(found.pk)
            done += 1
        except keys.SealBroken:
            log.error("report.sealed", report=str(found.pk))
            if found.at < now - _UNREADABLE:
                found.delete()
        except DatabaseError:
            log.exception("report.interrupted", report=str(found.pk))
    return done


def _ask(address: Address, organisation: int, claims: list[Claim], told: Report, text: str) -> bool:
    """One organisation's part of a report; whether its mailbox is asked. Inside a transaction.

    1 Nothing is left to ask where every claim is disavowed, silent or withdrawn: the case that runs hears of it.
    2 A mailbox is asked once a day; without a case, a second report on that day has nothing to add to.
    3 The challenge decides. Until it is answered nothing changes, whoever reported.
    """
    claim = _in_question(address, organisation, claims)
    running = cases.running(claim or claims[0]) if claim or claims else None
    if claim is None:
        if running is not None:
            cases.step(running, "said_again")
            _keep(running, told, text)
        return False
    # The slot of the oldest claim's service, whichever claim is in question: once a day for the organisation.
    oldest = claims[0] if claims else claim
    free = gate.challenge_free(oldest.service, bytes(claim.digest))
    if running is None and not free:
        return False
    case = cases.unconfirmed(claim, told.via, language(told.language))
    _keep(case, told, text)
    return free and gate.correspond(claim, "challenge", _challenge(claim))


def unsure(claim: Claim, via: str, lang: Language) -> Case:
    """A report that holds a token, but whose author's domain disowns the mail: a claim like any other (L4).

    Opens or joins a case that is not confirmed, and asks the mailbox within its one challenge a day. Inside a
    transaction.
    """
    address = bytes(claim.digest)
    case = cases.unconfirmed(claim, via, lang)
    oldest = ownership.claims_on(address, claim.service.organisation_id)[0]
    if not ownership.known(claim).paused and gate.challenge_free(oldest.service, address):
        gate.correspond(claim, "challenge", _challenge(claim))
    return case


def _keep(case: Case, told: Report, text: str) -> None:
    if text:
        cases.write(case, "in", told.via, text)


def _in_question(address: Address, organisation: int, claims: list[Claim]) -> Claim | None:
    """The claim that the mailbox is to be asked about, or None.

    An unproved one before a proved one: who answers "not me" to it keeps an account of their own. Then the newest.
    One whose service is retired is in nobody's way. Where mail was delivered without any claim (a service that
    only observes), or after its customer took the address back, the claim is made.
    """
    open_ones, settled = [], False
    for claim in claims:
        stand = ownership.known(claim)
        settled |= stand.paused or stand.standing is Standing.DISAVOWED
        if stand.standing in _OPEN and not stand.paused and claim.service.retired is None:
            open_ones.append((stand.standing is not Standing.PROVED, claim.created, claim))
    if open_ones:
        chosen = max(open_ones, key=lambda one: one[:2])[2]
        return ownership.claim(chosen.service, address, chosen.customer)  # an erased address is needed once more
    if settled:
        return None
    line = _last_line(ownership.digest(address), organisation)
    return ownership.claim(line.service, address, line.customer) if line else None


def _written_to(key: bytes) -> set[int]:
    """The organisations whose mail was delivered to this mailbox."""
    return set(_delivered(key).values_list("service__organisation_id", flat=True).distinct())


def _last_line(key: bytes, organisation: int) -> Line | None:
    """The newest mail that was delivered since the last word about this address, of a service that goes on."""
    rows = _delivered(key).filter(service__organisation=organisation, service__retired=None)
    last = Event.objects.filter(digest=key, organisation=organisation).order_by("pk").last()
    if last is not None:
        rows = rows.filter(at__gt=last.at)
    return rows.select_related("service__organisation").order_by("-pk").first()


def _delivered(key: bytes) -> QuerySet[Line]:
    return Line.objects.filter(digest=key, kind=Line.Kind.MAIL, outcome=gate.Outcome.DELIVER.value)


def _challenge(claim: Claim) -> Words:
    """Our words only, in the service's language. They must read well to its real customer too (L4)."""
    service, lang = claim.service, language(claim.service.locale)
    public = settings.ATESAKI_PUBLIC_URL
    not_me = ownership.issue(claim, Purpose.NOT_ME, clock.now() + timedelta(days=_NOT_ME_DAYS))
    words = {
        "service": service.name,
        "organisation": service.organisation.name,
        "sender": service.sender,
        "not_me_url": f"{public}/n/{not_me}",
        "keep_url": f"{public}/n/{not_me}/keep",
        "about_url": f"{public}/about-this-mail",
        "reply_to": settings.ATESAKI_READS_REPLIES,
    }
    text = render_to_string(f"mails/challenge.{lang}.txt", words)
    subject, _, body = text.partition("\n")
    html = render_to_string(f"mails/challenge.{lang}.html", words)
    return Words(lang, subject.removeprefix("Subject:").strip(), body.lstrip("\n"), html)


# -- a question ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks who needs no case: only `text` is always there."""

    subject: str
    service: Service | None
    lang: Language
    text: str
    name: str = ""
    furigana: str = ""
    email: str = ""
    by_mail: bool = False


def inquire(number: str, question: Question, network: str) -> bool:
    """Keeps a question under its receipt number, sealed; False if too many came from this network.

    The number is given before: sent twice, it is the same question.
    """
    if Inquiry.objects.filter(number=number).exists():
        return True
    if not knock("inquiry", network):
        return False
    inside = {name: getattr(question, name) for name in ("text", "name", "furigana", "email")}
    zone = question.service.zone if question.service else _ZONE
    row = Inquiry(
        number=number,
        at=clock.now(),
        language=question.lang,
        subject=question.subject,
        service=question.service,
        sealed=keys.ring().wrap(json.dumps(inside).encode(), number.encode()),
        digest=_digest(question.email),
        by_mail=question.by_mail,
        due=calendar.in_business_days(ANSWER_DAYS, zone),
    )
    Inquiry.objects.bulk_create([row], ignore_conflicts=True)
    return True


def _digest(typed: str) -> bytes | None:
    """Of a letter to postmaster@ it is what stood in its From: it may be no address."""
    try:
        return ownership.digest(addresses.parse(typed))
    except addresses.AddressError:
        return None


def asked(inquiry: Inquiry) -> dict[str, str]:
    """What stands in a question: `text`, `name`, `furigana`, `email`. Raises `keys.SealBroken`."""
    inside: dict[str, str] = json.loads(keys.ring().unwrap(bytes(inquiry.sealed), inquiry.number.encode()))
    return inside


def knock(what: str, network: str) -> bool:
    """Counts a form that came from `network`; False, and not counted, for one too many of it or of all together.

    The lock makes each network's count exact. The count of all is not: a few more than that do no harm, and one
    lock for all would let a flood from anywhere hold up everybody.
    """
    who = keys.ring().fingerprint("knock", what, network)
    with transaction.atomic():
        ownership.lock(who)
        now = clock.now()
        if Knock.objects.filter(at__gt=now - timedelta(minutes=1)).count() >= _ALL_PER_MINUTE:
            return False
        if Knock.objects.filter(who=who, at__gt=now - _WINDOW).count() >= _PER_NETWORK:
            return False
        Knock.objects.create(who=who, at=now)
    return True
