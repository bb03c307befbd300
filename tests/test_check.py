"""`atesaki check`: what it finds is told where it stands; nothing a message holds is obeyed by the terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from email.message import EmailMessage
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import click
import pytest

from atesaki import content, tenants
from atesaki.cli.check import check
from tests import files

SAID = "佐藤 花子 様\n\nお電話番号: 090-9999-0001\nご注文ありがとうございます。\n"


def message(text: str = SAID, book: bytes | None = None, subject: str = "ご注文の確認") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "shop@shop.example", "hana@example.jp", subject
    made.set_content(text)
    if book:
        made.add_attachment(book, maintype="application", subtype="octet-stream", filename="orders.xlsx")
    return made.as_bytes()


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "a.eml"
    path.write_bytes(message())
    return path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command within this process: exit code, output, complaints."""

    def running(*arguments: str | Path, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(given)))
        capfd.readouterr()
        code, said = 0, ""
        try:
            check.main([*map(str, arguments)], standalone_mode=False)
        except SystemExit as end:
            code = int(end.code or 0)
        except click.UsageError as error:
            code, said = error.exit_code, error.format_message()
        out, err = capfd.readouterr()
        return code, out, err + said

    return running


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_one_object_for_each_file_with_the_place_of_each_finding(mail: Path, tmp_path: Path, run: Run) -> None:
    book = files.xlsx({"Sheet1": [["お名前", "電話番号"], ["大島 健太郎", "090-9999-0002"]]})
    (tmp_path / "b.eml").write_bytes(message("こんにちは。\n", book))
    code, out, err = run("--json", mail, tmp_path / "b.eml")
    assert (code, err) == (0, "")
    first, second = objects(out)
    assert (first["file"], first["personal"], first["doubts"]) == (str(mail), "yes", [])
    reading = content.read(mail.read_bytes())
    text = {part.path: part.text for part in reading.parts}
    phone = next(each for each in first["findings"] if each["type"] == "phone")
    assert (phone["where"], phone["line"]) == ("part 1, line 3", 3)
    for each in first["findings"]:
        if each["part"] in text:
            assert text[each["part"]][each["start"] : each["end"]] == each["text"]
            assert "090-9999-0001" in each["text"] or each["type"] != "phone"
    phone = next(each for each in second["findings"] if each["type"] == "phone")
    assert phone["where"].startswith("part 2 (orders.xlsx), ")
    assert (phone["part"], phone["line"]) == ("2", 2)
    assert set(phone) == {"type", "text", "where", "why", "sure", "part", "start", "end", "line"}


