"""Observing: everything is delivered but to who said no, the ledger says what enforcing had done, and a share of the
addresses can be enforced, and let go again.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from atesaki import addresses, clock, desk, gate, learning, notme, observe, ownership, tenants
from atesaki.cli.observed import observed
from atesaki.gate import Outcome
from atesaki.learning import store
from atesaki.models import Claim, Hold, Line, Template
from atesaki.outbox import Hand, Handed
from atesaki.outbox.couriers import Maildir
from atesaki.tenants import Service
from tests.test_templates import message
from tests.world import HANA, KEN_LIVES_AT, SECRETS, World, order

DELIVER, SUBSTITUTE, HOLD, REFUSE = Outcome.DELIVER, Outcome.SUBSTITUTE, Outcome.HOLD, Outcome.REFUSE


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    store._known.clear()
    yield
    store._known.clear()


def digest(to: str) -> bytes:
    return ownership.digest(addresses.parse(to))


def place(to: str) -> int:
    """Where an address stands in a hundred."""
    return next(
        share for share in range(100) if tenants.enforces(Service(mode="enforce", enforce_share=share + 1), digest(to))
    )


def people(low: int, high: int, many: int) -> list[str]:
    """Addresses whose place is from `low` to below `high`."""
    found = (f"someone{number}@example.jp" for number in range(10_000))
    return (
        [to for to in found if low <= place(to) < high][:many]
        if many > 1
        else [next(to for to in found if low <= place(to) < high)]
    )


def prove(world: World, to: str, customer: str = "") -> None:
    with transaction.atomic():
        ownership.attest(ownership.claim(world.service, addresses.parse(to), customer), "known")


def line(receipt: gate.Receipt, position: int = 0) -> Line:
    return Line.objects.get(mail=receipt.id, position=position)


def would(receipt: gate.Receipt, position: int = 0) -> tuple[str, str]:
    found = line(receipt, position)
    return found.would, found.would_reason


# -- what enforcing had done --------------------------------------------------------------------------------------


def test_an_observed_mail_is_delivered_and_its_line_says_what_it_held_and_what_had_become_of_it(world: World) -> None:
    world.policy(mode="observe")
    receipt = world.send(order())
    assert receipt.outcomes == (DELIVER,) and len(world.orders()) == 1
    found = line(receipt)
    assert (found.outcome, found.reason, found.would, found.would_reason) == (
        "deliver",
        "observed",
        "substitute",
        "unproved",
    )
    assert {"name", "postal", "address", "phone"} <= set(found.personal)
    assert found.template == Template.objects.get().pk
    story = gate.explain(receipt.id)
    assert story["would"] == "substitute" and "Nobody has proved" in story["would_sentence"]
    assert story["personal_data"] == found.personal and story["template"] == found.template
    assert not any(secret in json.dumps(story, ensure_ascii=False) for secret in SECRETS)


def test_a_mailbox_had_been_asked_no_oftener_than_the_policy_lets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    world.policy(mode="observe", notices_per_day=2, notices_in_all=3, wait_days=14)
    assert [would(world.send(order(number)))[0] for number in range(3)] == ["substitute", "substitute", "hold"]
    monkeypatch.setattr(clock, "offset", lambda: timedelta(days=1))
    assert [would(world.send(order(number))) for number in (3, 4)] == [
        ("substitute", "unproved"),
        ("hold", "notice_spent"),
    ]
    monkeypatch.setattr(clock, "offset", lambda: timedelta(days=15, seconds=5))
    assert would(world.send(order(5)))[0] == "substitute", "the links of the first have ended"
    world.policy(notices_per_day=0)
    assert would(world.send(order(6), "mori@example.jp"))[0] == "hold"


def test_what_is_proved_had_been_delivered_and_what_is_enforced_says_nothing(world: World) -> None:
    prove(world, HANA)
    world.policy(mode="observe")
    assert would(world.send(order())) == ("deliver", "proved")
    world.policy(mode="enforce")
    assert would(world.send(order(2))) == ("", "")
    assert would(world.send(order(3), "mori@example.jp")) == ("", "")


def test_a_verification_mail_had_passed_if_it_names_nobody(world: World) -> None:
    world.policy(mode="observe", verification_per_day=1)
    head = b"From: shop@shop.example\r\nSubject: hello\r\nX-Atesaki-Class: verification\r\n\r\n"
    assert would(world.send(head + b"Please press https://shop.example/v/1\r\n")) == (
        "deliver",
        "verification_permitted",
    )
    assert would(world.send(order(headers="X-Atesaki-Class: verification\r\n"), "mori@example.jp"))[0] == "substitute"
    world.policy(verification_per_day=0)
    assert would(world.send(head + b"Please press https://shop.example/v/1\r\n", "aya@example.jp"))[0] == "substitute"


def test_what_was_read_and_carries_nothing_is_no_leak(world: World) -> None:
    """The figure that an operator watches (L1) counts what was found in observed mail, and no more."""
    world.policy(mode="observe")
    assert world.send(letter(1)).outcomes == (DELIVER,)
    assert Line.objects.get().personal == {} and desk.figures.personal_to_unproved_ever() == 0
    world.send(order())
    world.policy(mode="enforce", accept="answered")
    assert desk.figures.personal_to_unproved_ever() == 1


# -- the laws, while observing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [{"mode": "observe"}, {"mode": "enforce", "enforce_share": 0}])
def test_who_said_not_me_and_who_asked_for_silence_is_heard_while_observing(
    world: World, policy: dict[str, Any]
) -> None:
    world.send(order())
    gate.drive()
    _, hanas = world.tokens()
    world.send(order(2, to="mori@example.jp"), "mori@example.jp")
    gate.drive()
    _, moris = world.tokens()
    world.policy(**policy)
    notme.report(hanas)
    notme.pause(moris)
    receipt = world.send(order(3), HANA, "mori@example.jp", "aya@example.jp")
    assert receipt.outcomes == (REFUSE, HOLD, DELIVER)
    assert [would(receipt, at) for at in range(3)] == [
        ("refuse", "disavowed"),
        ("hold", "silenced"),
        ("substitute", "unproved"),
    ]
    gate.drive()
    assert [b"aya@example.jp" in raw for raw in world.orders()] == [True]
    assert line(receipt, 0).personal is None, "what was refused was not given to anybody"


def test_a_mail_put_off_is_not_delivered_to_who_disavowed_meanwhile(world: World, settings: Any) -> None:
    there, settings.ATESAKI_UPSTREAM = settings.ATESAKI_UPSTREAM, "smtp://127.0.0.1:9"
    world.policy(mode="enforce", enforce_share=0)
    assert world.send(order()).outcomes == (DELIVER,)
    assert notme.report(ownership.issue(Claim.objects.get(), ownership.Purpose.NOT_ME, clock.now().replace(year=2200)))
    settings.ATESAKI_UPSTREAM = there
    gate.drive()
    assert world.delivered() == [] and Line.objects.get(kind="mail").fate == "destroyed"


# -- a share ------------------------------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32), st.integers(0, 100), st.integers(0, 100))
def test_a_share_is_the_same_for_an_address_each_time_and_a_larger_one_takes_it_in(
    raw: bytes, one: int, other: int
) -> None:
    small, large = (Service(mode="enforce", enforce_share=share) for share in sorted((one, other)))
    assert tenants.enforces(small, raw) <= tenants.enforces(large, raw)
    assert not tenants.enforces(Service(mode="enforce", enforce_share=0), raw)
    assert tenants.enforces(Service(mode="enforce", enforce_share=100), raw)
    assert not tenants.enforces(Service(mode="observe", enforce_share=100), raw)


def test_a_share_is_about_as_large_as_it_says() -> None:
    five = Service(mode="enforce", enforce_share=5)
    enforced = sum(tenants.enforces(five, digest(f"someone{number}@example.jp")) for number in range(4_000))
    assert 120 < enforced < 290


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20))
def test_the_database_reads_a_share_as_the_gate_does(django_db_blocker: Any, raws: list[bytes]) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"SELECT digest, {observe._PLACE} FROM unnest(%s::bytea[]) digest", [raws])
        for raw, at in cursor.fetchall():
            for share in (at, at + 1):
                assert tenants.enforces(Service(mode="enforce", enforce_share=share), bytes(raw)) == (at < share)


def test_a_mail_for_many_is_enforced_for_some_of_them(world: World) -> None:
    world.policy(mode="enforce", enforce_share=50)
    (inside,), (outside,) = people(0, 50, 1), people(50, 100, 1)
    prove(world, HANA)
    receipt = world.send(order(), inside, outside, HANA)
    assert receipt.outcomes == (SUBSTITUTE, DELIVER, DELIVER)
    lines = {at: line(receipt, at) for at in range(3)}
    assert would(receipt, 0) == ("", "") and would(receipt, 1) == ("substitute", "unproved")
    assert would(receipt, 2) == (("", "") if place(HANA) < 50 else ("deliver", "proved"))
    assert lines[0].personal == lines[1].personal and lines[1].personal
    assert lines[0].template == lines[1].template
    gate.drive()
    assert sorted(raw.split(b"Delivered-To: ")[1].split(b"\r\n")[0].decode() for raw in world.orders()) == sorted(
        [HANA, outside]
    )


@pytest.mark.parametrize("back", [{"enforce_share": 0}, {"mode": "observe"}])
def test_the_share_may_go_back_at_any_time_and_what_waits_keeps_waiting(world: World, back: dict[str, Any]) -> None:
    assert world.send(order()).outcomes == (SUBSTITUTE,)
    gate.drive()
    confirm, _ = world.tokens()
    world.policy(**back)
    gate.due()
    assert world.orders() == [] and Hold.objects.count() == 1
    assert world.send(order(2)).outcomes == (DELIVER,)
    gate.due()
    assert len(world.orders()) == 1, "the new one alone"
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "proved"
    gate.drive()
    assert len(world.orders()) == 2 and not Hold.objects.exists(), "and a proof still lets it go"


def test_a_click_that_was_taken_for_a_proof_releases_also_once_the_share_is_lowered(world: World) -> None:
    world.policy(accept="answered")
    assert world.send(order()).outcomes == (SUBSTITUTE,)
    gate.drive()
    confirm, _ = world.tokens()
    world.policy(enforce_share=0)
    assert gate.confirm(confirm).released == 1
    gate.drive()
    assert len(world.orders()) == 1


def test_what_waited_and_was_released_waits_again_when_its_proof_is_in_doubt(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Observing delivers what comes while it observes. What was kept before leaves by a proof alone (0011)."""
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    with monkeypatch.context() as away:
        away.setattr(Maildir, "hand", lambda *_: [Handed(Hand.TEMPORARY, 451, "later")])
        assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).released == 1
        gate.drive()
    assert ownership.doubt(Claim.objects.get(), "returned", "5.1.1")
    world.policy(mode="observe")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE atesaki_departure SET due = now() - interval '1 hour'")
    gate.drive()
    assert world.orders() == [] and Hold.objects.count() == 1


