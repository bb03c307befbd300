"""The two languages we speak, and how each writes a moment.

Promise:    A date is computed and absolute, with its weekday, in the reader's zone.
Never:      Says "tomorrow" or "soon".
On failure: An unknown language is Japanese's neighbour, English.
Read first: `moment`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")

_JA_DAYS = "月火水木金土日"
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EN_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def language(text: str) -> Language:
    """`ja` for anything that begins so, else `en`."""
    return "ja" if text.lower().startswith("ja") else "en"


def day(on: date, lang: Language) -> str:
    """`2026年11月24日(火)` or `Tuesday, 24 November 2026`."""
    if lang == "ja":
        return f"{on.year}年{on.month}月{on.day}日({_JA_DAYS[on.weekday()]})"
    return f"{_EN_DAYS[on.weekday()]}, {on.day} {_EN_MONTHS[on.month - 1]} {on.year}"


def moment(at: datetime, zone: str, lang: Language) -> str:
    """`2026年11月24日(火)13時39分` or `Tuesday, 24 November 2026, 13:39 (JST)`."""
    here = at.astimezone(ZoneInfo(zone))
    if lang == "ja":
        return f"{day(here, lang)}{here.hour}時{here.minute:02}分"
    return f"{day(here, lang)}, {here.hour:02}:{here.minute:02} ({here.tzname()})"
