"""What a reporter is mailed: when, how often, and never a sentence that the rows do not make true."""

from __future__ import annotations

import email
import email.policy
import re
import threading
from datetime import timedelta
from email.message import EmailMessage
from html import unescape

import pytest
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as some

from atesaki import addresses, clock, desk, gate, keys, notme, ownership
from atesaki.desk import reporters
from atesaki.language import LANGUAGES, Language
from atesaki.models import (
    Case,
    Departure,
    Entry,
    Event,
    Improvement,
    Key,
    Line,
    Mailbox,
    Message,
    Reporter,
    Step,
    Wish,
)
from atesaki.tenants import add_service
from tests.test_wording import UNWANTED
from tests.world import HANA, World, order

KINDS = ("acknowledgement", "progress", "closing")
LINK = "https://post.example.jp/m/TOKEN"


def reported(world: World, via: str = "page", lang: Language = "ja") -> Case:
    """A case of Hana's who said "not me"."""
    world.send(order(headers="X-Atesaki-Customer: ken-4711\r\n"))
    gate.drive()
    freed = notme.report(world.tokens()[1], via=via, lang=lang)
    assert freed is not None and freed.case is not None
    return desk.by_pk(freed.case.pk)


def wishes(case: Case, wish: str) -> None:
    Reporter.objects.filter(case=case).update(wish=wish)


def overdue(case: Case, days: int = 1) -> None:
    Case.objects.filter(pk=case.pk).update(report_due=clock.now() - timedelta(days=days))


def mails(world: World, kind: str = "case") -> list[EmailMessage]:
    """Our mails about a case, after everything has left."""
    gate.drive()
    about = set(Line.objects.filter(kind=kind).values_list("pk", flat=True))
    assert not Departure.objects.filter(line__in=about).exists()
    found = [email.message_from_bytes(raw, policy=email.policy.default) for raw in world.delivered()]
    return [mail for mail in found if re.search(r"受付番号|case [0-9A-Z]{4}-", str(mail["Subject"]))]


def text_of(mail: EmailMessage) -> str:
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


# -- the acknowledgement ------------------------------------------------------------------------------------


def test_a_report_by_reply_is_answered_once_at_once_in_its_thread(world: World) -> None:
    case = reported(world, "reply")
    assert desk.acknowledge(case, "<abc@mail.example.jp>")
    assert not desk.acknowledge(case, "<abc@mail.example.jp>")
    assert not desk.acknowledge(desk.by_pk(case.pk))
    (mail,) = mails(world)
    assert mail["In-Reply-To"] == mail["References"] == "<abc@mail.example.jp>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["To"] == HANA
    assert mail["Subject"] == f"【ネットスーパー】お知らせを承りました(受付番号 {case.number})"
    assert Step.objects.filter(case=case, what="acknowledged").count() == 1
    assert Case.objects.get(pk=case.pk).acknowledged is not None


def test_a_message_id_that_is_none_is_left_out(world: World) -> None:
    case = reported(world, "reply")
    assert desk.acknowledge(case, "<a@b.example>\r\nBcc: everybody@example.com")
    (mail,) = mails(world)
    assert mail["In-Reply-To"] is None and mail["Bcc"] is None


def test_a_report_on_the_page_is_answered_by_the_page(world: World) -> None:
    case = reported(world, "page")
    assert not desk.acknowledge(case)
    assert mails(world) == []
    assert Reporter.objects.get(case=case).wish == "nothing"


@pytest.mark.parametrize(
    ("via", "wish"),
    [
        *(("page", "nothing"), ("one_click", "nothing"), ("api", "nothing")),
        *(("reply", "result"), ("form", "result"), ("phone", "result"), ("letter", "result")),
    ],
)
def test_who_wrote_or_phoned_is_told_the_result_unless_they_say_otherwise(world: World, via: str, wish: str) -> None:
    claim = ownership.claim(world.service, addresses.parse(HANA))
    case = desk.unconfirmed_at_once(claim, via, "en")
    assert Reporter.objects.get(case=case).wish == wish


