"""What was sent and can still be called back: shown where it was written, with one button. Works without a script."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from atesaki import desk
from atesaki.language import language
from atesaki.models import Agent, Case, Inquiry

from .. import wording
from .door import Right, within
from .screen import absent, say, show

_WRONG = {"answer": "desk_answer_wrong", "inquiry": "desk_inquiry_wrong"}


def shown(request: HttpRequest, case: Case | None = None, asked: Inquiry | None = None) -> list[dict[str, object]]:
    """For `desk/unsent.html`: what waits, when it leaves; or why it could not."""
    zone = case.service.zone if case else desk.inquiries.zone_of(asked) if asked else "UTC"
    return [
        {
            "pk": each.pk,
            "kind": each.kind,
            "word": wording.catalogue(wording.chosen(request))[f"desk_unsent_kind.{each.kind}"],
            "who": each.agent,
            "at": f"{each.leaves.astimezone(ZoneInfo(zone)):%H:%M:%S}",
            "why": _why(request, each) if each.failed else "",
        }
        for each in desk.unsent.waiting(case, asked)
    ]


def _why(request: HttpRequest, each: desk.unsent.Waiting) -> str:
    lang = wording.chosen(request)
    if each.failed == "sealed":
        return say(request, "desk_unsent_wrong.sealed")
    if each.kind == "sms":
        return desk.DeskError(each.failed).sentence(lang)
    return wording.catalogue(lang)[f"{_WRONG[each.kind]}.{each.failed}"]


@within(Right.ANSWER, "POST")
def undo(request: HttpRequest, agent: Agent, pk: UUID) -> HttpResponse:
    """Calls one back, with its words: an answer's are in the draft, an inquiry's in the form that follows."""
    row = desk.unsent.undo(pk, agent)
    if row is None:
        return _gone(request, agent)
    if row.inquiry is not None:
        from .inquiries import answer_page

        found = desk.inquiries.of(agent).filter(pk=row.inquiry.pk).first()
        text = desk.unsent.text_of(row) or ""
        return answer_page(request, agent, found, language(row.language), text) if found else absent(request, agent)
    number = row.case.number if row.case else ""
    if row.kind == "sms":
        return HttpResponseRedirect(reverse("desk_case", args=[number]))
    return HttpResponseRedirect(f"{reverse('desk_answer', args=[number])}?in={row.language}")


def _gone(request: HttpRequest, agent: Agent) -> HttpResponse:
    """It has left, or a colleague was first: said on the page that the button was pressed on."""
    said = say(request, "desk_unsent.gone")
    case = desk.work.find(agent, request.POST.get("case", ""))
    if case is not None:
        from .case import screen_of

        return screen_of(request, agent, case, 409, errors={"unsent": said})
    found = desk.inquiries.of(agent).filter(number=request.POST.get("inquiry", "")).first()
    if found is not None:
        from .inquiries import screen_of as inquiry_screen

        return inquiry_screen(request, agent, found, said)
    return show(request, agent, "absent", 404)
