"""Addresses that are known for an hour at most: one being typed at a checkout, one that the ID service has proved.

In this process's memory: a row of a session would lie in the database, and in its copies, for weeks.
"""

from __future__ import annotations

import secrets
import threading
import time

SECONDS = 3600
_MOST = 50_000
_lock = threading.Lock()
_kept: dict[str, tuple[float, str]] = {}  # the oldest first


def keep(address: str, name: str = "") -> str:
    """The name to recall it by; made up where none is given. The hour begins anew."""
    name = name or secrets.token_urlsafe(16)
    with _lock:
        _kept.pop(name, None)
        _kept[name] = time.monotonic() + SECONDS, address
        while len(_kept) > _MOST:
            del _kept[next(iter(_kept))]
    return name


def recall(name: str) -> str:
    """The address, or "" where it is not known any more."""
    until, address = _kept.get(name, (0.0, ""))
    return address if time.monotonic() < until else ""


def drop(name: str) -> None:
    with _lock:
        _kept.pop(name, None)


def sweep() -> None:
    """Forgets what is over, also where nobody asks for it."""
    now = time.monotonic()
    with _lock:
        for name in [name for name, (until, _) in _kept.items() if until <= now]:
            del _kept[name]
