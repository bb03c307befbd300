"""`python -m benchmarks [NAME…]`, which is what `make bench` calls: one benchmark, some, or all of them in turn."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from atesaki.site.postgres import PostgresError
from benchmarks import BenchError, freedom, memory, pages, release, results, road, size
from benchmarks.installations import Store, store

Run = Callable[[Store, argparse.Namespace], dict[str, Any]]

_LIMITS = {"quick": 1200, "whole": 3600, "large": 4 * 3600}  # seconds until everything is stopped by force


def _plan(module: Any, given: argparse.Namespace) -> Any:
    return module.QUICK if given.quick else module.WHOLE


BENCHMARKS: dict[str, Run] = {
    "freedom": lambda of, given: freedom.run(of, _plan(freedom, given)),
    "road": lambda of, given: road.run(of, _plan(road, given)),
    "size": lambda of, given: size.run(of, size.with_largest(_plan(size, given), given.largest)),
    "release": lambda of, given: release.run(of, given.mails or _plan(release, given)),
    "pages": lambda of, given: pages.run(of, _plan(pages, given)),
    "memory": lambda of, given: memory.run(of, memory.with_most(_plan(memory, given), given.mails)),
}


def main() -> int:
    """The exit code: 0 measured, 1 not.

    One database is made, and each benchmark gets a copy of it, as it was at first.
    """
    given = _arguments()
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_LIMITS["quick" if given.quick else "large" if given.largest or given.mails else "whole"])
    failed = False
    try:
        with TemporaryDirectory(prefix="atesaki-bench-", ignore_cleanup_errors=True) as made:
            folder = Path(made)
            folder.chmod(0o711)  # Postfix's and PostgreSQL's users pass through
            with store(folder) as base:
                done: dict[str, dict[str, Any]] = {}
                for name in given.names or BENCHMARKS:
                    failed |= not _one(name, base, given, done)
    except (BenchError, PostgresError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if not given.quick:
        print("\n`python -m benchmarks.document` writes docs/performance.md from the newest files.")
    return int(failed)


def _one(name: str, base: Store, given: argparse.Namespace, done: dict[str, dict[str, Any]]) -> bool:
    """Runs one and writes its file; whether it could be measured. The others go on without it."""
    began = time.monotonic()
    print(f"\n-- {name}", flush=True)
    try:
        head = results.head(base.folder, base.postgresql, quick=given.quick)
        found = BENCHMARKS[name](base.copy(name), given)
    except BenchError as error:
        print(f"benchmarks: {name}: {error}", file=sys.stderr, flush=True)
        return False
    took = time.monotonic() - began
    done[name] = {**head, "took_seconds": round(took, 1), **found}
    if name == "road" and "freedom" in done:
        done[name]["freedom_ms"] = done["freedom"]["freedom_ms"]
    file = results.write(name, done[name])
    print(f"   {took:.0f} s, written to {file}", flush=True)
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--quick", action="store_true", help="few of everything, to see that it works: no figures to quote"
    )
    parser.add_argument("--mails", type=int, metavar="N", help="release: how many wait; memory: how many are sent")
    parser.add_argument("--largest", type=int, metavar="N", help="size: also with so many addresses, such as 10000000")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(BENCHMARKS)}")
    if given.mails and not set(given.names) & {"release", "memory"}:
        parser.error("--mails is for release or memory: name which of them")
    return given


def _terminated(_: int, __: FrameType | None) -> None:
    sys.exit(143)  # not the default end: what was started must be stopped


def _too_long(_: int, __: FrameType | None) -> None:
    sys.exit("benchmarks: it took too long, and everything is stopped; a quieter machine may do better.")


if __name__ == "__main__":
    sys.exit(main())
