"""Whether memory stays flat: each process's, over many mails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import BenchError, figures, servers, source
from benchmarks.installations import SERVICE, Installation, Store, running
from benchmarks.mails import orders, recipients
from benchmarks.road import check

_SETTLED = 0.2  # the first part of the mails is not looked at: pools and caches fill


@dataclass(frozen=True, slots=True)
class Plan:
    """How many mails are sent; fewer if the time is over before. `every`: seconds between two looks."""

    mails: int
    seconds: float
    every: float
    clients: int


WHOLE = Plan(mails=200_000, seconds=90, every=1.0, clients=100)
QUICK = Plan(mails=2_000, seconds=2, every=0.2, clients=10)


def with_most(plan: Plan, mails: int | None) -> Plan:
    """The same with so many mails, however long they take."""
    return plan if mails is None else replace(plan, mails=mails, seconds=float("inf"))


def run(store: Store, plan: Plan) -> dict[str, Any]:
    """Sends, every tenth client to somebody whose mail waits, and looks at each process again and again."""
    waiting = recipients("waiting", plan.clients // 10)
    proved = recipients("proved", plan.clients - len(waiting))
    mixed = source.write(store.folder / "memory", orders([*proved, *waiting]))
    store.command("benchmarks.mailboxes", "prove", SERVICE, *proved)
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        installation = stack.enter_context(running(store, [sink.port]))
        since, seen = installation.now(), list[tuple[int, dict[str, float]]]()
        sent = _send(plan, installation, mixed, seen)
        installation.gates[0].wait_until_idle()
        outcomes = check("memory", installation.outcomes(since), frozenset({"deliver", "hold"}), sent, cut=plan.clients)
    slopes = slopes_of(seen)
    print(f"{sent} mails: {slopes} MB for each 100,000", flush=True)
    return {"mails": sent, "outcomes": outcomes, "mb_per_100000": slopes, "seen": seen}


def _send(plan: Plan, installation: Installation, mixed: list[Any], seen: list[tuple[int, dict[str, float]]]) -> int:
    gate = installation.gates[0]
    with source.flowing(gate.port, mixed, reuse=True, clients=plan.clients) as sent:
        began = time.monotonic()
        while sent() < plan.mails and time.monotonic() - began < plan.seconds:
            time.sleep(plan.every)
            seen.append((sent(), {name: round(each, 2) for name, each in gate.memory().items()}))
        return sent()


def slopes_of(seen: Sequence[tuple[int, dict[str, float]]]) -> dict[str, float]:
    """MB that each process grows by for each 100,000 mails, once it has settled. Raises `BenchError`."""
    settled = [(mails, each) for mails, each in seen if mails >= seen[-1][0] * _SETTLED]
    if len(settled) < 3:
        raise BenchError("memory was looked at fewer than three times: send more mails.")
    return {
        name: round(figures.slope([(mails / 100_000, each[name]) for mails, each in settled]), 3)
        for name in settled[0][1]
    }
