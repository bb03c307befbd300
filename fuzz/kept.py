"""The inputs that are kept: few, small, each for a step that no other takes, and every one that found a fault."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path

from fuzz import check
from fuzz.table import TARGETS, Target
from fuzz.traces import Step, Tracer

ROOT = Path(__file__).parent
CORPUS = ROOT / "corpus"
OCTETS, OF_ALL = 4096, 110_000
"""Of an input that is kept, and of all of a target's together."""
_MADE = re.compile(r"[0-9a-f]{16}")
_WEIGHING = 240.0  # seconds
_ROOM = 0.5
"""Of the bounds: the suite must not fail because a machine is a little slower."""


def inputs(name: str) -> list[Path]:
    """A target's kept inputs. What is named in words was once a fault, and stays."""
    return sorted(path for path in (CORPUS / name).glob("*") if not path.name.startswith("."))


def named(data: bytes) -> str:
    return blake2b(data, digest_size=8).hexdigest()


def keep(target: Target, found: Iterable[bytes]) -> dict[str, int]:
    """Weighs what is kept and what was found, keeps the least that takes the same steps, and says what came of it.

    1 What is named stays.  2 From the smallest on, what takes a step that none before it took.
    3 If these are too many, those that tell the most for their size.
    """
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    before = {path.name: path.read_bytes() for path in inputs(target.name)}
    fixed = [data for name, data in before.items() if not _MADE.fullmatch(name)]
    made = {data for name, data in before.items() if _MADE.fullmatch(name)}
    run, tracer = target.run(), Tracer(target.ours)
    seen: set[Step] = set()
    for data in fixed:
        seen |= _steps(run, tracer, data) or set()
    known = set(seen)
    ends = time.monotonic() + _WEIGHING
    telling: dict[bytes, set[Step]] = {}
    # What was kept comes first, so that its octets do not change with each run.
    for data in [*sorted(made, key=_size), *sorted(set(found) - made, key=_size)]:
        if len(data) > OCTETS or time.monotonic() > ends:
            continue
        steps = _steps(run, tracer, data)
        if steps is not None and steps - seen:
            seen |= steps
            telling[data] = steps
    chosen = _least(telling, known, target.most - len(fixed))
    for name, data in before.items():
        if data in made and data not in chosen:
            (folder / name).unlink()
    for data in chosen:
        (folder / named(data)).write_bytes(data)
    covered, lines = tracer.covered(seen)
    return {"kept": len(chosen) + len(fixed), "new": len(set(chosen) - made), "covered": covered, "lines": lines}


def _size(data: bytes) -> tuple[int, bytes]:
    return len(data), data


def _steps(run: Callable[[bytes], None], tracer: Tracer, data: bytes) -> set[Step] | None:
    try:
        # In this order: what is cached by a first run is not run through in a second.
        steps = tracer.steps(lambda: run(data))
        check.within(run, data, _ROOM)
    except Exception:  # noqa: BLE001 - a fault, which lies in crashes/ and is no corpus before it is mended
        return None
    return steps


def _least(telling: dict[bytes, set[Step]], known: set[Step], most: int) -> list[bytes]:
    """As many as may be kept, each time the one with the most new steps for its size."""
    chosen: list[bytes] = []
    room, left, seen = OF_ALL, dict(telling), set(known)
    while left and len(chosen) < most:
        best = max(left, key=lambda data: (len(left[data] - seen) / (len(data) + 64), data))
        if not left[best] - seen:
            break
        if len(best) <= room:
            chosen.append(best)
            seen |= left[best]
            room -= len(best)
        del left[best]
    return chosen


def weigh(name: str, folder: str) -> None:
    """`python -m fuzz.kept TARGET FOLDER`: a process of its own, for the instrumented one takes other steps."""
    check.quiet()
    target = TARGETS[name]
    found = [path.read_bytes() for path in sorted(Path(folder).glob("*"))] if folder else []
    print(json.dumps(keep(target, found)))


if __name__ == "__main__":
    weigh(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
