"""Keys are made once, read by their owner alone, and what they seal opens in one place only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import RFC_4122

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from atesaki import keys
from atesaki.keys import KeyFileError, Keyring, SealBroken, seal, unseal, uuid7

patient = settings(deadline=None)  # others may have the processor

RING = Keyring(bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96)))
OTHER = Keyring(RING.seal, RING.pages, RING.digest)

key = st.binary(min_size=32, max_size=32)
place = st.binary(max_size=20)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, and no key from before or for after."""
    for name in ("ATESAKI_KEYS", "ATESAKI_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATESAKI_HOME", str(tmp_path / "home"))
    keys.ring.cache_clear()
    yield tmp_path / "home"
    keys.ring.cache_clear()


def written(file: Path, found: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(found if isinstance(found, str) else json.dumps(found))
    return file


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def encoded(**instead: object) -> dict[str, object]:
    found = {"digest": RING.digest, "seal": RING.seal, "pages": RING.pages}
    return {name: base64.b64encode(value).decode() for name, value in found.items()} | instead


# --- the file --------------------------------------------------------------------------------------------


def test_the_first_start_makes_a_file_that_only_its_owner_reads(home: Path) -> None:
    before = os.umask(0)
    try:
        ring = keys.ring()
    finally:
        os.umask(before)
    file = home / "keys.json"
    assert keys.path() == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {len(value) for value in (ring.digest, ring.seal, ring.pages)} == {32}
    assert len({ring.digest, ring.seal, ring.pages}) == 3
    assert names(home) == ["keys.json"]


def test_a_file_that_is_there_is_read_and_never_written_over(home: Path) -> None:
    file = written(home / "keys.json", encoded())
    keys.make(file)
    assert keys.ring() == RING
    assert json.loads(file.read_text()) == encoded()
    assert names(home) == ["keys.json"]


def test_the_keys_are_read_once_a_process(home: Path) -> None:
    ring = keys.ring()
    (home / "keys.json").unlink()
    assert keys.ring() is ring
    keys.ring.cache_clear()
    assert keys.ring() != ring


def test_another_file_may_hold_the_keys(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_KEYS", str(written(tmp_path / "elsewhere" / "k", encoded())))
    assert keys.ring() == RING
    assert not home.exists()


def test_an_unset_home_is_var_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for value in ("", None):
        monkeypatch.setenv("ATESAKI_HOME", value) if value is not None else monkeypatch.delenv("ATESAKI_HOME")
        assert keys.home() == tmp_path / "var"
        assert keys.path() == tmp_path / "var" / "keys.json"


def test_of_makers_at_once_the_first_wins(home: Path) -> None:
    start = threading.Barrier(8)
    errors: list[BaseException] = []

    def maker() -> None:
        try:
            start.wait()
            keys.make(home / "keys.json")
        except BaseException as error:
            errors.append(error)

    makers = [threading.Thread(target=maker) for _ in range(8)]
    for each in makers:
        each.start()
    for each in makers:
        each.join()
    assert errors == []
    assert names(home) == ["keys.json"]
    assert {len(value) for value in (keys.ring().digest, keys.ring().seal)} == {32}


def test_a_maker_that_comes_second_takes_the_keys_of_the_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(draft: Path, file: Path) -> None:
        written(file, encoded())
        link(draft, file)

    monkeypatch.setattr(os, "link", late)
    assert keys.ring() == RING
    assert names(home) == ["keys.json"]


def test_a_maker_that_died_is_in_nobodys_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", dies)
        with pytest.raises(OSError, match="no space left"):
            keys.ring()
    assert not (home / "keys.json").exists()
    assert len(keys.ring().digest) == 32


@pytest.mark.parametrize(
    "found",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"digest"',
        {},
        {name: value for name, value in encoded().items() if name != "pages"},
        encoded(seal=None),
        encoded(seal=7),
        encoded(seal="*" * 44),
        encoded(seal="鍵"),
        encoded(seal=""),
        encoded(seal=base64.b64encode(bytes(31)).decode()),
        encoded(seal=base64.b64encode(bytes(33)).decode()),
    ],
)
def test_a_damaged_file_stops_the_program(found: object, home: Path) -> None:
    file = written(home / "keys.json", found)
    before = file.read_bytes()
    with pytest.raises(KeyFileError, match="restore it from the backup") as caught:
        keys.ring()
    assert str(file) in str(caught.value)
    assert base64.b64encode(RING.digest).decode() not in str(caught.value)
    assert file.read_bytes() == before


def test_a_file_that_is_no_text_is_damaged(home: Path) -> None:
    written(home / "keys.json", "").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeyFileError, match="damaged"):
        keys.ring()


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666])
def test_a_file_that_others_can_reach_stops_the_program(mode: int, home: Path) -> None:
    file = written(home / "keys.json", encoded())
    file.chmod(mode)
    with pytest.raises(KeyFileError, match=re.escape(f"chmod 600 {file}")):
        keys.ring()
    file.chmod(0o600)
    assert keys.ring() == RING


def test_in_production_no_key_is_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_ENV", "production")
    with pytest.raises(KeyFileError, match=r"missing: restore it .* or make it with `atesaki keys new`"):
        keys.ring()
    assert not home.exists()
    written(home / "keys.json", encoded())
    assert keys.ring() == RING


def test_a_ring_does_not_print_its_keys() -> None:
    assert not [value for value in (RING.digest, RING.seal, RING.pages) if repr(value)[2:-1] in f"{RING} {RING!r}"]


