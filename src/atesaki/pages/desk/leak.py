"""What reached the mailbox before it was heard, and whether the authority must be told."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from atesaki import desk
from atesaki.models import Agent, Assessment, Case

from .. import wording
from .door import Right, within
from .screen import absent, show, until, when, word


@within(Right.SEE, "GET", "HEAD", "POST")
def leak(request: HttpRequest, agent: Agent, number: str) -> HttpResponse:
    """The inventory, the question with its clock, and a draft of the report; a POST answers, with ASSESS."""
    case = desk.work.find(agent, number)
    if case is None:
        return absent(request, agent)
    desk.access.opened(case, agent)
    if request.method != "POST":
        return _screen(request, agent, case)
    if not desk.agents.may(agent, Right.ASSESS):
        return show(request, agent, "refused", 403)
    try:
        if "which" in request.POST:
            which = "first" if request.POST["which"] == "first" else "full"
            desk.leaks.reported(case, which, agent)
        else:
            given = {field: request.POST.get(field, "") for field in ("answer", "reason")}
            desk.leaks.assess(case, **given, agent=agent, ill_intent="ill_intent" in request.POST)
    except desk.DeskError as error:
        return _screen(request, agent, case, 422, error=error.sentence(wording.chosen(request)))
    return _screen(request, agent, case, saved=True)


def _screen(request: HttpRequest, agent: Agent, case: Case, status: int = 200, **context: object) -> HttpResponse:
    lang, zone = wording.chosen(request), case.service.zone
    try:
        clock = desk.leaks.assessment(case)
    except desk.DeskError:
        return show(request, agent, "leak", status, case=case, clock=None, **context)
    dates = [(name, getattr(clock, name)) for name in ("first_due", "first_latest", "full_due", "gdpr_due")]
    rows = [
        {
            "kind": desk.leaks.kind_name(each.kind, lang),
            "count": each.many,
            "first": when(each.first, zone, lang),
            "last": when(each.last, zone, lang),
        }
        for each in desk.leaks.inventory(case)
    ]
    typed = request.POST if status != 200 else {}
    return show(
        request,
        agent,
        "leak",
        status,
        case=case,
        clock=clock,
        learnt=when(clock.learnt, zone, lang),
        dates=[(word(lang, "desk_leak_date", name), until(at, zone, lang)) for name, at in dates],
        made=[
            (which, word(lang, "desk_leak_made", which), when(at, zone, lang) if at else None)
            for which, at in (("first", clock.first_reported), ("full", clock.fully_reported))
        ],
        answer=word(lang, "desk_leak_answer", clock.answer),
        asked=clock.answer == Assessment.Answer.YES,
        given={
            "answer": typed.get("answer", "" if clock.answer == Assessment.Answer.OPEN else clock.answer),
            "reason": typed.get("reason", clock.reason),
            "ill_intent": "ill_intent" in typed if typed else clock.ill_intent,
        },
        rows=rows,
        unsure=[
            {"kind": desk.leaks.kind_name(each.kind, lang), "count": each.many}
            for each in desk.leaks.inventory(case, under_proof=True)
        ],
        draft=desk.leaks.draft(case, lang),
        **context,
    )
