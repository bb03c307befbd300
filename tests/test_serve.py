"""`atesaki serve` as an operator meets it: the first start, deaths, the end, and what is left behind."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import Serving, atesaki, environment, folder, wait_until_gone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc"),
]


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with folder() as place:
        served = Serving(place / "var", place / "log")
        yield served
        served.kill()


def test_the_first_start_prints_a_line_that_works_as_printed(serving: Serving) -> None:
    said = serving.wait_for("Ctrl-C ends it.")
    lines = [line.strip() for line in said.splitlines()]
    command = next(line for line in lines if "smtplib" in line)
    shell = environment(serving.home)
    del shell["ATESAKI_HOME"]  # it is the default, seen from here
    tried = _in_a_shell(command, serving, shell)
    found = re.fullmatch(r"\(250, b'2\.0\.0 ([0-9a-f-]{36}) substitute'\)\n", tried.stdout)
    assert found, tried
    explain = next(line for line in lines if line.endswith("explain ID")).replace("ID", f"{found[1]} --json")
    told = _in_a_shell(explain, serving, shell)
    story = json.loads(told.stdout)
    assert (story["outcome"], story["reason"]) == ("substitute", "unproved")
    assert {"name", "phone", "postal", "address"} <= set(story["personal_data"]), "the ledger counts kinds"
    assert "山田" not in told.stdout


def _in_a_shell(command: str, serving: Serving, shell: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=serving.log.parent, env=shell, capture_output=True, text=True, check=False
    )


def test_what_hana_got_says_nothing_of_the_order(serving: Serving) -> None:
    [file] = (serving.home / "delivered" / "new").iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    text = mail.as_string() + str(mail["Subject"]) + str(mail.get_body(("plain",)).get_content())
    for secret in ("山田", "見本町", "090-1234", "154-0099", "りんご"):
        assert secret not in text
    assert serving.places["ATESAKI_WEB"] in text


def test_what_it_writes_is_for_its_owner_alone(serving: Serving) -> None:
    assert serving.home.stat().st_mode & 0o007 == 0  # the group's bits are the access list's mask
    for name in ("keys.json", "demo-service.json", "try/order.eml", "log/postgresql.log", "delivered/new"):
        assert (serving.home / name).stat().st_mode & 0o077 == 0, name
    sockets = [each for each in (serving.home / "run").rglob("*") if each.is_socket()]
    for each in sockets:
        assert each.parent.stat().st_mode & 0o077 == 0
        assert each.stat().st_mode & 0o077 == 0


def test_numbers_of_all_parts_are_added_up(serving: Serving) -> None:
    with urllib.request.urlopen(f"http://{serving.places['ATESAKI_WEB']}/metrics", timeout=10) as answer:
        numbers = answer.read().decode()
    assert 'atesaki_mails_total{outcome="substitute"} 1.0' in numbers
    assert re.search(r"^atesaki_decide_seconds_count [1-9]", numbers, re.M), "the gate's, read in the web part"


def test_nothing_is_wrong_with_it(serving: Serving) -> None:
    checked = atesaki(serving.home, "check-setup", "--json", **serving.places)
    findings = [json.loads(line) for line in checked.stdout.splitlines()]
    assert checked.returncode == 0, findings
    assert {finding["state"] for finding in findings} == {"ok"}, findings
    assert {"keys", "database", "migrations", "worker", "jobs", "upstream"} <= {each["check"] for each in findings}


def test_a_second_one_is_refused_before_anything_starts(serving: Serving, tmp_path: Path) -> None:
    same_home = atesaki(serving.home, "serve")
    assert same_home.returncode == 1
    assert f"process {serving.process.pid}" in same_home.stderr and str(serving.home) in same_home.stderr
    same_ports = atesaki(tmp_path / "other", "serve", **serving.places)
    assert same_ports.returncode == 1
    assert "another program listens there" in same_ports.stderr
    assert not (tmp_path / "other" / "database").exists()


def test_a_part_that_dies_is_told_and_started_again(serving: Serving) -> None:
    for name in ("gate", "inbound", "web", "work"):
        before = serving.pids()[name]
        os.kill(before, signal.SIGKILL)
        serving.wait_for(f"{name} was killed by SIGKILL; it is started again")
        deadline = time.monotonic() + 90
        while serving.pids().get(name, before) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    for name in ("gate", "inbound"):
        serving.wait_for(f"{name}.listening", times=2)


def test_a_database_that_dies_is_told_and_started_again(serving: Serving) -> None:
    before = serving.pids()["postgres"]
    os.kill(before, signal.SIGKILL)
    serving.wait_for("database ended; it is started again")
    serving.wait_for("the database runs again")
    assert atesaki(serving.home, "service", "list").stdout.count("demo") == 1
    deadline = time.monotonic() + 90
    url = f"http://{serving.places['ATESAKI_WEB']}/health/ready"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, serving.said()
            time.sleep(0.2)


def test_it_ends_in_order_and_leaves_nothing_running(serving: Serving) -> None:
    pids = list(serving.pids().values())
    for _ in range(2):  # to the whole group, and once more by `make`, which passes on what it gets
        os.kill(serving.process.pid, signal.SIGTERM)
    assert serving.process.wait(40) == 0, serving.said()
    wait_until_gone(pids, 1)
    said = serving.said()
    assert said.index("gate.stopped") < said.index("Finished server process") < said.index("everything has ended")
    assert "is killed" not in said


def test_nothing_it_says_holds_an_address_or_a_token(serving: Serving) -> None:
    announced, _, after = serving.said().partition("Ctrl-C ends it.")
    assert "hana@" in announced, "what to try names her"
    assert "@example" not in after and "hana" not in after


def test_later_starts_find_the_data_and_an_end_by_force_leaves_nothing(serving: Serving) -> None:
    again = Serving(serving.home, serving.log.with_name("again"))
    try:
        said = again.wait_for("Ctrl-C ends it.")
        assert "found its data" in said
        assert json.loads((serving.home / "demo-service.json").read_text())["smtp_password"] in said
        pids = list(again.pids().values())
        assert len(pids) == 5
        again.process.kill()
        wait_until_gone(pids)
    finally:
        again.kill()
    listed = atesaki(serving.home, "service", "list", "--json")
    assert json.loads(listed.stdout)["service"] == "demo", "the next command recovers by itself"


def test_a_part_that_cannot_live_ends_everything() -> None:
    with folder() as place:
        hopeless = Serving(place / "var", place / "log", ATESAKI_GATE_THREADS="none")
        try:
            assert hopeless.process.wait(90) == 1
            said = hopeless.said()
        finally:
            hopeless.kill()
    assert said.count("gate ended with exit code 1") == 5
    assert "for the 5th time in a minute: everything is stopped" in said
    assert "ATESAKI_GATE_THREADS='none' cannot be used" in said, "the reason is there to be read"
