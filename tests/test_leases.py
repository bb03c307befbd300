"""Whoever lost the right to hand a mail over writes nothing about it; a next hop's words hold no address."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from django.db import transaction

from atesaki import gate, outbox
from atesaki.models import Departure, Entry, Line
from atesaki.outbox import Hand, Handed
from atesaki.outbox.couriers import Maildir, Smtp, _plain
from tests.test_couriers import envelope, free_port
from tests.world import HANA, KEN_LIVES_AT, World, age, order

HOLDS = __import__("sys").modules["atesaki.gate.holds"]


def queued(world: World) -> None:
    """One released order in the outbox."""
    world.send(order())
    gate.drive()
    gate.confirm(world.tokens()[0], "postal_code", KEN_LIVES_AT)


def taken() -> outbox.Leaving:
    with transaction.atomic():
        leaving = outbox.take()
        assert leaving is not None
        HOLDS.ledger.move([leaving.line], Line.State.LEAVING)
    return leaving


@pytest.mark.parametrize("hand", [Hand.ACCEPTED, Hand.TEMPORARY, Hand.PERMANENT, Hand.UNKNOWN])
def test_what_came_too_late_changes_nothing(world: World, hand: Hand) -> None:
    queued(world)
    first = taken()
    age()
    assert HOLDS._take_back() == 1
    Departure.objects.update(due="2000-01-01T00:00Z")
    second = taken()
    line = Line.objects.get(pk=second.line)
    HOLDS._settle(first, Line.objects.get(pk=first.line), Handed(hand, 250, "late"))
    line.refresh_from_db()
    assert line.state == "leaving", "it is on the wire in another's hands, and a disavowal must wait for it"
    assert Entry.objects.filter(line=line.pk, what="too_late").exists()
    HOLDS._settle(second, line, Handed(Hand.ACCEPTED, 250, "in time"))
    line.refresh_from_db()
    assert line.state == "settled" and not Departure.objects.filter(line=line.pk).exists()


def test_what_is_gone_is_not_put_back(world: World) -> None:
    queued(world)
    leaving = taken()
    Departure.objects.all().delete()
    HOLDS._settle(leaving, Line.objects.get(pk=leaving.line), Handed(Hand.TEMPORARY, 450, "later"))
    assert Line.objects.get(pk=leaving.line).state == "leaving"
    age()
    gate.due()
    assert Line.objects.get(pk=leaving.line).state == "settled"


def test_one_that_cannot_leave_does_not_stand_in_the_others_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, to in enumerate((HANA, "mori@example.jp"), 1):
        world.send(order(number, to=to), to)
    real = Maildir.hand

    def broken(self, envelope, content, seconds):
        if envelope.recipients[0].text == HANA:
            raise RuntimeError("a fault of ours")
        return real(self, envelope, content, seconds)

    monkeypatch.setattr(Maildir, "hand", broken)
    gate.drive()
    assert [notice["To"] for notice in world.notices()] == ["mori@example.jp"]
    assert Departure.objects.get().state == "waiting"
    monkeypatch.undo()


def test_a_step_that_fails_keeps_no_other_from_its_turn() -> None:
    def fails() -> int:
        raise RuntimeError("a fault of ours")

    assert HOLDS.orderly({"first": fails, "second": lambda: 7}) == {"first": -1, "second": 7}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("450 4.2.0 <hana@example.jp>: Recipient address rejected", "450 4.2.0 <***@***>: Recipient address rejected"),
        ("to=hana@example.jp, from=a@b.example", "to=***@***, from=***@***".replace("to=***@***,", "***@***")),
        ("ok\0\r\n\x1b[31m", "ok [31m"),
    ],
)
def test_a_next_hops_words_hold_no_address_and_nothing_that_cannot_be_kept(said: str, kept: str) -> None:
    plain = _plain(said)
    assert "hana" not in plain and "\0" not in plain and plain.isprintable()
    if "<" in said or "ok" in said:
        assert plain == kept


def test_making_a_connection_ends_in_time() -> None:
    """Every step of it has what is left, and not the whole again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def slowly() -> None:
        peer, _ = listener.accept()
        with peer:
            for line in (b"220 slow.example ESMTP\r\n", b"250-slow.example\r\n", b"250 SIZE\r\n", b"250 ok\r\n"):
                time.sleep(3)
                try:
                    peer.sendall(line)
                except OSError:
                    return

    threading.Thread(target=slowly, daemon=True).start()
    courier = Smtp("127.0.0.1", listener.getsockname()[1], secure=False, login=None)
    began = time.monotonic()
    (handed,) = courier.hand(envelope(), b"Subject: x\r\n\r\n", 1.0)
    assert handed.hand is Hand.TEMPORARY
    assert time.monotonic() - began < 8
    listener.close()


def test_a_next_hop_that_is_away_is_not_waited_for_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    courier = Smtp("127.0.0.1", free_port(), secure=False, login=None)
    tried = []
    monkeypatch.setattr(Smtp, "_connect", lambda self, ends: tried.append(ends) or (_ for _ in ()).throw(OSError("no")))
    for _ in range(3):
        assert courier.hand(envelope(), b"x", 5)[0].hand is Hand.TEMPORARY
    assert len(tried) == 1
    courier._away_until = 0
    courier.hand(envelope(), b"x", 5)
    assert len(tried) == 2
