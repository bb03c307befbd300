"""What is checked of every parser, whatever it parses: what one input may cost, and that its text can be kept."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

SECONDS = 2.0
"""Of the processor, for one input of at most 64 KiB."""
MEBIBYTES = 256
"""More than these must one input not need at any moment."""


class Costly(AssertionError):
    """One input took too long, or too much memory."""


def within(target: Callable[[bytes], None], data: bytes, slack: float = 1.0) -> None:
    """Runs a target within its bounds; `slack` is how much slower this process runs our code than others do."""
    began, held = time.process_time(), _peak()
    target(data)
    took, grown = time.process_time() - began, _peak() - held
    if took > SECONDS * slack:
        raise Costly(f"{len(data)} octets took {took:.1f} s of the processor; {SECONDS} s are allowed")
    if grown > MEBIBYTES << 10:
        raise Costly(f"{len(data)} octets took {grown >> 10} MiB; {MEBIBYTES} are allowed")


def _peak() -> int:
    """Of this process so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def legible(text: str) -> None:
    """PostgreSQL keeps no NUL, and what is half a character cannot be written anywhere."""
    assert "\0" not in text, "it has a NUL"
    assert not any("\ud800" <= letter <= "\udfff" for letter in text), "it has half a character"


@cache
def folder() -> Path:
    """A folder in memory, where there is one, for parsers that read files; gone with the process."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    _folders.append(tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if os.access(memory, os.W_OK) else None))
    return Path(_folders[0].name)


_folders: list[tempfile.TemporaryDirectory[str]] = []


def file(data: bytes, name: str = "input") -> str:
    """A file with that content; the next of the same name replaces it."""
    path = folder() / name
    path.write_bytes(data)
    return str(path)


def django() -> None:
    """What some modules need before they can be imported: settings, with a home that is gone at the end."""
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        for name in [name for name in os.environ if name.startswith("ATESAKI_")]:
            del os.environ[name]
        os.environ.update(DJANGO_SETTINGS_MODULE="atesaki.site.settings", ATESAKI_HOME=str(folder()))
        os.environ.pop("DATABASE_URL", None)
    if not apps.ready:
        from django import setup

        setup()


def quiet() -> None:
    """Nothing is logged: a door says something of every conversation. Not for a process that runs other tests."""
    import structlog

    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
