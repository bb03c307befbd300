"""`python -m benchmarks [--quick]`, which is what `make bench` calls."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from atesaki.site.postgres import PostgresError
from benchmarks import BenchError, road


def main() -> int:
    """The exit code: 0 measured, 1 not."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measures the road, side by side.")
    parser.add_argument("--quick", action="store_true", help="few mails, to see that it works; not to be quoted")
    plan = road.QUICK if parser.parse_args().quick else road.FULL
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(plan.limit)
    try:
        file = road.run(plan)
    except (BenchError, PostgresError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\nwritten to {file}")
    return 0


def _terminated(_: int, __: FrameType | None) -> None:
    sys.exit(143)  # not the default end: what was started must be stopped


def _too_long(_: int, __: FrameType | None) -> None:
    sys.exit("benchmarks: it took too long, and everything is stopped; a quieter machine may do better.")


if __name__ == "__main__":
    sys.exit(main())
