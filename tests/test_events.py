"""What a service is told of its claims and mails: each fact once, with it or not at all, and never an address."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from atesaki import addresses, clock, desk, gate, keys, notme, outbox, ownership, tasks
from atesaki.gate import Envelope
from atesaki.models import Claim, Departure, Entry, Event, Hold, Key, Line, Mailbox, Sealed, Token, Webhook
from atesaki.outbox import Hand, Handed
from atesaki.ownership import Standing
from tests.world import HANA, KEN_LIVES_AT, World, age, order

pytestmark = pytest.mark.django_db
SUBMIT = sys.modules["atesaki.gate.submit"]  # the package exports the function of that name
KEN = "X-Atesaki-Customer: ken\r\n"
ACCEPTED, LATER = Handed(Hand.ACCEPTED, 250, "ok"), Handed(Hand.TEMPORARY, 450, "later")


@pytest.fixture(autouse=True)
def listens(world: World) -> None:
    world.policy(webhook="https://hook.example/told")


@pytest.fixture(autouse=True)
def no_address_is_told(world: World):
    yield
    for body in Webhook.objects.values_list("body", flat=True):
        assert "@" not in json.dumps(body, ensure_ascii=False)


def told(*kinds: str) -> list[dict[str, object]]:
    """The data of each event of these kinds, in their order."""
    rows = Webhook.objects.filter(type__in=kinds) if kinds else Webhook.objects.all()
    return [{"type": row.type, **row.body} for row in rows.order_by("created", "pk")]


def kinds() -> list[str]:
    return [str(each["type"]) for each in told()]


def hop(monkeypatch: pytest.MonkeyPatch, *answers: Handed) -> list[Handed]:
    """The next hop answers each hand-over so, and takes everything after that."""
    left = list(answers)

    class Upstream:
        def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
            return [left.pop(0) if left else ACCEPTED] * len(envelope.recipients)

    monkeypatch.setattr(SUBMIT, "courier", Upstream)
    monkeypatch.setattr("atesaki.outbox.courier", Upstream)
    return left


def waiting(world: World, many: int = 1) -> tuple[Claim, list[str]]:
    """Ken's claim on Hana's mailbox, and the ledger ids of the mails that wait for it."""
    ids = [str(world.send(order(number, headers=KEN)).id) for number in range(1, many + 1)]
    gate.drive()
    return Claim.objects.get(customer="ken"), ids


# -- each event -----------------------------------------------------------------------------------------------


def test_a_mail_that_waits_and_is_released(world: World) -> None:
    world.policy(wait_days=10)
    claim, ids = waiting(world, 2)
    about = [{"message": pk, "position": 0, "claim": str(claim.pk), "customer": "ken"} for pk in ids]
    expires = [each.isoformat() for each in Hold.objects.order_by("pk").values_list("expires", flat=True)]
    assert told() == [
        {"type": "mail.held", **about[0], "reason": "unproved", "expires": expires[0]},
        {"type": "mail.held", **about[1], "reason": "notice_spent", "expires": expires[1]},
    ]
    assert datetime.fromisoformat(str(told()[0]["expires"])).tzinfo is not None
    Webhook.objects.all().delete()
    gate.confirm(world.tokens()[0], "postal_code", KEN_LIVES_AT)
    at = Event.objects.get(kind="proved").at.isoformat()
    assert told("claim.proved") == [
        {"type": "claim.proved", "claim": str(claim.pk), "customer": "ken", "method": "knowledge", "at": at}
    ]
    assert told("mail.released") == [{"type": "mail.released", **each} for each in about]
    assert kinds()[0] == "claim.proved"
    gate.drive()
    gate.due()
    assert len(kinds()) == 3, "that it left is no further fact"


def test_a_disavowal_destroys_and_says_so_once(world: World) -> None:
    claim, ids = waiting(world, 3)
    Webhook.objects.all().delete()
    for _ in range(3):
        notme.report(world.tokens()[1])
    gate.due()
    assert told("mail.destroyed") == [
        {
            "type": "mail.destroyed",
            "message": pk,
            "position": 0,
            "claim": str(claim.pk),
            "customer": "ken",
            "reason": "disavowed",
        }
        for pk in ids
    ]
    assert world.send(order(9, headers=KEN)).outcomes == ("refuse",)
    assert len(told("mail.destroyed")) == 3, "what was refused was never taken, and is nobody's loss"


def test_what_waited_too_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, (pk,) = waiting(world)
    later = clock.now() + timedelta(days=15)
    monkeypatch.setattr(clock, "now", lambda: later)
    for _ in range(2):
        gate.due()
    [event] = told("mail.destroyed")
    assert (event["message"], event["claim"], event["reason"]) == (pk, str(claim.pk), "expired")


def test_each_recipient_by_its_position(world: World) -> None:
    receipt = world.send(order(headers=KEN), HANA, "mori@example.jp", "aya@example.jp")
    by_position = {each["position"]: each for each in told("mail.held")}
    assert sorted(by_position) == [0, 1, 2]
    assert {each["message"] for each in by_position.values()} == {str(receipt.id)}
    for position, text in enumerate((HANA, "mori@example.jp", "aya@example.jp")):
        digest = ownership.digest(addresses.parse(text))
        assert by_position[position]["claim"] == str(Claim.objects.get(digest=digest).pk)


def test_a_service_that_listens_to_nothing_is_told_nothing(world: World) -> None:
    world.policy(webhook="")
    waiting(world)
    notme.report(world.tokens()[1])
    assert not Webhook.objects.exists()


def test_another_service_of_the_organisation_is_told_of_its_own_mails_only(world: World) -> None:
    from atesaki.tenants import add_service

    other = add_service(
        "ネットID",
        organisation="はな商事",
        locale="ja",
        mode="enforce",
        sender="id@id.example",
        webhook="https://hook.example/id",
    ).service
    waiting(world)
    gate.submit(other, Envelope("id@id.example", (addresses.parse(HANA),)), order(7, headers=KEN))
    notme.report(world.tokens()[1])
    for service in (world.service, other):
        rows = Webhook.objects.filter(service=service, type="mail.destroyed")
        claim = Claim.objects.get(service=service)
        assert [row.body["claim"] for row in rows] == [str(claim.pk)]


# -- proofs ---------------------------------------------------------------------------------------------------


def code_in(world: World) -> str:
    texts = [mail.get_body(("plain",)).get_content() for mail in world.notices()]
    return next(found[1] for text in texts if (found := re.search(r"(?<!\d)(\d{6})(?!\d)", text)))


def test_a_code_proves_releases_and_is_told(world: World) -> None:
    claim = gate.ask(world.service, addresses.parse(HANA), "ken")
    world.send(order(headers=KEN))
    gate.drive()
    code = code_in(world)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    said = gate.prove_code(claim, wrong)
    assert (said.result, said.tries_left, said.released) == ("wrong", 2, 0) and not told("claim.proved")
    said = gate.prove_code(claim, code)
    assert (said.result, said.released) == ("proved", 1)
    [event] = told("claim.proved")
    assert (event["method"], event["claim"]) == ("code", str(claim.pk))
    assert gate.prove_code(claim, code).result == "gone"
    assert len(told("claim.proved")) == 1


def test_three_wrong_codes_close_it(world: World) -> None:
    claim = gate.ask(world.service, addresses.parse(HANA), "ken")
    gate.drive()
    wrong = f"{(int(code_in(world)) + 1) % 1_000_000:06}"
    assert [gate.prove_code(claim, wrong).result for _ in range(4)] == ["wrong", "wrong", "closed", "closed"]
    assert Token.objects.get(purpose="code").tries == 3, "a wrong try is counted although it proves nothing"
    assert not told("claim.proved")


def test_the_services_word_proves_releases_and_is_told(world: World) -> None:
    claim, _ = waiting(world, 2)
    said = gate.attest(claim, "showed the card that the address is printed on")
    assert (said.result, said.released) == ("proved", 2)
    assert [each["method"] for each in told("claim.proved")] == ["attested"]
    assert not Hold.objects.exists() and len(told("mail.released")) == 2
    with pytest.raises(ValueError, match="evidence"):
        gate.attest(claim, "  ")


def test_a_proof_that_is_shown_again_is_the_same_fact(world: World) -> None:
    claim, _ = waiting(world)
    token = world.tokens()[0]
    for _ in range(2):
        assert gate.confirm(token, "postal_code", KEN_LIVES_AT).result == "proved"
    gate.attest(claim, "once more")
    gate.confirm(token)
    assert len(told("claim.proved")) == 1
    ownership.doubt(claim, "returned", "")
    gate.confirm(token, "postal_code", KEN_LIVES_AT)
    assert len(told("claim.proved")) == 2, "it was in doubt, and is proved anew"


def test_a_click_that_the_policy_takes_releases_but_proves_nothing(world: World) -> None:
    world.policy(accept="answered")
    waiting(world)
    assert gate.confirm(world.tokens()[0]).result == "proved"
    assert not told("claim.proved") and len(told("mail.released")) == 1


@pytest.mark.parametrize("step", ["_tell_proved", "wake", "_may_go"])
def test_nothing_is_told_that_did_not_happen(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    waiting(world)
    token, jobs = world.tokens()[0], ProcrastinateJob.objects.count()
    Webhook.objects.all().delete()
    real = getattr(gate.holds, step)

    def fails(*args: object) -> object:
        if step != "_may_go":
            real(*args)
        raise OSError("the disk is full")

    monkeypatch.setattr(gate.holds, step, fails)
    with pytest.raises(OSError, match="full"):
        gate.confirm(token, "postal_code", KEN_LIVES_AT)
    assert not Webhook.objects.exists() and ProcrastinateJob.objects.count() == jobs
    assert Hold.objects.count() == 1 and not Event.objects.filter(kind="proved").exists()


# -- the customer withdraws -----------------------------------------------------------------------------------


def test_a_withdrawn_claim_loses_its_mail_and_its_address(world: World) -> None:
    claim, ids = waiting(world, 2)
    assert gate.withdraw(claim) == 2
    assert [(each["message"], each["reason"]) for each in told("mail.destroyed")] == [(pk, "withdrawn") for pk in ids]
    assert not Hold.objects.exists() and not Key.objects.exists() and not Sealed.objects.exists()
    assert not Mailbox.objects.exists() and ownership.known(claim).standing is Standing.UNKNOWN
    assert gate.explain(ids[0])["fate"] == "destroyed"
    assert gate.withdraw(claim) == 0
    assert len(told("mail.destroyed")) == 2 and Event.objects.filter(kind="withdrawn").count() == 1
    assert world.send(order(9, headers=KEN)).outcomes[0] in ("substitute", "hold"), "given anew, it is asked anew"
    assert Mailbox.objects.exists() and ownership.known(claim).standing is Standing.CLAIMED


def test_what_others_have_given_stays(world: World) -> None:
    waiting(world)
    world.send(order(5, headers="X-Atesaki-Customer: aya\r\n"))
    assert gate.withdraw(Claim.objects.get(customer="ken")) == 1
    assert Hold.objects.get().claim.customer == "aya" and Mailbox.objects.exists()
    assert {each["customer"] for each in told("mail.destroyed")} == {"ken"}
    assert gate.withdraw(Claim.objects.get(customer="aya")) == 1
    assert not Mailbox.objects.exists()


def test_a_withdrawn_address_is_struck_out_of_every_text(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, _ = waiting(world)
    gate.attest(claim, f"wrote to us from {HANA}")
    hop(monkeypatch, Handed(Hand.TEMPORARY, 450, f"<HANA@Example.jp> is over quota, {HANA}"))
    gate.drive()
    assert Entry.objects.filter(detail__icontains=HANA).exists()
    gate.withdraw(claim)
    assert not Entry.objects.filter(detail__icontains=HANA).exists()
    assert not Event.objects.filter(evidence__icontains=HANA).exists()


def test_a_disavowed_claim_can_be_withdrawn_and_its_case_ends(world: World) -> None:
    claim, _ = waiting(world)
    case = notme.report(world.tokens()[1]).case
    assert gate.withdraw(claim) == 0
    assert Mailbox.objects.exists(), "its reporter is written to first"
    desk.due()
    case.refresh_from_db()
    assert case.end == "corrected" and not Mailbox.objects.exists()
    assert world.send(order(3, headers=KEN)).outcomes == ("refuse",), "and it goes on refusing (L8)"


def test_an_address_about_which_a_report_is_open_goes_when_it_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, _ = waiting(world)
    notme.pause(world.tokens()[1])
    gate.withdraw(claim)
    gate.due()
    assert Mailbox.objects.exists(), "its owner may yet confirm the report, and be told what came of it"
    for days, there in ((14, True), (16, False)):
        later = clock.now() + timedelta(days=days)
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda later=later: later)
            desk.due()
            assert gate.due()["freed"] == (not there)
        assert Mailbox.objects.exists() is there


def test_what_was_on_its_way_while_the_claim_was_withdrawn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next hop puts it off, and only then it can be destroyed."""
    claim, _ = waiting(world)
    gate.attest(claim, "seen")
    gate.drive()
    Webhook.objects.all().delete()

    class Upstream:
        def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
            gate.withdraw(claim)
            return [LATER]

    monkeypatch.setattr(SUBMIT, "courier", Upstream)
    receipt = world.send(order(2, headers=KEN))
    assert receipt.outcomes == ("deliver",) and Departure.objects.exists()
    age()
    gate.drive()
    [event] = told("mail.destroyed")
    assert (event["message"], event["reason"]) == (str(receipt.id), "withdrawn")
    assert not Key.objects.exists() and not world.orders()[1:]


