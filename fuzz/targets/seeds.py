"""Where several targets begin: the corpora that the tests have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"


def files(pattern: str, most: int = 60, longest: int = 8192) -> Iterator[bytes]:
    """Octets of the tests' files of a pattern, the first `most` by name that are no longer."""
    short = (path for path in sorted(TESTS.glob(pattern)) if path.stat().st_size <= longest)
    for path in islice(short, most):
        yield path.read_bytes()
