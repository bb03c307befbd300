"""What the SMTP door's own machine must do however its octets come: cut anywhere, too fast, by TLS, or not taken back.

Half of this needs no socket: a conversation is fed by hand, and what it writes is looked at write by write.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import smtplib
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.cli.installation import Failure
from atesaki.cli.serve import _gates
from atesaki.doors import conversation, handover, networks, smtp, wire
from tests.test_smtp_door import PATIENCE, USUAL, Client, Gate, House, _until, open_house, papers, plain  # noqa: F401

MAIL = (b"MAIL FROM:<order@shop.example.jp>", b"RCPT TO:<hana@example.jp>", b"DATA")
LOGIN = (b"EHLO shop.example.jp", f"AUTH PLAIN {plain('supermarket', 'right')}".encode())
TEXT = b"A: b\r\n\r\n..a dot\r\n. not the end\r\ntext\r\n.\r\n"
TAKEN = "A: b\r\n\r\n.a dot\r\n not the end\r\ntext\r\n"


class Line(asyncio.Transport):
    """A connection without a socket: each write, and whether the door reads."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4)})
        self.writes: list[bytes] = []
        self.closed = self.paused = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def said(self) -> list[str]:
        return b"".join(self.writes).decode().splitlines()


class Fed:
    """A conversation that is fed by hand."""

    def __init__(self, gate: Gate, terms: smtp.Terms = USUAL) -> None:
        self.door = smtp.Door(terms, gate.core())
        self.door.loop = asyncio.get_running_loop()
        self.talk = self.door.converse()
        self.line = Line()
        self.talk.connection_made(self.line)

    async def feed(self, data: bytes) -> None:
        self.talk.data_received(data)
        while self.talk._work is not None and not self.line.closed:
            await asyncio.sleep(0.0005)

    async def login(self) -> Fed:
        for each in LOGIN:
            await self.feed(each + b"\r\n")
        self.line.writes.clear()
        return self

    def leave(self) -> None:
        self.talk.connection_lost(None)
        self.door._pool.shutdown(wait=False)
        self.door._porter.shutdown(wait=False)


def fed(play: Callable[[Fed], Awaitable[None]], gate: Gate | None = None, terms: smtp.Terms = USUAL) -> list[str]:
    """What the door says to `play`."""

    async def whole() -> list[str]:
        it = await Fed(gate or Gate(), terms).login()
        try:
            await play(it)
            return it.line.said()
        finally:
            it.leave()
            assert it.door.octets == 0 and not it.door.conversations

    return asyncio.run(whole())


def lines(*each: bytes) -> bytes:
    return b"".join(one + b"\r\n" for one in each)


def kinds(said: Iterable[str]) -> list[str]:
    """Answers without the ledger's id."""
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", line) for line in said]


# --- cut anywhere ------------------------------------------------------------------------------------------


def test_pipelined_commands_are_answered_in_one_write() -> None:
    async def play(it: Fed) -> None:
        await it.feed(lines(*MAIL))
        assert len(it.line.writes) == 1
        await it.feed(TEXT + lines(b"NOOP", *MAIL))
        assert len(it.line.writes) == 2

    assert [line[:3] for line in fed(play)] == ["250", "250", "354", "250", "250", "250", "250", "354"]


@pytest.mark.parametrize("crumbs", [False, True], ids=["two pieces", "octet by octet"])
def test_where_a_segment_is_cut_makes_no_difference(crumbs: bool) -> None:
    segments = (lines(*MAIL), TEXT, lines(b"RSET", b"NOOP", b"MAIL FROM:<order@shop.example.jp>", b"RCPT TO:<nobody>"))

    async def played(gate: Gate, cut: Callable[[bytes], list[bytes]]) -> list[str]:
        it = await Fed(gate).login()
        for segment in segments:
            for piece in cut(segment):
                await it.feed(piece)
        it.leave()
        return kinds(it.line.said())

    async def all_of_them() -> None:
        whole = Gate()
        expected = await played(whole, lambda segment: [segment])
        assert len(expected) == 8 and len(whole.mails) == 1
        if crumbs:
            cuts = [lambda segment: [segment[i : i + 1] for i in range(len(segment))]]
        else:
            cuts = [lambda segment, at=at: [segment[:at], segment[at:]] for at in range(1, max(map(len, segments)))]
        for cut in cuts:
            gate = Gate()
            assert await played(gate, cut) == expected
            assert [raw.partition(b"+0000\r\n")[2].decode() for _, _, raw in gate.mails] == [TAKEN]

    asyncio.run(all_of_them())


