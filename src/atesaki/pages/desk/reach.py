"""Reaching the customer from the page of a case: what is known of them, and each rung of the ladder."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse

from atesaki import desk
from atesaki.models import Agent, Case, Letter

from .case import acts, screen_of
from .door import Right

_MOST_DIGITS = 3


@acts(Right.REVEAL, "customer")
def reveal(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """One field in the clear, on this page and no other; who looked, and why, is written down first."""
    field = request.POST.get("field", "")
    shown = desk.ladder.reveal(case, field, agent, request.POST.get("reason", ""))
    return screen_of(request, agent, case, revealed={field: shown})


@acts(Right.REACH, "keep")
def keep(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Keeps how the customer may be reached, as the service told it."""
    given = {field: request.POST.get(field, "") for field in desk.ladder.FIELDS}
    desk.ladder.keep_customer(case, **given, by=agent)
    return None


@acts(Right.REACH, "phone")
def phoned(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """What came of a call."""
    desk.ladder.phoned(case, request.POST.get("outcome", ""), agent)
    return None


@acts(Right.REACH, "sms")
def sms(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Texts the customer, once, when the time to call it back is over."""
    desk.unsent.sms(case, agent)
    return None


@acts(Right.REACH, "letter")
def letter(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Makes a letter with a deadline."""
    desk.ladder.make_letter(case, agent, _days(request))
    return None


@acts(Right.REACH, "deadline")
def deadline(request: HttpRequest, agent: Agent, case: Case) -> HttpResponse | None:
    """Gives the deadline in the in-site notice, where no letter can arrive."""
    desk.ladder.give_deadline(case, agent, _days(request))
    return None


@acts(Right.REVEAL, "letter")
def print_letter(request: HttpRequest, agent: Agent, case: Case, letter: str) -> HttpResponse | None:
    """The letter as a PDF. A POST: it shows name and address, and who printed it is written down."""
    made = desk.work.print_letter(_letter(case, letter), agent)
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{case.number}.pdf"'
    return response


@acts(Right.REACH, "letter")
def posted(request: HttpRequest, agent: Agent, case: Case, letter: str) -> HttpResponse | None:
    """The letter went into the post on a day."""
    desk.ladder.posted(_letter(case, letter), _day(request), agent)
    return None


@acts(Right.REACH, "letter")
def returned(request: HttpRequest, agent: Agent, case: Case, letter: str) -> HttpResponse | None:
    """The letter came back on a day."""
    desk.ladder.returned(_letter(case, letter), _day(request), agent)
    return None


def _letter(case: Case, pk: str) -> Letter:
    found = Letter.objects.filter(case=case, pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise desk.DeskError("letter_gone")
    return found


def _days(request: HttpRequest) -> int:
    """How many business days, as typed; something that is no number is as wrong as one too large."""
    typed = request.POST.get("days", "")
    return int(typed) if typed.isdecimal() and len(typed) <= _MOST_DIGITS else 0


def _day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("on", ""))
    except ValueError as error:
        raise desk.DeskError("letter_date") from error
