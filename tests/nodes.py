"""Many nodes on the test database: parts as processes of their own, a PgBouncer, and a next hop that counts."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from tests.programs import environment, free_ports
from tests.world import database_url

READY = {"gate": "gate.listening", "inbound": "inbound.listening", "web": "Uvicorn running"}


class Part:
    """One part of an installation, such as `gate`; what it says goes to a file in `folder`."""

    def __init__(self, name: str, folder: Path, **more: str) -> None:
        self.name, self.folder, self.more = name, folder, more
        self.log = folder / f"{name}-{id(self)}.log"
        self.start()

    def start(self) -> None:
        shell = environment(settings.HOME, ATESAKI_LOG="json", PYTHONUNBUFFERED="1", **self.more)
        self.before = _last_worker() if self.name == "work" else 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "atesaki.cli", self.name], env=shell, stdout=out, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self.log.read_text()

    def becomes_ready(self, seconds: float = 60) -> None:
        """A worker says nothing of itself: the database knows it."""
        deadline = time.monotonic() + seconds
        while not (READY[self.name] in self.said() if self.name in READY else _last_worker() > self.before):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.said()}"
            time.sleep(0.05)

    def end(self, seconds: float = 40) -> None:
        """As an operator ends it, who expects it to end well."""
        self.process.send_signal(signal.SIGTERM)
        ended = self.process.wait(seconds)
        assert ended in (0, -signal.SIGTERM), f"{self.name} ended with {ended}:\n{self.said()}"

    def restart(self) -> None:
        """Ends it and starts it again; it `becomes_ready` later."""
        self.end()
        self.log.unlink()
        self.start()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def _last_worker() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM procrastinate_workers")
        return int(cursor.fetchone()[0])


@contextmanager
def pooled(program: Path, folder: Path) -> Iterator[str]:
    """The URL of the test database behind a PgBouncer in transaction mode that passes work on in turn.

    Two transactions of one client hardly ever reach the same session: whoever relies on a session fails.
    """
    at = conninfo_to_dict(database_url())
    (port,) = free_ports(1)
    lines = [
        "[databases]",
        f"pooled = host={at['host']} port={at.get('port') or 5432} dbname={at['dbname']} user={at['user']}"
        + (f" password={at['password']}" if at.get("password") else ""),
        "[pgbouncer]",
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 6\ndefault_pool_size = 6",
        "max_client_conn = 300\nquery_wait_timeout = 20",
    ]
    if os.geteuid() == 0:  # it refuses to be root, and only the server's account may enter the socket's folder
        place = Path(str(at["host"]))
        lines.append(f"user = {pwd.getpwuid(place.stat().st_uid).pw_name if place.is_dir() else 'nobody'}")
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    with (folder / "pgbouncer.log").open("wb") as out:
        process = subprocess.Popen([program, folder / "pgbouncer.ini"], stdout=out, stderr=subprocess.STDOUT)
    url = f"postgresql://atesaki@127.0.0.1:{port}/pooled"
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
                break
            except psycopg.OperationalError:
                said = (folder / "pgbouncer.log").read_text()
                assert process.poll() is None and time.monotonic() < deadline, said
                time.sleep(0.05)
        with ExitStack() as open_at_once:  # as many sessions, or there would be nothing to take turns
            for _ in range(4):
                open_at_once.enter_context(psycopg.connect(url)).execute("SELECT 1")
        yield url
    finally:
        process.kill()
        process.wait(10)


class Sink(socketserver.ThreadingTCPServer):
    """A next hop that takes every mail and counts how often each came, by the number in its Message-ID."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.got: Counter[int] = Counter()
        self.guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Talk)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                self._say("250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING")
            elif word == b"DATA":
                self._say("354 go on")
                self._take()
                self._say("250 2.0.0 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 2.0.0 ok")

    def _take(self) -> None:
        mail = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            mail += line
        # One of the service's own; what we write ourselves has another.
        if found := re.search(rb"^Message-ID: <(\d+)@shop\.example>", mail, re.M):
            with self.server.guard:
                self.server.got[int(found[1])] += 1

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
