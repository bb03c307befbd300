"""Where results are kept: a file for each benchmark and day. A quick run never takes the place of a whole one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.installations import PROCESSES
from benchmarks.machine import machine, versions

FOLDER = Path(__file__).parent / "results"


def head(folder: Path, postgresql: str, *, quick: bool) -> dict[str, Any]:
    """What every file begins with: when, on what, of which versions. `folder`: on the disk that is measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "gate_processes": PROCESSES,
        "machine": machine(folder),
        "versions": versions(postgresql),
    }


def write(name: str, found: Mapping[str, Any]) -> Path:
    """Writes what was found; where."""
    file = FOLDER / f"{name}-{found['date'][:10]}{'-quick' if found['quick'] else ''}.json"
    FOLDER.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return file


def newest(name: str) -> Path | None:
    """The newest whole run's file, or the newest quick one if there is none."""
    files = sorted(FOLDER.glob(f"{name}-????-??-??.json")) or sorted(FOLDER.glob(f"{name}-????-??-??-quick.json"))
    return files[-1] if files else None
