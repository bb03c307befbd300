"""`/ask`: a report is a claim and changes nothing by itself; a question gets a receipt, and is kept sealed."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import datetime, timedelta
from email.message import EmailMessage
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from atesaki import addresses, clock, desk, gate, keys, notme, ownership, tasks, tenants
from atesaki.models import Case, Claim, Event, Inquiry, Knock, Line, Mailbox, Message, Report, Slot
from atesaki.ownership import Standing
from atesaki.pages import ask
from tests.test_wording import UNWANTED
from tests.world import HANA, SECRETS, World, order

JA = {"Accept-Language": "ja"}
BARE = b"From: shop@shop.example\r\nTo: hana@example.jp\r\nSubject: hello\r\n\r\nhello\r\n"
KEN_AT_SHOP = b"X-Atesaki-Customer: ken\r\n" + BARE
HANA_AT_SHOP = b"X-Atesaki-Customer: hana\r\n" + BARE


@pytest.fixture
def ja(db: None) -> Client:
    return Client(headers=JA)


@pytest.fixture
def en(db: None) -> Client:
    return Client(headers={"Accept-Language": "en"})


def text_of(response: HttpResponse) -> str:
    page = re.sub(r"<(head|script)\b.*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def say_it(client: Client, address: str = HANA, text: str = "", **more: object) -> HttpResponse:
    return client.post("/ask/not-mine", {"address": address, "text": text}, **more)


def worker() -> None:
    """Runs every job that was deferred, as the worker does."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'atesaki.look_into' RETURNING args")
        for (args,) in cursor.fetchall():
            tasks.look_into(**json.loads(args))
    gate.drive()


def challenges(world: World, to: str = HANA) -> list[EmailMessage]:
    return [mail for mail in world.notices() if mail["To"] == to and "確認" in mail["Subject"] and is_challenge(mail)]


def is_challenge(mail: EmailMessage) -> bool:
    return "というお知らせがありました" in mail.get_body(("plain",)).get_content()


def not_me_in(mail: EmailMessage) -> str:
    found = re.search(r"/n/([\w-]+)\r?$", mail.get_body(("plain",)).get_content(), re.M)
    assert found
    return found[1]


def standing(world: World, customer: str = "", address: str = HANA) -> Standing:
    key = ownership.digest(addresses.parse(address))
    return ownership.standings(world.service, [(key, customer)])[0].stand.standing


