"""The accounts of an organisation's desk, for its administrator; and who revealed what, for its privacy officer."""

from __future__ import annotations

import segno
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk
from atesaki.models import Agent, Service

from .. import wording
from .door import Right, within
from .screen import say, show, when, word

_LOG_PAGE = 100
AgentError = desk.agents.AgentError


@within(Right.ACCOUNTS, "GET", "HEAD", "POST")
def accounts(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Who has an account; a new one, whose secrets are shown this once."""
    if request.method != "POST":
        return _list(request, agent)
    given = {field: request.POST.get(field, "") for field in ("name", "role", "language")}
    try:
        issued = desk.agents.add(
            given["name"], organisation=agent.organisation, role=given["role"], language=given["language"]
        )
    except AgentError as error:
        return _list(request, agent, status=422, given=given, error=say(request, f"desk_account_wrong.{error.slug}"))
    return _issued(request, agent, issued)


@within(Right.ACCOUNTS, "POST")
def reset(request: HttpRequest, agent: Agent, name: str) -> HttpResponse:
    """A new password and second factor for an agent of the organisation."""
    found = _find(agent, name)
    if found is None:
        return show(request, agent, "absent", 404)
    return _issued(request, agent, desk.agents.reset(found))


@within(Right.ACCOUNTS, "POST")
def retire(request: HttpRequest, agent: Agent, name: str) -> HttpResponse:
    """Ends an account of the organisation; nobody's own, or the last administrator could lock the house."""
    found = _find(agent, name)
    if found is None:
        return show(request, agent, "absent", 404)
    if found.pk == agent.pk:
        return _list(request, agent, status=422, error=say(request, "desk_accounts.own"))
    desk.agents.retire(found)
    return HttpResponseRedirect(reverse("desk_accounts"))


@within(Right.LOG)
def reveals(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Who looked at which field of which case's customer, when and why."""
    page = Paginator(desk.access.of_house(agent), _LOG_PAGE).get_page(request.GET.get("page"))
    lang = wording.chosen(request)
    zone = Service.objects.filter(organisation=agent.organisation_id).order_by("pk").values_list("zone", flat=True)
    at = zone.first() or "UTC"
    shown = [
        {
            "number": row.number_of,
            "inquiry": row.what == "inquiry",
            "who": row.agent.get_username() if row.agent else "",
            "field": word(lang, "desk_field", row.what),
            "reason": row.reason,
            "at": when(row.at, at, lang),
        }
        for row in page
    ]
    return show(request, agent, "reveals", page=page, rows=shown)


def _find(agent: Agent, name: str) -> Agent | None:
    try:
        return desk.agents.find(name, agent.organisation)
    except AgentError:
        return None


def _list(request: HttpRequest, agent: Agent, status: int = 200, **context: object) -> HttpResponse:
    lang = wording.chosen(request)
    rows = [
        {"name": each.user.get_username(), "role": word(lang, "desk_role", each.role), "own": each.pk == agent.pk}
        for each in desk.agents.listed(agent.organisation)
    ]
    roles = [
        (role.value, word(lang, "desk_role", role.value), word(lang, "desk_role_does", role.value))
        for role in desk.agents.Role
    ]
    return show(request, agent, "accounts", status, rows=rows, roles=roles, **context)


def _issued(request: HttpRequest, agent: Agent, issued: desk.agents.Issued) -> HttpResponse:
    picture = segno.make(issued.totp_uri, micro=False).svg_data_uri(scale=5, border=4, light="#fff")
    return show(
        request,
        agent,
        "issued",
        name=issued.agent.user.get_username(),
        password=issued.password,
        uri=issued.totp_uri,
        picture=picture,
    )
