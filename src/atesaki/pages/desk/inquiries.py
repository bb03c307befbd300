"""Questions that need no case, and their answers; and reports that came by phone or letter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk, keys
from atesaki.addresses import AddressError
from atesaki.language import Language, language
from atesaki.models import Agent, Case, Inquiry
from atesaki.tenants import Service

from .. import wording
from . import unsent
from .door import Right, within
from .screen import absent, age, late, say, show, until, when, word

_PAGE = 50
_BY_AGENT = (Case.Via.PHONE, Case.Via.LETTER)
_LONGEST = 2_000
InquiryError = desk.inquiries.InquiryError
State = Inquiry.State
_TABS = {"open": State.OPEN, "answered": State.ANSWERED, "done": State.CLOSED}


@within(Right.SEE)
def inquiries(request: HttpRequest, agent: Agent) -> HttpResponse:
    """What was asked on `/ask`: what waits for the desk, by its date; `?answered`, and `?done` what is closed."""
    tab = next((name for name in ("answered", "done") if name in request.GET), "open")
    rows = desk.inquiries.of(agent).filter(state=_TABS[tab])
    rows = rows.order_by("-done", "number") if tab == "done" else rows.order_by(F("due").asc(nulls_last=True), "at")
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    lang = wording.chosen(request)
    return show(
        request,
        agent,
        "inquiries",
        page=page,
        rows=[_row(each, lang) for each in page],
        tab=tab,
        query=f"{tab}=1" if tab != "open" else "",
    )


@within(Right.SEE)
def inquiry(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """One question, opened, with everything that was written after it."""
    found = _found(agent, number)
    return absent(request, agent) if found is None else _inquiry(request, agent, found)


@within(Right.WORK, "POST")
def take(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The agent takes a question that nobody has, or gives it back."""
    found = _found(agent, number)
    if found is None:
        return absent(request, agent)
    if "back" in request.POST:
        desk.inquiries.give_back(found, agent)
    elif not desk.inquiries.take(found, agent):
        found.refresh_from_db()
        return _inquiry(request, agent, found, 409, error=say(request, "desk_work.taken"))
    return HttpResponseRedirect(reverse("desk_inquiry", args=[number]))


