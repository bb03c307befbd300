"""A campaign asks each mailbox once, none that said no, at its pace, and stops itself when "not me" rises."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from atesaki import addresses, campaigns, clock, gate, inbound, keys, notme, ownership, tasks, tenants
from atesaki.campaigns import CampaignError, asking, paces, rises
from atesaki.cli.campaign import campaign as command
from atesaki.models import Asked, Campaign, Claim, Event, Line, Slot
from atesaki.ownership import Purpose
from atesaki.tenants import Service, add_service
from tests.campaign_actor import CampaignActor
from tests.faults import Actor
from tests.tables import empty
from tests.world import HANA, SECRETS, World, age, database_url, make_world, order

pytestmark = pytest.mark.django_db
counting = sys.modules["atesaki.campaigns.figures"]  # the package has a function of that name


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Moves the clock on, as often as it is called."""
    moved = timedelta()

    def move(**by: float) -> None:
        nonlocal moved
        moved += timedelta(**by)
        monkeypatch.setattr(clock, "offset", lambda: moved)

    return move


def claim(service: Service, address: str = HANA, customer: str = "ken") -> Claim:
    with transaction.atomic():
        return ownership.claim(service, addresses.parse(address), customer)


def people(world: World, many: int) -> list[Claim]:
    return [claim(world.service, f"p{number}@example.jp", f"M-{number}") for number in range(many)]


def token(of: Claim, purpose: Purpose = Purpose.NOT_ME) -> str:
    return ownership.issue(of, purpose, clock.now() + timedelta(days=400))


def run(turns: int = 1) -> int:
    asked = sum(campaigns.due() for _ in range(turns))
    gate.drive()
    return asked


def to(world: World) -> list[str]:
    return [str(mail["To"]) for mail in world.notices()]


def now(campaign: Campaign) -> Campaign:
    return campaigns.find(str(campaign.pk))


# -- whom it asks, and how --------------------------------------------------------------------------------------


def test_each_mailbox_is_asked_once_by_a_mail_that_says_nothing_of_anybody(world: World, later) -> None:
    people(world, 3)
    claim(world.service, "P0@example.jp", "M-other")  # the same mailbox
    campaign = campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    assert run(3) == 3
    assert sorted(to(world)) == [f"p{number}@example.jp" for number in range(3)]
    assert now(campaign).state == "done"
    assert now(campaign).passed_over == {"same_mailbox": 1}
    for raw in world.delivered():
        assert not any(secret.encode() in raw for secret in (*SECRETS, "M-0"))
    text = world.notices()[0].get_body(("plain",)).get_content()
    assert re.search(r"/c/[\w-]+", text) and re.search(r"/n/[\w-]+", text)
    assert not re.search(r"^\d{6}\r?$", text, re.M), "no code where there is no page to type it into"
    assert Line.objects.filter(kind="confirmation").count() == 3


def test_with_a_page_for_it_the_mail_shows_a_code(world: World) -> None:
    one = claim(world.service)
    campaigns.start(world.service, show_code=True)
    run()
    code = re.search(r"^(\d{6})\r?$", world.notices()[0].get_body(("plain",)).get_content(), re.M)
    assert code and gate.prove_code(one, code[1]).result == "proved"


def test_the_link_without_a_code_lives_as_long_as_mail_waits(world: World, later) -> None:
    claim(world.service)
    campaigns.start(world.service)
    run()
    confirm, _ = world.tokens()
    later(days=world.service.wait_days - 1)
    assert gate.confirm(confirm).result == "answered"


