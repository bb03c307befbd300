"""The way of one message: write down, then look."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from prometheus_client import Histogram

from atesaki import content, learning, ownership, tenants
from atesaki.content import Fact
from atesaki.outbox import COURIER_SECONDS, CourierError, Envelope, Hand, Handed, courier, keep, seal_mail
from atesaki.ownership import Known
from atesaki.tenants import Service

from . import holds, ledger, substitutes
from .holds import Learnt
from .models import Line
from .verdict import REASONS, Facts, Mode, Notice, Outcome, Verdict, Verification, decide

DECIDE_SECONDS = Histogram(
    "atesaki_decide_seconds",
    "From the end of DATA to the verdict for every recipient.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


_LEAST_SECONDS = 0.5  # to read a mail in, when the next hop has taken its time


class TryLater(RuntimeError):
    """Nothing was taken: the sender keeps the mail and sends it again (SMTP 451)."""


class Unacceptable(ValueError):
    """This message can never be taken; the text says why and what to change (SMTP 554)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: the ledger's id, and an outcome and its reason for each recipient in order."""

    id: UUID
    outcomes: tuple[Outcome, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a service asks for in `X-Atesaki-*` headers, and the mail without them."""

    customer: str
    verification: bool
    knows: tuple[Fact, ...]
    mail: bytes


@dataclass(slots=True)
class Case:
    """One recipient on the way through: its line, what is known, and what was decided."""

    line: Line
    envelope: Envelope
    known: Known
    facts: Facts
    verdict: Verdict
    handed: Handed | None = None


def submit(service: Service, envelope: Envelope, raw: bytes) -> Receipt:
    """Takes a message, or says that it did not; sync, one thread for each.

    1 Write a line per recipient, "leaving", and commit.
    2 Look where each address stands.
    3 Decide, for each recipient alone.
    4 Hand over what may go. Then read what waits, or went to an address not proved, within bounded time.
    5 Keep sealed, in one transaction, what waits and what the next hop put off, and write what became of each line.
    6 Of the mails that were not read, have a few learnt from, by a thread of its own.

    Whatever fails before the end of 5 raises, and the sender keeps the mail (RFC 5321 6.1): a mail that the next
    hop took already may then arrive twice, which the ledger explains; none is ever lost.
    """
    began = time.monotonic()
    if not envelope.recipients:
        raise Unacceptable("A mail needs a recipient.")
    request = read_request(raw)
    try:
        service = _present(service)
        with transaction.atomic(durable=True):
            lines = ledger.intend(
                service, envelope, len(raw), customer=request.customer, verification=request.verification
            )
        cases = _look(service, envelope, lines, request)
        DECIDE_SECONDS.observe(time.monotonic() - began)
        _hand_over(cases, request, began)
        learnt = _read(service, cases, request, began)
        with transaction.atomic(durable=True):
            _keep_and_settle(service, cases, request, learnt)
    except DatabaseError as error:
        raise TryLater("The database cannot be written; nothing was taken.") from error
    except CourierError as error:
        raise TryLater("The next hop is set up wrongly; nothing was taken.") from error
    if learnt is None:
        _learn_later(service, cases, request)
    outcomes = tuple(case.verdict.outcome for case in cases)
    return Receipt(lines[0].id, outcomes, tuple(case.verdict.reason for case in cases))


def _present(service: Service) -> Service:
    """The service as it is now: a conversation may have begun before its policy was changed, or its key ended."""
    found = tenants.present(service)
    if found is None:
        raise TryLater("The key that this conversation began with has ended; nothing was taken.")
    return found


def read_request(raw: bytes) -> Request:
    """The service's wishes. Raises `Unacceptable` for one that cannot be read, rather than guess at it."""
    spelt = [content.decode_words(value).strip() for value in content.header_values(raw, "X-Atesaki-Customer")]
    customers = [value for value in spelt if value]
    if len(set(customers)) > 1:
        raise Unacceptable("X-Atesaki-Customer is there twice with different customers: send one mail for each.")
    customer = customers[0] if customers else ""
    if len(customer) > 200 or not customer.isprintable():
        raise Unacceptable("X-Atesaki-Customer must be at most 200 printable characters.")
    classes = {value.strip().lower() for value in content.header_values(raw, "X-Atesaki-Class")} - {""}
    if classes - {"verification"}:
        raise Unacceptable("X-Atesaki-Class knows one value: verification.")
    known = [content.knows(value) for value in content.header_values(raw, "X-Atesaki-Knows")]
    for problem in (problem for each in known for problem in each.problems):
        raise Unacceptable(f"X-Atesaki-Knows: {problem}")
    knows = tuple(fact for each in known for fact in each.facts)
    return Request(customer, bool(classes), knows, content.without_headers(raw, "X-Atesaki-"))


def _look(service: Service, envelope: Envelope, lines: Sequence[Line], request: Request) -> list[Case]:
    found = ownership.standings(service, [(bytes(line.digest), line.customer) for line in lines])
    cases = []
    for line, known, recipient in zip(lines, found, envelope.recipients, strict=True):
        alone = Envelope(envelope.sender, (recipient,), envelope.smtputf8, envelope.body8bit, envelope.client)
        verification = _verification(service, line, known, request)
        facts = holds.facts(service, bytes(line.digest), known.stand, verification, Notice.DUE)
        cases.append(Case(line, alone, known, facts, decide(facts)))
    return cases


def _verification(service: Service, line: Line, known: Known, request: Request) -> Verification:
    if not request.verification or known.stand.paused or not tenants.enforces(service, bytes(line.digest)):
        return Verification.NONE
    if known.stand.standing not in (
        ownership.Standing.UNKNOWN,
        ownership.Standing.CLAIMED,
        ownership.Standing.ANSWERED,
    ):
        return Verification.NONE
    if not service.verification_per_day:
        return Verification.NOT_PERMITTED
    if content.carries(content.read(request.mail), [service.name, *service.own]).verdict != "no":
        return Verification.PERSONAL  # and `unsure` counts as yes
    with transaction.atomic():
        ownership.lock(bytes(line.digest))
        free = substitutes.take_slot(service, bytes(line.digest), "verification", service.verification_per_day)
    return Verification.PERMITTED if free else Verification.SPENT


def _hand_over(cases: Sequence[Case], request: Request, began: float) -> None:
    going = [case for case in cases if case.verdict.outcome is Outcome.DELIVER]
    if not going:
        return
    left = COURIER_SECONDS - (time.monotonic() - began)
    if left <= 0:
        raise TryLater("Deciding took too long; nothing was taken.")
    answers = courier().hand(_together(going), request.mail, left)
    for case, answer in zip(going, answers, strict=True):
        case.handed = answer


def _together(cases: Sequence[Case]) -> Envelope:
    """One envelope for these recipients of a mail."""
    first = cases[0].envelope
    return replace(first, recipients=tuple(case.envelope.recipients[0] for case in cases))


def _read(service: Service, cases: Sequence[Case], request: Request, began: float) -> Learnt | None:
    """Reads a mail, if it waits for anybody or went to anybody who is not proved or is observed; once for them all.

    What enforcing had done with it is written on the lines of those who are observed.
    """
    watched = [case for case in cases if case.facts.mode is Mode.OBSERVE]
    waits = any(case.verdict.outcome in (Outcome.HOLD, Outcome.SUBSTITUTE) for case in cases)
    went = [case for case in cases if case.verdict.outcome is Outcome.DELIVER]
    learnt = None
    if waits or any(case in watched or case.facts.standing is not ownership.Standing.PROVED for case in went):
        left = max(_LEAST_SECONDS, COURIER_SECONDS - (time.monotonic() - began))
        first = next(case for case in cases if case.verdict.outcome is not Outcome.REFUSE)
        learnt = holds.learn(service, request.mail, bytes(first.line.digest), request.knows, waits=waits, left=left)
        for case in cases:
            if case.verdict.outcome is not Outcome.REFUSE:
                case.line.personal, case.line.template = learnt.personal, learnt.template
    for case in watched:
        would = _would(service, case, request, carries=learnt is None or learnt.carries)
        case.line.would, case.line.would_reason = would.outcome.value, would.reason
    return learnt


def _would(service: Service, case: Case, request: Request, *, carries: bool) -> Verdict:
    """What enforcing had done with an observed mail, supposing that nobody answered the notices it had sent, and that
    of its verification mails none were used up today.
    """
    facts = replace(case.facts, mode=Mode.ENFORCE)
    if request.verification and service.verification_per_day:
        facts = replace(facts, verification=Verification.PERSONAL if carries else Verification.PERMITTED)
    verdict = decide(facts)
    if verdict.outcome is Outcome.SUBSTITUTE and not substitutes.notice_had_been_free(service, bytes(case.line.digest)):
        return decide(replace(facts, notice=Notice.SPENT))
    return verdict


def _learn_later(service: Service, cases: Sequence[Case], request: Request) -> None:
    """One in so many mails to proved addresses is read after all, when its sender has been answered."""
    every = settings.ATESAKI_LEARN_EVERY
    lines = [case.line for case in cases if case.verdict.outcome is Outcome.DELIVER]
    if every and lines and lines[0].pk.int % every == 0:
        pks = [line.pk for line in lines]
        learning.later(
            service, request.mail, bytes(lines[0].digest), lambda found: ledger.read(pks, found.kinds, found.template)
        )


def _keep_and_settle(service: Service, cases: Sequence[Case], request: Request, learnt: Learnt | None) -> None:
    sealed = _seal(cases, request)
    # In the order of their digests, so that two mails to the same two people cannot lock each other out.
    for case in sorted(cases, key=lambda case: bytes(case.line.digest)):
        match case.verdict.outcome:
            case Outcome.REFUSE:
                ledger.settle(
                    case.line,
                    case.verdict,
                    case.facts.standing,
                    Line.State.SETTLED,
                    ("refused", case.verdict.reason),
                )
            case Outcome.DELIVER:
                _settle_handed(service, case, request)
            case _:
                if learnt is None:
                    raise TryLater("What waits was not read.")
                key = sealed[case.line.id]
                case.verdict = holds.hold(case.line, case.envelope, case.facts, key, learnt)
    _report_refused(cases)


def _report_refused(cases: Sequence[Case]) -> None:
    """A mail for several is answered 250 if any of them was taken: the others' refusal is then told by mail."""
    refused = [case for case in cases if case.verdict.outcome is Outcome.REFUSE]
    if len(refused) < len(cases):
        for case in refused:
            handed = case.handed or Handed(Hand.PERMANENT, 550, REASONS[case.verdict.reason])
            substitutes.report(case.line, handed)


def _seal(cases: Sequence[Case], request: Request) -> dict[UUID, UUID]:
    """Seals the mail once for everybody who waits for it; the key for each line."""
    waiting = [case for case in cases if case.verdict.outcome in (Outcome.HOLD, Outcome.SUBSTITUTE)]
    if not waiting:
        return {}
    return dict(zip((case.line.id for case in waiting), seal_mail(_together(waiting), request.mail), strict=True))


def _settle_handed(service: Service, case: Case, request: Request) -> None:
    """Writes what the next hop said; what it put off, or did not answer, is sealed into the outbox."""
    handed = case.handed or Handed(Hand.TEMPORARY, 0, "not tried")
    detail = f"{handed.code} {handed.text}"
    waits = handed.hand not in (Hand.ACCEPTED, Hand.PERMANENT)
    if (case.line.verification or waits) and case.known.stand.standing is ownership.Standing.UNKNOWN:
        # By the time it leaves its mailbox may have to be asked after all.
        ownership.claim(service, case.envelope.recipients[0], case.line.customer)
    match handed.hand:
        case Hand.ACCEPTED:
            ledger.settle(case.line, case.verdict, case.facts.standing, Line.State.SETTLED, ("handed", detail))
        case Hand.PERMANENT:
            case.verdict = Verdict(Outcome.REFUSE, "upstream_refused", case.verdict.misses)
            ledger.settle(case.line, case.verdict, case.facts.standing, Line.State.SETTLED, ("rejected", detail))
        case _:
            key = seal_mail(case.envelope, request.mail)[0]
            lane = f"{service.pk} {bytes(case.line.digest).hex()}"
            keep(case.line.id, key, lane=lane, digest=bytes(case.line.digest))
            what = "unanswered" if handed.hand is Hand.UNKNOWN else "put_off"
            ledger.settle(
                case.line,
                case.verdict,
                case.facts.standing,
                Line.State.QUEUED,
                (what, detail),
                ("queued", ""),
            )
            holds.wake(lane)
