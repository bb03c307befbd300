"""Running our programs as an operator does: processes of their own, an environment without ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_ATESAKI = [sys.executable, "-m", "atesaki.cli"]
_OURS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR", "PYTEST_XDIST_WORKER")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What an operator's shell holds, and `home`."""
    clean = {k: v for k, v in os.environ.items() if k not in _OURS and not k.startswith("ATESAKI_")}
    return {**clean, "ATESAKI_HOME": str(home), **more}


def atesaki(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return subprocess.run(
        [*_ATESAKI, *words], env=environment(home, **more), capture_output=True, text=True, timeout=120, check=False
    )


def reference(module: str, shell: dict[str, str], *words: str) -> str:
    """One command of the reference world's `shop` or `idp`, run to its end, which must be a good one; its words."""
    ran = subprocess.run(
        [sys.executable, "-m", f"reference.{module}", *words],
        cwd=Path(__file__).parents[1],
        env=shell,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def free_ports(many: int) -> list[int]:
    """Ports on loopback that nobody listens on."""
    trials = [socket.create_server(("127.0.0.1", 0)) for _ in range(many)]
    ports = [trial.getsockname()[1] for trial in trials]
    for trial in trials:
        trial.close()
    return ports


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for homes, gone at the end.

    Not below pytest's own: each start of pytest closes that to all but its owner, and so to the
    user that runs PostgreSQL when the tests run as root.
    """
    with TemporaryDirectory(prefix="atesaki-home-") as name:
        yield Path(name)


class Serving:
    """`atesaki serve`, from its start to its end; what it prints goes to `log`."""

    def __init__(self, home: Path, log: Path, **more: str) -> None:
        web, door, returns = free_ports(3)
        self.home, self.log = home, log
        self.places = {
            "ATESAKI_WEB": f"127.0.0.1:{web}",
            "ATESAKI_SMTP": f"127.0.0.1:{door}",
            "ATESAKI_INBOUND": f"127.0.0.1:{returns}",
        }
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*_ATESAKI, "serve"],
                env=environment(home, **{**self.places, **more}),
                cwd=log.parent,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """What it has printed so far."""
        return self.log.read_text()

    def wait_for(self, words: str, *, times: int = 1, seconds: float = 120) -> str:
        """Waits until it has printed `words` so often; what it has printed."""
        deadline = time.monotonic() + seconds
        while self.said().count(words) < times:
            assert time.monotonic() < deadline, f"{words!r} was not said {times} times:\n{self.said()}"
            ended = self.process.poll()
            assert ended is None or self.said().count(words) >= times, f"it ended ({ended}):\n{self.said()}"
            time.sleep(0.05)
        return self.said()

    def pids(self) -> dict[str, int]:
        """Its children by the last word of how they were called."""
        listed = subprocess.run(["ps", "-ewwo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        rows = [row.split(None, 2) for row in listed.stdout.splitlines()]
        children = {args: int(pid) for pid, parent, args in rows if int(parent) == self.process.pid}
        return {("postgres" if "/postgres " in args else args.split()[-1]): pid for args, pid in children.items()}

    def kill(self) -> None:
        """Ends it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def running(pid: int) -> bool:
    """Whether a process is alive (one that only waits to be buried is not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: list[int], seconds: float = 30) -> None:
    """Waits until none of the processes is alive."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if running(pid)]:
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.05)