def test_a_notice_does_not_follow_on_the_same_day(world: World) -> None:
    """R1: what the campaign has just asked, the first waiting mail does not ask again."""
    claim(world.service)
    campaigns.start(world.service)
    run()
    assert world.send(order(headers="X-Atesaki-Customer: ken\r\n")).outcomes == (gate.Outcome.HOLD,)


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("proved", "proved"),
        ("disavowed", "disavowed"),
        ("paused", "paused"),
        ("doubted", "doubted"),
        ("withdrawn", "withdrawn"),
        ("asked", "asked_lately"),
        ("erased", "erased"),
    ],
)
def test_whom_it_does_not_ask(world: World, later, what: str, why: str, elsewhere: bool) -> None:
    """Whatever was said in any service of the organisation."""
    one = claim(world.service)
    said_at = one
    if elsewhere:
        other = add_service("ID", organisation="はな商事", locale="ja", mode="enforce", sender="i@id.example").service
        said_at = claim(other, customer="K-1")
    with transaction.atomic():
        if what in ("proved", "doubted"):
            ownership.attest(said_at, "seen")
        if what == "doubted":
            ownership.doubt(said_at, "returned", "5.1.1")
        elif what == "paused":
            ownership.pause(token(said_at))
        elif what == "disavowed":
            ownership.disavow(token(said_at), "page")
        elif what == "withdrawn":
            ownership.withdraw(said_at)
        elif what == "asked":
            assert gate.request(said_at)
        elif what == "erased":
            gate.erase(bytes(one.digest))
    gate.drive()
    before = len(world.notices())
    campaign = campaigns.start(world.service)
    run(2)
    spared = not elsewhere or what not in ("proved", "withdrawn")  # of those another customer's claim tells nothing
    assert len(world.notices()) == before + (not spared)
    assert now(campaign).passed_over == ({why: 1} if spared else {})


def test_who_was_asked_long_ago_is_asked(world: World, later) -> None:
    one = claim(world.service)
    with transaction.atomic():
        gate.request(one)
    later(days=15)
    campaigns.start(world.service)
    assert run() == 1


def test_a_policy_that_has_no_mail_left_for_a_mailbox_is_kept(world: World, later) -> None:
    one = claim(world.service)
    for _ in range(2):
        with transaction.atomic():
            assert gate.request(one)
        later(days=20)
    campaign = campaigns.start(world.service)
    assert run(2) == 0
    assert now(campaign).passed_over == {"policy": 1}


def test_claims_that_come_later_are_not_its_own(world: World, later) -> None:
    people(world, 2)
    campaigns.start(world.service, per_hour=60)
    assert run() == 1
    claim(world.service)
    later(minutes=10)
    assert run(3) == 1


# -- its pace ---------------------------------------------------------------------------------------------------


def test_the_pace_is_even_and_nothing_is_made_up_for(world: World, later) -> None:
    people(world, 20)
    campaigns.start(world.service, per_hour=120)
    counts = []
    for _ in range(5):
        counts.append(run())
        later(minutes=1)
    assert counts[0] == 1 and set(counts[1:]) == {2}
    later(hours=5)  # the worker was away
    assert run() <= 6


def test_a_turn_is_bounded(world: World, later) -> None:
    people(world, 12)
    campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    assert campaigns.due(most=5) == 5
    assert campaigns.due(seconds=0) == 0
    assert campaigns.due() == 7


def test_it_keeps_its_hours(world: World, monkeypatch) -> None:
    people(world, 2)
    at = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)  # Saturday 05:00 in Tokyo
    monkeypatch.setattr(clock, "now", lambda: at)
    campaign = campaigns.start(world.service, per_hour=10, hours="mon-fri 10:00-18:00")
    assert run() == 0
    assert campaigns.figures(now(campaign)).next == datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    at = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    assert run() == 1


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["", "mon-fri 10:00-18:00", "sun 00:00-24:00", "sat-sun 09:00-12:00, wed 22:00-24:00"]),
)
def test_the_hours_open_at_the_first_moment_within_them(at: datetime, hours: str) -> None:
    at = at.replace(tzinfo=UTC)
    opens = paces.opens(hours, "Asia/Tokyo", at)
    assert at <= opens <= at + timedelta(days=8)
    assert paces.opens(hours, "Asia/Tokyo", opens) == opens, "and then it is open"
    minute = at
    while hours and minute < opens:  # and at no moment before
        assert paces.opens(hours, "Asia/Tokyo", minute) == opens
        minute += timedelta(hours=3)


