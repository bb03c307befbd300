"""Reads what an installation keeps secret: from the environment, or from a file that the environment names.

Promise:    Every secret setting is read in one way: `NAME`, or the one line of the file that `NAME_FILE` names.
Never:      Puts what a file holds into the environment, where a child or a crash report would have it.
On failure: `SettingError` says which setting is wrong and what to do, and never what it holds.
Read first: `secret`.
"""

from __future__ import annotations

import os
from pathlib import Path

SECRETS = ("DATABASE_URL", "DATABASE_DIRECT_URL", "ATESAKI_UPSTREAM", "ATESAKI_SMS", "ATESAKI_METRICS_TOKEN")
"""The settings that may hold a password, each of which may be given as `NAME_FILE`."""

_LONGEST = 65_536  # octets


class SettingError(ValueError):
    """A setting cannot be used; the sentence says why and what to do."""


def secret(name: str) -> str:
    """What the setting `name` (one of `SECRETS`) holds; empty where it is not set. Raises `SettingError`."""
    file = secret_file(name)
    if file is None:
        return os.environ.get(name) or ""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST + 1)
        text = raw.decode().strip("\r\n \t\ufeff")
    except OSError as error:
        raise SettingError(
            f"{name}_FILE={file} cannot be read ({error.strerror}): see that it is there and is our user's to read."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError(
            f"{name}_FILE={file} is no text: put the value of {name} there, and nothing else."
        ) from error
    if not text:
        raise SettingError(f"{name}_FILE={file} is empty: put the value of {name} there, or unset {name}_FILE.")
    if len(raw) > _LONGEST or not text.isprintable():
        raise SettingError(f"{name}_FILE={file} holds more than one line: put the value of {name} there, nothing else.")
    return text


def secret_file(name: str) -> Path | None:
    """The file that `NAME_FILE` names; None where it names none. Raises `SettingError` if `NAME` is set too."""
    named = os.environ.get(f"{name}_FILE")
    if not named:
        return None
    if os.environ.get(name):
        raise SettingError(f"{name} and {name}_FILE are both set: unset one of them, the file is the safer place.")
    return Path(named)
