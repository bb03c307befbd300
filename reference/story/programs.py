"""The programs of one world on loopback: the mailbox, the shop and the ID service, and atesaki where it is there."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
_READY_SECONDS = 180


class StoryError(RuntimeError):
    """The story cannot be played; the text says why and what to do."""


@dataclass(frozen=True)
class World:
    """Where a person goes in it."""

    era: str
    shop: str
    netid: str
    mailbox: str
    mails: Path
    atesaki: str = ""


def _ports(many: int) -> list[int]:
    """Free ones; every world has its own, so that no cookie of one reaches the other by chance."""
    trials = [socket.create_server(("127.0.0.1", 0)) for _ in range(many)]
    found = [trial.getsockname()[1] for trial in trials]
    for trial in trials:
        trial.close()
    return found


def _shell(**more: str) -> dict[str, str]:
    """An environment without the caller's settings."""
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    clean = {name: os.environ[name] for name in keep if name in os.environ}
    return {**clean, "PYTHONUNBUFFERED": "1", **more}


@contextlib.contextmanager
def _running(words: list[str], log: Path, environment: dict[str, str], *urls: str) -> Iterator[None]:
    """A program of ours while the block runs; waits until all `urls` answer."""
    with log.open("wb") as out:
        program = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", *words],
            cwd=TOP,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for url in urls:
            _wait(url, program, log)
        yield
    finally:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(10)


def _wait(url: str, program: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
            return
        if program.poll() is not None or time.monotonic() > deadline:
            raise StoryError(f"{url} does not answer; what its program said is in {log}:\n{_tail(log)}")
        time.sleep(0.1)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]


@contextlib.contextmanager
def before(home: Path) -> Iterator[World]:
    """2017: the shop and the ID service mail straight to the mail server."""
    home.mkdir(parents=True)
    web, smtp, shop, netid = _ports(4)
    world = World(
        "2017",
        f"http://127.0.0.1:{shop}",
        f"http://127.0.0.1:{netid}",
        f"http://127.0.0.1:{web}",
        home / "mails",
    )
    told = _shell(
        REFERENCE_ERA="2017",
        REFERENCE_HOME=str(home / "reference"),
        MAIL_SERVER=f"127.0.0.1:{smtp}",
        SHOP_WEB=f"127.0.0.1:{shop}",
        SHOP_URL=world.shop,
        SHOP_DATABASE_URL=f"sqlite:///{home / 'shop.sqlite3'}",
        NETID_WEB=f"127.0.0.1:{netid}",
        NETID_URL=world.netid,
        NETID_DATABASE_URL=f"sqlite:///{home / 'netid.sqlite3'}",
        NETID_CLIENT_ID="aozora-market",
        NETID_CLIENT_SECRET=secrets.token_urlsafe(32),
    )
    with _mailbox(world, home, smtp), contextlib.ExitStack() as open_now:
        for module, url in (("idp", world.netid), ("shop", world.shop)):
            _once([f"reference.{module}", "prepare"], home / f"{module}-prepare.log", told)
            open_now.enter_context(
                _running([f"reference.{module}", "serve"], home / f"{module}.log", told, f"{url}/health")
            )
        yield world


@contextlib.contextmanager
def after(home: Path) -> Iterator[World]:
    """The same two companies behind atesaki, whose next hop is the same mailbox."""
    home.mkdir(parents=True)
    mail_web, smtp, shop, netid, web, door, returns = _ports(7)
    world = World(
        "now",
        f"http://127.0.0.1:{shop}",
        f"http://127.0.0.1:{netid}",
        f"http://127.0.0.1:{mail_web}",
        home / "mails",
        f"http://127.0.0.1:{web}",
    )
    told = _shell(
        ATESAKI_HOME=str(home / "var"),
        ATESAKI_WEB=f"127.0.0.1:{web}",
        ATESAKI_SMTP=f"127.0.0.1:{door}",
        ATESAKI_INBOUND=f"127.0.0.1:{returns}",
        ATESAKI_UPSTREAM=f"smtp://127.0.0.1:{smtp}",
        SHOP_WEB=f"127.0.0.1:{shop}",
        NETID_WEB=f"127.0.0.1:{netid}",
    )
    healths = (f"{world.atesaki}/health/ready", f"{world.netid}/health", f"{world.shop}/health")
    with (
        _mailbox(world, home, smtp),
        _running(["atesaki.cli", "serve", "--with-reference"], home / "serve.log", told, *healths),
    ):
        yield world


@contextlib.contextmanager
def _mailbox(world: World, home: Path, smtp: int) -> Iterator[None]:
    place = world.mailbox.removeprefix("http://")
    words = ["reference.mailbox", str(world.mails), "--smtp", f"127.0.0.1:{smtp}", "--web", place]
    with _running(words, home / "mailbox.log", _shell(), f"{world.mailbox}/"):
        yield


def _once(words: list[str], log: Path, environment: dict[str, str]) -> None:
    with log.open("wb") as out:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", *words], cwd=TOP, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise StoryError(f"`python -m {' '.join(words)}` failed; {log}:\n{_tail(log)}")
