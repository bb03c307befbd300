"""The way of one message: write down, then look."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog
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

log = structlog.get_logger(__name__)

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


@dataclass(slots=True)
class Mail:
    """One message on the way through, for all its recipients."""

    service: Service
    envelope: Envelope
    octets: int
    request: Request
    began: float  # before its lines were written, by the monotonic clock
    cases: list[Case] = field(default_factory=list)
    learnt: Learnt | None = None
    left: bool = False  # it waits, and was not kept together with others
    wrong: TryLater | None = None  # why it is not taken, where that concerns no other

    @property
    def going(self) -> list[Case]:
        """Those to whom it may be handed over."""
        return [case for case in self.cases if case.verdict.outcome is Outcome.DELIVER]


def submit(service: Service, envelope: Envelope, raw: bytes) -> Receipt:
    """Takes a message, or says that it did not; sync, one thread for each. `road` does the same for many at once.

    1 Write a line per recipient, "leaving", and commit.
    2 Look where each address stands.
    3 Decide, for each recipient alone.
    4 Hand over what may go, and write at once what became of it. From here on nobody waits for this mail.
    5 Read what waits, or went to an address not proved, within bounded time.
    6 Keep sealed, in one transaction, what waits, and write what became of it.
    7 Write what was read on the lines of 4. Of the mails that were not read, have a few learnt from, by a thread.

    Whatever fails before the end of 6 raises, and the sender keeps the mail (RFC 5321 6.1): a mail that the next
    hop took already may then arrive twice, which the ledger explains; none is ever lost. Reading never raises, and 7
    changes no answer. Who dies between 4 and 7 leaves lines that were not read, and these count as personal.
    """
    mail = taken(service, envelope, raw)
    try:
        write_down([mail])
        if mail.wrong:
            raise mail.wrong
        if mail.going:
            _hand_over(mail)
        settle_handed(mail)
        read(mail)
        keep_waiting(mail)
    except DatabaseError as error:
        raise TryLater("The database cannot be written; nothing was taken.") from error
    except CourierError as error:
        raise TryLater("The next hop is set up wrongly; nothing was taken.") from error
    write_read(mail)
    return receipt(mail)


def taken(service: Service, envelope: Envelope, raw: bytes) -> Mail:
    """A message as it comes in. Raises `Unacceptable`."""
    if not envelope.recipients:
        raise Unacceptable("A mail needs a recipient.")
    return Mail(service, envelope, len(raw), read_request(raw), time.monotonic())


def receipt(mail: Mail) -> Receipt:
    """What is answered to a message that was taken."""
    outcomes = tuple(case.verdict.outcome for case in mail.cases)
    return Receipt(mail.cases[0].line.id, outcomes, tuple(case.verdict.reason for case in mail.cases))


def write_down(mails: Sequence[Mail]) -> None:
    """1 to 3 of `submit`, for many: each service as it is now, a line for each recipient, then the verdicts.

    Of the services some keys may have ended, as a conversation may begin before: that is told in `wrong`.
    """
    present = tenants.present_all([mail.service for mail in mails])
    drawn: list[tuple[Mail, list[Line]]] = []
    for mail in mails:
        found = present.get((mail.service.pk, mail.service.came_by))
        mail.cases.clear()
        if found is None:
            mail.wrong = TryLater("The key that this conversation began with has ended; nothing was taken.")
            continue
        mail.service, mail.began = found, time.monotonic()
        asked = mail.request
        more = {"customer": asked.customer, "verification": asked.verification}
        drawn.append((mail, ledger.drawn(found, mail.envelope, mail.octets, **more)))
    if not drawn:
        return
    with transaction.atomic(durable=True):
        ledger.write([line for _, lines in drawn for line in lines])
    _look(drawn)
    for mail, _ in drawn:
        DECIDE_SECONDS.observe(time.monotonic() - mail.began)


def read_request(raw: bytes) -> Request:
    """The service's wishes. Raises `Unacceptable` for one that cannot be read, rather than guess at it."""
    if b"x-atesaki-" not in raw.lower():  # most mails, and each field looked for would cost more
        return Request("", verification=False, knows=(), mail=raw)
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


def _look(drawn: Sequence[tuple[Mail, list[Line]]]) -> None:
    """Looks where every address stands, in one question, and decides for each."""
    wanted = [(mail.service, bytes(line.digest), line.customer) for mail, lines in drawn for line in lines]
    stands = iter(ownership.standings_all(wanted))
    for mail, lines in drawn:
        whole = mail.envelope
        for line, recipient in zip(lines, whole.recipients, strict=True):
            known = next(stands)
            alone = whole if len(lines) == 1 else replace(whole, recipients=(recipient,))
            verification = _verification(mail.service, line, known, mail.request)
            facts = holds.facts(mail.service, bytes(line.digest), known.stand, verification, Notice.DUE)
            mail.cases.append(Case(line, alone, known, facts, decide(facts)))


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


def _hand_over(mail: Mail) -> None:
    going = mail.going
    answers = courier().hand(together(going), mail.request.mail, left(mail))
    for case, answer in zip(going, answers, strict=True):
        case.handed = answer


def left(mail: Mail) -> float:
    """Seconds in which it must have been handed over: a disavowal waits no longer (L5). Raises `TryLater`."""
    seconds = COURIER_SECONDS - (time.monotonic() - mail.began)
    if seconds <= 0:
        raise TryLater("Deciding took too long; nothing was taken.")
    return seconds


