"""A process of its own that does one thing at a time, and can be stopped or killed between any two steps of it.

It reads a command a line from its standard input and writes what happens, a JSON object a line:
`{"at": STEP}` where it stopped (it waits for `go`), `{"done": …}` or `{"failed": …}` when it is through.
`Actor` is the test's side of it. The product has no knob for this: the steps are wrapped from here.

To start Python and Django takes two seconds, and these processes die often. So the program imports everything once,
opens nothing, and forks a process whenever an actor wants one.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

# Between transactions: here another process may do anything at all before this one goes on.
BETWEEN = (
    ("atesaki.gate.submit", "_look"),
    ("atesaki.gate.submit", "_hand_over"),
    ("atesaki.gate.submit", "settle_handed"),
    ("atesaki.gate.submit", "_read"),
    ("atesaki.gate.submit", "write_read"),
    ("atesaki.gate.submit", "submit"),
    ("atesaki.gate.road", "write_down"),
    ("atesaki.gate.road", "_settle"),
    ("atesaki.gate.road", "_set_aside"),
    ("atesaki.gate.road", "_keep"),
    ("atesaki.gate.holds", "confirm"),
    ("atesaki.gate.holds", "_let_go"),
    ("atesaki.gate.holds", "_may_leave"),
    ("atesaki.gate.holds", "_settle"),
    ("atesaki.outbox.couriers", "Maildir.hand"),
    ("atesaki.ownership", "disavow"),
    ("atesaki.gate", "destroy_disavowed"),
    ("atesaki.gate", "wait_until_gone"),
)
# Inside a transaction: a death here must leave nothing behind.
WITHIN = (
    ("atesaki.gate.ledger", "write"),
    ("atesaki.gate.ledger", "settle"),
    ("atesaki.gate.ledger", "settle_all"),
    ("atesaki.gate.ledger", "move"),
    ("atesaki.gate.ledger", "set_aside"),
    ("atesaki.gate.ledger", "read"),
    ("atesaki.gate.ledger", "would"),
    ("atesaki.gate.holds", "hold"),
    ("atesaki.gate.holds", "release"),
    ("atesaki.gate.holds", "_queue"),
    ("atesaki.gate.substitutes", "notice"),
    ("atesaki.gate.waits", "_write"),
    ("atesaki.outbox", "seal_mail"),
    ("atesaki.outbox", "seal_mails"),
    ("atesaki.outbox", "keep"),
    ("atesaki.outbox", "take"),
    ("atesaki.outbox", "gone"),
    ("atesaki.outbox", "destroy"),
    ("atesaki.ownership", "claim"),
    ("atesaki.ownership", "learn"),
    ("atesaki.ownership", "prove"),
)


_CONTROL = "ATESAKI_TESTS_CONTROL"
# Each ends with us: it reads the end of its socket.
_programs: dict[tuple[str, str, str], tuple[socket.socket, subprocess.Popen[bytes]]] = {}


def _new_process(program: str, database_url: str, home: Path) -> socket.socket:
    """A new process of `program`, at the other end of this socket."""
    which = program, database_url, str(home)
    if which not in _programs:
        control, theirs = socket.socketpair()
        started = subprocess.Popen(
            [sys.executable, "-m", program],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url,
                "ATESAKI_HOME": str(home),
                "DJANGO_SETTINGS_MODULE": "atesaki.site.settings",
                _CONTROL: str(theirs.fileno()),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        _programs[which] = control, started
    ours, theirs = socket.socketpair()
    socket.send_fds(_programs[which][0], [b"+"], [theirs.fileno()])
    theirs.close()
    return ours


class Actor:
    """The test's hand on one such process; it is started again by itself after a death."""

    program = "tests.faults"

    def __init__(self, database_url: str, home: Path) -> None:
        self.database_url, self.home = database_url, home
        self.socket: socket.socket | None = None
        self.pid = 0
        self.at = ""
        self.busy = False

    def start(self, **command: Any) -> dict[str, Any]:
        """Begins `command`; returns at its first stop or its end."""
        assert not self.busy
        if self.socket is None:
            self.socket = _new_process(self.program, self.database_url, self.home)
            self.words = self.socket.makefile("r")
            self.pid = json.loads(self._next())["pid"]
        self.busy = True
        return self._tell(json.dumps(command))

    def go(self) -> dict[str, Any]:
        """On to the next stop or the end."""
        return self._tell("go")

    def die(self) -> None:
        """As `kill -9` would."""
        if self.socket is not None:
            with suppress(ProcessLookupError):
                while True:  # until it is gone, and with it what it had open
                    os.kill(self.pid, signal.SIGKILL)
                    time.sleep(0.001)
            self.words.close()
            self.socket.close()
            self.socket = None
        self.busy, self.at = False, ""

    def finish(self) -> dict[str, Any]:
        """On to the end."""
        said: dict[str, Any] = {"done": None}
        while self.busy:
            said = self.go()
        return said

    def _tell(self, line: str) -> dict[str, Any]:
        assert self.socket
        self.socket.sendall(f"{line}\n".encode())
        answer = self._next()
        if not answer:  # it died by its own knob
            self.die()
            return {"died": True}
        said: dict[str, Any] = json.loads(answer)
        self.at = said.get("at", "")
        self.busy = "at" in said
        return said

    def _next(self) -> str:
        ready, _, _ = select.select([self.socket], [], [], 60)
        assert ready, f"the process hangs after {self.at!r}"
        return self.words.readline()