def test_a_reply_to_a_case_that_a_click_began_is_told_the_result(world: World) -> None:
    world.send(order())
    gate.drive()
    token = world.tokens()[1]
    assert notme.pause(token)
    freed = notme.report(token, via="reply", lang="ja")
    assert freed is not None and freed.case is not None
    assert Reporter.objects.get(case=freed.case).wish == "result"
    assert desk.acknowledge(freed.case, "<x@mail.example.jp>")
    assert len(mails(world)) == 1


def test_a_mailbox_that_has_not_answered_gets_no_word_but_the_challenge(world: World) -> None:
    claim = ownership.claim(world.service, addresses.parse(HANA))
    case = desk.unconfirmed_at_once(claim, "form", "ja")
    wishes(case, "steps")
    assert not desk.acknowledge(case, "<a@b.example>")
    assert Case.objects.get(pk=case.pk).acknowledged is None
    overdue(case)
    desk.report_progress()
    desk.close(case, Case.End.LAPSED)
    assert not desk.tell_end(case)
    assert mails(world) == []


# -- progress -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "many"), [("nothing", 0), ("result", 0), ("steps", 1)])
def test_a_promised_report_is_kept_and_mailed_to_who_wished_for_each(world: World, wish: str, many: int) -> None:
    case = reported(world)
    wishes(case, wish)
    overdue(case)
    assert desk.report_progress() == 1
    assert desk.report_progress() == 0
    after = Case.objects.get(pk=case.pk)
    assert after.report_due == desk.in_business_days(3, "Asia/Tokyo") > clock.now()
    (step,) = Step.objects.filter(case=case, what="reported")
    assert step.number == many
    assert len(mails(world)) == many


def test_nothing_is_reported_before_its_time_or_after_the_end(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    assert desk.report_progress() == 0
    desk.close(case, Case.End.WITHDRAWN)
    Case.objects.filter(pk=case.pk).update(report_due=clock.now() - timedelta(days=1))
    assert desk.report_progress() == 0
    assert mails(world) == []


def test_one_case_that_fails_does_not_keep_the_others_from_their_report(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = reported(world)
    other = desk.unconfirmed_at_once(ownership.claim(world.service, addresses.parse("emi@example.com")), "page", "ja")
    Case.objects.filter(pk=other.pk).update(state="reaching", confirmed=clock.now())
    for one in (case, other):
        wishes(one, "steps")
    overdue(case, 2)
    overdue(other, 1)
    whole = reporters.compose

    def broken(one: Case, *rest: object) -> str:
        if one.pk == case.pk:
            raise RuntimeError("a fault of ours")
        return whole(one, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(reporters, "compose", broken)
    assert desk.report_progress() == 1
    assert not Step.objects.filter(case=case, what="reported").exists()
    monkeypatch.undo()
    assert desk.report_progress() == 1
    assert {mail["To"] for mail in mails(world)} == {HANA, "emi@example.com"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_report(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    overdue(case)
    begin, done = threading.Barrier(4), []

    def work() -> None:
        try:
            begin.wait()
            done.append(desk.report_progress())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]
    assert len(mails(world)) == 1


# -- the end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "many"), [("nothing", 0), ("result", 1), ("steps", 1)])
def test_the_end_is_told_once_to_who_wished_and_outlives_the_address(world: World, wish: str, many: int) -> None:
    case = reported(world)
    wishes(case, wish)
    desk.close(case, Case.End.WITHDRAWN)
    assert desk.tell_end(case) == bool(many)
    assert not desk.tell_end(case)
    with transaction.atomic():
        assert ownership.erase(bytes(case.digest))
    assert not Mailbox.objects.exists()
    found = mails(world)
    assert len(found) == many
    assert {mail["To"] for mail in found} <= {HANA}
    assert not Key.objects.exists()  # nothing is sealed any more once it has left


@pytest.mark.parametrize("end", ["kept", "lapsed"])
def test_who_took_it_back_waits_for_no_result(world: World, end: str) -> None:
    case = reported(world)
    wishes(case, "steps")
    desk.close(case, end)
    assert not desk.tell_end(case)


def test_an_open_case_has_no_end_to_tell(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    assert not desk.tell_end(case)


def test_after_the_erasure_nobody_can_be_written_to_and_no_token_is_made(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    with transaction.atomic():
        ownership.erase(bytes(case.digest))
    tokens = ownership.Event.objects.count(), Message.objects.count()
    overdue(case)
    assert desk.report_progress() == 1
    assert Step.objects.get(case=case, what="reported").number == 0
    assert (ownership.Event.objects.count(), Message.objects.count()) == tokens
    assert mails(world) == []


# -- "nothing, please" --------------------------------------------------------------------------------------


def test_whoever_wishes_nothing_more_gets_not_one_mail_that_waits(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    overdue(case)
    desk.report_progress()
    (line,) = Line.objects.filter(kind="case")
    assert desk.choose(case, "nothing", "ja")
    assert mails(world) == []
    line.refresh_from_db()
    assert (line.state, line.fate) == ("settled", "destroyed")
    assert list(Entry.objects.filter(line=line.pk).values_list("what", "detail"))[-1] == (
        "destroyed",
        "no longer wished",
    )
    assert not Departure.objects.exists() and not Key.objects.exists()
    overdue(case)
    desk.report_progress()
    desk.close(case, Case.End.CORRECTED)
    assert not desk.tell_end(case)
    assert mails(world) == []


def test_taking_back_touches_no_other_mail(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    overdue(case)
    desk.report_progress()
    other = ownership.claim(world.service, addresses.parse("emi@example.com"))
    words = gate.Words("ja", "受付番号", "本文", "<p>本文</p>")
    with transaction.atomic():
        gate.correspond(other, "case", words)
        gate.correspond(case.claim, "challenge", words)
    assert gate.take_back(case.claim) == 1
    assert gate.take_back(case.claim) == 0
    assert set(Departure.objects.values_list("lane", flat=True)) == {f"case {other.pk}", f"challenge {case.claim_id}"}


def test_a_mail_that_was_leaving_and_was_put_off_does_not_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves while "nothing" is pressed, the next hop says "later", and it would wait again."""
    case = reported(world)
    wishes(case, "steps")
    overdue(case)
    desk.report_progress()
    Departure.objects.update(state="leaving", leaving_since=clock.now())

    def meanwhile(address: bytes) -> bool:
        Departure.objects.update(state="waiting", leaving_since=None)
        return True

    monkeypatch.setattr(gate, "wait_until_gone", meanwhile)
    assert desk.choose(case, "nothing", "ja")
    assert mails(world) == []


def test_a_second_not_me_leaves_the_acknowledgement_alone(world: World) -> None:
    world.send(order())
    gate.drive()
    token = world.tokens()[1]
    freed = notme.report(token, via="reply", lang="ja")
    assert freed is not None and freed.case is not None
    assert desk.acknowledge(freed.case, "<a@b.example>")
    notme.report(token, via="page")
    assert len(mails(world)) == 1


def test_one_click_in_a_mail_about_the_case_stops_those_mails(world: World) -> None:
    case = reported(world)
    wishes(case, "steps")
    overdue(case)
    desk.report_progress()
    (mail,) = mails(world)
    token = re.search(r"/n/([\w-]+)/one-click", mail["List-Unsubscribe"])
    assert token and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answer = Client().post(f"/n/{token[1]}/one-click", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Reporter.objects.get(case=case).wish == "nothing"
    assert Case.objects.count() == 1
    assert not Event.objects.filter(kind="paused").exists()


# -- what the mails say -------------------------------------------------------------------------------------


def written(world: World, kind: str, lang: Language) -> EmailMessage:
    """One of the three mails, as it is delivered."""
    case = reported(world, "reply", lang)
    wishes(case, "steps")
    if kind == "acknowledgement":
        desk.acknowledge(case, "<a@b.example>")
    elif kind == "progress":
        overdue(case)
        desk.report_progress()
    else:
        desk.wish_for(case, "確認のメールを送ってほしい", lang, tell=True)
        desk.close(case, Case.End.WITHDRAWN)
        desk.tell_end(case)
    return mails(world)[-1]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
class TestWords:
    def test_who_sends_it_why_and_how_to_answer(self, world: World, kind: str, lang: Language) -> None:
        mail = written(world, kind, lang)
        number = Case.objects.get().number
        begin = "【ネットスーパー】" if lang == "ja" else "[ネットスーパー] "
        assert str(mail["Subject"]).startswith(begin) and number in str(mail["Subject"])
        assert mail["Content-Language"] == lang
        assert mail["Reply-To"].startswith("r+") and "/n/" in mail["List-Unsubscribe"]
        text = text_of(mail)
        for word in ("ネットスーパー", "はな商事", "shop@shop.example"):
            assert word in text.split("\n--\n")[1]
        assert ("返信" if lang == "ja" else "If you reply") in text
        assert number in text or kind == "progress"

    def test_each_url_stands_alone_and_leads_to_us(self, world: World, kind: str, lang: Language) -> None:
        text = text_of(written(world, kind, lang))
        urls = re.findall(r"https?://\S+", text)
        assert len(urls) == 2
        assert all(text.splitlines().count(url) == 1 for url in urls)
        token = re.search(r"/m/([\w-]+)", text)
        assert token and Client().get(f"/m/{token[1]}").status_code == 200

    def test_the_html_has_the_same_words_and_nothing_active(self, world: World, kind: str, lang: Language) -> None:
        mail = written(world, kind, lang)
        html = mail.get_body(("html",)).get_content()
        assert not re.search(r"<(img|script|link|style|form|iframe)\b|class=|url\(", html)
        shown = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<title>.*?</title>", "", html)))
        assert shown.split() == text_of(mail).replace("\n--\n", "\n").split()

    def test_one_apology_at_the_head_one_thanks_at_the_end(self, world: World, kind: str, lang: Language) -> None:
        text = text_of(written(world, kind, lang)).split("\n--\n")[0].strip()
        sorry = re.compile(r"申し訳|お詫び|恐縮" if lang == "ja" else r"(?i)sorry|apolog")
        thanks = re.compile(r"御礼|ありがとう" if lang == "ja" else r"(?i)thank|grateful to you")
        assert len(sorry.findall(text)) == 1 and sorry.search(text.split("\n\n")[0])
        assert len(thanks.findall(text)) == 1 and thanks.search(text.split("\n\n")[-1])

    def test_plain_polite_words(self, world: World, kind: str, lang: Language) -> None:
        text = text_of(written(world, kind, lang))
        assert not UNWANTED.search(text)
        assert "\n\n\n" not in text and not re.search(r"(?m)^[ 　]|[ 　]$", text)
        dates = re.findall(r"\d+日", text) if lang == "ja" else re.findall(r"\d{1,2} \w+ 20\d\d", text)
        weekdays = re.findall(r"\d日\([月火水木金土日]\)" if lang == "ja" else r"\w+day, \d{1,2} \w+ 20\d\d", text)
        assert len(dates) == len(weekdays) >= 1

    def test_no_token_is_kept_with_what_was_said(self, world: World, kind: str, lang: Language) -> None:
        mail = written(world, kind, lang)
        tokens = re.findall(r"/[mn]/([\w-]{20,})", text_of(mail))
        kept = Message.objects.get(direction="out")
        assert kept.kind == kind and tokens
        assert not any(token in desk.read(kept) for token in tokens)
        assert desk.read(kept).split("\n")[0] == text_of(mail).split("\n")[0]


def test_the_customers_proof_is_told_with_the_way_to_say_not_me_again(world: World) -> None:
    case = reported(world, "reply")
    ownership.attest(case.claim, "an identity card was shown")
    desk.close(case, Case.End.PROVED)
    assert desk.tell_end(desk.by_pk(case.pk))
    text = text_of(mails(world)[-1])
    assert "配信の停止を解除いたしました" in text and "登録から削除" not in text
    token = re.search(r"/n/([\w-]+)", text)
    assert token
    again = notme.report(token[1], via="page")
    assert again is not None and again.case is not None and again.case.pk != case.pk
    assert ownership.known(case.claim).standing is ownership.Standing.DISAVOWED


def test_what_reporters_wrote_goes_when_its_time_is_over(world: World) -> None:
    case = reported(world)
    desk.hear(case, "なぜ一週間もかかったのですか。")
    desk.close(case, Case.End.PROVED)
    Case.objects.filter(pk=case.pk).update(closed=clock.now() - timedelta(days=desk.KEPT_DAYS - 1))
    assert desk.forget_words() == 0
    Case.objects.filter(pk=case.pk).update(closed=clock.now() - timedelta(days=desk.KEPT_DAYS, hours=1))
    assert desk.forget_words() == 1
    assert not Message.objects.exists()


# -- true sentences only ------------------------------------------------------------------------------------

NOW = "2026-11-24T04:39:00+00:00"
# The customer's deadline, and the day that was promised, in days from now.
PROMISES = {"ahead": (1, 3), "over": (-3, -1), "overtaken": (5, 3)}
ROWS = some.fixed_dictionaries(
    {
        "state": some.sampled_from(Case.State.values),
        "end": some.sampled_from(["", *Case.End.values]),
        "confirmed": some.booleans(),
        "closed": some.booleans(),
        "due": some.sampled_from([None, -1, 1]),
        "report_due": some.sampled_from([None, -1, 1]),
        "erased": some.booleans(),
        "plain": some.booleans(),
        "disavowed": some.booleans(),
        "proved_after": some.booleans(),
        "other_proved": some.booleans(),
        "elsewhere_proved": some.booleans(),
        "left": some.sampled_from([None, "before", "in flight", "later", "case"]),
        "wish": some.sampled_from(Reporter.Wish.values),
        "asked_for": some.sampled_from([None, "unsorted", *Improvement.State.values]),
        "tell": some.booleans(),
        "sealed": some.booleans(),
        "promise": some.sampled_from([None, *PROMISES]),
    }
)


def build(world: World, elsewhere: object, rows: dict[str, object]) -> Case:
    """Rows like these, whether or not a case could ever come to have them."""
    now = clock.now()
    confirmed = now - timedelta(days=2)
    address = addresses.parse(HANA)
    if rows["elsewhere_proved"]:
        ownership.attest(ownership.claim(elsewhere, address, "e"), "seen")  # type: ignore[arg-type]
    if rows["other_proved"]:
        ownership.attest(ownership.claim(world.service, address, "other"), "seen")
    claim = ownership.claim(world.service, address, "ken")

    def event(kind: str) -> None:
        Event.objects.create(
            organisation=world.service.organisation, digest=claim.digest, claim=claim, kind=kind, at=confirmed
        )

    if rows["disavowed"]:
        event("disavowed")
    if rows["proved_after"]:
        event("proved")
    closed = rows["state"] == "closed" or rows["closed"]
    given = [clock.today("Asia/Tokyo") + timedelta(days=days) for days in PROMISES.get(str(rows["promise"]), ())]
    deadline, erase_by = given or (None, None)
    case = Case.objects.create(
        id=keys.uuid7(),
        number=desk.new_number(),
        deadline=deadline,
        erase_by=erase_by,
        organisation=world.service.organisation,
        service=world.service,
        claim=claim,
        digest=claim.digest,
        state=rows["state"],
        via="reply",
        opened=now - timedelta(days=3),
        confirmed=confirmed if rows["confirmed"] else None,
        due=rows["due"] and now + timedelta(days=rows["due"]),  # type: ignore[arg-type]
        report_due=rows["report_due"] and now + timedelta(days=rows["report_due"]),  # type: ignore[arg-type]
        erased=now if rows["erased"] else None,
        closed=now if closed else None,
        end=rows["end"],
    )
    Reporter.objects.create(case=case, language="ja", wish=rows["wish"])
    if rows["asked_for"]:
        made = None
        if rows["asked_for"] != "unsorted":
            made = Improvement.objects.create(
                organisation=world.service.organisation, title="t", state=rows["asked_for"], created=now
            )
        wish = Wish(case=case, improvement=made, organisation=world.service.organisation, at=now, language="ja")
        wish.text, wish.sealed_address = b"x", b"y" if rows["tell"] else None
        wish.save()
    if rows["left"]:
        shift = {"before": -3600, "in flight": 2, "later": 3600, "case": 3600}[str(rows["left"])]
        line = Line.objects.create(
            id=keys.uuid7(),
            mail=keys.uuid7(),
            service=world.service,
            digest=claim.digest,
            kind="case" if rows["left"] == "case" else "mail",
            state="settled",
            at=confirmed,
        )
        Entry.objects.create(line=line.pk, at=confirmed + timedelta(seconds=shift), what="handed")
    if rows["sealed"]:
        with transaction.atomic():
            gate.correspond(claim, "case", gate.Words("ja", "s", "t", "<p>t</p>"))
    if not rows["plain"]:
        Mailbox.objects.all().delete()
    return desk.by_pk(case.pk)


def truth(rows: dict[str, object]) -> dict[str, bool]:
    """What is so, said once more from how the rows were made; never asks `reporters`."""
    disavowed = bool(rows["disavowed"]) and not rows["proved_after"]
    closed = rows["state"] == "closed"
    running = rows["state"] in ("reaching", "awaiting", "withdrawing") and bool(rows["confirmed"]) and disavowed
    sealed_wish = bool(rows["asked_for"] and rows["tell"])
    used = rows["other_proved"] or rows["elsewhere_proved"] or rows["proved_after"] or not closed
    gone = bool(rows["erased"]) and not rows["plain"]
    detached = rows["end"] in ("corrected", "withdrawn")
    return {
        "silent": bool(rows["confirmed"]) and disavowed and not rows["other_proved"] and rows["left"] != "later",
        "partly": bool(rows["confirmed"]) and disavowed and bool(rows["other_proved"]),
        "asked": rows["state"] == "unconfirmed" and rows["due"] == 1,
        "correcting": running and rows["state"] != "withdrawing",
        "detaching": running and rows["state"] == "withdrawing",
        "nothing_more": running,
        "promised": running
        and rows["state"] in ("awaiting", "withdrawing")
        and rows["promise"] == "ahead"
        and not rows["other_proved"],
        "next_step": running and rows["due"] == 1,
        "next_report": running and rows["report_due"] == 1,
        "mails_result": not closed and rows["wish"] != "nothing",
        "mails_steps": running and rows["wish"] == "steps",
        "closed": closed,
        "detached": closed and detached,
        "refused": closed and bool(rows["confirmed"]) and disavowed,
        "lifted": rows["end"] == "proved" and bool(rows["proved_after"]),
        "kept": rows["end"] == "kept",
        "lapsed": rows["end"] == "lapsed",
        "held": bool(rows["plain"]) and not closed,
        "will_erase": bool(rows["plain"]) and detached and not used,
        "in_use": bool(rows["plain"]) and closed and not (detached and not used),
        "erased": gone,
        "digest_only": gone and not rows["sealed"] and not sealed_wish,
        "considered": rows["asked_for"] in ("considered", "planned"),
        "received": rows["asked_for"] == "unsorted",
        "will_tell": sealed_wish,
    }


def fragments(text: str) -> set[str]:
    """Its sentences; what is computed in them is cut out."""
    sentences = re.split(r"(?<=。)|(?<=\.) |\n", text)
    pieces = {piece.strip() for sentence in sentences for piece in re.split(r"§\w+§", sentence)}
    return {piece for piece in pieces if len(piece.strip("。.、,")) > 3}


def rendered(kind: str, lang: Language, says: dict[str, bool]) -> str:
    named = ("service", "organisation", "sender", "number", "link", "not_me_url", "about_url")
    named += ("silent_at", "confirmed_at", "closed_at", "next_report_on", "next_step_on", "promised_on")
    words = {name: f"§{name}§" for name in named} | {"own": [], "improvements": ["§i§"], "reply_to": True}
    return render_to_string(f"mails/{kind}.{lang}.txt", {"says": says, **words})


def bound(kind: str, lang: Language) -> dict[str, set[str]]:
    """For each fact, the pieces of a mail that stand only with it."""
    whole = dict.fromkeys(reporters.TRUE_WHEN, True)
    every = fragments(rendered(kind, lang, whole))
    found = {key: every - fragments(rendered(kind, lang, whole | {key: False})) for key in whole}
    return {key: pieces for key, pieces in found.items() if pieces}


BOUND = {(kind, lang): bound(kind, lang) for kind in KINDS for lang in LANGUAGES}
STATED = {
    "acknowledgement": {"silent", "partly", "next_report", "mails_result"},
    "progress": {"silent", "partly", "correcting", "detaching", "promised", "next_step", "next_report", "mails_steps"},
    "closing": {"closed", "detached", "refused", "will_erase", "will_tell", "lifted", "considered", "received"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_fact_of_a_mail_is_bound_to_its_condition(kind: str, lang: Language) -> None:
    """And without any of them a mail states nothing that the rows could contradict."""
    assert set(BOUND[kind, lang]) == STATED[kind]
    bare = rendered(kind, lang, dict.fromkeys(reporters.TRUE_WHEN, False))
    facts = (
        r"停止|削除|消去|解除|進めて|検討して|§までに"
        if lang == "ja"
        else r"stopped|deleted|erase|lifted|carrying| by §"
    )
    assert not re.search(facts, bare.replace("開かずに削除していただければ", "")), bare


@effort(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_no_sentence_stands_that_the_rows_do_not_make_true(world: World, rows: dict[str, object]) -> None:
    sid = transaction.savepoint()
    try:
        elsewhere = add_service(
            "別のサービス", organisation="別の会社", locale="ja", mode="enforce", sender="x@other.example"
        ).service
        case = build(world, elsewhere, rows)
        facts, so = desk.facts_of(case), truth(rows)
        assert desk.says(facts) == so
        for (kind, lang), pieces in BOUND.items():
            text = reporters.compose(case, facts, kind, lang, LINK)
            for key, parts in pieces.items():
                stands = {part for part in parts if part in text}
                assert so[key] or not stands, (kind, lang, key, stands)
    finally:
        transaction.savepoint_rollback(sid)


def test_the_property_would_be_found_out(world: World) -> None:
    """Each fact is both true and false somewhere, so that the property above looks at both."""
    usual = {
        **{name: False for name in ("closed", "erased", "proved_after", "other_proved", "elsewhere_proved", "sealed")},
        **{"state": "reaching", "end": "", "confirmed": True, "due": 1, "report_due": 1, "plain": True},
        **{"disavowed": True, "left": "in flight", "wish": "steps", "asked_for": None, "tell": False},
        "promise": "ahead",
    }
    ended = usual | {"state": "closed", "end": "withdrawn", "asked_for": "considered", "tell": True}
    seen = [
        truth(usual),
        truth(usual | {"state": "withdrawing", "other_proved": True, "asked_for": "unsorted", "tell": True}),
        truth(usual | {"state": "unconfirmed", "confirmed": False}),
        truth(usual | {"state": "awaiting"}),
        truth(ended),
        truth(ended | {"end": "proved", "proved_after": True}),
        truth(ended | {"plain": False, "erased": True, "tell": False}),
        *(truth(ended | {"end": end}) for end in ("kept", "lapsed")),
    ]
    for key in reporters.TRUE_WHEN:
        assert {one[key] for one in seen} == {True, False}, key
    case = build(world, world.service, usual)
    text = reporters.compose(case, desk.facts_of(case), "progress", "ja", LINK)
    for word in ("引き続き停止して", "訂正するための手続き", "次の手続きの期限は", "次回は"):
        assert word in text
