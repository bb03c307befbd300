"""An atesaki to measure: its database, and its parts, each a process of its own."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from atesaki.site import postgres
from benchmarks import BenchError, mails
from benchmarks.servers import Server, clean_environment, command, free_port, started, wait_for

SERVICE = "bench"
PROCESSES = int(os.environ.get("BENCH_GATE_PROCESSES") or os.cpu_count() or 1)
"""Of one gate: as many as there are cores, as one would run it."""
# What waits to leave, and what is in the gate's hands although its client has gone.
_BACKLOG: LiteralString = (
    "SELECT (SELECT count(*) FROM atesaki_departure) + (SELECT count(*) FROM atesaki_line WHERE state = 'leaving')"
)


@dataclass(frozen=True, slots=True)
class Store:
    """A database in this version's state, with one service; no part of it runs.

    `environment`: in which our commands find it. `login`: the service's, at the SMTP door.
    """

    folder: Path
    environment: Mapping[str, str]
    postmaster: int
    postgresql: str
    login: tuple[str, str]
    name: str = "atesaki"

    def copy(self, name: str) -> Store:
        """The same again, with a folder of its own, in the same server; only while nobody uses this one."""
        url = self.environment["DATABASE_URL"]
        with psycopg.connect(_named(url, "postgres"), autocommit=True, connect_timeout=10) as connection:
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(words.format(sql.Identifier(name), sql.Identifier(self.name)))
        folder = self.folder / name
        folder.mkdir(mode=0o711)
        return replace(
            self, folder=folder, environment={**self.environment, "DATABASE_URL": _named(url, name)}, name=name
        )

    def connect(self) -> psycopg.Connection:
        """A connection of our own, to look and to fill."""
        return psycopg.connect(self.environment["DATABASE_URL"], autocommit=True, connect_timeout=10)

    def command(self, module: str, *words: str) -> str:
        """Runs one of our programs to its end; what it printed. Raises `BenchError`."""
        return command(dict(self.environment), module, *words)


@contextmanager
def store(folder: Path) -> Iterator[Store]:
    """1 database 2 state 3 a service, which notices nobody: whoever waits has had their notices."""
    home = folder / "home"
    with postgres.start(home, with_parent=True) as database:
        environment = {
            **clean_environment(),
            "ATESAKI_HOME": str(home),
            "DATABASE_URL": database.url,
            "ATESAKI_LOG": "json",
            "ATESAKI_GATE_PROCESSES": str(PROCESSES),
            "ATESAKI_SMTP_NETWORKS": f"127.0.0.0/8={SERVICE}",  # Postfix's smtp-source cannot log in
            "ATESAKI_SUPERVISOR": str(os.getpid()),  # whoever has one ends with it
        }
        made = json.loads(command(environment, "benchmarks.mailboxes", "prepare", SERVICE, "見本商事", mails.SENDER))
        with psycopg.connect(database.url, connect_timeout=10) as connection:
            version = _one(connection, "SHOW server_version")
        yield Store(
            folder=folder,
            environment=environment,
            postmaster=int((home / "database" / "postmaster.pid").read_text().split()[0]),
            postgresql=version,
            login=(made["username"], made["password"]),
        )


@dataclass(frozen=True, slots=True)
class Installation:
    """A store whose parts run. `gates` share the database, and each is a server of its own."""

    store: Store
    gates: list[Server]
    connection: psycopg.Connection
    web: Server | None = None

    def now(self) -> UUID:
        """Ledger lines that are written from here on have ids above this one."""
        at = float(_one(self.connection, "SELECT extract(epoch FROM clock_timestamp()) * 1000"))
        return UUID(int=int(at - 20) << 80)

    def outcomes(self, since: UUID) -> Counter[str]:
        """What was decided for each recipient since then, by the ledger."""
        words = "SELECT outcome, count(*) FROM atesaki_line WHERE id >= %s AND kind = 'mail' GROUP BY outcome"
        return Counter(dict(self.connection.execute(words, [since]).fetchall()))


@contextmanager
def running(
    of: Store, next_hops: list[int], *, web: bool = False, worker: bool = True, proxies: int = 0
) -> Iterator[Installation]:
    """Runs a gate for each next hop, the worker with the first of them, and the pages if they are wanted."""
    with ExitStack() as stack:
        connection = stack.enter_context(of.connect())
        common = {"postgresql": of.postmaster}
        waits: list[tuple[int, Any, Path]] = []

        def part(name: str, number: int, port: int | None = None, **more: str) -> int:
            log = of.folder / f"{of.name}-{name}-{number}.log"
            words = [sys.executable, "-m", "atesaki.cli", name]
            process = stack.enter_context(started(words, log, environment={**of.environment, **more}))
            if port is not None:
                waits.append((port, process, log))  # they all begin together
            return process.pid

        if worker:
            common["work"] = part("work", 0, ATESAKI_UPSTREAM=f"smtp://127.0.0.1:{next_hops[0]}")
        gates = []
        for number, hop in enumerate(next_hops):
            port, upstream = free_port(), f"smtp://127.0.0.1:{hop}"
            pid = part("gate", number, port, ATESAKI_SMTP=f"127.0.0.1:{port}", ATESAKI_UPSTREAM=upstream)
            gates.append(Server(port, {"gate": pid, **common}, lambda: int(_one(connection, _BACKLOG)), of.login))
        pages = None
        if web:
            port = free_port()
            pid = part("web", 0, port, ATESAKI_WEB=f"127.0.0.1:{port}", ATESAKI_PROXIES=str(proxies))
            pages = Server(port, {"web": pid, **common})
        for wait in waits:
            wait_for(*wait)
        yield Installation(of, gates, connection, pages)


def _named(url: str, name: str) -> str:
    """The same server's other database."""
    found, changed = re.subn(r"/[^/?]+\?", f"/{name}?", url, count=1)
    if not changed:
        raise BenchError("the database's URL is not as expected.")
    return found


def _one(connection: psycopg.Connection, query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else ""