def test_a_mail_that_is_only_observed_is_sent_although_an_earlier_claim_was_withdrawn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, _ = waiting(world)
    gate.withdraw(claim)
    world.policy(mode="observe")
    hop(monkeypatch, LATER)
    receipt = world.send(order(2, headers=KEN))
    age()
    gate.drive()
    assert gate.explain(receipt.id)["timeline"][-1]["what"] == "handed"
    assert not told("mail.destroyed")[1:]


# -- the outbox -----------------------------------------------------------------------------------------------


def test_what_was_released_and_is_disavowed_before_it_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(world)
    confirm, not_me = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    hop(monkeypatch, LATER)
    gate.drive()
    notme.report(not_me)
    age()
    gate.drive()
    assert [each["reason"] for each in told("mail.destroyed")] == ["disavowed"]
    assert kinds().count("mail.released") == 1


def test_what_was_put_off_and_may_no_longer_go_waits_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, _ = waiting(world)
    gate.attest(claim, "seen")
    gate.drive()
    Webhook.objects.all().delete()
    hop(monkeypatch, LATER)
    receipt = world.send(order(2, headers=KEN))
    ownership.doubt(claim, "returned", "")
    age()
    gate.drive()
    [event] = told()
    assert (event["type"], event["message"], event["reason"]) == ("mail.held", str(receipt.id), "doubted")


