"""Whether "not me", or returned mail, has become more than a campaign may bear. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

LEAST = 50  # of fewer nothing can be said
RECENT = 1_000
_Z = 1.645  # one-sided 95 %


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of those who were asked: `share` of `sample`, and surely more than `bound` (Wilson's lower bound)."""

    hits: int
    sample: int

    @property
    def share(self) -> float:
        return self.hits / self.sample if self.sample else 0.0

    @property
    def bound(self) -> float:
        return lower_bound(self.hits, self.sample)


def lower_bound(hits: int, sample: int) -> float:
    """The share that is exceeded with 95 % confidence, by Wilson's score interval; 0 of nothing.

    Not the plain share: 1 of 20 is 5 %, and may well be chance.
    """
    if not hits:  # nor of a sample of none
        return 0.0
    share, square = hits / sample, _Z * _Z
    middle = share + square / (2 * sample)
    width = _Z * sqrt(share * (1 - share) / sample + square / (4 * sample * sample))
    return max(0.0, (middle - width) / (1 + square / sample))


def worst(rates: list[Rate]) -> Rate:
    """The one that says most: the highest bound among those that can say anything."""
    told = [rate for rate in rates if rate.sample >= LEAST]
    return max(told, key=lambda rate: rate.bound, default=Rate(0, 0))
