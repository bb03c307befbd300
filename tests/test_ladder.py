"""The ladder to the customer: each rung, what it refuses, and which comes next on which day."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from django.db import connection

from atesaki import desk, gate, notme
from atesaki.desk import DeskError, ladder, sms
from atesaki.desk.ladder import CustomerData, Tried
from atesaki.models import Access, Case, Contact, Customer, Letter, Step, Webhook
from tests import mori
from tests.world import HANA, World, order

TOKYO = "Asia/Tokyo"


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    mori.at(monkeypatch, "2026-11-18T14:00")  # a Wednesday; Monday the 23rd is a holiday
    world.policy(own=mori.OWN)
    return mori.freed(world)


def refused(slug: str, do, *given) -> None:
    with pytest.raises(DeskError) as error:
        do(*given)
    assert error.value.slug == slug
    for lang in ("ja", "en"):
        assert len(error.value.sentence(lang)) > 10


def local(at) -> str:
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(TOKYO)).strftime("%Y-%m-%dT%H:%M")


class TestTheCustomersData:
    def test_it_is_sealed_for_its_case_and_shown_masked(self, world: World, case: Case) -> None:
        mori.known(case)
        known = desk.customer(case)
        assert known == CustomerData(mori.NAME, mori.PHONE, mori.POSTAL, mori.ADDRESS)
        assert known.masked() == CustomerData("大***", "090-****-5678", "273-****", "千葉県***")
        assert mori.NAME not in repr(known) and mori.PHONE not in repr(known)
        with connection.cursor() as cursor:
            cursor.execute("SELECT atesaki_customer::text FROM atesaki_customer")
            ((dump,),) = cursor.fetchall()
        for value in (mori.NAME, mori.PHONE, mori.ADDRESS):
            assert value not in dump and value.encode().hex() not in dump

    @pytest.mark.parametrize(
        ("phone", "masked"),
        [
            ("０９０ー１２３４ー５６７８", "090-****-5678"),
            ("09012345678", "090-****-5678"),
            ("+44 7400 123456", "+44-****-123456"),
            ("03-1234-5678", "03-****-5678"),
            ("110", "****"),
            ("でんわなし", "****"),
            ("", ""),
        ],
    )
    def test_a_phone_number_as_people_type_it(self, case: Case, phone: str, masked: str) -> None:
        mori.known(case, phone=phone)
        known = desk.customer(case)
        assert known is not None and known.masked().phone == masked

    def test_a_name_is_kept_letter_by_letter(self, case: Case) -> None:
        name = "髙橋 﨑子 神\U000e0100"
        mori.known(case, name=name)
        assert desk.customer(case).name == name

    def test_it_refuses_nothing_and_what_cannot_be_printed(self, case: Case) -> None:
        refused("empty", desk.keep_customer, case, "", " ", "", "", "service")
        refused("letters", desk.keep_customer, case, "大島\x00", "", "", "", "service")
        refused("letters", desk.keep_customer, case, "", "", "", "あ" * 201, "service")
        assert not Customer.objects.exists()

    def test_one_cases_data_opens_in_no_other(self, world: World, case: Case) -> None:
        from atesaki import keys

        mori.known(case)
        sealed = Customer.objects.get(case=case).sealed
        world.send(order(2, to="sora@example.jp"), "sora@example.jp")
        gate.drive()
        other = notme.report(world.tokens()[1]).case
        Customer.objects.create(case=other, sealed=sealed, changed=other.opened)
        with pytest.raises(keys.SealBroken):
            desk.customer(other)

    def test_who_looks_says_why_and_it_is_written_first(self, world: World, case: Case) -> None:
        agent = mori.mori(world)
        for reason in ("", "    ", "理由", "a b"):
            refused("reason", desk.reveal, case, "phone", agent, reason)
        refused("field", desk.reveal, case, "sealed", agent, "電話をかけるため")
        assert not Access.objects.exists()
        refused("no_customer", desk.reveal, case, "phone", agent, "電話をかけるため")
        mori.known(case)
        assert desk.reveal(case, "phone", agent, "電話をかけるため") == mori.PHONE
        assert Access.objects.count() == 2  # also the look that found nothing
        row = Access.objects.latest("pk")
        assert (row.agent, row.what, row.reason) == (agent.user, "phone", "電話をかけるため")
        assert Step.objects.filter(case=case, what="revealed", by="mori").count() == 2


class TestWhatComesNext:
    """`choose` is pure: the contacts in, the rung and its day out."""

    KNOWN = CustomerData(mori.NAME, mori.PHONE, mori.POSTAL, mori.ADDRESS)
    TODAY = date(2026, 11, 18)

    def after(
        self, *tried: tuple[str, str, int], known: CustomerData | None = KNOWN, day: int = 18, fresh: bool = True
    ):
        rows = [Tried(rung, outcome, date(2026, 11, on), fresh) for rung, outcome, on in tried]
        return tuple(ladder.choose(rows, known, False, TOKYO, date(2026, 11, day)))

    def test_ask_the_service_then_phone(self) -> None:
        assert self.after(known=None) == ("customer", self.TODAY)
        assert self.after(("in_site", "told", 18)) == ("phone", self.TODAY)

    def test_phone_on_three_days_then_text_then_letter(self) -> None:
        tried = [("phone", "no_answer", 18), ("phone", "no_answer", 18)]
        assert self.after(*tried) == ("phone", date(2026, 11, 19))
        tried.append(("phone", "left_word", 19))
        assert self.after(*tried, day=19) == ("phone", date(2026, 11, 20))
        assert self.after(*tried, day=20) == ("phone", date(2026, 11, 20))
        tried.append(("phone", "no_answer", 20))
        assert self.after(*tried, day=20) == ("sms", date(2026, 11, 20))
        # Saturday to Monday, a holiday: the next business day is Tuesday the 24th.
        assert self.after(*tried, day=21) == ("sms", date(2026, 11, 24))
        tried.append(("sms", "sent", 20))
        assert self.after(*tried, day=20) == ("letter", date(2026, 11, 24))
        assert self.after(*tried[:-1], ("sms", "failed", 20), day=20) == ("letter", date(2026, 11, 20))

    def test_a_wrong_number_is_neither_called_nor_texted_again(self) -> None:
        assert self.after(("phone", "wrong_number", 18)) == ("letter", self.TODAY)
        assert self.after(("phone", "wrong_number", 18), fresh=False) == ("phone", self.TODAY)  # it was changed since

    def test_who_was_reached_has_three_days(self) -> None:
        assert self.after(("phone", "reached", 18)) == ("letter", date(2026, 11, 24))

    def test_a_fixed_line_gets_no_text(self) -> None:
        fixed = CustomerData(mori.NAME, "03-1234-5678", mori.POSTAL, mori.ADDRESS)
        calls = [("phone", "no_answer", day) for day in (18, 19, 20)]
        assert self.after(*calls, known=fixed, day=20)[0] == "letter"

    def test_without_a_phone_a_letter_and_without_an_address_the_notice(self) -> None:
        assert self.after(known=CustomerData(mori.NAME, "", mori.POSTAL, mori.ADDRESS))[0] == "letter"
        assert self.after(known=CustomerData(mori.NAME, "", "", ""))[0] == "deadline"
        assert self.after(("letter", "returned", 18), known=CustomerData(mori.NAME, "", "1", "2"))[0] == "deadline"

    def test_a_letter_that_was_made_is_posted(self) -> None:
        assert ladder.choose([], self.KNOWN, True, TOKYO, date(2026, 12, 29)) == ("post", date(2027, 1, 4))


class TestPhone:
    def test_each_call_is_a_row_and_sets_the_date(self, world: World, case: Case, monkeypatch) -> None:
        agent = mori.mori(world)
        refused("no_customer", ladder.phoned, case, "no_answer", agent)
        mori.known(case)
        assert local(case.due) == "2026-11-18T18:00"
        refused("outcome", ladder.phoned, case, "told", agent)
        ladder.phoned(case, "no_answer", agent)
        assert local(case.due) == "2026-11-19T18:00" and case.state == Case.State.REACHING
        row = Contact.objects.latest("pk")
        assert (row.rung, row.outcome, row.agent) == ("phone", "no_answer", agent.user)
        mori.at(monkeypatch, "2026-11-20T17:00")
        ladder.phoned(case, "reached", agent)
        assert desk.next_rung(case) == ("letter", date(2026, 11, 26)) and local(case.due) == "2026-11-26T18:00"

    def test_a_wrong_number_moves_on_until_it_is_changed(self, world: World, case: Case, monkeypatch) -> None:
        agent = mori.mori(world)
        mori.known(case)
        ladder.phoned(case, "wrong_number", agent)
        assert desk.next_rung(case).rung == "letter"
        refused("wrong_number", ladder.phoned, case, "no_answer", agent)
        refused("wrong_number", ladder.send_sms, case, agent)
        mori.later(monkeypatch, minutes=1)
        mori.known(case, phone="090-8765-4321")
        assert desk.next_rung(case).rung == "phone"
        ladder.phoned(case, "no_answer", agent)

    def test_no_number_no_call(self, world: World, case: Case) -> None:
        mori.known(case, phone="なし")
        refused("no_phone", ladder.phoned, case, "no_answer", mori.mori(world))

    def test_nobody_is_approached_before_the_mailbox_has_answered(self, world: World, case: Case) -> None:
        """L4: a prank must not make the desk ring a customer up."""
        world.send(order(3, to="umi@example.jp"), "umi@example.jp")
        gate.drive()
        notme.pause(world.tokens()[1])
        waits = Case.objects.get(state=Case.State.UNCONFIRMED)
        agent = mori.mori(world)
        refused("unconfirmed", mori.known, waits)
        refused("unconfirmed", ladder.phoned, waits, "reached", agent)
        refused("unconfirmed", ladder.send_sms, waits, agent)
        refused("unconfirmed", ladder.make_letter, waits, agent)
        refused("unconfirmed", ladder.give_deadline, waits, agent)
        refused("unconfirmed", desk.corrected, waits, "mori")
        assert desk.next_rung(waits) is None
        desk.close(waits, Case.End.LAPSED)
        refused("closed", ladder.phoned, waits, "reached", agent)


class TestLetterOnItsWay:
    def test_posted_the_clock_is_the_customers(self, world: World, case: Case, monkeypatch) -> None:
        agent = mori.mori(world)
        refused("no_customer", ladder.make_letter, case, agent)
        mori.known(case, address="")
        refused("no_address", ladder.make_letter, case, agent)
        mori.known(case)
        for days in (0, 4, 41):
            refused("days", ladder.make_letter, case, agent, days)
        made = ladder.make_letter(case, agent)
        assert made.deadline == date(2026, 12, 3)  # ten business days, without Monday the 23rd
        assert desk.next_rung(case) == ("post", date(2026, 11, 18))
        for wrong in (date(2026, 11, 17), date(2026, 11, 19)):
            refused("letter_date", ladder.posted, made, wrong, agent)
        after = ladder.posted(made, date(2026, 11, 18), agent)
        assert after.state == Case.State.AWAITING and after.deadline == date(2026, 12, 3)
        assert local(after.due) == "2026-12-04T00:00"
        assert desk.next_rung(after) == ("answer", date(2026, 12, 3))
        refused("awaiting", ladder.posted, made, date(2026, 11, 18), agent)
        refused("awaiting", ladder.make_letter, case, agent)
        assert [row.outcome for row in Contact.objects.filter(case=case, rung="letter").order_by("pk")] == [
            "made",
            "posted",
        ]

    def test_over_new_year(self, world: World, case: Case, monkeypatch) -> None:
        mori.at(monkeypatch, "2026-12-24T10:00")
        mori.known(case)
        # The 25th and the 28th; 29 December to 3 January offices are closed; 4, 5 and 6 January.
        assert ladder.make_letter(case, mori.mori(world), 5).deadline == date(2027, 1, 6)

    def test_a_letter_that_lay_too_long_is_made_anew(self, world: World, case: Case, monkeypatch) -> None:
        mori.known(case)
        agent = mori.mori(world)
        made = ladder.make_letter(case, agent, 10)
        mori.at(monkeypatch, "2026-11-27T10:00")
        refused("letter_old", ladder.posted, made, date(2026, 11, 27), agent)
        assert ladder.posted(made, date(2026, 11, 26), agent).deadline == made.deadline

    def test_returned_the_desk_seeks_again(self, world: World, case: Case, monkeypatch) -> None:
        agent = mori.mori(world)
        mori.known(case)
        made = ladder.make_letter(case, agent)
        refused("letter_state", ladder.returned, made, date(2026, 11, 18), agent)
        ladder.posted(made, date(2026, 11, 18), agent)
        mori.at(monkeypatch, "2026-11-20T10:00")
        refused("letter_date", ladder.returned, made, date(2026, 11, 17), agent)
        after = ladder.returned(made, date(2026, 11, 20), agent)
        assert after.state == Case.State.REACHING and after.deadline is None
        assert local(after.due) == "2026-11-24T18:00"
        refused("letter_state", ladder.returned, made, date(2026, 11, 20), agent)
        refused("address_returned", ladder.make_letter, case, agent)
        mori.later(monkeypatch, minutes=1)
        mori.known(case, address="千葉県船橋市湊町9丁目9番9号")
        assert ladder.make_letter(case, agent) != made

    def test_a_made_up_address_still_has_an_end(self, world: World, case: Case, monkeypatch) -> None:
        world.policy(webhook="https://shop.example/hook")
        mori.known(case, phone="", postal_code="", address="")
        assert desk.next_rung(case).rung == "deadline"
        case = ladder.give_deadline(desk.by_pk(case.pk), mori.mori(world))
        assert case.state == Case.State.AWAITING and case.deadline == date(2026, 12, 3)
        told = Webhook.objects.get(type="customer.contact_needed")
        assert told.body["deadline"] == "2026-12-03" and told.body["customer"] == mori.KEN
        assert HANA not in json.dumps(told.body)

    @pytest.mark.django_db(transaction=True)
    def test_two_agents_at_once_post_it_once(self, world: World, case: Case) -> None:
        mori.known(case)
        agent = mori.mori(world)
        made = ladder.make_letter(case, agent)
        came: list[str] = []

        def post() -> None:
            try:
                ladder.posted(Letter.objects.get(pk=made.pk), date(2026, 11, 18), agent)
                came.append("posted")
            except DeskError as error:
                came.append(error.slug)
            finally:
                connection.close()

        threads = [threading.Thread(target=post) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came) == ["awaiting"] * 3 + ["posted"]
        assert Contact.objects.filter(outcome="posted").count() == 1


@contextmanager
def provider(answer: tuple[int, bytes]) -> Iterator[tuple[str, list[tuple[str, str, dict[str, list[str]]]]]]:
    """An HTTP server in Twilio's place; what it was asked."""
    seen: list[tuple[str, str, dict[str, list[str]]]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append((self.path, self.headers["Authorization"], parse_qs(body)))
            self.send_response(answer[0])
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


class TestText:
    def test_by_default_it_ends_in_the_log_without_the_number(self, world: World, case: Case, caplog, capsys) -> None:
        mori.known(case)
        ladder.send_sms(case, mori.mori(world))
        assert Contact.objects.latest("pk").outcome == "sent"
        assert desk.next_rung(case).rung == "phone"
        out = capsys.readouterr()
        said = out.out + out.err + caplog.text
        assert "sms.printed" in said and "5678" in said and "1234" not in said and "901234" not in said

    def test_over_http(self, world: World, case: Case, settings) -> None:
        mori.known(case)
        with provider((201, b'{"sid": "SM1", "status": "queued"}')) as (url, seen):
            settings.ATESAKI_SMS = f"twilio://AC123:to%2Fken@+15005550006?api={url}"
            made = ladder.send_sms(case, mori.mori(world))
        assert made.outcome == "sent"
        ((path, login, fields),) = seen
        assert path == "/2010-04-01/Accounts/AC123/Messages.json"
        import base64

        assert base64.b64decode(login.removeprefix("Basic ")).decode() == "AC123:to/ken"
        assert fields["To"] == ["+819012345678"] and fields["From"] == ["+15005550006"]
        assert fields["Body"] == [sms.text(case.service, "ja")]
        refused("sms_again", ladder.send_sms, case, mori.mori(world))

    @pytest.mark.parametrize(
        ("answer", "why"),
        [((400, b'{"code": 21211, "message": "+819012345678 is not valid"}'), "400 21211"), ((500, b"<html>"), "500")],
    )
    def test_refused_it_is_written_down_and_said_without_the_number(
        self, world: World, case: Case, settings, answer: tuple[int, bytes], why: str
    ) -> None:
        mori.known(case)
        with provider(answer) as (url, _):
            settings.ATESAKI_SMS = f"twilio://AC123:token@NetSuper?api={url}"
            with pytest.raises(DeskError) as error:
                ladder.send_sms(case, mori.mori(world))
        assert error.value.slug == "sms_failed" and why in str(error.value) and "9012345678" not in str(error.value)
        assert Contact.objects.latest("pk").outcome == "failed"
        assert Step.objects.filter(case=case, what="sms_failed").exists()

    def test_a_provider_that_is_away_is_not_asked_twice(self, world: World, case: Case, settings) -> None:
        mori.known(case)
        settings.ATESAKI_SMS = "twilio://AC123:token@+15005550006?api=http://127.0.0.1:9"
        refused("sms_failed", ladder.send_sms, case, mori.mori(world))
        refused("sms_again", ladder.send_sms, case, mori.mori(world))

    def test_it_is_written_down_before_it_is_sent(self, world: World, case: Case, monkeypatch) -> None:
        class Crash(BaseException):
            pass

        class Dying:
            def send(self, to: str, text: str) -> None:
                raise Crash

        mori.known(case)
        monkeypatch.setattr(sms, "sms_provider", Dying)
        with pytest.raises(Crash):
            ladder.send_sms(case, mori.mori(world))
        assert Contact.objects.latest("pk").outcome == "failed"
        monkeypatch.undo()
        refused("sms_again", ladder.send_sms, case, mori.mori(world))

    @pytest.mark.parametrize("lang", ["ja", "en"])
    def test_it_says_nothing_of_anybody_and_has_no_link(self, case: Case, lang: str) -> None:
        text = sms.text(case.service, lang)
        assert "ネットスーパー" in text and "0120-000-000" in text
        assert "http" not in text and "www" not in text and "@" not in text
        for secret in (mori.NAME, "大島", case.number, HANA, "船橋"):
            assert secret not in text
        assert ("ブックマーク" if lang == "ja" else "bookmark") in text

    def test_it_needs_a_mobile_number(self, world: World, case: Case) -> None:
        mori.known(case, phone="03-1234-5678")
        refused("no_mobile", ladder.send_sms, case, mori.mori(world))

    @pytest.mark.parametrize("url", ["", "smpp://x", "twilio://", "twilio://AC123@+1", "twilio://AC:token@"])
    def test_a_setting_that_cannot_be_read_is_said(self, settings, url: str) -> None:
        settings.ATESAKI_SMS = url
        with pytest.raises(sms.SmsError, match="ATESAKI_SMS must be"):
            sms.sms_provider()
