"""Units done by Daft: in processes on this machine, or on the nodes of a Ray cluster, by the same program.

Each partial is handed back to the program that was started, and kept by it; a node or a process that is lost costs
what it was working on, which is done again.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from atesaki.audit.inputs import Unit
from atesaki.audit.options import THREAD, AuditError
from atesaki.audit.work import Terms, Worker

# Units in one question to Daft: so many may be held in memory, with what they are told.
_WAVE: Final = 256
_SMALL: Final = 6 << 20  # octets of input that are not worth another process
_TRIES: Final = 3
# Daft and Ray tell their makers of each use, unless told not to.
_SILENCE: Final = {
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "DAFT_ANALYTICS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
}

_CLUSTER: Final = re.compile(r"(?:ray://)?[^/\s]+:\d+")

Told = Callable[[Unit], bytes]
Done = Callable[[Unit, bytes], None]
Beat = Callable[[], None]


class LostError(Exception):
    """A worker died, and with it what it was doing."""


class Engine:
    """Does units, wherever it was told to.

    1. One process for what is small.  2. Waves of units, each one question to Daft.  3. What a lost worker has left
    undone is asked for again; a unit that is lost each time is given up by itself, and the others go on.
    """

    def __init__(self, cluster: str, cores: int, beat: Beat) -> None:
        """`cluster`: `ray://HOST:PORT`, or empty. `beat` is called several times a second while units are done."""
        os.environ.update(_SILENCE)
        # A lost worker is told in our own words; Daft would print its own beside them.
        logging.getLogger("daft_local_execution").setLevel(logging.CRITICAL)
        self._beat = beat
        self._cores = cores or len(os.sched_getaffinity(0))
        self._cluster = bool(cluster)
        self._lost: dict[str, int] = {}
        self._any = False  # whether anything was ever done
        self._why = ""
        if cluster:
            self._cores = _join(cluster)

    def run(
        self, units: Sequence[Unit], terms: Terms, told: Told, done: Done, given_up: Callable[[Unit], None]
    ) -> None:
        """Every unit once: `done` gets its partial, or `given_up` the unit."""
        left = list(units)
        if not self._cluster and (sum(unit.size for unit in left) < _SMALL or len(left) == 1 or self._cores == 1):
            worker = Worker(terms)
            for unit in left:
                done(unit, worker.do(unit, told(unit)))
                self._beat()
            return
        while left:
            wave = left[:_WAVE]
            if any(self._lost.get(unit.id, 0) >= _TRIES - 1 for unit in wave[:1]):
                wave = wave[:1]  # by itself: so it takes no other with it
            finished = self._wave(wave, terms, told, done)
            self._any = self._any or bool(finished)
            if not finished:
                first = wave[0]
                self._lost[first.id] = self._lost.get(first.id, 0) + 1
                if self._lost[first.id] > _TRIES:
                    if not self._any and len(left) > 1:
                        raise AuditError(f"No worker gets anything done: {self._why}")
                    given_up(first)
                    finished = {first.id}
            left = [unit for unit in left if unit.id not in finished]

    def _wave(self, wave: list[Unit], terms: Terms, told: Told, done: Done) -> set[str]:
        """Those that were finished before a worker was lost, which is all of them if none was."""
        by_id = {unit.id: unit for unit in wave}
        finished: set[str] = set()
        try:
            for name, partial in self._answers(wave, terms, told):
                if name not in finished:
                    finished.add(name)
                    done(by_id[name], partial)
        except LostError as error:
            self._why = f"{type(error.__cause__).__name__}: {' '.join(str(error.__cause__).split())[-300:]}"
        return finished

    def _answers(self, wave: list[Unit], terms: Terms, told: Told) -> Iterator[tuple[str, bytes]]:
        """What Daft answers, from a thread of its own: so this one hears Ctrl-C, and the bar goes on."""
        answers: queue.Queue[Any] = queue.Queue(maxsize=4)

        def ask() -> None:
            try:
                for row in self._question(wave, terms, told):
                    answers.put((row["id"], row["partial"]))
                answers.put(None)
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
                answers.put(error)

        threading.Thread(target=ask, daemon=True, name=THREAD).start()
        while True:
            try:
                answer = answers.get(timeout=0.25)
            except queue.Empty:
                self._beat()
                continue
            if answer is None:
                return
            if isinstance(answer, BaseException):
                raise LostError from answer
            yield answer
            self._beat()

    def _question(self, wave: list[Unit], terms: Terms, told: Told) -> Iterator[dict[str, Any]]:
        import daft

        frame = daft.from_pydict(
            {
                "id": [unit.id for unit in wave],
                "unit": [unit.to_json() for unit in wave],
                "known": [told(unit) for unit in wave],
            }
        )
        if self._cluster:
            frame = frame.into_partitions(len(wave))
        # On a cluster each node's own executor starts the processes: fixed ones would not outlive their node.
        doer = _doer(None if self._cluster else min(self._cores, len(wave)))(terms)
        frame = frame.select(frame["id"], doer.do(frame["unit"], frame["known"]).alias("partial"))
        return iter(frame.iter_rows(results_buffer_size=None if self._cluster else self._cores))


def _doer(processes: int | None) -> Any:
    """`Worker` as Daft calls it: one unit at a time."""
    import daft

    class Doer:
        def __init__(self, terms: Terms) -> None:
            self.worker = Worker(terms)

        @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)
        def do(self, unit: Any, known: Any) -> Any:
            pairs = zip(unit.to_pylist(), known.to_pylist(), strict=True)
            return [self.worker.do(Unit.from_json(text), told) for text, told in pairs]

    return daft.cls(Doer, use_process=True, max_concurrency=processes)


def _join(cluster: str) -> int:
    """Connects to a running Ray cluster; its processors. Raises `AuditError` where that cannot be."""
    if not _CLUSTER.fullmatch(cluster):
        raise AuditError(f"--cluster {cluster} cannot be read: give ray://HOST:PORT, of a Ray head's client server.")
    try:
        import daft
        import ray
    except ImportError as error:
        raise AuditError("A cluster needs Ray: pip install 'atesaki[cluster]', here and on each node.") from error
    try:
        for tried in range(1, _TRIES + 1):
            try:
                ray.init(cluster, log_to_driver=False, logging_level=logging.ERROR)
                break
            except ConnectionAbortedError:  # it is there: a head under load fails to start what serves a client
                if tried == _TRIES:
                    raise
                time.sleep(2 * tried)
        daft.set_runner_ray(noop_if_initialized=True)
        nodes = [
            node
            for node in ray.nodes()  # type: ignore[no-untyped-call]
            if node.get("Alive")
        ]
    except Exception as error:
        why = str(error).strip().rpartition("\n")[2][:200]  # of a traceback what was raised
        raise AuditError(f"The Ray cluster at {cluster} cannot be used: {why}") from error
    cores = int(sum(node["Resources"].get("CPU", 0) for node in nodes))
    if not cores:
        raise AuditError(f"The Ray cluster at {cluster} has no node with a processor to work on.")
    return cores
