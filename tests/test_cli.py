"""The operator's commands as an operator runs them, and the embedded database below them."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path

import psycopg
import pytest
import structlog

from atesaki.cli.installation import Failure, place, sentence
from atesaki.site import logging as ours
from atesaki.site import postgres
from atesaki.site.postgres_user import Account, let_through
from tests.programs import atesaki, folder, running, wait_until_gone

pytestmark = pytest.mark.slow
ADD = ("--organisation", "はな商事", "--locale", "ja", "--mode", "enforce", "--from", "shop@shop.example")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home whose database runs, so that each command only attaches."""
    with folder() as made, postgres.start(made / "home", durable=False):
        assert atesaki(made / "home", "migrate").returncode == 0
        yield made / "home"


# --- commands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *((), ("serve",), ("web",), ("gate",), ("work",), ("migrate",), ("explain",), ("standing",), ("due",)),
        *(("check-setup",), ("keys", "new"), ("service", "add"), ("service", "list"), ("service", "set")),
        *(("service", "rotate"), ("service", "retire")),
        *(("agent", "add"), ("agent", "list"), ("agent", "reset"), ("agent", "retire")),
    ],
    ids=" ".join,
)
def test_help_touches_nothing(words: tuple[str, ...], tmp_path: Path) -> None:
    told = atesaki(tmp_path / "home", *words, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert told.returncode == 0
    assert "Usage: atesaki" in told.stdout
    assert not (tmp_path / "home").exists()
    assert "click" in told.stderr and "django" not in told.stderr, "help must not wait for Django"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("service", "add", "shop"), "Missing option '--organisation'"),
        (("service", "add", "shop", *ADD[:-1], "x", "--locale", "fr"), "'fr' is not one of 'ja', 'en'"),
        (("service", "set", "shop"), "nothing is to be changed"),
        (("explain", "42"), "is not a valid UUID"),
        (("standing", "no address", "--service", "shop"), "ADDRESS"),
        (("nonesuch",), "No such command 'nonesuch'"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_a_sentence(home: Path, words: tuple[str, ...], said: str) -> None:
    told = atesaki(home, *words)
    assert told.returncode == 2
    assert said in told.stderr and told.stderr.count("\n") == 1
    assert told.stdout == ""


def test_a_services_life(home: Path) -> None:
    issued = json.loads(atesaki(home, "service", "add", "スーパー", *ADD, "--json").stdout)
    assert list(issued) == ["service", "smtp_username", "smtp_password", "api_key", "webhook_secret"]
    twice = atesaki(home, "service", "add", "スーパー", *ADD)
    assert (twice.returncode, twice.stdout) == (1, "") and "choose another name" in twice.stderr

    changes = ("--wait-days", "7", "--zone", "Europe/Berlin", "--own", "03-0000-0001", "--own", "〒100-0000")
    changed = json.loads(atesaki(home, "service", "set", "スーパー", *changes, "--json").stdout)
    assert (changed["wait_days"], changed["zone"]) == (7, "Europe/Berlin")
    assert changed["own"] == ["03-0000-0001", "〒100-0000"]
    weaker = atesaki(home, "service", "set", "スーパー", "--accept", "answered")
    assert "It is weaker" in weaker.stderr
    listed = [json.loads(line) for line in atesaki(home, "service", "list", "--json").stdout.splitlines()]
    assert [(each["service"], each["accept"]) for each in listed] == [("スーパー", "answered")]
    assert "smtp_password" not in listed[0]

    rotated = json.loads(atesaki(home, "service", "rotate", "スーパー", "--json").stdout)
    assert not {issued["smtp_password"], issued["api_key"]} & set(rotated.values())
    assert atesaki(home, "service", "retire", "スーパー", "--yes").returncode == 0
    gone = atesaki(home, "service", "rotate", "スーパー")
    assert gone.returncode == 1 and "There is no service named" in gone.stderr


def test_standing_and_explain_of_what_nobody_knows(home: Path) -> None:
    assert atesaki(home, "service", "add", "nobody", *ADD).returncode == 0
    told = json.loads(atesaki(home, "standing", "hana@example.jp", "--service", "nobody", "--json").stdout)
    assert (told["standing"], told["claims"]) == ("unknown", [])
    missing = atesaki(home, "explain", "00000000-0000-7000-8000-000000000000")
    assert missing.returncode == 1 and "no line" in missing.stderr
    assert set(json.loads(atesaki(home, "due", "--json").stdout).values()) >= {0}


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    made = atesaki(tmp_path, "keys", "new")
    file = tmp_path / "keys.json"
    assert made.returncode == 0 and stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = atesaki(tmp_path, "keys", "new")
    assert again.returncode == 1 and "is there already" in again.stderr
    assert file.read_bytes() == before


def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path) -> None:
    url = "postgresql://somebody:hidden@127.0.0.1:1/none"
    told = atesaki(tmp_path, "service", "list", DATABASE_URL=url)
    assert told.returncode == 1
    assert "the database cannot be used" in told.stderr
    assert "Traceback" not in told.stderr and "hidden" not in told.stderr


