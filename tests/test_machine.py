"""Any interleaving of two gates, a worker, a disavowal, deaths and time: the laws hold at every moment.

A hypothesis state machine drives real processes on a real PostgreSQL. Each stops before and after each of its
transactions, so that another may do anything in between; L1 and L5 are checked after every single step, and at
the end that nothing acknowledged was lost and that the service was told of each fact once.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test.utils import override_settings
from hypothesis import HealthCheck, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from atesaki import addresses, gate, outbox, ownership, tenants
from atesaki.models import Claim, Departure, Entry, Event, Hold, Key, Line, Sealed, Webhook
from atesaki.ownership import Purpose
from tests.faults import Actor
from tests.tables import empty
from tests.world import KEN_LIVES_AT, World, age, database_url, make_world, order

ADDRESSES = ("hana@example.jp", "mori@example.jp")
CUSTOMERS = ("ken", "ken", "ken", "aya")
NAMES = ("gate one", "gate two", "worker", "page one", "page two")
PAGES = st.sampled_from(NAMES[3:])
AWAY = st.sampled_from([False, False, True])  # the next hop
_actors: dict[str, Actor] = {}


class Machine(RuleBasedStateMachine):
    """What may happen, one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        empty()
        for actor in _actors.values():
            if actor.busy:
                actor.die()  # an example that failed left it in the middle
        self.folder = Path(tempfile.mkdtemp(prefix="atesaki-machine-"))
        self.override = override_settings(ATESAKI_UPSTREAM=f"maildir:{self.folder / 'delivered'}")
        self.override.enable()
        self.world: World = make_world(self.folder, settings)
        self.sent = 0
        self.doing: dict[str, dict[str, Any]] = {}
        self.customer: dict[int, str] = {}
        # Mails that were on their way in while that address was only observed.
        self.observed: set[tuple[int, str]] = set()
        self.silenced: dict[str, set[int]] = {}  # address that asked for silence -> mails that had begun by then
        self.notices: dict[str, int] = {}  # and how many notices it had been written
        self.acknowledged: dict[int, str] = {}  # mail -> ledger id, for those answered with 250
        self.seen: set[str] = set()
        self.freed: dict[str, set[str]] = {}  # address -> claims that a finished disavowal covers

    @initialize(proved=st.sets(st.sampled_from(ADDRESSES), max_size=2))
    def begin(self, proved: set[str]) -> None:
        self.world.policy(notices_per_day=3, notices_in_all=10, webhook="https://hook.example/told")
        (self.folder / "away").touch()  # no folder can be made below it: a next hop that puts everything off
        for to in proved:
            with transaction.atomic():
                claim = ownership.claim(self.world.service, addresses.parse(to), CUSTOMERS[0])
                ownership.attest(claim, "proved from the start")

    # -- rules -----------------------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from(NAMES[:2]),
        to=st.sampled_from([*((each,) for each in ADDRESSES), ADDRESSES]),
        customer=st.sampled_from(CUSTOMERS),
        away=AWAY,
    )
    def send(self, who: str, to: tuple[str, ...], customer: str, away: bool) -> None:
        if who in self.doing:
            return
        self.sent += 1
        self.customer[self.sent] = customer
        mail = order(self.sent, to=to[0], headers=f"X-Atesaki-Customer: {customer}\r\n").decode()
        self._watch(self.sent, to)
        service = self.world.service.name
        self._begin(who, do="submit", service=service, to=list(to), mail=mail, number=self.sent, away=away)

    @rule(page=PAGES, to=st.sampled_from(ADDRESSES), customer=st.sampled_from(CUSTOMERS), right=st.booleans())
    def confirm(self, page: str, to: str, customer: str, right: bool) -> None:
        claim = self._claim(to, customer)
        if page not in self.doing and claim:
            token = ownership.issue(claim, Purpose.CONFIRM, claim.created.replace(year=2200))
            answer = KEN_LIVES_AT if right else "100-0001"
            self._begin(page, do="confirm", token=token, kind="postal_code", answer=answer)

    @rule(page=PAGES, to=st.sampled_from(ADDRESSES), customer=st.sampled_from(CUSTOMERS))
    def disavow(self, page: str, to: str, customer: str) -> None:
        claim = self._claim(to, customer)
        if page not in self.doing and claim:
            token = ownership.issue(claim, Purpose.NOT_ME, claim.created.replace(year=2200))
            self._begin(page, do="disavow", token=token, to=to)

    @rule(to=st.sampled_from(ADDRESSES), customer=st.sampled_from(CUSTOMERS))
    def pause(self, to: str, customer: str) -> None:
        """One-click (RFC 8058): one committed row, whatever the others stand in the middle of."""
        claim = self._claim(to, customer)
        if not claim:
            return
        ownership.pause(ownership.issue(claim, Purpose.NOT_ME, claim.created.replace(year=2200)))
        if not any(each["do"] == "confirm" for each in self.doing.values()):
            self.silenced[to] = set(range(1, self.sent + 1))
            self.notices[to] = self._notices(to)

    @rule(mode=st.sampled_from(["enforce", "enforce", "observe"]), share=st.sampled_from([100, 100, 50, 0]))
    def change_mode(self, mode: str, share: int) -> None:
        self.world.policy(mode=mode, enforce_share=share)
        for each in self.doing.values():
            if each["do"] == "submit":
                self._watch(each["number"], each["to"])

    def _watch(self, number: int, to: Iterable[str]) -> None:
        for each in to:
            if not tenants.enforces(self.world.service, ownership.digest(addresses.parse(each))):
                self.observed.add((number, each))

    @rule(away=AWAY)
    def work(self, away: bool) -> None:
        if "worker" not in self.doing:
            self._begin("worker", do="drive", away=away)

    @precondition(lambda self: self.doing)
    @rule(data=st.data(), steps=st.integers(1, 4))
    def go_on(self, data: st.DataObject, steps: int) -> None:
        who = data.draw(st.sampled_from(sorted(self.doing)))
        for _ in range(steps):
            if who in self.doing:
                self._said(who, _actors[who].go())

    @precondition(lambda self: self.doing)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.doing)))
        note(f"{who} dies {_actors[who].at}")
        _actors[who].die()
        del self.doing[who]
        if not self.doing.keys() & set(NAMES[:3]):
            age()  # or a disavowal would wait out the courier's time for the dead, in earnest

    @precondition(lambda self: self.doing)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.doing)))
        for _ in range(40):
            if who in self.doing and _actors[who].at != "waiting":
                self._said(who, _actors[who].go())

    @rule()
    def due(self) -> None:
        gate.due()

    @precondition(lambda self: not self.doing)
    @rule()
    def an_hour_later(self) -> None:
        age()
        gate.due()
        gate.drive()

    @precondition(lambda self: not self.doing and self.sent > 3)
    @rule()
    def the_time_to_wait_is_over(self) -> None:
        Hold.objects.update(expires="2000-01-01T00:00:00Z")
        gate.due()

    # -- the laws --------------------------------------------------------------------------------------------

    @invariant()
    def l1_and_l5(self) -> None:
        for name, raw in self._arrived():
            if name in self.seen:
                continue
            self.seen.add(name)
            to = re.search(rb"^Delivered-To: (\S+)", raw, re.M)[1].decode()
            number = re.search(rb"^Message-ID: <(\d+)@", raw, re.M)
            customer = self.customer[int(number[1])] if number else None
            if number and customer:
                self._may_have_arrived(int(number[1]), to, customer)
            for claim_pk in self.freed.get(to, ()):
                claim = self._claim(to, customer) if customer else None
                about = claim is None or str(claim.pk) == claim_pk
                assert not about, f"L5: something reached {to} after the disavowal was acknowledged"

    def _may_have_arrived(self, number: int, to: str, customer: str) -> None:
        claim = self._claim(to, customer)
        proved = claim and Event.objects.filter(claim=claim, kind="proved").exists()
        assert proved or (number, to) in self.observed, f"L1: mail {number} reached {to} before {customer} proved it"
        if to in self.silenced and not (claim and self._standing(claim) == "proved"):
            began = number in self.silenced[to]
            assert began, f"mail {number} reached {to}, which had asked for silence before it was sent"

    @invariant()
    def nobody_is_asked_who_asked_for_silence(self) -> None:
        for to, many in self.notices.items():
            assert self._notices(to) == many, f"{to} was asked again after a one-click"

    def teardown(self) -> None:
        try:
            while self.doing:
                for who in list(self.doing):  # in turns: a disavowal waits for the others
                    self._said(who, _actors[who].go())
            for _ in range(3):
                age()
                gate.due()
            self.l1_and_l5()
            self._nothing_was_lost()
            self._each_fact_was_told_once()
        finally:
            self.override.disable()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _nothing_was_lost(self) -> None:
        arrived = {(_to(raw), _number(raw)) for _, raw in self._arrived()}
        sealed = [outbox.open_mail(key) for key in Key.objects.select_related("sealed")]
        waiting = {(each.envelope.recipients[0].text, _number(each.content)) for each in sealed}
        to = {ownership.digest(addresses.parse(each)): each for each in ADDRESSES}
        for number, mail in self.acknowledged.items():
            for line in Line.objects.filter(mail=mail):
                here = (to[bytes(line.digest)], number)
                destroyed = line.fate == "destroyed" and Entry.objects.filter(line=line.pk, what="destroyed").exists()
                refused = line.outcome == "refuse"
                assert here in arrived or here in waiting or destroyed or refused, f"{here} is lost: {vars(line)}"
        used = set(Hold.objects.values_list("key", flat=True)) | set(Departure.objects.values_list("key", flat=True))
        assert set(Key.objects.values_list("pk", flat=True)) == used
        assert set(Sealed.objects.values_list("pk", flat=True)) == set(Key.objects.values_list("sealed", flat=True))
        assert not Line.objects.filter(state="leaving").exists()

    def _each_fact_was_told_once(self) -> None:
        """What the ledger's timelines say, the service was told: no more, no less, whoever died in between."""
        lines = {line.pk: (str(line.mail), line.position) for line in Line.objects.filter(kind="mail")}
        for what, kind in (("held", "mail.held"), ("proved", "mail.released"), ("destroyed", "mail.destroyed")):
            entries = Entry.objects.filter(what=what, line__in=list(lines)).values_list("line", flat=True)
            told = Webhook.objects.filter(type=kind).values_list("body", flat=True)
            assert Counter(lines[pk] for pk in entries) == Counter((each["message"], each["position"]) for each in told)

    # -- the machinery ---------------------------------------------------------------------------------------

    def _begin(self, who: str, **command: Any) -> None:
        self.doing[who] = command
        if command["do"] == "confirm":
            # A proof may be in force from here on; what then arrives breaks no promise.
            self.freed.clear()
            self.silenced.clear()
            self.notices.clear()
        maildir = self.folder / "away" if command.get("away") else self.world.maildir
        self._said(who, _actors[who].start(**command, stop=True, maildir=str(maildir)))

    def _said(self, who: str, said: dict[str, Any]) -> None:
        note(f"{who}: {said}")
        if "at" in said:
            return
        command = self.doing.pop(who)
        if "failed" in said:
            assert said["failed"].startswith("TryLater"), said
            return
        if command["do"] == "submit" and set(said["done"]["outcomes"]) != {"refuse"}:
            self.acknowledged[command["number"]] = said["done"]["id"]
        proving = any(each["do"] == "confirm" for each in self.doing.values())
        if command["do"] == "disavow" and said["done"] == {"still_leaving": False} and not proving:
            self.l1_and_l5()
            self.freed[command["to"]] = self._disavowed(command["to"])

    def _disavowed(self, to: str) -> set[str]:
        digest = ownership.digest(addresses.parse(to))
        return {str(claim.pk) for claim in Claim.objects.filter(digest=digest) if self._standing(claim) == "disavowed"}

    def _standing(self, claim: Claim) -> str:
        return ownership.known(claim).standing.value

    def _claim(self, to: str, customer: str) -> Claim | None:
        digest = ownership.digest(addresses.parse(to))
        return Claim.objects.filter(digest=digest, customer=customer).first()

    def _notices(self, to: str) -> int:
        return Line.objects.filter(digest=ownership.digest(addresses.parse(to)), kind="notice").count()

    def _arrived(self) -> Iterator[tuple[str, bytes]]:
        folder = self.world.maildir / "new"
        if folder.exists():
            for file in sorted(folder.iterdir()):
                yield file.name, file.read_bytes()


def _to(raw: bytes) -> str:
    return re.search(rb"^Delivered-To: (\S+)", raw, re.M)[1].decode()


def _number(raw: bytes) -> int:
    """The mail's own number; 0 for one of ours."""
    found = re.search(rb"^Message-ID: <(\d+)@shop", raw, re.M)
    return int(found[1]) if found else 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_interleaving_keeps_the_laws() -> None:
    _actors.update({name: Actor(database_url(), settings.HOME) for name in NAMES})
    examples = int(os.environ.get("MACHINE_EXAMPLES", "30"))
    try:
        run_state_machine_as_test(
            Machine,
            settings=hypothesis_settings(
                max_examples=examples,
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    finally:
        for actor in _actors.values():
            actor.die()
