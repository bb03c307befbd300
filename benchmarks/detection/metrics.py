"""Figures with their uncertainty: every one can be worked out by hand from a few mails, and a test does.

Of mails: recall (personal ones that were flagged), recall for a true reason (a found span overlaps a label), clean
ones flagged. Of spans: precision, recall and F1, lenient: any overlap with a label of the same kind is a hit.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detection.labels import KINDS

# No generic tool tells a reading from a name or a postal code from an address, so those two pairs are one kind each.
GROUP = {kind: {"kana": "name", "postal": "address"}.get(kind, kind) for kind in KINDS}
CORE = frozenset({"name", "address", "phone", "email", "dob"})
ALL = frozenset(GROUP.values())

Interval = tuple[float, float]


@dataclass(frozen=True)
class Found:
    """A span that a tool names: kind as in `KINDS`, start and end in `Mail.text`."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Judged:
    """One mail beside its labels (kind, start, end): what a tool made of it. `flagged`: it says personal, or unsure."""

    layout: str
    personal: bool
    flagged: bool
    labels: Sequence[tuple[str, int, int]]
    found: Sequence[Found]


# -- intervals ----------------------------------------------------------------------------------------


def wilson(hits: int, many: int, z: float = 1.959964) -> Interval:
    """The 95 % score interval of a share (Wilson 1927); (0, 1) of nothing."""
    if many == 0:
        return 0.0, 1.0
    share, square = hits / many, z * z
    middle = share + square / (2 * many)
    reach = z * math.sqrt(share * (1 - share) / many + square / (4 * many * many))
    below, above = ((middle + sign * reach) / (1 + square / many) for sign in (-1, 1))
    return max(below, 0.0), min(above, 1.0)


def by_layout(groups: Sequence[tuple[int, int]], times: int = 2000) -> Interval:
    """The 95 % percentile interval when whole layouts are drawn again (cluster bootstrap); groups are (hits, many).

    Mails of one layout hardly differ, so `wilson` over mails is too narrow for "a layout never seen". With all
    layouts alike the interval is a point: it cannot tell of layouts that are not there.
    """
    if not groups:
        return 0.0, 1.0
    chance = random.Random(20_170_413)  # noqa: S311 - the same interval whenever it is worked out
    shares = []
    for _ in range(times):
        again = chance.choices(groups, k=len(groups))
        shares.append(sum(hits for hits, _ in again) / sum(many for _, many in again))
    shares.sort()
    return shares[int(times * 0.025)], shares[min(int(times * 0.975), times - 1)]


# -- mails --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """So many of so many, with both intervals."""

    hits: int
    many: int
    share: float
    interval: Interval
    layouts: Interval


def share(outcomes: Iterable[tuple[str, bool]]) -> Share:
    """Of (layout, hit)."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for layout, hit in outcomes:
        groups[layout].append(hit)
    counts = [(sum(hits), len(hits)) for _, hits in sorted(groups.items())]
    hits, many = sum(hit for hit, _ in counts), sum(each for _, each in counts)
    return Share(hits, many, hits / many if many else 0.0, wilson(hits, many), by_layout(counts))


def recall(judged: Iterable[Judged]) -> Share:
    """Personal mails that were flagged."""
    return share((each.layout, each.flagged) for each in judged if each.personal)


def true_recall(judged: Iterable[Judged]) -> Share:
    """Personal mails that were flagged with a span that overlaps a label, of whatever kind."""
    return share((each.layout, each.flagged and true_reason(each)) for each in judged if each.personal)


def false_alarms(judged: Iterable[Judged]) -> Share:
    """Clean mails that were flagged."""
    return share((each.layout, each.flagged) for each in judged if not each.personal)


def true_reason(judged: Judged) -> bool:
    """Whether anything found is somebody's."""
    return any(_overlap((f.start, f.end), (start, end)) for f in judged.found for _, start, end in judged.labels)


# -- spans --------------------------------------------------------------------------------------------


@dataclass
class Spans:
    """`right` of `found` spans overlap a label of their kind; `hit` of `labels` are overlapped by one of theirs."""

    found: int = 0
    right: int = 0
    labels: int = 0
    hit: int = 0

    @property
    def precision(self) -> float:
        """0 when nothing was found."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """0 when there is nothing to find."""
        return self.hit / self.labels if self.labels else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, other: Spans) -> None:
        """Counts of other mails."""
        self.found += other.found
        self.right += other.right
        self.labels += other.labels
        self.hit += other.hit


def spans_by_kind(judged: Iterable[Judged]) -> dict[str, Spans]:
    """Counts of each kind (of `GROUP`). A label of a kind that is not judged (`tracking`) makes no find of it wrong."""
    kinds: dict[str, Spans] = defaultdict(Spans)
    for mail in judged:
        for group, counts in _mail_spans(mail).items():
            kinds[group].add(counts)
    return dict(kinds)


def _mail_spans(mail: Judged) -> dict[str, Spans]:
    kinds: dict[str, Spans] = defaultdict(Spans)
    labels = [(GROUP.get(kind, ""), start, end) for kind, start, end in mail.labels]
    found = [(GROUP[each.kind], each.start, each.end) for each in mail.found if each.kind in GROUP]
    for kind, start, end in labels:
        if kind:
            kinds[kind].labels += 1
            kinds[kind].hit += any(kind == other and _overlap((start, end), (s, e)) for other, s, e in found)
    for kind, start, end in found:
        right = any(kind == other and _overlap((start, end), (s, e)) for other, s, e in labels)
        unjudged = not right and any(not other and _overlap((start, end), (s, e)) for other, s, e in labels)
        if not unjudged:
            kinds[kind].found += 1
            kinds[kind].right += right
    return kinds


def together(kinds: Mapping[str, Spans], wanted: frozenset[str]) -> Spans:
    """The counts of several kinds, added (micro average)."""
    total = Spans()
    for kind, counts in kinds.items():
        if kind in wanted:
            total.add(counts)
    return total


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
