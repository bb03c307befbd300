"""One target under libFuzzer, in a process of its own: `python -m fuzz.child TARGET CRASHES FLAG…`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]

from fuzz import check
from fuzz.table import TARGETS

_SLACK = 3.0
"""How much slower our code may run here, instrumented."""
_ROOT = str(Path(__file__).parent.parent)


class Faults:
    """Each kind of fault once, with its smallest input; the search goes on behind it."""

    def __init__(self, run: Callable[[bytes], None], name: str, crashes: Path) -> None:
        self._run, self._name, self._crashes = run, name, crashes
        self._smallest: dict[str, int] = {}

    def feed(self, data: bytes) -> None:
        """One input."""
        try:
            check.within(self._run, data, _SLACK)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self._note(data, error)

    def _note(self, data: bytes, error: Exception) -> None:
        kind = _kind(error)
        if len(data) >= self._smallest.get(kind, sys.maxsize):
            return
        self._smallest[kind] = len(data)
        place = self._crashes / f"{self._name}-{kind}"
        place.write_bytes(data)
        place.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")


def _kind(error: BaseException) -> str:
    """The same for the same exception from the same place."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_ROOT)]
    told = [type(error).__name__, *(f"{frame.filename}:{frame.name}:{frame.lineno}" for frame in frames[-2:])]
    return blake2b("\n".join(told).encode(), digest_size=5).hexdigest()


def main() -> None:
    """Does not return: libFuzzer ends the process."""
    name, crashes, *flags = sys.argv[1:]
    target = TARGETS[name]
    with atheris.instrument_imports(include=[*(each.partition(":")[0] for each in target.ours), *target.theirs]):
        run = target.run()
    check.quiet()
    faults = Faults(run, name, Path(crashes))
    atheris.Setup([sys.argv[0], *flags], faults.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
