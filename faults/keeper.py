"""The supervisor of a run: keeps the database and every part running, as a process of its own, with no threads.

`python -m faults.keeper HOME`: commands on standard input, events on standard output, a JSON object a line each. What
dies is started again after half a second, as `atesaki serve` and every process manager would. At the end of its
input it ends everything, and then itself.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from atesaki.site import postgres

_PAUSE = 0.5
_GRACE = 15.0


class Part:
    """One program: how it is started, and when it may be started again."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.words, self.environment, self.log = name, words, environment, log
        self.process: subprocess.Popen[bytes] | None = None
        self.again = 0.0
        self.wanted = True

    def begin(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self.environment, "ATESAKI_SUPERVISOR": str(os.getpid())},
                start_new_session=True,  # a signal to its group reaches whatever it has begun itself
                preexec_fn=postgres.end_with_parent(signal.SIGKILL),  # noqa: PLW1509 - we have no threads
            )

    def signal(self, sign: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)


class Keeper:
    """Runs until its input ends."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.parts: dict[str, Part] = {}
        self.unread = b""
        self.database = postgres.start(home, with_parent=True)
        self.database_again = 0.0
        self.tell(part="database", what="began", pid=self.postmaster(), url=self.database.url)

    def tell(self, **event: Any) -> None:
        """Says what happened, and when."""
        print(json.dumps({"t": time.monotonic(), **event}), flush=True)

    def postmaster(self) -> int:
        """The number of the database's first process."""
        return int((self.home / "database" / "postmaster.pid").read_text().split()[0])

    def run(self) -> None:
        """Obeys, and looks after everything, until there is nothing more to obey."""
        try:
            while self._obey():
                self._keep_database()
                for part in self.parts.values():
                    self._keep(part)
        finally:
            self._end()

    def _obey(self) -> bool:
        ready, _, _ = select.select([sys.stdin], [], [], 0.03)
        if not ready:
            return True
        read = os.read(sys.stdin.fileno(), 1 << 20)
        *lines, self.unread = (self.unread + read).split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        return bool(read)

    def _do(self, command: dict[str, Any]) -> None:
        name = command["part"]
        if command["do"] == "begin":
            log = Path(command["log"])
            self.parts[name] = Part(name, command["words"], command["environment"], log)
        elif command["do"] == "environment":  # as of its next start
            self.parts[name].environment = command["environment"]
        elif command["do"] == "stop" and name in self.parts:
            part = self.parts[name]
            part.wanted = False
            part.signal(signal.SIGCONT)
            if part.process is not None:
                part.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    part.process.wait(_GRACE)
            part.signal(signal.SIGKILL)

    def _keep(self, part: Part) -> None:
        if part.process is not None and part.process.poll() is not None:
            part.signal(signal.SIGKILL)  # whatever it has begun and not buried
            self.tell(part=part.name, what="ended", code=part.process.returncode)
            part.process, part.again = None, time.monotonic() + _PAUSE
        if part.process is None and part.wanted and time.monotonic() >= part.again:
            part.begin()
            self.tell(part=part.name, what="began", pid=part.process.pid if part.process else 0)

    def _keep_database(self) -> None:
        if self.database.alive():
            return
        if not self.database_again:
            self.tell(part="database", what="ended", code=0)
            self.database_again = time.monotonic() + _PAUSE
        elif time.monotonic() >= self.database_again:
            try:
                self.database.again()
            except postgres.PostgresError as error:
                self.tell(part="database", what="failed", why=str(error)[-300:])
                self.database_again = time.monotonic() + _PAUSE
                return
            self.database_again = 0.0
            self.tell(part="database", what="began", pid=self.postmaster(), url=self.database.url)

    def _end(self) -> None:
        for part in self.parts.values():
            part.signal(signal.SIGCONT)
            part.signal(signal.SIGTERM)
        ends = time.monotonic() + _GRACE
        for part in self.parts.values():
            if part.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    part.process.wait(max(0.1, ends - time.monotonic()))
            part.signal(signal.SIGKILL)
        self.database.leave()


def main() -> None:
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: sys.exit(0))  # the end of `run` ends everything
    try:
        Keeper(Path(sys.argv[1])).run()
    except postgres.PostgresError as error:
        print(json.dumps({"part": "database", "what": "impossible", "why": str(error)}), flush=True)


if __name__ == "__main__":
    main()
