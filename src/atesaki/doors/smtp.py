"""The SMTP door: where a service hands in its mail, with a host, a port and a password (contract, "SMTP door")."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
import uvloop

from .conversation import CLOSING, Conversation
from .handover import Core, Mail, hand_over, hand_to
from .networks import NOWHERE, Networks, Residents
from .wire import on_loopback

PATIENCE: Final = 25.0  # seconds that a stop waits for the mails that are in the gate's hands

T = TypeVar("T")

log = structlog.get_logger()


class DoorError(ValueError):
    """The door cannot be opened like this; the text says why and what to do."""


@dataclass(frozen=True)
class Terms:
    """On what terms a door serves.

    domain: our mail domain, in the greeting and in trace lines.
    octets: of one mail, as SIZE says it.  octets_in_all: of all mails that are coming in at one time.
    seconds: of silence (RFC 5321 4.5.3.2).  auth_seconds: from connecting to being logged in.
    wrong_seconds: that a wrong password costs.
    threads: mails that are in the gate's hands at one time.
    tls: None means no STARTTLS, so that only clients on loopback can log in.
    networks: from where a service speaks without logging in.
    shared: other processes listen on the same port, and the system gives each its share of the connections; the
        limits hold for each.
    """

    domain: str = "atesaki.localhost"
    octets: int = 25 * 1024 * 1024
    octets_in_all: int = 512 * 1024 * 1024
    recipients: int = 100
    connections: int = 500
    seconds: float = 300.0
    auth_seconds: float = 30.0
    wrong_seconds: float = 1.0
    threads: int = 16
    tls: ssl.SSLContext | None = None
    networks: Networks = NOWHERE
    shared: bool = False

    @classmethod
    def from_environment(cls) -> Terms:
        """What the operator set. Django must be set up. Raises `DoorError`."""
        from django.conf import settings

        octets = _number("ATESAKI_MAX_OCTETS", cls.octets, least=1024)
        return cls(
            domain=settings.ATESAKI_MAIL_DOMAIN,
            octets=octets,
            octets_in_all=max(cls.octets_in_all, 4 * octets),
            connections=_number("ATESAKI_SMTP_CONNECTIONS", cls.connections, least=1),
            seconds=_number("ATESAKI_SMTP_TIMEOUT", int(cls.seconds), least=1),
            threads=_number("ATESAKI_GATE_THREADS", cls.threads, least=1),
            tls=certificate(os.environ.get("ATESAKI_TLS_CERT") or "", os.environ.get("ATESAKI_TLS_KEY") or ""),
            networks=networks(),
            shared=processes() > 1,
        )


class Door:
    """A listening door. Lives in one event loop; the gate's work is done in its threads."""

    loop: asyncio.AbstractEventLoop  # set by `start`
    setting = "ATESAKI_SMTP"

    def __init__(self, terms: Terms, core: Any, find: Callable[[str], Any] | None = None) -> None:
        """find: a service by its name, or None; for those who speak without logging in."""
        self.terms = terms
        self.core = core  # `Core`, or what another door's conversations ask
        self.residents = Residents(self, find)
        self.conversations: set[Conversation] = set()
        self.octets = 0  # of all mails that are coming in now
        self.stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._work: set[Future[Any]] = set()
        self._pool = ThreadPoolExecutor(terms.threads, thread_name_prefix="gate")
        # Apart from the mails': whoever comes while all of those wait for a next hop must still get in.
        self._porter = ThreadPoolExecutor(4, thread_name_prefix="porter")
        self._server: asyncio.AbstractServer | None = None
        self._road: Any = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; returns the port, which the system chooses for 0. Raises `DoorError`."""
        self.loop = asyncio.get_running_loop()
        if getattr(self.core, "road", None):
            self._road = self.core.road(self.terms.threads)
        try:
            server = await self.loop.create_server(
                self.converse, host, port, backlog=512, reuse_port=self.terms.shared or None
            )
        except (OSError, UnicodeError) as error:
            raise DoorError(
                f"Cannot listen on {host} port {port} ({error}); set {self.setting} to a free one."
            ) from error
        self._server = server
        return int(server.sockets[0].getsockname()[1])

    def converse(self) -> Conversation:
        """A conversation with a client that has just come."""
        return Conversation(self)

    async def answer(self, mail: Mail) -> str:
        """What to say to a mail, when it is known what became of it."""
        if self._road is None:
            return await self.call(hand_over, self.core, mail)
        return await hand_to(self._road, self.core, mail)

    def keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Does `work` for a conversation that may end before it."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._kept)
        return task

    def _kept(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # who waited for it has it

    async def ask(self, function: Callable[..., T], *args: Any) -> T:
        """The result of a look-up, in one of the threads that no mail waits in."""
        return await self._in(self._porter, function, *args)

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """The result of `function` in one of the threads.

        If the client goes away meanwhile, only the waiting ends: a thread that has begun goes on to its end.
        """
        return await self._in(self._pool, function, *args)

    async def _in(self, pool: ThreadPoolExecutor, function: Callable[..., T], *args: Any) -> T:
        work = pool.submit(function, *args)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return await asyncio.wrap_future(work)

    async def stop(self, patience: float = PATIENCE) -> bool:
        """Closes the door; False if work was left undone after `patience` seconds.

        1. Take no new conversation.
        2. Say 421 to everybody but those whose mail is in the gate's hands.
        3. Wait for these, and for the threads of those who left.
        4. End whatever is still there.
        """
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for talk in list(self.conversations):
            if not talk.busy:
                talk.dismiss(CLOSING)
        ends: set[asyncio.Future[Any]] = {*self._tasks, *map(asyncio.wrap_future, self._work)}
        if ends:
            await asyncio.wait(ends, timeout=patience)
        undone = self._tasks or self._work
        for talk in list(self.conversations):
            talk.dismiss(CLOSING)
        await asyncio.sleep(0.05)  # the last words go out when the loop comes round
        for pool in (self._pool, self._porter):
            pool.shutdown(wait=False, cancel_futures=True)
        if self._road is not None:
            self._road.close()
        return not undone


def run(listen: str) -> None:
    """`atesaki gate`: serves until SIGTERM or SIGINT. Django must be set up.

    listen: `host:port`, an IPv6 host in brackets. Raises `DoorError`.
    """
    serve(Door(Terms.from_environment(), Core.real(), _find), listen, "gate")


def _find(name: str) -> Any:
    from atesaki import tenants

    try:
        return tenants.find(name)
    except tenants.TenantError:
        return None


def serve(door: Door, listen: str, part: str) -> None:
    """Serves with `door` until SIGTERM or SIGINT; `part` is what the log calls it. Raises `DoorError`."""
    host, port = place(listen)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ended = runner.run(_serve(door, host, port, part))
    if not ended:
        # Python would wait for the threads for ever. To the ledger this is a crash, and it knows what to do.
        log.error(f"{part}.abandoned", seconds=PATIENCE)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(os.EX_SOFTWARE)


async def _serve(door: Door, host: str, port: int, part: str) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    port = await door.start(host, port)
    log.info(f"{part}.listening", host=host, port=port, tls=door.terms.tls is not None, threads=door.terms.threads)
    if part == "gate" and door.terms.tls is None and host != "localhost" and not on_loopback(host):
        log.warning("gate.no_certificate", hint="nobody can log in from outside: set ATESAKI_TLS_CERT, ATESAKI_TLS_KEY")
    if door.terms.networks.far:
        hint = "whoever can send from there speaks as the service that ATESAKI_SMTP_NETWORKS names"
        log.warning(f"{part}.no_password_asked", networks=door.terms.networks.far, hint=hint)
    await stop.wait()
    log.info(f"{part}.stopping", conversations=len(door.conversations))
    ended = await door.stop()
    log.info(f"{part}.stopped")
    return ended


def place(listen: str) -> tuple[str, int]:
    """`127.0.0.1:2525` or `[::1]:2525` as host and port. Raises `DoorError`."""
    found = re.fullmatch(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\[\]:\s]+)):(?P<port>[0-9]{1,5})", listen)
    if found is None or int(found["port"]) > 65535:
        raise DoorError(f"{listen!r} is no place to listen on; give HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525.")
    return found["six"] or found["host"], int(found["port"])


def certificate(cert: str, key: str) -> ssl.SSLContext | None:
    """The TLS side of STARTTLS from two PEM files; None if neither is named. Raises `DoorError`."""
    if not cert and not key:
        return None
    if not cert or not key:
        raise DoorError("Set ATESAKI_TLS_CERT and ATESAKI_TLS_KEY together, or neither.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    try:
        # The empty password keeps OpenSSL from asking for one at the terminal.
        context.load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        raise DoorError(
            f"ATESAKI_TLS_CERT={cert} and ATESAKI_TLS_KEY={key} cannot be used ({error}); "
            "give a PEM chain and its key, readable and without a password."
        ) from error
    return context


def networks() -> Networks:
    """ATESAKI_SMTP_NETWORKS. Raises `DoorError`."""
    try:
        return Networks.read(os.environ.get("ATESAKI_SMTP_NETWORKS", ""))
    except ValueError as error:
        raise DoorError(f"ATESAKI_SMTP_NETWORKS cannot be used: {error}") from None


def processes() -> int:
    """How many gates share one port: ATESAKI_GATE_PROCESSES. Raises `DoorError`."""
    return _number("ATESAKI_GATE_PROCESSES", 1, least=1)


def _number(name: str, default: int, *, least: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise DoorError(f"{name}={text!r} cannot be used; give a whole number, {least} or more.")
    return int(text)
