"""The door as it runs: `atesaki gate`, a process of its own, on the test database."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.programs import environment, free_ports
from tests.world import database_url


@contextmanager
def opened(log: Path) -> Iterator[int]:
    """The port of a door with the test's keys and next hop; what the gate says goes to `log`."""
    (port,) = free_ports(1)
    shell = environment(
        settings.HOME,
        DATABASE_URL=database_url(),
        ATESAKI_SMTP=f"127.0.0.1:{port}",
        ATESAKI_UPSTREAM=settings.ATESAKI_UPSTREAM,
    )
    with log.open("wb") as out:
        gate = subprocess.Popen(
            [sys.executable, "-m", "atesaki.cli", "gate"], env=shell, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(gate, port, log)
        yield port
        gate.terminate()
        assert gate.wait(30) == 0, log.read_text()
    finally:
        gate.kill()
        gate.wait(10)


def _wait_for(gate: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=5):
                return
        except OSError:
            assert gate.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