def test_a_next_hop_that_is_away_gets_no_heap(world: World, later, monkeypatch) -> None:
    people(world, 23)
    campaigns.start(world.service, per_hour=20)
    for _ in range(23):
        campaigns.due()  # nothing leaves
        later(minutes=10)
    assert Asked.objects.count() == 20


# -- reminders --------------------------------------------------------------------------------------------------


def test_without_a_wish_for_it_nobody_is_reminded(world: World, later) -> None:
    claim(world.service)
    campaigns.start(world.service)
    run(2)
    later(days=30)
    assert run(3) == 0


def test_who_says_nothing_is_reminded_once(world: World, later) -> None:
    silent, answered, refused, gone = people(world, 4)
    campaign = campaigns.start(world.service, per_hour=20_000, remind_after=7)
    later(minutes=1)
    assert run() == 4
    ownership.answered(token(answered, Purpose.CONFIRM))
    notme.report(token(refused))
    campaigns.came_back(gone)
    later(days=6)
    assert run() == 0 and now(campaign).state == "running"
    later(days=2)
    assert run(3) == 1
    assert now(campaign).state == "done"
    later(days=30)
    assert run(3) == 0
    assert to(world).count("p0@example.jp") == 2 and len(to(world)) == 5
    found = campaigns.counted(now(campaign))
    assert (found.asked, found.not_me, found.answered, found.returned, found.silent) == (4, 1, 1, 1, 1)
    assert found.reminded == 1
    assert Asked.objects.get(claim=silent).reminder is not None


def asked_already(world: World, many: int) -> tuple[Campaign, list[Claim]]:
    """A campaign that has asked so many, and has three to go: its rows, for what is tried is what follows."""
    given = [
        ownership.Given(ownership.digest(addresses.parse(f"p{n}@example.jp")), f"p{n}@example.jp", f"M-{n:03}")
        for n in range(many)
    ]
    gate.vouch_all(world.service, given)
    everybody = list(Claim.objects.select_related("service__organisation").order_by("customer"))
    campaign = campaigns.start(world.service, per_hour=3_600)
    at, line = clock.now(), Claim.objects.latest("pk").pk
    Asked.objects.bulk_create(
        Asked(campaign=campaign, digest=one.digest, claim=one, line=line, at=at) for one in everybody
    )
    for number in range(3):
        claim(world.service, f"q{number}@example.jp", f"Q-{number}")
    last = keys.uuid7()
    Campaign.objects.update(cursor=max(one.pk for one in everybody), last=type(last)(int=last.int + (1 << 90)))
    return now(campaign), everybody


# -- what stops it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hits", "sample", "bound"), [(0, 0, 0), (0, 100, 0), (3, 50, 0.0242), (20, 1000, 0.0141)])
def test_wilsons_bound(hits: int, sample: int, bound: float) -> None:
    """Against values computed by hand (one-sided 95 %)."""
    assert rises.lower_bound(hits, sample) == pytest.approx(bound, abs=2e-4)


@given(st.integers(1, 5_000), st.data())
def test_the_bound_is_below_the_share_and_rises_with_it(sample: int, data) -> None:
    hits = data.draw(st.integers(0, sample))
    bound = rises.lower_bound(hits, sample)
    assert 0 <= bound <= hits / sample
    assert hits == sample or bound <= rises.lower_bound(hits + 1, sample)


def test_it_stops_when_not_me_rises_and_goes_on_when_told(world: World, later) -> None:
    campaign, everybody = asked_already(world, 60)
    for one in everybody[:5]:
        notme.report(token(one))
    assert run() == 0, "not one more"
    campaign = now(campaign)
    assert (campaign.state, campaign.why) == ("stopped", "not_me")
    found = campaigns.counted(campaign)
    assert found.not_me == 5 and found.rate == pytest.approx(5 / 60)
    assert found.bound > campaign.stop_at and found.next is None
    later(hours=2)
    assert run(3) == 0
    campaigns.resume(campaign)
    later(minutes=5)
    assert run(5) == 3 and now(campaign).state == "done", "what was seen before counts no more"