def test_the_program_needs_no_database_and_no_home(mail: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "ATESAKI_HOME": str(tmp_path / "none")}
    environment.pop("DATABASE_URL", None)
    arguments = [sys.executable, "-m", "atesaki.cli", "check", "--json", str(mail)]
    done = subprocess.run(arguments, capture_output=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert objects(done.stdout.decode())[0]["personal"] == "yes"
    assert not (tmp_path / "none").exists()


def test_a_mail_that_holds_nothing_is_said_to_hold_nothing(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.eml").write_bytes(message("本日はお休みです。\n", subject="お知らせ"))
    code, out, _ = run("--json", tmp_path / "a.eml")
    assert (code, objects(out)[0]["personal"], objects(out)[0]["findings"]) == (0, "no", [])
    assert "no personal data" in run(tmp_path / "a.eml")[1]


def test_standard_input_is_a_file_too(run: Run) -> None:
    code, out, _ = run("-", "--json", given=message())
    assert (code, objects(out)[0]["file"], objects(out)[0]["personal"]) == (0, "-", "yes")


def test_what_is_known_of_the_customer_is_found(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.eml").write_bytes(message("会員番号は QX-77812 です。\n"))
    _, out, _ = run("--json", tmp_path / "a.eml", "--known", "account_id=QX-77812", "--known", "phone=090-9999-0001")
    assert any("QX-77812" in each["text"] and each["why"] == "known" for each in objects(out)[0]["findings"])


@pytest.mark.django_db
def test_the_lines_of_the_service_itself_do_not_count(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys.modules["atesaki.cli.check"], "installation", nullcontext
    )  # the test's own database is there
    tenants.add_service(
        "shop", organisation="Shop", locale="ja", mode="enforce", sender="shop@shop.example", webhook=""
    )
    tenants.change_service("shop", own=["047-999-0001"])
    (tmp_path / "a.eml").write_bytes(message("お電話番号: 047-999-0001\n"))
    told = {each["type"] for each in objects(run("--json", tmp_path / "a.eml")[1])[0]["findings"]}
    own = objects(run("--json", "--service", "shop", tmp_path / "a.eml")[1])[0]
    assert "phone" in told
    assert "phone" not in {each["type"] for each in own["findings"]}


@pytest.mark.parametrize("known", ["colour=red", "phone", "phone=", "=x"])
def test_what_cannot_be_known_is_refused(mail: Path, known: str, run: Run) -> None:
    code, _, err = run(mail, "--known", known)
    assert code == 2
    assert "give FIELD=VALUE" in err


def test_a_folder_is_looked_through(tmp_path: Path, run: Run) -> None:
    for name in ("a.eml", "deep/b.EML", "Maildir/cur/1:2,S", "Maildir/new/2", "Maildir/tmp/3", "notes.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message())
    code, out, _ = run("--json", tmp_path / "in")
    found = [Path(each["file"]).relative_to(tmp_path / "in").as_posix() for each in objects(out)]
    assert (code, found) == (0, ["Maildir/cur/1:2,S", "Maildir/new/2", "a.eml", "deep/b.EML"])


def test_what_is_missing_is_said_and_the_rest_is_done(mail: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = run("--json", tmp_path / "none.eml", tmp_path / "empty", mail)
    assert (code, len(objects(out))) == (1, 1)
    assert "none.eml: there is no such file: see how its name is spelt." in err
    assert "empty: this folder has no message in it" in err
    assert "Traceback" not in err


def test_of_a_giant_file_no_more_is_read_than_is_looked_at(tmp_path: Path, run: Run) -> None:
    giant = tmp_path / "giant.eml"
    with giant.open("wb") as file:
        file.write(message())
        file.truncate(200 * 1024 * 1024)
    code, out, _ = run("--json", giant)
    assert code == 0
    assert "The message is longer than 26214400 octets." in objects(out)[0]["doubts"]
    assert objects(out)[0]["personal"] != "no"


def test_what_could_not_be_read_is_said_in_words(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.eml").write_bytes(message("こんにちは。\n", b"\x00\x01"))
    _, out, _ = run(tmp_path / "a.eml")
    assert "It is a file (application/octet-stream), which is not opened." in out


def test_without_a_terminal_findings_stand_in_brackets_and_nothing_is_coloured(mail: Path, run: Run) -> None:
    code, out, _ = run(mail)
    assert code == 0
    assert "\x1b" not in out
    assert "[phone: " in out
    assert "part 1, line 3" in out


def on_a_terminal(*arguments: str | Path, **environment: str) -> str:
    leader, follower = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-m", "atesaki.cli", "check", *map(str, arguments)],
        stdout=follower,
        stdin=subprocess.DEVNULL,
        env={**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, "TERM": "xterm", **environment},
    )
    os.close(follower)
    out = b""
    while True:
        try:
            piece = os.read(leader, 65_536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.close(leader)
    assert started.wait(60) == 0
    return out.decode()


def test_on_a_terminal_findings_are_coloured_by_kind_with_a_legend(mail: Path) -> None:
    out = on_a_terminal(mail)
    assert "\x1b[32m\x1b[7m" in out, "phones are green"
    legend = [line for line in out.splitlines() if "phone" in line and "part 1" not in line]
    assert any("\x1b[7mphone" in line for line in legend)
    assert "\x1b" not in on_a_terminal(mail, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(mail, TERM="dumb")


def test_a_message_gives_a_terminal_no_orders(tmp_path: Path, run: Run) -> None:
    text = "佐藤 花子 様\x1b]0;title\x07\x1b[2J\x9b31m\u202eabc\rx\n"
    (tmp_path / "a.eml").write_bytes(
        b"Subject: =?utf-8?Q?=1B[5m?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    )
    for out in (on_a_terminal(tmp_path / "a.eml", NO_COLOR="1"), run(tmp_path / "a.eml")[1]):
        assert not set("\x1b\x07\x9b\u202e") & set(out)
