"""Hands mail to the next hop from an event loop: many at once, over connections that are kept.

What `Smtp` does for a thread, with the same answers. A transaction is written in as few pieces as the next hop
allows (RFC 2920): MAIL, RCPT and DATA in one, the content and its end in another.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from collections import deque
from functools import cache
from typing import Final, cast

from .couriers import (
    AWAY_SECONDS,
    IDLE_SECONDS,
    Courier,
    Envelope,
    Hand,
    Handed,
    Smtp,
    answer,
    opportunistic,
    stuffed,
    temporary,
)

_MOST: Final = 64  # connections; who finds none free waits for one
_REPLY_OCTETS: Final = 65536  # of one reply: more is no SMTP
_WORDS: Final = "the next hop takes no internationalised addresses (SMTPUTF8, RFC 6531)"

Reply = tuple[int, bytes]


class Upstream:
    """The next hop, seen from one event loop."""

    def __init__(self, courier: Courier, most: int = _MOST) -> None:
        """`courier`: whose place and login to use; one that is not `Smtp` is called in threads."""
        self._courier = courier
        self._most = most
        self._open = 0
        self._idle: list[_Link] = []
        self._queue: deque[asyncio.Future[None]] = deque()
        self._away_until = 0.0

    async def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
        """As `Courier.hand`: an answer for each recipient, in order, within `seconds`. Raises nothing but a
        cancellation, after which the connection is not used again.

        1 Take an idle connection, or make one, or wait for one.
        2 Go through the transaction. One that had been kept, and is lost before a word came back, is taken for ended
          while it was idle: nothing was sent yet, and another is used.
        3 Keep the connection if it is sound.
        """
        if not isinstance(self._courier, Smtp):
            return await asyncio.to_thread(self._courier.hand, envelope, content, seconds)
        ends = time.monotonic() + seconds
        while True:
            try:
                link, fresh = await self._link(self._courier, ends)
            except (OSError, TimeoutError, ssl.SSLError, asyncio.InvalidStateError) as error:
                return [temporary(error)] * len(envelope.recipients)
            try:
                handed = await link.transact(envelope, content, ends)
            finally:
                self._give_back(link)
            if handed is not None or fresh:
                return handed or [temporary(ConnectionResetError("the next hop hung up"))] * len(envelope.recipients)

    def close(self) -> None:
        """Ends the connections that nobody uses."""
        for link in self._idle:
            link.end()
        self._idle.clear()

    async def _link(self, hop: Smtp, ends: float) -> tuple[_Link, bool]:
        """A connection, and whether it is new."""
        while True:
            now = time.monotonic()
            while self._idle:
                link = self._idle.pop()
                if now - link.since < IDLE_SECONDS and link.sound:
                    return link, False
                link.end()
                self._open -= 1
            if now < self._away_until:
                raise ConnectionRefusedError("the next hop did not answer a moment ago")
            if self._open < self._most:
                return await self._connect(hop, ends), True
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            async with asyncio.timeout(max(0.0, ends - now)):
                await turn

    async def _connect(self, hop: Smtp, ends: float) -> _Link:
        self._open += 1
        try:
            async with asyncio.timeout(max(0.0, ends - time.monotonic())):
                return await _greeted(hop)
        except BaseException as error:
            self._open -= 1
            if isinstance(error, Exception):
                self._away_until = time.monotonic() + AWAY_SECONDS
            self._next()
            raise

    def _give_back(self, link: _Link) -> None:
        if link.sound:
            link.since = time.monotonic()
            self._idle.append(link)
        else:
            link.end()
            self._open -= 1
        self._next()

    def _next(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return


async def _greeted(hop: Smtp) -> _Link:
    """A connection that has said EHLO, encrypted and logged in where that is asked for. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    trusted = ssl.create_default_context() if hop.secure or hop.login else None
    _, made = await loop.create_connection(
        _Link, hop.host, hop.port, ssl=trusted if hop.secure else None, server_hostname=hop.host if hop.secure else None
    )
    link: _Link = made
    try:
        await link.expect(220, None)
        name = await loop.run_in_executor(None, _our_name)
        await link.ehlo(name)
        if not hop.secure and "starttls" in link.offers:
            await link.expect(220, b"STARTTLS")
            await link.encrypt(trusted or opportunistic(), hop.host)
            await link.ehlo(name)
        if hop.login:
            if not link.encrypted:
                raise ConnectionError("the next hop offers no STARTTLS, and the login is not sent without")
            await _log_in(link, *hop.login)
    except BaseException:
        link.end()
        raise
    return link


