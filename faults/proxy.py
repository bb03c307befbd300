"""Stands between each part and the database, so that a split of the network can be played for one part alone.

`python -m faults.proxy SOCKET_DIRECTORY_FILE KNOB NAME=PORT…`: TCP on loopback to the database's own socket. The file
names the database's folder, which a restart may change. KNOB: a JSON file, NAME to `{mode, until}`:
`stall` (nothing comes through, nobody is told), `refuse` (every connection is ended, and each new one too),
`cut` (every connection is ended once; `until` tells one cut from the next).
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvloop


class _End(asyncio.Protocol):
    """One side of a connection; what it hears goes to the other."""

    def __init__(self, gate: Gate, other: _End | None = None) -> None:
        self.gate, self.other = gate, other
        self.transport: asyncio.Transport | None = None
        self.waiting: list[bytes] = []
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.other is None:
            if self.gate.mode() in ("refuse", "cut"):
                self.transport.abort()
                return
            self.gate.open.add(self)
            self.other = _End(self.gate, self)
            asyncio.get_running_loop().create_task(self._reach(self.other))

    async def _reach(self, other: _End) -> None:
        try:
            place = Path(self.gate.place.read_text().strip()) / ".s.PGSQL.5432"
            await asyncio.get_running_loop().create_unix_connection(lambda: other, str(place))
        except OSError:
            self.end()
            return
        if self.ended:
            other.end()
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.waiting.append(data)
        self.flush()

    def flush(self) -> None:
        """Passes on what has come, unless nothing comes through."""
        other = self.other
        if other is None or other.transport is None or not self.waiting or self.gate.mode() == "stall":
            return
        for data in self.waiting:
            other.transport.write(data)
        self.waiting.clear()

    def connection_lost(self, error: Exception | None) -> None:
        self.end()

    def end(self) -> None:
        """Ends both sides, at once."""
        if self.ended:
            return
        self.ended = True
        self.gate.open.discard(self)
        if self.transport is not None:
            self.flush()
            self.transport.close() if self.gate.mode() != "stall" else self.transport.abort()
        if self.other is not None:
            self.other.end()


class Gate:
    """One part's way to the database."""

    def __init__(self, name: str, place: Path, knob: dict[str, Any]) -> None:
        self.name, self.place, self.knob = name, place, knob
        self.open: set[_End] = set()
        self.cut_at = 0.0

    def mode(self) -> str:
        said = self.knob.get(self.name)
        return str(said["mode"]) if said and time.monotonic() < said["until"] else ""

    def act(self) -> None:
        """Does what the knob says to connections that are there."""
        mode, until = self.mode(), self.knob.get(self.name, {}).get("until", 0.0)
        if mode in ("refuse", "cut") and self.cut_at != until:
            self.cut_at = until
            for end in list(self.open):
                for side in (end, end.other):
                    if side is not None and side.transport is not None:
                        side.transport.abort()
        elif not mode:
            for end in list(self.open):
                end.flush()
                if end.other is not None:
                    end.other.flush()


async def _serve(place: Path, file: Path, ports: dict[str, int]) -> None:
    knob: dict[str, Any] = {}
    gates = [Gate(name, place, knob) for name in ports]
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for gate, port in zip(gates, ports.values(), strict=True):
        await loop.create_server(partial(_End, gate), "127.0.0.1", port, backlog=512)
    stamp = 0
    while not stop.is_set():
        with suppress(OSError, ValueError):
            if file.stat().st_mtime_ns != stamp:
                said = json.loads(file.read_text())
                stamp = file.stat().st_mtime_ns
                knob.clear()
                knob.update(said)
        for gate in gates:
            gate.act()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.05)


def main() -> None:
    place, knob, *named = sys.argv[1:]
    ports = {name: int(port) for name, _, port in (each.partition("=") for each in named)}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(place), Path(knob), ports))


if __name__ == "__main__":
    main()
