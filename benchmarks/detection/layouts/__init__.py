"""The splits: `open` is read while the detector is written, `unseen` is not.

`load` takes a split by name, or any folder of modules that hold layouts: so a split can live outside of this tree.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from benchmarks import BenchError
from benchmarks.detection.drawing import Layout

_HERE = Path(__file__).parent
SPLITS = ("open", "unseen")


def folder(split: str, elsewhere: Path | None = None) -> Path:
    """Where a split's modules lie."""
    return elsewhere or _HERE / split


def load(split: str, elsewhere: Path | None = None) -> list[Layout]:
    """All layouts of a split, by slug. `elsewhere` is the folder of its modules when they are not in this tree.

    Raises BenchError if there are none, or two of one name.
    """
    place = folder(split, elsewhere)
    found: dict[str, Layout] = {}
    for file in sorted(place.glob("*.py")):
        if file.name == "__init__.py":
            continue
        spec = importlib.util.spec_from_file_location(f"detection_layouts_{split}_{file.stem.replace('-', '_')}", file)
        if spec is None or spec.loader is None:
            raise BenchError(f"{file} cannot be loaded as a Python module.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for each in vars(module).values():
            if isinstance(each, Layout):
                if each.slug in found:
                    raise BenchError(f"two layouts are called {each.slug}; the second is in {file}")
                found[each.slug] = each
    if not found:
        raise BenchError(f"no layouts in {place}: name the folder of their modules with --layouts DIR")
    return [found[slug] for slug in sorted(found)]