def test_few_who_say_so_do_not_stop_it(world: World, later) -> None:
    campaign, everybody = asked_already(world, 60)
    notme.report(token(everybody[0]))
    notme.report(token(everybody[1]))  # 2 of 60 may be chance
    later(minutes=1)
    assert run(2) == 3
    assert now(campaign).state == "done"


def test_returned_mail_stops_it_too(world: World, later) -> None:
    campaign, everybody = asked_already(world, 60)
    report = (
        "From: MAILER-DAEMON@example.jp\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\n\r\nunknown user\r\n'
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.jp\r\n\r\n"
        "Final-Recipient: rfc822; p@example.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n"
    )
    for one in everybody[:12]:
        back = f"b+{token(one, Purpose.REPLY)}@{django_settings.ATESAKI_MAIL_DOMAIN}"
        assert inbound.receive(report.encode(), "", back) == "taken"
    assert Asked.objects.exclude(returned=None).count() == 12
    assert run() == 0
    assert (now(campaign).state, now(campaign).why) == ("stopped", "returned")


def test_what_the_next_hop_refuses_counts_as_returned(world: World, monkeypatch) -> None:
    from atesaki.outbox import Hand, Handed

    class Refusing:
        def hand(self, envelope, content, seconds) -> list[Handed]:
            return [Handed(Hand.PERMANENT, 550, "no such user")] * len(envelope.recipients)

    claim(world.service)
    campaign = campaigns.start(world.service)
    monkeypatch.setattr("atesaki.outbox.courier", Refusing)
    run()
    run()
    assert campaigns.counted(now(campaign)).returned == 1


# -- its life ---------------------------------------------------------------------------------------------------


def test_paused_resumed_and_ended(world: World, later) -> None:
    people(world, 3)
    campaign = campaigns.start(world.service, per_hour=60)
    assert run() == 1
    campaigns.pause(campaign)
    later(minutes=5)
    assert run() == 0
    with pytest.raises(CampaignError, match="not running"):
        campaigns.pause(campaign)
    campaigns.resume(campaign)
    assert run() == 1
    campaigns.stop(campaign)
    later(minutes=5)
    assert run() == 0
    with pytest.raises(CampaignError, match="neither paused nor stopped"):
        campaigns.resume(campaign)
    assert campaigns.figures(now(campaign)).waiting == 0


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"per_hour": 0}, "from 1 to 20000"),
        ({"per_hour": 20_001}, "from 1 to 20000"),
        ({"hours": "always"}, "cannot be read"),
        ({"stop_at": 0.0}, "share"),
        ({"remind_after": 0}, "1 to 60 days"),
    ],
)
def test_what_cannot_be_started(world: World, given_, said: str) -> None:
    with pytest.raises(CampaignError, match=said):
        campaigns.start(world.service, **given_)


def test_one_at_a_time_and_none_where_the_policy_mails_nobody(world: World) -> None:
    claim(world.service)
    campaigns.start(world.service)
    with pytest.raises(CampaignError, match="not over yet"):
        campaigns.start(world.service)
    other = add_service("ID", organisation="はな商事", locale="ja", mode="enforce", sender="i@id.example").service
    tenants.change_service("ID", notices_per_day=0)
    with pytest.raises(CampaignError, match="--notices-per-day"):
        campaigns.start(tenants.find(other.name))


def test_a_retired_service_asks_nobody(world: World) -> None:
    claim(world.service)
    campaign = campaigns.start(world.service)
    tenants.retire(world.service.name)
    assert run() == 0
    assert now(campaign).state == "ended"


