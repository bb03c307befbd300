"""The report's plots: small functions from figures to one inline SVG each, readable in black and white.

Every plot has a title and a description, and a table beside it in the report says the same. Units are the plot's own:
360 is about a telephone's width, so that letters stay legible there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

_WIDTH = 360
_ROW = 44  # of a bar that lies: its words above it
_TALL, _TOP = 170, 20  # of a plot of columns: its floor, and the room for the highest gridline's number
_APART = 62  # between the names of two months


def columns(
    name: str, title: str, told: str, months: Sequence[tuple[str, int, int]], marks: tuple[str, str, str, str]
) -> SafeString:
    """Months beside each other; each the whole, hatched, and within it a part, solid.

    months: name, whole, part.  marks: the names of both in the key, of the first and of the last month.
    """
    whole, part, first, last = marks
    most = _round(max([each[1] for each in months] + [1]))
    step = _WIDTH / max(len(months), 1)
    wide = round(max(1.0, min(28.0, step * 0.72)), 2)
    bars = []
    for place, (_, outer, inner) in enumerate(months):
        x = round(place * step + (step - wide) / 2, 2)
        for value, kind in ((outer, "whole"), (inner, "part")):
            if value:
                high = max(1.0, round(value / most * (_TALL - _TOP), 2))
                bars.append((x, _TALL - high, wide, high, *_fill(name, kind)))
    grid = [(_TALL - share * (_TALL - _TOP), f"{most * share:,.0f}") for share in (0.5, 1) if most * share % 1 == 0]
    inside = format_html_join("", '<line class="grid" x1="0" x2="360" y1="{0}" y2="{0}"/>', ((y,) for y, _ in grid))
    inside += format_html_join(
        "", '<rect x="{}" y="{}" width="{}" height="{}" class="{}" fill="{}"/>', bars
    ) + format_html('<line class="axis" x1="0" x2="360" y1="{0}" y2="{0}"/>', _TALL)
    # Above the columns, with a halo, or they would hide it.
    inside += format_html_join(
        "", '<text class="small over" x="0" y="{}">{}</text>', ((y - 4, text) for y, text in grid)
    )
    inside += format_html_join(
        "", '<text class="small" x="{}" y="186" text-anchor="{}">{}</text>', _names(months, step, first, last)
    )
    keys = ((0, whole, *_fill(name, "whole")), (26, part, *_fill(name, "part")))
    inside += format_html_join(
        "",
        '<g transform="translate(0 {})"><rect x="1" y="200" width="18" height="14" class="{}" fill="{}"/>'
        '<text x="26" y="212">{}</text></g>',
        ((y, css, fill, text) for y, text, css, fill in keys),
    )
    return _svg(name, title, told, 244, inside)


def bars(name: str, title: str, told: str, rows: Sequence[tuple[str, str, int]]) -> SafeString:
    """Bars that lie: the words above each are longer than a standing one is wide. rows: name, value in words, value."""
    most = max([value for _, _, value in rows] + [1])
    inside = format_html_join(
        "",
        '<text x="0" y="{}">{}</text><text class="value" x="360" y="{}">{}</text>'
        '<line class="axis" x1="0.5" x2="0.5" y1="{}" y2="{}"/>'
        '<rect class="part" x="1" y="{}" width="{}" height="16" fill="currentColor"/>',
        (
            (y + 14, _fitting(word, 36), y + 14, value, y + 20, y + 36, y + 20, round(amount / most * (_WIDTH - 2), 2))
            for y, (word, value, amount) in ((place * _ROW, row) for place, row in enumerate(rows))
        ),
    )
    return _svg(name, title, told, _ROW * len(rows), inside)


def spans(name: str, title: str, told: str, rows: Sequence[tuple[str, str, float, float]]) -> SafeString:
    """From when to when, on one line for the whole time. rows: name, dates in words, begin and end as shares of it."""
    inside = format_html_join(
        "",
        '<text x="0" y="{}">{}</text><text class="small" x="360" y="{}" text-anchor="end">{}</text>'
        '<line class="grid" x1="0" x2="360" y1="{}" y2="{}"/>'
        '<rect class="part" x="{}" y="{}" width="{}" height="10" fill="currentColor"/>',
        (
            (
                *(y + 14, _fitting(word, 24), y + 14, dates, y + 28, y + 28),
                *(round(begin * (_WIDTH - 4), 2), y + 23, round(max(4.0, (end - begin) * (_WIDTH - 4) + 4), 2)),
            )
            for y, (word, dates, begin, end) in ((place * _ROW, row) for place, row in enumerate(rows))
        ),
    )
    return _svg(name, title, told, _ROW * len(rows), inside)


def _svg(name: str, title: str, told: str, height: int, inside: SafeString) -> SafeString:
    hatch = format_html(
        '<defs><pattern id="{}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="line" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>',
        name,
    )
    return format_html(
        '<svg class="plot" viewBox="0 0 360 {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}</svg>',
        *(height, name, name, name, title, name, told, hatch, inside),
    )


def _fill(name: str, kind: str) -> tuple[str, str]:
    return kind, "currentColor" if kind == "part" else f"url(#{name}-hatch)"


def _round(value: int) -> int:
    """The next number that is short to write, a few tenths above at most."""
    tens = 1
    while tens * 10 < value:
        tens *= 10
    return next(tens * times for times in (1, 2, 3, 4, 5, 6, 8, 10) if tens * times >= value)


def _fitting(text: str, columns: int) -> str:
    """What has room above a bar: full-width signs take two columns."""
    taken = 0
    for place, sign in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if taken > columns:
            return f"{text[:place]}…"
    return text


def _names(
    months: Sequence[tuple[str, int, int]], step: float, first: str, last: str
) -> list[tuple[float, str, SafeString | str]]:
    """The first and the last month, and in between every January that has room."""
    if not months:
        return []
    if len(months) == 1:
        return [(_WIDTH / 2, "middle", first)]
    found: list[tuple[float, str, SafeString | str]] = [(0, "start", first), (_WIDTH, "end", last)]
    before = 0.0 + _APART / 2
    for place, (month, _, _) in enumerate(months):
        middle = round((place + 0.5) * step, 2)
        if month.endswith("-01") and before + _APART / 2 < middle < _WIDTH - _APART * 1.2:
            found.append((middle, "middle", month[:4]))
            before = middle
    return found


NOTHING = mark_safe("")
