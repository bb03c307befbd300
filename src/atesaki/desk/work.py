"""The desk's shared views, and what an agent does to a case by hand: take it, give it away, set its date, end it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from atesaki import addresses, clock, ownership
from atesaki.tenants import Service

from . import calendar, cases, letter
from .models import Agent, Case, Letter, Message, Reveal

_LATELY = timedelta(days=14)
_FURTHEST = 60  # days; a case that nobody has to look at for longer is forgotten
State = Case.State

# Whose turn it is in each state: the owner of the clock (`Case`).
CLOCK: dict[str, str] = {
    State.UNCONFIRMED: "mailbox",
    State.REACHING: "desk",
    State.AWAITING: "customer",
    State.WITHDRAWING: "service",
}


class WorkError(ValueError):
    """What was asked of a case cannot be done. `slug` names the reason, for whoever says it to the agent."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"the case cannot be changed so: {slug}")
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Seen:
    """Who looks, and when: what the views are cut by."""

    agent: Agent
    now: datetime
    days: tuple[tuple[str, datetime], ...]  # each time zone of the organisation's services, and when today ends there


_OPEN = ~Q(state=State.CLOSED)


def _today(seen: Seen) -> Q:
    found = Q(pk=None)
    for zone, over in seen.days:
        found |= Q(service__zone=zone, due__gte=seen.now, due__lt=over)
    return _OPEN & found


VIEWS: dict[str, Callable[[Seen], Q]] = {
    "mine": lambda seen: _OPEN & Q(agent=seen.agent.user_id),
    "unassigned": lambda seen: _OPEN & Q(agent=None),
    "today": _today,
    "overdue": lambda seen: _OPEN & Q(due__lt=seen.now),
    "mailbox": lambda seen: Q(state=State.UNCONFIRMED),
    "customer": lambda seen: Q(state=State.AWAITING),
    "letter": lambda seen: _OPEN & Q(letter_out=True),
    "closing": lambda seen: Q(state=State.WITHDRAWING),
    "open": lambda seen: _OPEN,
    "closed": lambda seen: Q(state=State.CLOSED, closed__gte=seen.now - _LATELY),
}
"""The shared views, in their order; each cuts the cases of the agent's organisation."""


def counts(agent: Agent) -> dict[str, int]:
    """How many cases stand in each view; one query."""
    seen = _seen(agent)
    asked = {name: Count("pk", filter=cut(seen)) for name, cut in VIEWS.items()}
    return dict(_of_organisation(agent).aggregate(**asked))


def within(agent: Agent, view: str) -> QuerySet[Case]:
    """The cases of a view, the next to move first; those that ended, the last to end first."""
    rows = _of_organisation(agent).filter(VIEWS[view](_seen(agent)))
    if view == "closed":
        return rows.order_by("-closed", "number")
    return rows.order_by(F("due").asc(nulls_last=True), "number")


def find(agent: Agent, number: str) -> Case | None:
    """The case with this number in the agent's organisation; another organisation's is none."""
    return _of_organisation(agent).filter(number=number).first()


def search(agent: Agent, typed: str) -> list[Case]:
    """Cases by their number, with or without its hyphen, or by the address that they are about.

    Of an address only its digest is looked for: nothing else of it is kept (L8). Raises `AddressError` for what
    is neither.
    """
    text = "".join(unicodedata.normalize("NFKC", typed).split()).upper().translate(_READ_ALOUD)
    bare = text.replace("-", "")
    if len(bare) == 8 and bare.isascii() and bare.isalnum():
        return list(_of_organisation(agent).filter(number=f"{bare[:4]}-{bare[4:]}"))
    digest = ownership.digest(addresses.parse(typed.strip()))
    return list(_of_organisation(agent).filter(digest=digest).order_by("-opened"))


def take(case: Case, agent: Agent) -> bool:
    """The agent takes a case that nobody has; whether they have it now. Two who press at once: one has it."""
    rows = Case.objects.filter(pk=case.pk, agent=None).exclude(state=State.CLOSED)
    if rows.update(agent=agent.user_id):
        return True
    return Case.objects.filter(pk=case.pk, agent=agent.user_id).exists()


def give_back(case: Case, agent: Agent) -> bool:
    """The agent no longer has the case; whether they had."""
    return bool(Case.objects.filter(pk=case.pk, agent=agent.user_id).update(agent=None))


def assign(case: Case, to: Agent | None) -> None:
    """Gives a case to an agent of its organisation, or to nobody. Raises `WorkError`."""
    if to is not None and to.organisation_id != case.organisation_id:
        raise WorkError("stranger")
    if not Case.objects.filter(pk=case.pk).exclude(state=State.CLOSED).update(agent=to.user_id if to else None):
        raise WorkError("closed")


def pending(case: Case, until: date) -> datetime:
    """The desk moves again on `until`, a day from tomorrow on, at closing time. Raises `WorkError`.

    Only where the clock is the desk's: nobody may put off what a customer, a mailbox or a service was told.
    """
    today = clock.today(case.service.zone)
    if not today < until <= today + timedelta(days=_FURTHEST):
        raise WorkError("date")
    due = calendar.closing(until, case.service.zone)
    if not Case.objects.filter(pk=case.pk, state=State.REACHING).update(due=due):
        raise WorkError("not_ours")
    return due


def print_letter(made: Letter, agent: Agent) -> bytes:
    """The letter as a PDF: it shows name and address, so that it is written down who printed it, first.

    Raises `DeskError`.
    """
    with transaction.atomic():
        Reveal.objects.create(case=made.case, agent_id=agent.user_id, at=clock.now(), field="letter", reason="printed")
    return letter.pdf(made)


def close_unconfirmed(case: Case, by: Agent) -> None:
    """Ends a case that no mailbox has confirmed: nothing was changed by it. Raises `WorkError`."""
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        if locked.state != State.UNCONFIRMED:
            raise WorkError("confirmed")
        cases.close(locked, Case.End.LAPSED, by=by.user.get_username())
    case.refresh_from_db()


# Crockford's letters: what is said or read wrongly has one meaning.
_READ_ALOUD = str.maketrans("OIL‐−ー", "011---")


def _of_organisation(agent: Agent) -> QuerySet[Case]:
    out = Letter.objects.filter(case=OuterRef("pk"), posted__isnull=False, returned=None)
    unread = Message.objects.filter(case=OuterRef("pk"), direction=Message.Direction.IN, seen=None)
    rows = Case.objects.filter(organisation=agent.organisation_id)
    rows = rows.annotate(letter_out=Exists(out), unread=Exists(unread))
    return rows.select_related("organisation", "service__organisation", "claim__service__organisation", "agent")


def _seen(agent: Agent) -> Seen:
    zones = Service.objects.filter(organisation=agent.organisation_id).values_list("zone", flat=True).distinct()
    days = tuple((zone, calendar.end_of(clock.today(zone), zone)) for zone in sorted(set(zones)))
    return Seen(agent, clock.now(), days)
