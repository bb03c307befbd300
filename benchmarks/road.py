"""The roads, measured in turns, and what the measurements come to."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import BenchError, servers
from benchmarks.load import CLIENTS, Sent, Target, in_loop, send, send_while
from benchmarks.machine import machine, versions
from benchmarks.mails import OCTETS, orders, recipients
from benchmarks.servers import SERVICE, Installation, Server, Unavailable

_RESULTS = Path(__file__).parent / "results"
_RATIOS = (("proved", "postfix_queue"), ("held", "postfix_queue"))
_PRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: a run ends after `seconds` or `most` mails, the whole after `limit` seconds."""

    rounds: int
    seconds: float
    most: int
    receivers: int
    presses: int
    limit: int
    quick: bool = False


FULL = Plan(rounds=5, seconds=10, most=100_000, receivers=200, presses=100, limit=1800)
QUICK = Plan(rounds=2, seconds=1.0, most=200, receivers=40, presses=20, limit=180, quick=True)


@dataclass(frozen=True, slots=True)
class Road:
    """One way for a mail, and the outcomes that show that it went this way."""

    name: str
    server: Server
    target: Target
    outcomes: frozenset[str]


def run(plan: Plan) -> Path:
    """Measures, and writes the file; where it is. Raises `BenchError`.

    1 Start every server; leave out, with the reason, what this machine cannot run.
    2 Go each road once without measuring: every receiver that waits has its notice after that.
    3 In each round, each road once with new and once with reused connections; another begins each time.
    4 Press "this is not me".  5 End everything.  6 Write.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="atesaki-bench-", ignore_cleanup_errors=True)))
        folder.chmod(0o711)  # Postfix's and PostgreSQL's users pass through
        found: dict[str, Any] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "quick": plan.quick,
            "machine": machine(folder),
            "versions": {},
            "rounds": plan.rounds,
            "clients": CLIENTS,
            "mail_octets": OCTETS,
        }
        sink = stack.enter_context(servers.sink(folder))
        left_out = {}
        postfix = None
        try:
            postfix = stack.enter_context(servers.postfix(folder, sink.port))
        except Unavailable as error:
            left_out["postfix_queue"] = str(error).replace(str(folder), "…")
        installation = stack.enter_context(servers.atesaki(folder, sink.port))
        found["versions"] = versions(installation.postgresql)
        roads = _roads(plan, sink, postfix, installation)
        rows = _measure(plan, roads)
        freedom = in_loop(_freedom(plan, installation))
    return _write(plan, {**found, "ratios": _ratios(rows), "freedom_ms": freedom, "left_out": left_out, "rows": rows})


def _roads(plan: Plan, sink: Server, postfix: Server | None, installation: Installation) -> list[Road]:
    proved, waiting = (recipients(kind, plan.receivers) for kind in ("proved", "waiting"))
    servers.command(installation.environment, "benchmarks.mailboxes", "prove", SERVICE, *proved)
    to_proved, server, accepted = orders(proved), installation.server, frozenset({"accepted"})
    roads = [Road("sink", sink, Target(sink.port, to_proved), accepted)]
    if postfix is not None:
        roads.append(Road("postfix_queue", postfix, Target(postfix.port, to_proved), accepted))
    door = Target(server.port, to_proved, server.login)
    roads.append(Road("proved", server, door, frozenset({"deliver"})))
    door = Target(server.port, orders(waiting), server.login)
    roads.append(Road("held", server, door, frozenset({"hold", "substitute"})))
    return roads


def _measure(plan: Plan, roads: Sequence[Road]) -> list[dict[str, Any]]:
    for road in roads:
        _go(road, reuse=True, seconds=60, most=plan.receivers)
    rows = []
    for number in range(plan.rounds):
        shift = number % len(roads)
        for reuse in (False, True):
            for road in (*roads[shift:], *roads[:shift]):
                row = _go(road, reuse=reuse, seconds=plan.seconds, most=plan.most)
                rows.append({"round": number + 1, **row})
                print(
                    f"round {number + 1}  {row['road']:13} {row['connections']:6}  {row['per_second']:8.1f}/s  "
                    f"{row['cpu_ms_per_mail']:6.2f} ms CPU  p50 {row['p50_ms']:7.2f} ms  p99 {row['p99_ms']:7.2f} ms",
                    flush=True,
                )
    return rows


def _go(road: Road, *, reuse: bool, seconds: float, most: int) -> dict[str, Any]:
    """One run as a row. Its processor time is counted until nothing of it is queued any more."""
    before = road.server.cpu()
    sent = in_loop(send(road.target, reuse=reuse, seconds=seconds, most=most))
    answered = time.perf_counter()
    road.server.wait_until_idle()
    idle = time.perf_counter()
    outcomes = Counter(each.outcome for each in sent)
    good = sorted((each.ended - each.began) * 1000 for each in sent if each.outcome in road.outcomes)
    if len(good) < 0.99 * len(sent) or not good:
        raise BenchError(f"the road {road.name} did not work: of {len(sent)} mails came {dict(outcomes)}.")
    spent = {name: (now - before[name]) * 1000 / len(good) for name, now in road.server.cpu().items()}
    took = max(each.ended for each in sent) - min(each.began for each in sent)
    return {
        "road": road.name,
        "connections": _suffix(reuse),
        "mails": len(good),
        "seconds": round(took, 3),
        "per_second": round(len(good) / took, 1),
        "p50_ms": round(_percentile(good, 50), 2),
        "p99_ms": round(_percentile(good, 99), 2),
        "cpu_ms_per_mail": round(sum(spent.values()), 3),
        "cpu_ms_of": {name: round(each, 3) for name, each in spent.items()},
        "backlog_seconds": round(idle - answered, 3),
        "outcomes": dict(outcomes),
    }


def _suffix(reuse: bool) -> str:
    return "reused" if reuse else "new"


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """By the nearest rank: a value that was measured."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _ratios(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Each round's own ratio, so that what slows the machine for a while slows both sides of it."""
    speed = {(row["road"], row["connections"], row["round"]): row["per_second"] for row in rows}
    ratios = {}
    for road, other in _RATIOS:
        for how in ("new", "reused"):
            pairs = [
                (speed[road, how, number], speed[other, how, number])
                for name, kind, number in speed
                if (name, kind) == (other, how)
            ]
            values = [ours / theirs for ours, theirs in pairs]
            if values:
                three = {"median": statistics.median(values), "min": min(values), "max": max(values)}
                ratios[f"{road}_vs_{other}_{how}"] = {name: round(value, 3) for name, value in three.items()}
    return ratios


