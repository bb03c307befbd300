"""Couriers against next hops that behave, refuse, stall and die."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server

from atesaki import addresses
from atesaki.outbox import CourierError, Envelope, Hand, Handed, Upstream
from atesaki.outbox.couriers import Maildir, Smtp, _courier

MAIL = b"From: shop@shop.example\r\nSubject: x\r\n\r\n.a line that begins with a dot\r\n..two\r\n\r\nend\r\n"
HANA, KEN = addresses.parse("hana@example.jp"), addresses.parse("ken@example.jp")


def envelope(*to: addresses.Address, **more: bool) -> Envelope:
    return Envelope("shop@shop.example", to or (HANA,), **more)


@contextmanager
def script(*lines: tuple[str, str] | Callable[[socket.socket], None]) -> Iterator[int]:
    """A next hop that waits for each command and gives the scripted answer, or does the scripted thing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as commands:
            peer.sendall(b"220 next.example ESMTP\r\n")
            for line in lines:
                if callable(line):
                    line(peer)
                    return
                expected, answer = line
                command = commands.readline()
                if expected == "DOT":
                    while command.rstrip() != b".":
                        command = commands.readline()
                else:
                    assert command.upper().startswith(expected.upper().encode()), command
                peer.sendall(answer.replace("\n", "\r\n").encode() + b"\r\n")
            commands.read()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


EHLO = ("ehlo", "250-next.example\n250-SIZE 1000000\n250 8BITMIME")


class InLoop:
    """The same next hop seen from an event loop, called as if it were a thread's."""

    def __init__(self, hop: Smtp) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.upstream = Upstream(hop)

    def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
        return self.runner.run(self.upstream.hand(envelope, content, seconds))

    def close(self) -> None:
        self.upstream.close()
        self.runner.close()


@pytest.fixture(params=["thread", "loop"])
def smtp(request: pytest.FixtureRequest) -> Iterator[Callable[..., Smtp | InLoop]]:
    """Makes a courier to a port of loopback, of one kind and of the other."""
    made: list[InLoop] = []

    def make(port: int, login: tuple[str, str] | None = None) -> Smtp | InLoop:
        hop = Smtp("127.0.0.1", port, secure=False, login=login)
        if request.param == "thread":
            return hop
        made.append(InLoop(hop))
        return made[-1]

    yield make
    for each in made:
        each.close()


Made = Callable[..., Smtp | InLoop]


