"""What stands about an address: derived from rows, by a pure function.

A claim is `proved` only by an event that binds mailbox and customer together; a click alone makes it `answered`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Standing(StrEnum):
    """How far an address is proved for one customer of one service (architecture, closed vocabularies)."""

    UNKNOWN = "unknown"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    PROVED = "proved"
    DOUBTED = "doubted"
    DISAVOWED = "disavowed"


@dataclass(frozen=True, slots=True)
class Said:
    """One event about an address, as `derive` needs it. `order` tells which was said later."""

    order: int
    kind: str
    claim: UUID | None
    accepted: bool = False  # of a click: the policy took it for a proof at that moment


@dataclass(frozen=True, slots=True)
class Stand:
    """What `derive` found: the standing, and whether the mailbox asked for silence (RFC 8058).

    `accepted`: the click that made it `answered` was one that the policy took for a proof.
    """

    standing: Standing
    paused: bool = False
    accepted: bool = False


def derive(claim: UUID | None, said: Iterable[Said]) -> Stand:
    """The standing of `claim`, from everything said about its address in its organisation.

    1 Read the events in their order, keeping what is proved as it changes.
    2 A disavowal covers the claim it answers, and every claim that is not proved at that moment (architecture,
      "One 'this is not me'"): also a claim that is made later, or this address would be asked again (R11).
    3 A bound proof of this claim lifts what was said before it; a withdrawal forgets it. So does a click that the
      policy takes for a proof, but it stays `answered`: it is worth no more than the policy.
    """
    standing = Standing.UNKNOWN
    paused = accepted = False
    for event in sorted(said, key=lambda event: event.order):
        mine = claim is not None and event.claim == claim
        match event.kind:
            case "disavowed" if mine or standing is not Standing.PROVED:
                standing, accepted = Standing.DISAVOWED, False
            case "answered" if mine and event.accepted and standing is not Standing.PROVED:
                standing, paused, accepted = Standing.ANSWERED, False, True
            case "proved" if mine:
                standing, paused = Standing.PROVED, False
            case "paused" if mine or standing is not Standing.PROVED:
                paused = True
                if standing is Standing.PROVED:
                    standing = Standing.DOUBTED
            case "doubted" if mine and standing is Standing.PROVED:
                standing = Standing.DOUBTED
            case "withdrawn" if mine and standing is not Standing.DISAVOWED:
                standing, accepted = Standing.UNKNOWN, False
            case "claimed" if mine and standing is Standing.UNKNOWN:
                standing = Standing.CLAIMED
            case "answered" if mine and standing is Standing.CLAIMED:
                standing = Standing.ANSWERED
            case _:
                pass
    return Stand(standing, paused, accepted)
