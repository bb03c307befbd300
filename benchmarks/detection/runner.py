"""Draws the mails, starts each tool in a process of its own, has all judge the same mails, and times them in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import BenchError
from benchmarks.detection import corpora, figures, tools
from benchmarks.detection.generate import Mail
from benchmarks.detection.layouts import folder, load
from benchmarks.machine import machine, versions

RESULTS = Path(__file__).parent.parent / "results"
SPLITS = ("open", "unseen", "sixteen")
FASTEST = "ours-cold"
_ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Plan:
    """`mails` of each layout are judged; in each of `rounds` a tool goes once over `timed` of each, twice as many in
    all, and over others in each round."""

    mails: int
    rounds: int
    timed: int
    limit: int


FULL = Plan(mails=20, rounds=5, timed=2, limit=3600)
QUICK = Plan(mails=2, rounds=2, timed=1, limit=1800)


class Worker:
    """A tool in its process. `missing` says why it cannot be run; it is empty if it can."""

    def __init__(self, name: str, corpus: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "benchmarks.detection.worker", name, str(corpus)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=_ROOT,
            env=os.environ | _ONE_CORE,
        )
        self.missing = str(self._answer().get("missing", ""))

    def ask(self, **what: Any) -> Any:
        """Its answer. Raises BenchError if it has ended."""
        assert self._process.stdin is not None  # noqa: S101 - it was opened as a pipe
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BenchError(f"{self.name} ended before it was asked to; {self._how()}") from None
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} ended without an answer; {self._how()}")
        return json.loads(line)

    def _how(self) -> str:
        return f"to see why: python -m benchmarks.detection.worker {self.name} FOLDER"

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


def run(plan: Plan, splits: Sequence[str], only: Sequence[str], layouts: Path | None = None) -> tuple[Path, Any]:
    """Measures and writes the file: where it is, and what is in it. Raises BenchError.

    1 Draw the mails of each split.  2 Start each tool; a missing one gets its reason.  3 In each round each is timed
    on the same mails, which none has seen before, another beginning each time.  4 Each judges all mails.  5 Ask for
    memory; end it.
    """
    with TemporaryDirectory(prefix="atesaki-detection-") as place:
        known = versions("")
        found: dict[str, Any] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "quick": is_part(plan, splits, only),
            "machine": machine(Path(place)),
            "versions": {name: known[name] for name in ("atesaki", "python")} | tools.versions(),
            "plan": asdict(plan) | {"learnt": tools.LEARNT},
            "splits": {},
        }
        for split in splits:
            print(f"{split}: drawing", file=sys.stderr)
            mails = _mails(split, Path(place) / split, plan, layouts)
            found["splits"][split] = _measured(split, Path(place) / split, mails, plan, only)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"detection-{found['date'][:10]}{'-quick' if found['quick'] else ''}.json"
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return file, found


def is_part(plan: Plan, splits: Sequence[str], only: Sequence[str]) -> bool:
    """Whether it is less than everything: then it never takes the place of a whole run's file."""
    return plan.mails < FULL.mails or plan.rounds < FULL.rounds or set(only) != set(tools.NAMES) or "open" not in splits


def there(layouts: Path | None) -> list[str]:
    """The splits that can be run: `unseen` only where its modules are."""
    unseen = any(each.name != "__init__.py" for each in folder("unseen", layouts).glob("*.py"))
    return [split for split in SPLITS if split != "unseen" or unseen]


def _mails(split: str, place: Path, plan: Plan, layouts: Path | None) -> list[Mail]:
    if split == "sixteen":
        return corpora.lay_out(place, corpora.sixteen())
    return corpora.split(place, load(split, layouts if split == "unseen" else None), plan.mails, tools.LEARNT)


def _measured(split: str, place: Path, mails: list[Mail], plan: Plan, only: Sequence[str]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    with ExitStack() as stack:
        workers: list[Worker] = []
        for name in only:
            worker = Worker(name, place)
            stack.callback(worker.close)
            rows[name] = {"title": tools.TITLES[name]}
            if worker.missing:
                rows[name]["missing"] = worker.missing
                print(f"{split}: {name} is left out: {worker.missing}", file=sys.stderr)
            else:
                workers.append(worker)
        if split != "sixteen":  # too few to be timed
            print(f"{split}: timing in turns", file=sys.stderr)
            for name, speeds in _timed(workers, mails, plan).items():
                rows[name] |= speeds
        for worker in workers:
            print(f"{split}: {worker.name} judges {len(mails)} mails", file=sys.stderr)
            rows[worker.name] |= figures.row(figures.judged(mails, worker.ask(do="judge")))
        for worker in workers:
            rows[worker.name]["peak_mb"] = worker.ask(do="memory")["peak_mb"]
    personal = {mail.layout for mail in mails if mail.personal}
    return {
        "mails": len(mails),
        "personal": sum(mail.personal for mail in mails),
        "layouts": len({mail.layout for mail in mails}),
        "personal_layouts": len(personal),
        "mean_octets": round(sum((place / mail.file).stat().st_size for mail in mails) / len(mails)),
        "labels": sum(len(mail.labels) for mail in mails),
        "rows": rows,
    }


def _sample(by_layout: dict[str, list[str]], plan: Plan, turn: int) -> list[str]:
    """The mails of a turn: others in each, as long as there are any."""
    first = turn * plan.timed
    return [each[(first + n) % len(each)] for each in by_layout.values() for n in range(plan.timed)]


def _timed(workers: list[Worker], mails: list[Mail], plan: Plan) -> dict[str, dict[str, Any]]:
    """Mails a second, the whole and the scan alone, with the ratio of ours to each."""
    by_layout: dict[str, list[str]] = {}
    for mail in mails:
        by_layout.setdefault(mail.layout, []).append(mail.file)
    rates: dict[tuple[str, bool], list[float]] = {}
    for turn in range(plan.rounds):
        for worker in workers[turn % len(workers) :] + workers[: turn % len(workers)]:
            for whole in (True, False):
                sample = _sample(by_layout, plan, 2 * turn + (not whole))
                it = worker.ask(do="time", files=sample, whole=whole)
                rates.setdefault((worker.name, whole), []).append(it["mails"] / it["seconds"])
    found: dict[str, dict[str, Any]] = {}
    for worker in workers:
        names = (("whole", True), ("scan", False))
        found[worker.name] = {"rate": {name: figures.spread(rates[worker.name, whole]) for name, whole in names}}
        if (FASTEST, True) in rates and worker.name != FASTEST:
            found[worker.name]["ratio"] = {
                name: figures.ratios(rates[FASTEST, whole], rates[worker.name, whole]) for name, whole in names
            }
    return found