# -- the process's side ---------------------------------------------------------------------------------------

_die_at = ""
_stop = False


def _reach(step: str) -> None:
    if step == _die_at:
        os._exit(137)
    if _stop:
        print(json.dumps({"at": step}), flush=True)
        if sys.stdin.readline().strip() != "go":
            os._exit(137)


def _wrap(where: str, name: str, *, stops: bool) -> None:
    target: Any = sys.modules[where]
    *path, last = name.split(".")
    for part in path:
        target = getattr(target, part)
    inner: Callable[..., Any] = getattr(target, last)

    @wraps(inner)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        reach = _reach if stops else partial(_reach_within)
        reach(f"before {name}")
        result = inner(*args, **kwargs)
        reach(f"after {name}")
        return result

    setattr(target, last, wrapped)


def _reach_within(step: str) -> None:
    # Never a stop: a process that waits inside a transaction would only make the others wait for its locks.
    if step == _die_at:
        os._exit(137)


def _do(command: dict[str, Any]) -> Any:
    from django.conf import settings

    from atesaki import addresses, gate, notme
    from atesaki.tenants import find

    settings.ATESAKI_UPSTREAM = f"maildir:{command['maildir']}"
    match command["do"]:
        case "submit" | "road" as way:
            recipients = [command["to"]] if isinstance(command["to"], str) else command["to"]
            envelope = gate.Envelope("shop@shop.example", tuple(map(addresses.parse, recipients)))
            run = sys.modules["atesaki.gate.submit"].submit if way == "submit" else _by_road
            receipt = run(find(command["service"]), envelope, command["mail"].encode())
            return {"id": str(receipt.id), "outcomes": [outcome.value for outcome in receipt.outcomes]}
        case "confirm":
            confirm = sys.modules["atesaki.gate.holds"].confirm
            return confirm(command["token"], command.get("kind", ""), command.get("answer", "")).result
        case "disavow":
            freed = notme.report(command["token"])
            return None if freed is None else {"still_leaving": freed.still_leaving}
        case "drive":
            return gate.drive()
        case "due":
            return gate.due()
    raise ValueError(command)


def _by_road(*mail: Any) -> Any:
    """As a door does it."""
    from atesaki import gate

    async def submit() -> Any:
        road = gate.Road(2)
        try:
            return await road.submit(*mail)
        finally:
            road.close()

    return asyncio.run(submit())


def serve(
    between: tuple[tuple[str, str], ...], within: tuple[tuple[str, str], ...], do: Callable[[dict[str, Any]], Any]
) -> None:
    """Forks a process that obeys, with these steps wrapped, for each socket that it is sent."""
    import django

    django.setup()
    import atesaki.notme

    assert atesaki.notme
    from atesaki.gate import ledger

    for where, name in between:
        _wrap(where, name, stops=True)
    for where, name in within:
        _wrap(where, name, stops=False)
    looked = ledger.leaving

    def leaving(address: bytes) -> Any:
        found = looked(address)
        if found:
            _reach("waiting")  # each look of a waiting disavowal is a stop, or the test could not let others go on
        return found

    ledger.leaving = leaving
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no burial
    control = socket.socket(fileno=int(os.environ.pop(_CONTROL)))
    while sockets := socket.recv_fds(control, 1, 1)[1]:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            for standard in (sys.stdin, sys.stdout):
                os.dup2(sockets[0], standard.fileno())
            _obey(do)
            os._exit(0)
        os.close(sockets[0])


def _obey(do: Callable[[dict[str, Any]], Any]) -> None:
    """One command of its standard input after the other."""
    global _die_at, _stop
    print(json.dumps({"pid": os.getpid()}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        _die_at, _stop = command.get("die_at", ""), command.get("stop", False)
        try:
            answer = {"done": do(command)}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(BETWEEN, WITHIN, _do)
