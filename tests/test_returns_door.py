"""The inbound door over loopback: alone with an inbox of the tests' own, and as `atesaki inbound` on the database."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from atesaki import gate
from atesaki.doors import returns, smtp
from atesaki.inbound import Taken
from tests.programs import environment, free_ports
from tests.test_smtp_door import USUAL, Client, House
from tests.world import World, database_url, order

TERMS = replace(USUAL, octets=2_000, recipients=3)
MAIL = ("From: hana@example.jp", "Subject: Re: notice", "", "登録していません")


@dataclass
class Box:
    """Stands for `atesaki.inbound`: knows every address that begins with `r+` or `b+`, unless it is away."""

    away: set[str] = field(default_factory=set)
    answers: list[Any] = field(default_factory=list)
    came: list[tuple[bytes, str, str]] = field(default_factory=list)
    rests: int = 0

    def __post_init__(self) -> None:
        self.may_end = _Nothing()

    def takes(self, recipient: str) -> bool:
        if "look-up" in self.away:
            raise RuntimeError("connection to db.example with password hunter2 failed")
        return recipient.startswith(("r+", "b+"))

    def receive(self, raw: bytes, sender: str, recipient: str) -> Taken:
        if recipient in self.away:
            raise RuntimeError(f"{recipient} could not be written")
        self.came.append((raw, sender, recipient))
        return self.answers.pop(0) if self.answers else Taken.TAKEN

    def rest(self) -> None:
        self.rests += 1


class _Nothing:
    def set(self) -> None:
        """`House` lets a waiting gate go; there is none."""


class Inner(House):
    """The door, listening in a thread of its own."""

    def __init__(self, box: Box, terms: smtp.Terms = TERMS) -> None:
        super().__init__(_Gate(box), terms)  # type: ignore[arg-type]
        self.door = returns.Door(terms, returns.Inbox(box.takes, box.receive, box.rest))


@dataclass
class _Gate:
    box: Box

    @property
    def may_end(self) -> _Nothing:
        return self.box.may_end

    def core(self) -> Any:
        return returns.Inbox(self.box.takes, self.box.receive, self.box.rest)


@pytest.fixture
def opened() -> Iterator[Callable[..., tuple[Box, Client]]]:
    """Opens doors and greets: `opened(box, lmtp=True)`."""
    with ExitStack() as stack:

        def make(box: Box | None = None, *, lmtp: bool = False) -> tuple[Box, Client]:
            box = box or Box()
            house = stack.enter_context(Inner(box))
            client = stack.enter_context(Client(house.port))
            assert client.answer().startswith("220 ")
            assert client.asks("LHLO mx.example.jp" if lmtp else "EHLO mx.example.jp").startswith("250 ")
            return box, client

        yield make


def begin(client: Client, *to: str, sender: str = "") -> None:
    assert client.asks(f"MAIL FROM:<{sender}>").startswith("250 ")
    for one in to:
        assert client.asks(f"RCPT TO:<{one}>").startswith("250 ")
    assert client.asks("DATA").startswith("354 ")


def test_nobody_logs_in_and_a_mail_is_taken(opened: Callable[..., tuple[Box, Client]]) -> None:
    box, client = opened()
    assert client.asks("AUTH PLAIN AGEAYg==").startswith("500 ")
    begin(client, "r+abc@gate.example.jp", sender="hana@example.jp")
    assert client.asks(*MAIL, ".") == "250 2.0.0 Taken"
    raw = "".join(f"{line}\r\n" for line in MAIL).encode()
    assert box.came == [(raw, "hana@example.jp", "r+abc@gate.example.jp")]
    assert box.rests >= 2


def test_it_offers_no_login(opened: Callable[..., tuple[Box, Client]]) -> None:
    _, client = opened()
    client.say("EHLO mx.example.jp")
    lines = [client.line()]
    while lines[-1][3] == "-":
        lines.append(client.line())
    assert not any("AUTH" in line for line in lines) and any("SIZE 2000" in line for line in lines)


def test_whom_it_does_not_know_is_refused_at_once(opened: Callable[..., tuple[Box, Client]]) -> None:
    _, client = opened()
    assert client.asks("MAIL FROM:<#@[]>").startswith("250 "), "what returns mail calls itself many things"
    for unknown in ("<hana@gate.example.jp>", "<>", "<@>"):
        assert client.asks(f"RCPT TO:{unknown}") == "550 5.1.1 There is no such mailbox here."
    assert client.asks("RCPT TO:<r+abc@gate.example.jp>").startswith("250 ")
    assert client.asks("DATA").startswith("354 ")


def test_lmtp_has_an_answer_for_each_recipient(opened: Callable[..., tuple[Box, Client]]) -> None:
    box = Box(away={"r+2@x.example"}, answers=[Taken.TAKEN, Taken.NOBODY])
    _, client = opened(box, lmtp=True)
    begin(client, "r+1@x.example", "r+2@x.example", "r+3@x.example")
    client.say(*MAIL, ".")
    assert [client.line()[:9] for _ in range(3)] == ["250 2.0.0", "451 4.3.0", "550 5.1.1"]
    begin(client, "r+1@x.example", "b+2@x.example")
    client.say("Subject: x", "", "x" * 900, "y" * 900, "z" * 900, ".")
    assert [client.line()[:9] for _ in range(2)] == ["552 5.3.4", "552 5.3.4"]
    assert client.asks("NOOP").startswith("250 ")


def test_smtp_has_one_answer_and_nothing_is_lost(opened: Callable[..., tuple[Box, Client]]) -> None:
    box = Box(away={"r+2@x.example"}, answers=[Taken.TAKEN, Taken.TAKEN, Taken.NOBODY, Taken.UNREADABLE])
    _, client = opened(box)
    begin(client, "r+1@x.example", "r+2@x.example")
    said = client.asks(*MAIL, ".")
    assert said.startswith("451 4.3.0 ") and "r+2" not in said, "what was taken is taken once when it comes again"
    begin(client, "r+1@x.example", "r+3@x.example")
    assert client.asks(*MAIL, ".").startswith("250 ")
    begin(client, "r+1@x.example")
    assert client.asks(*MAIL, ".").startswith("554 5.6.0 ")


def test_an_inbox_that_is_away_is_451_without_its_words(opened: Callable[..., tuple[Box, Client]]) -> None:
    _, client = opened(Box(away={"look-up"}))
    assert client.asks("MAIL FROM:<>").startswith("250 ")
    said = client.asks("RCPT TO:<r+abc@gate.example.jp>")
    assert said.startswith("451 4.3.0 ") and "hunter2" not in said


def test_too_long_and_too_many(opened: Callable[..., tuple[Box, Client]]) -> None:
    box, client = opened()
    assert client.asks("MAIL FROM:<> SIZE=999999").startswith("552 ")
    begin(client, *(f"r+{number}@x.example" for number in range(3)))
    assert client.asks("Subject: x", "", *["x" * 500] * 5, ".").startswith("552 5.3.4 ")
    assert client.asks("MAIL FROM:<>").startswith("250 ")
    for number in range(3):
        client.asks(f"RCPT TO:<r+{number}@x.example>")
    assert client.asks("RCPT TO:<r+4@x.example>").startswith("452 4.5.3 ")
    assert box.came == []


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n"])
def test_what_only_looks_like_an_end_is_none_and_is_refused(
    opened: Callable[..., tuple[Box, Client]], end: bytes
) -> None:
    box, client = opened()
    begin(client, "r+abc@gate.example.jp", sender="hana@example.jp")
    smuggled = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<r+other@gate.example.jp>\r\nDATA\r\nsecond"
    assert client.asks(b"Subject: x\r\n\r\nfirst" + end + smuggled, ".").startswith("554 5.6.0 ")
    assert box.came == []
    assert client.asks("NOOP").startswith("250 "), "there is one answer, so there was one mail"


# --- as it runs ----------------------------------------------------------------------------------------------


@contextmanager
def running(log: Path) -> Iterator[int]:
    """The port of `atesaki inbound`, a process of its own, with the test's keys."""
    (port,) = free_ports(1)
    shell = environment(conf.HOME, DATABASE_URL=database_url(), ATESAKI_INBOUND=f"127.0.0.1:{port}")
    with log.open("wb") as out:
        part = subprocess.Popen(
            [sys.executable, "-m", "atesaki.cli", "inbound"], env=shell, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                smtplib.LMTP("127.0.0.1", port).quit()
                break
            except OSError:
                assert part.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield port
        part.terminate()
        assert part.wait(30) == 0, log.read_text()
    finally:
        part.kill()
        part.wait(10)


@pytest.mark.django_db(transaction=True)
def test_hanas_reply_frees_her(world: World, tmp_path: Path) -> None:
    from atesaki.models import Case, Message

    world.send(order())
    gate.drive()
    reply_to = str(world.notices()[-1]["Reply-To"])
    raw = "\r\n".join(["Message-ID: <1@mail.example.jp>", *MAIL]).encode()
    with running(tmp_path / "log") as port, smtplib.LMTP("127.0.0.1", port) as client:
        assert client.sendmail("hana@example.jp", [reply_to.upper(), "r+nobody@atesaki.localhost"], raw) == {
            "r+nobody@atesaki.localhost": (550, b"5.1.1 There is no such mailbox here.")
        }
        assert client.sendmail("hana@example.jp", [reply_to], raw) == {}
    assert Case.objects.get().state == Case.State.REACHING
    assert Message.objects.filter(direction="in").count() == 1
    assert world.send(order(2)).outcomes == (gate.Outcome.REFUSE,)
    said = (tmp_path / "log").read_text()
    assert "inbound.came" in said and "inbound.stopped" in said
    assert "example.jp" not in said and reply_to[2:20] not in said and "登録" not in said
