"""Questions that need no case, and reports that came by phone or letter."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import clock, desk, keys
from atesaki.addresses import AddressError
from atesaki.language import Language, language
from atesaki.models import Agent, Case, Inquiry

from .. import wording
from .door import Right, within
from .screen import absent, age, say, show, when, word

_PAGE = 50
_ZONE = "Asia/Tokyo"
_BY_AGENT = (Case.Via.PHONE, Case.Via.LETTER)
_LONGEST = 2_000


@within(Right.SEE)
def inquiries(request: HttpRequest, agent: Agent) -> HttpResponse:
    """What was asked on `/ask`: open ones first asked first; `?done` those that are done."""
    done = "done" in request.GET
    rows = _of(agent).filter(done__isnull=not done).order_by("-done" if done else "at", "number")
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    lang = wording.chosen(request)
    return show(request, agent, "inquiries", page=page, rows=[_row(each, lang) for each in page], done=done)


@within(Right.SEE)
def inquiry(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """One question, opened."""
    found = _of(agent).filter(number=number).first()
    if found is None:
        return absent(request, agent)
    try:
        inside = desk.asked(found)
    except keys.SealBroken:
        inside = {}
    lang = wording.chosen(request)
    return show(request, agent, "inquiry", inquiry=found, row=_row(found, lang), inside=inside)


@within(Right.WORK, "POST")
def take(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The agent takes a question that nobody has."""
    if not _of(agent).filter(number=number).exists():
        return absent(request, agent)
    _of(agent).filter(number=number, agent=None, done=None).update(agent=agent.user_id)
    return HttpResponseRedirect(reverse("desk_inquiry", args=[number]))


@within(Right.WORK, "POST")
def done(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The question is dealt with."""
    if not _of(agent).filter(number=number).exists():
        return absent(request, agent)
    _of(agent).filter(number=number, done=None).update(done=clock.now(), agent=agent.user_id)
    return HttpResponseRedirect(reverse("desk_inquiries"))


@within(Right.WORK, "GET", "HEAD", "POST")
def report(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Writes down a report that came by phone or letter: a claim like any other, which the mailbox is asked about."""
    if request.method != "POST":
        return show(request, agent, "report", given={"via": "phone", "language": agent.language})
    given = {field: request.POST.get(field, "") for field in ("address", "via", "language", "text")}
    error, field = "", ""
    if given["via"] not in _BY_AGENT:
        error, field = say(request, "desk_report.via_wrong"), "via"
    elif len(given["text"]) > _LONGEST:
        error, field = say(request, "desk_report.long"), "text"
    else:
        try:
            desk.report(given["address"], given["via"], language(given["language"]), given["text"])
        except AddressError:
            error, field = say(request, "desk_report.address_wrong"), "address"
    if error:
        return show(request, agent, "report", 422, given=given, error=error, field=field)
    return show(request, agent, "reported")


def _of(agent: Agent) -> QuerySet[Inquiry]:
    """Questions about the organisation's services, and those that name none, which any desk here may take."""
    mine = Q(service__organisation=agent.organisation_id) | Q(service=None)
    return Inquiry.objects.filter(mine).select_related("service", "agent")


def _row(found: Inquiry, lang: Language) -> dict[str, object]:
    zone = found.service.zone if found.service else _ZONE
    return {
        "number": found.number,
        "subject": word(lang, "ask_subject", found.subject),
        "service": found.service.name if found.service else "",
        "language": word(lang, "desk_language", found.language),
        "at": when(found.at, zone, lang),
        "age": age(found.at, lang),
        "agent": found.agent.get_username() if found.agent else "",
        "done": when(found.done, zone, lang) if found.done else None,
    }