@pytest.mark.parametrize(("before", "after", "outcome"), [(100, 0, SUBSTITUTE), (0, 100, DELIVER)])
def test_a_share_that_changes_in_the_middle_of_a_mail_changes_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch, before: int, after: int, outcome: Outcome
) -> None:
    """Between the look and the hold: the mail follows what its conversation began with, whole."""
    from atesaki.gate import holds

    world.policy(enforce_share=before)
    real = holds.learn

    def learn(*args: Any, **more: Any) -> Any:
        tenants.change_service(world.service.name, enforce_share=after)
        return real(*args, **more)

    monkeypatch.setattr(holds, "learn", learn)
    receipt = world.send(order())
    assert receipt.outcomes == (outcome,)
    assert bool(line(receipt).would) is (before == 0)
    assert Hold.objects.count() == (before == 100) and len(world.orders()) == (before == 0)
    monkeypatch.undo()
    assert world.send(order(2)).outcomes == (DELIVER if after == 0 else SUBSTITUTE,)
    gate.drive()
    if before == 100:
        confirm, _ = world.tokens()
        assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).released == 1


def test_a_mail_put_off_while_observed_waits_once_the_share_takes_its_address_in(world: World, settings: Any) -> None:
    there, settings.ATESAKI_UPSTREAM = settings.ATESAKI_UPSTREAM, "smtp://127.0.0.1:9"
    world.policy(enforce_share=0)
    assert world.send(order()).outcomes == (DELIVER,)
    settings.ATESAKI_UPSTREAM = there
    world.policy(enforce_share=100)
    gate.drive()
    assert world.orders() == [] and Hold.objects.count() == 1


