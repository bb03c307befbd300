"""Every interleaving, with up to three changes of turn, of a disavowal and something that would leave (L5).

Both are processes of their own that stop before and after each of their transactions. Whoever is first by however
much: when the disavowal has said that it is done, nothing more arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from atesaki import addresses, gate, ownership
from atesaki.models import Claim, Key
from tests.faults import Actor
from tests.tables import Kept
from tests.world import HANA, KEN_LIVES_AT, World, database_url, make_world, order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
STOPS = 8  # of a disavowal; behind them it only waits


@pytest.fixture(scope="module")
def actors(django_db_setup: None) -> Iterator[tuple[Actor, Actor]]:
    pair = Actor(database_url(), django_settings.HOME), Actor(database_url(), django_settings.HOME)
    yield pair
    for actor in pair:
        actor.die()


class Run:
    """One command in one process, a stop at a time."""

    def __init__(self, actor: Actor, **command: object) -> None:
        self.actor, self.command, self.through = actor, command, False

    def step(self, many: int = 1) -> None:
        for _ in range(many):
            if self.through:
                return
            if self.actor.busy:
                self.actor.go()
            else:
                self.actor.start(**self.command, stop=True)
            self.through = not self.actor.busy


def submitting(world: World) -> dict[str, object]:
    """Mail to an address that is proved."""
    world.send(order(1))
    gate.drive()
    ownership.attest(Claim.objects.get(), "test")
    gate.due()
    return {"do": "submit", "service": world.service.name, "to": HANA, "mail": order(2).decode()}


def keeping(world: World) -> dict[str, object]:
    """Mail to an address that is not, of another customer: it brings a notice."""
    world.policy(notices_per_day=5, notices_in_all=10)
    world.send(order(1))
    gate.drive()
    mail = order(2, headers="X-Atesaki-Customer: aya\r\n").decode()
    return {"do": "submit", "service": world.service.name, "to": HANA, "mail": mail}


def passing(world: World) -> dict[str, object]:
    """As `submitting`, by the road that many mails share."""
    return {**submitting(world), "do": "road"}


def waiting(world: World) -> dict[str, object]:
    """As `keeping`, by that road: it brings no notice."""
    world.policy(notices_per_day=1)
    world.send(order(1))
    gate.drive()
    return {"do": "road", "service": world.service.name, "to": HANA, "mail": order(2).decode()}


def releasing(world: World) -> dict[str, object]:
    """The worker lets go what a proof has set free."""
    world.send(order(1))
    gate.drive()
    confirm, _ = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    return {"do": "drive"}


def noticing(world: World) -> dict[str, object]:
    """The worker sends a notice to a mailbox that has one already."""
    world.policy(notices_per_day=5, notices_in_all=10)
    world.send(order(1))
    gate.drive()
    world.send(order(2))
    return {"do": "drive"}


@pytest.mark.parametrize("what", [submitting, keeping, passing, waiting, releasing, noticing])
@pytest.mark.parametrize("first", ["sender", "reporter"])
@pytest.mark.timeout(600)
def test_nothing_arrives_once_the_disavowal_is_done(
    actors: tuple[Actor, Actor], tmp_path: Path, settings: object, what, first: str
) -> None:
    world = make_world(tmp_path, settings)
    send, report = what(world), {"do": "disavow", "token": world.tokens()[1]}
    maildir = str(world.maildir)
    begun = Kept(world.maildir)
    races = 0
    for one in count(1):
        for other in count(1):
            begun.restore()
            sender = Run(actors[0], **send, maildir=maildir)
            reporter = Run(actors[1], **report, maildir=maildir)
            begins, follows = (sender, reporter) if first == "sender" else (reporter, sender)
            begins.step(one)
            follows.step(other)
            ended = begins.through, follows.through
            finish(world, sender, reporter)
            races += not any(ended)
            if any(ended) or (follows.command["do"] == "disavow" and other > STOPS):
                break
        if ended[0]:
            break
    begun.forget()
    assert races > 8, "hardly anything raced: are the stops still where the steps are?"


def finish(world: World, sender: Run, reporter: Run) -> None:
    """The reporter first, unless it waits for the sender; then nothing may come any more."""
    while not reporter.through:
        reporter.step()
        if reporter.actor.at == "waiting":
            sender.step()
    done = {file.name for file in (world.maildir / "new").iterdir()}
    while not sender.through:
        sender.step()
    gate.due()
    assert {file.name for file in (world.maildir / "new").iterdir()} == done
    key = ownership.digest(addresses.parse(HANA))
    assert ownership.standings(world.service, [(key, "")])[0].stand.standing == "disavowed"
    assert not Key.objects.exists(), "and nothing is kept"
