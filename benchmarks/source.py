"""The load for throughput: Postfix's own `smtp-source`, which leaves the processor to the server.

One process for each client, as one process sends all its mails to one recipient. It ends at the first answer that is
not the one expected, and sends no mail before the last was accepted. It counts a mail when its DATA was answered, so
that of each client's the last one may be counted and not yet accepted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atesaki.site.postgres import end_with_parent
from benchmarks import BenchError, mails
from benchmarks.servers import program

_START_SECONDS, _ALL_SECONDS = 120.0, 10.0
_FOR_EVER = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Flood:
    """What a run came to: mails in all; mails and seconds while every client was sending; what was seen at its end.

    Each client's last mail may have been cut off.
    """

    mails: int
    counted: int
    seconds: float
    seen: dict[str, float]


def write(folder: Path, orders: Sequence[tuple[str, bytes]]) -> list[tuple[str, Path]]:
    """Each recipient, and the file that holds their mail, as `smtp-source -F` wants it."""
    found = []
    folder.mkdir(exist_ok=True)
    for recipient, content in orders:
        file = folder / f"{recipient.partition('@')[0]}.eml"
        file.write_bytes(content.removesuffix(b".\r\n").replace(b"\r\n", b"\n"))
        found.append((recipient, file))
    return found


def flood(
    port: int,
    orders: Sequence[tuple[str, Path]],
    *,
    reuse: bool,
    clients: int,
    seconds: float,
    look: Callable[[], dict[str, float]] = dict,
) -> Flood:
    """Sends for so long with so many clients at once, each to a recipient of its own, and counts from when all send.

    It goes on while fewer mails were answered than there are clients: a rate of so few would be none.
    `look` is called at the end, under load. Raises `BenchError` if a client was not answered as it expects.
    """
    with _flowing(port, orders, reuse=reuse, clients=clients) as (counted, look_after):
        began, before = time.perf_counter(), counted()
        after, took = before, 0.0
        while took < seconds or (after - before < clients and took < _START_SECONDS):
            time.sleep(min(0.1, seconds) if took else seconds)
            took, after = time.perf_counter() - began, counted()
            look_after()
        seen = look()
    return Flood(counted(), after - before, took, seen)


@contextmanager
def flowing(port: int, orders: Sequence[tuple[str, Path]], *, reuse: bool, clients: int) -> Iterator[Callable[[], int]]:
    """`flood` for as long as the block takes; what it gives tells how many mails were answered so far."""
    with _flowing(port, orders, reuse=reuse, clients=clients) as (counted, look_after):

        def sent() -> int:
            look_after()
            return counted()

        yield sent


@contextmanager
def _flowing(
    port: int, orders: Sequence[tuple[str, Path]], *, reuse: bool, clients: int
) -> Iterator[tuple[Callable[[], int], Callable[[], None]]]:
    """From when every client was answered once: how many mails were, and a look at whether all still send.

    A few that a busy machine keeps waiting are not waited for longer than `_ALL_SECONDS`.
    """
    words = [[*_words(port, *orders[number % len(orders)], reuse=reuse)] for number in range(clients)]
    with _sending(words, orders[0][1].parent) as (processes, counters):
        began = time.monotonic()
        while silent := sum(_count(each) == 0 for each in counters):
            _alive(processes, counters)
            waited = time.monotonic() - began
            if waited > _ALL_SECONDS and silent < clients / 2:
                break
            if waited > _START_SECONDS:
                raise BenchError(f"{silent} of {clients} clients were not answered within {_START_SECONDS:.0f} s.")
            time.sleep(0.02)
        yield lambda: sum(map(_count, counters)), lambda: _alive(processes, counters)


def send(port: int, order: tuple[str, Path], many: int, *, clients: int = 20) -> None:
    """Sends one mail to each of so many recipients: `0` to `many - 1` before the local part. Raises `BenchError`."""
    words = [*_words(port, *order, reuse=True, many=many, clients=clients)]
    words.insert(1, "-N")
    with _sending([words], order[1].parent) as ((process,), counters):
        try:
            process.wait(60 + many / 20)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{many} mails were not sent in time.") from error
        _alive([process], counters)


def _words(
    port: int, recipient: str, mail: Path, *, reuse: bool, many: int = _FOR_EVER, clients: int = 1
) -> Iterator[str]:
    yield from (program("smtp-source"), "-c", *(["-d"] if reuse else []), "-M", "client.example.com")
    yield from ("-s", str(clients), "-m", str(many), "-f", mails.SENDER, "-t", recipient, "-F", str(mail))
    yield f"127.0.0.1:{port}"


@contextmanager
def _sending(words: Sequence[list[str]], folder: Path) -> Iterator[tuple[list[subprocess.Popen[bytes]], list[Path]]]:
    """Processes that each count in a file of its own; they end with this block, and with us."""
    counters = [folder / f"count-{number}" for number in range(len(words))]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for each, counter in zip(words, counters, strict=True):
            with counter.open("wb") as out:
                processes.append(
                    subprocess.Popen(  # noqa: S603 - fixed words
                        each,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - we have no threads
                    )
                )
        yield processes, counters
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def _count(counter: Path) -> int:
    """How many mails were answered: the last whole number, each being followed by a CR."""
    with counter.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 24))
        numbers = file.read().split(b"\r")[:-1]
    return int(numbers[-1]) if numbers and numbers[-1].isdigit() else 0


def _alive(processes: Sequence[subprocess.Popen[bytes]], counters: Sequence[Path]) -> None:
    """Raises `BenchError` with what one said that ended before its time."""
    for process, counter in zip(processes, counters, strict=True):
        if process.poll() not in (None, 0):
            said = counter.read_bytes()[-300:].split(b"\r")[-1].decode(errors="replace").strip()
            raise BenchError(f"smtp-source ended: {said}")
