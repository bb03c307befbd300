"""The shared views with their counters, the search, and the one thing that may be done to many cases: assigning."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk
from atesaki.addresses import AddressError
from atesaki.language import Language
from atesaki.models import Agent, Case

from .. import wording
from .door import Right, within
from .screen import age, mark, say, show, until, when, word

_PAGE = 50
_FIRST = "mine"
VIEWS, CLOCK = desk.work.VIEWS, desk.work.CLOCK


@within(Right.SEE)
def board(request: HttpRequest, agent: Agent) -> HttpResponse:
    """One view of the organisation's cases, and how many stand in each."""
    return _board(request, agent)


@within(Right.SEE, "POST")
def search(request: HttpRequest, agent: Agent) -> HttpResponse:
    """By number, or by the address that a case is about; one hit opens at once.

    A POST, because what stands in a URL is kept in histories and logs, and an address must not be (L8).
    """
    typed = request.POST.get("q", "")[:400]
    try:
        found = desk.work.search(agent, typed)
    except AddressError:
        return _board(request, agent, status=422, searched=typed, search_error=say(request, "desk_search.neither"))
    if len(found) == 1:
        return HttpResponseRedirect(reverse("desk_case", args=[found[0].number]))
    if not found:
        return _board(request, agent, status=404, searched=typed, search_error=say(request, "desk_search.nothing"))
    lang = wording.chosen(request)
    return show(request, agent, "found", rows=[row(case, lang) for case in found])


@within(Right.SEE, "POST")
def assign(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Gives the ticked cases to one agent: to oneself with WORK, to others with ASSIGN. Nothing is mailed."""
    view = request.POST.get("view", _FIRST)
    back = f"{reverse('desk')}?{urlencode({'view': view if view in VIEWS else _FIRST})}"
    wanted, own = request.POST.get("to", ""), agent.user.get_username()
    right = Right.WORK if wanted == own else Right.ASSIGN
    if not desk.agents.may(agent, right):
        return show(request, agent, "refused", 403)
    cases = [case for number in request.POST.getlist("case") if (case := desk.work.find(agent, number))]
    if not cases:
        return _board(request, agent, status=422, view=view, error=say(request, "desk_list.none_ticked"))
    try:
        to = desk.agents.find(wanted, agent.organisation) if wanted else None
    except desk.agents.AgentError:
        return _board(request, agent, status=422, view=view, error=say(request, "desk_list.nobody"))
    missed = [case.number for case in cases if not _give(case, to, agent)]
    if missed:
        said = say(request, "desk_list.missed", numbers=", ".join(missed))
        return _board(request, agent, status=409, view=view, error=said)
    return HttpResponseRedirect(back)


def _give(case: Case, to: Agent | None, by: Agent) -> bool:
    """Whether the case is theirs now. An agent without ASSIGN takes only what nobody has."""
    if not desk.agents.may(by, Right.ASSIGN):
        return desk.work.take(case, by)
    try:
        desk.work.assign(case, to)
    except desk.work.WorkError:
        return False
    return True


def row(case: Case, lang: Language) -> dict[str, object]:
    """A case as a list shows it."""
    zone = case.service.zone
    return {
        "number": case.number,
        "service": case.service.name,
        "mark": mark(case),
        "state": word(lang, "desk_state", case.state),
        "overdue": mark(case) == "overdue",
        "end": word(lang, "desk_end", case.end) if case.end else "",
        "via": word(lang, "desk_via", case.via),
        "age": age(case.opened, lang),
        "opened": when(case.opened, zone, lang),
        "due": until(case.due, zone, lang) if case.due else None,
        "closed": when(case.closed, zone, lang) if case.closed else None,
        "clock": word(lang, "desk_clock", CLOCK[case.state]) if case.state in CLOCK else "",
        "agent": case.agent.get_username() if case.agent else "",
        "unread": getattr(case, "unread", False),
    }


def _board(
    request: HttpRequest, agent: Agent, *, status: int = 200, view: str | None = None, **context: object
) -> HttpResponse:
    lang = wording.chosen(request)
    counts = desk.work.counts(agent)
    chosen = view or request.GET.get("view", "")
    if chosen not in VIEWS:
        chosen = _FIRST if counts[_FIRST] or not desk.agents.may(agent, Right.WORK) else "unassigned"
        chosen = chosen if desk.agents.may(agent, Right.WORK) else "open"
    page: Page[Case] = Paginator(desk.work.within(agent, chosen), _PAGE).get_page(request.GET.get("page"))
    views = [
        {
            "slug": slug,
            "word": word(lang, "desk_view", slug),
            "count": counts[slug],
            "here": slug == chosen,
            "alarm": slug == "overdue" and counts[slug] > 0,
        }
        for slug in VIEWS
    ]
    colleagues = desk.agents.listed(agent.organisation) if desk.agents.may(agent, Right.ASSIGN) else [agent]
    return show(
        request,
        agent,
        "board",
        status,
        views=views,
        view=chosen,
        title=word(lang, "desk_view", chosen),
        empty=word(lang, "desk_empty", chosen),
        page=page,
        rows=[row(case, lang) for case in page],
        ticked=set(request.POST.getlist("case")),
        colleagues=[each.user.get_username() for each in colleagues if desk.agents.may(each, Right.WORK)],
        **context,
    )
