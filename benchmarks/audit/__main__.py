"""Makes a past in a temporary folder, audits it in a process of its own, and writes down time and memory."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from benchmarks import machine
from benchmarks.audit import making

_RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """`--quick` makes a hundredth of everything, and only shows that it works."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a hundredth of everything; nothing is written down")
    asked.add_argument("--only", choices=("log", "mails"), help="one of the two measurements")
    asked.add_argument("--folder", type=Path, help="where the past is made, and left; a temporary one otherwise")
    said = asked.parse_args()
    share = 100 if said.quick else 1
    with tempfile.TemporaryDirectory(prefix="atesaki-audit-") as name:
        folder = said.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine.machine(folder),
            "versions": _versions(),
        }
        if said.only != "mails":
            found["customers_and_log"] = _log(folder, 1_000_000 // share, 10_000_000 // share)
        if said.only != "log":
            found["mails"] = _mails(folder, 100_000 // share, 100_000 // share)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    if not said.quick:
        path = _RESULTS / f"audit-{datetime.now(UTC):%Y-%m-%d}.json"
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print(path)


def _versions() -> dict[str, str]:
    names = ("daft", "pyarrow", "google-re2")
    return machine.versions("") | {name: metadata.version(name) for name in names}


def _log(folder: Path, customers: int, lines: int) -> dict[str, Any]:
    """Customers and a mail server's log."""
    past = folder / f"log-{lines}"
    if not past.exists():
        past.mkdir()
        making.customers(folder / f"customers-{customers}.csv", customers)
        making.logs(past, lines, customers)
    table = folder / f"customers-{customers}.csv"
    took = _audit("--customers", str(table), "--mail", str(past))
    return {
        "customers": customers,
        "lines": lines,
        "octets": _octets(past),
        **took,
        "lines_per_second": round(lines / took["seconds"]),
    }


def _mails(folder: Path, customers: int, mails: int) -> dict[str, Any]:
    """An archive with everything on: known customers, templates, findings."""
    path, table = folder / f"mails-{mails}.mbox", folder / f"customers-{customers}.csv"
    if not path.exists():
        making.archive(path, mails, customers)
    if not table.exists():
        making.customers(table, customers)
    took = _audit("--customers", str(table), "--mail", str(path))
    rate = mails / took["seconds"]
    return {
        "customers": customers,
        "mails": mails,
        "octets": path.stat().st_size,
        **took,
        "mails_per_second": round(rate),
        "mails_per_cpu_second": round(mails / took["cpu_seconds"]),
    }


def _octets(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _audit(*words: str) -> dict[str, Any]:
    """One audit, watched: wall time, processor time and memory of all its processes."""
    with tempfile.TemporaryDirectory(prefix="atesaki-audit-") as out:
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "atesaki.cli",
            "audit",
            *words,
            "--out",
            f"{out}/report",
            "--json",
            "--zone",
            "UTC",
        ]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - fixed words
        watch = _Watch(running.pid)
        said, _ = running.communicate()
        seconds = time.monotonic() - began
        if running.returncode:
            sys.exit(f"the audit ended with {running.returncode}")
        told = json.loads(said)
        size = Path(out, "report", "report.html").stat().st_size
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(watch.cpu(), 1),
        "peak_memory_mb": watch.stop() // 2**20,
        "report_octets": size,
        "totals": told["totals"],
    }


class _Watch:
    """Samples the memory of a process and all below it, five times a second: the resident sets, added up, which
    counts shared pages for each process anew."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak = 0
        self._cpu: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                return
            together = 0
            for each in family:
                try:
                    together += each.memory_info().rss
                    times = each.cpu_times()
                    self._cpu[each.pid] = times.user + times.system
                except psutil.Error:
                    continue
            self._peak = max(self._peak, together)

    def cpu(self) -> float:
        """Seconds of processor time, as last seen of each process."""
        return sum(self._cpu.values())

    def stop(self) -> int:
        """The most memory at once, in octets."""
        self._over.set()
        self._thread.join(2)
        return self._peak


if __name__ == "__main__":
    main()