def together(cases: Sequence[Case]) -> Envelope:
    """One envelope for these recipients of a mail."""
    first = cases[0].envelope
    return replace(first, recipients=tuple(case.envelope.recipients[0] for case in cases))


def _waits(case: Case) -> bool:
    return case.verdict.outcome in (Outcome.HOLD, Outcome.SUBSTITUTE)


def _answered(case: Case) -> bool:
    """Whether nothing is left to do for it: refused, or the next hop said yes or no for good."""
    if case.verdict.outcome is Outcome.REFUSE:
        return True
    return case.handed is not None and case.handed.hand in (Hand.ACCEPTED, Hand.PERMANENT)


def settle_handed(mail: Mail) -> None:
    """Writes what became of what was handed over, before anything is read: a "not me" waits for what is leaving (L5),
    and must not wait for our reading.

    What waits is set aside. So is what the next hop put off, while others wait: if these cannot be kept, the sender
    sends it again, and it must not be in the outbox as well.
    """
    service, cases = mail.service, mail.cases
    waits = any(_waits(case) for case in cases)
    with transaction.atomic(durable=True):
        aside = []
        for case in _in_order(cases):
            if _waits(case) or (waits and not _answered(case)):
                aside.append(case.line.id)
            else:
                _settle(service, case, mail.request)
        ledger.set_aside(aside)
        if not waits:
            _report_refused(cases)


def _in_order(cases: Sequence[Case]) -> list[Case]:
    """In the order of their digests, so that two mails to the same two people cannot lock each other out."""
    return sorted(cases, key=lambda case: bytes(case.line.digest))


def _settle(service: Service, case: Case, request: Request) -> None:
    if case.verdict.outcome is Outcome.REFUSE:
        why = ("refused", case.verdict.reason)
        ledger.settle(case.line, case.verdict, case.facts.standing, Line.State.SETTLED, why)
    else:
        _settle_answer(service, case, request)


def read(mail: Mail) -> None:
    """5 of `submit`."""
    mail.learnt = _read(mail)


def keep_waiting(mail: Mail) -> None:
    """6 of `submit`. Raises `TryLater`, `DatabaseError`."""
    if any(_waits(case) for case in mail.cases):
        with transaction.atomic(durable=True):
            _keep(mail)


def _read(mail: Mail) -> Learnt | None:
    """Reads a mail, if it waits for anybody or went to anybody who is not proved or is observed; once for them all."""
    given = [case for case in mail.cases if not _refused(case)]
    waits = any(_waits(case) for case in given)
    if not waits and not any(_observed(case) or case.facts.standing is not ownership.Standing.PROVED for case in given):
        return None
    seconds = max(_LEAST_SECONDS, COURIER_SECONDS - (time.monotonic() - mail.began))
    recipient = bytes(given[0].line.digest)
    asked = mail.request
    return holds.learn(mail.service, asked.mail, recipient, asked.knows, waits=waits, left=seconds)


def _refused(case: Case) -> bool:
    """By us: what the next hop refused it was given."""
    return case.verdict.outcome is Outcome.REFUSE and case.handed is None


def _observed(case: Case) -> bool:
    return case.facts.mode is Mode.OBSERVE


def write_read(mail: Mail) -> None:
    """7 of `submit`: writes what was read on lines settled without it, and what enforcing had done with the observed.

    The next hop has the mail, and the sender's answer is made: whatever fails here, the lines say that nobody looked.
    """
    service, cases, request, learnt = mail.service, mail.cases, mail.request, mail.learnt
    try:
        if learnt is not None:
            given = [case.line.id for case in cases if not _refused(case)]
            ledger.read(given, learnt.personal, learnt.template)
        had: dict[Verdict, list[UUID]] = {}
        for case in cases:
            if _observed(case):
                would = _would(service, case, request, carries=learnt is None or learnt.carries)
                had.setdefault(would, []).append(case.line.id)
        for would, lines in had.items():
            ledger.would(lines, would)
        if learnt is None:
            learn_later(mail)
    except Exception as error:  # noqa: BLE001 - an error here would have the sender send it again
        log.warning("read.not_written", service=service.pk, error=type(error).__name__)


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


def learn_later(mail: Mail) -> None:
    """One in so many mails to proved addresses is read after all, when its sender has been answered."""
    every = settings.ATESAKI_LEARN_EVERY
    lines = [case.line for case in mail.cases if case.verdict.outcome is Outcome.DELIVER]
    if every and lines and lines[0].pk.int % every == 0:
        pks = [line.pk for line in lines]
        learning.later(
            *(mail.service, mail.request.mail, bytes(lines[0].digest)),
            lambda found: ledger.read(pks, found.kinds, found.template),
        )


def _keep(mail: Mail) -> None:
    """Keeps what waits, and settles what was set aside with it."""
    service, cases, request, learnt = mail.service, mail.cases, mail.request, mail.learnt
    if learnt is None:
        raise TryLater("What waits was not read.")
    sealed = _seal(cases, request)
    for case in _in_order([case for case in cases if not _answered(case)]):
        if _waits(case):
            case.line.personal, case.line.template = learnt.personal, learnt.template
            case.verdict = holds.hold(case.line, case.envelope, case.facts, sealed[case.line.id], learnt)
        else:
            _settle_answer(service, case, request)
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
    waiting = [case for case in cases if _waits(case)]
    return dict(zip((case.line.id for case in waiting), seal_mail(together(waiting), request.mail), strict=True))


def _settle_answer(service: Service, case: Case, request: Request) -> None:
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
