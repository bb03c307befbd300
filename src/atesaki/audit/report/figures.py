"""How the report writes figures, dates and what comes from data, in each language."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

from atesaki.language import Language, day, moment

_LONGEST = 200  # characters of a string from data; a longer one would push everything else off the page
_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: int | float | None) -> str:
    """1,234,567; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def share(part: int, whole: int) -> str:
    """12.3%, and never a rounded 0% or 100%; blank where there is nothing to be out of."""
    if whole <= 0:
        return ""
    if part in (0, whole):
        return "0%" if part == 0 else "100%"
    rate = part / whole * 100
    if rate < 0.1:
        return "<0.1%"
    return ">99.9%" if rate > 99.9 else f"{rate:.1f}%"


def plain(value: object) -> str:
    """What came from data as text for a page: no controls, no lone surrogates, of bounded length. Not yet escaped."""
    text = "" if value is None else str(value)
    text = "".join(
        "\ufffd" if unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") else sign for sign in text[: _LONGEST + 1]
    )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def when(value: object, zone: str) -> date | None:
    """The day of an ISO date or moment in the zone; None if there is none, or it is no date."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.astimezone(ZoneInfo(zone)).date() if at.tzinfo else at.date()


def long_day(on: date | None, lang: Language) -> str:
    """`2026年11月24日(火)`, `Tuesday, 24 November 2026`."""
    return day(on, lang) if on else "–"


def short_day(on: date | None, lang: Language) -> str:
    """`2026年11月24日`, `24 Nov 2026`: for the cells of a table."""
    if on is None:
        return "–"
    return f"{on.year}年{on.month}月{on.day}日" if lang == "ja" else f"{on.day} {_EN[on.month - 1]} {on.year}"


def month(text: object, lang: Language) -> str:
    """`2026年5月`, `May 2026`, of `2026-05`; anything else as it stands."""
    year, _, rest = plain(text).partition("-")
    if not (year.isdecimal() and rest.isdecimal() and 1 <= int(rest) <= 12):
        return plain(text)
    return f"{int(year)}年{int(rest)}月" if lang == "ja" else f"{_EN[int(rest) - 1]} {int(year)}"


def made(value: object, zone: str, lang: Language) -> str:
    """The moment of an ISO text, in words; as it stands if it is none."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return plain(value) or "–"
    return moment(at, zone, lang) if at.tzinfo else long_day(at.date(), lang)
