"""Keeps the parts of one machine running: tells of each death, starts again, ends all in order."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import click
from prometheus_client import multiprocess

from atesaki.cli.parts import SUPERVISOR
from atesaki.site.logging import mask
from atesaki.site.postgres import PostgresError, Server, end_with_parent

_DEATHS, _WITHIN = 5, 60.0
# `make` passes on a signal that its whole group was sent: what comes again at once is the same wish.
_ECHO_SECONDS = 1.0
_LOOK_SECONDS = 0.2


class Part:
    """One program: how long it may take to end, where it listens, when it died."""

    def __init__(
        self,
        name: str,
        grace: float,
        listens: tuple[str, int] | None = None,
        *,
        words: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """One of our own parts by its `name`; with `words`, any other program, in an `environment` of its own."""
        self.name, self.grace, self.listens = name, grace, listens
        self.words = list(words) or [sys.executable, "-m", "atesaki.cli", name]
        self.environment, self.cwd = environment, cwd
        self.process: subprocess.Popen[bytes] | None = None
        self.ready = False
        self.again = 0.0
        self.deaths: deque[float] = deque(maxlen=_DEATHS)
        self.unfinished = b""

    def begin(self, environment: dict[str, str]) -> None:
        """Starts it, so that it ends when we do."""
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            self.words,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**(environment if self.environment is None else self.environment), SUPERVISOR: str(os.getpid())},
            start_new_session=True,  # Ctrl-C is for us: the parts end in order
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
        )
        os.set_blocking(self.output, False)
        self.ready = self.listens is None

    @property
    def output(self) -> int:
        """The pipe that it speaks into."""
        if self.process is None or self.process.stdout is None:
            raise RuntimeError(f"{self.name} is not running")
        return self.process.stdout.fileno()

    def died(self) -> float | None:
        """Notes a death; how long to wait, None when it has died too often."""
        now = time.monotonic()
        self.deaths.append(now)
        if len(self.deaths) == _DEATHS and now - self.deaths[0] < _WITHIN:
            return None
        recent = sum(now - death < _WITHIN for death in self.deaths)
        pause = 0.5 * 2.0 ** (recent - 1)
        self.again = now + pause
        return pause


class Supervisor:
    """Runs parts and, if it is ours, their database, until told to end."""

    def __init__(
        self, parts: list[Part], database: Server | None, environment: dict[str, str], *, as_json: bool
    ) -> None:
        self._parts, self._environment, self._as_json = parts, environment, as_json
        self._database, self._database_life = database, Part("database", 0)
        self._signals, self._signalled_at = 0, float("-inf")
        self._selector = selectors.DefaultSelector()

    def run(self, when_ready: Callable[[], None]) -> int:
        """Starts all, keeps all, ends all; the exit code. `when_ready` is called once, when all listen."""
        code, told = 0, False
        with self._signals_caught():
            try:
                for part in self._parts:
                    self._begin(part)
                while not self._signals and not code:
                    self._relay(_LOOK_SECONDS)
                    code = self._look()
                    if not told and not code and all(part.ready for part in self._parts):
                        told = True
                        when_ready()
            finally:
                self._end()
        return code

    def _begin(self, part: Part) -> None:
        part.begin(self._environment)
        self._selector.register(part.output, selectors.EVENT_READ, part)

    def _look(self) -> int:
        """Starts what died and has waited, and notices who died and who listens by now."""
        if self._database is not None and not self._keep_database(self._database):
            return 1
        for part in self._parts:
            if part.process is None:
                if time.monotonic() >= part.again:
                    self._begin(part)
            elif part.process.poll() is not None:
                code = part.process.returncode
                self._relay(0)
                self._forget(part)
                if not self._mourn(part, _end(code)):
                    return 1
            elif not part.ready:
                part.ready = _answers(part.listens)
        return 0

    def _keep_database(self, database: Server) -> bool:
        life = self._database_life
        if database.alive():
            return True
        if life.again == 0.0:
            return self._mourn(life, "ended")
        if time.monotonic() < life.again:
            return True
        try:
            database.again()
        except PostgresError as error:
            return self._mourn(life, f"could not be started: {error}")
        life.again = 0.0
        click.echo("atesaki: the database runs again.")
        return True

    def _mourn(self, part: Part, how: str) -> bool:
        pause = part.died()
        if pause is None:
            click.echo(
                f"atesaki: {part.name} {how}, for the {_DEATHS}th time in a minute: everything is stopped. "
                f"What it said is above{' and in log/postgresql.log' if part.name == 'database' else ''}.",
                err=True,
            )
            return False
        click.echo(f"atesaki: {part.name} {how}; it is started again in {pause:g} s.", err=True)
        return True

    def _forget(self, part: Part) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(part.output)
        if part.unfinished:
            self._print(part, part.unfinished)
            part.unfinished = b""
        if part.process is not None and part.process.stdout is not None:
            part.process.stdout.close()
        if part.process is not None and (numbers := self._environment.get("PROMETHEUS_MULTIPROC_DIR")):
            multiprocess.mark_process_dead(part.process.pid, numbers)  # type: ignore[no-untyped-call]
        part.process = None

    def _relay(self, seconds: float) -> None:
        """Prints what the parts say, line by line; waits up to `seconds` for it."""
        for key, _ in self._selector.select(seconds):
            part = key.data
            if part is None:  # a signal came
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 100)
                continue
            try:
                said = os.read(key.fd, 65_536)
            except BlockingIOError:
                continue
            if not said:
                self._selector.unregister(key.fd)
            *lines, part.unfinished = (part.unfinished + said).split(b"\n")
            for line in lines:
                self._print(part, line)

    def _print(self, part: Part, line: bytes) -> None:
        text = mask(line.decode(errors="replace"))  # an interpreter that dies speaks past our logging
        if not self._as_json:
            click.echo(f"{part.name:5} | {text}")
        else:
            click.echo(text if text.startswith("{") else json.dumps({"part": part.name, "event": text}))

    def _end(self) -> None:
        """The gate first, so that nothing new is taken; each by force when it takes too long or we are urged."""
        for part in self._parts:
            if part.process is None:
                continue
            deadline = time.monotonic() + part.grace
            part.process.terminate()
            while part.process.poll() is None and time.monotonic() < deadline and self._signals < 2:
                self._relay(0.05)
            if part.process.poll() is None:
                click.echo(f"atesaki: {part.name} did not end in time and is killed.", err=True)
                part.process.kill()
                part.process.wait()
            self._relay(0)
            self._forget(part)

    @contextlib.contextmanager
    def _signals_caught(self) -> Iterator[None]:
        ours, kernel = socket.socketpair()
        for end in (ours, kernel):
            end.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, None)
        former = {sign: signal.signal(sign, self._signalled) for sign in (signal.SIGINT, signal.SIGTERM)}
        wakeup = signal.set_wakeup_fd(kernel.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for sign, handler in former.items():
                signal.signal(sign, handler)
            ours.close()
            kernel.close()

    def _signalled(self, _: int, __: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._signalled_at > _ECHO_SECONDS:
            self._signals += 1
        self._signalled_at = now


def _answers(listens: tuple[str, int] | None) -> bool:
    if listens is None:
        return True
    try:
        with socket.create_connection(listens, timeout=1):
            return True
    except OSError:
        return False


def _end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-code).name}"
    return f"was killed by signal {-code}"