def test_figures_outlive_whom_it_asked(world: World, later) -> None:
    one, other = people(world, 2)
    campaign = campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    run(2)
    confirm, _ = world.tokens(world.notices()[0])
    gate.confirm(confirm)
    with transaction.atomic():
        gate.attest(other, "showed a card")
    before = campaigns.counted(now(campaign))
    assert (before.asked, before.answered, before.proved) == (2, 1, 1)
    later(days=91)
    assert campaigns.forget_old() == 2 and campaigns.forget_old() == 0
    assert not Asked.objects.exists()
    after = campaigns.figures(now(campaign))
    assert (after.asked, after.answered, after.proved, after.passed_over) == (2, 1, 1, {})
    assert ownership.known(one).standing == "answered"


def test_the_worker_drives_it(world: World) -> None:
    claim(world.service)
    campaigns.start(world.service)
    assert tasks.everything_due()["campaigns"] == 1
    assert to(world) == [HANA]


def test_what_an_operator_types(world: World, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["atesaki.cli.campaign"], "installation", nullcontext)
    claim(world.service)

    def typed(*words: str) -> str:
        return str(CliRunner().invoke(command, [*words], catch_exceptions=False).output)

    name = world.service.name
    assert "no campaign yet" in typed("list")
    begun = json.loads(typed("start", name, "--stop-at", "3 %", "--remind-after", "7d", "--json"))
    assert (begun["state"], begun["stop_at"], begun["remind_after_days"], begun["waiting"]) == ("running", 0.03, 7, 1)
    run()
    assert "0 mailboxes, about 1 to go" in typed("status", name), "as counted at its start, less than a minute ago"
    assert "1 mailboxes, about 0 to go" in typed("status", name, "--exact")
    assert json.loads(typed("pause", name, "--json"))["state"] == "paused"
    Campaign.objects.update(state="stopped", why="not_me")
    assert 'too many mailboxes said "not me"' in (said := typed("status", str(begun["campaign"])))
    assert f"atesaki campaign resume {begun['campaign']}" in said
    assert json.loads(typed("resume", name, "--per-hour", "50", "--json"))["per_hour"] == 50
    assert json.loads(typed("stop", name, "--json"))["state"] == "ended"
    assert json.loads(typed("list", "--json"))["asked"] == 1
    assert "give such as 7d" in typed("start", name, "--remind-after", "soon")


# -- what fails, and what is counted ------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, *customers: str) -> None:
    """`gate.request` fails for these customers' claims."""
    whole = gate.request

    def request(claim: Claim, **more: bool) -> object:
        if claim.customer in customers:
            raise ValueError(f"{HANA} is in the words of this error")
        return whole(claim, **more)

    monkeypatch.setattr(gate, "request", request)


def test_one_campaign_that_fails_keeps_no_other_from_its_turn(world: World, monkeypatch) -> None:
    other = add_service("ID", organisation="はな商事", locale="ja", mode="enforce", sender="i@id.example").service
    claim(world.service, "x@example.jp"), claim(other, "y@example.jp")
    first = campaigns.start(world.service)
    campaigns.start(other)
    whole = asking.watch

    def watch(pk: int) -> bool:
        if pk == first.pk:
            raise ValueError(HANA)
        return bool(whole(pk))

    monkeypatch.setattr(asking, "watch", watch)
    with capture_logs() as told:
        assert run() == 1
    assert to(world) == ["y@example.jp"]
    assert {"event": "campaign.failed", "campaign": first.pk, "error": "ValueError", "log_level": "error"} in told
    assert HANA not in str(told)
    Campaign.objects.exclude(pk=first.pk).delete()
    with pytest.raises(ValueError):  # nothing could be done: whoever drives it must see that
        campaigns.due()


def test_a_claim_that_fails_is_passed_over_after_three_tries(world: World, later, monkeypatch) -> None:
    people(world, 3)
    campaign = campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    failing(monkeypatch, "M-0", "M-2")
    with capture_logs() as told:
        counts = [run() for _ in range(6)]
    assert counts == [0, 0, 1, 0, 0, 0] and to(world) == ["p1@example.jp"]
    assert HANA not in str(told) and sum(each["event"] == "campaign.claim_failed" for each in told) == 6
    run()
    assert (now(campaign).state, now(campaign).passed_over) == ("done", {"failed": 2})
    assert campaigns.figures(now(campaign)).passed_over == {"failed": 2}
    assert Asked.objects.count() == 1


