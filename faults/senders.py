"""The load: clients that behave as MTAs do. A mail is theirs until a 250 or a 5xx, and is sent again until then."""

from __future__ import annotations

import asyncio
import base64
import heapq
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from random import Random

from faults.town import SENDER, Box, Mail, Post

_PATIENCE = 60.0  # for one answer; RFC 5321 4.5.3.2 allows ten minutes, and nobody has so long here
_QUEUE = 60
_RECEIPT = re.compile(r"250 2\.0\.0 ([0-9a-f-]{36}) ([a-z,]+)")


class Lost(Exception):
    """The conversation ended without an answer."""


class _Peer:
    """One connection to a gate, logged in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, words: bytes) -> str:
        """The answer to a command, or to nothing: the greeting."""
        if words:
            self.writer.write(words)
        said = b""
        while True:
            line = await asyncio.wait_for(self.reader.readline(), _PATIENCE)
            if not line.endswith(b"\r\n"):
                raise Lost("the connection ended")
            said = line
            if line[3:4] != b"-":
                return said.decode("utf-8", "replace").strip()

    def drop(self) -> None:
        """As a machine that is gone."""
        self.writer.transport.abort()


class Senders:
    """All the clients, their mails, and what became of these."""

    def __init__(self, post: Post, ports: dict[str, int], login: tuple[str, str], seed: int) -> None:
        self.post, self.ports, self.login = post, ports, login
        self.mails: list[Mail] = []
        self.answered = 0
        self.cuts: deque[str] = deque()
        self.until: Callable[[], bool] = lambda: False  # whether new mails may still begin
        self._dice = Random(f"{seed} senders")
        self._urgent: deque[Mail] = deque()
        self._again: list[tuple[float, int, Mail]] = []
        self._busy = 0

    def hurry(self, box: Box, many: int) -> None:
        """Mails to this mailbox come next."""
        for _ in range(many):
            self._urgent.append(self._new((box,)))

    def _new(self, to: tuple[Box, ...] = ()) -> Mail:
        mail = self.post.next(to)
        self.mails.append(mail)
        return mail

    def _next(self) -> Mail | None:
        if self._again and self._again[0][0] <= time.monotonic():
            return heapq.heappop(self._again)[2]
        if self._urgent:
            return self._urgent.popleft()
        # As a queue that is full: while little gets through, mails are sent again, and not ever more new ones.
        return self._new() if self.until() and len(self._again) < _QUEUE else None

    @property
    def unanswered(self) -> int:
        """How many mails are still their clients'."""
        return len(self._again) + len(self._urgent) + self._busy

    async def client(self, name: int, ends: asyncio.Event) -> None:
        """One client, until the run ends and nothing is left to send."""
        peer: _Peer | None = None
        gate = ""
        while True:
            mail = self._next()
            if mail is None:
                if ends.is_set() and not self.unanswered:
                    break
                await asyncio.sleep(0.02)
                continue
            self._busy += 1
            try:
                peer, gate = await self._try(mail, peer, gate)
            finally:
                self._busy -= 1
            if mail.answered:
                self.answered += 1
            else:
                pause = min(0.2 * 2 ** min(len(mail.tries), 5), 4.0) * self._dice.uniform(0.7, 1.3)
                heapq.heappush(self._again, (time.monotonic() + pause, mail.number, mail))
            if peer is not None and self._dice.random() < 0.05:
                peer.drop()
                peer = None
        if peer is not None:
            peer.drop()

    async def _try(self, mail: Mail, peer: _Peer | None, gate: str) -> tuple[_Peer | None, str]:
        """One attempt, written down; the connection for the next one, if it is still sound."""
        began, sent = time.monotonic(), [0.0]
        cut = self.cuts.popleft() if self.cuts else ""
        code, words = "lost", ""
        try:
            if peer is None:
                gate = self._dice.choice(list(self.ports))
                peer = await self._connect(gate)
            words = await self._converse(peer, mail, cut, sent)
            code = words[:3]
        except (OSError, Lost, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            words = f"{type(error).__name__}: {error}"
            if cut and "cut by us" in words:
                code = f"cut_{cut}"
            if peer is not None:
                peer.drop()
                peer = None
        receipt = _RECEIPT.match(words) if code == "250" else None
        if code == "250" and receipt is None:
            code = "strange"
        if receipt is not None:
            mail.ledger, mail.outcomes = receipt[1], tuple(receipt[2].split(","))
        mail.tries.append((began, sent[0], time.monotonic(), code, words[:160], gate))
        return peer, gate

    async def _connect(self, gate: str) -> _Peer:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.ports[gate]), 10)
        peer = _Peer(reader, writer)
        plain = base64.b64encode(f"\0{self.login[0]}\0{self.login[1]}".encode())
        for words in (b"", b"EHLO shop.example\r\n", b"AUTH PLAIN " + plain + b"\r\n"):
            said = await peer.say(words)
            if said[:1] != "2":
                peer.drop()
                raise Lost(f"not let in: {said}")
        return peer

    async def _converse(self, peer: _Peer, mail: Mail, cut: str, sent: list[float]) -> str:
        commands = [f"MAIL FROM:<{SENDER}>", *(f"RCPT TO:<{box.address}>" for box in mail.to), "DATA"]
        for number, command in enumerate(commands):
            if cut == "command" and number == 1:
                peer.writer.write(command.encode()[:11])
                await peer.writer.drain()
                raise Lost("cut by us")
            said = await peer.say(command.encode() + b"\r\n")
            if said[:1] not in "23":
                with suppress(OSError, Lost, TimeoutError):
                    await peer.say(b"RSET\r\n")
                return said
        raw = self.post.content(mail)
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        if cut == "data":
            peer.writer.write(stuffed[: len(stuffed) // 2])
            await peer.writer.drain()
            raise Lost("cut by us")
        peer.writer.write(stuffed + b".\r\n")
        sent[0] = time.monotonic()
        if cut == "dot":
            await peer.writer.drain()
            await asyncio.sleep(self._dice.uniform(0, 0.03))
            peer.writer.close()
            raise Lost("cut by us")
        return await peer.say(b"")