def everything() -> str:
    """Every row of every table, as a dump would show it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [f"{table} {row[0]}" for row in cursor.fetchall()]
    return "\n".join(found)


def forms(secret: str) -> set[str]:
    octets = secret.encode()
    wide = secret.encode("utf-16-le")
    inner = {b64encode(b"\0" * before + octets).decode()[4:-4] for before in range(3)}
    return {secret, octets.hex(), wide.hex(), b64encode(octets).decode().rstrip("="), *inner}


# -- the page for mail that is not mine ---------------------------------------------------------------------


def test_the_subject_without_a_name_comes_first_and_is_a_button(ja: Client, en: Client) -> None:
    for client, first in ((ja, "心当たりのないメールが届いた方"), (en, "I get mail that I do not recognise")):
        page = client.get("/ask").content.decode()
        links = re.findall(r"<li><a (?:class=\"(\w+)\" )?href=\"([^\"]+)\"", page)
        assert links[0] == ("button", "/ask/not-mine")
        assert [path for _, path in links[1:]] == [f"/ask/about/{subject}" for subject in ask.SUBJECTS]
        assert first in page
    assert "(お名前は不要です)" in text_of(ja.get("/ask"))


@pytest.mark.parametrize("path", ["/", "/about-this-mail", "/c/none", "/n/none", "/none", "/ask"])
def test_every_page_leads_to_it(ja: Client, path: str) -> None:
    footer = ja.get(path).content.decode().split("<footer>")[1]
    assert 'href="/ask"' in footer


@pytest.mark.parametrize("path", ["/about-this-mail", "/c/none"])
def test_who_is_stuck_is_led_to_it(ja: Client, path: str) -> None:
    assert '<a class="button" href="/ask">' in ja.get(path).content.decode()


def test_only_the_address_is_asked_for_and_nothing_else_is_mandatory(ja: Client) -> None:
    page = ja.get("/ask/not-mine").content.decode()
    assert re.findall(r'<(?:input|textarea|select)[^>]* name="(\w+)"', page) == ["address", "text"]
    assert re.findall(r'name="(\w+)"[^>]* required', page) == ["address"]
    assert "csrf" not in page


def test_a_report_works_without_a_cookie_and_is_written_once_however_often_reloaded(db: None) -> None:
    strict = Client(enforce_csrf_checks=True, headers=JA)
    answer = say_it(strict, text="差出人は shop@shop.example です")
    assert (answer.status_code, answer["Location"]) == (303, "/ask/not-mine/sent")
    assert not strict.cookies
    for _ in range(3):
        shown = strict.get(answer["Location"])
        assert shown.status_code == 200
    assert Report.objects.count() == 1
    for word in ("24時間", "1日1通", "お名前、ご住所、電話番号", "すでに停止しています", "どのアドレスでも同じ"):
        assert word in text_of(shown), word


def test_the_switch_of_language_survives_the_report(ja: Client) -> None:
    assert 'action="/ask/not-mine?lang=en"' in ja.get("/ask/not-mine?lang=en").content.decode()
    answer = ja.post("/ask/not-mine?lang=en", {"address": HANA})
    assert answer["Location"] == "/ask/not-mine/sent?lang=en"
    assert Report.objects.get().language == "en"


@pytest.mark.parametrize("typed", ["", "hana", "hana@", "hana@[192.0.2.1]", "ha na@example.jp", "a@example,jp", "\0"])
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_what_is_no_address_is_told_and_kept(db: None, typed: str, lang: str) -> None:
    with pytest.raises(addresses.AddressError) as error:
        addresses.parse(typed)
    answer = say_it(Client(headers={"Accept-Language": lang}), typed, "きのう届きました")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert error.value.sentence(lang) in text_of(answer)
    assert "きのう届きました</textarea>" in page
    assert 'aria-describedby="address-hint address-error' in page and 'aria-invalid="true"' in page
    assert not Report.objects.exists() and not Knock.objects.exists()


def test_a_slip_is_a_suggestion_with_a_button_and_never_applied_unasked(ja: Client) -> None:
    answer = say_it(ja, "hana@gmial.com", "本文")
    page = answer.content.decode()
    assert answer.status_code == 422 and not Report.objects.exists()
    assert "hana@gmail.com に直す" in text_of(answer)
    assert 'value="hana@gmial.com"' in page, "what was typed stays"
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.split('id="instead"')[1]))
    assert hidden == {"address": "hana@gmail.com", "sure": "hana@gmail.com", "text": "本文"}
    assert ja.post("/ask/not-mine", hidden).status_code == 303
    assert ja.post("/ask/not-mine", {"address": "hana@gmial.com", "sure": "hana@gmial.com"}).status_code == 303
    assert Report.objects.count() == 2
    other = ja.post("/ask/not-mine", {"address": "ken@gmial.com", "sure": "hana@gmial.com"})
    assert other.status_code == 422, "sure of one is not sure of another"


def test_what_is_too_long_is_told_and_kept(ja: Client) -> None:
    answer = say_it(ja, HANA, "あ" * 2001)
    assert answer.status_code == 422
    assert "2000文字までです。現在2001文字" in text_of(answer)
    assert "あ" * 2001 in answer.content.decode()


def test_what_is_typed_is_escaped(ja: Client) -> None:
    page = say_it(ja, '"><script>alert(1)</script>', "</textarea><script>").content.decode()
    assert "<script" not in page


# -- the same for all ---------------------------------------------------------------------------------------


def shape(queries: CaptureQueriesContext) -> list[str]:
    """The statements without their values."""
    return [re.sub(r"'[^']*'|[\s\d-]+", "", query["sql"]) for query in queries]


@pytest.mark.slow
def test_a_thousand_addresses_known_or_not_get_the_same_answer_by_the_same_queries(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atesaki.desk.reports._ALL_PER_MINUTE", 10_000)
    known = [f"known{number}@example.jp" for number in range(20)]
    for number, address in enumerate(known):
        world.send(BARE, address)
        claim = Claim.objects.get(digest=ownership.digest(addresses.parse(address)))
        match number % 5:
            case 1:
                ownership.attest(claim, "test")
            case 2:
                notme.report(ownership.issue(claim, ownership.Purpose.NOT_ME, clock.now() + timedelta(days=1)))
            case 3:
                ownership.withdraw(claim)
            case 4:
                ownership.erase(bytes(claim.digest))
    made_up = [f"nobody{number}@nowhere{number % 7}.example.com" for number in range(980)]
    everybody = [one for pair in zip(made_up, known * 49, strict=True) for one in pair][:40] + made_up[20:]
    answers, statements = set(), set()
    for number, address in enumerate(everybody):
        connection.queries_log.clear()  # it holds 9000, and says nothing more
        with CaptureQueriesContext(connection) as queries:
            answer = say_it(ja, address, REMOTE_ADDR=f"10.{number // 250}.{number % 250}.1")
        answers.add((answer.status_code, str(sorted(answer.headers.items())), answer.content))
        statements.add(tuple(shape(queries)))
    assert len(everybody) == 1000 and Report.objects.count() == 1000
    assert len(answers) == 1 and len(statements) == 1, statements
    used = " ".join(next(iter(statements)))
    for table in ("mailbox", "claim", "event", "line", "token", "case"):
        assert f"atesaki_{table}" not in used, "nothing is looked up about an address while somebody waits"
    assert len({ja.get("/ask/not-mine/sent").content for _ in range(3)}) == 1


def test_the_address_stands_nowhere_in_plain_after_the_report_nor_after_the_look(world: World, ja: Client) -> None:
    address, words = "ichi-do-mo@shiranai.example.com", "ひみつのことば"
    say_it(ja, address, words)
    dump = everything()
    assert "atesaki_report" in dump and "look_into" in dump
    assert not [form for form in forms(address) | forms(words) if form in dump]
    before = counts()
    worker()
    dump = everything()
    assert not [form for form in forms(address) | forms(words) if form in dump]
    assert not Report.objects.exists()
    after = counts()
    changed = {table for table in after if after[table] != before[table]}
    assert changed <= {"atesaki_report", "procrastinate_jobs", "procrastinate_events"}, "of what nobody knows, nothing"


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def test_the_dump_would_have_found_it(world: World) -> None:
    world.send(BARE)
    assert [form for form in forms(HANA) if form in everything()] == [HANA], "the one table that may hold it"


def test_the_job_goes_back_with_its_transaction(db: None) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        desk.report(HANA, "form", "ja")
        assert counts()["procrastinate_jobs"] == 1
        raise RuntimeError
    assert counts()["procrastinate_jobs"] == 0 and not Report.objects.exists()


# -- what follows -------------------------------------------------------------------------------------------


def test_the_mailbox_is_asked_once_and_its_answer_frees_it(world: World, ja: Client) -> None:
    world.send(order(1))
    say_it(ja, text="注文確認が届きます")
    worker()
    (mail,) = challenges(world)
    case = Case.objects.get()
    assert (case.state, case.via) == ("unconfirmed", "form")
    assert standing(world) is Standing.CLAIMED, "a report changes nothing"
    assert desk.read(Message.objects.get()) == "注文確認が届きます"
    assert Event.objects.filter(kind="disavowed").count() == 0
    freed = notme.report(not_me_in(mail))
    assert freed and freed.case and freed.case.pk == case.pk
    case.refresh_from_db()
    assert case.state == "reaching" and standing(world) is Standing.DISAVOWED
    assert not Report.objects.exists()


def test_a_prank_on_a_customer_changes_nothing_and_comes_once_a_day(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(order(1))
    ownership.attest(Claim.objects.get(), "test")
    gate.due()
    assert len(world.orders()) == 1
    for number in range(4):
        say_it(ja, REMOTE_ADDR=f"192.0.{number}.1")
        worker()
    assert len(challenges(world)) == 1
    assert standing(world) is Standing.PROVED
    assert Case.objects.get().state == "unconfirmed"
    keep = re.search(r"/n/[\w-]+/keep", challenges(world)[0].get_body(("plain",)).get_content())
    assert keep and "何も変更していません" in text_of(ja.get(keep[0]))
    assert world.send(order(2)).outcomes[0] is gate.Outcome.DELIVER
    assert standing(world) is Standing.PROVED
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    say_it(ja)
    worker()
    assert len(challenges(world)) == 2 and Case.objects.count() == 1


def test_an_unproved_claim_is_asked_about_before_a_proved_one(world: World, ja: Client) -> None:
    """Hana is a customer; Ken typed her address: her "not me" must not cost her her own account."""
    world.send(HANA_AT_SHOP)
    ownership.attest(Claim.objects.get(), "test")
    world.send(KEN_AT_SHOP)
    world.send(b"X-Atesaki-Customer: hana2\r\n" + BARE)
    ownership.attest(Claim.objects.get(customer="hana2"), "test")
    say_it(ja)
    worker()
    notme.report(not_me_in(challenges(world)[0]))
    assert standing(world, "ken") is Standing.DISAVOWED
    assert standing(world, "hana") is standing(world, "hana2") is Standing.PROVED


@pytest.mark.parametrize("how", ["disavowed", "paused"])
def test_what_is_stopped_already_gets_no_mail_but_joins_the_case(world: World, ja: Client, how: str) -> None:
    world.send(order(1))
    gate.drive()
    _, not_me = world.tokens()
    assert notme.report(not_me) if how == "disavowed" else notme.pause(not_me)
    gate.drive()
    before = len(world.delivered())
    say_it(ja, text="まだ何かありますか")
    worker()
    assert len(world.delivered()) == before
    assert desk.read(Message.objects.get()) == "まだ何かありますか"
    assert Case.objects.count() == 1
    assert Case.objects.get().step_set.latest("pk").what == "said_again"
    assert not Slot.objects.filter(what="challenge").exists()


def test_what_is_stopped_and_closed_stays_so(world: World, ja: Client) -> None:
    world.send(order(1))
    gate.drive()
    freed = notme.report(world.tokens()[1])
    assert freed and freed.case and desk.close(freed.case, "withdrawn")
    with transaction.atomic():
        assert ownership.erase(bytes(freed.case.digest))
    say_it(ja, text="もう一度")
    worker()
    assert Case.objects.count() == 1 and not Message.objects.exists() and not Mailbox.objects.exists()
    assert not [form for form in forms(HANA) if form in everything()]


def test_mail_that_was_only_observed_makes_the_claim(world: World, ja: Client) -> None:
    world.policy(mode="observe")
    other = tenants.add_service("ID基盤", organisation="はな商事", locale="en", mode="observe", sender="i@id.example")
    elder, world.service = world.service, other.service
    world.send(BARE)
    world.service = elder
    world.send(KEN_AT_SHOP)
    assert not Claim.objects.exists() and not Mailbox.objects.exists()
    say_it(ja)
    worker()
    claim = Claim.objects.get()
    assert (claim.service.name, claim.customer) == ("ネットスーパー", "ken"), "the newest mail's"
    notme.report(not_me_in(challenges(world)[0]))
    assert world.send(KEN_AT_SHOP).outcomes[0] is gate.Outcome.REFUSE
    world.service = other.service
    assert world.send(BARE).outcomes[0] is gate.Outcome.REFUSE, "and its sister's mail"


def test_a_withdrawn_address_is_asked_only_if_mail_came_since(world: World, ja: Client) -> None:
    world.policy(mode="observe")
    world.send(KEN_AT_SHOP)
    with transaction.atomic():
        ownership.withdraw(ownership.claim(world.service, addresses.parse(HANA), "ken"))
    say_it(ja)
    worker()
    assert challenges(world) == [] and not Case.objects.exists()
    world.send(KEN_AT_SHOP)
    say_it(ja)
    worker()
    assert len(challenges(world)) == 1


def test_a_service_that_is_retired_asks_nobody(world: World, ja: Client) -> None:
    world.send(order(1))
    tenants.retire(world.service.name)
    say_it(ja)
    worker()
    assert not Case.objects.exists() and challenges(world) == []


def test_each_organisation_asks_for_itself_and_its_own_language(world: World, ja: Client) -> None:
    world.send(order(1))
    other = tenants.add_service("Bookshop", organisation="Umi", locale="en", mode="enforce", sender="b@books.example")
    own, world.service = world.service, other.service
    world.send(BARE)
    world.service = own
    say_it(ja, text="ことづて")
    worker()
    subjects = {str(mail["Subject"]) for mail in world.notices() if "ask" not in mail["Subject"]}
    assert "[Bookshop] Is mail to this mailbox meant for you?" in subjects
    assert len(challenges(world)) == 1
    assert Case.objects.count() == 2 and Message.objects.count() == 2


def test_a_challenge_is_not_sent_once_the_mailbox_has_answered_otherwise(world: World, ja: Client) -> None:
    world.send(order(1))
    gate.drive()
    say_it(ja)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'atesaki.look_into'")
        tasks.look_into(**json.loads(cursor.fetchone()[0]))
    notme.report(world.tokens()[1])
    gate.drive()
    assert challenges(world) == []


@pytest.mark.parametrize("via", ["phone", "letter"])
def test_an_agent_enters_what_came_by_phone_or_letter(world: World, via: str) -> None:
    world.send(order(1))
    made = desk.report(HANA, via, "ja", "お電話で承りました")
    assert isinstance(made, Report)
    worker()
    assert len(challenges(world)) == 1
    assert Case.objects.get().via == Message.objects.get().kind == via
    with pytest.raises(addresses.AddressError):
        desk.report("hana", via, "ja")


def test_a_look_may_be_repeated_and_a_forgotten_one_is_taken_up(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(order(1))
    say_it(ja)
    pk = Report.objects.get().pk
    assert desk.look_into_forgotten() == 0, "the worker has it"
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert desk.look_into_forgotten() == 1
    assert desk.look_into(pk) == desk.look_into(str(pk)) == 0
    gate.drive()
    assert len(challenges(world)) == 1 and Case.objects.count() == 1


def test_what_fails_half_way_leaves_nothing_and_stands_in_nobodys_way(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(order(1))
    world.send(order(2), "sora@example.jp")
    say_it(ja)
    say_it(ja, "sora@example.jp")
    broken = Report.objects.order_by("pk")[0]
    Report.objects.filter(pk=broken.pk).update(sealed=b"damaged")
    genuine = gate.correspond
    with monkeypatch.context() as patch:

        def fail(*_: object) -> None:
            raise DatabaseError

        patch.setattr(gate, "correspond", fail)
        with pytest.raises(DatabaseError):
            desk.look_into(Report.objects.order_by("pk")[1].pk)
    assert not Case.objects.exists() and not Slot.objects.filter(what="challenge").exists()
    assert gate.correspond is genuine
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert desk.look_into_forgotten() == 1
    assert [report.pk for report in Report.objects.all()] == [broken.pk], "the right key file may come back"
    assert Case.objects.count() == 1
    week = later + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: week)
    desk.look_into_forgotten()
    assert not Report.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_once(world: World) -> None:
    world.send(order(1))
    pks = [desk.report(HANA, "form", "ja", f"{number}").pk for number in range(2)]
    barrier, asked = Barrier(4), []

    def look(pk: object) -> None:
        try:
            barrier.wait(10)
            asked.append(desk.look_into(pk))  # type: ignore[arg-type]
        finally:
            connection.close()

    threads = [Thread(target=look, args=[pk]) for pk in pks * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(asked) == [0, 0, 0, 1]
    assert Line.objects.filter(kind="challenge").count() == 1
    assert Case.objects.count() == 1 and Message.objects.count() == 2 and not Report.objects.exists()


# -- the limit ----------------------------------------------------------------------------------------------


def test_a_network_may_report_five_times_in_ten_minutes_and_loses_nothing_then(
    ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        assert say_it(ja, REMOTE_ADDR=f"192.0.2.{number}").status_code == 303
    answer = say_it(ja, text="書いたこと", REMOTE_ADDR="192.0.2.99")
    assert (answer.status_code, answer["Retry-After"]) == (429, "600")
    assert "まだ送信していません" in text_of(answer) and "10分ほど" in text_of(answer)
    assert HANA in answer.content.decode() and "書いたこと" in answer.content.decode()
    assert say_it(ja, "no address", REMOTE_ADDR="192.0.2.99").status_code == 422
    assert say_it(ja, REMOTE_ADDR="198.51.100.1").status_code == 303
    assert Report.objects.count() == 6
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert say_it(ja, REMOTE_ADDR="192.0.2.7").status_code == 303
    desk.look_into_forgotten()
    assert Knock.objects.count() == 1, "what is older than the limit is forgotten"


def test_all_together_have_a_limit_too(ja: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atesaki.desk.reports._ALL_PER_MINUTE", 3)
    answers = [say_it(ja, REMOTE_ADDR=f"192.0.{number}.1").status_code for number in range(4)]
    assert answers == [303, 303, 303, 429]


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_a_network_holds_for_many_at_once() -> None:
    barrier, taken = Barrier(12), []

    def knock() -> None:
        try:
            barrier.wait(10)
            taken.append(desk.knock("report", "192.0.2.0/24"))
        finally:
            connection.close()

    threads = [Thread(target=knock) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [False] * 7 + [True] * 5


@pytest.mark.parametrize(
    ("proxies", "at", "forwarded", "network"),
    [
        (0, "192.0.2.77", "", "192.0.2.0/24"),
        (0, "2001:db8:1:2::3", "", "2001:db8:1::/48"),
        (0, "::ffff:192.0.2.77", "", "192.0.2.0/24"),
        (0, "fe80::1%eth0", "", "fe80::/48"),
        (0, "192.0.2.77", "198.51.100.9", "192.0.2.0/24"),
        (1, "10.0.0.1", "203.0.113.1, 198.51.100.9", "198.51.100.0/24"),
        (2, "10.0.0.1", "203.0.113.1, 198.51.100.9", "203.0.113.0/24"),
        (2, "10.0.0.1", "198.51.100.9", "10.0.0.0/24"),
        (1, "10.0.0.1", "nonsense", "unknown"),
        (1, "10.0.0.1", "", "10.0.0.0/24"),
        (0, "", "", "unknown"),
    ],
)
def test_a_network_is_told_by_the_connection_or_by_proxies_of_ours(
    settings: object, proxies: int, at: str, forwarded: str, network: str
) -> None:
    settings.ATESAKI_PROXIES = proxies  # type: ignore[attr-defined]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().post("/ask/not-mine", REMOTE_ADDR=at, headers=headers)
    assert ask.network(request) == network


def test_where_a_form_came_from_is_kept_as_a_fingerprint(ja: Client) -> None:
    say_it(ja, REMOTE_ADDR="203.0.113.45")
    dump = everything()
    assert not [form for form in forms("203.0.113.45") | forms("203.0.113.0/24") if form in dump]


# -- the challenge mail -------------------------------------------------------------------------------------

MAIL = {
    "service": "ネットスーパー & <b>Co</b>",
    "organisation": "はな商事",
    "sender": "shop@shop.example",
    "not_me_url": "https://post.example.jp/n/NOTME",
    "keep_url": "https://post.example.jp/n/NOTME/keep",
    "about_url": "https://post.example.jp/about-this-mail",
    "reply_to": True,
}


@pytest.mark.parametrize("lang", ["ja", "en"])
class TestChallenge:
    def parts(self, lang: str, **words: object) -> tuple[str, str]:
        return tuple(render_to_string(f"mails/challenge.{lang}.{form}", MAIL | words) for form in ("txt", "html"))  # type: ignore[return-value]

    def test_the_subject_begins_with_the_shop_and_each_url_stands_alone(self, lang: str) -> None:
        text, _ = self.parts(lang)
        first, second = text.splitlines()[:2]
        assert first.startswith(f"Subject: {'【' if lang == 'ja' else '['}{MAIL['service']}") and second == ""
        for url in ("not_me_url", "keep_url", "about_url"):
            assert text.splitlines().count(str(MAIL[url])) == 1

    def test_it_says_who_and_both_ways_and_asks_for_no_name(self, lang: str) -> None:
        for part in self.parts(lang):
            for word in ("organisation", "sender", "not_me_url", "keep_url", "about_url"):
                assert str(MAIL[word]) in part, word
            assert ("お名前などの入力は不要" if lang == "ja" else "need not give your name") in part
            assert ("登録の有無をお伝えするものではありません" if lang == "ja" else "does not say whether") in part
            assert ("第三者に操作された" if lang == "ja" else "got into your mailbox") in part
            assert ("1日に1通" if lang == "ja" else "at most once a day") in part

    def test_it_is_polite_and_names_no_date_or_account(self, lang: str) -> None:
        for part in self.parts(lang):
            shown = re.sub(r"<!doctype html>|<[^>]+>|style=\"[^\"]*\"", "", part)
            assert not UNWANTED.search(shown.replace(str(MAIL["service"]), "")), UNWANTED.search(shown)
            assert not re.search(r"\d{4}年|\d+月\d+日", shown)
            assert "アカウント" not in shown and "your account" not in shown

    def test_both_buttons_are_alike(self, lang: str) -> None:
        _, html = self.parts(lang)
        styles = re.findall(r'<a href="https://[^"]*/n/[^"]*" style="([^"]*)"', html)
        assert len(styles) == 2 and len(set(styles)) == 1
        assert "<b>Co" not in html

    def test_without_replies_it_speaks_of_none(self, lang: str) -> None:
        for part in self.parts(lang, reply_to=False):
            assert "返信" not in part and "reply" not in part


def test_the_challenge_has_every_way_out_and_nothing_of_the_customers(world: World, ja: Client) -> None:
    world.send(order(1))
    say_it(ja)
    worker()
    (mail,) = challenges(world)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<http://[^>]+/n/[\w-]+/one-click>", mail["List-Unsubscribe"])
    assert mail["Reply-To"].startswith("r+") and mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["Subject"]).startswith("【ネットスーパー】")
    whole = mail.get_body(("plain",)).get_content() + mail.get_body(("html",)).get_content()
    assert not [secret for secret in SECRETS if secret in whole]
    page = text_of(ja.get(f"/n/{not_me_in(mail)}"))
    assert "登録していません" in page and "このままにする" in page


# -- a question ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kana"),
    [
        ("おおしま けんたろう", "オオシマ ケンタロウ"),
        ("ｵｵｼﾏ ｹﾝﾀﾛｳ", "オオシマ ケンタロウ"),
        ("オオシマ\u3000ケンタロウ", "オオシマ ケンタロウ"),
        ("ｶﾞｷﾞｳﾞﾊﾟ", "ガギヴパ"),
        ("か\u3099き", "ガキ"),
        ("ゔぁいおりん", "ヴァイオリン"),
        ("ﾀﾅｶ･ﾊﾅ", "タナカ・ハナ"),
        ("らーめん", "ラーメン"),
        ("ｷｬｯﾄ", "キャット"),
        ("Smith John", "Smith John"),
        ("田中 花", "田中 花"),
        ("  はな  ", "ハナ"),
        ("", ""),
        ("🌸", "🌸"),
    ],
)
def test_furigana_becomes_katakana_and_is_never_refused(ja: Client, typed: str, kana: str) -> None:
    assert ask.katakana(typed) == kana
    answer = ja.post("/ask/about/order", {"text": "いつ届きますか", "furigana": typed})
    assert answer.status_code == 200 and kana in text_of(answer)


GIVEN = {
    "text": "二つ届きました。\r\n一つは返せますか。",
    "name": "花",
    "furigana": "はな",
    "email": "hana@example.jp",
}


def look(client: Client, subject: str = "returns", **changes: str) -> tuple[HttpResponse, str]:
    """The confirmation page, and the state it holds."""
    answer = client.post(f"/ask/about/{subject}", GIVEN | changes)
    found = re.search(r'name="kept" value="([^"]+)"', answer.content.decode())
    return answer, found[1] if found else ""


def test_a_question_is_looked_at_sent_and_gets_a_receipt(world: World, ja: Client) -> None:
    answer, kept = look(ja)
    assert answer.status_code == 200 and kept
    assert not Inquiry.objects.exists()
    for word in ("まだ送信していません", "返品", "ネットスーパー", "一つは返せますか。", "ハナ", "hana@example.jp"):
        assert word in text_of(answer), word
    sent = ja.post("/ask/about/returns", {"kept": kept, "step": "send"})
    assert sent.status_code == 303
    url = urlsplit(sent["Location"])
    assert url.path == "/ask/sent" and set(parse_qs(url.query)) == {"receipt"}
    inquiry = Inquiry.objects.get()
    assert (inquiry.subject, inquiry.language, inquiry.service) == ("returns", "ja", world.service)
    assert desk.asked(inquiry) == {**GIVEN, "text": GIVEN["text"].replace("\r", ""), "furigana": "ハナ"}
    shown = text_of(ja.get(sent["Location"]))
    assert inquiry.number in shown and re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", inquiry.number)
    until = desk.in_business_days(2, world.service.zone)
    assert f"{until.year}年{until.month}月{until.day}日" in shown and "18時00分までに" in shown
    assert "The answer" not in shown and inquiry.number in text_of(ja.get(f"{sent['Location']}&lang=en"))


def test_sent_twice_it_is_one_question_with_one_number(ja: Client) -> None:
    _, kept = look(ja)
    for _ in range(7):
        answer = ja.post("/ask/about/returns", {"kept": kept, "step": "send"})
        assert answer.status_code == 303
    assert Inquiry.objects.count() == 1
    assert Inquiry.objects.get().number in text_of(ja.get(answer["Location"]))


def test_back_keeps_what_was_typed(ja: Client) -> None:
    _, kept = look(ja)
    page = ja.post("/ask/about/returns", {"kept": kept, "step": "back"}).content.decode()
    for value in ("一つは返せますか。</textarea>", 'value="花"', 'value="ハナ"', 'value="hana@example.jp"'):
        assert value in page, value
    assert not Inquiry.objects.exists()


def test_what_was_changed_on_the_way_is_an_error_that_says_so(ja: Client) -> None:
    _, kept = look(ja)
    forged = signing.dumps({"typed": GIVEN, "number": "AAAA-AAAA"}, salt="another")
    for wrong in (kept[:-1] + ("A" if kept[-1] != "A" else "B"), "x" + kept, kept[:20], "", forged):
        for step in ("send", "back"):
            answer = ja.post("/ask/about/returns", {"kept": wrong, "step": step})
            assert answer.status_code == 400
            assert "まだ送信していません" in text_of(answer) and "もう一度入力" in text_of(answer)
    assert not Inquiry.objects.exists()
    assert ja.get("/ask/sent", {"receipt": kept}).status_code == 404
    assert ja.get("/ask/sent").status_code == 404


def test_after_an_hour_it_is_looked_at_once_more_and_nothing_is_lost(
    ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    _, kept = look(ja)
    now = time.time() + 3_700
    monkeypatch.setattr("django.core.signing.time.time", lambda: now)
    answer = ja.post("/ask/about/returns", {"kept": kept, "step": "send"})
    assert answer.status_code == 422 and not Inquiry.objects.exists()
    assert "1時間が過ぎた" in text_of(answer) and "一つは返せますか。</textarea>" in answer.content.decode()


def test_only_the_text_is_mandatory_and_without_an_address_no_answer_is_promised(ja: Client) -> None:
    empty = ja.post("/ask/about/other", {"text": " \n ", "name": "花", "email": "hana@"})
    page = empty.content.decode()
    assert empty.status_code == 422 and 'value="花"' in page and 'value="hana@"' in page
    assert "内容が空欄です" in text_of(empty) and page.count('aria-invalid="true"') == 2
    answer = ja.post("/ask/about/other", {"text": "ありがとう"})
    assert "お返事はできません" in text_of(answer)
    kept = re.search(r'name="kept" value="([^"]+)"', answer.content.decode())
    assert kept
    sent = ja.get(ja.post("/ask/about/other", {"kept": kept[1], "step": "send"})["Location"])
    assert "お返事はお送りしません" in text_of(sent) and "までに" not in text_of(sent)


def test_a_slip_in_the_address_is_a_suggestion(ja: Client) -> None:
    answer, kept = look(ja, email="hana@gmial.com")
    assert answer.status_code == 422 and not kept
    form = answer.content.decode().split('id="instead"')[1]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert hidden.pop("csrfmiddlewaretoken")
    assert hidden["email"] == "hana@gmail.com" and hidden["name"] == "花"
    answer, kept = look(ja, **hidden)
    assert kept and "hana@gmail.com" in text_of(answer) and "一つは返せますか。" in text_of(answer)
    assert look(ja, email="hana@gmial.com", sure="hana@gmial.com")[1], "or it is right as it is"


def test_each_too_long_field_says_so(ja: Client) -> None:
    answer, kept = look(ja, text="あ" * 4001, name="あ" * 101, furigana="あ" * 101)
    assert answer.status_code == 422 and not kept
    assert text_of(answer).count("短くしてください") == 3


def test_where_there_are_several_services_one_may_be_chosen_beforehand(world: World, ja: Client) -> None:
    assert 'id="service"' not in ja.get("/ask/about/order").content.decode()
    other = tenants.add_service("ID基盤", organisation="はな商事", locale="ja", mode="enforce", sender="i@id.example")
    page = ja.get("/ask?service=ID基盤&lang=ja").content.decode()
    link = re.search(r'href="(/ask/about/order\?[^"]+)"', page)
    assert link
    chosen = ja.get(link[1].replace("&amp;", "&")).content.decode()
    assert '<option value="ID基盤" selected>' in chosen and "service=ID%E5%9F%BA%E7%9B%A4" in chosen.split("<main")[0]
    assert "selected" not in ja.get("/ask/about/order?service=nothing").content.decode()
    _, kept = look(ja, "order", service="ID基盤")
    ja.post("/ask/about/order", {"kept": kept, "step": "send"})
    _, kept = look(ja, "order")
    ja.post("/ask/about/order", {"kept": kept, "step": "send"})
    assert set(Inquiry.objects.values_list("service", flat=True)) == {other.service.pk, None}


def test_questions_have_their_own_limit_and_nothing_typed_is_lost(ja: Client) -> None:
    for _ in range(5):
        say_it(ja)
        _, kept = look(ja)
        assert ja.post("/ask/about/returns", {"kept": kept, "step": "send"}).status_code == 303
    _, kept = look(ja)
    answer = ja.post("/ask/about/returns", {"kept": kept, "step": "send"})
    assert answer.status_code == 429 and "まだ送信していません" in text_of(answer)
    assert f'value="{kept}"' in answer.content.decode()
    assert Inquiry.objects.count() == 5


def test_a_question_keeps_the_check_for_forged_requests_and_nothing_in_plain(db: None, ja: Client) -> None:
    strict = Client(enforce_csrf_checks=True, headers=JA)
    assert strict.post("/ask/about/returns", GIVEN).status_code == 403
    _, kept = look(ja)
    ja.post("/ask/about/returns", {"kept": kept, "step": "send"})
    dump = everything()
    assert not [form for word in ("hana@example.jp", "一つは返せますか") for form in forms(word) if form in dump]
    with pytest.raises(keys.SealBroken):
        inquiry = Inquiry.objects.get()
        inquiry.number = "AAAA-AAAA"
        desk.asked(inquiry)


def test_there_are_no_other_subjects(ja: Client) -> None:
    for path in ("/ask/about/not-mine", "/ask/about/x", "/ask/about/"):
        assert ja.get(path).status_code == 404
        assert ja.post(path, GIVEN).status_code == 404


def test_an_answer_falls_on_a_business_day(ja: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    friday = datetime.fromisoformat("2026-11-20T09:00:00+09:00")  # Monday the 23rd is a holiday
    monkeypatch.setattr(clock, "now", lambda: friday)
    _, kept = look(ja)
    shown = text_of(ja.get(ja.post("/ask/about/returns", {"kept": kept, "step": "send"})["Location"]))
    assert "2026年11月25日(水)18時00分までに" in shown
