"""The way of a message, end to end below the doors: held, asked, released or destroyed."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from atesaki import addresses, clock, gate, keys, notme, ownership
from atesaki.gate import Envelope, Outcome, ledger
from atesaki.models import Claim, Departure, Entry, Hold, Key, Knowledge, Line, Mailbox, Sealed
from atesaki.outbox import Hand, Handed
from atesaki.ownership import Standing
from tests.world import HANA, KEN_LIVES_AT, SECRETS, World, age, order

SUBMIT = sys.modules["atesaki.gate.submit"]  # the package exports the function of that name
DELIVER, SUBSTITUTE, HOLD, REFUSE = Outcome.DELIVER, Outcome.SUBSTITUTE, Outcome.HOLD, Outcome.REFUSE


def standing(world: World, address: str = HANA, customer: str = "") -> Standing:
    key = ownership.digest(addresses.parse(address))
    return ownership.standings(world.service, [(key, customer)])[0].stand.standing


def test_a_mail_to_an_unproved_address_waits_and_only_a_notice_arrives(world: World) -> None:
    receipt = world.send(order())
    assert receipt.outcomes == (SUBSTITUTE,)
    gate.drive()
    (notice,) = world.delivered()
    assert all(secret.encode() not in notice for secret in SECRETS)
    text = world.notices()[0].as_string() + str(world.notices()[0].get_body(("plain",)).get_content())
    assert all(secret not in text for secret in SECRETS)
    assert standing(world) is Standing.CLAIMED


def test_the_notice_can_be_answered_in_every_way(world: World) -> None:
    world.send(order())
    gate.drive()
    notice = world.notices()[0]
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert notice["List-Unsubscribe"].endswith("/one-click>")
    assert notice["Reply-To"].startswith("r+")
    assert world.service.name in str(notice["From"])
    plain = notice.get_body(("plain",)).get_content()
    for word in (world.service.name, world.service.organisation.name, world.service.sender, "/n/", "/c/"):
        assert word in plain, word


def test_the_right_answer_releases_unchanged_and_in_the_order_of_arrival(world: World) -> None:
    mails = [order(number) for number in range(1, 6)]
    for mail in mails:
        world.send(b"X-Atesaki-Knows: postal_code=273-0005;\r\n phone_last4=0001\r\n" + mail)
    gate.drive()
    confirm, _ = world.tokens()
    assert gate.confirm(confirm, "postal_code", "２７３ー０００５").result == "proved"
    assert world.orders() == []
    gate.drive()
    assert [world.content(raw) for raw in world.orders()] == mails
    assert world.send(order(6)).outcomes == (DELIVER,)
    assert not Hold.objects.exists() and not Key.objects.exists() and not Sealed.objects.exists()


def test_what_the_page_may_ask_is_found_in_the_waiting_mail_itself(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    visit = ownership.visit(confirm, ownership.Purpose.CONFIRM)
    assert visit is not None and set(visit.questions) == {"postal_code", "phone_last4"}
    assert gate.confirm(confirm, "phone_last4", "0001").result == "proved"


def test_a_value_that_many_receive_is_the_shops_and_opens_nothing(world: World) -> None:
    for number in range(1, 8):
        world.send(order(number, to=f"c{number}@example.jp"), f"c{number}@example.jp")
    gate.drive()
    late = next(mail for mail in world.notices() if mail["To"] == "c7@example.jp")
    confirm, _ = world.tokens(late)
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "wrong"
    assert gate.confirm(confirm, "phone_last4", "0007").result == "proved"


def test_who_waits_for_what_is_leaving_does_not_wait_for_what_comes_after_it(world: World, monkeypatch) -> None:
    """A shop that sends on and on would else keep "not me" from ever being answered."""
    address = b"\7" * 32

    def leaving() -> Line:
        pk = keys.uuid7(clock.now().timestamp())
        now = clock.now()
        return Line.objects.create(
            id=pk, mail=pk, service=world.service, digest=address, state=Line.State.LEAVING, at=now, leaving_since=now
        )

    first = leaving()
    looks = 0

    def meanwhile(seconds: float) -> None:
        nonlocal looks
        looks += 1
        leaving()
        if looks == 3:
            Line.objects.filter(pk=first.pk).update(state=Line.State.SETTLED, leaving_since=None)

    monkeypatch.setattr(ledger.time, "sleep", meanwhile)
    assert gate.wait_until_gone(address, 5)
    assert looks == 3 and len(ledger.leaving(address)) == 3
    monkeypatch.setattr(ledger.time, "sleep", lambda seconds: None)
    assert not gate.wait_until_gone(address, 0.05), "what is leaving as it begins is waited for"


def test_not_me_destroys_what_waits_and_refuses_what_comes(world: World) -> None:
    receipt = world.send(order())
    gate.drive()
    _, not_me = world.tokens()
    freed = notme.report(not_me)
    assert freed is not None and freed.destroyed == 1 and not freed.still_leaving
    assert notme.report(not_me).at == freed.at
    assert world.send(order(2)).outcomes == (REFUSE,)
    gate.due()
    assert world.orders() == [] and len(world.delivered()) == 1
    assert not Key.objects.exists() and not Sealed.objects.exists()
    story = gate.explain(receipt.id)
    assert (story["fate"], story["outcome"]) == ("destroyed", "substitute")
    assert [entry["what"] for entry in story["timeline"]] == ["held", "noticed", "destroyed"]


def test_a_disavowal_covers_the_organisation_and_spares_another_who_proved(world: World) -> None:
    world.send(order(headers="X-Atesaki-Customer: ken\r\n"))
    gate.drive()
    _, not_me = world.tokens()
    world.send(order(headers="X-Atesaki-Customer: hana\r\n"))
    hana = Claim.objects.get(customer="hana")
    ownership.attest(hana, "showed her card at the counter")
    notme.report(not_me)
    assert standing(world, customer="ken") is Standing.DISAVOWED
    assert standing(world, customer="nobody yet") is Standing.DISAVOWED
    assert standing(world, customer="hana") is Standing.PROVED


def test_a_fresh_bound_proof_lifts_a_disavowal_pressed_by_mistake(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    notme.report(not_me)
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "proved"
    assert world.send(order(2)).outcomes == (DELIVER,)


def test_a_click_alone_releases_nothing_unless_the_policy_says_so(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    assert gate.confirm(confirm).result == "answered"
    assert standing(world) is Standing.ANSWERED
    assert world.send(order(2)).outcomes == (HOLD,)
    world.policy(accept="answered")
    gate.due()
    assert world.orders() == [], "the click was made when it was said to be not enough"
    assert gate.confirm(confirm).result == "proved"
    gate.drive()
    assert len(world.orders()) == 2
    world.policy(accept="proved")
    assert world.send(order(3)).outcomes == (HOLD,), "it is worth no more than the policy"


def test_a_click_that_the_policy_takes_lifts_what_it_says_it_lifts(world: World) -> None:
    world.policy(accept="answered")
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    notme.pause(not_me)
    assert gate.confirm(confirm).result == "proved"
    assert world.send(order(2)).outcomes == (DELIVER,)
    notme.report(not_me)
    assert gate.confirm(confirm).result == "proved"
    assert world.send(order(3)).outcomes == (DELIVER,)


def test_three_wrong_answers_close_a_token_for_good(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    tries = [gate.confirm(confirm, "postal_code", f"100-000{number}") for number in range(4)]
    assert [(one.result, one.tries_left) for one in tries] == [("wrong", 2), ("wrong", 1), ("closed", 0), ("closed", 0)]
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).result == "closed"
    assert standing(world) is Standing.CLAIMED


def test_what_cannot_be_an_answer_is_no_try(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, _ = world.tokens()
    for _ in range(5):
        assert gate.confirm(confirm, "postal_code", "").tries_left == 3


def test_a_token_is_good_for_one_purpose(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    assert gate.confirm(not_me, "postal_code", KEN_LIVES_AT).result == "gone"
    assert ownership.visit(confirm, ownership.Purpose.NOT_ME) is None
    assert notme.report("no such token") is None


def test_notices_keep_to_the_policy_however_many_mails_wait(world: World) -> None:
    outcomes = [world.send(order(number)).outcomes[0] for number in range(1, 30)]
    assert outcomes == [SUBSTITUTE] + [HOLD] * 28
    gate.drive()
    assert len(world.notices()) == 1


def test_one_click_silences_and_leaves_the_claim_provable(world: World) -> None:
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    assert notme.pause(not_me) and notme.pause(not_me)
    world.policy(notices_per_day=5, notices_in_all=10)
    receipt = world.send(order(2))
    assert (receipt.outcomes, receipt.reasons) == ((HOLD,), ("silenced",))
    assert gate.confirm(confirm, "postal_code", KEN_LIVES_AT).released == 2


def test_recipients_are_decided_one_by_one(world: World) -> None:
    world.send(order(), "proved@example.jp", "no@example.jp")
    gate.drive()
    for notice in world.notices():
        confirm, not_me = world.tokens(notice)
        if notice["To"] == "proved@example.jp":
            gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
        else:
            notme.report(not_me)
    receipt = world.send(order(2), "proved@example.jp", HANA, "no@example.jp")
    assert receipt.outcomes == (DELIVER, SUBSTITUTE, REFUSE)
    told = gate.explain(receipt.id)
    assert told["outcome"] == "deliver,substitute,refuse"
    assert [one["standing"] for one in told["recipients"]] == ["proved", "unknown", "disavowed"]


def test_a_recipients_destroyed_copy_leaves_the_others(world: World) -> None:
    world.send(order(), HANA, "ken@example.jp")
    gate.drive()
    for notice in world.notices():
        confirm, not_me = world.tokens(notice)
        if notice["To"] == HANA:
            notme.report(not_me)
        else:
            gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    gate.drive()
    (mail,) = world.orders()
    assert b"Delivered-To: ken@example.jp" in mail
    assert not Sealed.objects.exists()


def test_waiting_ends_and_what_waited_is_destroyed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = world.send(order())
    gate.drive()
    later = clock.now() + timedelta(days=15)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert gate.due()["expired"] == 1
    assert not Sealed.objects.exists()
    assert gate.explain(receipt.id)["fate"] == "destroyed"
    assert gate.explain(receipt.id)["timeline"][-1]["detail"] == "its time to wait is over"


def test_the_services_own_verification_mail_passes_within_its_number(world: World) -> None:
    own = (
        "From: shop@shop.example\r\nSubject: Confirm\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "X-Atesaki-Class: verification\r\n\r\nhttps://shop.example/confirm?k=9f2c61\r\n"
    )
    assert world.send(own.encode()).reasons == ("unproved",)
    world.policy(verification_per_day=2)
    receipts = [world.send(own.encode()) for _ in range(3)]
    assert [one.reasons[0] for one in receipts] == ["verification_permitted"] * 2 + ["verification_spent"]
    assert b"X-Atesaki" not in world.orders()[0]


def test_a_verification_mail_with_a_name_or_an_address_does_not_pass(world: World) -> None:
    world.policy(verification_per_day=5)
    receipt = world.send(b"X-Atesaki-Class: verification\r\n" + order())
    assert receipt.outcomes[0] in (SUBSTITUTE, HOLD) and world.orders() == []


def test_observe_delivers_and_still_honours_a_disavowal(world: World) -> None:
    world.send(order())
    gate.drive()
    _, not_me = world.tokens()
    world.policy(mode="observe")
    assert world.send(order(2), "other@example.jp").reasons == ("observed",)
    notme.report(not_me)
    assert world.send(order(3)).outcomes == (REFUSE,)


class Upstream:
    """A next hop that answers as it is told."""

    def __init__(self, *answers: Handed) -> None:
        self.answers, self.seen = list(answers), []

    def hand(self, envelope: Envelope, content: bytes, seconds: float) -> list[Handed]:
        self.seen.append((envelope, content))
        answer = self.answers.pop(0) if self.answers else Handed(Hand.ACCEPTED, 250, "ok")
        return [answer] * len(envelope.recipients)


def prove(world: World) -> None:
    world.send(order())
    ownership.attest(Claim.objects.get(), "test")
    gate.due()


@pytest.mark.parametrize("hand", [Hand.TEMPORARY, Hand.UNKNOWN])
def test_what_the_next_hop_puts_off_is_kept_and_tried_again(world: World, monkeypatch, hand: Hand) -> None:
    prove(world)
    upstream = Upstream(Handed(hand, 450, "later"), Handed(hand, 450, "later"))
    monkeypatch.setattr(SUBMIT, "courier", lambda: upstream)
    monkeypatch.setattr("atesaki.outbox.courier", lambda: upstream)
    receipt = world.send(order(2))
    assert receipt.outcomes == (DELIVER,)
    gate.drive()
    assert len(upstream.seen) == 2 and gate.drive() == 0, "the second try comes after a pause"
    age()
    gate.drive()
    assert len(upstream.seen) == 3 and not Departure.objects.exists() and not Sealed.objects.exists()
    assert upstream.seen[-1][1] == order(2)
    assert gate.explain(receipt.id)["timeline"][-1]["what"] == "handed"


def test_a_disavowal_stops_what_waits_in_the_outbox(world: World, monkeypatch) -> None:
    world.send(order())
    gate.drive()
    confirm, not_me = world.tokens()
    gate.confirm(confirm, "postal_code", KEN_LIVES_AT)
    upstream = Upstream(Handed(Hand.TEMPORARY, 0, "away"))
    monkeypatch.setattr(SUBMIT, "courier", lambda: upstream)
    monkeypatch.setattr("atesaki.outbox.courier", lambda: upstream)
    gate.drive()
    assert Departure.objects.count() == 1
    notme.report(not_me)
    assert not Departure.objects.exists()
    age()
    assert gate.drive() == 0 and len(upstream.seen) == 1


def test_a_refusal_for_good_is_told(world: World, monkeypatch) -> None:
    prove(world)
    upstream = Upstream(Handed(Hand.PERMANENT, 550, "no such user"))
    monkeypatch.setattr(SUBMIT, "courier", lambda: upstream)
    receipt = world.send(order(2))
    assert (receipt.outcomes, receipt.reasons) == ((REFUSE,), ("upstream_refused",))


def test_a_refusal_after_250_is_reported_to_the_service_without_the_content(world: World, monkeypatch) -> None:
    prove(world)
    upstream = Upstream(Handed(Hand.TEMPORARY, 450, "later"), Handed(Hand.PERMANENT, 550, "no such user"))
    monkeypatch.setattr(SUBMIT, "courier", lambda: upstream)
    monkeypatch.setattr("atesaki.outbox.courier", lambda: upstream)
    world.send(order(2))
    gate.drive()
    envelope, report = upstream.seen[-1]
    assert envelope.sender == "" and envelope.recipients[0].text == "shop@shop.example"
    assert b"message/delivery-status" in report and b"550 no such user" in report
    assert all(secret.encode() not in report for secret in SECRETS)
    assert not Sealed.objects.exists()


def test_the_ledger_and_every_other_table_hold_no_content_and_one_plain_address(world: World) -> None:
    receipt = world.send(order())
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'atesaki%'")
        tables = [row[0] for row in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            found[table] = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor])
    assert [table for table, rows in found.items() if HANA in rows] == ["atesaki_mailbox"]
    assert not [table for table, rows in found.items() if any(secret in rows for secret in SECRETS)]
    assert gate.explain(receipt.id)["personal_data"]["postal"] >= 1
    json.dumps(gate.explain(receipt.id))


def test_a_policy_of_no_notices_holds_in_silence(world: World) -> None:
    world.policy(notices_per_day=0)
    assert world.send(order()).outcomes == (HOLD,)
    assert gate.drive() == 0


@pytest.mark.parametrize(
    "headers",
    [
        "X-Atesaki-Customer: a\r\nX-Atesaki-Customer: b\r\n",
        "X-Atesaki-Customer: " + "x" * 201 + "\r\n",
        "X-Atesaki-Class: urgent\r\n",
    ],
)
def test_a_wish_that_cannot_be_read_is_refused_with_a_sentence(world: World, headers: str) -> None:
    with pytest.raises(gate.Unacceptable, match="X-Atesaki"):
        world.send(headers.encode() + order())
    assert not Line.objects.exists()


def test_a_database_that_fails_takes_nothing(world: World, monkeypatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    for module, step in ((SUBMIT.ledger, "write"), (SUBMIT.ownership, "standings_all"), (SUBMIT.holds, "hold")):
        with monkeypatch.context() as patch:
            patch.setattr(module, step, away)
            with pytest.raises(gate.TryLater):
                world.send(order())
    assert not Hold.objects.exists() and not Sealed.objects.exists()


def test_match_code_and_attested(world: World) -> None:
    address = addresses.parse(HANA)
    claim = gate.ask(world.service, address, "ken")
    gate.drive()
    (mail,) = world.notices()
    confirm, _ = world.tokens(mail)
    visit = ownership.visit(confirm, ownership.Purpose.CONFIRM)
    assert visit is not None and visit.questions[0] == "match"
    assert gate.confirm(confirm, "match", f"{(int(claim.match) + 1) % 100:02}").result == "wrong"
    assert gate.confirm(confirm, "match", claim.match).result == "proved"

    other = gate.ask(world.service, addresses.parse("ken@example.jp"), "ken")
    gate.drive()
    text = world.notices()[-1].get_body(("plain",)).get_content()
    code = re.search(r"(?<!\d)(\d{6})(?!\d)", text)[1]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert [ownership.prove_code(other, wrong).result for _ in range(2)] == ["wrong", "wrong"]
    assert ownership.prove_code(other, code).result == "proved"
    assert ownership.prove_code(other, code).result == "gone", "a code is good once"
    with pytest.raises(ValueError, match="evidence"):
        ownership.attest(other, " ")


def test_withdrawing_forgets_the_proof(world: World) -> None:
    prove(world)
    claim = Claim.objects.get()
    with transaction.atomic():
        ownership.withdraw(claim)
    assert standing(world) is Standing.UNKNOWN
    assert world.send(order(2)).outcomes[0] in (SUBSTITUTE, HOLD)
    assert standing(world) is Standing.CLAIMED


def test_explain_says_what_is_not_a_ledger_id(world: World) -> None:
    with pytest.raises(LookupError, match="not a ledger id"):
        gate.explain("nonsense")
    with pytest.raises(LookupError, match="no line"):
        gate.explain("01990000-0000-7000-8000-000000000000")


def test_rows_are_forgotten_in_their_time(world: World, monkeypatch) -> None:
    world.send(order())
    gate.drive()
    assert Knowledge.objects.exists() and Entry.objects.exists()
    later = clock.now() + timedelta(days=500)
    monkeypatch.setattr(clock, "now", lambda: later)
    gate.due()
    assert not Knowledge.objects.exists()
    gate.due()
    assert not Line.objects.filter(kind="mail").exists() and Mailbox.objects.exists()
