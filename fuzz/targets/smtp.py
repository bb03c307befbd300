"""The SMTP doors without sockets: what comes from a client, in pieces; 0xFE, which no text has, parts two pieces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from atesaki.addresses import parse
from atesaki.doors import handover, smtp
from atesaki.doors import returns as door_of_returns
from atesaki.doors.conversation import Conversation
from atesaki.doors.wire import Wire
from fuzz.targets import seeds

_PAUSE = b"\xfe"
_LIMIT = 200
_LOOP = asyncio.new_event_loop()
_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


# -- the wire ---------------------------------------------------------------------------------------------------------


def wire(data: bytes) -> None:
    """One mail, then commands, as RFC 5321 has them, in whatever pieces they come."""
    pieces = data.split(_PAUSE)
    whole = b"\r\n" + b"".join(pieces)
    end = whole.find(b"\r\n.\r\n")
    got = _read(pieces)
    if end < 0:
        assert got == (None, [])
        return
    mail = whole[: end + 2].replace(b"\r\n.", b"\r\n")[2:]
    lines = whole[end + 5 :].split(b"\r\n")[:-1]
    assert got == ([mail if len(mail) <= _LIMIT else None], lines)


def _read(pieces: list[bytes]) -> tuple[Any, list[bytes]]:
    talk = Wire()
    talk.begin_mail()
    mail: list[bytes | None] | None = None
    lines: list[bytes] = []
    for piece in pieces:
        talk.feed(piece)
        if mail is None and talk.has_mail(_LIMIT):
            mail = [talk.mail(_LIMIT)]
        while mail is not None and (line := talk.line()) is not None:
            lines.append(line)
        assert len(talk) <= len(piece) + 2 * _LIMIT + 5 or mail is not None, "what nobody wants is kept"
    return mail, lines


async def _settled() -> None:
    """Until nothing is left to be done before something else comes."""
    for _ in range(2000):
        await asyncio.sleep(0)
        if not _LOOP._ready:  # type: ignore[attr-defined]
            return
    raise AssertionError("the door never rests")


# -- conversations ----------------------------------------------------------------------------------------------------


class _Line(asyncio.Transport):
    """What the door says, and whether it has hung up."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 4)})
        self.said = bytearray()
        self.closed = False
        self.protocol: Any = None

    def write(self, data: Any) -> None:
        if not self.closed:
            self.said += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            _LOOP.call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


class _Gate:
    """Stands for the lower strata; remembers what it got."""

    def __init__(self) -> None:
        self.mails: list[tuple[Any, bytes]] = []

    def identify(self, username: str, secret: str) -> Any:
        assert "\0" not in username + secret
        return "supermarket" if (username, secret) == ("supermarket", "right") else None

    def submit(self, service: Any, envelope: Any, raw: bytes) -> Any:
        assert service == "supermarket", "a mail of nobody was taken"
        assert envelope["recipients"]
        assert all(parse(each.text) == each for each in envelope["recipients"])
        self.mails.append((envelope, raw))
        if b"later" in raw[-40:]:
            raise TimeoutError
        return type("Receipt", (), {"id": _ID, "outcomes": ["deliver"] * len(envelope["recipients"]), "reasons": ()})

    def core(self) -> handover.Core:
        return handover.Core(self.identify, self.submit, dict, {}, TimeoutError, LookupError, lambda: None)


class _Threadless:
    """Does in the loop's thread what a door has threads for."""

    async def _in(self, pool: Any, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)


class _Door(_Threadless, smtp.Door):
    pass


class _Returns(_Threadless, door_of_returns.Door):
    pass


_TERMS = smtp.Terms(domain="gate.example.jp", octets=2000, recipients=3, wrong_seconds=0.0, threads=1)


async def _talk(door: smtp.Door, pieces: list[bytes]) -> tuple[_Line, Conversation]:
    """Says the pieces one after the other, each when the door rests; then hangs up."""
    door.loop = _LOOP
    line = _Line("127.0.0.1")
    talk = line.protocol = door.converse()
    talk.connection_made(line)
    for piece in pieces:
        await _settled()
        if line.closed:
            break
        talk.data_received(piece)
    await _settled()
    if not line.closed:
        talk.eof_received()
        await _settled()
        line.close()
        await _settled()
    assert not door._tasks, "something still waits"
    assert not door.conversations, "the conversation is still counted"
    assert door.octets == 0, "octets of a mail are still counted"
    return line, talk


_ANSWER = re.compile(rb"[2-5]\d\d[ -][^\r\n]*")
_CODED = re.compile(rb"(?:220 gate|250[ -]gate|250[ -][A-Z0-9]+|334|354|[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3} )")
_TRACE = re.compile(
    rb"Received: from [A-Za-z0-9._:\[\]-]{1,255} \(\[127\.0\.0\.1\]\)\r\n\tby gate\.example\.jp with \w+ id [0-9a-f]{8}-\d+;"
    rb"\r\n\t[A-Z][a-z]{2}, [^\r\n]+\r\n"
)


def _answers(said: bytes) -> list[bytes]:
    """Every line of the door is an answer, whole, and says nothing of ours."""
    assert not said or said.endswith(b"\r\n"), "an answer is cut"
    lines = said.split(b"\r\n")[:-1]
    for line in lines:
        assert _ANSWER.fullmatch(line), line
        assert _CODED.match(line), line
        assert line.decode().isprintable()
        assert b"Traceback" not in line
        assert b"Error(" not in line
    return lines


