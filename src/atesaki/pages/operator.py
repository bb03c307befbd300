"""`/operator/`: how well the promises are kept, in figures; the harm first. Nobody's data, only counts and numbers."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse

from atesaki import clock, desk
from atesaki.language import Language, day, moment
from atesaki.models import Agent, Case, Line, Service

from . import plots, wording
from .desk.door import Right, within
from .desk.screen import show, word

_PLOTTED = frozenset({"personal_to_unproved", "detach", "erase", "acknowledgement", "proved", "states", "rungs"})
_STEPS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


@within(Right.OVERSEE)
def overview(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The figures of the agent's organisation, over `?days`."""
    lang = wording.chosen(request)
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(each) for each in desk.figures.DAYS} else 30
    house = agent.organisation
    services = Service.objects.filter(organisation=house)
    zone = services.order_by("pk").values_list("zone", flat=True).first() or "UTC"
    empty = not Case.objects.filter(organisation=house).exists()
    empty = empty and not Line.objects.filter(service__in=list(services)).exists()
    now = clock.now()
    shown = [] if empty else [_shown(each, lang, zone) for each in desk.figures.overview(house, days)]
    return show(
        request,
        agent,
        "operator/overview",
        figures=shown,
        missed=[each["title"] for each in shown if each["met"] is False],
        empty=empty,
        services=services.count(),
        organisation=house.name,
        days=days,
        periods=[(each, wording.say(lang, "operator.days", count=each)) for each in desk.figures.DAYS],
        since=day((now - timedelta(days=days)).astimezone(ZoneInfo(zone)).date(), lang),
        now=moment(now, zone, lang),
    )


def _shown(figure: desk.figures.Figure, lang: Language, zone: str) -> dict[str, object]:
    """A figure in words. The one that is an alarm at 1 says so; a rate shows what it is out of."""
    slug = figure.slug
    share = round(figure.value * figure.count) if figure.value is not None and figure.unit == "rate" else 0
    return {
        "slug": slug,
        "title": word(lang, "operator_figure", slug),
        "what": word(lang, "operator_what", slug),
        "value": _value(figure.value, figure.unit, lang),
        "of": wording.say(lang, "operator.none")
        if figure.value is None
        else wording.catalogue(lang)[f"operator_of.{slug}"].format(count=figure.count, part=share),
        "target": wording.catalogue(lang).get(f"operator_target.{slug}", ""),
        "met": figure.met,
        "alarm": slug == "personal_to_unproved" and bool(figure.value),
        "rows": [_row(part, figure, lang, zone) for part in figure.parts],
        "columns": [word(lang, "operator_column", name) for name in figure.columns],
        "rated": any(part.count for part in figure.parts) and not figure.columns,
        "plot": _plot(figure, lang, zone) if slug in _PLOTTED and figure.parts else None,
        "worst": [(each.number, _value(each.value, "seconds", lang) if each.value else "") for each in figure.worst],
    }


def _row(part: desk.figures.Part, figure: desk.figures.Figure, lang: Language, zone: str) -> dict[str, object]:
    return {
        "name": _name(part, lang, zone),
        "value": _value(part.value, _unit(part, figure), lang),
        "count": part.count,
        "split": part.split,
    }


def _unit(part: desk.figures.Part, figure: desk.figures.Figure) -> str:
    """Of a rate's rows those are rates that have something to be out of; the others count, or last."""
    if part.slug.startswith("restore_"):
        return "seconds"
    if part.slug == "waiting":
        return "count"
    if figure.unit == "rate":
        return "rate" if part.count and part.slug != "twice" else "count"
    return figure.unit


def _name(part: desk.figures.Part, lang: Language, zone: str) -> str:
    if part.on is not None:
        return wording.say(lang, "operator.week", day=day(part.on.astimezone(ZoneInfo(zone)).date(), lang))
    return word(lang, "operator_part", part.slug)


def _value(value: float | None, unit: str, lang: Language) -> str:
    """`83%`, `2.5 days`, `7`; a dash where there is nothing to count."""
    if value is None:
        return "–"
    if unit == "rate":
        return f"{value * 100:.0f}%" if value in (0, 1) or 0.01 <= value <= 0.99 else f"{value * 100:.1f}%"
    if unit == "count":
        return f"{value:.0f}"
    for length, name in _STEPS:
        if value >= length or name == "seconds":
            amount = value / length
            number = f"{amount:.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.1f}"
            return wording.catalogue(lang)[f"operator_unit.{name}"].format(number=number)
    raise AssertionError


# -- plots ----------------------------------------------------------------------------------------------------------


def _plot(figure: desk.figures.Figure, lang: Language, zone: str) -> plots.Plot:
    keys = [word(lang, "operator_column", name) for name in figure.columns]
    most = 1.0 if figure.unit == "rate" else max([part.value or 0 for part in figure.parts] + [0.0])
    rows = [
        (_name(part, lang, zone), _told(part, figure, lang), part.split or ((part.value or 0.0),))
        for part in figure.parts
    ]
    return plots.plot(figure.slug, rows, most, keys)


def _told(part: desk.figures.Part, figure: desk.figures.Figure, lang: Language) -> str:
    """The value at the end of a bar's line; a rate never without what it is out of."""
    value = _value(part.value, _unit(part, figure), lang)
    if not part.count or figure.unit != "rate":
        return value
    share = round((part.value or 0) * part.count)
    return wording.say(lang, "operator.out_of", value=value, part=share, count=part.count)
