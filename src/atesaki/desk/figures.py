"""What the overview says of an organisation: each figure from rows, with the count that it rests on.

A rate of nothing is none. An average hides the one bad case, so the worst are listed by their receipt numbers.
Nothing here names a person, and each figure reads rows of one organisation, of a bounded time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncWeek

from atesaki import clock
from atesaki.models import Claim, Entry, Event, Line
from atesaki.tenants import Organisation, Service

from . import calendar, improvements, leaks
from .cases import PROMISE_DAYS
from .models import (
    Assessment,
    Case,
    Contact,
    Improvement,
    Inquiry,
    InquiryMessage,
    Message,
    Reporter,
    Step,
    Wish,
)

State, End, Via = Case.State, Case.End, Case.Via

DAYS = (7, 30, 90)  # the periods that may be asked for
_MOST = 5_000  # cases that one figure looks at, the newest
_WORST = 10
_COHORTS = 8  # weeks at least
_AGAIN = timedelta(days=30)
_AGES = (timedelta(days=1), timedelta(days=3), timedelta(days=8))  # 8 days: how long the story's stranger waited
_UNPROVED = Q(kind=Line.Kind.MAIL, outcome="deliver") & ~Q(standing="proved")  # as the index `line_unproved` has it
_CHALLENGED = (Via.FORM, Via.PHONE, Via.LETTER)
_DETACHED = (End.CORRECTED, End.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a figure's table: `value` out of `count`, or split among the figure's `columns`."""

    slug: str
    value: float | None
    count: int = 0
    split: tuple[int, ...] = ()
    on: datetime | None = None  # the week that it is about


