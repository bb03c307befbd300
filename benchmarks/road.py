"""The roads, measured in turns with the same load, and what the measurements come to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import BenchError, figures, rivals, servers, source
from benchmarks.installations import SERVICE, Installation, Store, running
from benchmarks.load import Target, in_loop, send_paced
from benchmarks.mails import OCTETS, orders, recipients
from benchmarks.servers import Server, Unavailable

KINDS = ("new", "reused")
"""A connection for each mail, and one for all of a client's."""

RATIOS = (
    ("proved_vs_postfix_queue", "proved", "postfix_queue"),
    ("proved_vs_before_queue", "proved", "before_queue"),
    ("held_vs_postfix_queue", "held", "postfix_queue"),
    ("before_postfix_vs_postfix", "before_postfix", "postfix_queue"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. `seconds` of each run, `warm` before the first; `paced` of each run at half of the load.

    `clients`: how many send at once, on a connection for each mail, and on one for all.
    """

    rounds: int
    seconds: float
    warm: float
    paced: float
    clients: tuple[int, int]


WHOLE = Plan(rounds=5, seconds=3.0, warm=1.0, paced=3.0, clients=(20, 100))
QUICK = Plan(rounds=1, seconds=0.3, warm=0, paced=0.3, clients=(5, 10))


@dataclass(frozen=True, slots=True)
class Road:
    """One way for a mail; whose receivers; of ours also the installation and the outcomes it must come to."""

    name: str
    server: Server
    orders: list[tuple[str, Path]]
    ours: Installation | None = None
    outcomes: frozenset[str] = frozenset()


def run(store: Store, plan: Plan) -> dict[str, Any]:
    """Measures. Raises `BenchError`.

    1 Start every server; leave out, with the reason, what this machine cannot run.
    2 Go each road once without measuring: claims are made, connections opened, pages of the database read. A quick run
      has no time for that.
    3 In each round, each road once with new and once with reused connections; another begins each time.
    4 At half of what `proved` can carry: how long a mail takes beside the bare sink.
    """
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        roads, left_out = _roads(store, sink, max(plan.clients), stack)
        for road in roads if plan.warm else ():
            for kind, clients in zip(KINDS, plan.clients, strict=True):
                _go(road, kind, clients, plan.warm)
        rows = _measure(plan, roads)
        latency = _latency(plan, sink, next(road for road in roads if road.name == "proved"), rows)
    return {
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "clients": dict(zip(KINDS, plan.clients, strict=True)),
        "mail_octets": OCTETS,
        "ratios": figures.ratios(rows, RATIOS),
        "latency": latency,
        "left_out": left_out,
        "rows": rows,
    }


def _roads(store: Store, sink: Server, receivers: int, stack: ExitStack) -> tuple[list[Road], dict[str, str]]:
    """Those that can be gone here, and why the others cannot."""
    proved, waiting = (
        source.write(store.folder / kind, orders(recipients(kind, receivers))) for kind in ("proved", "waiting")
    )
    store.command("benchmarks.mailboxes", "prove", SERVICE, *(recipient for recipient, _ in proved))
    roads, left_out = [Road("sink", sink, proved)], dict[str, str]()

    def add(name: str, server: Callable[[], AbstractContextManager[Server]]) -> Server | None:
        try:
            made = stack.enter_context(server())
        except Unavailable as error:
            left_out[name] = str(error).replace(str(store.folder), "…")
            return None
        roads.append(Road(name, made, proved))
        return made

    folder, port = store.folder, sink.port
    postfix = add("postfix_queue", lambda: servers.postfix(folder, port))
    add("before_queue", lambda: servers.postfix(folder, port, before_queue=True))
    add("haraka", lambda: rivals.haraka(folder, port))
    add("aiosmtpd", lambda: rivals.forwarder(folder, port))
    ours = stack.enter_context(running(store, [port] if postfix is None else [port, postfix.port]))
    roads.append(Road("proved", ours.gates[0], proved, ours, frozenset({"deliver"})))
    roads.append(Road("held", ours.gates[0], waiting, ours, frozenset({"hold", "substitute"})))
    if postfix is None:
        left_out["before_postfix"] = left_out["postfix_queue"]
    else:
        gate = ours.gates[1]
        both = Server(
            gate.port,
            {**gate.processes, **postfix.processes},
            lambda: gate.backlog() + postfix.backlog(),
            gate.login,
        )
        roads.append(Road("before_postfix", both, proved, ours, frozenset({"deliver"})))
    return roads, left_out


def _measure(plan: Plan, roads: Sequence[Road]) -> list[dict[str, Any]]:
    rows = []
    for number in range(plan.rounds):
        shift = number % len(roads)
        for kind, clients in zip(KINDS, plan.clients, strict=True):
            for road in (*roads[shift:], *roads[:shift]):
                row = {"round": number + 1, **_go(road, kind, clients, plan.seconds)}
                rows.append(row)
                print(
                    f"round {row['round']}  {row['road']:14} {kind:6}  {row['per_second']:8.1f}/s  "
                    f"{row['cpu_ms_per_mail']:6.2f} ms CPU  {row['memory_mb']:7.1f} MB",
                    flush=True,
                )
    return rows


def _go(road: Road, kind: str, clients: int, seconds: float) -> dict[str, Any]:
    """One run as a row. Its processor time is counted until nothing of it is queued any more."""
    before, since = road.server.cpu(), road.ours.now() if road.ours else None
    sent = source.flood(
        road.server.port,
        road.orders,
        reuse=kind == "reused",
        clients=clients,
        seconds=seconds,
        look=road.server.memory,
    )
    answered = time.perf_counter()
    road.server.wait_until_idle()
    waited = time.perf_counter() - answered
    if not sent.counted:
        raise BenchError(f"no mail was answered on the road {road.name} in {seconds} s.")
    spent = {name: (now - before[name]) * 1000 / sent.mails for name, now in road.server.cpu().items()}
    row = {
        "road": road.name,
        "connections": kind,
        "mails": sent.mails,
        "seconds": round(sent.seconds, 3),
        "per_second": round(sent.counted / sent.seconds, 1),
        "cpu_ms_per_mail": round(sum(spent.values()), 3),
        "cpu_ms_of": {name: round(each, 3) for name, each in spent.items()},
        "memory_mb": round(sum(sent.seen.values()), 1),
        "memory_mb_of": {name: round(each, 1) for name, each in sent.seen.items()},
        "backlog_seconds": round(waited, 3),
    }
    if road.ours is not None and since is not None:
        row["outcomes"] = check(road.name, road.ours.outcomes(since), road.outcomes, sent.mails, cut=clients)
    return row


def check(name: str, outcomes: Counter[str], wanted: frozenset[str], mails: int, *, cut: int = 0) -> dict[str, int]:
    """What the ledger says of a run. Raises `BenchError` if mails went another way, or are not on it at all.

    `cut`: how many clients were stopped, each perhaps in the middle of a mail, which has no outcome then.
    """
    good, found = sum(outcomes[each] for each in wanted), dict(outcomes)
    other = sum(outcomes.values()) - good - outcomes[""]
    if not good or good < mails - cut or outcomes[""] > cut or other > 0.02 * good:
        raise BenchError(f"the road {name} did not work: of {mails} mails the ledger says {found}.")
    return found


def _latency(plan: Plan, sink: Server, proved: Road, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """At half of `proved`'s median rate, in turns with the sink: what a mail takes, and what of it is ours."""
    found: dict[str, dict[str, Any]] = {}
    for kind, clients in zip(KINDS, plan.clients, strict=True):
        rates = [row["per_second"] for row in rows if (row["road"], row["connections"]) == ("proved", kind)]
        rate = figures.three(rates)["median"] / 2
        took: dict[str, list[float]] = {"sink": [], "proved": []}
        added = []
        for _ in range(min(plan.rounds, 3)):
            ends = {}
            for name, server in (("sink", sink), ("proved", proved.server)):
                target = Target(server.port, orders([recipient for recipient, _ in proved.orders]))
                paced = send_paced(target, reuse=kind == "reused", per_second=rate, seconds=plan.paced, clients=clients)
                sent = in_loop(paced)
                good = [(one.ended - one.began) * 1000 for one in sent if one.outcome in ("accepted", "deliver")]
                if len(good) < 0.99 * len(sent) or not good:
                    raise BenchError(f"at half of the load, {dict(Counter(one.outcome for one in sent))} came back.")
                took[name] += good
                ends[name] = figures.percentile(sorted(good), 99)
            added.append(ends["proved"] - ends["sink"])
        found[kind] = {
            "per_second": round(rate, 1),
            **{name: figures.latency(each) for name, each in took.items()},
            "added_p99_ms": figures.three(added, 2),
        }
        p99 = found[kind]["proved"]["p99"]
        print(f"half of the load, {kind}: p99 {p99} ms, added {found[kind]['added_p99_ms']}", flush=True)
    return found
