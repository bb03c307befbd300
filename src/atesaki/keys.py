"""Holds the installation's keys, and makes everything that is made with a key.

Promise:    One place digests, seals and opens; a key is made once and then only read.
Never:      Writes a key anywhere but into the key file, and never prints one.
On failure: A key file that is missing in production, damaged, or readable by others stops the program.
Read first: `Keyring`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
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
    """

    digest: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    pages: bytes = field(repr=False)

    def fingerprint(self, purpose: str, *values: str | bytes) -> bytes:
        """HMAC-SHA-256 of `values` for one `purpose`; the same values for another purpose give another result."""
        mac = hmac.new(self.digest, b"atesaki " + purpose.encode() + b"\0", hashlib.sha256)
        for value in values:
            raw = value.encode() if isinstance(value, str) else value
            mac.update(len(raw).to_bytes(4, "big") + raw)
        return mac.digest()

    def mark(self) -> bytes:
        """What tells whether a database was written with this ring: of the keys whose loss would show too late."""
        return hmac.digest(self.digest, b"atesaki ring\0" + self.seal, "sha256")

    def wrap(self, secret: bytes, place: bytes) -> bytes:
        """Seals a small secret for the `place` (a row's id) that it may be opened at."""
        return seal(self.seal, secret, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """Opens what `wrap` made; `SealBroken` if it does not open."""
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
    fresh = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in _NAMES}
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")  # not the pid: threads share it, crashes leave it
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(fresh, out)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)  # not rename: a key file that is there already must survive
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(file: Path) -> Keyring:
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{file} can be read by others: run `chmod 600 {file}`.")
    try:
        found = json.loads(file.read_text())
        values = [base64.b64decode(found[name], validate=True) for name in _NAMES]
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{file} is damaged: restore it from the backup.") from error
    if any(len(value) != 32 for value in values):
        raise KeyFileError(f"{file} holds a key that is not 32 octets long: restore it from the backup.")
    return Keyring(*values)


def uuid7(at: float | None = None) -> UUID:
    """An id that sorts by its time of birth (RFC 9562 5.7), for rows that are partitioned by month.

    `at` is in seconds since 1970, the present if left out.
    """
    milliseconds = int((time.time() if at is None else at) * 1000)
    number = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=number)