@pytest.mark.parametrize("share", [-1, 101, "5", True, 2.5])
def test_a_share_that_is_none_is_refused_with_a_sentence(world: World, share: object) -> None:
    with pytest.raises(tenants.TenantError, match="enforce_share must be a whole number from 0 to 100"):
        tenants.change_service(world.service.name, enforce_share=share)


# -- the report ---------------------------------------------------------------------------------------------------


def letter(number: int) -> bytes:
    head = "From: shop@shop.example\r\nSubject: sale\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return (head + f"Everything is cheap on day {number}.\r\n").encode()


def busy(world: World) -> None:
    """Some weeks of mail: many addresses, some proved, one that said no, two templates, some mail enforced."""
    prove(world, "proved1@example.jp")
    prove(world, "proved2@example.jp")
    world.send(order(), "gone@example.jp")
    gate.drive()
    notme.report(world.tokens()[1])
    world.policy(mode="enforce", enforce_share=3)
    for number in range(30):
        to = [f"someone{number % 11}@example.jp", "proved1@example.jp"][: 1 + number % 2]
        world.send(order(number, to=to[0]), *to)
    for number in range(6):
        world.send(
            letter(number),
            f"reader{number}@example.jp",
            "proved2@example.jp",
        )
    world.send(order(77), "gone@example.jp")
    learning.flush()


