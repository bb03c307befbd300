"""Who is let in to a page of the desk: a session that is not idle, and a role that has the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from atesaki import clock, desk
from atesaki.models import Agent, Case

from .screen import show

Right = desk.agents.Right
_IDLE = 60 * 60
_LONGEST = 12 * 3600  # whoever is busy signs in again the next day
_BEAT = 60  # seconds: a session is not written more often than this
_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, Agent, _P], HttpResponse]


def within(
    right: Right | None, *methods: str, quiet: bool = False
) -> Callable[[_View[_P]], Callable[..., HttpResponse]]:
    """For whoever is signed in and has `right` (None: any account); GET and HEAD, or the methods named.

    1 Nobody, or a session that ended: the sign-in page, with what was typed.
    2 A method that this page has not: 405.  3 A role without the right: 403, in a sentence.
    4 The view, with the agent. `quiet`: the page calls by itself, which does not keep a session awake.
    """
    allowed = methods or ("GET", "HEAD")

    def wrap(view: _View[_P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def enter(request: HttpRequest, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
            agent = known(request, quiet=quiet)
            if agent is None:
                return _to_sign_in(request)
            request.speaks = agent.language  # type: ignore[attr-defined]
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if right is not None and not desk.agents.may(agent, right):
                return show(request, agent, "refused", 403)
            return view(request, agent, *args, **kwargs)

        enter.right = right  # type: ignore[attr-defined]  # the tests go through views and roles by it
        return enter

    return wrap


def known(request: HttpRequest, *, quiet: bool = False) -> Agent | None:
    """The agent who is signed in; an idle or an old session ends here."""
    user = request.user
    if not user.is_authenticated:
        return None
    now = int(clock.now().timestamp())
    seen, since = (int(request.session.get(name, 0)) for name in ("seen", "since"))
    agent = desk.agents.of(user)
    if agent is None or not now - seen < _IDLE or not now - since < _LONGEST:
        auth.logout(request)
        request.user = AnonymousUser()
        return None
    if not quiet and now - seen >= _BEAT:
        request.session["seen"] = now
    return agent


def let_in(request: HttpRequest, agent: Agent) -> None:
    """Begins a session: another key than before (session fixation), and another CSRF token."""
    auth.login(request, agent.user, backend="django.contrib.auth.backends.ModelBackend")
    request.session["seen"] = request.session["since"] = int(clock.now().timestamp())


def case_of(request: HttpRequest, agent: Agent, number: str) -> Case | None:
    """The case with this number, if it is of the agent's organisation."""
    return desk.work.find(agent, number)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(f"{reverse('desk_sign_in')}?{urlencode({'next': request.get_full_path()})}")
    if request.headers.get("X-Atesaki-Script"):
        return HttpResponse(status=401)
    # A page that was left open for an hour: nothing was done, and what was written there must not be lost.
    return show(request, None, "sign_in", 401, ended=True, typed=request.POST.get("text", ""), next="")