def test_what_fails_once_is_asked_the_next_time(world: World, later, monkeypatch) -> None:
    people(world, 2)
    campaign = campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    with monkeypatch.context() as for_now:
        failing(for_now, "M-0")
        assert run(2) == 0
    assert run() == 2 and now(campaign).passed_over == {}
    assert (now(campaign).failing, now(campaign).tries) == (None, 0)


def test_a_reminder_that_fails_is_given_up_and_the_others_go(world: World, later, monkeypatch) -> None:
    people(world, 2)
    campaign = campaigns.start(world.service, per_hour=20_000, remind_after=7)
    later(minutes=1)
    assert run() == 2
    later(days=8)
    failing(monkeypatch, "M-0")
    assert [run() for _ in range(3)] == [0, 0, 1]
    run()
    assert (now(campaign).state, now(campaign).passed_over) == ("done", {"not_reminded": 1})
    assert Asked.objects.filter(reminder=None).count() == 1


def test_the_figures_are_counted_by_the_worker_once_a_minute(world: World, later, monkeypatch) -> None:
    people(world, 3)
    campaign = campaigns.start(world.service, per_hour=60)
    calls = list[int]()
    whole = counting._counted
    monkeypatch.setattr(counting, "_counted", lambda of: calls.append(of.pk) or whole(of))
    run(3)
    assert not calls and campaigns.figures(now(campaign)).asked == 0, "counted at its start"
    later(seconds=61)
    run(3)
    assert len(calls) == 1
    for _ in range(5):
        found = campaigns.figures(now(campaign))
    assert (found.asked, found.silent, found.waiting, len(calls)) == (2, 2, 1, 1), "looking counts nothing"
    assert clock.now() - found.counted < timedelta(seconds=30)
    Campaign.objects.update(figures=now(campaign).figures | {"seconds": 9.0})
    later(minutes=2)
    run()
    assert len(calls) == 1, "a count that takes long is made seldom"
    later(minutes=2)
    run()
    assert len(calls) == 2 and campaigns.figures(now(campaign)).asked == 3


def test_once_it_is_over_late_answers_are_counted_too(world: World, later) -> None:
    one = claim(world.service)
    campaign = campaigns.start(world.service, per_hour=20_000)
    later(minutes=1)
    run(2)
    found = campaigns.figures(now(campaign))
    assert (now(campaign).state, found.asked, found.silent, found.next) == ("done", 1, 1, None), "at its end"
    ownership.answered(token(one, Purpose.CONFIRM))
    later(minutes=30)
    campaigns.due()
    assert campaigns.figures(now(campaign)).answered == 0
    later(minutes=31)
    campaigns.due()
    assert campaigns.figures(now(campaign)).answered == 1


def test_what_is_counted_for_stopping_begins_anew_when_it_is_resumed(world: World) -> None:
    campaign, everybody = asked_already(world, 60)
    for one in everybody[:5]:
        notme.report(token(one))
    run()
    Campaign.objects.update(counted=clock.now() - timedelta(hours=2))
    run()
    assert campaigns.figures(now(campaign)).rate > 0.08
    assert campaigns.figures(campaigns.resume(now(campaign))).rate == 0


# -- interleavings and deaths -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def actors(django_db_setup: None) -> Iterator[tuple[Actor, Actor]]:
    pair = CampaignActor(database_url(), django_settings.HOME), CampaignActor(database_url(), django_settings.HOME)
    yield pair
    for actor in pair:
        actor.die()


