"""`python -m fuzz [TARGET…] [--seconds N]`, which is what `make fuzz` calls."""

from __future__ import annotations

import argparse
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path

from fuzz import check, runs
from fuzz.table import TARGETS

_MISSING = "fuzz: atheris is not installed; install it with: python -m pip install 'atheris>=3'"


def main() -> int:
    """The exit code: 0 nothing found, 1 faults found, 2 it cannot be done."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzzes each parser of foreign bytes, one after another.")
    parser.add_argument("target", nargs="*", help=f"which; all if none is named: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=20, help="for each target (20)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed one input to one target, without atheris")
    asked = parser.parse_args()
    if unknown := [name for name in asked.target if name not in TARGETS]:
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(TARGETS)}")
    if asked.seconds < 1:
        parser.error("--seconds must be 1 or more")
    if asked.replay:
        if len(asked.target) != 1:
            parser.error("--replay needs the name of one target")
        return _replay(asked.target[0], asked.replay)
    if find_spec("atheris") is None:
        print(_MISSING, file=sys.stderr)
        return 2
    print(runs.HEAD, flush=True)
    found = 0
    for name in asked.target or TARGETS:
        told = runs.fuzz(TARGETS[name], asked.seconds)
        print(told.line(), flush=True)
        found += len(told.faults)
    if found:
        print(f"\n{found} fault(s), in {runs.CRASHES}: feed one again with --replay FILE TARGET", file=sys.stderr)
    return 1 if found else 0


def _replay(name: str, path: Path) -> int:
    check.quiet()
    try:
        check.within(TARGETS[name].run(), path.read_bytes())
    except Exception:  # noqa: BLE001 - it is shown
        traceback.print_exc()
        return 1
    print(f"{name} passes {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
