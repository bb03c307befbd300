"""`atesaki serve`: everything on this machine, from nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atesaki.cli.installation import Failure, metrics_folder, place

if TYPE_CHECKING:
    from atesaki.site.postgres import Server

# Each a little longer than the part's own patience, so that its last words are still heard.
_DOOR_SECONDS, _WEB_SECONDS, _WORK_SECONDS = 30, 15, 15


@click.command()
@click.option("--with-reference", "reference", is_flag=True, help="Also a net supermarket and an ID service to try it.")
def serve(reference: bool) -> None:
    """Everything on this machine: database, pages, both doors, worker. Ctrl-C ends it.

    \f
    1. one at a time in one home.  2. free ports.  3. the database.  4. its state.  5. something to try.
    6. the parts, until one signal or one part too many ends them.
    """
    began = time.monotonic()
    from atesaki import keys
    from atesaki.cli import reference as world
    from atesaki.cli.demonstration import prepare
    from atesaki.cli.supervisor import Part, Supervisor
    from atesaki.site import settings

    gates = _gates()

    home = keys.home()
    web, door = place(settings.ATESAKI_WEB, "ATESAKI_WEB"), place(settings.ATESAKI_SMTP, "ATESAKI_SMTP")
    returns = place(settings.ATESAKI_INBOUND, "ATESAKI_INBOUND")
    others = world.places() if reference and world.tree() else {}
    with _alone(home):
        _free({"ATESAKI_WEB": web, "ATESAKI_SMTP": door, "ATESAKI_INBOUND": returns, **others})
        with _database(home) as database:
            environment = _environment(home, database)
            click.echo("atesaki: bringing the database to this version's state")
            _ask(environment, "migrate")
            credentials = prepare(home, lambda *words: _ask(environment, *words))
            parts = [
                *(Part(name, _DOOR_SECONDS, door, words=words) for name, words in gates),
                Part("inbound", _DOOR_SECONDS, returns),
                Part("web", _WEB_SECONDS, web),
                Part("work", _WORK_SECONDS),
            ]
            if reference:
                click.echo("atesaki: making the supermarket and the ID service ready")
                url = database.url if database else settings.DATABASE_URL
                parts += world.prepare(home, url, lambda *words: _ask(environment, *words))
            as_json = environment["ATESAKI_LOG"] == "json"
            click.echo("atesaki: starting the two doors, the pages and the worker")
            code = Supervisor(parts, database, environment, as_json=as_json).run(
                lambda: _announce(home, web, door, credentials, others, embedded=database is not None, began=began)
            )
            click.echo("atesaki: the parts have ended" + (", now the database" if database else ""))
    click.echo("atesaki: everything has ended; what it knows is kept.")
    sys.exit(code)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        file = (home / "run" / "serve.lock").open("a+")
    except OSError as error:
        raise Failure(f"{home} cannot be written ({error.strerror}): choose another ATESAKI_HOME.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Failure(
                f"another `atesaki serve` (process {file.read().strip() or 'unknown'}) uses {home}: "
                f"end that one, or choose another ATESAKI_HOME and other ports."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _gates() -> list[tuple[str, list[str]]]:
    """The names of the gates that share one port, and what each is called with."""
    from atesaki.doors import smtp

    try:
        many = smtp.processes()
    except smtp.DoorError as error:
        raise Failure(str(error)) from error
    words = [sys.executable, "-m", "atesaki.cli", "gate"]
    return [(f"gate{number}" if number > 1 else "gate", words) for number in range(1, many + 1)]


def _free(wanted: dict[str, tuple[str, int]]) -> None:
    """Looks at every port before anything starts."""
    same = [name for name, place in wanted.items() if list(wanted.values()).count(place) > 1]
    if same:
        raise Failure(f"{' and '.join(same)} name the same place: give each a port of its own.")
    for name, (host, port) in wanted.items():
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((host, port))
        except OSError as error:
            why = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
            raise Failure(f"{name}={host}:{port} cannot be used ({why}): set {name} to another place.") from error


@contextlib.contextmanager
def _database(home: Path) -> Iterator[Server | None]:
    from atesaki import environment

    if environment.secret("DATABASE_URL"):
        click.echo("atesaki: using the database that DATABASE_URL names")
        yield None
        return
    from atesaki.site import postgres

    found = (home / "database").exists()
    click.echo(f"atesaki: {'found its data' if found else 'making its database'} in {home}")
    with postgres.start(home, with_parent=True) as server:
        yield server


def _environment(home: Path, database: Server | None) -> dict[str, str]:
    metrics = metrics_folder(home)
    shutil.rmtree(metrics, ignore_errors=True)  # numbers of processes that are no more
    metrics.mkdir(mode=0o700)
    return {
        **os.environ,
        "ATESAKI_HOME": str(home),
        **({"DATABASE_URL": database.url} if database else {}),  # else each child reads it as we did
        "ATESAKI_LOG": os.environ.get("ATESAKI_LOG") or ("console" if sys.stdout.isatty() else "json"),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONUNBUFFERED": "1",
    }


def _ask(environment: dict[str, str], *words: str) -> str:
    """Runs one of our commands; what it printed. A process of its own, as the supervisor must have no threads."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "atesaki.cli", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failure(f"`atesaki {' '.join(words)}` failed:\n{done.stderr.strip()}")
    return done.stdout


def _announce(
    home: Path,
    web: tuple[str, int],
    door: tuple[str, int],
    credentials: dict[str, str] | None,
    others: dict[str, tuple[str, int]],
    *,
    embedded: bool,
    began: float,
) -> None:
    from atesaki import keys
    from atesaki.cli.demonstration import what_to_try
    from atesaki.cli.reference import NAMES
    from atesaki.site import settings

    click.echo(f"""
Everything is up, after {time.monotonic() - began:.1f} s.

  pages         {settings.ATESAKI_PUBLIC_URL}/
  local mailbox {settings.ATESAKI_PUBLIC_URL}/mailbox/
  SMTP door     {settings.ATESAKI_SMTP}
  inbound door  {settings.ATESAKI_INBOUND}
  keys          {keys.path()}
  data          {home}""")
    for setting, (host, port) in others.items():
        click.echo(f"  {NAMES[setting]:13} http://{host}:{port}/")
    if credentials is not None:
        click.echo(f"""
  demo service  {credentials["smtp_username"]} / {credentials["smtp_password"]}  (also in {home}/demo-service.json)

{what_to_try(home, door, credentials, embedded=embedded)}
Ctrl-C ends it.""")
