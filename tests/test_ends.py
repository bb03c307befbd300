"""How cases end, and that erased is erased (L8)."""

from __future__ import annotations

import base64
import json
import quopri
import smtplib
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from atesaki import addresses, clock, desk, gate, keys, notme, ownership
from atesaki.desk import DeskError, ends, leaks
from atesaki.models import (
    Assessment,
    Case,
    Claim,
    Customer,
    Draft,
    Entry,
    Event,
    Hold,
    Letter,
    Line,
    Mailbox,
    Message,
    Note,
    Reporter,
    Step,
    Webhook,
    Wish,
)
from atesaki.tenants import add_service
from tests import canary, mori
from tests.world import HANA, World, order


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    mori.at(monkeypatch, "2026-11-18T14:00")
    world.policy(own=mori.OWN, webhook="https://shop.example/hook")
    found = mori.freed(world)
    mori.known(found)
    return found


def told(kind: str) -> list[Webhook]:
    return list(Webhook.objects.filter(type=kind).order_by("created"))


def awaiting(world: World, case: Case) -> Case:
    agent = mori.mori(world)
    made = desk.ladder.make_letter(case, agent)
    return desk.ladder.posted(made, clock.today("Asia/Tokyo"), agent)


def dump() -> str:
    """Every row of every table, as text, and the bytes of the large ones as they are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        assert {"atesaki_mailbox", "atesaki_step", "procrastinate_jobs", "atesaki_webhook"} <= set(tables)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows).replace("\\\\", "\\")  # a row as text doubles them


def spellings(address: str) -> dict[str, str]:
    """What an address may look like in a dump, each in lower case."""
    local = address.encode()
    found = {
        "plain": address,
        "quoted-printable": quopri.encodestring(local).decode(),
        "quoted-printable, all": "".join(f"={byte:02x}" for byte in local),
        "percent": address.replace("@", "%40"),
        "hex": local.hex(),
        "hex of upper": address.upper().encode().hex(),
        "utf-16le": address.encode("utf-16-le").hex(),
        "utf-16be": address.encode("utf-16-be").hex(),
        "json": json.dumps(address).strip('"').replace("@", "\\u0040"),
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + local).decode()
        inner = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        found[f"base64 at {shift}"] = inner
        found[f"base64 at {shift}, in hex"] = inner.encode().hex()
    return found


def left_over(address: str = HANA) -> set[str]:
    text = dump()
    low = text.lower()
    return {
        name
        for name, spelt in spellings(address).items()
        if (spelt in text if name.startswith("base64") and "hex" not in name else spelt.lower() in low)
    }


class TestTheSearchItself:
    @pytest.mark.parametrize("name", sorted(spellings(HANA)))
    def test_it_finds_what_is_there(self, world: World, name: str) -> None:
        raw = HANA.encode()
        stored: str | bytes
        if "hex of upper" in name:
            stored = HANA.upper().encode()
        elif name == "utf-16le":
            stored = HANA.encode("utf-16-le")
        elif name == "utf-16be":
            stored = HANA.encode("utf-16-be")
        elif name == "hex":
            stored = raw
        elif name.startswith("base64"):
            shift = int(name.partition(",")[0][-1])
            stored = base64.b64encode(b"xy"[:shift] + raw + b"tail").decode()
            stored = stored.encode() if "hex" in name else stored
        else:
            stored = spellings(HANA)[name].upper() if name == "plain" else spellings(HANA)[name]
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE leak (text text, bytes bytea)")
            column = "bytes" if isinstance(stored, bytes) else "text"
            cursor.execute(f"INSERT INTO leak ({column}) VALUES (%s)", [stored])
        assert name in left_over()


class TestCorrected:
    def test_the_claim_is_withdrawn_and_the_address_erased(self, world: World, case: Case) -> None:
        awaiting(world, case)
        assert desk.corrected(case, "customer")
        assert (case.state, case.end, case.due, case.report_due) == (Case.State.CLOSED, Case.End.CORRECTED, None, None)
        assert case.erased is not None and not Mailbox.objects.exists()
        assert Event.objects.filter(kind=Event.Kind.WITHDRAWN, claim=case.claim).count() == 1
        assert [hook.body["end"] for hook in told("case.closed")] == ["corrected"]
        assert not told("customer.withdraw")

    def test_twice_is_once(self, world: World, case: Case) -> None:
        assert desk.corrected(case, "customer") and desk.corrected(case, mori.mori(world))
        assert desk.withdrawn(case, "service")
        assert case.end == Case.End.CORRECTED and len(told("case.closed")) == 1
        assert Step.objects.filter(case=case, what="erased").count() == 1

    def test_by_the_letters_code(self, world: World, case: Case) -> None:
        made = desk.ladder.make_letter(case, mori.mori(world))
        code = keys.ring().unwrap(bytes(made.sealed_code), case.pk.bytes).decode()
        found = desk.correct(case.number, code)
        assert found is not None and desk.corrected(found, "customer")
        assert desk.correct(case.number, code) is None
        made.refresh_from_db()
        assert bytes(made.code) == bytes(made.sealed_code) == b""
        with pytest.raises(DeskError) as refused:
            desk.letter.pdf(made)
        assert refused.value.slug == "letter_gone"

    def test_a_service_that_only_withdraws_the_claim_ends_it_as_well(self, world: World, case: Case) -> None:
        with transaction.atomic():
            ownership.withdraw(case.claim)
        assert desk.due()["given_up"] == 1
        case.refresh_from_db()
        assert case.end == Case.End.CORRECTED and case.erased is not None

    def test_while_another_service_has_the_address_it_goes_on(self, world: World, monkeypatch) -> None:
        mori.at(monkeypatch, "2026-11-18T14:00")
        other = add_service(
            "ネットスーパーID", organisation="はな商事", locale="ja", mode="enforce", sender="id@id.example"
        ).service
        with transaction.atomic():
            ownership.claim(other, addresses.parse(HANA), "ID-7")
        case = mori.freed(world)
        assert not desk.corrected(case, "service", world.service)
        assert case.state == Case.State.REACHING and Mailbox.objects.exists()
        assert Step.objects.filter(case=case, what="detached_one").count() == 1
        assert not desk.corrected(case, "service", world.service)  # said again, nothing more
        assert Step.objects.filter(case=case, what="detached_one").count() == 1
        assert desk.corrected(case, "service", other)
        assert case.end == Case.End.CORRECTED and not Mailbox.objects.exists()


class TestTheDeadline:
    def test_it_lasts_to_the_end_of_its_day(self, world: World, case: Case, monkeypatch) -> None:
        case = awaiting(world, case)
        mori.at(monkeypatch, f"{case.deadline}T23:59")
        assert ends.withdraw_due() == 0
        mori.at(monkeypatch, f"{case.deadline + timedelta(days=1)}T00:01")
        assert ends.withdraw_due() == 1 and ends.withdraw_due() == 0
        case.refresh_from_db()
        assert case.state == Case.State.WITHDRAWING
        (hook,) = told("customer.withdraw")
        assert hook.body == {
            "case": str(case.pk),
            "number": case.number,
            "claim": str(case.claim_id),
            "customer": mori.KEN,
            "deadline": "2026-12-03",
            "orders_in_flight": "ship",
        }

    def test_the_service_is_asked_again_each_business_day_until_it_answers(
        self, world: World, case: Case, monkeypatch
    ) -> None:
        case = awaiting(world, case)  # until Thursday, 3 December
        asked = []
        for day in ("04T09:00", "04T20:00", "05T20:00", "06T20:00", "07T17:00", "07T19:00", "08T19:00"):
            mori.at(monkeypatch, f"2026-12-{day}")
            ends.withdraw_due()
            asked.append(len(told("customer.withdraw")))
        assert asked == [1, 1, 1, 1, 1, 2, 3]
        assert desk.withdrawn(case, "service", world.service)
        mori.at(monkeypatch, "2026-12-10T19:00")
        ends.withdraw_due()
        assert len(told("customer.withdraw")) == 3 and case.end == Case.End.WITHDRAWN

    def test_without_a_webhook_it_is_left_to_the_agents(self, world: World, case: Case, monkeypatch) -> None:
        world.policy(webhook="")
        case = awaiting(world, case)
        for day in (4, 7, 8):
            mori.at(monkeypatch, f"2026-12-{day:02}T19:00")
            assert ends.withdraw_due() == 1
        assert Step.objects.filter(case=case, what="withdraw_by_hand").count() == 1
        assert not told("customer.withdraw") and case.pk
        assert desk.withdrawn(case, mori.mori(world))

    def test_no_mail_goes_to_the_detached_address(self, world: World, case: Case, monkeypatch) -> None:
        case = awaiting(world, case)
        gate.drive()
        before = len(world.delivered())
        mori.at(monkeypatch, "2026-12-04T09:00")
        desk.due()
        desk.withdrawn(case, "service")
        gate.due()
        assert Webhook.objects.filter(type="customer.withdraw").exists()
        assert len(world.delivered()) == before

    def test_who_proves_it_in_time_is_not_withdrawn(self, world: World, case: Case, monkeypatch) -> None:
        case = awaiting(world, case)
        mori.at(monkeypatch, "2026-12-04T09:00")
        ownership.attest(case.claim, "shown at the counter")
        done = desk.due()
        case.refresh_from_db()
        assert done["proved"] == 1 and done["withdrawing"] == 0 and case.end == Case.End.PROVED
        assert not told("customer.withdraw") and [hook.body["end"] for hook in told("case.closed")] == ["proved"]


class TestFalseReports:
    def test_a_proof_ends_it_and_keeps_the_address(self, world: World, case: Case) -> None:
        ownership.attest(case.claim, "shown at the counter")
        desk.due()
        case.refresh_from_db()
        assert case.end == Case.End.PROVED and case.erased is None
        assert ownership.plain(bytes(case.digest)).text == HANA
        assert not Customer.objects.exists()  # how to reach them is no longer needed

    def test_a_click_that_the_policy_takes_for_a_proof_ends_it_as_kept(self, world: World) -> None:
        world.policy(accept="answered")
        world.send(order(), HANA)
        gate.drive()
        confirm, not_me = world.tokens()
        case = notme.report(not_me).case
        gate.confirm(confirm)
        desk.due()
        case.refresh_from_db()
        assert case.end == Case.End.KEPT and case.erased is None and Mailbox.objects.exists()

    def test_a_click_alone_does_not(self, world: World, case: Case) -> None:
        gate.confirm(world.tokens(world.notices()[0])[0])
        desk.due()
        case.refresh_from_db()
        assert case.state == Case.State.REACHING

    def test_somebody_elses_proof_does_not(self, world: World, case: Case) -> None:
        """R15: Hana registers with her own mailbox; Ken's registration stays to be corrected."""
        with transaction.atomic():
            hana = ownership.claim(world.service, addresses.parse(HANA), "HANA-1")
        ownership.attest(hana, "her own")
        desk.due()
        case.refresh_from_db()
        assert case.state == Case.State.REACHING
        assert desk.corrected(case, "customer")
        case.refresh_from_db()
        assert case.end == Case.End.CORRECTED and case.erased is None
        assert Mailbox.objects.exists() and ownership.known(hana).standing is ownership.Standing.PROVED
        assert desk.due()["erased"] == 0
        with transaction.atomic():
            ownership.withdraw(hana)
        assert desk.due()["erased"] == 1
        case.refresh_from_db()
        assert case.erased is not None and not Mailbox.objects.exists()

    def test_an_unconfirmed_one_lapses_and_changes_nothing(self, world: World, monkeypatch) -> None:
        mori.at(monkeypatch, "2026-11-18T14:00")
        world.send(order(), HANA)
        gate.drive()
        notme.pause(world.tokens()[1])
        case = Case.objects.get()
        mori.later(monkeypatch, days=13)
        assert desk.due()["lapsed"] == 0
        mori.later(monkeypatch, days=2)
        assert desk.due()["lapsed"] == 1 and desk.due()["lapsed"] == 0
        case.refresh_from_db()
        assert case.end == Case.End.LAPSED and Mailbox.objects.exists() and case.erased is None
        assert not told("case.closed")

    def test_one_click_undone_by_a_proof(self, world: World) -> None:
        world.send(order(), HANA)
        gate.drive()
        confirm, not_me = world.tokens()
        notme.pause(not_me)
        assert gate.confirm(confirm, "postal_code", "273-0005").result == "proved"
        desk.due()
        assert Case.objects.get().end == Case.End.PROVED


