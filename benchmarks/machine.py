"""On what it was measured: without this no figure means anything."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from benchmarks import rivals
from benchmarks.servers import Unavailable, program

_ROOT = Path(__file__).parent.parent


def machine(folder: Path) -> dict[str, Any]:
    """Processor, memory, the disk under `folder`, and how busy others keep it at this moment."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "file_system": _file_system(folder),
        "fsync_ms": _fsync_ms(folder),
        "load_average": round(os.getloadavg()[0], 2),
    }


def versions(postgresql: str) -> dict[str, str]:
    """Of what was measured, and of what measured it."""
    found = {
        "atesaki": _atesaki(),
        "python": platform.python_version(),
        "postgresql": postgresql,
        "uvloop": metadata.version("uvloop"),
    }
    with suppress(Unavailable):
        found["postfix"] = _said([program("postconf"), "-dh", "mail_version"])
    return found | rivals.versions()


def _atesaki() -> str:
    commit = _said(["git", "-C", str(_ROOT), "describe", "--always", "--dirty"])
    return f"{metadata.version('atesaki')} {commit}".strip()


def _said(words: list[str]) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - fixed words
    except OSError:
        return ""
    return done.stdout.strip()


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _file_system(folder: Path) -> str:
    over = [each for each in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(each.mountpoint)]
    return max(over, key=lambda each: len(each.mountpoint)).fstype if over else ""


def _fsync_ms(folder: Path) -> float:
    """The median of 50: nothing that is queued durably can be faster than this."""
    took = []
    trial = folder / "fsync"
    with trial.open("wb") as out:
        for _ in range(50):
            began = time.perf_counter()
            out.write(bytes(10_240))
            out.flush()
            os.fsync(out.fileno())
            took.append(time.perf_counter() - began)
    trial.unlink()
    return round(statistics.median(took) * 1000, 3)
