"""How many pages the web part serves in a second, and how long each takes: one process, and a few readers at once."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks import BenchError, figures, servers
from benchmarks.installations import SERVICE, Store, running
from benchmarks.load import in_loop

READERS = 8
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Each page is asked for so many seconds; one that acts, at most once for each of so many mailboxes."""

    seconds: float
    mailboxes: int


WHOLE = Plan(seconds=4.0, mailboxes=500)
QUICK = Plan(seconds=0.5, mailboxes=20)


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for: a path for each number, by GET or by a press; None ends it."""

    name: str
    path: Callable[[int], str | None]
    press: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def run(store: Store, plan: Plan) -> dict[str, Any]:
    """Asks for each page in turn. Those of agents come last, when there are cases to list."""
    opened = json.loads(store.command("benchmarks.mailboxes", "open", SERVICE, str(plan.mailboxes), "mori"))
    confirm, not_me, agent = opened["confirm"], opened["not_me"], {"Cookie": opened["cookie"]}
    every = [
        Page("confirm", lambda number: f"/c/{confirm[number % len(confirm)]}"),
        Page("not_me", lambda number: f"/n/{not_me[number % len(not_me)]}"),
        Page("kept", lambda number: f"/n/{not_me[number % len(not_me)]}/keep"),
        Page("press_not_me", lambda number: f"/n/{not_me[number]}" if number < len(not_me) else None, press=True),
        Page("desk_list", lambda _: "/desk/", headers=agent),
        Page("operator", lambda _: "/operator/", headers=agent),
    ]
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        installation = stack.enter_context(running(store, [sink.port], web=True, proxies=1))
        if installation.web is None:
            raise BenchError("there is no web part.")
        rows = []
        for page in every:
            if not page.press:
                in_loop(_ask(installation.web.port, page, 0.1))  # its templates are read
            before = installation.web.cpu()
            took, seconds = in_loop(_ask(installation.web.port, page, plan.seconds))
            spent = sum(now - before[name] for name, now in installation.web.cpu().items())
            row = {
                "page": page.name,
                "per_second": round(len(took) / seconds, 1),
                "cpu_ms_per_page": round(spent * 1000 / len(took), 2),
                **figures.latency(took),
            }
            rows.append(row)
            print(f"{page.name:13} {row['per_second']:7.1f}/s  p50 {row['p50']} ms  p99 {row['p99']} ms", flush=True)
    return {"readers": READERS, "mailboxes": plan.mailboxes, "rows": rows}


async def _ask(port: int, page: Page, seconds: float) -> tuple[list[float], float]:
    """How long each took, in milliseconds, and all together in seconds. Raises `BenchError` unless each is a 200."""
    took: list[float] = []
    began, count = time.perf_counter(), itertools.count()

    async def reader() -> None:
        incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() - began < seconds:
                number = next(count)
                path = page.path(number)
                if path is None:
                    return
                start = time.perf_counter()
                outgoing.write(_request(page, path, number))
                async with asyncio.timeout(_PATIENCE):
                    status = await _answer(incoming)
                if status != 200:
                    raise BenchError(f"the page {page.name} was answered {status}.")
                took.append((time.perf_counter() - start) * 1000)
        finally:
            outgoing.close()

    try:
        await asyncio.gather(*(reader() for _ in range(READERS)))
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise BenchError(f"the page {page.name} was not answered: {error}") from error
    return took, time.perf_counter() - began


def _request(page: Page, path: str, number: int) -> bytes:
    """As from another reader each time: what one of them may ask for in a minute is limited."""
    reader = f"2001:db8:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}::1"
    headers = {"Host": "127.0.0.1", "X-Forwarded-For": reader, "Accept-Language": "ja", **page.headers}
    if page.press:
        headers |= {"Content-Length": "0", "Content-Type": "application/x-www-form-urlencoded"}
    lines = [f"{'POST' if page.press else 'GET'} {path} HTTP/1.1", *(f"{name}: {it}" for name, it in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _answer(incoming: asyncio.StreamReader) -> int:
    """Its status, after the whole of it was read."""
    head = (await incoming.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0].strip()
    if not length.isdigit():
        raise BenchError("a page came without its length.")
    await incoming.readexactly(int(length))
    return int(head.split(b" ", 2)[1])
