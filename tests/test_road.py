"""Many mails at once: each is answered, written down and kept as it would have been alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from atesaki import addresses, gate, ownership, tenants
from atesaki.gate import Envelope, Outcome
from atesaki.models import Claim, Entry, Hold, Key, Knowledge, Line, Seen, Token
from tests.test_tracing import spans  # noqa: F401
from tests.world import SECRETS, World, make_world, order

pytestmark = pytest.mark.django_db(transaction=True)

ROAD = sys.modules["atesaki.gate.road"]
T = TypeVar("T")
KINDS = ("unknown", "claimed", "proved", "disavowed", "paused", "doubted", "answered")


@pytest.fixture
def world(transactional_db: None, tmp_path: Path, settings: object) -> World:
    return make_world(tmp_path, settings)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def by_road(world: World, mails: Sequence[tuple[bytes, Sequence[str]]], **more: Any) -> list[Any]:
    """The receipts of these mails, or what was raised, all sent at once."""
    road = gate.Road(4)
    try:
        envelopes = [Envelope("shop@shop.example", tuple(map(addresses.parse, to)), body8bit=True) for _, to in mails]
        return await asyncio.gather(
            *(
                road.submit(more.get("service", world.service), envelope, raw)
                for envelope, (raw, _) in zip(envelopes, mails, strict=True)
            ),
            return_exceptions=True,
        )
    finally:
        road.close()


def bring_to(world: World, kind: str, address: str, number: int = 1) -> None:
    """Has an address stand as `kind` says, after one mail to it."""
    if kind == "unknown":
        return
    world.send(order(number, to=address), address)
    claim = Claim.objects.get(digest=ownership.digest(addresses.parse(address)))
    if kind in ("proved", "doubted"):
        ownership.attest(claim, "test")
    event = {"disavowed": "disavowed", "paused": "paused", "doubted": "doubted", "answered": "answered"}.get(kind)
    if event:
        ownership.claims.say(claim, event)


def told(line: Line) -> tuple[object, ...]:
    """All that the ledger says of a line but for when, and which."""
    entries = Entry.objects.filter(line=line.pk).order_by("pk").values_list("what", "detail")
    return (
        *(line.kind, line.state, line.outcome, line.reason, line.standing, line.misses, line.fate, line.personal),
        *(line.customer, line.position, line.leaving_since is None, line.octets),
        [(what, detail[:5]) for what, detail in entries],
    )


def state_of(address: str) -> tuple[object, ...]:
    """What is kept about an address but for the ids."""
    key = ownership.digest(addresses.parse(address))
    return (
        [told(line) for line in Line.objects.filter(digest=key).order_by("pk")],
        Hold.objects.filter(digest=key).count(),
        Knowledge.objects.filter(claim__digest=key).count(),
        Seen.objects.filter(address=key).count(),
        sorted(Token.objects.filter(claim__digest=key).values_list("purpose", flat=True)),
    )


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=7),
    st.booleans(),
    st.sampled_from(["enforce", "observe"]),
    st.integers(1, 3),
)
def test_together_or_alone_is_the_same(world: World, kinds: list[str], webhook: bool, mode: str, notices: int) -> None:
    """Of each kind one address gets its mail by the road among others, and another gets the same mail alone."""
    world.policy(mode="enforce", notices_per_day=notices, webhook="https://shop.example/hook" if webhook else "")
    place = f"{id(kinds)}-{len(list(Claim.objects.all()))}"
    pairs = [(f"t{n}-{place}@example.jp", f"a{n}-{place}@example.jp") for n in range(len(kinds))]
    # Numbers of each pair's own: what many mailboxes are sent counts as the shop's, and the order would matter.
    numbers = [100 + len(Seen.objects.all()) * 10 + n for n in range(len(kinds))]
    mails = [order(number, to="x@example.jp", postal=f"{number:07}"[:3] + f"-{number:04}") for number in numbers]
    for number, kind, pair in zip(numbers, kinds, pairs, strict=True):
        for address in pair:
            bring_to(world, kind, address, 9_000 - number)
    world.policy(mode=mode)
    receipts = run(by_road(world, [(mail, [pair[0]]) for mail, pair in zip(mails, pairs, strict=True)]))
    for kind, mail, (together, alone), receipt in zip(kinds, mails, pairs, receipts, strict=True):
        assert not isinstance(receipt, BaseException), receipt
        single = world.send(mail, alone)
        assert (receipt.outcomes, receipt.reasons) == (single.outcomes, single.reasons), kind
        assert state_of(together) == state_of(alone), kind
    for raw in world.notices():
        assert not any(secret in str(raw) for secret in SECRETS)


def test_what_waits_opens_and_leaves_in_order_when_it_is_proved(world: World) -> None:
    world.send(order(1))
    mails = [order(number) for number in range(2, 12)]
    receipts = run(by_road(world, [(mail, ["hana@example.jp"]) for mail in mails]))
    assert {receipt.outcomes for receipt in receipts} == {(Outcome.HOLD,)}
    assert Hold.objects.count() == 11
    order_of = {receipt.id: mail for receipt, mail in zip(receipts, mails, strict=True)}
    waiting = [hold.line for hold in Hold.objects.order_by("pk")][1:]
    gate.attest(Claim.objects.get(), "test")
    gate.drive()
    assert [world.content(raw) for raw in world.orders()] == [order(1), *(order_of[pk] for pk in waiting)]
    assert not Key.objects.exists()


def test_a_mail_for_several_waits_as_one(world: World) -> None:
    two = ["hana@example.jp", "aya@example.jp"]
    for one in two:
        world.send(order(1, to=one), one)
    (receipt,) = run(by_road(world, [(order(2), two)]))
    assert receipt.outcomes == (Outcome.HOLD, Outcome.HOLD)
    lines = Line.objects.filter(mail=receipt.id).order_by("position")
    assert [line.position for line in lines] == [0, 1]
    assert Hold.objects.filter(line__in=[line.pk for line in lines]).count() == 2


def test_an_ended_key_costs_only_its_own_mail(world: World) -> None:
    gone = tenants.identify(*world.smtp)
    assert gone is not None
    bring_to(world, "proved", "hana@example.jp")
    tenants.rotate(world.service.name)

    async def both() -> list[Any]:
        road = gate.Road(2)
        envelope = Envelope("shop@shop.example", (addresses.parse("hana@example.jp"),), body8bit=True)
        try:
            sends = [road.submit(who, envelope, order(2)) for who in (gone, world.service, gone, world.service)]
            return await asyncio.gather(*sends, return_exceptions=True)
        finally:
            road.close()

    first, second, third, fourth = run(both())
    assert isinstance(first, gate.TryLater) and isinstance(third, gate.TryLater)
    assert second.outcomes == fourth.outcomes == (Outcome.DELIVER,)
    assert not Line.objects.filter(state="leaving").exists()


@pytest.mark.parametrize("step", ["write_down", "_settle", "_set_aside", "_keep"])
def test_what_fails_for_one_fails_for_no_other(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A database that refuses whatever has to do with one mail."""
    for one in ("hana@example.jp", "aya@example.jp"):
        bring_to(world, "claimed" if step in ("_set_aside", "_keep") else "proved", one)
    real = getattr(ROAD, step)

    def picky(mails: list[Any]) -> None:
        if any(mail.envelope.recipients[0].local == "aya" for mail in mails):
            raise OperationalError("it does not like her")
        real(mails)

    picky.__name__ = step
    monkeypatch.setattr(ROAD, step, picky)
    to = ["hana@example.jp", "aya@example.jp"] * 4
    receipts = run(by_road(world, [(order(2, to=one), [one]) for one in to]))
    for one, receipt in zip(to, receipts, strict=True):
        assert isinstance(receipt, gate.TryLater) == (one == "aya@example.jp"), receipt


