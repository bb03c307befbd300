"""`python -m benchmarks.detection.speed`: how long the detector takes for a mail that has been read, on one core.

Told are the scan alone (normalised lines and one look of the automaton), and everything: layout, values, whose they
are. The mails are those of the open layouts that have 1–5 KB of text; they are dense with fields, as orders are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from atesaki import content
from atesaki.content.lines import lines_of
from atesaki.content.scan import look
from benchmarks.detection.generate import mails
from benchmarks.detection.layouts import load

_SMALLEST, _LARGEST = 1_000, 5_000  # octets


def _readings(many: int) -> list[content.Reading]:
    readings = [content.read(mail.raw) for mail in mails(load("open", None), many)]
    return [reading for reading in readings if _SMALLEST <= len(reading.text.encode()) <= _LARGEST]


def _best(work: Callable[[], object], times: int) -> float:
    """Seconds of processor time; the best of several, since other programs only ever add to it."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> int:
    """Prints microseconds and mails a second."""
    parser = argparse.ArgumentParser(prog="benchmarks.detection.speed", description=__doc__)
    parser.add_argument("--mails", type=int, default=20, help="how many of each layout")
    parser.add_argument("--times", type=int, default=20, help="of how many runs the best is taken")
    wanted = parser.parse_args()
    readings = _readings(wanted.mails)
    octets = sum(len(reading.text.encode()) for reading in readings) / len(readings)
    print(f"{len(readings)} mails, {octets:.0f} octets of text each")
    works: dict[str, Callable[[], object]] = {
        "scan": lambda: [look(line.text) for reading in readings for line in lines_of(reading.text)],
        "findings": lambda: [content.findings(reading) for reading in readings],
    }
    for name, work in works.items():
        seconds = _best(work, wanted.times) / len(readings)
        print(f"{name:<10}{seconds * 1e6:8.0f} µs a mail {1 / seconds:8.0f} mails/s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