def reference(stream: bytes, limit: int) -> tuple[list[bytes | None], list[bytes], bytes]:
    """RFC 5321 4.5.2 on the whole of it: the mail, the commands behind it, and what has no end yet."""
    head, end, rest = (b"\r\n" + stream).partition(b"\r\n.\r\n")
    if not end:
        return [], [], b""
    text = [line[1:] if line[:1] == b"." else line for line in (head + b"\r\n").split(b"\r\n")[1:]]
    raw = b"\r\n".join(text)
    *commands, unfinished = rest.split(b"\r\n")
    return [raw if len(raw) <= limit else None], commands, unfinished


PIECE = st.one_of(st.sampled_from([b"\r\n", b"\r\n.", b".", b"\r", b"\n", b"\0", b"\r\n.\r\n"]), st.binary(max_size=12))


@settings(max_examples=200, deadline=None)
@given(stream=st.lists(PIECE, max_size=60).map(b"".join), cuts=st.sets(st.integers(0, 400)), limit=st.integers(1, 300))
def test_a_mail_is_what_a_simple_reader_makes_of_the_whole(stream: bytes, cuts: set[int], limit: int) -> None:
    mails, commands, unfinished = reference(stream, limit)
    for places in (sorted(cuts), range(len(stream)), ()):
        came = wire.Wire()
        came.begin_mail()
        found: list[bytes | None] = []
        lines_found: list[bytes] = []
        edges = [0, *(place for place in places if 0 < place < len(stream)), len(stream)]
        for begin, end in pairwise(edges):
            came.feed(stream[begin:end])
            if not found and came.has_mail(limit):
                found.append(came.mail(limit))
            while found and (line := came.line()) is not None:
                lines_found.append(line)
            assert len(came) <= 2 * limit + 5 + (end - begin) or found
        assert (found, lines_found) == (mails, commands)
        assert not found or len(came) == len(unfinished)


def test_what_comes_in_crumbs_is_looked_at_once() -> None:
    """A mail of a megabyte in its octets' own time: looking at all of it each time would take minutes."""
    came = wire.Wire()
    came.begin_mail()
    began = time.monotonic()
    for _ in range(40_000):
        came.feed(b"text without an end of a line".ljust(50))
        assert not came.has_mail(10_000_000)
    assert time.monotonic() - began < 5


# --- back-pressure -----------------------------------------------------------------------------------------


def test_what_comes_while_the_gate_works_is_not_taken_in_without_end(open_house: Any) -> None:  # noqa: F811
    gate = Gate()
    gate.may_end.clear()
    house = open_house(gate)
    with Client(house.port).login() as client:
        client.begin().say("A: b", ".")
        assert gate.running.wait(PATIENCE)
        (talk,) = house.door.conversations
        sent = _pushed(client, b"NOOP".ljust(998) + b"\r\n", lambda: talk._paused)
        assert len(talk._wire) <= conversation.AHEAD_LIMIT + 256 * 1024, "one read more than the limit"
        assert sent > len(talk._wire), "the rest waits in the client"
        gate.may_end.set()
        assert client.answer().startswith("250 2.0.0 ")
        assert client.answer() == "250 2.0.0 OK", "and is read when it can be"