# -- many -----------------------------------------------------------------------------------------------------


def hold_many(claim: Claim, many: int) -> None:
    """So many mails wait, without the minutes that sending them would take."""
    now = clock.now()
    lines, bodies, opens, holds = [], [], [], []
    for _ in range(many):
        pk, body, key = keys.uuid7(), keys.uuid7(), keys.uuid7()
        lines.append(
            Line(
                id=pk,
                mail=pk,
                service=claim.service,
                digest=claim.digest,
                customer=claim.customer,
                state="held",
                at=now,
                outcome="hold",
            )
        )
        bodies.append(Sealed(id=body, body=b"sealed", created=now))
        opens.append(Key(id=key, sealed_id=body, wrapped=b"wrapped"))
        holds.append(Hold(line=pk, claim=claim, digest=claim.digest, key_id=key, expires=now + timedelta(days=9)))
    for rows in (lines, bodies, opens, holds):
        type(rows[0]).objects.bulk_create(rows)


@pytest.mark.parametrize("do", ["disavow", "withdraw"])
def test_thousands_are_destroyed_by_as_few_statements_as_one(world: World, do: str) -> None:
    """A page waits for it, and has a second in all (L5): their number is in no loop."""
    claim, _ = waiting(world)
    statements, ends = [], (3, 400)
    for many in ends:
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            hold_many(claim, many)
            before = len(asked)
            if do == "withdraw":
                gone = gate.withdraw(claim)
            else:
                notme.report(ownership.issue(claim, ownership.Purpose.NOT_ME, clock.now() + timedelta(days=1)))
                gone = len(told("mail.destroyed"))
            statements.append(len(asked) - before)
            assert gone >= many and not Hold.objects.exists() and not Sealed.objects.exists()
            transaction.set_rollback(True)
    assert statements[1] == statements[0] < 80
    gate.drive()


def test_many_events_have_one_job_and_are_all_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, _ = waiting(world)
    hold_many(claim, 60)
    gate.withdraw(claim)
    assert ProcrastinateJob.objects.filter(task_name="atesaki.tell_many").count() == 1
    heard: list[str] = []

    def hears(url: str, key: bytes, event: str, body: bytes) -> outbox.webhooks.Reply:
        heard.append(event)
        return outbox.webhooks.Reply(204, "No Content")

    monkeypatch.setattr(outbox.webhooks, "hand_event", hears)
    tasks.tell_many()
    assert len(set(heard)) == len(heard) == 62 and not Webhook.objects.exclude(state="heard").exists()
