"""The process is killed between each two steps: nothing acknowledged is lost, nothing unproved or disavowed leaves.

After each death the world goes on as it would: the sender, who got no answer, sends again; the person at the page
presses again; the worker drives what is due. Then the laws are checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.db import connections

from atesaki import addresses, gate, notme, ownership
from atesaki.models import Claim, Departure, Entry, Hold, Key, Line, Sealed
from tests.faults import BETWEEN, WITHIN, Actor
from tests.world import HANA, KEN_LIVES_AT, SECRETS, World, age, database_url, make_world, order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KEEPING = ["_look", "submit", "write", "settle", "hold", "notice", "seal_mail", "keep", "claim", "learn"]
KEEPING += ["settle_handed", "set_aside", "_read"]
HANDING = ["_look", "_hand_over", "submit", "Maildir.hand", "write", "settle"]
OBSERVING = ["settle_handed", "_read", "write_read", "read", "would"]  # what HANDING has is the same here
PASSING = ["write_down", "_look", "Maildir.hand", "_settle", "write", "settle_all"]  # by the road, to who is proved
WAITING = ["write_down", "_look", "_set_aside", "set_aside", "_read", "_keep", "_write", "seal_mails", "learn"]
CONFIRMING = ["confirm", "prove", "release", "_queue", "keep", "move"]
DRIVING = ["_let_go", "_may_leave", "_settle", "Maildir.hand", "take", "move", "gone"]
DISAVOWING = ["disavow", "destroy_disavowed", "wait_until_gone", "destroy", "move"]


def both(names: list[str]) -> list[str]:
    return [f"{when} {name}" for name in names for when in ("before", "after")]


def test_every_step_that_can_be_killed_is_killed_somewhere() -> None:
    wrapped = {name for _, name in BETWEEN + WITHIN}
    assert wrapped == set(KEEPING + HANDING + OBSERVING + PASSING + WAITING + CONFIRMING + DRIVING + DISAVOWING)


@pytest.fixture
def world(transactional_db: None, tmp_path: Path, settings: object) -> World:
    return make_world(tmp_path, settings)


@pytest.fixture(scope="module")
def actor(django_db_setup: None) -> Iterator[Actor]:
    actor = Actor(database_url(), django_settings.HOME)
    yield actor
    actor.die()


def submit(world: World, number: int, **more: object) -> dict[str, object]:
    return {
        "do": "submit",
        "service": world.service.name,
        "to": HANA,
        "mail": order(number).decode(),
        "maildir": str(world.maildir),
        **more,
    }


def recover() -> None:
    age()
    gate.due()
    age()
    gate.due()


def assert_nothing_astray() -> None:
    """Every key belongs to something that waits, every sealed mail to a key, and no line is in between."""
    used = set(Hold.objects.values_list("key", flat=True)) | set(Departure.objects.values_list("key", flat=True))
    assert set(Key.objects.values_list("pk", flat=True)) == used
    assert set(Sealed.objects.values_list("pk", flat=True)) == set(Key.objects.values_list("sealed", flat=True))
    assert not Line.objects.filter(state="leaving").exists()


@pytest.mark.parametrize("step", both(KEEPING))
def test_killed_while_submitting_to_an_unproved_address(world: World, actor: Actor, step: str) -> None:
    answer = actor.start(**submit(world, 1, die_at=step))
    assert "died" in answer, "this step is never reached"
    answer = actor.start(**submit(world, 1))
    assert answer["done"]["outcomes"][0] in ("substitute", "hold"), answer
    recover()
    assert all(secret.encode() not in raw for raw in world.delivered() for secret in SECRETS)
    assert len(world.notices()) <= world.service.notices_in_all
    assert Hold.objects.exists(), "a mail answered with 250 waits"
    assert_nothing_astray()


@pytest.mark.parametrize("step", both(WAITING))
def test_killed_while_a_mail_is_kept_together_with_others(world: World, actor: Actor, step: str) -> None:
    world.policy(notices_per_day=1)
    world.send(order(1))
    recover()
    assert "died" in actor.start(**submit(world, 2, do="road", die_at=step)), "this step is never reached"
    assert actor.start(**submit(world, 2, do="road"))["done"]["outcomes"] == ["hold"]
    recover()
    assert 2 <= Hold.objects.count() <= 3, "a mail answered with 250 waits"
    assert len(world.notices()) == 1 and not world.orders()
    assert_nothing_astray()


@pytest.mark.parametrize(
    ("way", "step"), [*(("submit", step) for step in both(HANDING)), *(("road", step) for step in both(PASSING))]
)
def test_killed_while_submitting_to_a_proved_address(world: World, actor: Actor, way: str, step: str) -> None:
    world.send(order(1))
    ownership.attest(Claim.objects.get(), "test")
    recover()
    answer = actor.start(**submit(world, 2, do=way, die_at=step))
    assert "died" in answer, "this step is never reached"
    answer = actor.start(**submit(world, 2, do=way))
    assert answer["done"]["outcomes"] == ["deliver"]
    recover()
    twice = [world.content(raw) for raw in world.orders()].count(order(2))
    assert 1 <= twice <= 2, "never lost; doubled only where the answer was"
    if twice == 2:
        assert Line.objects.filter(kind="mail").count() == 3, "the ledger tells of both attempts"
    assert_nothing_astray()


@pytest.mark.parametrize("step", both(OBSERVING))
def test_killed_while_submitting_what_is_observed(world: World, actor: Actor, step: str) -> None:
    world.policy(mode="observe")
    assert "died" in actor.start(**submit(world, 1, die_at=step)), "this step is never reached"
    (line,) = Line.objects.filter(kind="mail")
    if step != "before settle_handed":
        assert (line.state, line.outcome) == ("settled", "deliver"), "nobody waits for a mail that is being read"
    if step not in ("after read", "before would", "after would", "after write_read"):
        assert line.personal is None, "not looked at: it counts as personal"
    assert actor.start(**submit(world, 1))["done"]["outcomes"] == ["deliver"]
    recover()
    assert [world.content(raw) for raw in world.orders()] == [order(1)] * 2, "the first answer was lost"
    assert_nothing_astray()


@pytest.mark.parametrize("step", both(CONFIRMING))
def test_killed_while_confirming(world: World, actor: Actor, step: str) -> None:
    mails = [order(number) for number in (1, 2, 3)]
    for mail in mails:
        world.send(mail)
    gate.drive()
    token, _ = world.tokens()
    confirm = {"do": "confirm", "token": token, "kind": "postal_code", "answer": KEN_LIVES_AT}
    assert "died" in actor.start(**confirm, maildir=str(world.maildir), die_at=step)
    assert actor.start(**confirm, maildir=str(world.maildir))["done"] == "proved"
    recover()
    assert [world.content(raw) for raw in world.orders()] == mails
    assert_nothing_astray()


@pytest.mark.parametrize("step", both(DRIVING))
def test_killed_while_letting_go(world: World, actor: Actor, step: str) -> None:
    mails = [order(number) for number in (1, 2, 3)]
    for mail in mails:
        world.send(mail)
    gate.drive()
    token, _ = world.tokens()
    assert gate.confirm(token, "postal_code", KEN_LIVES_AT).released == 3
    assert "died" in actor.start(do="drive", maildir=str(world.maildir), die_at=step)
    gate.drive()
    recover()
    arrived = [world.content(raw) for raw in world.orders()]
    assert list(dict.fromkeys(arrived)) == mails, "all of them, in the order of arrival"
    assert len(arrived) <= len(mails) + 1, "doubled only where the answer was lost"
    if len(arrived) > len(mails):
        assert Entry.objects.filter(what="unanswered").exists(), "and the ledger tells of it"
    assert_nothing_astray()


@pytest.mark.parametrize("step", both(DISAVOWING))
def test_killed_while_disavowing(world: World, actor: Actor, step: str) -> None:
    world.send(order(1))
    gate.drive()
    _, token = world.tokens()
    disavow = {"do": "disavow", "token": token, "maildir": str(world.maildir)}
    assert "died" in actor.start(**disavow, die_at=step), "this step is never reached"
    assert actor.start(**disavow)["done"] == {"still_leaving": False}
    before = len(world.delivered())
    assert actor.start(**submit(world, 2))["done"]["outcomes"] == ["refuse"]
    recover()
    assert len(world.delivered()) == before and world.orders() == []
    assert not Key.objects.exists() and not Sealed.objects.exists()


def test_a_disavowal_that_died_after_its_first_step_is_finished_by_the_worker(world: World, actor: Actor) -> None:
    world.send(order(1))
    gate.drive()
    _, token = world.tokens()
    assert "died" in actor.start(do="disavow", token=token, maildir=str(world.maildir), die_at="after disavow")
    assert Hold.objects.exists()
    gate.due()
    assert not Hold.objects.exists() and not Sealed.objects.exists()


def test_what_a_dead_worker_had_in_hand_is_looked_at_again_before_it_leaves(world: World, actor: Actor) -> None:
    """The disavowal comes after the death: it finds nothing that leaves, and nothing that waits."""
    world.send(order(1))
    gate.drive()
    confirm, not_me = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    assert "died" in actor.start(do="drive", maildir=str(world.maildir), die_at="before _may_leave")
    age()
    assert notme.report(not_me).still_leaving is False
    recover()
    assert world.orders() == [] and not Key.objects.exists()


def test_wrong_answers_are_counted_across_a_death(world: World, actor: Actor) -> None:
    world.send(order(1))
    gate.drive()
    token, _ = world.tokens()
    wrong = {"do": "confirm", "token": token, "kind": "postal_code", "answer": "1000001", "maildir": str(world.maildir)}
    for _ in range(3):
        actor.start(**wrong, die_at="after confirm")
    assert actor.start(**{**wrong, "answer": KEN_LIVES_AT})["done"] == "closed"


def test_three_tries_are_three_however_many_come_at_once(world: World, settings: object) -> None:
    world.send(order(1))
    gate.drive()
    token, _ = world.tokens()

    def attempt(number: int) -> str:
        try:
            return gate.confirm(token, "postal_code", f"10000{number:02}").result
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(24)))
    assert results.count("wrong") == 2 and results.count("closed") == 22
    assert gate.confirm(token, "postal_code", KEN_LIVES_AT).result == "closed"


def test_a_thousand_sends_against_a_disavowal_from_two_gates(world: World, settings: object) -> None:
    """Two processes send to a proved address while it is disavowed: nothing arrives once `report` is back."""
    world.send(order(1))
    gate.drive()
    confirm, not_me = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    gate.drive()
    actors = [Actor(database_url(), settings.HOME) for _ in range(2)]
    outcomes: list[str] = []

    def send(actor: Actor) -> None:
        for _ in range(500):
            outcomes.append(actor.start(**submit(world, 2))["done"]["outcomes"][0])

    threads = [Thread(target=send, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    while len(outcomes) < 300:
        time.sleep(0.001)
    freed = notme.report(not_me)
    files = {file.name for file in (world.maildir / "new").iterdir()}
    assert freed is not None and not freed.still_leaving
    for thread in threads:
        thread.join()
    for actor in actors:
        actor.die()
    assert {file.name for file in (world.maildir / "new").iterdir()} == files
    assert outcomes.count("deliver") >= 290 and outcomes.count("refuse") >= 100 and len(outcomes) == 1000
    assert ownership.standings(world.service, [(ownership.digest(addresses.parse(HANA)), "")])[0].stand.standing == (
        "disavowed"
    )
