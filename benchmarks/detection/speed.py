"""`python -m benchmarks.detection.speed`: how long the detector takes for a mail that it has not seen, on one core.

Told are the scan alone (normalised lines and one look of the automaton), the detector (layout, values, whose they
are), and the detector with reading the octets. The mails are those of the open layouts that have 1–5 KB of text; they
are dense with fields, as orders are. Every mail is drawn anew and timed once, as what is remembered of the lines of a
mail makes the same mail cheap the second time; the senders' other mails were seen before, as in a service that runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median

from atesaki import content
from atesaki.content.lines import lines_of
from atesaki.content.scan import look
from benchmarks.detection.generate import mails
from benchmarks.detection.layouts import load

_SMALLEST, _LARGEST = 1_000, 5_000  # octets
_SEEN = 10  # mails of each layout that went before


def _drawn(many: int, first: int) -> list[bytes]:
    found = []
    for mail in mails(load("open", None), many, first):
        if _SMALLEST <= len(mail.text.encode()) <= _LARGEST:
            found.append(mail.raw)
    return found


def _scanned(reading: content.Reading) -> None:
    for line in lines_of(reading.text):
        look(line.text)


def _rates(rounds: int, many: int) -> Iterator[tuple[str, float]]:
    """Seconds of processor time for each mail of a round; each of the works has mails of its own."""
    works: tuple[tuple[str, Callable[[bytes], object], Callable[[content.Reading], object] | None], ...] = (
        ("scan", content.read, _scanned),
        ("findings", content.read, content.findings),
        ("with reading", lambda raw: content.findings(content.read(raw)), None),
    )
    first = 2 * _SEEN
    for _ in range(rounds):
        for name, before, work in works:
            raws = _drawn(many, first)
            first += many
            if work is None:
                start = time.process_time()
                for raw in raws:
                    before(raw)
            else:
                readings = [content.read(raw) for raw in raws]
                start = time.process_time()
                for reading in readings:
                    work(reading)
            yield name, (time.process_time() - start) / len(raws)


def main() -> int:
    """Prints microseconds and mails a second, the median of the rounds and the best."""
    parser = argparse.ArgumentParser(prog="benchmarks.detection.speed", description=__doc__)
    parser.add_argument("--mails", type=int, default=4, help="how many of each layout in each round")
    parser.add_argument("--rounds", type=int, default=7, help="of how many rounds the median is taken")
    wanted = parser.parse_args()
    seen = _drawn(_SEEN, 0)
    for raw in seen:
        content.findings(content.read(raw))
    octets = sum(map(len, seen)) / len(seen)
    print(f"{len(seen)} mails seen before, {octets:.0f} octets each; {wanted.rounds} rounds of new ones")
    taken: dict[str, list[float]] = {}
    for name, seconds in _rates(wanted.rounds, wanted.mails):
        taken.setdefault(name, []).append(seconds)
    for name, several in taken.items():
        middle, best = median(several), min(several)
        print(f"{name:<13}{middle * 1e6:8.0f} µs a mail {1 / middle:8.0f} mails/s (best round {1 / best:.0f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