class Box:
    """An aiosmtpd handler that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.connections = 0

    async def handle_DATA(self, server: Server, session: object, mail: object) -> str:
        self.mails.append((mail.mail_from, mail.rcpt_tos, mail.original_content))
        return "250 2.0.0 kept"

    async def handle_RCPT(self, server: Server, session: object, mail: object, address: str, options: list) -> str:
        if address.startswith("no@"):
            return "550 5.1.1 no such user"
        mail.rcpt_tos.append(address)
        return "250 2.1.5 ok"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running() -> Iterator[tuple[Box, int]]:
    box = Box()

    class Counting(Controller):
        def factory(self) -> Server:
            box.connections += 1
            return super().factory()

    controller = Counting(box, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    box.connections = 0
    try:
        yield box, controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop()


def test_a_mail_arrives_byte_for_byte_and_connections_are_kept(smtp: Made) -> None:
    with running() as (box, port):
        courier = smtp(port)
        for _ in range(5):
            (handed,) = courier.hand(envelope(), MAIL, 5)
            assert (handed.hand, handed.code) == (Hand.ACCEPTED, 250)
        assert [mail[2] for mail in box.mails] == [MAIL] * 5
        assert box.connections == 1


def test_recipients_are_answered_one_by_one(smtp: Made) -> None:
    with running() as (box, port):
        handed = smtp(port).hand(envelope(addresses.parse("no@example.jp"), KEN), MAIL, 5)
        assert [one.hand for one in handed] == [Hand.PERMANENT, Hand.ACCEPTED]
        assert box.mails[0][1] == ["ken@example.jp"]
        handed = smtp(port).hand(envelope(addresses.parse("no@example.jp")), MAIL, 5)
        assert handed[0].hand is Hand.PERMANENT and "no such user" in handed[0].text


def test_a_carriers_address_reaches_the_next_hop_unspoilt(smtp: Made) -> None:
    with running() as (box, port):
        address = addresses.parse("a..b.@docomo.ne.jp")
        assert smtp(port).hand(envelope(address), MAIL, 5)[0].hand is Hand.ACCEPTED
        assert addresses.same(box.mails[0][1][0], address)


def test_an_internationalised_address_needs_a_next_hop_that_takes_it(smtp: Made) -> None:
    address = addresses.parse("花@example.jp")
    with running() as (box, port):
        assert smtp(port).hand(envelope(address, smtputf8=True), MAIL, 5)[0].hand is Hand.ACCEPTED
        assert box.mails[0][1] == ["花@example.jp"]
    with script(EHLO) as port:
        (handed,) = smtp(port).hand(envelope(address, smtputf8=True), MAIL, 5)
        assert handed.hand is Hand.PERMANENT and "SMTPUTF8" in handed.text


def test_a_mail_without_a_line_end_at_its_end_is_ended_properly(smtp: Made) -> None:
    with running() as (box, port):
        assert smtp(port).hand(envelope(), MAIL + b"no line end", 5)[0].hand is Hand.ACCEPTED
        assert box.mails[0][2] == MAIL + b"no line end\r\n"


@pytest.mark.parametrize(
    ("dialog", "hand"),
    [
        ([EHLO, ("MAIL", "451 4.3.0 later")], Hand.TEMPORARY),
        ([EHLO, ("MAIL", "550 5.7.1 no")], Hand.PERMANENT),
        ([EHLO, ("MAIL", "250 ok"), ("RCPT", "450 greylisted"), ("rset", "250 ok")], Hand.TEMPORARY),
        ([EHLO, ("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "452 disk full")], Hand.TEMPORARY),
        (
            [EHLO, ("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), ("DOT", "554 5.6.0 spam")],
            Hand.PERMANENT,
        ),
        ([EHLO, ("MAIL", "250 ok"), lambda peer: peer.close()], Hand.TEMPORARY),
        (
            [EHLO, ("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), lambda peer: time.sleep(1.5)],
            Hand.UNKNOWN,
        ),
        ([EHLO, ("MAIL", "250 ok"), lambda peer: time.sleep(1.5)], Hand.TEMPORARY),
        ([("ehlo", "500 what"), ("helo", "421 4.3.2 going down")], Hand.TEMPORARY),
        ([EHLO, ("MAIL", "nonsense")], Hand.TEMPORARY),
    ],
)
def test_every_way_to_fail_is_told_apart_and_bounded(smtp: Made, dialog: list, hand: Hand) -> None:
    with script(*dialog) as port:
        began = time.monotonic()
        (handed,) = smtp(port).hand(envelope(), MAIL, 1)
        assert handed.hand is hand, handed
        assert time.monotonic() - began < 10


def test_a_next_hop_that_is_away_is_temporary(smtp: Made) -> None:
    port = free_port()
    assert [one.hand for one in smtp(port).hand(envelope(HANA, KEN), MAIL, 2)] == [Hand.TEMPORARY] * 2


def test_a_password_is_not_sent_without_encryption(smtp: Made) -> None:
    with running() as (box, port):
        (handed,) = smtp(port, login=("me", "secret")).hand(envelope(), MAIL, 5)
        assert handed.hand is Hand.TEMPORARY and "STARTTLS" in handed.text and box.mails == []


def test_a_server_that_ended_an_idle_connection_is_called_again(smtp: Made) -> None:
    with running() as (box, port):
        courier = smtp(port)
        courier.hand(envelope(), MAIL, 5)
        if isinstance(courier, Smtp):
            courier._idle[0][1].sock.shutdown(socket.SHUT_RDWR)
        else:
            handle = courier.upstream._idle[0]._transport.get_extra_info("socket").fileno()
            with socket.socket(fileno=os.dup(handle)) as ours:
                ours.shutdown(socket.SHUT_RDWR)
        assert courier.hand(envelope(), MAIL, 5)[0].hand is Hand.ACCEPTED
        assert box.connections == 2


def test_a_maildir_gets_a_file_per_recipient_and_a_full_disk_is_temporary(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path / "box")
    assert all(one.hand is Hand.ACCEPTED for one in maildir.hand(envelope(HANA, KEN), MAIL, 5))
    files = sorted((tmp_path / "box" / "new").iterdir())
    assert len(files) == 2 and all(file.read_bytes().endswith(MAIL) for file in files)
    assert list((tmp_path / "box" / "tmp").iterdir()) == []
    full = Maildir(Path("/dev/full"))
    assert full.hand(envelope(), MAIL, 5)[0].hand is Hand.TEMPORARY
    assert maildir.hand(envelope(), MAIL, -1)[0].hand is Hand.TEMPORARY, "too late is too late"


@pytest.mark.parametrize("url", ["http://mx.example", "smtp://", "mx.example", "smtp://mx.example:http"])
def test_a_wrong_upstream_is_said(url: str) -> None:
    with pytest.raises(CourierError, match="ATESAKI_UPSTREAM"):
        _courier(url)


@pytest.mark.postfix
def test_postfixs_own_sink_takes_it_unchanged(smtp: Made, require: Callable[..., Path], tmp_path: Path) -> None:
    sink = require("smtp-sink")
    port = free_port()
    tmp_path.chmod(0o777)  # the sink gives up root's rights, and writes here
    as_user = ["-u", "postfix"] if os.geteuid() == 0 else []
    process = subprocess.Popen([sink, *as_user, "-D", "sunk.", f"127.0.0.1:{port}", "10"], cwd=tmp_path)
    try:
        deadline = time.monotonic() + 30
        while smtp(port).hand(envelope(), MAIL, 2)[0].hand is not Hand.ACCEPTED:
            assert time.monotonic() < deadline
    finally:
        process.terminate()
        process.wait()
    assert MAIL.replace(b"\r\n", b"\n") in next(tmp_path.glob("sunk.*")).read_bytes()


PIPE = ("ehlo", "250-next.example\n250-PIPELINING\n250 8BITMIME")
TAKEN = [PIPE, ("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go")]


def silent(peer: socket.socket) -> None:
    """Hangs up when the whole mail has come."""
    whole = b""
    while not whole.endswith(b"\r\n.\r\n"):
        whole += peer.recv(65536)


def unsent(peer: socket.socket) -> None:
    """What was refused to everybody is not sent, although it was asked for."""
    assert peer.recv(65536) == b""


@pytest.mark.parametrize(
    ("dialog", "hands"),
    [
        ([*TAKEN, ("DOT", "250 ok")], [Hand.ACCEPTED]),
        ([*TAKEN, ("DOT", "452 full")], [Hand.TEMPORARY]),
        ([PIPE, ("MAIL", "451 later"), ("RCPT", "503 no"), ("DATA", "503 no"), ("RSET", "250 ok")], [Hand.TEMPORARY]),
        ([PIPE, ("MAIL", "250 ok"), ("RCPT", "550 no"), ("DATA", "554 no"), ("RSET", "250 ok")], [Hand.PERMANENT]),
        ([PIPE, ("MAIL", "250 ok"), ("RCPT", "550 no"), ("DATA", "354 go"), unsent], [Hand.PERMANENT]),
        ([PIPE, ("MAIL", "250 ok"), lambda peer: peer.close()], [Hand.TEMPORARY]),
        ([PIPE, ("MAIL", "250 ok"), ("RCPT", "550 no"), lambda peer: peer.close()], [Hand.TEMPORARY] * 2),
        (
            [*TAKEN[:-1], ("RCPT", "550 no"), ("DATA", "354 go"), ("DOT", "250 ok")],
            [Hand.ACCEPTED, Hand.PERMANENT],
        ),
        ([*TAKEN, silent], [Hand.UNKNOWN]),
        ([PIPE, lambda peer: peer.close()], [Hand.TEMPORARY]),
    ],
)
def test_a_pipelined_transaction_is_answered_for_each(dialog: list, hands: list[Hand]) -> None:
    with script(*dialog) as port:
        hop = InLoop(Smtp("127.0.0.1", port, secure=False, login=None))
        try:
            handed = hop.hand(envelope(*(HANA, KEN)[: len(hands)]), MAIL, 20)
        finally:
            hop.close()
    assert [one.hand for one in handed] == hands
