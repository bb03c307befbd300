"""The shared views with their counters, the search, and the one thing that may be done to many cases: assigning."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from atesaki import desk
from atesaki.addresses import AddressError
from atesaki.language import Language
from atesaki.models import Agent, Case
from atesaki.tenants import Service

from .. import wording
from .door import Right, within
from .screen import age, mark, say, show, until, when, word

_PAGE = 50
_FIRST = "mine"
CLOCK = desk.work.CLOCK
_FILTERS = ("service", "older", "who", "number")


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
    back = f"{reverse('desk')}?{urlencode({'view': view if desk.work.knows(agent, view) else _FIRST})}"
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


@within(Right.SEE, "POST")
def save_view(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Keeps what a list was narrowed by, under a name of the agent's own."""
    given = _given(request.POST)
    try:
        key = desk.work.save_view(agent, request.POST.get("name", ""), _narrow(given, agent))
    except desk.work.WorkError as error:
        return _board(request, agent, status=422, given=given, filter_error=say(request, f"desk_work.{error.slug}"))
    return HttpResponseRedirect(f"{reverse('desk')}?{urlencode({'view': key})}")


@within(Right.SEE, "POST")
def drop_view(request: HttpRequest, agent: Agent, view: str) -> HttpResponse:
    """Removes one of the agent's own views."""
    if not desk.work.drop_view(agent, view):
        return show(request, agent, "absent", 404)
    return HttpResponseRedirect(reverse("desk"))


def _given(sent: QueryDict) -> dict[str, object]:
    """What was chosen in the form, as it was typed."""
    return {"states": sent.getlist("state"), **{name: sent.get(name, "")[:60] for name in _FILTERS}}


def _narrow(given: dict[str, object], agent: Agent) -> desk.work.Narrow:
    states = given["states"] if isinstance(given["states"], list) else []
    service, older, who, number = (str(given[name]) for name in _FILTERS)
    return desk.work.narrow(states, service, older, who, number, agent)


def _views(counts: dict[str, int], own: dict[str, str], chosen: str, lang: Language) -> list[dict[str, object]]:
    return [
        {
            "slug": slug,
            "word": own.get(slug) or word(lang, "desk_view", slug),
            "own": slug in own,
            "count": counts[slug],
            "here": slug == chosen,
            "alarm": slug in ("overdue", "mentioned") and counts[slug] > 0,
        }
        for slug in counts
    ]


def _filter(agent: Agent, given: dict[str, object], lang: Language) -> dict[str, object]:
    """What the form offers, and what is chosen in it."""
    return {
        **given,
        "choices": [(state, word(lang, "desk_state", state)) for state in Case.State.values],
        "services": list(Service.objects.filter(organisation=agent.organisation_id).order_by("name")),
        "agents": [each.user.get_username() for each in desk.agents.listed(agent.organisation)],
    }


def _board(
    request: HttpRequest,
    agent: Agent,
    *,
    status: int = 200,
    view: str | None = None,
    given: dict[str, object] | None = None,
    filter_error: str = "",
    **context: object,
) -> HttpResponse:
    lang, counts = wording.chosen(request), desk.work.counts(agent)
    own = {key: name for key, (name, _) in desk.work.saved(agent).items()}
    chosen, cut = view or request.GET.get("view", ""), None
    given = given or _given(request.GET)
    if "filter" in request.GET and not filter_error:
        try:
            chosen, cut = "", _narrow(given, agent)
        except desk.work.WorkError as error:
            status, filter_error = 422, say(request, f"desk_work.{error.slug}")
    if cut is None and chosen not in counts:
        chosen = _FIRST if counts[_FIRST] or not desk.agents.may(agent, Right.WORK) else "unassigned"
        chosen = chosen if desk.agents.may(agent, Right.WORK) else "open"
    page: Page[Case] = Paginator(desk.work.within(agent, cut or chosen), _PAGE).get_page(request.GET.get("page"))
    title = say(request, "desk_filter.result") if cut else own.get(chosen) or word(lang, "desk_view", chosen)
    colleagues = desk.agents.listed(agent.organisation) if desk.agents.may(agent, Right.ASSIGN) else [agent]
    return show(
        request,
        agent,
        "board",
        status,
        views=_views(counts, own, chosen, lang),
        view=chosen,
        own=chosen in own,
        query=_query(given) if cut else "",
        filter=_filter(agent, given, lang),
        filter_error=filter_error,
        filtered=cut is not None,
        title=title,
        empty=say(request, "desk_filter.none") if cut or chosen in own else word(lang, "desk_empty", chosen),
        page=page,
        rows=[row(case, lang) for case in page],
        ticked=set(request.POST.getlist("case")),
        colleagues=[each.user.get_username() for each in colleagues if desk.agents.may(each, Right.WORK)],
        **context,
    )


def _query(given: dict[str, object]) -> str:
    """What the list is narrowed by, for the links to its other pages."""
    return urlencode({"filter": "1", "state": given["states"], **{name: given[name] for name in _FILTERS}}, doseq=True)
