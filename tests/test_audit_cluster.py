"""The audit on a Ray cluster of two nodes, one of which is killed halfway: the same report as on this machine."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import past as pasts
from tests.programs import atesaki, environment, free_ports

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def ray_is_there() -> None:
    missing = [name for name in ("daft", "ray") if importlib.util.find_spec(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} is not installed (the extra atesaki[cluster])"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"{reason}, and REQUIRE_ALL=1 forbids to skip")
        pytest.skip(f"{reason}; REQUIRE_ALL=1 would fail here")


class Nodes:
    """Two nodes and the door to them."""

    def __init__(self, home: Path) -> None:
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ray_nodes", str(self.port)],
            env=environment(home, PYTHONPATH=str(_ROOT)),
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.wait_for("READY", 90)

    def wait_for(self, word: str, seconds: float) -> None:
        timer = threading.Timer(seconds, self.process.kill)  # ends the wait below, too
        timer.start()
        assert self.process.stdout
        said = ""
        while word not in said:
            said = self.process.stdout.readline()
            assert said, f"the nodes ended before they said {word}"
        timer.cancel()

    def kill_one(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        self.wait_for("KILLED", 60)

    def end(self) -> None:
        family = psutil.Process(self.process.pid).children(recursive=True)
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for each in family:
            if each.is_running():
                each.kill()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    both = Nodes(tmp_path)
    yield both
    both.end()


@pytest.mark.slow
@pytest.mark.timeout(560)
def test_a_cluster_that_loses_a_node_tells_the_same(nodes: Nodes, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    pasts.large(folder, boxes=6)
    words = ["audit", "--mail", str(folder), "--zone", "UTC"]
    local = atesaki(tmp_path / "home", *words, "--out", str(tmp_path / "local"), "--processes", "1")
    assert local.returncode == 0, local.stderr
    with (tmp_path / "said").open("w") as said:
        running = subprocess.Popen(
            [
                *(sys.executable, "-m", "atesaki.cli", *words, "--out", str(tmp_path / "spread"), "--keep-work"),
                *("--cluster", f"ray://127.0.0.1:{nodes.port}"),
            ],
            env=environment(tmp_path / "home"),
            stderr=said,
        )
    work = tmp_path / "spread" / "work"
    deadline = time.monotonic() + 400
    while not list(work.glob("*.arrow")):
        assert running.poll() is None, (tmp_path / "said").read_text()
        assert time.monotonic() < deadline, "no piece was finished"
        time.sleep(0.02)
    assert not (tmp_path / "spread" / "report.json").exists()
    nodes.kill_one()
    assert not (tmp_path / "spread" / "report.json").exists(), "it was over before the node was killed"
    try:
        assert running.wait(timeout=max(1, deadline - time.monotonic())) == 0, (tmp_path / "said").read_text()
    finally:
        running.kill()
    assert pasts.told(tmp_path / "spread") == pasts.told(tmp_path / "local")


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("\n".join(pasts.postfix(1, "hana@example.jp", pasts.BEGIN, "sent", "<1@shop.example>")) + "\n")
    words = ["audit", "--mail", str(log), "--out", str(tmp_path / "out"), "--cluster", "shop.example"]
    ran = atesaki(tmp_path / "home", *words)
    assert ran.returncode == 1
    assert "ray://HOST:PORT" in ran.stderr
    assert "Traceback" not in ran.stderr
