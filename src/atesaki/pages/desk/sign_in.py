"""Coming in, going out, and what an agent may change about their own account."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from atesaki import desk
from atesaki.models import Agent

from .. import wording
from .door import Right, known, let_in, within
from .screen import say, short, show

_ZONE = "Asia/Tokyo"


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name, password and code in one form, and one sentence for whatever of them was wrong.

    1 Who is in already goes on.  2 The try is counted, then looked at; too many, and it is said until when.
    3 A new session, and back to where they wanted to go.
    """
    target = _target(request)
    if request.method != "POST":
        if known(request) is not None:
            return HttpResponseRedirect(target)
        return show(request, None, "sign_in", next=target)
    name, password, code = (request.POST.get(field, "") for field in ("name", "password", "code"))
    if not (name.strip() and password and code.strip()):
        return _again(request, name, say(request, "desk_sign_in.incomplete"), 422)
    attempt = desk.agents.sign_in(name, password, code, request.META.get("REMOTE_ADDR", ""))
    if attempt.wait_until is not None:
        until = short(attempt.wait_until, _ZONE, wording.chosen(request))
        response = _again(request, name, say(request, "desk_sign_in.wait", until=until), 429)
        response["Retry-After"] = "900"
        return response
    if attempt.agent is None:
        return _again(request, name, say(request, "desk_sign_in.wrong"), 422)
    let_in(request, attempt.agent)
    return HttpResponseRedirect(target)


def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("desk_sign_in"))
    auth.logout(request)
    return show(request, None, "sign_in", signed_out=True, next=reverse("desk"))


@sensitive_post_parameters()
@within(None, "GET", "HEAD", "POST")
def account(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The agent's language, and their password."""
    if request.method != "POST":
        return show(request, agent, "account", seconds=desk.unsent.SECONDS)
    if "undo" in request.POST:
        desk.agents.call_back_within(agent, request.POST["undo"])
        return HttpResponseRedirect(reverse("desk_account"))
    if "language" in request.POST:
        desk.agents.speak(agent, request.POST["language"])
        return HttpResponseRedirect(reverse("desk_account"))
    old, new, again = (request.POST.get(field, "") for field in ("old", "new", "again"))
    if new != again:
        return show(
            request, agent, "account", 422, seconds=desk.unsent.SECONDS, error=say(request, "desk_account.differ")
        )
    try:
        desk.agents.change_password(agent, old, new)
    except desk.agents.AgentError as error:
        return show(
            request,
            agent,
            "account",
            422,
            seconds=desk.unsent.SECONDS,
            error=say(request, f"desk_account_wrong.{error.slug}"),
        )
    changed = desk.agents.of(agent.user) or agent
    let_in(request, changed)  # other sessions of theirs have ended; this one goes on
    return show(request, changed, "account", seconds=desk.unsent.SECONDS, changed=True)


@within(None)
def keys(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The sheet of keys, as a page."""
    return show(request, agent, "keys")


@within(None)
def home(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Each role's first page."""
    if desk.agents.may(agent, Right.SEE):
        from .lists import board

        return board(request)
    return HttpResponseRedirect(reverse("desk_accounts"))


def _again(request: HttpRequest, name: str, error: str, status: int) -> HttpResponse:
    return show(request, None, "sign_in", status, name=name, error=error, next=_target(request))


def _target(request: HttpRequest) -> str:
    """Where to go after signing in: a page of the desk, whatever a link says."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fine = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith(("/desk/", "/operator/"))
    return wanted if fine else reverse("desk")