async def _log_in(link: _Link, username: str, password: str) -> None:
    mechanisms = link.offers.get("auth", "").upper().split()
    name, secret = username.encode(), password.encode()
    if "PLAIN" in mechanisms:  # RFC 4616
        await link.expect(235, b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + secret))
    elif "LOGIN" in mechanisms:
        await link.expect(334, b"AUTH LOGIN")
        await link.expect(334, base64.b64encode(name))
        await link.expect(235, base64.b64encode(secret))
    else:
        raise ConnectionError("the next hop offers no AUTH that we know: PLAIN or LOGIN")


@cache
def _our_name() -> str:
    """What we call ourselves (RFC 5321 4.1.3 where the machine has no full name)."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


class _Link(asyncio.Protocol):
    """One connection to the next hop, for one transaction at a time."""

    def __init__(self) -> None:
        self.since = 0.0  # when it was last given back
        self.offers: dict[str, str] = {}
        self.encrypted = False
        self._transport: asyncio.Transport | None = None
        self._said = bytearray()
        self._replies: deque[Reply] = deque()
        self._wanted = 0
        self._enough: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._lost = False
        self._spoilt = False  # a transaction ended in the middle: what comes next may belong to it

    # --- what asyncio calls -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.encrypted = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        self._said += data
        while (end := self._said.find(b"\n")) >= 0:
            if len(self._said) > 3 and self._said[3:4] == b"-":
                end = self._last_line()
                if end < 0:
                    break
            self._replies.append(_parsed(bytes(self._said[: end + 1])))
            del self._said[: end + 1]
        if len(self._said) > _REPLY_OCTETS:
            self.end()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def _last_line(self) -> int:
        """Where a reply of several lines ends; -1 if it has not come whole (RFC 5321 4.2.1)."""
        start = 0
        while (end := self._said.find(b"\n", start)) >= 0:
            if self._said[start + 3 : start + 4] != b"-":
                return end
            start = end + 1
        return -1

    def _wake(self) -> None:
        enough = self._enough
        if enough is not None and not enough.done() and (self._lost or len(self._replies) >= self._wanted):
            enough.set_result(None)

    # --- what the pool calls ------------------------------------------------------------------------------

    @property
    def sound(self) -> bool:
        """Whether it can be used for another transaction: nothing was lost, and nothing was said unasked."""
        return not (self._lost or self._spoilt or self._replies or self._said)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort() if self._spoilt else self._transport.close()
        self._lost = True

    async def expect(self, code: int, command: bytes | None) -> bytes:
        """Says `command` and hears `code`; the words. Raises `ConnectionError`. For the time before a transaction."""
        if command is not None:
            self._write(command + b"\r\n")
        await self._hear(1)
        if not self._replies:
            raise ConnectionResetError("the next hop hung up")
        heard, words = self._replies.popleft()
        if heard != code:
            raise ConnectionError(f"the next hop answered {heard} {words.decode('utf-8', 'replace')}")
        return words

    async def ehlo(self, name: str) -> None:
        """RFC 5321 4.1.1.1; to who knows only HELO it offers nothing."""
        self.offers = {}
        try:
            words = await self.expect(250, f"EHLO {name}".encode())
        except ConnectionResetError:
            raise
        except ConnectionError:
            await self.expect(250, f"HELO {name}".encode())
            return
        for line in words.decode("ascii", "replace").splitlines()[1:]:
            keyword, _, rest = line.replace("=", " ", 1).partition(" ")
            self.offers[keyword.lower()] = rest

    async def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """RFC 3207: what was said before does not count, and what came with the 220 must not be there."""
        if self._said or self._replies:
            raise ConnectionError("the next hop said more than it was asked before TLS")
        loop = asyncio.get_running_loop()
        plain = cast(asyncio.Transport, self._transport)
        server = host if context.check_hostname else None
        made = await loop.start_tls(plain, self, context, server_hostname=server or host)
        self._transport = cast(asyncio.Transport, made)
        self.encrypted = True

    async def transact(self, envelope: Envelope, content: bytes, ends: float) -> list[Handed] | None:
        """One mail; None if the connection was lost before a word came back, so that nothing can have been taken."""
        if envelope.smtputf8 and "smtputf8" not in self.offers:
            return [Handed(Hand.PERMANENT, 553, _WORDS)] * len(envelope.recipients)
        timer = asyncio.get_running_loop().call_later(max(0.0, ends - time.monotonic()), self._give_up)
        self._spoilt = True  # until it is over
        try:
            return await self._transaction(envelope, content, ends)
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._lost = True
        self._wake()
        self.resume_writing()

    async def _transaction(self, envelope: Envelope, content: bytes, ends: float) -> list[Handed] | None:
        many = len(envelope.recipients)
        commands = self._commands(envelope, len(content))
        if "pipelining" in self.offers:
            self._write(b"".join(commands))
            await self._hear(len(commands))
        else:
            await self._one_by_one(commands)
        heard = [answer(*reply) for reply in self._replies]
        self._replies.clear()
        if not heard:
            return None
        sender, handed, data = heard[0], heard[1 : many + 1], heard[many + 1 : many + 2]
        if sender.hand is not Hand.ACCEPTED:
            await self._reset()
            return [sender] * many
        if len(handed) < many:
            return [self._unheard(ends)] * many
        if all(one.hand is not Hand.ACCEPTED for one in handed):
            if not any(one.code == 354 for one in data):  # else it waits for a mail: nothing is taken without its end
                await self._reset()
            return handed
        if not data or data[0].code != 354:
            await self._reset()
            final = data[0] if data else self._unheard(ends)
        else:
            final = await self._content(content, ends)
        return [final if one.hand is Hand.ACCEPTED else one for one in handed]

    def _commands(self, envelope: Envelope, octets: int) -> list[bytes]:
        options = ["SMTPUTF8"] if envelope.smtputf8 else []
        if envelope.body8bit and "8bitmime" in self.offers:
            options.append("BODY=8BITMIME")
        if "size" in self.offers:
            options.append(f"SIZE={octets}")
        first = " ".join([f"MAIL FROM:<{envelope.sender}>", *options])
        said = [first, *(f"RCPT TO:<{recipient.text}>" for recipient in envelope.recipients), "DATA"]
        return [f"{command}\r\n".encode() for command in said]

    async def _one_by_one(self, commands: list[bytes]) -> None:
        """Without PIPELINING: no command before the last one is answered, and no DATA for nobody."""
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            if last and not any(200 <= code < 300 for code, _ in list(self._replies)[1:]):
                return
            self._write(command)
            await self._hear(number + 1)
            if self._lost or not 200 <= self._replies[0][0] < 300:
                return

    async def _content(self, content: bytes, ends: float) -> Handed:
        """The mail itself. Without its end nothing is taken (RFC 5321 4.1.1.4); after that, silence may mean both."""
        body, end = stuffed(content)
        if self._lost or time.monotonic() >= ends:
            return self._unheard(ends)
        self._write(body)
        if self._drained is not None:
            await self._drained
            if self._lost or time.monotonic() >= ends:
                return self._unheard(ends)
        early = bool(self._replies)  # it speaks before the end of the mail, and may do so again after it
        self._write(end)
        await self._hear(1)
        if not self._replies:
            why = "it took too long" if time.monotonic() >= ends else "it hung up"
            return Handed(Hand.UNKNOWN, 0, f"the next hop's answer was lost: {why}")
        final = answer(*self._replies.popleft())
        self._spoilt = early or final.code in (0, 421)
        return final

    async def _reset(self) -> None:
        """Has it forget what it took so far; only then is the connection sound."""
        if self._lost:
            return
        self._replies.clear()
        self._write(b"RSET\r\n")
        await self._hear(1)
        self._spoilt = not self._replies or self._replies.popleft()[0] != 250

    def _unheard(self, ends: float) -> Handed:
        if time.monotonic() >= ends:
            return temporary(TimeoutError("the next hop took too long"))
        return temporary(ConnectionResetError("the next hop hung up"))

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and not self._lost:
            self._transport.write(octets)

    async def _hear(self, many: int) -> None:
        """Waits until so many replies are there, or no more can come."""
        self._wanted = many
        if self._lost or len(self._replies) >= many:
            return
        self._enough = asyncio.get_running_loop().create_future()
        try:
            await self._enough
        finally:
            self._enough = None


def _parsed(reply: bytes) -> Reply:
    """Code and words of one whole reply; 0 if it is none, which no answer fits (RFC 5321 4.2)."""
    lines = reply.splitlines()
    code = lines[0][:3]
    words = b"\n".join(line[4:] for line in lines)
    return (int(code) if len(code) == 3 and code.isdigit() else 0), words
