"""Starts the processes that fuzz and weigh, and reads what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fuzz import kept
from fuzz.table import Target

CRASHES = kept.ROOT / "crashes"
_MEBIBYTES = 2048
_HANGS = 30  # seconds on the clock for one input; the bounds of `check` are told of what ends before
_TRIES = 5  # starts of one target that end at once: by the system, or by libFuzzer's own limits


@dataclass(frozen=True, slots=True)
class Told:
    """What one target's run came to. `edges`: branches that libFuzzer has seen taken, in ours and in theirs."""

    target: str
    seconds: float
    runs: int = 0
    edges: int = 0
    kept: int = 0
    new: int = 0
    covered: int = 0
    lines: int = 0
    faults: tuple[str, ...] = ()

    def line(self) -> str:
        share = 100 * self.covered // max(1, self.lines)
        faults = f"  {len(self.faults)} fault(s): {', '.join(self.faults)}" if self.faults else ""
        return (
            f"{self.target:<12}{self.runs:>9}{self.runs / max(0.1, self.seconds):>8.0f}{self.edges:>8}"
            f"{self.covered:>7}/{self.lines:<5}{share:>3} %{self.kept:>7}{self.new:>6}{faults}"
        )


HEAD = f"{'target':<12}{'runs':>9}{'runs/s':>8}{'edges':>8}{'lines':>13}{'':>5}{'kept':>7}{'new':>6}"


def fuzz(target: Target, seconds: int) -> Told:
    """One target for so many seconds; then its corpus is weighed anew."""
    CRASHES.mkdir(exist_ok=True)
    before = set(_faults(target))
    for name in before:
        (CRASHES / name).unlink()
        (CRASHES / name).with_suffix(".txt").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{target.name}-") as folder:
        work = Path(folder)
        _begin(work, target)
        told = _searched(target, work, seconds)
        weighed = _call("fuzz.kept", target.name, str(work / "found"), wait=900)
        if weighed.returncode:
            raise RuntimeError(f"the inputs of {target.name} cannot be weighed:\n{weighed.stderr[-3000:]}")
        told = replace(told, **json.loads(weighed.stdout.splitlines()[-1]))
    return replace(told, faults=tuple(_faults(target)))


def _begin(work: Path, target: Target) -> None:
    """The folder of inputs: where a search begins, and where what it finds is put."""
    found = work / "found"
    found.mkdir()
    for data in [*target.seeds(), *(path.read_bytes() for path in kept.inputs(target.name))]:
        whole = data[: target.longest]
        (found / kept.named(whole)).write_bytes(whole)


def _searched(target: Target, work: Path, seconds: int) -> Told:
    """Starts it again where an input ended the process: that one is among the faults by then."""
    told = Told(target.name, 0.0)
    began = time.monotonic()
    for _ in range(_TRIES):
        left = round(seconds - (time.monotonic() - began))
        if left < 1:
            break
        flags = [
            *(f"-max_total_time={left}", f"-max_len={target.longest}", f"-timeout={_HANGS}", "-report_slow_units=600"),
            *(f"-rss_limit_mb={_MEBIBYTES}", f"-artifact_prefix={CRASHES}/{target.name}-"),
            *("-print_final_stats=1", "-reduce_inputs=1"),
        ]
        if target.words:
            flags.append(f"-dict={target.words}")
        ran = _call("fuzz.child", target.name, str(CRASHES), *flags, str(work / "found"), wait=left + 300)
        runs = _last(r"(?:stat::number_of_executed_units: |^#)(\d+)", ran.stderr)
        told = replace(told, runs=told.runs + runs, edges=max(told.edges, _last(r" cov: (\d+)", ran.stderr)))
        if ran.returncode == 0:
            break
        if not runs and "Test unit written" not in ran.stderr:
            raise RuntimeError(f"{target.name} does not begin:\n{ran.stderr[-3000:]}")
    return replace(told, seconds=time.monotonic() - began)


def _last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text, re.M)
    return int(found[-1]) if found else 0


def _call(module: str, *words: str, wait: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=wait,
        check=False,
        cwd=kept.ROOT.parent,
    )


def _faults(target: Target) -> Iterator[str]:
    for path in sorted(CRASHES.glob(f"{target.name}-*")):
        if path.suffix != ".txt":
            yield path.name
