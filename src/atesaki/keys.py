"""Holds the installation's keys, and makes everything that is made with a key.

Promise:    One place digests, seals and opens; a key is made once and then only read.
Never:      Writes a key anywhere but into the key file, and never prints one.
On failure: A key file that is missing in production, damaged, or readable by others stops the program.
Read first: `Keyring`.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NAMES = ("digest", "seal", "pages")
_NONCE = 12  # octets, NIST SP 800-38D 8.2.1


class KeyFileError(RuntimeError):
    """The key file cannot be used; the sentence says why and what to do."""


class SealBroken(ValueError):
    """What was sealed does not open: another key, another place, or damaged bytes."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one installation, 32 octets each.

    `digest` tells values apart without keeping them, `seal` wraps the keys of sealed mail,
    `pages` signs what the web hands out. Losing the file makes every waiting mail unreadable
    and every disavowal unrecognisable: it belongs into the backup, apart from the database.
    `next_seal` takes the place of `seal` from `next_from` on (seconds since 1970); until `retire`, both open.
    `digest` cannot be changed (decision 0022).
    """

    digest: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    pages: bytes = field(repr=False)
    next_seal: bytes | None = field(default=None, repr=False)
    next_from: float = 0.0

    def fingerprint(self, purpose: str, *values: str | bytes) -> bytes:
        """HMAC-SHA-256 of `values` for one `purpose`; the same values for another purpose give another result."""
        mac = hmac.new(self.digest, b"atesaki " + purpose.encode() + b"\0", hashlib.sha256)
        for value in values:
            raw = value.encode() if isinstance(value, str) else value
            mac.update(len(raw).to_bytes(4, "big") + raw)
        return mac.digest()

    def marks(self) -> list[bytes]:
        """What tells whether a database was written with this ring: of the keys whose loss would show too late.

        One for each sealing key, the older first.
        """
        seals = [self.seal] if self.next_seal is None else [self.seal, self.next_seal]
        return [hmac.digest(self.digest, b"atesaki ring\0" + each, "sha256") for each in seals]

    def sealing(self) -> bytes:
        """The key that seals at this moment."""
        return self.next_seal if self.next_seal is not None and time.time() >= self.next_from else self.seal

    def wrap(self, secret: bytes, place: bytes) -> bytes:
        """Seals a small secret for the `place` (a row's id) that it may be opened at."""
        return seal(self.sealing(), secret, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """Opens what `wrap` made, with whichever key; `SealBroken` if it does not open."""
        if self.next_seal is None:
            return unseal(self.seal, wrapped, place)
        try:
            return unseal(self.next_seal, wrapped, place)
        except SealBroken:
            return unseal(self.seal, wrapped, place)


def seal(key: bytes, content: bytes, place: bytes) -> bytes:
    """AES-256-GCM with a random nonce in front and `place` as associated data."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, place)


def unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Opens what `seal` made; `SealBroken` if key, place or bytes are not the ones it was sealed with."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the seal does not open: another key, another place, or damaged bytes") from error


def home() -> Path:
    """Where this installation keeps its state (`ATESAKI_HOME`)."""
    return Path(os.environ.get("ATESAKI_HOME") or "var").absolute()


def path() -> Path:
    """The key file: `ATESAKI_KEYS`, or `keys.json` in the home."""
    return Path(os.environ.get("ATESAKI_KEYS") or home() / "keys.json")


@cache
def ring() -> Keyring:
    """The keys, read once a process; made on the first start unless `ATESAKI_ENV` is `production`."""
    file = path()
    if not file.exists():
        if os.environ.get("ATESAKI_ENV") == "production":
            raise KeyFileError(f"{file} is missing: restore it from the backup, or make it with `atesaki keys new`.")
        make(file)
    return _read(file)


def make(file: Path) -> None:
    """Makes a key file that only its owner can read; the first of two processes that make it at once wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(file, {name: _fresh() for name in _NAMES})
    try:
        os.link(draft, file)  # not rename: a key file that is there already must survive
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def rotate(file: Path, after: timedelta) -> datetime:
    """Adds a new sealing key to the file, which seals from the moment returned on: `after` from now.

    Until then every part must have read it: one that has not could not open what it seals. Raises `KeyFileError`.
    """
    begins = datetime.now(UTC) + after

    def add(ring: Keyring, found: dict[str, Any]) -> None:
        if ring.next_seal is not None:
            raise KeyFileError(f"{file} has a new sealing key already: end that rotation with `atesaki keys retire`.")
        found["next_seal"], found["next_from"] = _fresh(), begins.isoformat()

    _rewrite(file, add)
    return begins


def retire(file: Path) -> None:
    """Takes the older sealing key out of the file. Whoever calls this has seen that it opens nothing any more."""

    def replace(ring: Keyring, found: dict[str, Any]) -> None:
        if ring.next_seal is None or time.time() < ring.next_from:
            raise KeyFileError(f"{file} has no older sealing key to retire: `atesaki keys rotate` makes a new one.")
        found["seal"] = found.pop("next_seal")
        del found["next_from"]

    _rewrite(file, replace)


def renew_pages(file: Path) -> None:
    """A new key for what the web hands out, in the place of the old one."""

    def renew(_: Keyring, found: dict[str, Any]) -> None:
        found["pages"] = _fresh()

    _rewrite(file, renew)


def _rewrite(file: Path, change: Callable[[Keyring, dict[str, Any]], None]) -> None:
    """Replaces the file as a whole, with its mode and owner: whoever reads it sees the one or the other."""
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ring_ = _read(file)  # by its name, after the lock: another may have replaced it
        found = json.loads(file.read_text())
        change(ring_, found)
        draft = _draft(file, found)
        try:
            was = file.stat()
            if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(draft, was.st_uid, was.st_gid)
            draft.chmod(stat.S_IMODE(was.st_mode))
            draft.replace(file)
            _sync(file.parent)
        finally:
            draft.unlink(missing_ok=True)
    ring.cache_clear()


def _draft(file: Path, found: dict[str, Any]) -> Path:
    """The content of a key file on disk, beside it, readable by its owner alone."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")  # not the pid: threads share it, crashes leave it
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(found, out)
        out.flush()
        os.fsync(out.fileno())
    return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the name as well: what is sealed a moment later must open after a power cut
    finally:
        os.close(handle)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _read(file: Path) -> Keyring:
    seen = file.stat()
    # root's own file may be read by our group: systemd shows a credential so.
    others = stat.S_IRWXO | (stat.S_IWGRP | stat.S_IXGRP if seen.st_uid == 0 != os.geteuid() else stat.S_IRWXG)
    if seen.st_mode & others:
        raise KeyFileError(f"{file} can be read by others: run `chmod 600 {file}`.")
    try:
        found = json.loads(file.read_text())
        values = [base64.b64decode(found[name], validate=True) for name in _NAMES]
        later, begins = None, 0.0
        if "next_seal" in found:
            later = base64.b64decode(found["next_seal"], validate=True)
            begins = datetime.fromisoformat(found["next_from"]).timestamp()
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{file} is damaged: restore it from the backup.") from error
    if any(len(value) != 32 for value in (*values, *([later] if later is not None else []))):
        raise KeyFileError(f"{file} holds a key that is not 32 octets long: restore it from the backup.")
    digest, sealing, pages = values
    return Keyring(digest, sealing, pages, later, begins)


def uuid7(at: float | None = None) -> UUID:
    """An id that sorts by its time of birth (RFC 9562 5.7), for rows that are partitioned by month.

    `at` is in seconds since 1970, the present if left out.
    """
    milliseconds = int((time.time() if at is None else at) * 1000)
    number = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=number)
