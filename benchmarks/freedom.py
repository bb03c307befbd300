"""How long "this is not me" takes to be in force on every one of several gates, and what is delivered after it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks import BenchError, figures, servers
from benchmarks.installations import SERVICE, Installation, Store, running
from benchmarks.load import Sent, Target, in_loop, send_while
from benchmarks.mails import orders, recipients

_PRESS_SECONDS = 60.0
_AFTER = 8  # mails to each gate after the press, all of which must be refused


@dataclass(frozen=True, slots=True)
class Plan:
    """How often it is pressed, with how many gates."""

    presses: int
    gates: int = 2


WHOLE = Plan(presses=100)
QUICK = Plan(presses=5)


def run(store: Store, plan: Plan) -> dict[str, Any]:
    """Presses while mail to that address comes in at every gate; the first press is not counted."""
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        installation = stack.enter_context(running(store, [sink.port] * plan.gates))
        presses = in_loop(_presses(plan, installation))[1:]
    took = figures.latency([press["ms"] for press in presses])
    print(f"p50 {took['p50']} ms, p99 {took['p99']} ms", flush=True)
    return {
        "gates": plan.gates,
        "freedom_ms": took,
        "presses": len(presses),
        "last_delivery_ms": figures.latency([press["last_delivery_ms"] for press in presses]),
        "still_leaving": sum(press["still_leaving"] for press in presses),
        "tried_afterwards": sum(press["tried_afterwards"] for press in presses),
        "delivered_afterwards": sum(press["delivered_afterwards"] for press in presses),
    }


async def _presses(plan: Plan, installation: Installation) -> list[dict[str, Any]]:
    receivers = recipients("freed", plan.presses + 1)
    words = [sys.executable, "-m", "benchmarks.mailboxes", "free", SERVICE, *receivers]
    # Its standard input ends with us, and it with that.
    pressing = await asyncio.create_subprocess_exec(
        *words, env=dict(installation.store.environment), stdin=PIPE, stdout=PIPE
    )
    try:
        await _line(pressing)
        return [await _press(installation, pressing, number, receiver) for number, receiver in enumerate(receivers)]
    finally:
        if pressing.returncode is None:
            pressing.kill()
        await pressing.wait()


async def _press(installation: Installation, pressing: Process, number: int, receiver: str) -> dict[str, Any]:
    """One press while two clients send at each gate, and whether any mail that began after it was delivered."""
    pressed = asyncio.Event()
    sent: list[list[Sent]] = [[] for _ in installation.gates]
    sending = [
        asyncio.create_task(
            send_while(
                Target(gate.port, orders([receiver]), gate.login),
                lambda: not pressed.is_set(),
                reuse=True,
                clients=2,
                into=into,
            )
        )
        for gate, into in zip(installation.gates, sent, strict=True)
    ]
    try:
        await _until(lambda: all(sum(one.outcome == "deliver" for one in each) >= 4 for each in sent), sending)
        if pressing.stdin is None:
            raise BenchError("nobody presses.")
        began = time.perf_counter()
        pressing.stdin.write(f"{number}\n".encode())
        answer = json.loads(await _line(pressing))
        freed = time.perf_counter()
        await _until(lambda: all(sum(one.began > freed for one in each) >= _AFTER for each in sent), sending)
    except TimeoutError as error:
        raise BenchError(f"a press was not done within {_PRESS_SECONDS:.0f} s.") from error
    finally:
        pressed.set()
        await asyncio.gather(*sending)
    return {**answer, **judge([one for each in sent for one in each], began, freed)}


def judge(sent: Sequence[Sent], pressed: float, freed: float) -> dict[str, float]:
    """What came of the mails around a press: how long after it the last was delivered, and what followed the answer."""
    delivered = [one for one in sent if one.outcome == "deliver"]
    later = [one.outcome for one in sent if one.began > freed]
    return {
        "last_delivery_ms": max([(one.ended - pressed) * 1000 for one in delivered] + [0.0]),
        "tried_afterwards": len(later),
        "delivered_afterwards": later.count("deliver"),
    }


async def _until(come: Callable[[], bool], sending: Sequence[asyncio.Task[Any]]) -> None:
    async with asyncio.timeout(_PRESS_SECONDS):
        while not come():
            for each in sending:
                if each.done():
                    each.result()  # whoever sends has failed: say so now
            await asyncio.sleep(0.002)


async def _line(pressing: Process) -> bytes:
    if pressing.stdout is None:
        raise BenchError("nobody presses.")
    line = await asyncio.wait_for(pressing.stdout.readline(), _PRESS_SECONDS)
    if not line:
        raise BenchError("the program that presses ended; what it said is above.")
    return line
