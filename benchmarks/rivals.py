"""The other roads: what one could put in a mail's way instead. Each raises `Unavailable` where it cannot be had."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from benchmarks import BenchError
from benchmarks.servers import Server, Unavailable, free_port, started, wait_for

HARAKA = Path(__file__).parent.parent / ".haraka"
_PROCESSES = 2  # as many as there are cores where the baselines were measured
_RCPT = """\
// Takes every recipient: which are good is not what is measured.
exports.hook_rcpt = function (next) { next(OK) }
"""


@contextmanager
def forwarder(folder: Path, next_hop: int) -> Iterator[Server]:
    """aiosmtpd and aiosmtplib on uvloop, two processes."""
    missing = [name for name in ("aiosmtpd", "aiosmtplib") if importlib.util.find_spec(name) is None]
    if missing:
        raise Unavailable(f"{' and '.join(missing)} is not installed: it is in the group dev of pyproject.toml.")
    port, log = free_port(), folder / "forwarder.log"
    words = [sys.executable, "-m", "benchmarks.forwarder", str(port), str(next_hop), str(_PROCESSES)]
    with started(words, log) as process:
        wait_for(port, process, log)
        yield Server(port, {"aiosmtpd": process.pid})


@contextmanager
def haraka(folder: Path, next_hop: int) -> Iterator[Server]:
    """Haraka with `queue/smtp_forward`, two nodes, and no plugin more than that needs."""
    package, node = HARAKA / "node_modules" / "Haraka", shutil.which("node")
    if node is None or not package.is_dir():
        raise Unavailable(
            "Haraka is not installed: `make haraka` fetches it into .haraka/ (needs node, npm and the net)."
        )
    home, port, log = folder / "haraka", free_port(), folder / "haraka.log"
    shutil.copytree(package / "config", home / "config")  # as it comes, but for the files below
    (home / "plugins").mkdir()
    (home / "plugins" / "take_all.js").write_text(_RCPT)
    files = {
        "plugins": "take_all\nqueue/smtp_forward\n",
        "smtp.ini": f"listen=127.0.0.1:{port}\nnodes={_PROCESSES}\n",
        "smtp_forward.ini": f"host=127.0.0.1\nport={next_hop}\nenable_outbound=false\n",
        "loglevel": "CRIT\n",
        "log.ini": "level=crit\nformat=default\n",
        "me": "haraka.example.com\n",
        "databytes": "26214400\n",
    }
    for name, text in files.items():
        (home / "config" / name).write_text(text)
    words = [node, str(package / "bin" / "haraka"), "-c", str(home)]
    with started(words, log) as process:
        try:
            wait_for(port, process, log)
        except BenchError as error:
            raise Unavailable(f"Haraka does not run here: {str(error).replace(str(folder), '…')}") from error
        yield Server(port, {"haraka": process.pid})


def versions() -> dict[str, str]:
    """Of those that are here."""
    found = {}
    for name in ("aiosmtpd", "aiosmtplib"):
        if importlib.util.find_spec(name) is not None:
            found[name] = metadata.version(name)
    package = HARAKA / "node_modules" / "Haraka" / "package.json"
    if package.is_file():
        found["haraka"] = str(json.loads(package.read_text("utf-8"))["version"])
        found["node"] = _said(["node", "--version"])
    return found


def _said(words: list[str]) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False, env=os.environ)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()
