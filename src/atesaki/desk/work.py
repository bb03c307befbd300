"""The desk's shared views, and what an agent does to a case by hand: take it, give it away, set its date, end it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from atesaki import addresses, clock, ownership
from atesaki.tenants import Service

from . import access, calendar, cases, letter
from .models import Agent, Case, Letter, Mention, Message, SavedView

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
    "mentioned": lambda seen: Q(named_me=True),
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


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a view of an agent's own is cut by; empty fields do not cut.

    `older`: days. `who`: an agent's name, `me` or `nobody`. `number`: a part of the receipt number.
    """

    states: tuple[str, ...] = ()
    service: int | None = None
    older: int = 0
    who: str = ""
    number: str = ""


OWN = "own-"  # before the key of a saved view, among the names of views
MOST_VIEWS = 12
_OLDEST = 999


def narrow(  # noqa: PLR0917 - the fields of a form, in its order
    states: Sequence[str], service: str, older: str, who: str, number: str, agent: Agent
) -> Narrow:
    """What was chosen in the form. Raises `WorkError` for what cannot be chosen there."""
    known = Service.objects.filter(organisation=agent.organisation_id)
    found = known.filter(pk=int(service)).first() if service.isdecimal() and len(service) < 10 else None
    days = unicodedata.normalize("NFKC", older).strip()
    part = _as_number(number)
    if any(state not in State.values for state in states) or (service and found is None):
        raise WorkError("choice")
    if days and not (days.isascii() and days.isdecimal() and int(days) <= _OLDEST):
        raise WorkError("older")
    if len(part) > 9 or not re.fullmatch(r"[0-9A-Z-]*", part):
        raise WorkError("part")
    return Narrow(tuple(dict.fromkeys(states)), found.pk if found else None, int(days or 0), who.strip()[:40], part)


def saved(agent: Agent) -> dict[str, tuple[str, Narrow]]:
    """The agent's own views: key, name, and what each is cut by."""
    rows = SavedView.objects.filter(agent=agent.user_id).order_by("name")
    return {
        f"{OWN}{row.pk}": (row.name, Narrow(tuple(row.states), row.service_id, row.older, row.who, row.number))
        for row in rows
    }


def save_view(agent: Agent, name: str, cut: Narrow) -> str:
    """Keeps a view under a name, in place of one that has it; its key. Raises `WorkError`."""
    tidy = " ".join(unicodedata.normalize("NFKC", name).split())
    if not tidy or len(tidy) > 40 or not tidy.isprintable():
        raise WorkError("view_name")
    mine = SavedView.objects.filter(agent=agent.user_id)
    if mine.exclude(name=tidy).count() >= MOST_VIEWS:
        raise WorkError("views")
    kept = {"states": list(cut.states), "service_id": cut.service, "older": cut.older}
    row, _ = SavedView.objects.update_or_create(
        agent_id=agent.user_id, name=tidy, defaults={**kept, "who": cut.who, "number": cut.number}
    )
    return f"{OWN}{row.pk}"


def drop_view(agent: Agent, key: str) -> bool:
    """Removes one of the agent's own views; whether it was there."""
    pk = key.removeprefix(OWN)
    return pk.isdecimal() and bool(SavedView.objects.filter(agent=agent.user_id, pk=int(pk[:18])).delete()[0])


def _cut(view: str | Narrow, seen: Seen, own: dict[str, tuple[str, Narrow]]) -> Q:
    if isinstance(view, str):
        if view in VIEWS:
            return VIEWS[view](seen)
        view = own[view][1]
    found = Q(state__in=view.states) if view.states else _OPEN
    if view.service is not None:
        found &= Q(service=view.service)
    if view.older:
        found &= Q(opened__lte=seen.now - timedelta(days=view.older))
    if view.who:
        whose = {"me": Q(agent=seen.agent.user_id), "nobody": Q(agent=None)}
        found &= whose.get(view.who, Q(agent__username=view.who))
    return found & Q(number__contains=view.number) if view.number else found


def counts(agent: Agent) -> dict[str, int]:
    """How many cases stand in each view, the agent's own ones among them; one query."""
    seen, own = _seen(agent), saved(agent)
    asked = {name: Count("pk", filter=_cut(name, seen, own)) for name in VIEWS}
    asked |= {name.replace("-", "_"): Count("pk", filter=_cut(name, seen, own)) for name in own}
    found = dict(_of_organisation(agent).aggregate(**asked))
    return {name: found[name.replace("-", "_")] for name in (*VIEWS, *own)}


def knows(agent: Agent, view: str) -> bool:
    """Whether there is such a view for this agent."""
    return view in VIEWS or view in saved(agent)


def within(agent: Agent, view: str | Narrow) -> QuerySet[Case]:
    """The cases of a view, the next to move first; those that ended, the last to end first."""
    rows = _of_organisation(agent).filter(_cut(view, _seen(agent), saved(agent)))
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
    text = _as_number(typed)
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
        access.note(made.case, "letter", agent.user, "printed")
    return letter.pdf(made)


def close_unconfirmed(case: Case, by: Agent) -> None:
    """Ends a case that no mailbox has confirmed: nothing was changed by it. Raises `WorkError`."""
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        if locked.state != State.UNCONFIRMED:
            raise WorkError("confirmed")
        cases.close(locked, Case.End.LAPSED, by=by.user.get_username())
    case.refresh_from_db()


def _as_number(typed: str) -> str:
    return "".join(unicodedata.normalize("NFKC", typed).split()).upper().translate(_READ_ALOUD)


# Crockford's letters: what is said or read wrongly has one meaning.
_READ_ALOUD = str.maketrans("OIL‐−ー", "011---")


def _of_organisation(agent: Agent) -> QuerySet[Case]:
    out = Letter.objects.filter(case=OuterRef("pk"), posted__isnull=False, returned=None)
    unread = Message.objects.filter(case=OuterRef("pk"), direction=Message.Direction.IN, seen=None)
    rows = Case.objects.filter(organisation=agent.organisation_id)
    named = Mention.objects.filter(note__case=OuterRef("pk"), agent=agent.user_id, seen=None)
    rows = rows.annotate(letter_out=Exists(out), unread=Exists(unread), named_me=Exists(named))
    return rows.select_related("organisation", "service__organisation", "claim__service__organisation", "agent")


def _seen(agent: Agent) -> Seen:
    zones = Service.objects.filter(organisation=agent.organisation_id).values_list("zone", flat=True).distinct()
    days = tuple((zone, calendar.end_of(clock.today(zone), zone)) for zone in sorted(set(zones)))
    return Seen(agent, clock.now(), days)
