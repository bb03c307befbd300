"""The next hop: an SMTP server in a process of its own that writes down whatever it accepts, before it says so.

`python -m faults.upstream PORT RECORD KNOB`. RECORD: a JSON object a line, appended by one write each, so that a
`kill -9` cannot take it back (a power cut would end the harness as well, so nothing is synced). KNOB: a file that says
how it is to misbehave, read anew whenever it changes.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from faults.town import digest, without_trace

# Whose owners say "not me" while mail is on its way: there it lingers more often, or hardly any would be raced by it.
_RACED = ("disavowing-", "returning-")
_ID = re.compile(rb"^X-Fault-Id: (\S+)\r\n", re.M)
_ADDRESS = re.compile(r"<([^>]*)>")


class Knob:
    """How it misbehaves now: `mode` for a `share` of the mails, until the monotonic second `until`."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, 0
        self._said: dict[str, Any] = {}
        self._dice = Random(os.getpid())

    def look(self) -> None:
        """Reads the file, if it is another than before."""
        with suppress(OSError, ValueError):
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._said = json.loads(self._path.read_text())
                self._stamp = stamp

    def mode(self) -> str:
        """What befalls the next mail; empty for nothing."""
        if self._said and time.monotonic() < self._said["until"] and self._dice.random() < self._said["share"]:
            return str(self._said["mode"])
        return "lazy" if self.seldom(0.04) else ""

    def seldom(self, share: float) -> bool:
        """Whether it is one of so many."""
        return self._dice.random() < share

    def seconds(self, most: float) -> float:
        """A short time, drawn."""
        return self._dice.uniform(0.05, most)

    def one_of(self, *places: str) -> str:
        """Where it strikes, drawn."""
        return self._dice.choice(places)


class Record:
    """The file; each line begins on a line of its own, even after one that a death has torn."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.number = 0

    def write(self, **fields: Any) -> None:
        os.write(self._file, b"\n" + json.dumps(fields).encode() + b"\n")


async def _serve(port: int, record: Record, knob: Knob) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, EOFError):
            await _Conversation(reader, writer, record, knob).run()
        writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", port, limit=2**22, reuse_address=True)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    record.write(what="began", t=time.monotonic(), pid=os.getpid())
    while not stop.is_set():
        knob.look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.05)
    server.close()


class _Conversation:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: Record, knob: Knob) -> None:
        self.reader, self.writer, self.record, self.knob = reader, writer, record, knob
        self.mode, self.where = "", ""
        self.to: list[str] = []

    async def say(self, words: str) -> None:
        self.writer.write(words.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self) -> None:
        if self.knob.mode() == "silent" and self.knob.one_of("greeting", "later") == "greeting":
            await asyncio.sleep(40)
            return
        await self.say("220 upstream.example ESMTP")
        while line := await self.reader.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                await self.say("221 2.0.0 Bye")
                return
            if verb in (b"EHLO", b"HELO"):
                await self.say("250-upstream.example\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250 8BITMIME")
            elif verb == b"MAIL":
                await self._mail()
            elif verb == b"RCPT":
                await self._rcpt(line.decode("utf-8", "replace"))
            elif verb == b"DATA":
                if not await self._data():
                    return
            elif verb in (b"RSET", b"NOOP"):
                self.to = self.to if verb == b"NOOP" else []
                await self.say("250 2.0.0 Ok")
            else:
                await self.say("500 5.5.2 What?")

    async def _mail(self) -> None:
        self.to, self.mode = [], self.knob.mode()
        lingers = ("RCPT", "DATA", "dot")
        places = {"temporary": ("MAIL", "RCPT", "dot"), "permanent": ("RCPT", "dot"), "slow": lingers, "lazy": lingers}
        self.where = self.knob.one_of(*places.get(self.mode, ("dot",)))
        if (self.mode, self.where) == ("temporary", "MAIL"):
            await self.say("451 4.3.0 Not now")
        else:
            await self.say("250 2.1.0 Ok")

    async def _rcpt(self, line: str) -> None:
        found = _ADDRESS.search(line)
        address = found[1] if found else ""
        await self._linger("RCPT")
        if address.startswith(_RACED) and self.knob.seldom(0.3):
            await asyncio.sleep(self.knob.seconds(1.5))
        if self.mode in ("temporary", "permanent") and self.where == "RCPT":
            self.record.write(what="refused", t=time.monotonic(), to=[address], id="", mode=self.mode)
            await self.say("450 4.2.0 Not now" if self.mode == "temporary" else "550 5.1.1 Not here")
        else:
            self.to.append(address)
            await self.say("250 2.1.5 Ok")

    async def _linger(self, where: str) -> None:
        if self.where == where and self.mode in ("slow", "lazy"):
            await asyncio.sleep(self.knob.seconds(2.0 if self.mode == "slow" else 0.3))

    async def _data(self) -> bool:
        """Takes one mail; False if the connection ends with it."""
        if not self.to:
            await self.say("503 5.5.1 For whom?")
            return True
        await self._linger("DATA")
        await self.say("354 Go on")
        if self.mode == "cut_before_dot":
            await self.reader.read(300)
            self.record.write(what="cut_before_dot", t=time.monotonic(), to=self.to)
            return False
        raw = await self._content()
        at = time.monotonic()  # the last octet of the mail is ours: from here on it is out of the gate's reach
        found = _ID.search(raw)
        about = {"t": at, "to": self.to, "id": found[1].decode() if found else ""}
        if self.mode == "silent":
            self.record.write(what="silent", **about)
            await asyncio.sleep(40)
            return False
        if self.mode in ("temporary", "permanent") and self.where == "dot":
            self.record.write(what="refused", mode=self.mode, **about)
            await self.say("451 4.3.0 Not now" if self.mode == "temporary" else "554 5.6.0 Never")
            return True
        self.record.number += 1
        number = f"{os.getpid()}-{self.record.number}"
        kept = {} if found else {"raw": raw.decode("latin-1")}
        self.record.write(what="taken", n=number, sha=digest(without_trace(raw)), **about, **kept)
        await self._linger("dot")
        if self.mode == "cut_after_dot":
            return False
        await self.say("250 2.0.0 Taken")
        self.record.write(what="told", n=number)
        self.to = []
        return True

    async def _content(self) -> bytes:
        lines = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def main() -> None:
    port, record, knob = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(port), Record(Path(record)), Knob(Path(knob))))


if __name__ == "__main__":
    main()