def opened(folder: Path, settings: object, many: int = 2) -> World:
    world = make_world(folder, settings)
    people(world, many)
    campaigns.start(world.service, per_hour=20_000, remind_after=7)  # so that it is not over after the first turn
    # As if it had begun a minute ago: the pace is not what is tried here.
    Campaign.objects.update(next=clock.now() - timedelta(minutes=1))
    return world


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["after watch", "before request", "after request", "after _move", "after _ask"])
def test_killed_between_any_two_steps_it_asks_nobody_twice_and_forgets_nobody(actors, tmp_path, settings, step) -> None:
    world = opened(tmp_path, settings, 3)
    turn = {"do": "turn", "maildir": str(world.maildir)}
    assert "died" in actors[0].start(**turn, die_at=step), "this step is never reached"
    Campaign.objects.update(next=clock.now() - timedelta(minutes=1))
    campaigns.due()
    age()
    gate.due()
    assert sorted(to(world)) == ["p0@example.jp", "p1@example.jp", "p2@example.jp"]
    assert Asked.objects.count() == 3 == Slot.objects.filter(what="confirmation").count()


@pytest.mark.django_db(transaction=True)
def test_two_workers_however_they_take_turns_ask_each_mailbox_once(actors, tmp_path, settings) -> None:
    """The one stops at each of its steps, while the other does a whole turn."""
    raced = 0
    for stop in range(1, 40):
        empty()
        world = opened(tmp_path / str(stop), settings)
        turn = {"do": "turn", "maildir": str(world.maildir)}
        actors[0].start(**turn, stop=True)
        for _ in range(stop - 1):
            if actors[0].busy:
                actors[0].go()
        inside = actors[0].busy
        assert "done" in actors[1].start(**turn)
        actors[0].finish()
        gate.drive()
        assert sorted(to(world)) == ["p0@example.jp", "p1@example.jp"]
        assert Campaign.objects.get().passed_over == {}, "and neither looked at what the other had done"
        raced += inside
        if not inside:
            break
    assert raced > 5, "hardly anything raced: are the stops still where the steps are?"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["campaign", "reporter"])
def test_nothing_is_asked_once_a_disavowal_is_done(actors, tmp_path, settings, first: str) -> None:
    """At each stop of the campaign's turn the mailbox says "not me", in another process, to its end."""
    raced = 0
    for stop in range(1, 40):
        empty()
        world = opened(tmp_path / f"{stop}", settings, 1)
        raw = token(Claim.objects.get())
        turn = {"do": "turn", "maildir": str(world.maildir)}
        if first == "campaign":
            actors[0].start(**turn, stop=True)
            for _ in range(stop - 1):
                if actors[0].busy:
                    actors[0].go()
        inside = actors[0].busy
        assert actors[1].start(do="disavow", token=raw, maildir=str(world.maildir))["done"] == {"still_leaving": False}
        done = len(world.delivered())
        actors[0].finish() if first == "campaign" else actors[0].start(**turn)
        gate.drive()
        assert len(world.delivered()) == done == 0
        raced += inside
        if not inside:
            break
    assert raced > 3 or first == "reporter"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["after take_in", "after vouch_all"])
def test_an_import_killed_in_the_middle_is_run_again(actors, tmp_path, settings, step: str) -> None:
    world = make_world(tmp_path, settings)
    lines = [f"c{number}@example.jp,{number},confirmed_opt_in,,2024-01-01" for number in range(1_500)]
    (tmp_path / "claims.csv").write_text("\n".join(["address,customer,method,evidence,at", *lines]))
    command = {"do": "import", "service": world.service.name, "file": str(tmp_path / "claims.csv"), "maildir": ""}
    assert "died" in actors[0].start(**command, die_at=step)
    before = 1_000 if step == "after vouch_all" else 0
    assert Claim.objects.count() == before, "a batch is there as a whole, or not at all"
    done = dict(campaigns.import_claims(world.service, tmp_path / "claims.csv").fates)
    assert done == {"proved": 1_500 - before} | ({"known": before} if before else {})
    assert Event.objects.filter(kind="proved").count() == 1_500
