"""How fast mail that waits leaves once it may: proofs come in, and everything behind them goes to the next hop."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from subprocess import PIPE
from typing import Any

from benchmarks import BenchError, figures, servers
from benchmarks.installations import SERVICE, Installation, Store, running

WHOLE = 20_000
QUICK = 200
_EACH = 100  # mails behind one claim
_LOOK_SECONDS = 0.5


def run(store: Store, mails: int) -> dict[str, Any]:
    """1 Have so many mails wait.  2 Prove claim after claim, the worker running.  3 Look until all have left."""
    each = min(_EACH, max(1, mails // 10))
    claims = max(1, mails // each)
    words = [sys.executable, "-m", "benchmarks.filling", "wait", SERVICE, str(claims), str(each)]
    with ExitStack() as stack:
        sink = stack.enter_context(servers.sink(store.folder))
        proving = stack.enter_context(
            subprocess.Popen(words, env=dict(store.environment), stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603
        )
        stack.callback(proving.kill)  # before its end of the pipe closes
        if proving.stdin is None or proving.stdout is None or proving.stdout.readline() != "ready\n":
            raise BenchError("the mails that should wait could not be made; what was said is above.")
        installation = stack.enter_context(running(store, [sink.port]))
        before, began = installation.gates[0].cpu(), time.perf_counter()
        proving.stdin.write("go\n")
        proving.stdin.flush()
        seen = _watch(installation, claims * each, proving)
        took = time.perf_counter() - began
        said = json.loads(proving.stdout.readline() or "{}")
        spent = {name: now - before[name] for name, now in installation.gates[0].cpu().items()}
    if said.get("released") != claims * each:
        raise BenchError(f"of {claims * each} mails {said.get('released')} were released by the proofs.")
    peaks = {name: max(each_[name] for _, _, each_ in seen) for name in seen[0][2]}
    print(f"{claims * each} mails in {took:.1f} s: {claims * each / took:.0f}/s", flush=True)
    return {
        "mails": claims * each,
        "claims": claims,
        "seconds": round(took, 2),
        "per_second": round(claims * each / took, 1),
        "proof_seconds": round(said["seconds"], 2),
        "cpu_ms_per_mail": round(sum(spent.values()) * 1000 / (claims * each), 3),
        "peak_mb": peaks,
        "worker_mb_per_100000": round(_growth(seen), 3),
        "seen": seen,
    }


def _watch(
    installation: Installation, mails: int, proving: subprocess.Popen[str]
) -> list[tuple[float, int, dict[str, float]]]:
    """How many had left by when, and what memory was used, until all have. Raises `BenchError`."""
    began, ends = time.monotonic(), time.monotonic() + 120 + mails / 10
    seen: list[tuple[float, int, dict[str, float]]] = []
    while True:
        memory = {name: round(each, 1) for name, each in installation.gates[0].memory().items()}
        row = installation.connection.execute(
            "SELECT count(*) FROM atesaki_line WHERE state = 'settled' AND fate = 'released'"
        ).fetchone()
        left = int(row[0]) if row else 0
        seen.append((round(time.monotonic() - began, 2), left, memory))
        if left >= mails:
            return seen
        if time.monotonic() > ends or proving.poll() not in (None, 0):
            raise BenchError(f"of {mails} mails {left} had left, and no more came.")
        time.sleep(_LOOK_SECONDS)


def _growth(seen: list[tuple[float, int, dict[str, float]]]) -> float:
    """MB that the worker grows by for each 100,000 mails; 0 if too little was seen to tell."""
    points = [(left / 100_000, each["work"]) for _, left, each in seen]
    return figures.slope(points) if len({x for x, _ in points}) > 2 else 0.0