@pytest.fixture
def deaf(open_house: Any, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """A client that takes no answers, behind sockets that hold little."""
    monkeypatch.setattr(conversation, "ANSWERS_LIMIT", 10**9)

    def make(**terms: Any) -> tuple[House, Client, Any]:
        house = open_house(**terms)
        client = Client(house.port, takes=4096).login()
        (talk,) = house.door.conversations
        talk._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return house, client, talk

    return make


def test_answers_that_nobody_takes_stop_the_reading(deaf: Any) -> None:
    _, client, talk = deaf()
    _pushed(client, lines(b"VRFY".ljust(98)), lambda: talk._deaf and talk._paused)
    waiting = talk._transport.get_write_buffer_size()
    assert waiting < 2**20, "what one read asked for, and no more"
    assert len(talk._wire) <= conversation.AHEAD_LIMIT + 256 * 1024
    assert client.line().startswith("252 2.5.0 ")
    client.socket.close()


def test_reading_goes_on_when_answers_are_taken_again() -> None:
    async def play(it: Fed) -> None:
        it.talk.pause_writing()
        for _ in range(90):
            await it.feed(lines(b"NOOP".ljust(998)))
        assert it.line.paused and it.line.writes == []
        it.talk.resume_writing()
        assert not it.line.paused and len(it.line.writes) == 1

    assert fed(play) == ["250 2.0.0 OK"] * 90


def test_who_takes_no_answers_is_left_at_last(deaf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "FAREWELL_SECONDS", 0.3)
    house, client, _ = deaf(seconds=1.0)
    _pushed(client, lines(b"VRFY".ljust(98)), lambda: not house.door.conversations)
    _until(lambda: not house.door.conversations)
    client.socket.close()


def _pushed(client: Client, data: bytes, until: Callable[[], bool]) -> int:
    """Says `data` again and again until something has come about and no more is taken; how much was taken.

    Not only until no more is taken: on a busy machine that is also a door that was not given its turn.
    """
    sent, end = 0, time.monotonic() + PATIENCE
    client.socket.settimeout(0.1)
    while True:
        assert sent < 64 * 2**20, "64 MiB were taken"
        try:
            sent += client.socket.send(data[sent % len(data) :])
        except TimeoutError:
            if until():
                break
            assert time.monotonic() < end, "it did not come about"
        except ConnectionError:
            break
    client.socket.settimeout(PATIENCE)
    return sent


def test_who_leaves_inside_a_mail_leaves_nothing(open_house: Any) -> None:  # noqa: F811
    house = open_house()
    for linger in (struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)):  # by RST, by FIN
        with Client(house.port).login() as client:
            client.begin().say(b"A: b", b"x" * 5000)
            _until(lambda: house.door.octets > 5000)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        _until(lambda: not house.door.conversations)
        assert house.door.octets == 0
    assert house.gate.mails == []


# --- fail closed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError("hana@example.jp"), MemoryError(), KeyError(), TimeoutError()])
def test_a_gate_that_breaks_is_451(error: Exception) -> None:
    async def play(it: Fed) -> None:
        async def answer(mail: handover.Mail) -> str:
            raise error

        it.door.answer = answer  # type: ignore[method-assign]
        await it.feed(lines(*MAIL))
        await it.feed(TEXT + lines(b"NOOP", b"DATA"))

    assert fed(play)[3:] == [handover.SORRY, "250 2.0.0 OK", "503 5.5.1 Send MAIL first."]


@pytest.mark.parametrize("answer", [None, 250, b"250 2.0.0 x"])
def test_an_answer_that_is_none_is_451(answer: Any) -> None:
    async def play(it: Fed) -> None:
        async def answered(mail: handover.Mail) -> Any:
            return answer

        it.door.answer = answered  # type: ignore[method-assign]
        await it.feed(lines(*MAIL))
        await it.feed(TEXT + lines(b"NOOP"))

    assert fed(play)[3:] == [handover.SORRY, "250 2.0.0 OK"]