def test_the_report_is_what_the_ledger_says(world: World) -> None:
    busy(world)
    found = observe.report(world.service, 30)
    lines = list(Line.objects.filter(service=world.service, kind="mail").exclude(would="").order_by("pk"))
    assert len(lines) > 40 and found.mails == len(lines)
    assert found.would == Counter(each.would for each in lines)
    assert found.reasons == Counter(each.would_reason for each in lines)
    waiting = [each for each in lines if each.would in ("substitute", "hold")]
    assert found.waits == len(waiting) and found.share == len(waiting) / len(lines)
    newest = {bytes(each.digest): each.standing for each in lines}
    assert found.addresses == len(newest) and found.standings == Counter(newest.values())
    assert found.addresses_waiting == len({bytes(each.digest) for each in waiting})
    leaked = [each for each in lines if each.outcome == "deliver" and each.standing != "proved" and each.personal]
    assert leaked and (found.personal_mails, found.personal_addresses) == (
        len(leaked),
        len({bytes(each.digest) for each in leaked}),
    )
    kinds = Counter(kind for each in leaked for kind in each.personal)
    assert {each.kind: each.mails for each in found.kinds} == kinds
    assert all(
        each.addresses == len({bytes(one.digest) for one in leaked if each.kind in one.personal})
        for each in found.kinds
    )
    assert {each.template: (each.mails, each.waits) for each in found.templates} == {
        template: (
            sum(each.template == template for each in lines),
            sum(each.template == template for each in waiting),
        )
        for template in {each.template for each in lines}
    }
    assert [each.percent for each in found.shares] == [1, 5, 20, 50, 100]
    for each in found.shares:
        service = Service(mode="enforce", enforce_share=each.percent)
        inside = [one for one in waiting if tenants.enforces(service, bytes(one.digest))]
        assert (each.mails, each.addresses) == (len(inside), len({bytes(one.digest) for one in inside}))
    assert found.shares[-1].mails == found.waits
    assert (found.first, found.last) == (min(each.at for each in lines), max(each.at for each in lines))