@within(Right.WORK, "POST")
def done(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The question is dealt with."""
    found = _found(agent, number)
    if found is None:
        return absent(request, agent)
    desk.inquiries.close(found, agent)
    return HttpResponseRedirect(reverse("desk_inquiries"))


# -- an answer ------------------------------------------------------------------------------------------------------


@within(Right.ANSWER, "GET", "HEAD", "POST")
def compose(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """Writes an answer; a POST asks for the preview."""
    found = _found(agent, number)
    if found is None:
        return absent(request, agent)
    text, lang = request.POST.get("text", ""), _lang(request, found)
    if request.method != "POST" or "language" in request.POST:
        other: Language = "en" if lang == "ja" else "ja"
        return answer_page(request, agent, found, other if "language" in request.POST else lang, text)
    service = _service(request, agent, found)
    try:
        if service is None:
            raise InquiryError("service")
        mail, said = desk.inquiries.preview(found, service, text, lang)
    except InquiryError as error:
        return answer_page(request, agent, found, lang, text, slug=error.slug)
    given: dict[str, Any] = {
        "inquiry": found,
        "service": service,
        "mail": mail,
        "said": said,
        "text": text,
        "lang_of_mail": lang,
    }
    return show(request, agent, "inquiry_preview", **given, key=str(keys.uuid7()))


@within(Right.ANSWER, "POST")
def send(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """Sends what was previewed, when its time to be called back is over. Pressed twice, it is one mail."""
    found = _found(agent, number)
    if found is None:
        return absent(request, agent)
    text, lang, service = request.POST.get("text", ""), _lang(request, found), _service(request, agent, found)
    if "back" in request.POST:
        return answer_page(request, agent, found, lang, text)
    try:
        pk = UUID(request.POST.get("key", ""))
        if service is None:
            raise InquiryError("service")
        desk.unsent.inquiry(found, service, agent, text, lang, pk)
    except ValueError as error:
        slug = error.slug if isinstance(error, InquiryError) else "again"
        if slug != "sent_already":
            return answer_page(request, agent, found, lang, text, slug=slug)
    return HttpResponseRedirect(reverse("desk_inquiry", args=[number]))


def answer_page(
    request: HttpRequest, agent: Agent, found: Inquiry, lang: Language, text: str, *, slug: str = ""
) -> HttpResponse:
    """The form; `slug` says what was wrong with it."""
    services = desk.inquiries.choices(found, agent)
    obstacle = desk.inquiries.obstacle(found, services[0]) if services else "no_address"
    return show(
        request,
        agent,
        "inquiry_answer",
        422 if slug else 200,
        inquiry=found,
        text=text,
        error=say(request, f"desk_inquiry_wrong.{slug}") if slug else "",
        obstacle=say(request, f"desk_inquiry_wrong.{obstacle}") if obstacle and not slug else "",
        services=services,
        chosen=_service(request, agent, found),
        said=_said(found, wording.chosen(request)),
        lang_of_mail=lang,
        mail_language=word(wording.chosen(request), "desk_language", lang),
        other_language=word(wording.chosen(request), "desk_language", "en" if lang == "ja" else "ja"),
        reads=word(wording.chosen(request), "desk_language", found.language),
    )


def _found(agent: Agent, number: str) -> Inquiry | None:
    """The inquiry, if it is the agent's to see; whatever page shows it, that it was opened is in the log."""
    found = desk.inquiries.of(agent).filter(number=number).first()
    if found is not None:
        desk.access.opened(found, agent)
    return found


def _lang(request: HttpRequest, found: Inquiry) -> Language:
    wanted = request.POST.get("in", "")
    return language(wanted if wanted in ("ja", "en") else found.language)


def _service(request: HttpRequest, agent: Agent, found: Inquiry) -> Service | None:
    """In whose name; where there is only one, nobody need choose."""
    services = desk.inquiries.choices(found, agent)
    if len(services) == 1:
        return services[0]
    return next((service for service in services if str(service.pk) == request.POST.get("service")), None)


def _inquiry(request: HttpRequest, agent: Agent, found: Inquiry, status: int = 200, **context: object) -> HttpResponse:
    try:
        inside = desk.asked(found)
    except keys.SealBroken:
        inside = {}
    lang = wording.chosen(request)
    return show(
        request,
        agent,
        "inquiry",
        status,
        inquiry=found,
        row=_row(found, lang),
        inside=inside,
        said=_said(found, lang),
        own=found.agent_id == agent.user_id,
        waiting=unsent.shown(request, asked=found),
        **context,
    )


def screen_of(request: HttpRequest, agent: Agent, found: Inquiry, error: str) -> HttpResponse:
    """The question again, with what could not be done."""
    return _inquiry(request, agent, found, 409, error=error)


def _said(found: Inquiry, lang: Language) -> list[dict[str, object]]:
    zone = desk.inquiries.zone_of(found)
    return [
        {
            "by_desk": each.by_desk,
            "who": each.agent,
            "head": word(lang, "desk_inquiry_kind", each.kind)
            if each.kind != "question"
            else word(lang, "desk_inquiry", "question"),
            "text": each.text,
            "at": when(each.at, zone, lang),
        }
        for each in desk.inquiries.conversation(found)
    ]


# -- by phone or letter ---------------------------------------------------------------------------------------------


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


def _row(found: Inquiry, lang: Language) -> dict[str, object]:
    zone = desk.inquiries.zone_of(found)
    overdue = found.state == State.OPEN and late(found.due)
    marks = {State.OPEN: "reaching", State.ANSWERED: "awaiting", State.CLOSED: "closed"}
    return {
        "number": found.number,
        "subject": word(lang, "ask_subject", found.subject),
        "service": found.service.name if found.service else "",
        "language": word(lang, "desk_language", found.language),
        "at": when(found.at, zone, lang),
        "age": age(found.at, lang),
        "state": word(lang, "desk_inquiry_state", found.state),
        "mark": "overdue" if overdue else marks[State(found.state)],
        "overdue": overdue,
        "closed": found.state == State.CLOSED,
        "end": word(lang, "desk_inquiry_end", found.end) if found.end else "",
        "due": until(found.due, zone, lang) if found.due else None,
        "clock": word(lang, "desk_inquiry_clock", found.state) if found.state != State.CLOSED else "",
        "agent": found.agent.get_username() if found.agent else "",
        "done": when(found.done, zone, lang) if found.done else None,
    }
