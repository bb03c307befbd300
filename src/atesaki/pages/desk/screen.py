"""How a page of the desk is made: its headers, its words, its moments."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from atesaki import clock, desk
from atesaki.language import Language, moment
from atesaki.models import Agent, Case

from .. import wording

# The script of the desk is a file of ours; it speaks to us and to nobody else.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Where a page stands in the navigation.
_NAV = {
    **dict.fromkeys(("board", "found", "case", "answer", "preview", "leak"), "cases"),
    **dict.fromkeys(("inquiries", "inquiry", "inquiry_answer", "inquiry_preview"), "inquiries"),
    **dict.fromkeys(("report", "reported"), "report"),
    **dict.fromkeys(("accounts", "issued"), "accounts"),
    **{"reveals": "reveals", "account": "account"},
    **dict.fromkeys(("improvements", "improvement_preview"), "improvements"),
    "operator/overview": "figures",
}
_JA_DAYS = "月火水木金土日"
_EN_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def show(
    request: HttpRequest, agent: Agent | None, template: str, status: int = 200, **context: object
) -> HttpResponse:
    """The page of `template`, with what the agent may do as `can.RIGHT`."""
    can = {right.value: agent is not None and desk.agents.may(agent, right) for right in desk.agents.Right}
    given = {"agent": agent, "can": can, "nav": _NAV.get(template, ""), **context}
    file = template if "/" in template else f"desk/{template}"
    response = render(request, f"{file}.html", given, status=status)
    response["Content-Security-Policy"] = _POLICY
    return response


def absent(request: HttpRequest, agent: Agent) -> HttpResponse:
    """404: no such case, or another organisation's; nobody learns which."""
    return show(request, agent, "absent", 404)


def say(request: HttpRequest, key: str, **arguments: object) -> str:
    """A sentence in the agent's language."""
    return wording.say(wording.chosen(request), key, **arguments)


def word(lang: Language, section: str, slug: str) -> str:
    """The word for a slug of a list that may grow; the slug itself while it has none."""
    return wording.catalogue(lang).get(f"{section}.{slug}", slug)


def when(at: datetime, zone: str, lang: Language) -> dict[str, object]:
    """A moment for `desk/time.html`: short for a table, and in full."""
    return {"iso": at.isoformat(), "short": short(at, zone, lang), "full": moment(at, zone, lang)}


def until(at: datetime, zone: str, lang: Language) -> dict[str, object]:
    """The moment at which a date has passed; midnight is named by the day that ends with it, not by the next."""
    here = at.astimezone(ZoneInfo(zone))
    return when(at - timedelta(minutes=1) if (here.hour, here.minute) == (0, 0) else at, zone, lang)


def short(at: datetime, zone: str, lang: Language) -> str:
    """`11月24日(火) 13:39` or `Tue 24 Nov, 13:39`; with the year where it is another."""
    here = at.astimezone(ZoneInfo(zone))
    other = here.year != clock.today(zone).year
    if lang == "ja":
        year = f"{here.year}年" if other else ""
        return f"{year}{here.month}月{here.day}日({_JA_DAYS[here.weekday()]}) {here:%H:%M}"
    year = f" {here.year}" if other else ""
    return f"{_EN_DAYS[here.weekday()]} {here.day} {_EN_MONTHS[here.month - 1]}{year}, {here:%H:%M}"


def day(on: date, lang: Language) -> str:
    """`2026年11月24日(火)` or `Tue 24 Nov 2026`."""
    if lang == "ja":
        return f"{on.year}年{on.month}月{on.day}日({_JA_DAYS[on.weekday()]})"
    return f"{_EN_DAYS[on.weekday()]} {on.day} {_EN_MONTHS[on.month - 1]} {on.year}"


def age(since: datetime, lang: Language) -> str:
    """How old something is, in its largest whole unit."""
    gone = max(timedelta(), clock.now() - since)
    for unit, length in (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1))):
        if gone >= length or unit == "minutes":
            return wording.catalogue(lang)[f"desk_age.{unit}"].format(count=gone // length)
    raise AssertionError


def late(at: datetime | None) -> bool:
    """Whether a date has passed."""
    return at is not None and at < clock.now()


def mark(case: Case) -> str:
    """The one of `desk/mark.html`'s marks that a case's state is shown by: overdue goes before all."""
    if case.state != Case.State.CLOSED and case.due is not None and case.due < clock.now():
        return "overdue"
    return case.state
