"""One installation, ready for a command: its database reached, its settings read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

SETTINGS = "atesaki.site.settings"


class Failure(click.ClickException):
    """A command could not do what was asked; the text says why and what to do."""

    exit_code = 1


@contextmanager
def installation(part: str = "", *, session: bool = False) -> Iterator[None]:
    """Database and Django for one command.

    1. the database: `DATABASE_URL`, or the home's own, attached to or started.
    2. where the parts of one home add up their numbers (read by prometheus_client when it is imported).
    `session`: past the pooler, if there is one and DATABASE_DIRECT_URL says how.
    3. logging, settings.  4. After the command: connections closed, the database left.
    """
    import psycopg

    from atesaki import environment, keys, tracing
    from atesaki.site import logging, postgres

    logging.set_up(part)
    database = None
    if session and (direct := environment.secret("DATABASE_DIRECT_URL")):
        os.environ.pop("DATABASE_URL_FILE", None)
        os.environ.update(DATABASE_URL=direct, ATESAKI_POOLED="0")
    if url := environment.secret("DATABASE_URL"):
        if not part:  # a part waits for its database; a command says at once that it is away, and why
            psycopg.connect(url, connect_timeout=5).close()
    else:
        database = postgres.start(keys.home())
        os.environ["DATABASE_URL"] = database.url
    try:
        metrics = metrics_folder(keys.home())
        metrics.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(metrics))
        _set_up_django()
        _check_ring()
        if part:
            tracing.begin(part)
        yield
    finally:
        tracing.end()
        _close_connections()
        if database is not None:
            os.environ.pop("DATABASE_URL", None)
            database.leave()


def metrics_folder(home: Path) -> Path:
    """Where the parts add up their numbers."""
    return home / "run" / "metrics"


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django

    django.setup()


def _check_ring() -> None:
    """Nothing runs on a database that was written with other keys; one that is away or empty is met later."""
    from django.db import DatabaseError

    from atesaki import tenants

    with suppress(DatabaseError):
        tenants.check_ring()


def _close_connections() -> None:
    from django.conf import settings

    if not settings.configured:
        return
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if getattr(connection, "pool", None):
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's


def sentence(error: BaseException) -> str | None:
    """What to tell an operator about a failure that may happen; None for one that should not have."""
    from psycopg import errors

    from atesaki.keys import KeyFileError
    from atesaki.site.postgres import PostgresError

    seen: BaseException | None = error
    while seen is not None:
        match seen:
            case errors.UndefinedTable() | errors.UndefinedColumn():
                return "the database is not at this version's state: run `atesaki migrate`."
            case errors.OperationalError():
                said = " ".join(str(seen).split()) or type(seen).__name__
                return f"the database cannot be used ({said}): see that it runs and that DATABASE_URL names it."
            case KeyFileError() | PostgresError():
                return str(seen)
        seen = seen.__cause__ or seen.__context__
    # A setting that cannot be used, a service that is not there: ours all say what to do.
    if isinstance(error, ValueError) and type(error).__module__.startswith("atesaki."):
        return str(error)
    return str(error) if isinstance(error, ValueError) and str(error).startswith("ATESAKI_") else None


def as_json(thing: Any) -> None:
    """Prints one object on one line."""
    click.echo(json.dumps(thing, ensure_ascii=False, default=str))


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Prints rows in columns, two blanks apart."""
    if not rows:
        return
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _columns(text: str) -> int:
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def place(text: str, name: str) -> tuple[str, int]:
    """`host:port` of a setting. Raises `Failure`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Failure(f"{name}={text!r} cannot be read: give host:port, such as 127.0.0.1:8000 or [::1]:8000.")
    return host.removeprefix("[").removesuffix("]"), int(port)