class TestErased:
    def test_a_dump_holds_the_address_nowhere(self, world: World, case: Case, monkeypatch) -> None:
        assert "plain" in left_over()
        for what, text in (("code", "550 5.1.1 <HANA@Example.jp>: unknown; hana@example.jp"), ("x", "fine")):
            Entry.objects.create(line=Line.objects.first().pk, at=clock.now(), what=what, detail=text)
        with transaction.atomic():
            other = ownership.claim(world.service, addresses.parse(HANA), "EARLIER")
        ownership.attest(other, f"{HANA} was shown to us")
        with transaction.atomic():
            ownership.withdraw(other)
        Reporter.objects.filter(case=case).update(wish=Reporter.Wish.STEPS)
        desk.write(case, "in", "page", f"I am {HANA}, please stop")
        agent = mori.mori(world)
        pk = keys.uuid7()
        about = {"case": case, "agent": agent.user, "at": clock.now()}
        Note.objects.create(id=pk, text=keys.ring().wrap(HANA.encode(), pk.bytes), **about)
        Draft.objects.create(kind="answer", text=keys.ring().wrap(HANA.encode(), case.pk.bytes), **about)
        awaiting(world, case)
        mori.at(monkeypatch, "2026-12-04T09:00")
        desk.due()
        before = len(world.delivered())
        assert desk.withdrawn(case, "service", world.service)
        assert left_over() == set()  # the closing mail waits sealed
        gate.drive()
        assert len(world.delivered()) == before + 1
        assert left_over() == set()
        for rows in (Customer, Note, Draft, Mailbox):
            assert not rows.objects.exists(), rows
        assert not Message.objects.filter(direction="in").exists()
        assert Step.objects.get(case=case, what="cleared").number == 1
        assert Entry.objects.get(what="code").detail == "550 5.1.1 <***@***>: unknown; ***@***"

    def test_a_mail_to_it_is_refused_over_the_real_door(self, world: World, case: Case) -> None:
        desk.corrected(case, "customer")
        receipt = world.send(order(9), HANA)
        assert [outcome.value for outcome in receipt.outcomes] == ["refuse"] and receipt.reasons == ("disavowed",)
        receipt = world.send(order(9), "HANA@example.jp")
        assert [outcome.value for outcome in receipt.outcomes] == ["refuse"]
        assert left_over() == set()

    def test_typed_in_anew_it_is_not_asked_and_does_not_stay(self, world: World, case: Case) -> None:
        """R11: the same slip again. The claim is made, nobody is mailed, and the address goes again."""
        desk.corrected(case, "customer")
        gate.drive()
        before = len(world.delivered())
        with transaction.atomic():
            gate.ask(world.service, addresses.parse(HANA), "KEN-AGAIN")
        desk.due()
        gate.due()
        assert len(world.delivered()) == before and left_over() == set()
        assert Claim.objects.filter(customer="KEN-AGAIN").exists()

    def test_it_stays_while_another_organisation_waits_for_its_answer(self, world: World, case: Case) -> None:
        elsewhere = add_service(
            "よそのパン屋", organisation="よそ", locale="ja", mode="enforce", sender="pan@pan.example"
        ).service
        with transaction.atomic():
            claim = gate.ask(elsewhere, addresses.parse(HANA), "HANA-AT-THE-BAKERS")
        gate.drive()
        confirm, _ = world.tokens()
        desk.corrected(case, "customer")
        assert case.erased is None and Mailbox.objects.exists()
        assert ownership.visit(confirm, ownership.Purpose.CONFIRM) is not None
        assert desk.due()["erased"] == 0
        ownership.attest(claim, "hers")
        desk.due()
        assert Mailbox.objects.exists()
        with transaction.atomic():
            ownership.withdraw(claim)
        desk.due()
        assert left_over() == set()

    def test_a_wish_to_be_told_is_all_that_stays_and_it_is_sealed(self, world: World) -> None:
        world.policy(own=mori.OWN)
        case, _, _ = canary.stuffed(world)
        desk.withdrawn(case, "service")
        assert left_over() == set()
        wish = Wish.objects.get(case=case)
        assert wish.sealed_address is not None
        assert keys.ring().unwrap(bytes(wish.sealed_address), str(wish.pk).encode()).decode() == HANA

    def test_what_waits_is_destroyed_before(self, world: World, case: Case) -> None:
        """Mail that a crash has left waiting: finishing destroys it, unopened."""
        raw = order(12)
        with transaction.atomic():
            from atesaki import outbox

            line = Line.objects.filter(kind="mail").first()
            key = outbox.seal_mail(gate.Envelope("shop@shop.example", (addresses.parse(HANA),)), raw)[0]
            Hold.objects.create(
                line=line.pk, claim=case.claim, digest=case.digest, key_id=key, expires=clock.now() + timedelta(days=9)
            )
        desk.corrected(case, "customer")
        assert not Hold.objects.exists() and not outbox.Key.objects.filter(pk=key).exists()

    def test_a_failure_leaves_it_all_to_be_done_again(self, world: World, case: Case, monkeypatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(ownership, "erase", lambda address: 1 / 0)
            assert desk.corrected(case, "customer")
        assert case.state == Case.State.CLOSED and case.erased is None
        assert Customer.objects.exists() and Mailbox.objects.exists()
        assert not Step.objects.filter(case=case, what="cleared").exists()
        assert desk.due()["finished"] == 1
        case.refresh_from_db()
        assert case.erased is not None and not Mailbox.objects.exists() and not Customer.objects.exists()

    def test_one_failure_does_not_stop_the_rest(self, world: World, case: Case, monkeypatch) -> None:
        world.send(order(2, to="sora@example.jp"), "sora@example.jp")
        gate.drive()
        other = notme.report(world.tokens()[1]).case
        real = ownership.erase

        def erase(address: bytes) -> bool:
            if address == bytes(case.digest):
                raise RuntimeError("broken")
            return real(address)

        monkeypatch.setattr(ownership, "erase", erase)
        desk.corrected(case, "customer")
        desk.corrected(other, "customer")
        assert desk.due()["finished"] == 0
        other.refresh_from_db()
        assert other.erased is not None and case.erased is None

    def test_the_reporters_page_lives_on(self, world: World, case: Case) -> None:
        token = desk.token(case)
        desk.corrected(case, "customer")
        assert desk.behind(token) == case
        assert not any(letter.sealed_code for letter in Letter.objects.all())


class TestLeaks:
    def leaky(self, world: World, monkeypatch) -> Case:
        """An observed service: three mails reach Hana before she says so."""
        world.policy(mode="observe")
        for number, moment in ((1, "2026-11-09T10:20"), (2, "2026-11-09T10:27"), (3, "2026-11-10T12:00")):
            mori.at(monkeypatch, moment)
            world.send(order(number, headers="X-Atesaki-Customer: KEN\r\n"), HANA)
        Line.objects.filter(at__day=9).update(personal={"name": 1, "address": 1, "postal": 1, "phone": 1, "kana": 0})
        Line.objects.filter(at__day=10).update(personal=None)  # as if nobody had looked
        world.policy(mode="enforce")
        mori.at(monkeypatch, "2026-11-13T13:39")
        world.send(order(4, headers="X-Atesaki-Customer: KEN\r\n"), HANA)
        gate.drive()
        return desk.by_pk(notme.report(world.tokens()[1]).case.pk)

    def test_it_counts_what_reached_the_mailbox(self, world: World, monkeypatch) -> None:
        case = self.leaky(world, monkeypatch)
        found = {leak.kind: leak for leak in leaks.inventory(case)}
        assert {kind: leak.many for kind, leak in found.items()} == {
            **{"mail": 3, "name": 2, "address": 2, "postal": 2, "phone": 2},
            "unread": 1,
        }
        assert found["mail"].first.astimezone().date() == date(2026, 11, 9)
        assert (found["mail"].last - found["name"].last) > timedelta(hours=20)
        assert leaks.inventory(case)[0].kind == "mail" and leaks.inventory(case)[-1].kind == "unread"
        assert leaks.inventory(case, under_proof=True) == []

    def test_held_mail_and_our_own_are_no_leak(self, world: World, case: Case) -> None:
        assert Line.objects.filter(kind="notice").exists() and leaks.inventory(case) == []

    def test_a_click_that_the_policy_took_for_a_proof_leaks(self, world: World, monkeypatch) -> None:
        world.policy(accept="answered")
        world.send(order(1), HANA)
        gate.drive()
        confirm, not_me = world.tokens()
        gate.confirm(confirm)
        gate.drive()
        assert len(world.orders()) == 1
        case = desk.by_pk(notme.report(not_me).case.pk)
        assert leaks.inventory(case)[0].many == 1

    def test_what_came_under_a_proof_is_told_apart(self, world: World) -> None:
        world.send(order(1), HANA)
        gate.drive()
        confirm, not_me = world.tokens()
        gate.confirm(confirm, "postal_code", "273-0005")
        gate.drive()
        world.send(order(2), HANA)
        case = desk.by_pk(notme.report(not_me).case.pk)
        assert leaks.inventory(case) == [] and leaks.inventory(case, under_proof=True)[0].many == 2

    def test_the_clock(self, world: World, monkeypatch) -> None:
        case = self.leaky(world, monkeypatch)  # Friday, 13 November 2026, 13:39
        found = leaks.assessment(case)
        assert found.answer == "open"
        zone = "Asia/Tokyo"
        assert found.first_due == desk.end_of(date(2026, 11, 15), zone)
        assert found.first_latest == desk.end_of(date(2026, 11, 17), zone)
        assert found.full_due == desk.end_of(date(2026, 12, 14), zone)  # day 30 is Saturday the 12th
        assert found.gdpr_due - found.learnt == timedelta(hours=72)
        agent = mori.mori(world)
        for answer, reason in (("open", "x"), ("yes", "  "), ("maybe", "x")):
            with pytest.raises(DeskError):
                leaks.assess(case, answer, reason, agent)
        with pytest.raises(DeskError):
            leaks.reported(case, "first", agent)
        found = leaks.assess(case, "yes", "不正の疑いがあるため", agent, ill_intent=True)
        assert found.full_due == desk.end_of(date(2027, 1, 12), zone)  # day 60 is 11 January, 成人の日
        assert leaks.reported(case, "first", agent) and not leaks.reported(case, "first", agent)
        row = Assessment.objects.get(case=case)
        assert row.answer == "yes" and row.agent == agent.user and row.first_reported and not row.fully_reported

    @pytest.mark.parametrize("lang", ["ja", "en"])
    def test_the_draft_has_the_nine_items_and_no_value(self, world: World, monkeypatch, lang: str) -> None:
        case = self.leaky(world, monkeypatch)
        mori.known(case)
        desk.ladder.phoned(case, "no_answer", mori.mori(world))
        text = leaks.draft(case, lang)
        for number in range(1, 10):
            assert f"\n{number}. " in text
        for value in (HANA, "hana", mori.NAME, "大島", mori.PHONE, mori.ADDRESS, "KEN", "273-0005", "no_answer"):
            assert value not in text
        said = (
            (
                "氏名: 2通",
                "メール3通",
                "2026年11月9日(月)から2026年11月10日(火)まで",
                "電話: 1回",
                "確報: 2026年12月14日(月)まで",
            )
            if lang == "ja"
            else ("name: 2 mails", "3 mails", "9 November 2026", "calls: 1", "by Monday, 14 December 2026")
        )
        for words in said:
            assert words in text, text

    def test_before_the_mailbox_has_answered_there_is_no_question(self, world: World) -> None:
        world.send(order(), HANA)
        gate.drive()
        notme.pause(world.tokens()[1])
        with pytest.raises(DeskError):
            leaks.assessment(Case.objects.get())


@pytest.mark.django_db(transaction=True)
def test_erased_the_door_refuses_it(world: World, tmp_path: Path) -> None:
    from tests import door

    case = mori.freed(world)
    desk.corrected(case, "customer")
    with door.opened(tmp_path / "gate.log") as port, smtplib.SMTP("127.0.0.1", port, timeout=30) as peer:
        peer.login(*world.smtp)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            peer.sendmail("shop@shop.example", [HANA], order(99))
        assert refused.value.smtp_code == 550 and HANA.encode() not in refused.value.smtp_error
    assert left_over() == set()
    assert HANA not in (tmp_path / "gate.log").read_text()