async def _freedom(plan: Plan, installation: Installation) -> dict[str, Any]:
    """How long "this is not me" takes while mail is being sent to that address; the first press is not counted."""
    receivers = recipients("freed", plan.presses + 1)
    words = [sys.executable, "-m", "benchmarks.mailboxes", "free", SERVICE, *receivers]
    # Its standard input ends with us, and it with that.
    pressing = await asyncio.create_subprocess_exec(*words, env=installation.environment, stdin=PIPE, stdout=PIPE)
    try:
        await _line(pressing)
        presses = [
            await _press(installation.server, pressing, number, receiver) for number, receiver in enumerate(receivers)
        ][1:]
    finally:
        if pressing.returncode is None:
            pressing.kill()
        await pressing.wait()
    took = sorted(press["ms"] for press in presses)
    return {
        "p50": round(_percentile(took, 50), 2),
        "p99": round(_percentile(took, 99), 2),
        "presses": len(took),
        "still_leaving": sum(press["still_leaving"] for press in presses),
        "delivered_afterwards": sum(press["delivered_afterwards"] for press in presses),
    }


async def _press(server: Server, pressing: Process, number: int, receiver: str) -> dict[str, Any]:
    """One press while four clients send, and whether any mail that began after it was delivered."""
    pressed = asyncio.Event()
    target, sent = Target(server.port, orders([receiver]), server.login), list[Sent]()
    sending = asyncio.create_task(send_while(target, lambda: not pressed.is_set(), reuse=True, clients=4, into=sent))
    try:
        await _until(lambda: sum(each.outcome == "deliver" for each in sent) >= 8)
        if pressing.stdin is None:
            raise BenchError("nobody presses.")
        pressing.stdin.write(f"{number}\n".encode())
        answer = json.loads(await _line(pressing))
        freed = time.perf_counter()
        await _until(lambda: sum(each.began > freed for each in sent) >= 8)
    except TimeoutError as error:
        raise BenchError(f"a press was not done within {_PRESS_SECONDS:.0f} s.") from error
    finally:
        pressed.set()
        await sending
    later = [each.outcome for each in sent if each.began > freed]
    return {**answer, "delivered_afterwards": later.count("deliver")}


async def _until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PRESS_SECONDS):
        while not come():  # noqa: ASYNC110 - an event for each mail would cost the clients more
            await asyncio.sleep(0.002)


async def _line(pressing: Process) -> bytes:
    if pressing.stdout is None:
        raise BenchError("nobody presses.")
    line = await asyncio.wait_for(pressing.stdout.readline(), _PRESS_SECONDS)
    if not line:
        raise BenchError("the program that presses ended; what it said is above.")
    return line


def _write(plan: Plan, found: dict[str, Any]) -> Path:
    """A quick run never takes the place of a whole one."""
    file = _RESULTS / f"road-{found['date'][:10]}{'-quick' if plan.quick else ''}.json"
    _RESULTS.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    return file