def test_the_report_of_nothing_is_zeros(world: World) -> None:
    found = observe.report(world.service, 30)
    assert (found.mails, found.share, found.first, found.kinds, found.templates) == (0, None, None, (), ())


def test_a_period_ends_and_another_service_is_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    world.policy(mode="observe")
    world.send(order())
    other = tenants.add_service("別", organisation="別社", locale="ja", mode="observe", sender="b@shop.example").service
    assert observe.report(other, 30).mails == 0
    monkeypatch.setattr(clock, "offset", lambda: timedelta(days=8))
    assert observe.report(world.service, 7).mails == 0
    assert observe.report(world.service, 9).mails == 1


def test_templates_say_what_their_mails_carry_to_whom_and_what_they_lack(world: World) -> None:
    world.policy(mode="observe")
    prove(world, "proved@example.jp")
    for number in range(7):
        world.send(order(number), f"someone{number % 6}@example.jp")
    world.send(order(8), "proved@example.jp")
    world.policy(mode="enforce")
    world.send(order(9), "waits@example.jp")
    learning.flush()
    Template.objects.update(name="ご注文の確認")  # so few recipients name none
    (seen,) = observe.templates(world.service.organisation, 30)
    lines = Line.objects.filter(kind="mail", template=seen.template)
    assert (seen.service, seen.sender, seen.name) == (world.service.name, "shop.example", "ご注文の確認")
    assert (seen.mails, seen.learnt, seen.personal) == (9, 9, 9)
    assert (seen.unproved, seen.reached) == (7, 6)
    assert seen.kinds == Counter(kind for each in lines for kind in each.personal)
    assert set(seen.missing) == {"contact", "not_me"}
    assert seen.last >= lines.latest("pk").at
    assert observe.templates(world.service.organisation, 30) == [seen]


def test_a_template_without_mail_in_the_period_is_shown_with_none(world: World) -> None:
    learning.see(world.service, message("ご注文ありがとうございます。"), digest(HANA))
    (seen,) = observe.templates(world.service.organisation, 1)
    assert (seen.mails, seen.learnt, seen.kinds, seen.name) == (0, 1, {}, "")


# -- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys.modules["atesaki.cli.observed"], "installation", nullcontext)
    return lambda *words: CliRunner().invoke(observed, words, catch_exceptions=False).output


def test_the_command_says_what_share_would_wait_and_what_to_do_next(world: World, command: Any) -> None:
    busy(world)
    Template.objects.update(name="ご注文の確認")  # as sixteen recipients and more would name it
    found = observe.report(world.service, 30)
    said = command(world.service.name)
    assert f"{found.mails} mails observed" in said and f"{found.waits} of them" in said
    assert f"for {found.addresses_waiting} addresses" in said
    assert "import-claims" in said and "--enforce-share 5" in said and "--mode observe" in said
    assert "ご注文の確認" in said
    assert json.loads(command(world.service.name, "--json"))["waits"] == found.waits
    assert not any(word in said for word in ("@example.jp", *SECRETS))


def test_the_command_says_so_when_nothing_was_observed(world: World, command: Any) -> None:
    assert "No mail of ネットスーパー was observed in the last 7 days." in command(world.service.name, "--days", "7")
    assert json.loads(command(world.service.name, "--json"))["mails"] == 0
