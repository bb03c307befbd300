"""The SMTP door, tried over loopback with a gate of the tests' own, so that no database is needed.

How a dialog is written (tests/dialogs/*.dialog), one step a line:

    # ...                    a remark
    door: octets=2000 ...    terms that differ from the usual ones; `tls` gives it a certificate, `far` makes the
                             door think that the client is not on loopback
    gate: hold,refuse        what the gate says to the next mails: outcomes, `later`, `unacceptable TEXT`,
                             or `raises TEXT`; left out, every mail is delivered
    first: _login            play that dialog first; one whose name begins with _ is only a beginning
    C: EHLO shop.example.jp  what the client says. CRLF is added, but for a line that ends in a backslash.
                             Steps that follow each other go out in one write: that is pipelining.
    S: 250 2.1.0 OK          the next line of the door; * stands for anything
    S: <closed>              the door hangs up
    T: starttls              the client does the TLS handshake
    G: a@x -> b@y, c@z       the next mail that the gate got: sender and recipients ...
    G: | text                ... and each of its lines, after our trace line
    G: nothing               the gate got no mail, or no other

In C lines `<CR>`, `<LF>`, `<NUL>`, `<CRLF>` are those octets, `<x*900>` is 900 times x, `<plain:a:b>` the
credentials of AUTH PLAIN, `<base64:a>` that text encoded. A dialog that does not end in `S: <closed>` must be able to
end with QUIT, so that no answer can be left over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki.addresses import parse
from atesaki.doors import commands, conversation, handover, smtp

DIALOGS = sorted(Path(__file__).parent.glob("dialogs/[!_]*.dialog"))
PATIENCE = 30.0  # seconds that any test waits for the door


class TryLater(Exception):
    pass


class Unacceptable(Exception):
    pass


@dataclass
class Gate:
    """Stands for `atesaki.gate` and `atesaki.tenants`; remembers what it got."""

    script: list[str] = field(default_factory=list)
    mails: list[tuple[Any, Any, bytes]] = field(default_factory=list)
    returned: list[UUID] = field(default_factory=list)
    rests: int = 0
    running: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_end.set()

    def identify(self, username: str, secret: str) -> Any:
        if username == "away" or "\0" in username:  # PostgreSQL takes no NUL
            raise RuntimeError("connection to db.example with password hunter2 failed")
        return SimpleNamespace(name=username) if (username, secret) == ("supermarket", "right") else None

    def submit(self, service: Any, envelope: Any, raw: bytes) -> Any:
        self.mails.append((service, envelope, raw))
        self.running.set()
        assert self.may_end.wait(PATIENCE)
        word, _, text = (self.script.pop(0) if self.script else "").partition(" ")
        if word == "later":
            raise TryLater(text)
        if word == "unacceptable":
            raise Unacceptable(text)
        if word == "raises":
            raise RuntimeError(text)
        outcomes = word.split(",") if word else ["deliver"] * len(envelope.recipients)
        receipt = SimpleNamespace(id=uuid4(), outcomes=tuple(outcomes), reasons=("disavowed",) * len(outcomes))
        self.returned.append(receipt.id)
        return receipt

    def rest(self) -> None:
        self.rests += 1

    def core(self) -> handover.Core:
        return handover.Core(
            identify=self.identify,
            submit=self.submit,
            envelope=SimpleNamespace,
            reasons={"disavowed": "The owner of this mailbox has said that it is not the customer's."},
            try_later=TryLater,
            unacceptable=Unacceptable,
            rest=self.rest,
        )


USUAL = smtp.Terms(domain="gate.example.jp", wrong_seconds=0.0, threads=4)


class House:
    """A door that listens in a thread of its own, on the event loop that production uses."""

    def __init__(self, gate: Gate, terms: smtp.Terms = USUAL) -> None:
        self.gate = gate
        self.door = smtp.Door(terms, gate.core())
        self.port = 0
        self.ended: bool | None = None
        self._open = threading.Event()
        self._leave: asyncio.Event
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._leave = asyncio.Event()
        self.port = await self.door.start()
        self._open.set()
        await self._leave.wait()
        self.ended = await self.door.stop(self.patience)

    def __enter__(self) -> House:
        self._thread.start()
        assert self._open.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.may_end.set()
        self.close(2.0)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self.door._pool.shutdown()  # what a test abandoned must not log into the next one

    def close(self, patience: float) -> None:
        if not self._leave.is_set():
            self.patience = patience
            self.door.loop.call_soon_threadsafe(self._leave.set)

    def wait_closed(self) -> bool | None:
        self._thread.join(PATIENCE)
        return self.ended


class Client:
    """A socket that speaks in lines."""

    def __init__(self, port: int, takes: int = 0) -> None:
        """`takes`: octets that its system keeps unread. Not set later: what was promised by then would be dropped."""
        self.socket: socket.socket = socket.socket()
        if takes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, *lines: str | bytes) -> None:
        self.socket.sendall(b"".join((x.encode() if isinstance(x, str) else x) + b"\r\n" for x in lines))

    def line(self) -> str:
        """The next line, or `<closed>`."""
        while b"\n" not in self.unread:
            try:
                piece = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                piece = b""
            if not piece:
                return "<closed>"
            self.unread += piece
        line, _, self.unread = self.unread.partition(b"\n")
        assert line.endswith(b"\r"), line
        return line[:-1].decode()

    def answer(self) -> str:
        """The last line of the next answer."""
        while re.match(r"\d{3}-", line := self.line()):
            pass
        return line

    def asks(self, *lines: str | bytes) -> str:
        self.say(*lines)
        return self.answer()

    def rest(self) -> list[str]:
        return list(iter(self.line, "<closed>"))

    def starttls(self, context: ssl.SSLContext) -> None:
        assert not self.unread, "the door said something in the clear after it had agreed to TLS"
        self.socket = context.wrap_socket(self.socket, server_hostname="gate.example.jp")

    def login(self) -> Client:
        assert self.answer().startswith("220 ")
        assert self.asks("EHLO shop.example.jp").startswith("250 ")
        assert self.asks(f"AUTH PLAIN {plain('supermarket', 'right')}").startswith("235 ")
        return self

    def begin(self) -> Client:
        """Up to 354."""
        assert self.asks("MAIL FROM:<order@shop.example.jp>").startswith("250 ")
        assert self.asks("RCPT TO:<hana@example.jp>").startswith("250 ")
        assert self.asks("DATA").startswith("354 ")
        return self


def plain(username: str, secret: str) -> str:
    return b64encode(f"\0{username}\0{secret}".encode()).decode()


@pytest.fixture
def house() -> Iterator[House]:
    with House(Gate()) as found:
        yield found


@pytest.fixture
def open_house() -> Iterator[Any]:
    """Opens doors on other terms, or with a gate that has something to say, and closes them."""
    with contextlib.ExitStack() as stack:
        yield lambda gate=None, **terms: stack.enter_context(House(gate or Gate(), replace(USUAL, **terms)))


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for gate.example.jp, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate.example.jp")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("gate.example.jp")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("papers")
    (place / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (place / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(place / "cert.pem"), str(place / "key.pem")


# --- dialogs ---------------------------------------------------------------------------------------------


def steps(path: Path) -> list[tuple[str, str]]:
    found = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, _, text = line.partition(":")
        if kind == "first":
            found += steps(path.with_name(f"{text.strip()}.dialog"))
        else:
            assert kind in ("door", "gate", "C", "S", "T", "G"), f"{path.name}: {line}"
            found.append((kind, text.removeprefix(" ")))
    return found


def octets(text: str) -> bytes:
    """A C line as it goes out."""
    text, ended = (text[:-1], "") if text.endswith("\\") else (text, "\r\n")
    for name, char in (("CRLF", "\r\n"), ("CR", "\r"), ("LF", "\n"), ("NUL", "\0")):
        text = text.replace(f"<{name}>", char)
    text = re.sub(r"<(.)\*(\d+)>", lambda found: found[1] * int(found[2]), text)
    text = re.sub(r"<plain:([^:>]*):([^>]*)>", lambda found: plain(found[1], found[2]), text)
    text = re.sub(r"<base64:([^>]*)>", lambda found: b64encode(found[1].encode()).decode(), text)
    return (text + ended).encode()


def expects(pattern: str, line: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), line))


def terms_of(script: list[tuple[str, str]], papers: tuple[str, str]) -> tuple[smtp.Terms, bool]:
    terms, far = USUAL, False
    for word in " ".join(text for kind, text in script if kind == "door").split():
        name, _, value = word.partition("=")
        if name == "tls":
            terms = replace(terms, tls=smtp.certificate(*papers))
        elif name == "far":
            far = True
        else:
            terms = replace(terms, **{name: type(getattr(terms, name))(value)})
    return terms, far


def check_gate(text: str, mails: list[tuple[Any, Any, bytes]], lines: list[str]) -> list[str]:
    """One G step; returns the lines of the mail that is being looked at."""
    if text.startswith("|"):
        assert lines, "the gate's mail has no further line"
        assert lines.pop(0) == text[1:].removeprefix(" ")
        return lines
    assert not lines, f"the gate's mail goes on: {lines}"
    if text == "nothing":
        assert mails == []
        return []
    service, envelope, raw = mails.pop(0)
    assert service.name == "supermarket"
    assert f"{envelope.sender} -> {', '.join(to.text for to in envelope.recipients)}" == text
    trace = re.match(rb"Received: from .*\r\n(\t.*\r\n){2}", raw)
    assert trace, raw
    return raw[trace.end() :].decode().removesuffix("\r\n").split("\r\n")


@pytest.mark.parametrize("path", DIALOGS, ids=lambda path: path.stem)
def test_dialog(path: Path, papers: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = steps(path)
    terms, far = terms_of(script, papers)
    if far:
        monkeypatch.setattr(conversation, "on_loopback", lambda peer: False)
    gate = Gate(script=[text for kind, text in script if kind == "gate"])
    with House(gate, terms) as house, Client(house.port) as client:
        to_say, body, heard = b"", [], ""
        for number, (kind, text) in enumerate(script, 1):
            if kind != "C" and to_say:
                client.socket.sendall(to_say)
                to_say = b""
            if kind == "C":
                to_say += octets(text)
            elif kind == "S":
                heard = client.line()
                assert expects(text, heard), f"step {number} expects {text!r}, the door says {heard!r}"
            elif kind == "T":
                client.starttls(ssl.create_default_context(cafile=papers[0]))
            elif kind == "G":
                body = check_gate(text, gate.mails, body)
        assert not to_say and not body
        if heard != "<closed>":
            assert client.asks("QUIT").startswith("221 2.0.0 ")
            assert client.line() == "<closed>"


def test_there_are_dialogs() -> None:
    assert len(DIALOGS) >= 40


# --- what a transcript cannot tell -----------------------------------------------------------------------


def test_an_exception_in_a_command_is_451_without_its_text(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: str) -> None:
        raise LookupError("hana@example.jp is in shard 7")

    with Client(house.port).login() as client:
        monkeypatch.setattr(commands, "_sender", fails)
        assert client.asks("MAIL FROM:<order@shop.example.jp>") == handover.SORRY
        monkeypatch.undo()
        client.begin()


def test_trace_line_is_in_front_and_the_rest_is_untouched(house: House) -> None:
    body = "From: order@shop.example.jp\r\nSubject: a\r\n\r\n日本語\r\n..two dots\r\n".encode()
    with Client(house.port).login() as client:
        client.begin()
        assert client.asks(body.replace(b"\r\n..", b"\r\n...") + b".").startswith("250 2.0.0 ")
    _, envelope, raw = house.gate.mails[0]
    trace = re.match(
        rb"Received: from shop\.example\.jp \(\[127\.0\.0\.1\]\)\r\n"
        rb"\tby gate\.example\.jp with ESMTPA id [0-9a-f]{8}-1;\r\n"
        rb"\t\w{3}, \d{2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n",
        raw,
    )
    assert trace
    assert raw[trace.end() :] == body
    assert envelope.body8bit is True
    assert envelope.client == "127.0.0.1"


@pytest.mark.parametrize(
    ("said", "written"), [("shop.example.jp", "shop.example.jp"), ("a\tb", "unknown"), ("店.example", "unknown")]
)
def test_trace_line_repeats_only_a_name(said: str, written: str) -> None:
    line = handover.Trace(said, "2001:db8::1", "gate.example.jp", "ESMTPSA", "1-1").line()
    assert line.startswith(f"Received: from {written} ([IPv6:2001:db8::1])\r\n\tby ".encode())


@pytest.mark.parametrize("found", [{"outcomes": ["deliver"]}, {"outcomes": ["deliver", "accepted"]}])
def test_a_receipt_that_is_not_understood_is_no_250(found: dict[str, Any]) -> None:
    core = replace(Gate().core(), submit=lambda *_: SimpleNamespace(id=uuid4(), reasons=(), **found))
    trace = handover.Trace("a", "127.0.0.1", "b", "ESMTPA", "1-1")
    two = (parse("hana@example.jp"), parse("ken@example.jp"))
    mail = handover.Mail(SimpleNamespace(name="s"), "", two, False, False, b"A: b\r\n", trace)
    assert handover.hand_over(core, mail) == handover.SORRY


def test_a_connection_that_cannot_be_given_back_costs_no_receipt(open_house: Any) -> None:
    gate = Gate()
    gate.rest = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with Client(open_house(gate).port).login() as client:
        assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")


def test_every_thread_gives_its_database_connection_back(house: House) -> None:
    with Client(house.port).login() as client:
        assert house.gate.rests == 1
        client.begin().asks("A: b", ".")
        assert house.gate.rests == 2


def test_a_submit_goes_on_when_the_client_leaves(house: House) -> None:
    house.gate.may_end.clear()
    with Client(house.port).login() as client:
        client.begin().say("A: b", ".")
        assert house.gate.running.wait(PATIENCE)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert house.gate.returned == []
    house.gate.may_end.set()
    _until(lambda: len(house.gate.returned) == 1)


def test_a_client_that_only_listens_any_more_gets_its_answer(house: House) -> None:
    with Client(house.port).login() as client:
        client.begin().say("A: b", ".", "QUIT")
        client.socket.shutdown(socket.SHUT_WR)
        assert [line[:9] for line in client.rest()] == ["250 2.0.0", "221 2.0.0"]


def test_a_client_that_waits_for_the_gate_is_not_idle(open_house: Any) -> None:
    gate = Gate()
    gate.may_end.clear()
    with Client(open_house(gate, seconds=0.5).port).login() as client:
        client.begin().say("A: b", ".")
        assert gate.running.wait(PATIENCE)
        time.sleep(1.2)
        gate.may_end.set()
        assert client.answer().startswith("250 2.0.0 ")
        assert client.answer().startswith("421 4.4.2 ")


def test_a_mail_that_keeps_coming_is_not_idle(open_house: Any) -> None:
    with Client(open_house(seconds=2.0).port).login() as client:
        client.begin()
        for _ in range(6):
            time.sleep(0.4)
            client.say("A: b")
        assert client.asks(".").startswith("250 2.0.0 ")


def test_a_wrong_password_costs_time(open_house: Any) -> None:
    with Client(open_house(wrong_seconds=0.3).port) as client:
        client.answer()
        client.asks("EHLO shop.example.jp")
        begun = time.monotonic()
        assert client.asks(f"AUTH PLAIN {plain('supermarket', 'wrong')}").startswith("535 5.7.8 ")
        assert time.monotonic() - begun >= 0.3


def test_a_connection_may_be_used_for_as_many_mails_as_there_are(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWERS_LIMIT", 10)
    monkeypatch.setattr(conversation, "ERRORS_LIMIT", 2)
    with Client(house.port).login() as client:
        for _ in range(10):
            assert client.asks("DATA").startswith("503 ")
            assert client.begin().asks("A: b", ".").startswith("250 2.0.0 ")


def test_commands_without_a_mail_come_to_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWERS_LIMIT", 30)
    with Client(house.port).login() as client, contextlib.suppress(ConnectionError):
        client.say(*["NOOP"] * 100)
        answers = client.rest()
    assert answers[-1] == "421 4.7.0 Too many commands without a mail; closing."
    assert set(answers[:-1]) == {"250 2.0.0 OK"}
    assert len(answers) < 32


def test_who_has_logged_in_may_stay(open_house: Any) -> None:
    with Client(open_house(auth_seconds=0.5).port).login() as client:
        time.sleep(0.8)
        assert client.asks("NOOP") == "250 2.0.0 OK"


def test_who_comes_while_the_door_closes_is_sent_away(house: House) -> None:
    house.door.stopping = True
    with Client(house.port) as client:
        assert client.rest() == [conversation.CLOSING]


def test_over_the_limit_of_connections_is_421_until_one_leaves(open_house: Any) -> None:
    house = open_house(connections=2)
    with Client(house.port).login() as first, Client(house.port).login():
        with Client(house.port) as third:
            assert third.line().startswith("421 4.7.0 Too many connections")
            assert third.line() == "<closed>"
        first.asks("QUIT")
        _until(lambda: len(house.door.conversations) == 1)
        with Client(house.port).login() as fourth:
            assert fourth.asks("NOOP") == "250 2.0.0 OK"


def test_more_mail_at_once_than_fits_is_452(open_house: Any) -> None:
    house = open_house(octets=100_000, octets_in_all=60_000)
    line = b"x" * 500
    with Client(house.port).login() as one, Client(house.port).login() as two:
        one.begin().say(*[line] * 100)
        _until(lambda: house.door.octets > 50_000)
        two.begin().say(*[line] * 60)
        assert two.line().startswith("452 4.3.1 ")
        assert two.line().startswith("421 ")
        assert one.asks(".").startswith("250 ")
    _until(lambda: house.door.octets == 0)


def test_a_mail_without_end_is_cut_off(open_house: Any) -> None:
    house = open_house(octets=10_000)
    with Client(house.port).login() as client:
        client.begin()
        with contextlib.suppress(ConnectionError):
            for _ in range(2_000):
                client.say(b"x" * 900)
        # The door has closed on what was still coming, so its words may be lost; what counts is that it closed.
        _until(lambda: not house.door.conversations)
    assert house.gate.mails == []


def test_stop_lets_the_running_mail_end_and_sends_the_idle_away(house: House) -> None:
    house.gate.may_end.clear()
    with Client(house.port).login() as idle, Client(house.port).login() as half, Client(house.port).login() as busy:
        half.begin().say("A: b")
        busy.begin().say("A: b", ".", "NOOP")
        assert house.gate.running.wait(PATIENCE)
        house.close(PATIENCE)
        assert idle.rest() == [conversation.CLOSING]
        assert half.rest() == [conversation.CLOSING]
        with pytest.raises(ConnectionError):
            Client(house.port)
        house.gate.may_end.set()
        answers = busy.rest()
        assert answers[0].startswith("250 2.0.0 ")
        assert answers[1:] == [conversation.CLOSING]
    assert house.wait_closed() is True
    assert len(house.gate.mails) == 1


def test_stop_does_not_wait_for_ever(open_house: Any) -> None:
    gate = Gate()
    gate.may_end.clear()
    house = open_house(gate)
    with Client(house.port).login() as client:
        client.begin().say("A: b", ".")
        assert gate.running.wait(PATIENCE)
        house.close(0.2)
        assert client.rest() == [conversation.CLOSING]
    assert house.wait_closed() is False


def test_nothing_that_is_logged_tells_an_address_or_a_mail(
    house: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    house.gate.script = ["", "raises Key (address)=(hana@example.jp) exists"]
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as entries, Client(house.port).login() as client:
        for _ in range(2):
            client.begin().asks("Subject: 注文確認 secret-subject", ".")
        client.asks("MAIL FROM:<broken")
        client.asks("QUIT")
    told = f"{entries} {caplog.text} {capsys.readouterr()}"
    for word in ("hana@", "order@", "secret-subject", "right"):
        assert word not in told
    assert {entry["event"] for entry in entries} == {"smtp.answered", "smtp.failed"}
    answered = next(entry for entry in entries if entry["event"] == "smtp.answered")
    assert answered["recipients"] == ["h***@e***.jp"]
    assert answered["ledger"] == str(house.gate.returned[0])
    failed = next(entry for entry in entries if entry["event"] == "smtp.failed")
    assert failed["error"] == "RuntimeError" and failed["at"].startswith("submit:")


def test_what_is_counted(house: House) -> None:
    def count(code: str) -> float:
        return conversation.ANSWERS.labels(code)._value.get()

    before = count("553"), conversation.CONNECTIONS._value.get()
    with Client(house.port).login() as client:
        client.asks("MAIL FROM:<order@shop.example.jp>")
        client.asks("RCPT TO:<nobody>")
        assert (count("553"), conversation.CONNECTIONS._value.get()) == (before[0] + 1, before[1] + 1)
        client.asks("QUIT")
    _until(lambda: conversation.CONNECTIONS._value.get() == before[1])


def test_the_standard_library_can_send(open_house: Any, papers: tuple[str, str]) -> None:
    house = open_house(tls=smtp.certificate(*papers))
    with smtplib.SMTP("127.0.0.1", house.port, timeout=PATIENCE) as client:
        client._host = "gate.example.jp"  # type: ignore[attr-defined]
        client.starttls(context=ssl.create_default_context(cafile=papers[0]))
        client.login("supermarket", "right")
        client.sendmail("order@shop.example.jp", ["hana@example.jp"], "Subject: a\n\nb\n")
    assert b"with ESMTPSA id" in house.gate.mails[0][2]


def test_many_clients_at_once_get_their_own_answers(open_house: Any) -> None:
    house = open_house(threads=8)
    found: list[tuple[str, int]] = []

    def send(number: int) -> None:
        with Client(house.port).login() as client:
            for _ in range(5):
                client.begin()
                found.append((client.asks(f"X-Number: {number}", "."), number))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len({answer.split()[2] for answer, _ in found}) == 100 == len(house.gate.mails)


# --- never a 250 without a receipt -----------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b".", b"\0", b"\r\n.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b".\r\n"),
        *(b"MAIL FROM:<a@example.jp>\r\n", b"RCPT TO:<b@example.jp>\r\n", b"DATA\r\n", b"RSET\r\n", b"QUIT\r\n"),
        *(b"A: b\r\n", b"x", b"..", b"STARTTLS\r\n", b"AUTH PLAIN\r\n", b"BDAT 5 LAST\r\n", b" ", b"\xff"),
    ]
)
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=25).map(b"".join)


@pytest.fixture(scope="module")
def shared_house() -> Iterator[House]:
    with House(Gate()) as found:
        yield found


@settings(max_examples=300, deadline=None)
@given(stream=STREAMS)
def test_250_means_taken_and_taken_means_clean(shared_house: House, stream: bytes) -> None:
    gate = shared_house.gate
    gate.mails.clear()
    gate.returned.clear()
    with Client(shared_house.port).login() as client:
        client.begin().socket.sendall(stream + b"\r\n.\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        answers = client.rest()
    ids = [found[1] for line in answers if (found := re.match(r"250 2\.0\.0 ([0-9a-f-]{36}) ", line))]
    assert ids == [str(receipt) for receipt in gate.returned]

    first = (b"\r\n" + stream + b"\r\n.\r\n").partition(b"\r\n.\r\n")[0][2:]
    written = first + b"\r\n" if first or not (b"\r\n" + stream).startswith(b"\r\n.\r\n") else b""
    clean = re.fullmatch(rb"(?:[^\r\n\0]{0,998}\r\n)*", written) and not written.startswith((b" ", b"\t"))
    assert answers[0].startswith("250 2.0.0 " if clean else "554 5.6.0 ")
    if clean:
        lines = written.split(b"\r\n")
        assert gate.mails[0][2].endswith(b"\r\n".join(line.removeprefix(b".") for line in lines))
    for _, _, raw in gate.mails:
        assert re.fullmatch(rb"(?:[^\r\n\0]{0,998}\r\n)*", raw)


@settings(max_examples=100, deadline=None)
@given(stream=STREAMS)
def test_a_stranger_gets_nothing_taken(shared_house: House, stream: bytes) -> None:
    shared_house.gate.mails.clear()
    with Client(shared_house.port) as client:
        client.socket.sendall(b"EHLO a.example\r\n" + stream)
        client.socket.shutdown(socket.SHUT_WR)
        client.rest()
    assert shared_house.gate.mails == []


# --- opening ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        ("127.0.0.1:2525", ("127.0.0.1", 2525)),
        ("[::1]:2525", ("::1", 2525)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_place(listen: str, found: tuple[str, int]) -> None:
    assert smtp.place(listen) == found


@pytest.mark.parametrize("listen", ["", "2525", "::1:2525", "127.0.0.1:", "127.0.0.1:65536", "a b:1", "[::1]"])
def test_no_place(listen: str) -> None:
    with pytest.raises(smtp.DoorError, match=r"give HOST:PORT"):
        smtp.place(listen)


def test_certificate_errors_say_what_to_do(papers: tuple[str, str], tmp_path: Path) -> None:
    assert smtp.certificate("", "") is None
    with pytest.raises(smtp.DoorError, match="together, or neither"):
        smtp.certificate(papers[0], "")
    with pytest.raises(smtp.DoorError, match="readable and without a password"):
        smtp.certificate(str(tmp_path / "absent.pem"), papers[1])
    (tmp_path / "damaged.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(smtp.DoorError, match="give a PEM chain"):
        smtp.certificate(str(tmp_path / "damaged.pem"), papers[1])


@pytest.mark.parametrize("text", ["0", "-1", "many", "1e3"])
def test_a_setting_that_cannot_be_used_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_GATE_THREADS", text)
    with pytest.raises(smtp.DoorError, match=r"ATESAKI_GATE_THREADS=.*1 or more"):
        smtp._number("ATESAKI_GATE_THREADS", 16, least=1)


def test_a_place_that_is_taken_is_said(house: House) -> None:
    async def second() -> None:
        await smtp.Door(USUAL, Gate().core()).start("127.0.0.1", house.port)

    with pytest.raises(smtp.DoorError, match="set ATESAKI_SMTP to a free one"):
        asyncio.run(second())


@pytest.mark.parametrize(
    ("peer", "found"),
    [
        *(("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True)),
        *(("192.0.2.1", False), ("2001:db8::1", False), ("::ffff:192.0.2.1", False), ("", False), ("shop", False)),
    ],
)
def test_loopback(peer: str, found: bool) -> None:
    assert conversation.on_loopback(peer) is found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_serves_until_a_signal(number: signal.Signals) -> None:
    program = """
from atesaki.doors import handover, smtp
from tests.test_smtp_door import Gate, USUAL
smtp.Terms.from_environment = classmethod(lambda cls: USUAL)
handover.Core.real = classmethod(lambda cls: Gate().core())
smtp.run("127.0.0.1:0")
"""
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"NO_COLOR": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            line = re.sub(r"\x1b\[[0-9;]*m", "", process.stdout.readline())
            port = re.search(r"gate\.listening.*port=(\d+)", line)
            assert port, line
            with Client(int(port[1])).login() as client:
                process.send_signal(number)
                assert client.rest() == [conversation.CLOSING]
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def _until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
