"""`python -m benchmarks.detection [--quick] [--split …] [--layouts DIR] [--only …]`: `make bench-detection`."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

from benchmarks import BenchError
from benchmarks.detection import runner, tables, tools


def main() -> int:
    """The exit code: 0 measured, 1 not."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.detection", description="How well personal data in mail is found, side by side."
    )
    parser.add_argument("--quick", action="store_true", help="few mails, to see that it works; not to be quoted")
    parser.add_argument("--split", choices=runner.SPLITS, action="append", help="by default all that are there")
    parser.add_argument(
        "--layouts", type=Path, help="folder of the unseen split's modules, when it is not in this tree"
    )
    parser.add_argument("--only", default=",".join(tools.NAMES), help=f"of {','.join(tools.NAMES)}; ours: all of ours")
    parser.add_argument("--mails", type=int, help="how many of each layout are judged")
    wanted = parser.parse_args()
    plan = runner.QUICK if wanted.quick else runner.FULL
    if wanted.mails:
        plan = replace(plan, mails=wanted.mails)
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(plan.limit)
    try:
        splits = wanted.split or runner.there(wanted.layouts)
        file, found = runner.run(plan, splits, _only(wanted.only), wanted.layouts)
    except BenchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(tables.printed(found))
    print(f"\nwritten to {file}")
    return 0


def _only(names: str) -> list[str]:
    chosen = {each.strip() for each in names.split(",")}
    unknown = chosen - {*tools.NAMES, "ours"}
    if unknown:
        raise BenchError(f"there is no tool called {', '.join(sorted(unknown))}; there are {', '.join(tools.NAMES)}")
    return [name for name in tools.NAMES if name in chosen or ("ours" in chosen and name in tools.OURS)]


def _terminated(_: int, __: FrameType | None) -> None:
    sys.exit(143)  # not the default end: what was started must be stopped


def _too_long(_: int, __: FrameType | None) -> None:
    sys.exit("benchmarks: it took too long, and everything is stopped; --only names fewer tools.")


if __name__ == "__main__":
    sys.exit(main())