@dataclass(frozen=True, slots=True)
class Worst:
    """A case that the figure hides: its number, and its own value."""

    number: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the overview. `value` is None where there is nothing to count; `count` is what it is out of.

    `unit`: `count`, `rate` (0 to 1) or `seconds`. `target`: what it must not exceed, or reach with `at_least`.
    """

    slug: str
    value: float | None
    count: int
    unit: str
    target: float | None = None
    at_least: bool = False
    middle: float | None = None
    longest: float | None = None
    parts: tuple[Part, ...] = ()
    columns: tuple[str, ...] = ()
    worst: tuple[Worst, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or nothing to hold against it."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


# -- mail ---------------------------------------------------------------------------------------------------------


def personal_to_unproved(house: Organisation, days: int) -> Figure:
    """Mails that left for an address not proved, and carried personal data or were looked into by nobody.

    Counted: lines of services' mail with the outcome `deliver` while the standing was not `proved`, not given up
    since, except those in which was looked and nothing found (`personal` empty, or the service's verification mail).
    """
    rows = _leaked(_lines(house, days))
    by = Counter({row["reason"]: row["many"] for row in rows.values("reason").annotate(many=Count("pk")).order_by()})
    parts = tuple(Part(reason or "unread", many) for reason, many in sorted(by.items()))
    mails = _lines(house, days).filter(kind=Line.Kind.MAIL).count()
    return Figure("personal_to_unproved", by.total(), mails, "count", target=0, parts=parts)


def personal_to_unproved_ever() -> int:
    """The same over all organisations and the whole ledger; through a partial index, for it is asked often."""
    return _leaked(Line.objects.all()).count()


def _leaked(lines: QuerySet[Line]) -> QuerySet[Line]:
    carried = Q(personal__isnull=True) | ~Q(personal={})
    return lines.filter(_UNPROVED, carried).exclude(reason="verification_permitted").exclude(fate="destroyed")


def blocked(house: Organisation, days: int) -> Figure:
    """Mails that the gate kept from an unproved address: those that waited and carried personal data, and refused."""
    rows = _lines(house, days).filter(kind=Line.Kind.MAIL)
    waited = Q(outcome__in=("hold", "substitute"), personal__isnull=False) & ~Q(personal={})
    found = rows.aggregate(
        all=Count("pk"), waited=Count("pk", filter=waited), refused=Count("pk", filter=Q(reason="disavowed"))
    )
    parts = (Part("waited", found["waited"]), Part("refused", found["refused"]))
    return Figure("blocked", found["waited"] + found["refused"], found["all"], "count", parts=parts)


def stragglers(house: Organisation, days: int) -> Figure:
    """Mails taken before a mailbox was detached, and handed over after it: by the ledger, for each case.

    Not what its reporter wished to be told, nor mail of another customer who has proved the same mailbox.
    """
    cases = {bytes(case.digest): case for case in _cases(house, confirmed=days).order_by("confirmed")}
    stopped = _stopped(cases.values())
    kinds = (Line.Kind.MAIL, Line.Kind.NOTICE, Line.Kind.CONFIRMATION)
    rows = Line.objects.filter(digest__in=list(cases), service__organisation=house, kind__in=kinds)
    late: dict[UUID, Case] = {}
    for line in rows.only("pk", "digest", "at", "standing", "service_id", "customer").order_by("-pk")[:_MOST]:
        case = cases[bytes(line.digest)]
        own = (line.service_id, line.customer) == (case.claim.service_id, case.claim.customer)
        if case.pk in stopped and line.at <= stopped[case.pk] and (own or line.standing != "proved"):
            late[line.pk] = case
    worst: dict[str, float] = {}
    many = 0
    left = Entry.objects.filter(line__in=list(late), what__in=("handed", "too_late"))
    for line_pk, at in left.values_list("line", "at"):
        case = late[line_pk]
        if at > stopped[case.pk]:
            many += 1
            worst[case.number] = max(worst.get(case.number, 0.0), (at - stopped[case.pk]).total_seconds())
    return Figure("stragglers", many, len(cases), "count", target=0, worst=_worst(worst.items()))


# -- the reporter -------------------------------------------------------------------------------------------------


def detach(house: Organisation, days: int) -> Figure:
    """From the disavowal until nothing waited or was leaving any more (the case's `stopped`), of each case."""
    cases = list(_cases(house, confirmed=days))
    stopped = _stopped(cases)
    took = [
        (case.number, (stopped[case.pk] - case.confirmed).total_seconds())
        for case in cases
        if case.confirmed is not None and case.pk in stopped
    ]
    return _duration("detach", took, 95, target=10)


def acknowledgement(house: Organisation, days: int) -> Figure:
    """From a report by mail until its acknowledgement was queued; a page answers in the same breath."""
    rows = Step.objects.filter(what="acknowledged", case__organisation=house, at__gte=_since(days))
    took = [
        (step.case.number, max(0.0, (step.at - (step.case.confirmed or step.case.opened)).total_seconds()))
        for step in rows.select_related("case").order_by("-pk")[:_MOST]
    ]
    return _duration("acknowledgement", took, 95, target=60)


def human_reply(house: Organisation, days: int) -> Figure:
    """From a reporter's first words, or a question, until an agent's first answer, in the hours of the service.

    Counted: words of the period that may be answered: of a mailbox that has answered and wishes to hear, questions
    with an address. One that waits counts as soon as it is over the target: it will not come within it any more.
    """
    target = 30 * 60
    took, waiting = [], 0
    for number, service, begin, end in (*_words_to_cases(house, days), *_questions(house, days)):
        seconds = calendar.seconds_open(begin, end or clock.now(), service)
        waiting += end is None
        took += [(number, seconds)] if end is not None or seconds > target else []
    found = _duration("human_reply", took, 90, target=target)
    return replace(found, parts=(*found.parts, Part("waiting", waiting))) if took or waiting else found


_Asked = tuple[str, Service, datetime, datetime | None]


def _words_to_cases(house: Organisation, days: int) -> list[_Asked]:
    """What was said on the phone or entered from a letter was heard by somebody as it came: those are left out."""
    rows = Message.objects.filter(case__organisation=house, direction=Message.Direction.IN, at__gte=_since(days))
    rows = rows.exclude(kind__in=(Via.PHONE, Via.LETTER)).exclude(case__confirmed=None)
    rows = rows.exclude(case__reporter__wish=Reporter.Wish.NOTHING).select_related("case__service")
    found: list[_Asked] = []
    seen: set[UUID] = set()
    answers = Message.objects.filter(direction=Message.Direction.OUT, agent__isnull=False)
    for row in rows.order_by("at")[:_MOST]:
        case = row.case
        before = Message.objects.filter(case=case, direction=Message.Direction.IN, at__lt=row.at)
        if case.pk in seen or case.confirmed is None or before.exists():
            continue
        seen.add(case.pk)
        first = answers.filter(case=case, at__gte=row.at).order_by("at").values_list("at", flat=True).first()
        if first is not None or case.state != State.CLOSED:
            found.append((case.number, case.service, max(row.at, case.confirmed), first))
    return found


def _questions(house: Organisation, days: int) -> list[_Asked]:
    rows = Inquiry.objects.filter(service__organisation=house, digest__isnull=False, at__gte=_since(days))
    first = InquiryMessage.objects.filter(inquiry=OuterRef("pk"), direction=Message.Direction.OUT).order_by("at")
    rows = rows.annotate(answered=Subquery(first.values("at")[:1])).exclude(answered=None, state=Inquiry.State.CLOSED)
    newest = rows.select_related("service").order_by("-at")[:_MOST]
    return [(row.pk, row.service, row.at, row.answered) for row in newest if row.service is not None]


def erased_by_promise(house: Organisation, days: int) -> Figure:
    """Of the cases whose reporter was promised by which day their address is erased, and whose day is over, those
    in which it was by its end. One that turned out to be the customer's own mailbox was not to be erased."""
    now = clock.now()
    rows = Case.objects.filter(organisation=house, erase_by__gte=_since(days).date()).select_related("service")
    rows = rows.exclude(end__in=(End.PROVED, End.KEPT)).order_by("-erase_by")[:_MOST]
    kept = many = 0
    worst: list[tuple[str, float]] = []
    for case in rows:
        if case.erase_by is None:
            continue
        over = calendar.end_of(case.erase_by, case.service.zone)
        done = case.erased
        if done is None and over > now:
            continue
        many += 1
        late = ((done or now) - over).total_seconds()
        kept += late < 0
        worst += [(case.number, late)] if late >= 0 else []
    return _rate("erased_by_promise", kept, many, target=1.0, at_least=True, worst=_worst(worst))


def erase(house: Organisation, days: int) -> Figure:
    """From the report until the address was erased, of each case erased in the period."""
    rows = Case.objects.filter(organisation=house, erased__gte=_since(days)).order_by("-erased")[:_MOST]
    took = [(case.number, (case.erased - case.opened).total_seconds()) for case in rows if case.erased is not None]
    return _duration("erase", took, 90, target=8 * 86_400)


def promise(house: Organisation, days: int) -> Figure:
    """Progress reports made by the day that was promised, of those made in the period and those overdue now."""
    since, now = _since(days), clock.now()
    kept = many = 0
    worst: list[tuple[str, float]] = []
    rows = Case.objects.filter(organisation=house, confirmed__isnull=False).select_related("service")
    reported = Step.objects.filter(case=OuterRef("pk"), what="reported", at__gte=since)
    cases = rows.filter(Exists(reported) | Q(report_due__lt=now)).order_by("-opened")[:_MOST]
    for case, promises in _promises(list(cases)):
        for at, over in promises:
            if at is None or at >= since:
                many += 1
                late = ((at or now) - over).total_seconds()
                kept += late < 0
                worst += [(case.number, late)] if late >= 0 else []
    return _rate("promise", kept, many, target=1.0, at_least=True, worst=_worst(worst))


def _promises(cases: Sequence[Case]) -> list[tuple[Case, list[tuple[datetime | None, datetime]]]]:
    """For each case its reports, None for one that is overdue, and the end of the day that each was promised for.

    The day is computed as it was when it was promised: from the disavowal, then from the report before.
    """
    steps: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    rows = Step.objects.filter(case__in=[case.pk for case in cases], what__in=("stopped", "reported"))
    for pk, what, at in rows.order_by("pk").values_list("case", "what", "at"):
        steps[pk].append((what, at))
    return [(case, _promised(case, steps[case.pk])) for case in cases]


def _promised(case: Case, steps: Iterable[tuple[str, datetime]]) -> list[tuple[datetime | None, datetime]]:
    zone = case.service.zone
    found: list[tuple[datetime | None, datetime]] = []
    promised: datetime | None = None
    for what, at in steps:
        if what == "reported" and promised is not None:
            found.append((at, promised))
        day = calendar.business_day(at.astimezone(ZoneInfo(zone)).date(), PROMISE_DAYS, zone)
        promised = calendar.end_of(day, zone)
    if case.state != State.CLOSED and case.report_due is not None:
        over = calendar.end_of(case.report_due.astimezone(ZoneInfo(zone)).date(), zone)
        if over <= clock.now():
            found.append((None, over))
    return found


# -- addresses ----------------------------------------------------------------------------------------------------


def proved(house: Organisation, days: int) -> Figure:
    """Of the claims made in each week, how many have been proved by now, whatever was said of them later."""
    weeks = max(_COHORTS, ceil(days / 7))
    zone = ZoneInfo(_zone(house))
    today = clock.now().astimezone(zone)
    monday = today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    rows = Claim.objects.filter(service__in=_services(house), created__gte=first)
    said = Event.objects.filter(claim=OuterRef("pk"), kind=Event.Kind.PROVED)
    by_week = rows.annotate(week=TruncWeek("created", tzinfo=zone)).values("week").order_by("week")
    found = {row["week"]: row for row in by_week.annotate(many=Count("pk"), so=Count("pk", filter=Exists(said)))}
    parts = tuple(
        Part("week", _share(row["so"], row["many"]), row["many"], on=week) for week, row in sorted(found.items())
    )
    good, many = (sum(row[name] for row in found.values()) for name in ("so", "many"))
    return _rate("proved", good, many, parts=parts)


# -- cases --------------------------------------------------------------------------------------------------------


def states(house: Organisation, days: int) -> Figure:
    """The cases that are open now, by state and age; those without a next date, or that are the desk's turn and
    nobody's."""
    del days  # now is now
    now = clock.now()
    rows = Case.objects.filter(organisation=house).exclude(state=State.CLOSED)
    adrift = Q(due=None) | Q(state=State.REACHING, agent=None)
    edges = [now - age for age in _AGES]
    bands = {
        "0": Q(opened__gt=edges[0]),
        "1": Q(opened__lte=edges[0], opened__gt=edges[1]),
        "2": Q(opened__lte=edges[1], opened__gt=edges[2]),
        "3": Q(opened__lte=edges[2]),
    }
    asked = {f"band{name}": Count("pk", filter=band) for name, band in bands.items()}
    by = rows.values("state").order_by().annotate(many=Count("pk"), **asked)
    found: dict[str, dict[str, Any]] = {row["state"]: dict(row) for row in by}
    parts = tuple(
        Part(state, found[state]["many"], split=tuple(found[state][f"band{name}"] for name in bands))
        for state in State.values
        if state in found
    )
    lost = rows.filter(adrift).order_by("opened")
    worst = [(case.number, (now - case.opened).total_seconds()) for case in lost[:_WORST]]
    oldest = rows.aggregate(first=Min("opened"))["first"]
    return Figure(
        "states",
        lost.count(),
        sum(row["many"] for row in found.values()),
        "count",
        target=0,
        longest=(now - oldest).total_seconds() if oldest else None,
        parts=parts,
        columns=("day", "three", "eight", "older"),
        worst=_worst(worst),
    )


def breaches(house: Organisation, days: int) -> Figure:
    """What is over its date now: the customer's deadline, the authority's question, a promised report."""
    now = clock.now()
    open_ = Case.objects.filter(organisation=house).exclude(state=State.CLOSED).select_related("service")
    late: dict[str, list[tuple[str, float]]] = {"customer": [], "authority": [], "progress": []}
    for case in open_.filter(state=State.AWAITING, deadline__isnull=False).order_by("deadline")[:_MOST]:
        over = calendar.end_of(case.deadline, case.service.zone) if case.deadline else now
        late["customer"] += [(case.number, (now - over).total_seconds())] if over <= now else []
    unsaid = Q(answer=Assessment.Answer.OPEN) | Q(answer=Assessment.Answer.YES, first_reported=None)
    asked = Assessment.objects.filter(unsaid, case__organisation=house, learnt__gte=_since(max(days, 90)))
    for row in asked.select_related("case__service").order_by("learnt")[:_MOST]:
        over = leaks.assessment(row.case).first_due
        late["authority"] += [(row.case.number, (now - over).total_seconds())] if over <= now else []
    for case, promises in _promises(list(open_.filter(report_due__lt=now).order_by("report_due")[:_MOST])):
        late["progress"] += [(case.number, (now - over).total_seconds()) for at, over in promises if at is None]
    parts = tuple(Part(slug, len(rows)) for slug, rows in late.items())
    every = [row for rows in late.values() for row in rows]
    return Figure("breaches", len(every), open_.count(), "count", target=0, parts=parts, worst=_worst(every))


def rungs(house: Organisation, days: int) -> Figure:
    """Of the cases in which a rung was tried, those in which it reached the customer: they were reached on the
    phone, or gave a right address, or proved this one, and it was the last that was tried before."""
    rows = Contact.objects.filter(case__organisation=house, at__gte=_since(days)).select_related("case")
    tried: dict[str, set[UUID]] = defaultdict(set)
    reached: dict[str, set[UUID]] = defaultdict(set)
    last: dict[UUID, str] = {}
    ends: dict[UUID, str] = {}
    for row in rows.order_by("-pk")[:_MOST]:
        tried[row.rung].add(row.case_id)
        ends[row.case_id] = row.case.end
        last.setdefault(row.case_id, row.rung)
        if row.outcome == Contact.Outcome.REACHED:
            reached[row.rung].add(row.case_id)
    for pk, rung in last.items():
        if ends[pk] in (End.CORRECTED, End.PROVED):
            reached[rung].add(pk)
    parts = tuple(
        Part(rung, _share(len(reached[rung]), len(tried[rung])), len(tried[rung]))
        for rung in Contact.Rung.values
        if tried[rung]
    )
    return _rate("rungs", len(set().union(*reached.values())), len(last), parts=parts)


def forced(house: Organisation, days: int) -> Figure:
    """Of the confirmed cases that ended, those whose customer was withdrawn; and who came back within 30 days."""
    ended = Case.objects.filter(organisation=house, closed__gte=_since(days), confirmed__isnull=False)
    withdrawn = ended.filter(end=End.WITHDRAWN)
    same = Claim.objects.filter(service=OuterRef("claim__service"), customer=OuterRef("claim__customer"))
    back = same.exclude(customer="").filter(created__gt=OuterRef("closed"), created__lte=OuterRef("closed") + _AGAIN)
    proof = Event.objects.filter(claim=OuterRef("claim"), kind=Event.Kind.PROVED, at__gt=OuterRef("closed"))
    restored = withdrawn.filter(Exists(back) | Exists(proof.filter(at__lte=OuterRef("closed") + _AGAIN))).count()
    many = withdrawn.count()
    return _rate("forced", many, ended.count(), parts=(Part("restored", _share(restored, many), many),))


def again(house: Organisation, days: int) -> Figure:
    """Of the cases closed, those whose mailbox had to come again within 30 days; and was detached a second time."""
    closed = Case.objects.filter(organisation=house, closed__gte=_since(days))
    later = Case.objects.filter(
        organisation=house,
        digest=OuterRef("digest"),
        opened__gt=OuterRef("closed"),
        opened__lte=OuterRef("closed") + _AGAIN,
    )
    come = closed.filter(Exists(later))
    twice = closed.filter(Exists(later.filter(confirmed__isnull=False)), end__in=_DETACHED).count()
    worst = [(number, 0.0) for number in come.order_by("-closed").values_list("number", flat=True)[:_WORST]]
    detached = closed.filter(end__in=_DETACHED).count()
    parts = (Part("twice", twice, detached),)
    return _rate("again", come.count(), closed.count(), target=0.05, parts=parts, worst=_worst(worst))


def pranks(house: Organisation, days: int) -> Figure:
    """Of the reports by form, phone or letter whose mailbox was asked, those that it did not confirm."""
    rows = Case.objects.filter(organisation=house, via__in=_CHALLENGED, opened__gte=_since(days))
    decided = rows.filter(Q(confirmed__isnull=False) | Q(state=State.CLOSED))
    found = decided.aggregate(
        all=Count("pk"),
        silent=Count("pk", filter=Q(confirmed=None, end=End.LAPSED)),
        kept=Count("pk", filter=Q(confirmed=None, end__in=(End.KEPT, End.PROVED))),
    )
    parts = (Part("silent", found["silent"]), Part("kept", found["kept"]))
    return _rate("pranks", found["silent"] + found["kept"], found["all"], parts=parts)


def false_detach(house: Organisation, days: int) -> Figure:
    """Of the mailboxes detached, those that turned out to be the customer's; how long until they got mail again."""
    rows = Case.objects.filter(organisation=house, confirmed__gte=_since(days))
    wrong = rows.filter(state=State.CLOSED, end__in=(End.PROVED, End.KEPT)).order_by("-closed")
    took = [
        (case.number, (case.closed - case.confirmed).total_seconds())
        for case in wrong[:_MOST]
        if case.closed is not None and case.confirmed is not None
    ]
    values = sorted(value for _, value in took)
    parts = (Part("restore_longest", values[-1]), Part("restore_middle", _at(values, 50))) if values else ()
    return _rate("false_detach", len(took), rows.count(), parts=parts, worst=_worst(took))


def voice(house: Organisation, days: int) -> Figure:
    """Of those who asked to be told and whose improvement ended, those who were; what is open, and for how long."""
    now, since = clock.now(), _since(days)
    wishes = Wish.objects.filter(organisation=house)
    over = wishes.filter(improvement__state__in=improvements.ENDED, improvement__ended__gte=since)
    told = over.filter(told__isnull=False).count()
    waiting = over.filter(told=None, sealed_address__isnull=False).count()
    loose = wishes.filter(improvement=None).aggregate(
        young=Count("pk", filter=Q(at__gt=now - timedelta(hours=48))),
        old=Count("pk", filter=Q(at__lte=now - timedelta(hours=48))),
    )
    open_ = wishes.filter(improvement__state__in=improvements.OPEN).aggregate(
        young=Count("pk", filter=Q(at__gt=now - timedelta(days=90))),
        old=Count("pk", filter=Q(at__lte=now - timedelta(days=90))),
    )
    shipped = Improvement.objects.filter(organisation=house, state=Improvement.State.SHIPPED, ended__gte=since)
    parts = (
        Part("loose_young", loose["young"]),
        Part("loose_old", loose["old"]),
        Part("open_young", open_["young"]),
        Part("open_old", open_["old"]),
        Part("shipped", shipped.count()),
    )
    return _rate("voice", told, told + waiting, target=1.0, at_least=True, parts=parts)


FIGURES: tuple[Callable[[Organisation, int], Figure], ...] = (
    *(personal_to_unproved, blocked, detach, stragglers, acknowledgement, human_reply, erase, erased_by_promise),
    *(promise, proved, states, breaches, rungs, forced, again, pranks, false_detach, voice),
)
"""Every figure, in the order in which the overview shows them: the harm first (desk.md, metrics)."""


def overview(house: Organisation, days: int) -> list[Figure]:
    """All figures of an organisation over the last `days`."""
    return [figure(house, days) for figure in FIGURES]


# -- how they are counted -----------------------------------------------------------------------------------------


def _since(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _services(house: Organisation) -> list[int]:
    return list(Service.objects.filter(organisation=house).values_list("pk", flat=True))


def _zone(house: Organisation) -> str:
    return Service.objects.filter(organisation=house).order_by("pk").values_list("zone", flat=True).first() or "UTC"


def _lines(house: Organisation, days: int) -> QuerySet[Line]:
    """The ledger's lines of a period: their ids are their time, and only its months are read."""
    low = UUID(int=int(_since(days).timestamp() * 1000) << 80)
    return Line.objects.filter(pk__gte=low, service__in=_services(house))


def _cases(house: Organisation, *, confirmed: int) -> QuerySet[Case]:
    rows = Case.objects.filter(organisation=house, confirmed__gte=_since(confirmed)).select_related("claim")
    newest = rows.order_by("-confirmed").values("pk")[:_MOST]
    return Case.objects.filter(pk__in=newest).select_related("claim")


def _stopped(cases: Iterable[Case]) -> dict[UUID, datetime]:
    """When the mailbox of each case was left alone: the first `stopped` that follows its disavowal."""
    rows = Step.objects.filter(case__in=[case.pk for case in cases], what="stopped", at__gte=F("case__confirmed"))
    return dict(rows.values_list("case").annotate(first=Min("at")).values_list("case", "first"))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _at(ordered: Sequence[float], percent: int) -> float:
    """The nearest rank: a value that was measured, not one between two."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def _worst(rows: Iterable[tuple[str, float]]) -> tuple[Worst, ...]:
    ordered = sorted(rows, key=lambda row: row[1], reverse=True)
    return tuple(Worst(number, value) for number, value in ordered[:_WORST])


def _rate(
    slug: str,
    part: int,
    whole: int,
    *,
    target: float | None = None,
    at_least: bool = False,
    parts: tuple[Part, ...] = (),
    worst: tuple[Worst, ...] = (),
) -> Figure:
    value = _share(part, whole)
    return Figure(slug, value, whole, "rate", target, at_least, parts=parts, worst=worst)


def _duration(slug: str, took: Sequence[tuple[str, float]], percent: int, *, target: float) -> Figure:
    """The value is the percentile that the target names; beside it stand the middle, the longest, and whose."""
    values = sorted(value for _, value in took)
    if not values:
        return Figure(slug, None, 0, "seconds", target)
    high = _at(values, percent)
    parts = (Part("middle", _at(values, 50)), Part(f"p{percent}", high), Part("longest", values[-1]))
    return Figure(
        slug,
        high,
        len(values),
        "seconds",
        target,
        middle=_at(values, 50),
        longest=values[-1],
        parts=parts,
        worst=_worst(took),
    )
