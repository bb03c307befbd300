"""When the people of a service answer, as an operator writes it: `mon-fri 09:00-18:00, sat 10:00-15:00`. Pure."""

from __future__ import annotations

import re
from datetime import time

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?\s+(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)", re.ASCII)
_LONGEST = 200
_DAY = 24 * 60


def week(hours: str) -> list[list[tuple[time, time]]]:
    """From Monday to Sunday, from when until when people answer. Raises `ValueError` with a sentence.

    What touches or overlaps on one day is one span; 24:00 is the day's end.
    """
    found: list[list[tuple[int, int]]] = [[] for _ in _DAYS]
    for part in hours.lower().split(","):
        days, opens, shuts = _span(part, hours)
        for day in days:
            found[day].append((opens, shuts))
    return [[(_time(opens), _time(shuts)) for opens, shuts in _joined(spans)] for spans in found]


def tidy(hours: str) -> str:
    """The same, as it is kept. Raises `ValueError` with a sentence."""
    week(hours)
    kept = ", ".join(" ".join(part.split()) for part in hours.lower().split(","))
    if len(kept) > _LONGEST:
        raise ValueError(f"The hours are longer than {_LONGEST} characters: give fewer spans.")
    return kept


def _span(part: str, hours: str) -> tuple[list[int], int, int]:
    """Which days, and from which minute of the day until which."""
    match = _SPAN.fullmatch(part.strip())
    names = (match[1], match[2] or match[1]) if match else ()
    if match is None or not set(names) <= set(_DAYS):
        raise ValueError(f'The hours {hours!r} cannot be read: give such as "mon-fri 09:00-18:00, sat 10:00-15:00".')
    opens, shuts = (int(match[place]) * 60 + int(match[place + 1]) for place in (3, 5))
    if not opens < shuts <= _DAY:
        raise ValueError(f"The hours {hours!r} end before they begin, or after 24:00: give two spans over midnight.")
    first, last = (_DAYS.index(name) for name in names)
    return [day % 7 for day in range(first, (last if last >= first else last + 7) + 1)], opens, shuts


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for opens, shuts in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(shuts, joined[-1][1]))
        else:
            joined.append((opens, shuts))
    return joined


def _time(minutes: int) -> time:
    return time.max if minutes == _DAY else time(*divmod(minutes, 60))
