"""The page of one case: what is known, what comes next, what happened; and what an agent does to it by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from atesaki import clock, desk, ownership
from atesaki.language import Language, moment
from atesaki.models import Agent, Assessment, Case, Letter, Reporter

from .. import wording
from . import timeline, unsent
from .door import Right, within
from .lists import CLOCK
from .screen import absent, age, day, mark, say, show, until, when, word

_Act = Callable[..., HttpResponse | None]
_NEIGHBOURS = 500  # how far J and K go


@within(Right.SEE)
def page(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The case; that the agent has it on the screen is noted for those who open it too."""
    case = desk.work.find(agent, number)
    if case is None:
        return absent(request, agent)
    desk.drafts.here(case, agent)
    return screen_of(request, agent, case)


def acts(right: Right, place: str) -> Callable[[_Act], Callable[..., HttpResponse]]:
    """An act on a case of the agent's organisation, by POST.

    Done, the case is shown again at `place`; what cannot be done is said there, beside what was typed.
    """

    def wrap(act: _Act) -> Callable[..., HttpResponse]:
        @within(right, "POST")
        def view(request: HttpRequest, agent: Agent, /, number: str, **more: Any) -> HttpResponse:
            case = desk.work.find(agent, number)
            if case is None:
                return absent(request, agent)
            try:
                done = act(request, agent, case, **more)
            except desk.DeskError as error:
                said = error.sentence(wording.chosen(request))
            except desk.work.WorkError as error:
                said = say(request, f"desk_work.{error.slug}")
            else:
                return done or back_to(case, place)
            return screen_of(request, agent, case, 422, errors={place: said})

        view.__name__, view.__doc__ = act.__name__, act.__doc__
        return view

    return wrap


def back_to(case: Case, place: str = "") -> HttpResponse:
    """The case again, after something was done."""
    return HttpResponseRedirect(reverse("desk_case", args=[case.number]) + (f"#{place}" if place else ""))


# -- by hand ------------------------------------------------------------------------------------------------


