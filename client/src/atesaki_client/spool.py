"""Mail that waits at the service's side while atesaki is away: a file for each, in the order of their coming.

Promise:    what `keep` has returned from is on disk and will be offered; two senders never offer one file at once.
Never:      a file that others than its owner can read; one mail that holds up the others for good.
On failure: the file stays where it is, or goes to `refused/`, where a person may look at it.
Read first: `Spool.send`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

_SHORTEST, _LONGEST = 60.0, 3_600.0  # seconds between two offers of a mail that was put off
_MOST_PUT_OFF = 20  # in a row: then it is not the mails


@dataclass(frozen=True, slots=True)
class Waiting:
    """One mail and its envelope."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class Fate(Enum):
    """What became of an offer."""

    DONE = "done"  # taken, or refused for its recipients: nothing is left to do
    PUT_OFF = "put off"  # this mail not now
    REFUSED = "refused"  # this mail never
    AWAY = "away"  # no mail now


@dataclass(frozen=True, slots=True)
class Run:
    """What a run through the spool has done. `waiting` are left; `busy`: another sender is at it."""

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    busy: bool = False
    away: bool = False


Offer = Callable[[Waiting, str], tuple[Fate, Sequence[str]]]
"""Offers a mail, whose file has that name: what became of it, and the recipients to whom it must be offered again."""


class Spool:
    """One folder. `flock` must work across all that use it: one machine, or a file system that knows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, mail: Waiting) -> str:
        """Writes it down for good: its file's name. Raises `OSError`, and then it is not kept."""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.mail"
        self._write(name, mail)
        return name

    def names(self) -> list[str]:
        """The files that wait, oldest first."""
        return sorted(each.name for each in self.folder.glob("*.mail"))

    def send(self, offer: Offer, *, seconds: float = 60, every: bool = False) -> Run:
        """Offers what waits, oldest first, for at most so long.

        1 Take the lock; who does not get it leaves it to who has it.
        2 Offer each whose time has come (`every`: each). A mail that is put off waits longer each time, and
          the others go before it; when atesaki is away, or puts off one after the other, that is the end of it.
        3 Look again after the lock is given back: what came in between found it taken, and relied on us.
        """
        ends, total = time.monotonic() + seconds, Run()
        while True:
            with self._lock() as mine:
                if not mine:
                    return replace(total, waiting=len(self.names()), busy=True)
                self._clear_away()
                seen = set(self.names())
                total, over = self._offer_all(offer, total, ends, every)
            left = self.names()
            if over or seen.issuperset(left):
                return replace(total, waiting=len(left))

    def _offer_all(self, offer: Offer, run: Run, ends: float, every: bool) -> tuple[Run, bool]:
        """The counts, and whether there is no use in going on."""
        put_off = 0
        for name in self.names():
            if time.monotonic() >= ends or put_off >= _MOST_PUT_OFF:
                return run, True
            if not every and not self._is_due(name):
                continue
            match self._offer(offer, name):
                case Fate.DONE:
                    run, put_off = replace(run, sent=run.sent + 1), 0
                case Fate.REFUSED:
                    run, put_off = replace(run, refused=run.refused + 1), 0
                case Fate.PUT_OFF:
                    put_off += 1
                case Fate.AWAY:
                    return replace(run, away=True), True
        return run, False

    def _offer(self, offer: Offer, name: str) -> Fate:
        try:
            mail = self.read(name)
        except FileNotFoundError:
            return Fate.DONE  # somebody took it away by hand
        except (OSError, ValueError, KeyError, TypeError):
            self._set_aside(name)
            return Fate.REFUSED
        fate, left = offer(mail, name)
        if fate is Fate.DONE:
            (self.folder / name).unlink(missing_ok=True)
        elif fate is Fate.REFUSED:
            self._set_aside(name)
        else:
            if tuple(left) != mail.recipients:
                self._write(name, replace(mail, recipients=tuple(left)))
            if fate is Fate.PUT_OFF:
                self._put_off(name)
        return fate

    def read(self, name: str) -> Waiting:
        """Raises `ValueError` or its like for a file that is none of ours."""
        head, _, raw = (self.folder / name).read_bytes().partition(b"\n")
        said = json.loads(head)
        return Waiting(str(said["from"]), tuple(map(str, said["to"])), raw)

    def _write(self, name: str, mail: Waiting) -> None:
        # Another name until it is whole and on disk: a crash leaves no half of a mail.
        unfinished = self.folder / f".{name}.{secrets.token_hex(4)}"
        head = json.dumps({"from": mail.sender, "to": list(mail.recipients)}).encode()
        try:
            file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(head + b"\n" + mail.raw)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(self.folder / name)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _clear_away(self) -> None:
        """Removes what a process began to write and died over: its sender was told that it is not kept."""
        for unfinished in self.folder.glob(".*.mail.*"):
            with suppress(FileNotFoundError):
                if unfinished.stat().st_mtime < time.time() - _LONGEST:
                    unfinished.unlink()

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _set_aside(self, name: str) -> None:
        aside = self.folder / "refused"
        aside.mkdir(mode=0o700, exist_ok=True)
        (self.folder / name).replace(aside / name)

    def _put_off(self, name: str) -> None:
        # When it is due is the file's own time: nothing to write, nothing to be torn.
        age = time.time() - int(name.partition("-")[0]) / 1e9
        due = time.time() + min(max(age, _SHORTEST), _LONGEST)
        os.utime(self.folder / name, (due, due))

    def _is_due(self, name: str) -> bool:
        try:
            due = (self.folder / name).stat().st_mtime
        except FileNotFoundError:
            return False
        # A clock that was set back must not keep a mail for years.
        return not time.time() < due <= time.time() + _LONGEST

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """Whether we have it; the system takes it back from whoever dies."""
        file = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(file)