# --- seals -----------------------------------------------------------------------------------------------


@patient
@given(key, st.binary(max_size=100), place)
def test_what_is_sealed_opens(key: bytes, content: bytes, place: bytes) -> None:
    assert unseal(key, seal(key, content, place), place) == content


@patient
@given(key, key, st.binary(max_size=30), place, place)
def test_another_key_or_place_does_not_open(one: bytes, two: bytes, content: bytes, here: bytes, there: bytes) -> None:
    assume(one != two and here != there)
    sealed = seal(one, content, here)
    for wrong in ((two, here), (one, there), (two, there)):
        with pytest.raises(SealBroken):
            unseal(wrong[0], sealed, wrong[1])


@patient
@given(key, st.binary(max_size=30), place, st.data())
def test_no_bit_may_be_another(key: bytes, content: bytes, place: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(key, content, place))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        unseal(key, bytes(sealed), place)


def test_nothing_may_be_missing_or_added() -> None:
    sealed = seal(RING.seal, b"hana@example.jp", b"row")
    for wrong in [sealed[:length] for length in range(len(sealed))] + [sealed[1:], sealed + b"\0", b"\0" + sealed]:
        with pytest.raises(SealBroken):
            unseal(RING.seal, wrong, b"row")


@patient
@given(st.binary(max_size=60))
def test_bytes_that_were_never_sealed_do_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        RING.unwrap(sealed, b"row")


def test_the_same_is_never_sealed_alike_and_shows_nothing() -> None:
    content = b"hana@example.jp"
    sealed = {seal(RING.seal, content, b"row") for _ in range(100)}
    assert len({each[:12] for each in sealed}) == len(sealed) == 100
    assert not [each for each in sealed if content in each or content[:4] in each]


def test_a_ring_wraps_with_its_seal_for_one_place() -> None:
    wrapped = RING.wrap(b"secret", b"row 1")
    assert RING.unwrap(wrapped, b"row 1") == b"secret" == unseal(RING.seal, wrapped, b"row 1")
    for ring, row in ((RING, b"row 2"), (OTHER, b"row 1")):
        with pytest.raises(SealBroken):
            ring.unwrap(wrapped, row)


# --- fingerprints ----------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
purposes = texts.map(lambda text: text.replace("\0", ""))
values = st.lists(st.one_of(texts, st.binary(max_size=6)), max_size=4)


def octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@patient
@given(purposes, values, purposes, values)
def test_what_differs_has_another_fingerprint(
    purpose: str, one: list[str | bytes], other: str, two: list[str | bytes]
) -> None:
    same = (purpose, [*map(octets, one)]) == (other, [*map(octets, two)])
    assert (RING.fingerprint(purpose, *one) == RING.fingerprint(other, *two)) is same


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("p", "ab", "c"), ("p", "a", "bc")),
        (("p", "ab"), ("p", "a", "b")),
        (("p", ""), ("p",)),
        (("p", "", "a"), ("p", "a", "")),
        (("p", "a", "b"), ("p", "b", "a")),
        (("pa", "b"), ("p", "ab")),
        (("p", b"\0\0\0\1a"), ("p", "a")),
        (("p", b"a\0\0\0\1b"), ("p", "a", "b")),
        (("token", "a"), ("code", "a")),
    ],
)
def test_no_two_readings_of_the_same_bytes(one: tuple[str | bytes, ...], two: tuple[str | bytes, ...]) -> None:
    assert RING.fingerprint(*one) != RING.fingerprint(*two)  # type: ignore[arg-type]


def test_a_fingerprint_is_this_hmac_for_ever() -> None:
    """Rows are found by it: another one would lose every disavowal."""
    message = b"atesaki token\0" + b"\0\0\0\3\xe8\x8a\xb1" + b"\0\0\0\0" + b"\0\0\0\1\xff"
    expected = hmac.digest(RING.digest, message, hashlib.sha256)
    assert RING.fingerprint("token", "花", "", b"\xff") == expected
    assert OTHER.fingerprint("token", "花", "", b"\xff") != expected


def test_a_mark_tells_a_ring_from_any_that_would_not_do() -> None:
    assert RING.marks()[0] == Keyring(RING.digest, RING.seal, RING.digest).marks()[0]
    other = {
        Keyring(RING.pages, RING.seal, RING.pages).marks()[0],
        Keyring(RING.digest, RING.pages, RING.pages).marks()[0],
    }
    assert len(other | {RING.marks()[0]}) == 3


# --- ids -------------------------------------------------------------------------------------------------

moments = st.integers(0, (1 << 48) - 1)


@patient
@given(moments, moments)
def test_ids_sort_by_their_time_of_birth(one: int, two: int) -> None:
    assume(one != two)
    first, second = uuid7(one / 1000), uuid7(two / 1000)
    if abs(one - two) > 1:  # a float holds a millisecond, give or take its last bit
        assert (first < second) is (one < two)
        assert (str(first) < str(second)) is (one < two)
        assert (first.bytes < second.bytes) is (one < two)


@patient
@given(moments)
def test_an_id_is_of_version_7(at: int) -> None:
    born = uuid7(at / 1000)
    assert (born.version, born.variant) == (7, RFC_4122)
    assert born.int >> 80 in (at, at - 1)


def test_ids_of_one_moment_are_not_alike() -> None:
    assert len({uuid7(1_795_000_000) for _ in range(1_000)}) == 1_000


def test_an_id_without_a_moment_is_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_795_000_000.5)
    assert uuid7().int >> 80 == 1_795_000_000_500