@acts(Right.NOTE, "note")
def note(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Keeps an internal note."""
    text = request.POST.get("text", "")
    if not text.strip():
        raise desk.work.WorkError("empty_note")
    if len(text) > desk.drafts.LONGEST:
        desk.drafts.keep(case, agent, "note", text)
        raise desk.work.WorkError("long_note")
    desk.drafts.note(case, agent, text)
    desk.drafts.seen(case)
    return None


@acts(Right.SEE, "note")
def seen(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """The agent has looked at the notes that name them; the page's script says so by itself."""
    desk.mentions.seen(case, agent)
    return None


@acts(Right.WORK, "who")
def take(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Assigns the case to the agent who presses."""
    if not desk.work.take(case, agent):
        raise desk.work.WorkError("taken")
    return None


@acts(Right.WORK, "who")
def give_back(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """The agent no longer has the case."""
    desk.work.give_back(case, agent)
    return None


@acts(Right.ASSIGN, "who")
def assign(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Gives the case to a colleague, or to nobody."""
    name = request.POST.get("to", "")
    try:
        to = desk.agents.find(name, agent.organisation) if name else None
    except desk.agents.AgentError as error:
        raise desk.work.WorkError("stranger") from error
    if to is not None and not desk.agents.may(to, Right.WORK):
        raise desk.work.WorkError("stranger")
    desk.work.assign(case, to)
    return None


@acts(Right.WORK, "until")
def pending(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """The desk looks at the case again on another day."""
    desk.work.pending(case, _date(request.POST.get("until", "")))
    return None


@acts(Right.CLOSE, "end")
def close(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Ends a case by hand: what the service did, as it told the desk; or a report that no mailbox confirmed."""
    match request.POST.get("end", ""):
        case Case.End.CORRECTED:
            desk.ends.corrected(case, agent)
        case Case.End.WITHDRAWN:
            desk.ends.withdrawn(case, agent)
        case Case.End.LAPSED:
            desk.work.close_unconfirmed(case, agent)
        case _:
            raise desk.work.WorkError("end")
    return None


# -- by the page's script -----------------------------------------------------------------------------------


@within(Right.SEE, "POST", quiet=True)
def presence(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The page's heart: the agent has the case on the screen, or leaves it. Who else has it, as a sentence."""
    case = desk.work.find(agent, number)
    if case is None:
        return HttpResponse(status=404)
    if request.POST.get("leave"):
        desk.drafts.away(case, agent)
        return HttpResponse(status=204)
    desk.drafts.here(case, agent)
    desk.drafts.seen(case)
    desk.mentions.seen(case, agent)
    return JsonResponse({"others": others(request, agent, case)})


@within(Right.NOTE, "POST")
def draft(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """Keeps what has been typed so far."""
    case = desk.work.find(agent, number)
    kind = request.POST.get("kind", "")
    if case is None or kind not in desk.drafts.KINDS:
        return HttpResponse(status=404)
    kept = desk.drafts.keep(case, agent, kind, request.POST.get("text", ""))
    said = say(request, "desk_case.draft_kept", at=_clock(kept.at, case)) if kept else ""
    return JsonResponse({"said": said})


def others(request: HttpRequest, agent: Agent, case: Case) -> list[str]:
    """Who else has this open, since when."""
    return [
        say(request, "desk_case.collision", name=name, since=_clock(since, case))
        for name, since in desk.drafts.others(case, agent)
    ]


# -- the screen ---------------------------------------------------------------------------------------------


def screen_of(
    request: HttpRequest,
    agent: Agent,
    case: Case,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    revealed: dict[str, str] | None = None,
) -> HttpResponse:
    """The whole page. `errors`: what could not be done, by place; `revealed`: fields in the clear, this once."""
    desk.access.opened(case, agent)
    if status != 200:  # what was done before the refusal stands; show the case as it is now
        case = desk.work.find(agent, case.number) or case
    lang = wording.chosen(request)
    errors = errors or {}
    given: dict[str, object] = {
        **_head(request, agent, case, lang),
        **_facts(case, lang),
        **_customer(case, lang, revealed or {}, errors, request),
        "timeline": timeline.timeline(case, lang),
        "errors": errors,
        "error": next(iter(errors.values()), ""),
        "others": others(request, agent, case),
        "note": _typed_note(request, agent, case, errors),
        "names": ", ".join(each.user.get_username() for each in desk.mentions.mentionable(case) if each.pk != agent.pk),
        "mentioned": desk.mentions.unseen(case, agent),
        "waiting": unsent.shown(request, case=case),
    }
    return show(request, agent, "case", status, **given)


def _head(request: HttpRequest, agent: Agent, case: Case, lang: Language) -> dict[str, object]:
    """State, clock, who has it, and what may be done by hand."""
    zone, is_open = case.service.zone, case.state != Case.State.CLOSED
    colleagues = desk.agents.listed(agent.organisation) if desk.agents.may(agent, Right.ASSIGN) else []
    ends = []
    if desk.agents.may(agent, Right.CLOSE) and is_open:
        confirmed = case.state != Case.State.UNCONFIRMED
        ends = [Case.End.CORRECTED, Case.End.WITHDRAWN] if confirmed else [Case.End.LAPSED]
    before, after = _neighbours(request, agent, case)
    return {
        "case": case,
        "mark": mark(case),
        "state": word(lang, "desk_state", case.state),
        "ended": word(lang, "desk_end", case.end) if case.end else "",
        "is_open": is_open,
        "clock": word(lang, "desk_clock", CLOCK[case.state]) if case.state in CLOCK else "",
        "due": until(case.due, zone, lang) if case.due else None,
        "age": age(case.opened, lang),
        "has_it": case.agent_id == agent.user_id,
        "holder": case.agent.get_username() if case.agent else "",
        "colleagues": [each.user.get_username() for each in colleagues if desk.agents.may(each, Right.WORK)],
        "may_wait": is_open and case.state == Case.State.REACHING,
        "tomorrow": desk.business_day(clock.today(zone), 1, zone).isoformat(),
        "until": request.POST.get("until", ""),
        "ends": [(end.value, word(lang, "desk_end_do", end.value)) for end in ends],
        "next": _next(case, lang),
        "before": before,
        "after": after,
        "view": request.GET.get("view", ""),
    }


def _neighbours(request: HttpRequest, agent: Agent, case: Case) -> tuple[str, str]:
    """The cases before and after this one in the view that it was opened from."""
    view = request.GET.get("view", "")
    if not desk.work.knows(agent, view):
        return "", ""
    numbers = list(desk.work.within(agent, view).values_list("number", flat=True)[:_NEIGHBOURS])
    if case.number not in numbers:
        return "", numbers[0] if numbers else ""
    at = numbers.index(case.number)
    return numbers[at - 1] if at else "", numbers[at + 1] if at + 1 < len(numbers) else ""


def _next(case: Case, lang: Language) -> dict[str, object]:
    """What comes next: the rung, and the day it is for."""
    rung = desk.ladder.next_rung(case)
    if rung is not None:
        return {"word": word(lang, "desk_next", rung.rung), "rung": rung.rung, "on": day(rung.on, lang)}
    if case.state == Case.State.CLOSED:
        return {"word": word(lang, "desk_next", "closed"), "rung": "closed", "on": ""}
    return {"word": word(lang, "desk_next", case.state), "rung": case.state, "on": ""}


def _facts(case: Case, lang: Language) -> dict[str, object]:
    """What is known of the report. The mailbox is masked: nobody needs more of it to work."""
    zone = case.service.zone
    reporter = Reporter.objects.get(case=case)
    address = ownership.plain(bytes(case.digest))
    assessment = Assessment.objects.filter(case=case).first()
    return {
        "mailbox": address.masked() if address else "",
        "via": word(lang, "desk_via", case.via),
        "opened": moment(case.opened, zone, lang),
        "confirmed": moment(case.confirmed, zone, lang) if case.confirmed else "",
        "told": moment(case.told, zone, lang) if case.told else "",
        "services": ", ".join(sorted({service.name for service in desk.services_of(case)} | {case.service.name})),
        "wish": word(lang, "desk_wish", reporter.wish),
        "disposal": word(lang, "desk_disposal", reporter.disposal),
        "reads": word(lang, "desk_language", reporter.language),
        "report_due": moment(case.report_due, zone, lang) if case.report_due else "",
        "deadline": day(case.deadline, lang) if case.deadline else "",
        "erased": moment(case.erased, zone, lang) if case.erased else "",
        "closed": moment(case.closed, zone, lang) if case.closed else "",
        "leak": word(lang, "desk_leak_answer", assessment.answer) if assessment else "",
        "obstacle": desk.answers.obstacle(case),
    }


def _customer(
    case: Case, lang: Language, revealed: dict[str, str], errors: dict[str, str], request: HttpRequest
) -> dict[str, object]:
    """How the customer may be reached: masked, but for what was revealed in this very request."""
    known = desk.ladder.customer(case)
    masked = known.masked(case.service.zone) if known else None
    fields = [
        {
            "slug": field,
            "word": word(lang, "desk_field", field),
            "masked": getattr(masked, field) if masked else "",
            "plain": revealed.get(field, ""),
            "error": errors.get("customer", "") if request.POST.get("field") == field else "",
            "reason": request.POST.get("reason", "") if request.POST.get("field") == field else "",
        }
        for field in desk.ladder.FIELDS
    ]
    letters = [
        {
            "pk": row.pk,
            "made": when(row.made, case.service.zone, lang),
            "deadline": day(row.deadline, lang),
            "posted": day(row.posted, lang) if row.posted else "",
            "returned": day(row.returned, lang) if row.returned else "",
            "prints": bool(bytes(row.sealed_code)) and case.state != Case.State.CLOSED,
        }
        for row in Letter.objects.filter(case=case).order_by("-pk")
    ]
    kept = errors.get("keep") is not None
    return {
        "known": known is not None,
        "fields": fields,
        "typed": [
            (each, word(lang, "desk_field", each), request.POST.get(each, "") if kept else "")
            for each in desk.ladder.FIELDS
        ],
        "calls": [(outcome.value, word(lang, "desk_outcome", outcome.value)) for outcome in desk.ladder.CALLS],
        "letters": letters,
        "days": (desk.ladder.LEAST_DAYS, desk.ladder.DAYS, desk.ladder.MOST_DAYS),
        "today": clock.today(case.service.zone).isoformat(),
    }


def _typed_note(request: HttpRequest, agent: Agent, case: Case, errors: dict[str, str]) -> dict[str, str]:
    if "note" in errors:
        return {"text": request.POST.get("text", ""), "kept": ""}
    kept = desk.drafts.kept(case, agent, "note")
    return {
        "text": kept.text if kept else "",
        "kept": say(request, "desk_case.draft_from", at=_clock(kept.at, case)) if kept else "",
    }


def _clock(at: datetime, case: Case) -> str:
    return f"{at.astimezone(ZoneInfo(case.service.zone)):%H:%M}"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise desk.work.WorkError("date") from error
