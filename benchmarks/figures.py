"""What many measured values come to. Nothing is smoothed: a percentile is a value that was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

HISTOGRAM = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1000)
"""The upper ends of a latency histogram's columns, in milliseconds; a last column is open."""


def percentile(ordered: Sequence[float], percent: float) -> float:
    """By the nearest rank, of values in order."""
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def three(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Median, least and most."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, digits) for name, value in found.items()}


def latency(milliseconds: Sequence[float]) -> dict[str, Any]:
    """Percentiles and a histogram of how long each of many took."""
    ordered = sorted(milliseconds)
    counts = [0] * (len(HISTOGRAM) + 1)
    column = 0
    for value in ordered:
        while column < len(HISTOGRAM) and value > HISTOGRAM[column]:
            column += 1
        counts[column] += 1
    ranks = (("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9))
    found = {name: round(percentile(ordered, percent), 2) for name, percent in ranks}
    return {"count": len(ordered), **found, "most": round(ordered[-1], 2), "histogram": counts}


def ratios(
    rows: Sequence[Mapping[str, Any]], pairs: Sequence[tuple[str, str, str]], value: str = "per_second"
) -> dict[str, dict[str, float]]:
    """For each (name, road, other): `road`'s value to `other`'s, round by round, once for each kind of connection.

    Of one round, as what slows the machine for a while slows both sides of it. A pair that was not measured in any
    round is absent: there is no ratio of what was left out.
    """
    measured = {(row["road"], row["connections"], row["round"]): row[value] for row in rows}
    found = {}
    for name, road, other in pairs:
        for kind in ("new", "reused"):
            rounds = [number for each, how, number in measured if (each, how) == (other, kind)]
            both = [number for number in rounds if (road, kind, number) in measured]
            if both:
                found[f"{name}_{kind}"] = three(
                    [measured[road, kind, number] / measured[other, kind, number] for number in both]
                )
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line with the least squares through (x, y)."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope
