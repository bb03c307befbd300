"""An inquiry answered: a mail that holds nothing, a page that asks for the number, and a mailbox that may say no."""

from __future__ import annotations

import re
from email.message import EmailMessage

import pytest
from django.db import connection
from django.test import Client

from atesaki import clock, desk, gate, inbound, keys, notme, ownership
from atesaki.desk import Question, inquiries
from atesaki.desk.agents import Role
from atesaki.language import LANGUAGES
from atesaki.models import Case, Claim, Departure, Event, Inquiry, InquiryMessage, Line, Mailbox, Unsent
from atesaki.tenants import add_service
from tests import mori
from tests.leaks import found
from tests.test_desk import text_of
from tests.test_wording import UNWANTED
from tests.world import HANA, World, order

UMI = "umi@example.jp"
NUMBER = "ABCD-EFGH"
TEXT = "注文番号20-4711の届かない品について、伺います。"
NAME = "海野 真"
ANSWER = "お調べしました。明日お届けします。\n\nお待たせして申し訳ございません。"


@pytest.fixture(autouse=True)
def a_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    mori.at(monkeypatch, "2026-11-16T10:00")


def asked(world: World, email: str = UMI, number: str = NUMBER, **other: object) -> Inquiry:
    given = {"subject": "delivery", "service": world.service, "lang": "ja", "text": TEXT, "name": NAME} | other
    assert desk.inquire(number, Question(**given, email=email), "192.0.2.1")  # type: ignore[arg-type]
    return Inquiry.objects.get(pk=number)


def now(inquiry: Inquiry) -> Inquiry:
    return Inquiry.objects.select_related("service__organisation").get(pk=inquiry.pk)


def answered(world: World, inquiry: Inquiry, text: str = ANSWER, service: object = None) -> EmailMessage:
    """The mail that tells of an answer, as it arrived."""
    agent = mori.mori(world)
    inquiries.send(now(inquiry), service or world.service, agent, text, "ja", keys.uuid7())  # type: ignore[arg-type]
    gate.drive()
    return world.notices()[-1]


def link(mail: EmailMessage, way: str = "") -> str:
    text = mail.get_body(("plain",)).get_content()
    return re.search(rf"/q/[a-z2-7]{{39}}{way}(?=\s)", text)[0]  # type: ignore[index]


def dump() -> str:
    """Every text and every octet of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


# -- the mail -------------------------------------------------------------------------------------------------------


def test_an_answer_is_looked_at_waits_and_is_told_of_without_a_word_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    inquiry = asked(world)
    client = mori.at_desk(mori.mori(world))
    shown = text_of(client.get(f"/desk/inquiries/{NUMBER}"))
    assert TEXT in shown and UMI in shown and "回答待ち" in shown
    page = client.post(f"/desk/inquiries/{NUMBER}/answer", {"text": ANSWER, "in": "ja"})
    assert "お調べしました。" in text_of(page) and "ABCD-****" in text_of(page)
    assert not re.search(r"/q/[a-z2-7]{10}", page.content.decode()), "the link is the mailbox's own"
    key = re.search(r'name="key" value="([\w-]+)"', page.content.decode())[1]  # type: ignore[index]
    for _ in range(2):
        sent = client.post(f"/desk/inquiries/{NUMBER}/answer/send", {"text": ANSWER, "in": "ja", "key": key})
        assert sent.status_code == 302
    gate.drive()
    assert not world.notices() and Unsent.objects.count() == 1, "it may be called back"
    mori.later(monkeypatch, seconds=11)
    assert desk.unsent.due() == 1 and gate.drive() == 1
    (mail,) = world.notices()
    assert mail["To"] == UMI and "ABCD-****" in mail["Subject"]
    secrets = [NUMBER, "EFGH", TEXT, "4711", NAME, "海野", ANSWER, "お調べしました", "明日お届け"]
    assert not found(world.delivered()[-1], secrets)
    assert mail["List-Unsubscribe"].endswith("/one-click>") and mail["List-Unsubscribe-Post"]
    assert re.fullmatch(r"r\+[a-z2-7]{39}@\S+", mail["Reply-To"])
    assert not Claim.objects.exists() and not Mailbox.objects.exists(), "to ask something is to claim nothing"
    line = Line.objects.get(kind="inquiry")
    assert (line.outcome, line.reason, line.state) == ("deliver", "our_own", "settled")
    assert "返事待ち" in text_of(client.get(f"/desk/inquiries/{NUMBER}"))
    assert now(inquiry).agent.get_username() == "mori"  # type: ignore[union-attr]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reads", [True, False])
def test_the_mail_has_every_way_out_in_the_tone_of_the_house(
    world: World, lang: str, reads: bool, settings: object
) -> None:
    settings.ATESAKI_READS_REPLIES = reads  # type: ignore[attr-defined]
    inquiry = asked(world)
    mail, said = inquiries.preview(now(inquiry), world.service, ANSWER, lang)  # type: ignore[arg-type]
    assert said == ANSWER and mail.subject.startswith("【ネットスーパー】" if lang == "ja" else "[ネットスーパー]")
    for part in (mail.text, mail.html):
        assert not UNWANTED.search(re.sub(r"<!doctype html>|<[^>]+>", "", part)), part
        assert "/not-me" in part and "/about-this-mail" in part and world.service.sender in part
        assert bool(re.search("返信|reply to this mail", part)) == reads
        assert ("お名前" if lang == "ja" else "your name") in part
    urls = re.findall(r"^http\S+$", mail.text, re.M)
    assert len(urls) == 3 and len(set(urls)) == 3, "each alone on its line"
    assert not re.search(r"<(img|script|link|style|form)\b|class=", mail.html)


def test_who_wrote_by_mail_is_told_the_whole_number(world: World) -> None:
    raw = f"From: {UMI}\r\nTo: postmaster@atesaki.localhost\r\nSubject: 質問\r\nMessage-ID: <a@b>\r\n\r\n{TEXT}\r\n"
    assert inbound.receive(raw.encode(), UMI, "postmaster@atesaki.localhost") == "taken"
    inquiry = Inquiry.objects.get()
    assert inquiry.service is None and inquiry.by_mail
    mail = answered(world, inquiry)
    assert inquiry.pk in mail["Subject"], "they were shown it nowhere else"
    page = Client().post(link(mail), {"number": inquiry.pk})
    assert "お調べしました" in page.content.decode()


# -- the page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_nothing_before_the_number_and_everything_after_it(world: World) -> None:
    mail = answered(world, asked(world))
    client = Client(headers={"Accept-Language": "ja"})
    locked = client.get(link(mail))
    assert locked.status_code == 200 and locked["Referrer-Policy"] == "no-referrer"
    for secret in (TEXT, "4711", "お調べしました", "EFGH", NAME, UMI):
        assert secret not in locked.content.decode()
    for typed in ("abcd-efgh", "EFGH", "ＡＢＣＤ－ＥＦＧＨ", "abcdefgh"):
        opened = client.post(link(mail), {"number": typed})
        assert opened.status_code == 200, typed
        shown = text_of(opened)
        assert TEXT in shown and "お調べしました。明日お届けします。" in shown and NUMBER in shown
        assert "mori" not in shown and NAME not in shown, "no agent's name, and nothing that nobody need read again"


def test_hana_whose_address_was_typed_cannot_guess_the_number(world: World) -> None:
    mail = answered(world, asked(world, HANA))
    client = Client(headers={"Accept-Language": "en"})
    for _ in range(2):  # what cannot be a number costs no try
        assert "eight letters and digits" in text_of(client.post(link(mail), {"number": "AB"}))
    for number in ("0000", "ABCD-0000", "1111", "2222"):
        assert "does not match" in text_of(client.post(link(mail), {"number": number}))
    assert "did not match several times" in text_of(client.post(link(mail), {"number": "3333"}))
    closed = client.post(link(mail), {"number": NUMBER})
    assert closed.status_code == 422 and TEXT not in closed.content.decode(), "now not even the right one"
    again = answered(world, Inquiry.objects.get())
    assert TEXT in client.post(link(again), {"number": NUMBER}).content.decode()


def test_what_is_written_on_the_page_comes_to_the_desk_once(world: World) -> None:
    mail = answered(world, asked(world))
    client = Client(headers={"Accept-Language": "ja"})
    page = client.post(link(mail), {"number": NUMBER})
    signed = re.search(r'name="open" value="([^"]+)"', page.content.decode())[1]  # type: ignore[index]
    for _ in range(2):
        told = client.post(link(mail) + "/message", {"open": signed, "text": "ありがとうございます。"})
        assert told.status_code == 200 and TEXT in told.content.decode() and "担当者に伝えました" in text_of(told)
    message = InquiryMessage.objects.get(direction="in")
    assert message.kind == "page"
    inquiry = Inquiry.objects.get()
    assert inquiry.state == "open" and inquiry.due is not None
    empty = client.post(link(mail) + "/message", {"open": signed, "text": "  "})
    assert empty.status_code == 422 and "空欄" in text_of(empty)
    long = client.post(link(mail) + "/message", {"open": signed, "text": "長" * 5001})
    assert long.status_code == 422 and "長" * 5001 in long.content.decode(), "what was typed is kept"


def test_without_the_number_the_desk_can_be_written_to_and_is_told_so(world: World) -> None:
    mail = answered(world, asked(world))
    client = Client(headers={"Accept-Language": "ja"})
    for signed in ("", "forged"):
        sent = client.post(link(mail) + "/message", {"open": signed, "text": "番号をなくしました。"})
        assert sent.status_code == 303
        page = client.get(sent["Location"])
        assert "担当者に伝えました" in text_of(page) and TEXT not in page.content.decode()
    assert InquiryMessage.objects.get(direction="in").kind == "unknown"
    shown = text_of(mori.at_desk(mori.mori(world, "toda")).get(f"/desk/inquiries/{NUMBER}"))
    assert "番号をなくしました。" in shown and "ページから(番号なし)" in shown


def test_a_token_that_is_none_opens_nothing(world: World) -> None:
    mail = answered(world, asked(world))
    reply = re.match(r"r\+(\w+)@", mail["Reply-To"])[1]  # type: ignore[index]
    for path in ("/q/" + "a" * 39, f"/q/{reply}", f"/q/{reply}/not-me", f"/q/{reply}/sent"):
        assert Client().get(path).status_code == 404, "the token of one way opens no other"
    assert Client().post(f"/q/{reply}/message", {"text": "x"}).status_code == 404
    assert not InquiryMessage.objects.filter(direction="in").exists()


# -- "I did not write this" -----------------------------------------------------------------------------------------


def test_the_mailbox_says_that_it_did_not_write_and_gets_nothing_more(world: World) -> None:
    inquiry = asked(world, HANA)
    mail = answered(world, inquiry)
    client = Client(headers={"Accept-Language": "ja"})
    before = dump()
    for get in (client.get, client.head):
        assert get(link(mail, "/not-me")).status_code == 200
        assert get(link(mail)).status_code == 200
    assert dump() == before, "a scanner that follows every link changes nothing"
    done = client.post(link(mail, "/not-me"))
    assert "停止しました" in text_of(done) and "登録していません" not in text_of(done), "nobody registered it"
    row = now(inquiry)
    assert (row.state, row.end) == ("closed", "disowned")
    assert desk.asked(row)["email"] == "" and desk.asked(row)["text"] == TEXT
    other = asked(world, HANA, "2222-2222")
    for each in (row, now(other)):
        with pytest.raises(inquiries.InquiryError) as refused:
            inquiries.send(each, world.service, mori.mori(world), ANSWER, "ja", keys.uuid7())
        assert refused.value.slug == "disowned", "the same typo is stopped (R11)"
    assert "問い合わせていないと回答" in text_of(
        mori.at_desk(mori.mori(world, "toda")).get(f"/desk/inquiries/{NUMBER}/answer")
    )
    assert len(world.notices()) == 1


def test_what_waits_when_the_mailbox_says_so_never_leaves(world: World) -> None:
    inquiry = asked(world, HANA)
    mail = answered(world, inquiry)
    for each in (inquiry, asked(world, HANA, "2222-2222")):
        inquiries.send(now(each), world.service, mori.mori(world), "続きです。", "ja", keys.uuid7())
    assert Departure.objects.count() == 2
    Client().post(link(mail, "/not-me"))
    assert not Departure.objects.exists()
    gate.drive()
    assert len(world.notices()) == 1


def test_who_did_not_register_either_is_led_to_say_so(world: World) -> None:
    world.send(order(), HANA)
    gate.drive()
    mail = answered(world, asked(world, HANA))
    page = Client(headers={"Accept-Language": "ja"}).post(link(mail, "/not-me")).content.decode()
    path = re.search(r'action="(/n/[\w-]+)"', page)[1]  # type: ignore[index]
    assert not Event.objects.filter(kind="disavowed").exists(), "it was asked about the inquiry only"
    assert Client().post(path).status_code == 200
    assert Event.objects.filter(kind="disavowed").count() == 1 and Case.objects.count() == 1


def test_one_click_silences_until_the_mailbox_writes(world: World) -> None:
    inquiry = asked(world)
    mail = answered(world, inquiry)
    path = re.search(r"<https?://[^/]+(/q/\w+/one-click)>", mail["List-Unsubscribe"])[1]  # type: ignore[index]
    assert Client().get(path).status_code == 405
    assert Client().post(path, {"List-Unsubscribe": "Two"}).status_code == 400
    assert now(inquiry).quiet is None
    said = Client().post(path, {"List-Unsubscribe": "One-Click"})
    made_up = Client().post("/q/none/one-click", {"List-Unsubscribe": "One-Click"})
    assert said.content == made_up.content and said.status_code == made_up.status_code == 200
    assert inquiries.obstacle(now(inquiry), world.service) == "quiet"
    assert now(inquiry).end == "", "a robot that presses it ends nothing"
    inquiries.hear(now(inquiry), "まだですか", "page")
    assert inquiries.obstacle(now(inquiry), world.service) == ""


# -- what comes back ------------------------------------------------------------------------------------------------


def reply_to(mail: EmailMessage, text: str, **headers: str) -> tuple[bytes, str]:
    given = {"From": UMI, "To": mail["Reply-To"], "Subject": "Re:", "Message_ID": "<one@example.jp>"} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return ("\r\n".join([*lines, "", text, ""])).encode(), mail["Reply-To"]


def test_a_reply_goes_on_with_the_inquiry_and_disavows_nothing(world: World, settings: object) -> None:
    world.send(order(), UMI)
    inquiry = asked(world)
    mail = answered(world, inquiry)
    raw, to = reply_to(mail, "ありがとうございます。待っています。")
    for _ in range(2):
        assert inbound.takes(to) and inbound.receive(raw, UMI, to) == "taken"
    message = InquiryMessage.objects.get(direction="in")
    assert message.kind == "reply" and not Case.objects.exists()
    assert not Event.objects.filter(kind="disavowed").exists()
    assert now(inquiry).state == "open"
    settings.ATESAKI_AUTHSERV_ID = "mx.example.jp"  # type: ignore[attr-defined]
    forged = {"Authentication_Results": "mx.example.jp; dmarc=fail header.from=example.jp", "Message_ID": "<2@e.jp>"}
    raw, to = reply_to(mail, "別の方から。", **forged)
    assert inbound.receive(raw, UMI, to) == "taken"
    assert InquiryMessage.objects.filter(kind="unsure").count() == 1
    assert "差出人の認証に失敗" in text_of(mori.at_desk(mori.mori(world, "toda")).get(f"/desk/inquiries/{NUMBER}"))


def test_a_machines_answer_changes_nothing_and_a_return_is_told_to_the_desk(world: World) -> None:
    inquiry = asked(world)
    mail = answered(world, inquiry)
    raw, to = reply_to(mail, "不在です", Auto_Submitted="auto-replied")
    assert inbound.receive(raw, "", to) == "taken"
    assert now(inquiry).state == "answered" and not InquiryMessage.objects.filter(direction="in").exists()
    bounce = to.replace("r+", "b+", 1)
    dsn = (
        "From: MAILER-DAEMON@mx.example.jp\r\nSubject: Undelivered\r\nMessage-ID: <dsn@mx>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: text/plain\r\n\r\nNo such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.jp\r\n\r\nFinal-Recipient: rfc822; {UMI}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b--\r\n"
    )
    for _ in range(2):
        assert inbound.receive(dsn.encode(), "", bounce) == "taken"
    assert InquiryMessage.objects.get(direction="in").kind == "returned" and now(inquiry).state == "open"
    assert "お知らせのメールが戻りました" in text_of(
        mori.at_desk(mori.mori(world, "toda")).get(f"/desk/inquiries/{NUMBER}")
    )
    page = Client().post(link(mail), {"number": NUMBER})
    assert "5.1.1" not in text_of(page)


# -- what stands in the way -----------------------------------------------------------------------------------------


def test_a_disavowed_or_silenced_mailbox_gets_no_answer_and_a_proved_one_does(world: World) -> None:
    world.send(order(), HANA)
    gate.drive()
    confirm, not_me = world.tokens()
    notme.pause(not_me)
    inquiry = asked(world, HANA)
    assert inquiries.obstacle(now(inquiry), world.service) == "paused"
    notme.report(not_me)
    assert inquiries.obstacle(now(inquiry), world.service) == "disavowed"
    form = mori.at_desk(mori.mori(world, "toda")).post(f"/desk/inquiries/{NUMBER}/answer", {"text": ANSWER, "in": "ja"})
    assert form.status_code == 422 and "心当たりがない" in text_of(form) and ANSWER[:20] in form.content.decode()
    assert gate.confirm(confirm, "postal_code", "273-0005").result == "proved"
    assert inquiries.obstacle(now(inquiry), world.service) == ""


def test_a_disavowal_between_the_press_and_the_courier_stops_it(world: World) -> None:
    world.send(order(), HANA)
    gate.drive()
    inquiries.send(now(asked(world, HANA)), world.service, mori.mori(world), ANSWER, "ja", keys.uuid7())
    ownership.disavow(world.tokens()[1], "page")  # the row alone, as if the rest had crashed
    before = len(world.delivered())
    gate.drive()
    assert len(world.delivered()) == before
    assert Line.objects.get(kind="inquiry").fate == "destroyed"


def test_two_mails_that_nothing_came_back_to_are_the_last(world: World) -> None:
    inquiry = asked(world)
    answered(world, inquiry)
    answered(world, inquiry, "追加のお知らせです。")
    assert inquiries.obstacle(now(inquiry), world.service) == "unread"
    inquiries.hear(now(inquiry), "拝見しました。", "page")
    assert inquiries.obstacle(now(inquiry), world.service) == ""


@pytest.mark.parametrize(
    ("email", "text", "slug"), [("", ANSWER, "no_address"), (UMI, "  ", "empty"), (UMI, "長" * 5001, "long")]
)
def test_what_cannot_be_sent_says_why(world: World, email: str, text: str, slug: str) -> None:
    inquiry = asked(world, email)
    with pytest.raises(inquiries.InquiryError) as refused:
        inquiries.preview(now(inquiry), world.service, text, "ja")
    assert refused.value.slug == slug


def test_a_question_that_names_no_service_is_answered_in_a_chosen_name(world: World) -> None:
    other = add_service("ID基盤", organisation="はな商事", locale="ja", mode="enforce", sender="id@id.example").service
    inquiry = asked(world, service=None)
    client = mori.at_desk(mori.mori(world, "toda"))
    unnamed = client.post(f"/desk/inquiries/{NUMBER}/answer", {"text": ANSWER, "in": "ja"})
    assert unnamed.status_code == 422 and "どのサービスとして" in text_of(unnamed)
    assert "ID基盤" in text_of(client.post(f"/desk/inquiries/{NUMBER}/answer", {"text": ANSWER, "service": other.pk}))
    answered(world, inquiry, service=other)
    assert now(inquiry).service == other and "ID基盤" in world.notices()[-1]["From"]


def test_another_organisations_question_is_nowhere(world: World) -> None:
    other = add_service("別の店", organisation="別の会社", locale="ja", mode="enforce", sender="x@x.example").service
    asked(world)
    stranger = mori.at_desk(mori.mori(world, "yoso", house=other.organisation))
    for method, path in (
        ("get", ""),
        ("get", "/answer"),
        ("post", "/answer/send"),
        ("post", "/take"),
        ("post", "/done"),
    ):
        assert getattr(stranger, method)(f"/desk/inquiries/{NUMBER}{path}").status_code == 404
    assert NUMBER not in text_of(stranger.get("/desk/inquiries"))


def test_who_may_read_may_not_yet_answer(world: World) -> None:
    asked(world)
    privacy = mori.at_desk(mori.mori(world, "hayashi", Role.PRIVACY))
    assert privacy.get(f"/desk/inquiries/{NUMBER}").status_code == 200
    assert privacy.get(f"/desk/inquiries/{NUMBER}/answer").status_code == 403


# -- its clock ------------------------------------------------------------------------------------------------------


def test_each_state_has_a_date_and_the_answer_that_nobody_answers_closes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    inquiry = asked(world)
    assert (inquiry.state, inquiry.due) == ("open", desk.in_business_days(2, "Asia/Tokyo"))
    answered(world, inquiry)
    assert now(inquiry).due == desk.end_of(clock.today("Asia/Tokyo") + mori.timedelta(days=14), "Asia/Tokyo")
    mori.later(monkeypatch, days=14)
    assert inquiries.due() == 0
    mori.later(monkeypatch, days=1)
    assert inquiries.due() == 1
    assert (now(inquiry).state, now(inquiry).end, now(inquiry).due) == ("closed", "silent", None)
    assert inquiries.hear(now(inquiry), "遅くなりました。", "reply", b"o" * 32)
    assert (now(inquiry).state, now(inquiry).end) == ("open", "")
    client = mori.at_desk(mori.mori(world, "toda"))
    assert client.post(f"/desk/inquiries/{NUMBER}/done").status_code == 302
    assert NUMBER in text_of(client.get("/desk/inquiries?done=1"))


def test_an_overdue_question_stands_first_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(world)
    mori.later(monkeypatch, days=3)
    asked(world, number="2222-2222")
    shown = text_of(mori.at_desk(mori.mori(world, "toda")).get("/desk/inquiries"))
    assert shown.index(NUMBER) < shown.index("2222-2222") and "期日超過" in shown


def test_one_agent_takes_it_and_can_give_it_back(world: World) -> None:
    asked(world)
    mine, other = mori.at_desk(mori.mori(world)), mori.at_desk(mori.mori(world, "kida"))
    assert mine.post(f"/desk/inquiries/{NUMBER}/take").status_code == 302
    late = other.post(f"/desk/inquiries/{NUMBER}/take")
    assert late.status_code == 409 and "ほかの人が先に" in text_of(late)
    assert Inquiry.objects.get().agent.get_username() == "mori"  # type: ignore[union-attr]
    mine.post(f"/desk/inquiries/{NUMBER}/take", {"back": "1"})
    assert Inquiry.objects.get().agent is None


def test_it_is_removed_with_every_word_400_days_after_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    inquiry = asked(world)
    mail = answered(world, inquiry)
    inquiries.hear(now(inquiry), "ありがとうございます。", "page")
    inquiries.close(now(inquiry), mori.mori(world))
    mori.later(monkeypatch, days=399)
    inquiries.forget_old()
    assert Inquiry.objects.count() == 1 and NUMBER in dump()
    mori.later(monkeypatch, days=2)
    assert inquiries.forget_old() == 3
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")  # the worker has done them long ago
    assert NUMBER not in dump()
    assert Client().get(link(mail)).status_code == 404


def test_the_address_goes_with_its_detached_case(world: World) -> None:
    case = mori.freed(world)
    inquiry = asked(world, HANA)
    assert desk.asked(inquiry)["email"] == HANA
    desk.corrected(case, "service")
    assert desk.asked(now(inquiry))["email"] == "" and desk.asked(now(inquiry))["text"] == TEXT


def test_nothing_of_it_is_in_plain_in_the_database(world: World) -> None:
    mail = answered(world, asked(world))
    inquiries.hear(Inquiry.objects.get(), "ひみつの返事", "page")
    kept = dump()
    for secret in (UMI, TEXT, NAME, "お調べしました", "ひみつの返事", link(mail)[3:], link(mail)[3:].upper()):
        assert secret not in kept
        assert secret.encode().hex() not in kept
    assert NUMBER in kept, "the search would have found it"
