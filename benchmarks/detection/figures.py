"""From what the tools said to the figures of one row."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.detection import metrics
from benchmarks.detection.generate import Mail
from benchmarks.detection.metrics import ALL, CORE, Found, Judged, Share, Spans


def judged(mails: Sequence[Mail], said: Mapping[str, Mapping[str, Any]]) -> list[tuple[Mail, Judged]]:
    """The mails beside what a tool said of them, by file name. Labels of header fields have no place in the text."""
    return [
        (
            mail,
            Judged(
                mail.layout,
                mail.personal,
                said[mail.file]["flagged"],
                [(each.type, each.start, each.end) for each in mail.labels if each.start >= 0],
                [Found(*each) for each in said[mail.file]["found"]],
            ),
        )
        for mail in mails
    ]


def row(pairs: Sequence[tuple[Mail, Judged]]) -> dict[str, Any]:
    """All figures of a tool on a split that need no clock."""
    every = [each for _, each in pairs]
    kinds = metrics.spans_by_kind(every)
    by_layout = {}
    for slug in sorted({each.layout for each in every}):
        of_it = [each for each in every if each.layout == slug]
        its_kinds = metrics.spans_by_kind(of_it)
        by_layout[slug] = {
            "personal": of_it[0].personal,
            "mails": len(of_it),
            "flagged": sum(each.flagged for each in of_it),
            "true": sum(each.flagged and metrics.true_reason(each) for each in of_it),
            "core": _spans(metrics.together(its_kinds, CORE)),
            "all": _spans(metrics.together(its_kinds, ALL)),
        }
    return {
        **_mails(every),
        "core": _spans(metrics.together(kinds, CORE)),
        "all": _spans(metrics.together(kinds, ALL)),
        "kinds": {kind: _spans(counts) for kind, counts in sorted(kinds.items())},
        "by_language": {
            language: {**_mails(of_it), "core": _spans(metrics.together(metrics.spans_by_kind(of_it), CORE))}
            for language in ("ja", "en")
            if (of_it := [each for mail, each in pairs if mail.language == language])
        },
        "by_layout": by_layout,
    }


def _mails(every: Sequence[Judged]) -> dict[str, Any]:
    return {
        "recall": _share(metrics.recall(every)),
        "true_recall": _share(metrics.true_recall(every)),
        "clean_flagged": _share(metrics.false_alarms(every)),
    }


def _share(it: Share) -> dict[str, Any]:
    rounded = asdict(it)
    rounded["share"] = round(it.share, 4)
    rounded["interval"] = [round(each, 4) for each in it.interval]
    rounded["layouts"] = [round(each, 4) for each in it.layouts]
    return rounded


def _spans(counts: Spans) -> dict[str, Any]:
    shares = {name: round(getattr(counts, name), 4) for name in ("precision", "recall", "f1")}
    return {**asdict(counts), **shares}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most of the rounds."""
    return {
        "median": _short(statistics.median(values)),
        "least": _short(min(values)),
        "most": _short(max(values)),
    }


def ratios(one: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    """How many times as fast `one` was, by rounds: both went in turns, so what else the machine did cancels out."""
    return spread([mine / theirs for mine, theirs in zip(one, other, strict=True)])


def _short(value: float) -> float:
    return float(f"{value:.3g}") if value < 1000 else float(round(value))
