"""The register of improvements: wishes gathered, and how each ended told to who asked, after a preview of the mail."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk
from atesaki.language import Language
from atesaki.models import Agent, Improvement, Wish

from .. import wording
from .door import Right, within
from .screen import absent, age, say, show, when, word

_PAGE = 50
_ZONE = "Asia/Tokyo"
ImprovementError = desk.improvements.ImprovementError


@within(Right.IMPROVE, "GET", "HEAD", "POST")
def improvements(request: HttpRequest, agent: Agent) -> HttpResponse:
    """What is open, or `?done` what has ended; wishes that belong nowhere yet; a new improvement."""
    if request.method != "POST":
        return _list(request, agent)
    given = {field: request.POST.get(field, "") for field in ("title", "public")}
    try:
        desk.improvements.open_improvement(agent.organisation, **given, agent=agent)
    except ImprovementError as error:
        return _list(request, agent, 422, given=given, wrong=error.slug, error=_sentence(request, error))
    return HttpResponseRedirect(reverse("desk_improvements"))


@within(Right.IMPROVE, "POST")
def improvement(request: HttpRequest, agent: Agent, pk: int) -> HttpResponse:
    """Moves one on. An end is shown first, with the mail that it sends: only `sure` does it."""
    found = Improvement.objects.filter(pk=pk, organisation=agent.organisation_id).first()
    if found is None:
        return absent(request, agent)
    state, public = request.POST.get("state", ""), request.POST.get("public", "")
    try:
        if state in desk.improvements.ENDED and "sure" not in request.POST:
            return _preview(request, agent, found, state, public)
        desk.improvements.change(found, state, agent, public)
    except ImprovementError as error:
        context = {"at_fault": found.pk, "typed": public, "typed_state": state}
        return _list(request, agent, 422, wrong=error.slug, error=_sentence(request, error), **context)
    return HttpResponseRedirect(reverse("desk_improvements") + ("?done=1" if found.ended else ""))


@within(Right.IMPROVE, "POST")
def gather(request: HttpRequest, agent: Agent, pk: int) -> HttpResponse:
    """Puts a wish to an improvement."""
    wish = Wish.objects.filter(pk=pk, organisation=agent.organisation_id).first()
    if wish is None:
        return absent(request, agent)
    wanted = request.POST.get("to", "")
    rows = Improvement.objects.filter(organisation=agent.organisation_id)
    to = rows.filter(pk=int(wanted)).first() if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else None
    if to is None:
        error = say(request, "improve_wrong.to")
        return _list(request, agent, 422, wrong="to", wish_at_fault=wish.pk, error=error)
    desk.improvements.gather(wish, to, by=agent)
    return HttpResponseRedirect(reverse("desk_improvements"))


def _sentence(request: HttpRequest, error: ImprovementError) -> str:
    return say(request, f"improve_wrong.{error.slug}")


def _preview(request: HttpRequest, agent: Agent, found: Improvement, state: str, public: str) -> HttpResponse:
    lang = wording.chosen(request)
    mails = [
        {"language": word(lang, "desk_language", spoken), "lang": spoken, "many": many, "mail": mail}
        for spoken, many, mail in desk.improvements.preview(found, state, public)
    ]
    return show(
        request,
        agent,
        "improvement_preview",
        improvement=found,
        state=state,
        state_name=word(lang, "improve_state", state),
        public=public,
        mails=mails,
    )


def _list(request: HttpRequest, agent: Agent, status: int = 200, **context: object) -> HttpResponse:
    lang, done = wording.chosen(request), "done" in request.GET
    page = Paginator(desk.improvements.listed(agent.organisation, ended=done), _PAGE).get_page(request.GET.get("page"))
    loose = desk.improvements.loose(agent.organisation)
    states = [(state, word(lang, "improve_state", state)) for state in Improvement.State.values]
    return show(
        request,
        agent,
        "improvements",
        status,
        done=done,
        page=page,
        rows=[_row(each, lang) for each in page],
        wishes=[] if done else [_wish(each, lang) for each in loose[:_PAGE]],
        loose=loose.count(),
        targets=_targets(agent, lang),
        states=states,
        longest=desk.improvements.LONGEST_PUBLIC,
        **context,
    )


def _targets(agent: Agent, lang: Language) -> list[tuple[int, str]]:
    """Where a wish may be put: what is open first, then what has ended, whose wishers are told at once."""
    rows = [
        *desk.improvements.listed(agent.organisation, ended=False),
        *desk.improvements.listed(agent.organisation, ended=True)[:_PAGE],
    ]
    return [(each.pk, f"{each.pk}: {each.title} ({word(lang, 'improve_state', each.state)})") for each in rows]


def _row(each: Improvement, lang: Language) -> dict[str, object]:
    return {
        "improvement": each,
        "state": word(lang, "improve_state", each.state),
        "wishes": getattr(each, "wishes", 0),
        "waiting": getattr(each, "waiting", 0),
        "told": getattr(each, "told", 0),
        "created": when(each.created, _ZONE, lang),
        "ended": when(each.ended, _ZONE, lang) if each.ended else None,
        "age": age(each.created, lang),
    }


def _wish(each: Wish, lang: Language) -> dict[str, object]:
    zone = each.case.service.zone if each.case else _ZONE
    return {
        "pk": each.pk,
        "text": desk.improvements.words_of(each),
        "at": when(each.at, zone, lang),
        "age": age(each.at, lang),
        "case": each.case.number if each.case else "",
        "language": word(lang, "desk_language", each.language),
        "tell": each.sealed_address is not None,
    }