def _undotted(pieces: list[bytes]) -> bytes:
    return (b"\r\n" + b"".join(pieces)).replace(b"\r\n.", b"\r\n")


def submission(data: bytes) -> None:
    """Whatever a client says: whole answers; a mail only from who has logged in, of its own octets, one 250 for each."""
    pieces = data.split(_PAUSE)
    gate = _Gate()
    door = _Door(_TERMS, gate.core())
    try:
        line, _ = _LOOP.run_until_complete(_talk(door, pieces))
    finally:
        door._pool.shutdown(wait=False)
        door._porter.shutdown(wait=False)
    said = _answers(bytes(line.said))
    taken = [each for each in said if str(_ID).encode() in each]
    later = sum(b"later" in raw[-40:] for _, raw in gate.mails)
    assert len(taken) <= len(gate.mails) - later, "a mail was called taken that nobody has"
    undotted = _undotted(pieces)
    for envelope, raw in gate.mails:
        trace = _TRACE.match(raw)
        assert trace, "its trace line is another"
        own = raw[trace.end() :]
        assert own in undotted, "it has octets that nobody sent"
        assert b"\0" not in own
        assert own.count(b"\r\n") == own.count(b"\r") == own.count(b"\n")
        assert len(own) <= _TERMS.octets
        assert len(envelope["recipients"]) <= _TERMS.recipients


class _Inbox:
    def __init__(self) -> None:
        self.mails: list[tuple[bytes, str, str]] = []

    def takes(self, recipient: str) -> bool:
        assert "\0" not in recipient
        return "@" in recipient

    def receive(self, raw: bytes, sender: str, recipient: str) -> str:
        self.mails.append((raw, sender, recipient))
        return ("taken", "later", "nobody", "unreadable")[len(raw) % 4]


def returns(data: bytes) -> None:
    """The door for what comes back: the same, and in LMTP as many answers as recipients."""
    pieces = data.split(_PAUSE)
    inbox = _Inbox()
    door = _Returns(_TERMS, door_of_returns.Inbox(inbox.takes, inbox.receive, lambda: None))
    try:
        line, _ = _LOOP.run_until_complete(_talk(door, pieces))
    finally:
        door._pool.shutdown(wait=False)
        door._porter.shutdown(wait=False)
    said = _answers(bytes(line.said))
    undotted = _undotted(pieces)
    for raw, _, _ in inbox.mails:
        assert raw in undotted
        assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    taken = sum(each == b"250 2.0.0 Taken" for each in said)
    assert taken <= sum(len(raw) % 4 == 0 for raw, _, _ in inbox.mails), "more was called taken than was"
    lhlo = re.search(rb"(?i)\blhlo\b", data)
    answered = sum(each.startswith((b"250 2.0.0 Taken", b"451 4.7.1", b"550 5.1.1", b"554 5.6.0")) for each in said)
    assert not lhlo or answered >= len(inbox.mails) or line.closed


# -- seeds ------------------------------------------------------------------------------------------------------------


def _wire() -> Iterator[bytes]:
    yield from (
        b"A: b\r\n\r\ntext\r\n.\r\nQUIT\r\n",
        b".\r\nNOOP\r\n",
        b"..a\r\n\xfe.b\r\n.\xfe\r\nX\r\nY",
        b"a\n.\n\r\n.\n\r.\r\n\r\n.\r\n",
        b"x" * 450 + b"\r\n.\r\nNOOP\r\n",
        b"a\r\xfe\n\xfe.\xfe\r\xfe\nMAIL\xfe FROM\r\n",
        b"never ends\r\n..\r\n",
    )


def _dialogs() -> Iterator[bytes]:
    """The clients' sides of the tests' dialogs; what waits for an answer begins a piece."""
    from tests.test_smtp_door import octets, steps

    for path in sorted((seeds.TESTS / "dialogs").glob("[!_]*.dialog")):
        out, before = b"", "C"
        for kind, text in steps(path):
            if kind == "C":
                out += (_PAUSE if before != "C" else b"") + octets(text)
            before = kind if kind in "CS" else before
        if len(out) <= 2048 and out.count(_PAUSE) < 60:
            yield out


def _returned() -> Iterator[bytes]:
    begin = b"LHLO mx.example.jp\r\n\xfeMAIL FROM:<>\r\nRCPT TO:<r+abc@mail.example.jp>\r\nRCPT TO:<b+x@y.example>\r\n"
    for text in (b"A: b\r\n\r\nc\r\n", b"A: b\r\n", b"A: bare\nline\r\n", b"", b"x" * 2100 + b"\r\n"):
        yield begin + b"DATA\r\n\xfe" + text + b".\r\n\xfeQUIT\r\n"
    yield b"EHLO a\r\n\xfeMAIL FROM:<x@y.example>\r\n\xfeRCPT TO:<postmaster>\r\nRCPT TO:<a@b>\r\n\xfeDATA\r\n\xfea: b\r\n.\r\n"
    yield from list(_dialogs())[:25]


SEEDS = {"wire": _wire, "submission": _dialogs, "returns": _returned}