@pytest.mark.parametrize("step", ["has_mail", "mail"])
def test_a_mail_that_cannot_be_read_ends_the_conversation(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind it may be its rest, and must not be read as commands."""
    gate = Gate()

    async def play(it: Fed) -> None:
        await it.feed(lines(*MAIL))
        monkeypatch.setattr(wire.Wire, step, lambda self, limit: 1 / 0)
        await it.feed(TEXT + lines(*MAIL))

    assert fed(play, gate)[3:] == [conversation.BROKEN]
    assert gate.mails == []


@pytest.mark.parametrize("name", sorted(name.decode() for name in conversation.COMMANDS))
def test_a_command_that_breaks_is_451_and_does_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(talk: Any, arg: str) -> str:
        raise LookupError("hana@example.jp")

    monkeypatch.setitem(conversation.COMMANDS, name.encode(), broken)

    async def play(it: Fed) -> None:
        await it.feed(f"{name} x\r\n".encode())

    with structlog.testing.capture_logs() as entries:
        assert fed(play)[-1] == handover.SORRY if name not in ("EHLO", "AUTH") else True
    assert "hana" not in str(entries)


# --- TLS ---------------------------------------------------------------------------------------------------


@pytest.fixture
def context(papers: tuple[str, str]) -> ssl.SSLContext:  # noqa: F811
    return ssl.create_default_context(cafile=papers[0])


def begin_tls(house: House, context: ssl.SSLContext) -> Client:
    client = Client(house.port)
    assert client.answer().startswith("220 ")
    assert client.asks("STARTTLS") == "220 2.0.0 Ready to start TLS"
    client.starttls(context)
    return client


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_long_mail_by_tls_in_pieces(
    loop: Any,
    papers: tuple[str, str],  # noqa: F811
    context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvloop, "new_event_loop", loop)
    with House(Gate(), replace(USUAL, tls=smtp.certificate(*papers))) as house, begin_tls(house, context) as client:
        for each in LOGIN:
            assert client.asks(each)[:1] == "2"
        for _ in range(2):
            client.say(*MAIL)
            assert [client.line()[:3] for _ in range(3)] == ["250", "250", "354"]
            body = b"A: b\r\n\r\n" + b"text of a line\r\n" * 60_000
            client.socket.sendall(body + b".\r\n")
            assert client.answer().startswith("250 2.0.0 ")
        assert house.gate.mails[-1][2].endswith(b"\r\n" + body)
        assert client.asks("QUIT").startswith("221 ")
        assert client.line() == "<closed>"


def test_tls_holds_back_what_comes_too_fast(open_house: Any, papers: Any, context: ssl.SSLContext) -> None:  # noqa: F811
    gate = Gate()
    gate.may_end.clear()
    house = open_house(gate, tls=smtp.certificate(*papers))
    with begin_tls(house, context) as client:
        for each in LOGIN:
            client.asks(each)
        client.begin().say("A: b", ".")
        assert gate.running.wait(PATIENCE)
        (talk,) = house.door.conversations
        client.socket.settimeout(0.4)
        with suppress(TimeoutError):
            for _ in range(64):
                client.socket.sendall(lines(b"NOOP".ljust(998)) * 1000)
            raise AssertionError("64 MB were taken")
        assert len(talk._wire) <= conversation.AHEAD_LIMIT + 512 * 1024
        gate.may_end.set()
        client.socket.settimeout(PATIENCE)
        assert client.answer().startswith("250 2.0.0 ")


def test_who_never_shakes_hands_is_left(open_house: Any, papers: Any) -> None:  # noqa: F811
    for terms in ({"seconds": 0.6}, {"auth_seconds": 0.6}):
        house = open_house(tls=smtp.certificate(*papers), **terms)
        with Client(house.port) as client:
            client.answer()
            assert client.asks("STARTTLS").startswith("220 ")
            assert client.rest() == [], "not a word in the clear"
        _until(lambda house=house: not house.door.conversations)  # type: ignore[misc]


def test_what_came_in_the_clear_is_no_command_by_tls(open_house: Any, papers: Any) -> None:  # noqa: F811
    """Behind STARTTLS in the same segment it is forgotten; in the next it is no handshake (RFC 3207 4.2)."""
    house = open_house(tls=smtp.certificate(*papers))
    with Client(house.port) as client:
        client.answer()
        client.say(b"STARTTLS", b"EHLO mallory.example")
        assert client.line().startswith("220 ")
        client.say(*LOGIN, *MAIL)
        assert client.rest() == []
    _until(lambda: not house.door.conversations)
    assert house.gate.mails == []


def test_a_mail_goes_on_when_its_tls_ends(open_house: Any, papers: Any, context: ssl.SSLContext) -> None:  # noqa: F811
    gate = Gate()
    gate.may_end.clear()
    house = open_house(gate, tls=smtp.certificate(*papers))
    with begin_tls(house, context) as client:
        for each in LOGIN:
            client.asks(each)
        client.begin().say("A: b", ".")
        assert gate.running.wait(PATIENCE)
    gate.may_end.set()
    _until(lambda: len(gate.returned) == 1)
    _until(lambda: house.door.octets == 0 and not house.door.conversations)


def test_stop_ends_tls_as_well(papers: Any, context: ssl.SSLContext) -> None:  # noqa: F811
    with House(Gate(), replace(USUAL, tls=smtp.certificate(*papers))) as house, begin_tls(house, context) as client:
        assert client.asks(LOGIN[0]).startswith("250 ")
        house.close(PATIENCE)
        assert client.rest() == [conversation.CLOSING]
        assert house.wait_closed() is True


# --- who need not log in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("127.0.0.0/8", "names no network and service; give NETWORK=SERVICE"),
        ("=shop", "names no network and service"),
        ("10.0.0.1/8=shop", "has host bits set"),
        ("shop=10.0.0.0/8", "'shop' is no network"),
        ("10.0.0.0/8=shop,10.0.0.0/8=billing", "is given to shop and to billing; give it to one"),
    ],
)
def test_networks_that_cannot_be_read_say_why(text: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_SMTP_NETWORKS", text)
    with pytest.raises(smtp.DoorError, match="ATESAKI_SMTP_NETWORKS cannot be used") as error:
        smtp.networks()
    assert told in str(error.value)


def test_the_narrowest_network_counts() -> None:
    found = networks.Networks.read(" 10.0.0.0/8=shop, 10.1.0.0/16 = billing,10.1.2.3/32=one,fd00::/8=six,")
    expected = {
        "10.2.0.1": "shop",
        "10.1.0.1": "billing",
        "10.1.2.3": "one",
        "fd00::1": "six",
        "::ffff:10.2.0.1": "shop",
    }
    assert {peer: found.service_at(peer) for peer in expected} == expected
    assert {found.service_at(peer) for peer in ("192.0.2.1", "", "shop", "2001:db8::1")} == {None}
    assert networks.NOWHERE.service_at("127.0.0.1") is None
    assert found.far and not networks.Networks.read("127.0.0.0/8=a,::1/128=b").far


@pytest.fixture
def resident() -> Any:
    """A house where everybody on this machine is the shop, and the services it finds."""
    services: dict[str, Any] = {"shop": SimpleNamespace(name="shop")}
    asked: list[str] = []

    def find(name: str) -> Any:
        asked.append(name)
        found = services.get(name)
        if isinstance(found, Exception):
            raise found
        return found

    house = House(Gate(), replace(USUAL, networks=networks.Networks.read("127.0.0.0/8=shop"), auth_seconds=0.5))
    house.door = smtp.Door(house.door.terms, house.gate.core(), find)
    with house:
        yield house, services, asked


def test_a_network_speaks_as_its_service(resident: Any) -> None:
    house, _, asked = resident
    with Client(house.port) as client:
        client.answer()
        time.sleep(0.7)  # nobody need log in, so nobody is late
        client.asks("HELO printer")
        assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")
        client.asks("EHLO printer")
        assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")
        assert client.asks(LOGIN[1]).startswith("235 "), "and may still log in"
        assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")
    assert [service.name for service, _, _ in house.gate.mails] == ["shop", "shop", "supermarket"]
    for protocol, (_, _, raw) in zip(("SMTP", "ESMTP", "ESMTPA"), house.gate.mails, strict=True):
        assert f"with {protocol} id".encode() in raw
    assert asked == ["shop"], "remembered for a few seconds"


def test_a_service_that_is_gone_is_454_and_said_once(resident: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house, services, asked = resident
    monkeypatch.setattr(networks, "KNOWN_SECONDS", 0.0)
    services.clear()
    with structlog.testing.capture_logs() as entries, Client(house.port) as client:
        client.answer()
        client.asks("EHLO printer")
        for _ in range(3):
            assert client.asks(MAIL[0]).startswith("454 4.7.0 No service speaks from here")
        assert client.asks(MAIL[1]).startswith("503 ")
        services["shop"] = RuntimeError("password hunter2 failed for hana@example.jp")
        assert client.asks(MAIL[0]).startswith("454 4.7.0 Cannot look this up")
        services["shop"] = SimpleNamespace(name="shop")
        assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")
        services.clear()
        assert client.asks(MAIL[0]).startswith("454 ")
    assert [entry["event"] for entry in entries].count("smtp.no_such_service") == 2, "once each time it goes"
    assert "hunter2" not in str(entries) and len(asked) == 6


def test_many_that_come_at_once_make_one_look_up(resident: Any) -> None:
    house, _, asked = resident
    clients = [Client(house.port) for _ in range(10)]
    for client in clients:
        client.answer()
        client.say("EHLO a", MAIL[0])
    assert {[client.answer(), client.line()][1] for client in clients} == {"250 2.1.0 OK"}
    for client in clients:
        client.socket.close()
    assert len(asked) <= 2


def test_who_comes_from_elsewhere_must_log_in(open_house: Any) -> None:  # noqa: F811
    house = open_house(networks=networks.Networks.read("10.0.0.0/8=shop"))
    with Client(house.port) as client:
        client.answer()
        client.asks("EHLO printer")
        assert client.asks(MAIL[0]) == "530 5.7.0 Authentication required"


@pytest.mark.parametrize(
    ("text", "warned"), [("10.0.0.0/8=shop,127.0.0.0/8=shop", ["10.0.0.0/8"]), ("::1/128=shop", None)]
)
def test_a_network_that_is_not_of_this_machine_is_warned_of(text: str, warned: list[str] | None) -> None:
    async def serve() -> bool:
        door = smtp.Door(replace(USUAL, networks=networks.Networks.read(text)), Gate().core())
        serving = asyncio.create_task(smtp._serve(door, "127.0.0.1", 0, "gate"))
        while door._server is None:
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        return await serving

    with structlog.testing.capture_logs() as entries:
        assert asyncio.run(serve())
    told = [entry["networks"] for entry in entries if entry["event"] == "gate.no_password_asked"]
    assert told == ([warned] if warned else [])


@pytest.mark.postfix
def test_smtp_source_can_send_without_a_password(resident: Any, require: Callable[..., Path]) -> None:
    house, _, _ = resident
    words = ["-s", "5", "-m", "40", "-l", "4096", "-f", "a@example.com", "-t", "hana@example.jp"]
    ran = subprocess.run(
        [require("smtp-source"), *words, f"127.0.0.1:{house.port}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert len(house.gate.mails) == 40


# --- many processes on one port ------------------------------------------------------------------------------


def test_a_port_is_shared_only_by_who_says_so(open_house: Any) -> None:  # noqa: F811
    async def second(port: int, *, shared: bool) -> None:
        door = smtp.Door(replace(USUAL, shared=shared), Gate().core())
        await door.start("127.0.0.1", port)
        await door.stop(0)

    alone, shared = open_house(), open_house(shared=True)
    asyncio.run(second(shared.port, shared=True))
    for port, wish in ((alone.port, True), (alone.port, False), (shared.port, False)):
        with pytest.raises(smtp.DoorError, match="set ATESAKI_SMTP to a free one"):
            asyncio.run(second(port, shared=wish))


def test_serve_starts_as_many_gates_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [name for name, _ in _gates()] == ["gate"]
    monkeypatch.setenv("ATESAKI_GATE_PROCESSES", "3")
    assert [(name, words[-1]) for name, words in _gates()] == [("gate", "gate"), ("gate2", "gate"), ("gate3", "gate")]
    monkeypatch.setenv("ATESAKI_GATE_PROCESSES", "none")
    with pytest.raises(Failure, match=r"ATESAKI_GATE_PROCESSES='none' cannot be used; give a whole number, 1 or more"):
        _gates()


def test_two_doors_on_one_port_take_turns(open_house: Any) -> None:  # noqa: F811
    first = open_house(shared=True)
    second = House(Gate(), replace(USUAL, shared=True))

    async def serve_on_the_same() -> None:
        second._leave = asyncio.Event()
        second.port = await second.door.start("127.0.0.1", first.port)
        second._open.set()
        await second._leave.wait()
        second.ended = await second.door.stop(second.patience)

    second._serve = serve_on_the_same  # type: ignore[method-assign]
    with second:
        for _ in range(40):
            with smtplib.SMTP("127.0.0.1", first.port, timeout=PATIENCE) as client:
                client.login("supermarket", "right")
                client.sendmail("order@shop.example.jp", ["hana@example.jp"], "A: b\n")
        assert len(first.gate.mails) + len(second.gate.mails) == 40
        assert first.gate.mails and second.gate.mails
