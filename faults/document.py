"""Writes a run's report: a file of its own in `faults/results/`, and the table in `docs/faults.md`."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "faults" / "results"
DOCUMENT = ROOT / "docs" / "faults.md"
_TABLE = re.compile(r"(?<=<!-- run -->\n).*?(?=<!-- end of run -->)", re.S)


def machine() -> dict[str, Any]:
    """What it ran on, and of which versions."""
    said = subprocess.run(  # noqa: S603
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "atesaki": f"{metadata.version('atesaki')} {said.stdout.strip()}".strip(),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def keep(report: dict[str, Any]) -> Path:
    """The report as a file."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"faults-{datetime.now(UTC):%Y%m%d-%H%M}-{report['plan']['seed']}.json"
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def write(report: dict[str, Any]) -> None:
    """The run's table in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(_TABLE.sub(lambda _: "\n".join([*_rows(report), "", ""]), text), encoding="utf-8")


def _rows(report: dict[str, Any]) -> list[str]:
    plan, made, took = report["plan"], report["machine"], report["seconds"]
    presses = report["presses"]
    told = {
        "when, on what": f"{made['at']}; {made['processor']}, {made['cores']} cores, {made['memory_gb']} GB, load "
        f"{made['load_average']}, {made['system']}; Python {made['python']}, PostgreSQL {made.get('postgresql', '')}, "
        f"atesaki {made['atesaki']}",
        "again": f"`make faults SEED={plan['seed']} MAILS={plan['mails']} FAULTS={plan['faults']}"
        + (f" SECONDS={plan['seconds']:g}`" if plan["seconds"] else "`"),
        "mails, recipients": f"{report['mails']:,} mails to {report['recipients']:,} recipients; "
        f"{report['taken']:,} answered with 250",
        "attempts": _counts(report["attempts"]),
        "what became of those answered with 250": _counts(report["fates"]),
        "mails of our own": _counts(report["our_own_mails"]),
        "faults": f"{sum(report['faults'].values())}: {_counts(report['faults'])}",
        "not committed": _counts(report["not_committed"]) or "none",
        "deaths": _counts(report["restarts"]),
        "came twice": f"{sum(report['doubles'].values())}: {_counts(report['doubles'])}",
        "presses": "; ".join(
            f"{what.replace('_', ' ')}: {one['many']}, p50 {one['p50_s']:.2f} s, p99 {one['p99_s']:.1f} s"
            for what, one in presses.items()
        ),
        "time": f"load {took['load']:,.0f} s ({report['mails_per_second']:.0f} mails a second, faults and all), "
        f"until every client was answered {took['calm']:.0f} s, drained {took['drain']:.0f} s",
        "broken promises": _counts(report["violations"]) or "none",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in told.items())]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {many:,}" for name, many in counts.items())
