"""Plots of the operator's pages: bars drawn as SVG, in one colour and four patterns, legible in black and white."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH = 360  # of a plot, in its own units: about a telephone's width, so that its letters stay legible there
_ROW, _TOP = 46, 22


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar: where it begins, how wide it is, and which of the four patterns fills it."""

    x: float
    width: float
    fill: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a plot: its name and value above, its segments below."""

    name: str
    value: str
    y: int
    top: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """What `operator/plot.html` draws. `keys`: the name of each pattern, where there are several."""

    name: str
    height: int
    bars: tuple[Bar, ...]
    keys: tuple[tuple[int, int, int, str], ...]
    told: str


def plot(name: str, rows: Iterable[tuple[str, str, Sequence[float]]], most: float, keys: Sequence[str] = ()) -> Plot:
    """Bars that lie: their names are longer than a standing bar is wide.

    `rows`: name, value in words, and how much each piece of the bar is, of `most`. `keys`: what the pieces are.
    """
    bars = tuple(_bar(number, *row, most) for number, row in enumerate(rows))
    below, half = _ROW * len(bars), _WIDTH // 2
    marks = tuple((number, number % 2 * half, below + number // 2 * 24, key) for number, key in enumerate(keys))
    height = below + (24 * ((len(keys) + 1) // 2) if keys else 0)
    return Plot(name, height, bars, marks, "; ".join(f"{bar.name}: {bar.value}" for bar in bars))


def percent(part: int, whole: int) -> str:
    """A share in words: never `0%` of something, nor `100%` of not quite all; a dash of nothing."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.0f}%" if share in (0, 100) or 1 <= share <= 99 else f"{share:.1f}%"


def _bar(number: int, name: str, value: str, pieces: Sequence[float], most: float) -> Bar:
    top = number * _ROW
    return Bar(name, value, top + 14, top + _TOP, _segments(pieces, most))


def _segments(pieces: Sequence[float], most: float) -> tuple[Segment, ...]:
    found = []
    x = 0.0
    for fill, piece in enumerate(pieces):
        width = round(piece / most * (_WIDTH - 2), 1) if most else 0.0
        if width:
            found.append(Segment(round(x + 1, 1), width, fill))
        x += width
    return tuple(found)
