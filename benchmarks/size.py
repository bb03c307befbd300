"""What a message costs as the known addresses and the ledger's lines grow: beside each other, in turns."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import figures, servers, source
from benchmarks.installations import SERVICE, Installation, Store, running
from benchmarks.mails import orders
from benchmarks.road import check


@dataclass(frozen=True, slots=True)
class Plan:
    """With how many addresses; in each run one mail goes to each of `mails` of them, spread over all."""

    sizes: tuple[int, ...]
    mails: int
    rounds: int


WHOLE = Plan(sizes=(10_000, 100_000, 1_000_000), mails=3_000, rounds=5)
QUICK = Plan(sizes=(500, 2_000), mails=100, rounds=1)


def with_largest(plan: Plan, largest: int | None) -> Plan:
    """The same and one size more."""
    return plan if largest is None else replace(plan, sizes=(*plan.sizes, largest))


def run(store: Store, plan: Plan) -> dict[str, Any]:
    """Measures each size in a database of its own.

    1 Fill each; vacuum, as a database that has stood for a day is.  2 A gate on each, and a run without measuring.
    3 In each round, each once; another begins each time.
    """
    order = source.write(store.folder / "known", orders(["known@example.jp"]))[0]
    filled = {}
    stores = {size: store.copy(f"{store.name}_{size}") for size in plan.sizes}
    for size, each in stores.items():
        began = time.monotonic()
        each.command("benchmarks.filling", "know", SERVICE, str(size), str(plan.mails + 1))
        filled[size] = round(time.monotonic() - began, 1)
        print(f"{size} addresses and lines made in {filled[size]} s", flush=True)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        ours = {size: stack.enter_context(running(each, [sink.port], worker=False)) for size, each in stores.items()}
        for installation in ours.values():
            _go(installation, order, plan.mails)
        for number in range(plan.rounds):
            shift = number % len(plan.sizes)
            for size in (*plan.sizes[shift:], *plan.sizes[:shift]):
                row = {"road": str(size), "round": number + 1, **_go(ours[size], order, plan.mails)}
                rows.append(row)
                print(
                    f"round {number + 1}  {size:9}  {row['per_second']:8.1f}/s  {row['cpu_ms_per_mail']:6.3f} ms CPU",
                    flush=True,
                )
        octets = {size: _octets(installation) for size, installation in ours.items()}
    least = str(plan.sizes[0])
    pairs = [(f"{size}_vs_{least}", str(size), least) for size in plan.sizes[1:]]
    return {
        "rounds": plan.rounds,
        "mails": plan.mails,
        "sizes": list(plan.sizes),
        "fill_seconds": filled,
        "database_mb": octets,
        "cpu_ratios": figures.ratios(rows, pairs, "cpu_ms_per_mail"),
        "rows": rows,
    }


def _go(installation: Installation, order: tuple[str, Any], mails: int) -> dict[str, Any]:
    gate = installation.gates[0]
    before, since, began = gate.cpu(), installation.now(), time.perf_counter()
    source.send(gate.port, order, mails)
    took = time.perf_counter() - began
    gate.wait_until_idle()
    spent = {name: (now - before[name]) * 1000 / mails for name, now in gate.cpu().items()}
    outcomes = check("size", installation.outcomes(since), frozenset({"deliver"}), mails)
    return {
        "connections": "reused",
        "mails": mails,
        "per_second": round(mails / took, 1),
        "cpu_ms_per_mail": round(sum(spent.values()), 3),
        "cpu_ms_of": {name: round(each, 3) for name, each in spent.items()},
        "outcomes": outcomes,
    }


def _octets(installation: Installation) -> int:
    row = installation.connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) // 2**20 if row else 0
