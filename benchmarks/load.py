"""The load for latency and outcomes: clients that send one mail after the other, on a new connection each or on one.

It knows when each mail was answered and how, and takes a core for that; `source` is for throughput. No command is sent
before the last one is answered, as with `smtp-source`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import uvloop

from benchmarks import mails

T = TypeVar("T")

CLIENTS = 20
_PATIENCE = 30.0  # seconds for one mail, its connection included
_RECEIPT = re.compile(rb"250 2\.0\.0 [0-9a-f-]{36} ([a-z]+)\r\n")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send what: a port of loopback, who logs in there, and mails that are taken in turns."""

    port: int
    orders: list[tuple[str, bytes]]
    login: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail: when it began (with its connection, if that was new), when it was answered, what came of it.

    `outcome`: atesaki's word; `accepted` by another; else the code of the refusal, or `lost`.
    """

    began: float
    ended: float
    outcome: str


class Peer(asyncio.Protocol):
    """One connection, spoken in lock step."""

    def __init__(self) -> None:
        self._said = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._said += data
        if self._answer is not None and not self._answer.done() and self._is_whole():
            self._answer.set_result(self._take())

    def connection_lost(self, error: Exception | None) -> None:
        self._gone = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server ended the connection"))

    async def say(self, words: bytes = b"") -> bytes:
        """The answer to `words`; to nothing, the greeting."""
        if words and self._transport is not None:
            self._transport.write(words)
        if self._is_whole():
            return self._take()  # the greeting, or a farewell that nobody asked for
        if self._gone:
            raise ConnectionResetError("the server ended the connection")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    def _is_whole(self) -> bool:
        last = self._said[self._said.rfind(b"\n", 0, -1) + 1 :]
        return last.endswith(b"\r\n") and last[3:4] == b" "  # RFC 5321 4.2.1

    def _take(self) -> bytes:
        said, self._said = self._said, b""
        return said

    async def enter(self, login: tuple[str, str] | None) -> None:
        """From the greeting to being logged in."""
        words = [b"", b"EHLO client.example.com\r\n"]
        if login is not None:
            plain = base64.b64encode(f"\0{login[0]}\0{login[1]}".encode())
            words.append(b"AUTH PLAIN " + plain + b"\r\n")
        for each in words:
            said = await self.say(each)
            if said[:1] != b"2":
                raise ConnectionRefusedError(said.decode(errors="replace").strip())

    async def mail(self, recipient: str, content: bytes) -> str:
        """One mail; its outcome."""
        steps = (f"MAIL FROM:<{mails.SENDER}>\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n")
        for step in steps:
            said = await self.say(step.encode())
            if said[:1] not in b"23":
                await self.say(b"RSET\r\n")
                return said[:3].decode()
        said = await self.say(content)
        receipt = _RECEIPT.fullmatch(said)
        if receipt:
            return receipt[1].decode()
        return "accepted" if said.startswith(b"250") else said[:3].decode()

    async def leave(self) -> None:
        with suppress(OSError):
            await self.say(b"QUIT\r\n")
        self.drop()

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.close()


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to. A signal cancels it first: what a handler raises in a callback, uvloop only prints."""
    came: list[signal.Signals] = []
    former = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGALRM)}

    async def heeding() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(sign: signal.Signals) -> None:
            came.append(sign)
            if task is not None:
                task.cancel()

        for sign in former:
            loop.add_signal_handler(sign, cancel, sign)
        return await work

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(heeding())
    finally:
        for sign, handler in former.items():
            signal.signal(sign, handler)
        if came:
            signal.raise_signal(came[0])


async def send_paced(
    target: Target, *, reuse: bool, per_second: float, seconds: float, clients: int = CLIENTS
) -> list[Sent]:
    """Sends so many in a second, whether or not the last was answered, as long as a client is free.

    A mail counts from when it was due, so that one that had to wait for another's answer is as late as it was.
    """
    sent: list[Sent] = []
    start, count = time.perf_counter() + 0.05, itertools.count()
    orders = itertools.cycle(target.orders)

    async def client() -> None:
        peer: Peer | None = None
        while (due := start + next(count) / per_second) < start + seconds:
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            peer = await _one(target, peer, next(orders), began=due, reuse=reuse, into=sent)
        if peer is not None:
            peer.drop()

    await asyncio.gather(*(client() for _ in range(clients)))
    return sent


async def send_while(
    target: Target, going: Callable[[], bool], *, reuse: bool, clients: int = CLIENTS, into: list[Sent] | None = None
) -> list[Sent]:
    """Sends for as long as `going`, which is asked before each mail; what was sent, also as it grows in `into`."""
    sent: list[Sent] = [] if into is None else into
    orders = itertools.cycle(target.orders)
    await asyncio.gather(*(_client(target, orders, going, reuse, sent) for _ in range(clients)))
    return sent


async def _client(
    target: Target, orders: Iterator[tuple[str, bytes]], going: Callable[[], bool], reuse: bool, sent: list[Sent]
) -> None:
    peer: Peer | None = None
    while going():
        peer = await _one(target, peer, next(orders), began=time.perf_counter(), reuse=reuse, into=sent)
    if peer is not None:
        peer.drop()


async def _one(
    target: Target, peer: Peer | None, order: tuple[str, bytes], *, began: float, reuse: bool, into: list[Sent]
) -> Peer | None:
    """One mail, by a connection that is there or a new one; the connection, if the next mail may use it."""
    try:
        async with asyncio.timeout(_PATIENCE):
            if peer is None:
                peer = await _connect(target)
            outcome = await peer.mail(*order)
            into.append(Sent(began, time.perf_counter(), outcome))
            if reuse:
                return peer
            await peer.leave()
    except (OSError, TimeoutError):
        into.append(Sent(began, time.perf_counter(), "lost"))
        if peer is not None:
            peer.drop()
        await asyncio.sleep(0.1)  # whoever does not listen is not helped by being asked faster
    return None


async def _connect(target: Target) -> Peer:
    _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", target.port)
    try:
        await peer.enter(target.login)
    except BaseException:
        peer.drop()
        raise
    return peer