def test_a_database_without_tables_names_the_command(home: Path) -> None:
    with psycopg.connect(_url(home), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    told = atesaki(home, "service", "list", DATABASE_URL=_url(home).replace("/atesaki?", "/bare?"))
    assert told.returncode == 1 and "run `atesaki migrate`" in told.stderr


@pytest.mark.parametrize(
    ("more", "check"),
    [
        ({"ATESAKI_UPSTREAM": "smtp://127.0.0.1:1"}, "upstream"),
        ({"ATESAKI_UPSTREAM": "ftp://127.0.0.1"}, "upstream"),
        ({"ATESAKI_UPSTREAM": "maildir:/proc/none"}, "upstream"),
        ({"ATESAKI_TLS_CERT": "/none/cert.pem", "ATESAKI_TLS_KEY": "/none/key.pem"}, "tls"),
        ({"ATESAKI_PUBLIC_URL": "gopher://example.jp"}, "links"),
        ({"ATESAKI_MAIL_DOMAIN": "not a domain"}, "domain"),
        ({"ATESAKI_NOW_OFFSET": "tomorrow"}, "clock"),
        ({"ATESAKI_ENV": "production"}, "links"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value.values()),
)
def test_check_setup_names_what_is_wrong_and_how_to_mend_it(home: Path, more: dict[str, str], check: str) -> None:
    told = atesaki(home, "check-setup", "--json", **more)
    findings = {each["check"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert told.returncode == 1
    assert findings[check]["state"] == "wrong" and findings[check]["mend"]
    assert findings["database"]["state"] == "ok", "one wrong look does not hide the next"


def test_check_setup_greets_the_next_hop(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hop, ThreadPoolExecutor(1) as pool:
        pool.submit(_greet, hop)
        url = f"smtp://127.0.0.1:{hop.getsockname()[1]}"
        told = atesaki(home, "check-setup", ATESAKI_UPSTREAM=url)
    assert f"ok     upstream: {url} answers, without TLS" in told.stdout
    assert told.returncode == 0, told.stdout


def _greet(hop: socket.socket) -> None:
    peer, _ = hop.accept()
    with peer, peer.makefile("rwb") as wire:
        wire.write(b"220 hop.example\r\n")
        wire.flush()
        for _line in wire:
            wire.write(b"250 hop.example\r\n")
            wire.flush()


def test_check_setup_without_keys_in_production(tmp_path: Path) -> None:
    told = atesaki(tmp_path, "check-setup", ATESAKI_ENV="production", DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert told.returncode == 1
    assert "keys.json is missing" in told.stdout and "atesaki keys new" in told.stdout


# --- the embedded database --------------------------------------------------------------------------------


def _url(home: Path) -> str:
    with postgres.start(home, durable=False) as server:
        return server.url


def _pid(home: Path) -> int:
    return int((home / "database" / "postmaster.pid").read_text().split()[0])


def test_the_first_starts_it_and_the_last_one_out_stops_it() -> None:
    with folder() as place:
        first = postgres.start(place / "home", durable=False)
        pid = _pid(place / "home")
        second = postgres.start(place / "home", durable=False)
        assert _pid(place / "home") == pid, "attached, not started"
        first.leave()
        with psycopg.connect(second.url) as connection:
            row = connection.execute("SELECT current_setting('TimeZone'), current_setting('max_connections')")
            assert row.fetchone() == ("UTC", "300")
        second.leave()
        wait_until_gone([pid], 5)


def test_commands_at_once_share_one_server() -> None:
    with folder() as place:
        homes = [place / "a", place / "b"]
        for each in homes:
            assert atesaki(each, "migrate").returncode == 0
        with ThreadPoolExecutor(6) as pool:
            told = list(pool.map(lambda each: atesaki(each, "service", "list"), homes * 3))
        assert [(each.returncode, each.stderr) for each in told] == [(0, "")] * 6
        assert not (homes[0] / "database" / "postmaster.pid").exists(), "the last one has stopped it"


def test_two_homes_never_touch(home: Path) -> None:
    with folder() as place, postgres.start(place / "other", durable=False) as other:
        assert other.url != _url(home)
        with psycopg.connect(other.url) as connection:
            found = connection.execute("SELECT to_regclass('atesaki_service')").fetchone()
            assert found == (None,)


def test_a_deep_home_gets_a_short_private_socket() -> None:
    with folder() as place:
        deep = place / ("d" * 60) / ("e" * 60)
        with postgres.start(deep, durable=False) as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            short = Path((deep / "run" / "socket-directory").read_text())
            assert stat.S_IMODE(short.stat().st_mode) == 0o700
        assert not short.exists()


def test_after_the_plug_was_pulled_it_recovers_by_itself() -> None:
    """All is killed, and the stale number in postmaster.pid belongs to another process by now."""
    with folder() as place:
        home = place / "home"
        server = postgres.start(home)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        file = home / "database" / "postmaster.pid"
        stale = file.read_text().splitlines()
        os.kill(_pid(home), signal.SIGKILL)
        wait_until_gone([int(stale[0])], 5)
        server.leave()
        assert server.alive() is False
        owner = (home / "database").stat()
        innocent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd="/")
        file.write_text("\n".join([str(innocent.pid), *stale[1:]]) + "\n")
        os.chown(file, owner.st_uid, owner.st_gid)
        with postgres.start(home) as again, psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        assert running(innocent.pid), "nobody was killed for having a number"
        innocent.communicate(b"\n")


def test_a_server_that_does_not_start_says_why() -> None:
    with folder() as place:
        home = place / "home"
        postgres.start(home, durable=False).leave()
        with (home / "database" / "postgresql.conf").open("a") as conf:
            conf.write("shared_buffers = 'a lot'\n")
        with pytest.raises(postgres.PostgresError, match=r'invalid value for parameter "shared_buffers"'):
            postgres.start(home, durable=False)
        (home / "database" / "PG_VERSION").write_text("17\n")
        with pytest.raises(postgres.PostgresError, match="made by PostgreSQL 17, and this is 18"):
            postgres.start(home, durable=False)


def test_a_first_start_that_was_cut_off_is_begun_again() -> None:
    with folder() as place:
        half = place / "home" / "database.new"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        with postgres.start(place / "home", durable=False) as server:
            assert server.alive()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="access control lists as Linux keeps them")
def test_one_user_is_let_through_closed_directories_and_nobody_else() -> None:
    with folder() as place:
        closed = place / "closed" / "closed too"
        closed.mkdir(parents=True)
        for each in (closed, closed.parent, place):
            each.chmod(0o700)
        first, second = Account(64_001, 64_001), Account(64_002, 64_002)
        try:
            let_through(first, closed)
        except postgres.PostgresError as error:
            pytest.skip(f"no access control lists here: {error}")
        once = os.getxattr(closed, "system.posix_acl_access")
        let_through(first, closed)
        assert os.getxattr(closed, "system.posix_acl_access") == once
        let_through(second, closed)
        for each in (closed, closed.parent, place):
            entries = list(struct.iter_unpack("<HHI", os.getxattr(each, "system.posix_acl_access")[4:]))
            users = {number: right for tag, right, number in entries if tag == 0x02}
            assert users == {64_001: 1, 64_002: 1}, "to pass, not to list"
            assert [right for tag, right, _ in entries if tag in (0x04, 0x20)] == [0, 0], "group and others: nothing"


# --- settings, sentences, what the log hides --------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "8000", "127.0.0.1", "127.0.0.1:", ":8000", "127.0.0.1:http", "h:0", "h:65536"])
def test_a_place_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(Failure, match="give host:port"):
        place(text, "ATESAKI_WEB")


def test_places() -> None:
    assert place("127.0.0.1:8000", "") == ("127.0.0.1", 8000)
    assert place("[::1]:25", "") == ("::1", 25)


def test_what_should_not_happen_has_no_ready_sentence() -> None:
    assert sentence(KeyError("x")) is None
    assert sentence(ValueError("x")) is None
    assert sentence(ValueError("ATESAKI_NOW_OFFSET='x' cannot be read")) == "ATESAKI_NOW_OFFSET='x' cannot be read"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("mail to hana@example.jp waits", "mail to ***@*** waits"),
        ("<花子@例え.jp>", "<***@***>"),
        ('"a b"@example.jp', "***@***"),
        ("a..b@docomo.ne.jp, c@d", "***@***, ***@***"),
        ("o'hara@example.com", "***@***"),
        ("user@[192.0.2.1]", "***@***"),
        ("?to=hana%40example.jp", "***@***"),
        ("GET /n/AbC-_9/one-click?x=1", "GET /n/***/one-click?x=1"),
        ("https://mail.example.jp/c/AbC-_9", "https://mail.example.jp/c/***"),
        ("/m/AbC.", "/m/***"),
        ("postgresql://atesaki:secret@db.example/x", "postgresql://***@db.example/x"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("nothing /etc/n is hidden; a @ b", "nothing /etc/n is hidden; a @ b"),
    ],
)
def test_what_the_log_hides(text: str, hidden: str) -> None:
    assert ours.mask(text) == hidden


@pytest.mark.parametrize("style", ["json", "console"])
def test_every_road_into_the_log_is_masked(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_LOG", style)
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    try:
        with redirect_stderr(io.StringIO()) as out:
            ours.set_up("web")
            structlog.get_logger("t").info(
                "seen", to="hana@example.jp", many=[b"hana@example.jp"], each={"hana@a.b": 1}
            )
            logging.getLogger("django").warning("said %s", "hana@example.jp")
            try:
                raise ValueError("hana@example.jp at /n/TOKEN")
            except ValueError as error:
                logging.getLogger("django").exception("it failed")
                sys.excepthook(type(error), error, error.__traceback__)
    finally:
        root.handlers, root.level, sys.excepthook = handlers, level, hook
        structlog.reset_defaults()
    said = out.getvalue()
    assert said.count("***@***") >= 5 and "Traceback" in said
    assert "hana" not in said and "TOKEN" not in said
    if style == "json":
        assert {json.loads(line)["part"] for line in said.splitlines()} == {"web"}
