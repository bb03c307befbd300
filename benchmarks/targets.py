"""What was promised (design, speed.md), and whether the figures keep it. A target that was not measured is not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.plots import number

Found = Mapping[str, Mapping[str, Any]]
"""Each benchmark's newest results, by name; one that was never run is absent."""

FLAT = 0.10
_RATIOS = (
    ("proved_vs_postfix_queue", 2.0, "proved recipients, to Postfix that queues"),
    ("proved_vs_before_queue", 1.2, "proved recipients, to Postfix before the queue"),
    ("held_vs_postfix_queue", 1.5, "everything held, to Postfix that queues"),
    ("before_postfix_vs_postfix", 0.85, "in front of a Postfix that queues, to that Postfix alone"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """What, at least or at most how much, and how it came out; `met` is None where nothing was measured."""

    what: str
    wanted: str
    measured: str
    met: bool | None

    @property
    def word(self) -> str:
        return {True: "met", False: "**missed**", None: "not measured"}[self.met]


def targets(found: Found) -> list[Target]:
    """All of them, in their order. A ratio is judged by its median."""
    road = found.get("road", {})
    made = []
    for name, least, what in _RATIOS:
        for kind in ("new", "reused"):
            ratio = road.get("ratios", {}).get(f"{name}_{kind}")
            text = "–" if ratio is None else f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"
            met = None if ratio is None else ratio["median"] >= least
            made.append(Target(f"{what}, {kind} connections", f"≥ {least:g} ×", text, met))
    for kind in ("new", "reused"):
        added = road.get("latency", {}).get(kind, {}).get("added_p99_ms")
        text = "–" if added is None else f"{added['median']:.1f} ms ({added['min']:.1f}–{added['max']:.1f})"
        what = f"added to the p99 of the bare sink at half of the load, {kind} connections"
        made.append(Target(what, "< 15 ms", text, None if added is None else added["median"] < 15))
    return [*made, *_freedom(found.get("freedom")), *_size(found.get("size"))]


def _freedom(found: Mapping[str, Any] | None) -> list[Target]:
    what = "from the press of “not me” to its answer, being in force on every gate: p99"
    after = "mails delivered after that answer"
    if found is None:
        return [Target(what, "< 100 ms", "–", None), Target(after, "0", "–", None)]
    p99, many = found["freedom_ms"]["p99"], found["delivered_afterwards"]
    tried = f"{many} of {found['tried_afterwards']:,}"
    # Nothing tried would be nothing shown.
    met = many == 0 if found["tried_afterwards"] else None
    return [Target(what, "< 100 ms", f"{number(p99)} ms", p99 < 100), Target(after, "0", tried, met)]


def _size(found: Mapping[str, Any] | None) -> list[Target]:
    if found is None:
        return [Target("processor time of a mail as addresses and lines grow", "± 10 %", "–", None)]
    least = found["sizes"][0]
    made = []
    for size in found["sizes"][1:]:
        ratio = found["cpu_ratios"][f"{size}_vs_{least}_reused"]
        text = f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"
        what = f"processor time of a mail with {size:,} addresses and lines, to that with {least:,}"
        made.append(Target(what, "0.90–1.10 ×", text, abs(ratio["median"] - 1) <= FLAT))
    return made