def test_a_database_that_is_away_takes_nothing_and_hands_over_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to(world, "proved", "hana@example.jp")

    def away(*_: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(ROAD, "write_down", away)
    receipts = run(by_road(world, [(order(2), ["hana@example.jp"])] * 5))
    assert all(isinstance(receipt, gate.TryLater) for receipt in receipts)
    assert world.orders() == []


def test_bad_wishes_are_refused_before_anything_is_written(world: World) -> None:
    (receipt,) = run(by_road(world, [(order(1, headers="X-Atesaki-Class: love\r\n"), ["hana@example.jp"])]))
    assert isinstance(receipt, gate.Unacceptable)
    assert not Line.objects.exists()


def test_each_step_is_traced_and_says_nothing_of_anybody(world: World, spans: Any) -> None:  # noqa: F811
    bring_to(world, "proved", "p@example.jp")
    bring_to(world, "claimed", "c@example.jp", 2)
    mails = [(order(3, to="p@example.jp"), ["p@example.jp"]), (order(4, to="c@example.jp"), ["c@example.jp"])]
    run(by_road(world, [*mails, (order(5), ["p@example.jp", "c@example.jp"])]))
    told = spans()
    assert {name for name, *_ in told} >= {
        *("mail", "mail.write_down", "mail.hand_over", "mail.settle", "mail.set_aside", "mail.read", "mail.keep")
    }
    assert {dict(rest).get("atesaki.outcome") for name, *rest in told if name == "mail"} == {"deliver", "hold", "mixed"}
    mails_ids = {span.context.span_id for (name, *_), span in told.items() if name == "mail"}
    parents = [span.parent.span_id for (name, *_), span in told.items() if name.startswith("mail.")]
    assert set(parents) <= mails_ids, "each step belongs to its mail"
    everything = "\n".join(span.to_json() for span in told.values())
    assert [word for word in (*SECRETS, "example.jp") if word in everything] == []
