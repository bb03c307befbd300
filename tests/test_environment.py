"""A secret comes from the environment or from a file; what is wrong with it is said, and what it holds never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from atesaki import environment
from atesaki.cli.setup import machine
from atesaki.environment import SettingError, secret
from tests.programs import atesaki, folder
from tests.world import database_url

NAME = "ATESAKI_UPSTREAM"
VALUE = "smtps://atesaki:s3cret-canary@mail.example.jp"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that NAME_FILE names; NAME is not set."""
    for name in environment.SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "upstream"))
    return tmp_path / "upstream"


@pytest.mark.parametrize("written", [VALUE, f"{VALUE}\n", f"\ufeff{VALUE}\r\n", f"  {VALUE}  \n\n"])
def test_a_file_gives_its_one_line(written: str, file: Path) -> None:
    file.write_text(written)
    assert secret(NAME) == VALUE


def test_the_environment_gives_it_where_no_file_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", "")
    assert secret(NAME) == ""
    monkeypatch.setenv(NAME, VALUE)
    assert secret(NAME) == VALUE


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe\x00", "is no text"),
        (f"{VALUE}\nATESAKI_SMS=console:\n".encode(), "more than one line"),
        (b"x" * 70_000, "more than one line"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(written: bytes | None, says: str, file: Path) -> None:
    if written is not None:
        file.write_bytes(written)
    with pytest.raises(SettingError, match=f"{NAME}_FILE={file}") as caught:
        secret(NAME)
    assert says in str(caught.value)
    assert "canary" not in str(caught.value)


def test_both_at_once_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two holds is nothing that anybody should have to guess."""
    file.write_text(VALUE)
    monkeypatch.setenv(NAME, VALUE)
    with pytest.raises(SettingError, match="are both set: unset one of them") as caught:
        secret(NAME)
    assert "canary" not in str(caught.value)


def test_check_setup_warns_of_a_file_that_everybody_can_read(file: Path) -> None:
    file.write_text(VALUE)
    states = {}
    for mode in (0o400, 0o440, 0o444):
        file.chmod(mode)
        (found,) = machine.secret_settings()
        states[mode] = found.state
        assert "canary" not in found.says + found.mend
    assert states == {0o400: "ok", 0o440: "ok", 0o444: "warn"}
    file.unlink()
    (found,) = machine.secret_settings()
    assert found.state == "wrong" and "cannot be read" in found.says + found.mend


def test_a_command_reads_its_database_from_a_file_and_says_in_a_sentence_when_it_cannot(db: None) -> None:
    with folder() as home:
        place = home / "database_url"
        place.write_text(database_url() + "\n")
        told = atesaki(home, "service", "list", "--json", DATABASE_URL_FILE=str(place), ATESAKI_KEYS=str(_keys()))
        assert (told.returncode, told.stderr) == (0, "")
        both = atesaki(home, "service", "list", DATABASE_URL_FILE=str(place), DATABASE_URL=database_url())
        assert both.returncode == 1 and "DATABASE_URL and DATABASE_URL_FILE are both set" in both.stderr
        assert "Traceback" not in both.stderr
        gone = atesaki(home, "check-setup", "--json", DATABASE_URL_FILE=str(home / "none"))
        found = [json.loads(line) for line in gone.stdout.splitlines()]
        assert gone.returncode == 1
        assert [each["mend"] for each in found if each["check"] == "secrets" and each["state"] == "wrong"]


def _keys() -> Path:
    from atesaki import keys

    keys.ring()
    return keys.path()
