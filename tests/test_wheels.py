"""The two packages as wheels: everything is in them, and they alone start `atesaki serve` (docs/release.md)."""

from __future__ import annotations

import json
import re
import smtplib
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from version import FALLBACK, of

from tests.programs import environment, folder, free_ports

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("v1.2.0-0-gabcdef0", "1.2.0"),
        ("v1.2.0-7-gabcdef0", "1.2.1.dev7"),
        ("v1.2.0rc1-0-gabcdef0", "1.2.0rc1"),
        ("v1.2.0rc1-3-gabcdef0", "1.2.0rc1.post3.dev0"),
        ("", FALLBACK),
        ("nightly-3-gabcdef0", FALLBACK),
    ],
)
def test_the_version_is_the_tags(described: str, version: str) -> None:
    assert of(described) == version


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` builds."""
    out = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    plain = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    ran = subprocess.run([*pip, *plain, ".", "./client"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return out


def wheel(dist: Path, package: str) -> Path:
    (found,) = dist.glob(f"{package}-*.whl")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("package", "source"), [("atesaki", "src"), ("atesaki_client", "client/src")])
def test_every_file_of_the_source_is_in_the_wheel(dist: Path, package: str, source: str) -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", source]
    known = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if known.returncode:
        pytest.skip("this tree is not in Git, which says what belongs to it")
    there = {line.removeprefix(f"{source}/") for line in known.stdout.splitlines() if (ROOT / line).exists()}
    names = {name for name in zipfile.ZipFile(wheel(dist, package)).namelist() if ".dist-info/" not in name}
    assert {f"{package}/py.typed"} < there
    assert names == there


@pytest.fixture(scope="module")
def fresh(dist: Path) -> Iterator[Path]:
    """An environment with the wheels, and with what they stand on made visible from here; its folder."""
    with folder() as place:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
        python = place / "venv" / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
        wheels = [str(file) for file in dist.glob("*.whl")]
        subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", *wheels], check=True)
        (site,) = (place / "venv" / "lib").glob("python*/site-packages")
        # As a mere path: the editable packages among them, this tree, are thereby not on it.
        (site / "what-they-stand-on.pth").write_text(sysconfig.get_path("purelib") + "\n")
        yield place


def ask(fresh: Path, *words: str) -> str:
    shell = environment(fresh / "var")
    ran = subprocess.run(words, cwd=fresh, env=shell, capture_output=True, text=True, timeout=180, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_the_wheels_alone_start_and_hold_a_mail(fresh: Path, dist: Path) -> None:
    atesaki, python = str(fresh / "venv/bin/atesaki"), str(fresh / "venv/bin/python")
    places = ask(
        fresh, python, "-c", "import atesaki, atesaki_client; print(atesaki.__file__, atesaki_client.__file__)"
    )
    assert all(place.startswith(str(fresh)) for place in places.split()), "it is not the wheel's"
    version = wheel(dist, "atesaki").name.split("-")[1]
    assert ask(fresh, atesaki, "--version").strip() == f"atesaki, version {version}"

    web, door, returns = free_ports(3)
    ports = {"ATESAKI_WEB": web, "ATESAKI_SMTP": door, "ATESAKI_INBOUND": returns}
    shell = environment(fresh / "var", **{name: f"127.0.0.1:{port}" for name, port in ports.items()})
    log = fresh / "log"
    with log.open("wb") as out:
        served = subprocess.Popen([atesaki, "serve"], cwd=fresh, env=shell, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 180
        while "Ctrl-C ends it." not in log.read_text():
            assert served.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        keys = json.loads((fresh / "var/demo-service.json").read_text())
        with smtplib.SMTP("127.0.0.1", door, timeout=30) as talk:
            talk.login(keys["smtp_username"], keys["smtp_password"])
            talk.mail("shop@shop.example")
            talk.rcpt("hana@example.jp")
            code, said = talk.data((fresh / "var/try/order.eml").read_bytes())
        assert code == 250 and re.fullmatch(rb"2\.0\.0 \S+ substitute", said)
        while not (found := list(fresh.glob("var/delivered/new/*"))):  # the worker hands it over, a moment later
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        (notice,) = found
        assert "154-0099" not in notice.read_text()
    finally:
        served.terminate()
        served.wait(30)
    assert served.returncode == 0
