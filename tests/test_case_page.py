"""`/m/TOKEN` without a browser: what a reporter reads, chooses and writes; and never a word of the customer's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from atesaki import addresses, clock, desk, gate, keys, notme, ownership
from atesaki.desk import reporters
from atesaki.language import LANGUAGES, Language, moment
from atesaki.models import Case, Improvement, Line, Message, Reporter, Step, Wish
from atesaki.ownership import Purpose
from atesaki.pages import case as page
from tests import canary
from tests.leaks import found
from tests.world import HANA, SECRETS, World, order

JA = {"Accept-Language": "ja"}
FORMS = ("wish", "disposal", "message", "improvement")


@pytest.fixture
def ja() -> Client:
    """A browser whose cookies are blocked, on a site that checks for forged requests."""
    return Client(enforce_csrf_checks=True, headers=JA)


@pytest.fixture
def case(world: World) -> Case:
    """Hana said "not me" on the page."""
    world.send(order(headers="X-Atesaki-Customer: ken-4711\r\n"))
    gate.drive()
    freed = notme.report(world.tokens()[1], lang="ja")
    assert freed is not None and freed.case is not None
    return desk.by_pk(freed.case.pk)


@pytest.fixture
def path(case: Case) -> str:
    return f"/m/{desk.token(case)}"


def text_of(response: HttpResponse) -> str:
    shown = re.sub(r"<(head|script)\b.*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))


def ended(case: Case, end: str, *, erase: bool = False) -> Case:
    desk.close(case, end)
    if erase:
        with transaction.atomic():
            assert ownership.erase(bytes(case.digest))
        Case.objects.filter(pk=case.pk).update(erased=clock.now())
        desk.step(case, "erased")
    return desk.by_pk(case.pk)


# -- what it shows ------------------------------------------------------------------------------------------


def test_it_says_the_number_what_was_done_and_what_comes_by_when(case: Case, path: str, ja: Client) -> None:
    answer = ja.get(path)
    shown = text_of(answer)
    assert answer.status_code == 200 and answer["Referrer-Policy"] == "no-referrer"
    assert case.confirmed and case.report_due and case.due
    for word in (case.number, "ネットスーパー", "はな商事", "h***@e***.jp", "登録情報を訂正するための手続き"):
        assert word in shown, word
    assert f"{moment(case.confirmed, 'Asia/Tokyo', 'ja')}から停止しています" in shown
    assert f"次の手続きの期限は、{desk.by_day(case.due, 'Asia/Tokyo', 'ja')}です" in shown
    assert f"{desk.by_day(case.report_due, 'Asia/Tokyo', 'ja')}までに、このページへ経過を記録します" in shown
    assert "知らせる手配" not in shown, "the service has no webhook: nobody was told"
    assert HANA not in answer.content.decode()


def test_a_deadline_that_has_passed_is_not_promised(case: Case, path: str, ja: Client) -> None:
    Case.objects.update(due=clock.now() - timedelta(minutes=1), report_due=clock.now() - timedelta(minutes=1))
    shown = text_of(ja.get(path))
    assert "次の手続きの期限" not in shown and "経過を記録します" not in shown


def test_a_deadline_at_midnight_belongs_to_the_day_that_it_ends(case: Case, path: str, ja: Client) -> None:
    day = clock.today("Asia/Tokyo") + timedelta(days=20)
    Case.objects.update(due=desk.end_of(day, "Asia/Tokyo"))
    assert f"{day.year}年{day.month}月{day.day}日(" in text_of(ja.get(path)).split("次の手続きの期限は、")[1][:20]


@pytest.mark.parametrize("what", ["phoned", "sms_sent", "letter_posted", "revealed", "deadline_passed", "new_word"])
def test_a_step_that_is_not_the_reporters_is_not_shown(case: Case, path: str, ja: Client, what: str) -> None:
    before = ja.get(path).content
    desk.step(case, what, by="mori", number=3)
    assert ja.get(path).content == before


def test_no_agents_name_stands_by_what_they_did(case: Case, path: str, ja: Client) -> None:
    desk.step(case, "answered", by="mori.akiko")
    desk.close(case, Case.End.WITHDRAWN, by="mori.akiko")
    answer = ja.get(path)
    assert "担当者からのお返事を用意しました" in text_of(answer)
    assert "mori" not in answer.content.decode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_step_that_is_shown_has_its_own_sentence(case: Case, path: str, lang: Language) -> None:
    for what in sorted(page._SHOWN):
        desk.step(case, what, number=2)
    ended(case, "withdrawn", erase=True)
    shown = text_of(Client().get(f"{path}?lang={lang}"))
    for key, sentence in page.wording.catalogue(lang).items():
        if key.startswith("case_step.") and key != "case_step.reported":
            assert sentence.format(count=2) in shown, key


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("end", ["corrected", "withdrawn"])
def test_at_the_end_it_tells_the_result_and_what_is_kept(case: Case, path: str, end: str, lang: Language) -> None:
    ended(case, end, erase=True)
    shown = text_of(Client().get(f"{path}?lang={lang}"))
    words = {
        "ja": (
            "登録から削除しました",
            "再び入力された場合も",
            "照合用の値のみを保管",
            "に消去しました",
            "お返事はお送りできません",
        ),
        "en": (
            "has been deleted from",
            "Should it be entered",
            "only a comparison value",
            "erased on",
            "cannot send an",
        ),
    }
    for word in words[lang]:
        assert word in shown, word
    assert "h***" not in shown
    assert 'name="wish"' not in Client().get(path).content.decode()
    other = text_of(Client().get(f"{path}?lang={lang}"))
    assert not re.search("corrected|withdrawn|訂正した|退会|強制", other), "which of the two it was is the customer's"


def test_only_a_digest_is_kept_is_not_said_while_the_address_is_sealed_somewhere(
    case: Case, path: str, ja: Client
) -> None:
    desk.wish_for(case, "確認のメールを", "ja", tell=True)
    ended(case, "withdrawn", erase=True)
    shown = text_of(ja.get(path))
    assert "照合用の値のみ" not in shown and "暗号化して、お知らせの後まで保管" in shown


def test_an_unconfirmed_case_promises_nothing_and_states_nothing(world: World, ja: Client) -> None:
    claim = ownership.claim(world.service, addresses.parse(HANA))
    case = desk.unconfirmed_at_once(claim, "form", "ja")
    shown = text_of(ja.get(f"/m/{desk.token(case)}"))
    assert "確認をお待ちしています" in shown
    for word in ("停止しています", "手続きを進めています", "お手続きをお願いすることはございません"):
        assert word not in shown


@pytest.mark.parametrize("form", ["", *(f"/{form}" for form in FORMS)])
@pytest.mark.parametrize("token", ["nothing", "not_me", "revoked", "ended"])
def test_a_token_that_opens_nothing_gets_the_one_page(
    world: World, case: Case, ja: Client, token: str, form: str
) -> None:
    reference = ja.get("/m/unknown").content
    raw = {
        "nothing": "A" * 32,
        "not_me": ownership.issue(case.claim, Purpose.NOT_ME, clock.now() + timedelta(days=1)),
        "revoked": desk.token(case),
        "ended": ownership.issue(case.claim, Purpose.CASE, clock.now() - timedelta(seconds=1)),
    }[token]
    if token == "revoked":
        from atesaki.models import Token

        Token.objects.filter(purpose="case").update(revoked=clock.now())
    for answer in (
        ja.get(f"/m/{raw}{form}"),
        *([ja.post(f"/m/{raw}{form}", {"text": "x", "wish": "steps"})] * bool(form)),
    ):
        assert answer.status_code == 404
        assert answer.content == reference
    assert not Message.objects.exists() and not Wish.objects.exists()


# -- GET never acts, POST acts once --------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_form_opened_with_get_leads_to_the_page(case: Case, path: str, ja: Client, form: str) -> None:
    answer = ja.get(f"{path}/{form}?lang=en&text=x&wish=steps&disposal=opened")
    assert (answer.status_code, answer["Location"]) == (302, f"{path}?lang=en")
    assert ja.post(path, {"wish": "steps"}).status_code == 405
    reporter = Reporter.objects.get()
    assert (reporter.wish, reporter.disposal) == ("nothing", "unsaid")
    assert not Message.objects.exists() and not Wish.objects.exists()


@pytest.mark.parametrize("wish", ["nothing", "result", "steps"])
def test_how_much_to_be_told_and_in_which_language(case: Case, path: str, ja: Client, wish: str) -> None:
    for _ in range(2):
        answer = ja.post(f"{path}/wish?lang=en", {"wish": wish})
        assert (answer.status_code, answer["Location"]) == (302, f"{path}?saved=wish&lang=en")
    reporter = Reporter.objects.get()
    assert (reporter.wish, reporter.language) == (wish, "en")
    shown = ja.get(answer["Location"]).content.decode()
    assert f'value="{wish}" checked' in shown and 'role="status"' in shown


def test_nothing_takes_the_mail_that_waits_away(world: World, case: Case, path: str, ja: Client) -> None:
    ja.post(f"{path}/wish", {"wish": "steps"})
    Case.objects.update(report_due=clock.now() - timedelta(hours=1))
    desk.report_progress()
    before = len(world.delivered())
    ja.post(f"{path}/wish", {"wish": "nothing"})
    gate.drive()
    assert len(world.delivered()) == before
    assert Line.objects.get(kind="case").fate == "destroyed"


def test_it_says_so_when_a_mail_is_leaving_at_that_moment(
    case: Case, path: str, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "wait_until_gone", lambda address: False)
    answer = ja.post(f"{path}/wish", {"wish": "nothing"})
    assert answer["Location"] == f"{path}?saved=late"
    assert "送信の途中だったメールは、届くことがあります" in text_of(ja.get(answer["Location"]))


@pytest.mark.parametrize("disposal", ["deleted", "opened", "undisclosed"])
def test_what_became_of_the_earlier_mails(case: Case, path: str, ja: Client, disposal: str) -> None:
    assert ja.post(f"{path}/disposal", {"disposal": disposal}).status_code == 302
    assert Reporter.objects.get().disposal == disposal
    assert f'value="{disposal}" checked' in ja.get(path).content.decode()


@pytest.mark.parametrize(
    ("form", "data"),
    [("wish", {}), ("wish", {"wish": "everything"}), ("disposal", {}), ("disposal", {"disposal": "unsaid"})],
)
def test_without_a_choice_it_says_so_and_changes_nothing(
    case: Case, path: str, ja: Client, form: str, data: dict[str, str]
) -> None:
    answer = ja.post(f"{path}/{form}", data)
    assert answer.status_code == 422
    assert "どれか一つを選んでから" in text_of(answer)
    reporter = Reporter.objects.get()
    assert (reporter.wish, reporter.disposal) == ("nothing", "unsaid")


def test_a_message_reaches_the_desk_once_and_stands_on_the_page(case: Case, path: str, ja: Client) -> None:
    for _ in range(2):
        answer = ja.post(f"{path}/message", {"text": " なぜ届いたのですか。\r\n<script>alert(1)</script>\x00 "})
        assert (answer.status_code, answer["Location"]) == (302, f"{path}?saved=message")
    message = Message.objects.get()
    assert (message.direction, message.kind, message.seen) == ("in", "page", None)
    assert desk.read(message) == "なぜ届いたのですか。\n<script>alert(1)</script>"
    assert "なぜ届いた".encode() not in bytes(message.text)
    shown = ja.get(path).content.decode()
    assert "&lt;script&gt;" in shown and "<script" not in shown
    ja.post(f"{path}/message", {"text": "もう一つ"})
    assert Message.objects.count() == 2
    ja.post(f"{path}/message", {"text": "なぜ届いたのですか。"})
    assert Message.objects.count() == 3


def test_an_answer_of_the_desk_stands_on_the_page_and_our_own_mails_do_not(case: Case, path: str, ja: Client) -> None:
    desk.write(case, "out", "answer", "入力の際に間違えられたものと思われます。")
    desk.write(case, "out", "progress", "経過の本文")
    shown = text_of(ja.get(path))
    assert "担当者から" in shown and "間違えられたもの" in shown and "経過の本文" not in shown


@pytest.mark.parametrize("form", ["message", "improvement"])
def test_a_text_that_is_empty_or_too_long_is_kept_and_explained(case: Case, path: str, ja: Client, form: str) -> None:
    answer = ja.post(f"{path}/{form}", {"text": " \r\n "})
    assert answer.status_code == 422 and "空欄のままでは" in text_of(answer)
    long = "長" * 5_000 + "い<"
    answer = ja.post(f"{path}/{form}", {"text": long, "tell": "yes"})
    assert answer.status_code == 422
    assert "5002文字あるため" in text_of(answer) and "5000文字まで" in text_of(answer)
    assert f"{long[:-1]}&lt;</textarea>" in answer.content.decode()
    assert ('name="tell" value="yes" aria-describedby="tell-hint" checked' in answer.content.decode()) == (
        form == "improvement"
    )
    assert not Message.objects.exists() and not Wish.objects.exists()
    assert ja.post(f"{path}/{form}", {"text": "長" * 5_000}).status_code == 302


def test_a_wish_is_sealed_and_the_address_only_if_they_want_to_be_told(case: Case, path: str, ja: Client) -> None:
    ja.post(f"{path}/improvement", {"text": "確認のメールを送ってほしい"})
    wish = Wish.objects.get()
    place = str(wish.pk).encode()
    assert keys.ring().unwrap(bytes(wish.text), place).decode() == "確認のメールを送ってほしい"
    assert (wish.sealed_address, wish.organisation, wish.case, wish.language) == (None, case.organisation, case, "ja")
    ja.post(f"{path}/improvement?lang=en", {"text": "確認のメールを送ってほしい", "tell": "yes"})
    wish = Wish.objects.get()
    assert wish.sealed_address is not None
    assert keys.ring().unwrap(bytes(wish.sealed_address), place).decode() == HANA
    assert "ご希望のとおりメールでご報告します" in text_of(ja.get(path))
    ja.post(f"{path}/improvement", {"text": "別の要望"})
    assert Wish.objects.count() == 2


def test_after_the_erasure_no_wish_can_be_told_and_the_page_does_not_offer_it(
    case: Case, path: str, ja: Client
) -> None:
    ended(case, "withdrawn", erase=True)
    assert 'name="tell"' not in ja.get(path).content.decode()
    ja.post(f"{path}/improvement", {"text": "要望", "tell": "yes"})
    assert Wish.objects.get().sealed_address is None


def test_an_improvement_that_is_considered_is_said_to_be(case: Case, path: str, ja: Client) -> None:
    ja.post(f"{path}/improvement", {"text": "要望"})
    assert "改善の記録に残しています" in text_of(ja.get(path))
    made = Improvement.objects.create(organisation=case.organisation, title="確認", created=clock.now())
    Wish.objects.update(improvement=made)
    assert "担当部門で検討しています" in text_of(ja.get(path))
    Improvement.objects.update(state="declined")
    assert "検討しています" not in text_of(ja.get(path))


# -- the way to it ------------------------------------------------------------------------------------------


def test_the_page_after_not_me_leads_to_the_case(world: World, ja: Client) -> None:
    world.send(order())
    gate.drive()
    token = world.tokens()[1]
    answer = ja.post(f"/n/{token}")
    link = re.search(r'href="(/m/[\w-]+)"', answer.content.decode())
    case = Case.objects.get()
    assert link and ja.get(link[1]).status_code == 200
    assert case.number in text_of(answer) and "ご希望いただいた場合だけ" in text_of(answer)
    again = re.search(r'href="(/m/[\w-]+)"', ja.post(f"/n/{token}").content.decode())
    assert again and ja.get(again[1]).status_code == 200
    assert Case.objects.count() == 1
    assert f'action="/n/{token}"' in ja.get(f"/n/{token}").content.decode()


def test_the_page_after_not_me_stands_without_a_case(world: World, ja: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    def fails(*_: object, **__: object) -> Case:
        raise DatabaseError("away")

    world.send(order())
    gate.drive()
    token = world.tokens()[1]
    monkeypatch.setattr(desk, "confirmed", fails)
    answer = ja.post(f"/n/{token}")
    assert answer.status_code == 200 and "/m/" not in answer.content.decode()


def test_who_says_not_me_in_english_is_written_to_in_english(world: World) -> None:
    world.send(order())
    gate.drive()
    Client(headers={"Accept-Language": "en"}).post(f"/n/{world.tokens()[1]}")
    assert Reporter.objects.get().language == "en"


# -- nothing of the customer's (L1) ---------------------------------------------------------------------------

SITUATIONS = [
    *(("unconfirmed", ""), ("reaching", ""), ("awaiting", ""), ("withdrawing", "")),
    *(("closed", end) for end in Case.End.values),
]


def test_nothing_of_the_customers_stands_in_any_page_or_mail_of_the_reporters(world: World) -> None:
    """Each state, wish and language, on the page and in the text of the three mails."""
    case, secrets, _ = canary.stuffed(world)
    path, pages, texts = f"/m/{desk.token(case)}", 0, 0
    for what in ("opened", "said_again", "answered", "reported", "end_told", "erased"):
        desk.step(case, what, by=canary.AGENT, number=1)
    for state, end in SITUATIONS:
        closed = clock.now() if state == "closed" else None
        Case.objects.filter(pk=case.pk).update(state=state, end=end, closed=closed)
        if end:
            desk.step(case, f"ended_{end}", by=canary.AGENT)
        for wish in Reporter.Wish.values:
            Reporter.objects.filter(case=case).update(wish=wish)
            for lang in LANGUAGES:
                fresh = desk.by_pk(case.pk)
                shown = Client().get(f"{path}?lang={lang}&saved={wish}").content.decode()
                assert fresh.number in shown
                assert not canary.leaked(shown, secrets), (state, end, wish, lang)
                pages += 1
                for kind in ("acknowledgement", "progress", "closing"):
                    text = reporters.compose(fresh, desk.facts_of(fresh), kind, lang, "https://x.example/m/T")
                    assert not canary.leaked(text, secrets), (state, end, wish, lang, kind)
                    texts += 1
    assert (pages, texts) == (54, 162)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nor_in_any_mail_as_it_is_delivered(world: World, lang: Language) -> None:
    case, secrets, _ = canary.stuffed(world)
    Reporter.objects.filter(case=case).update(language=lang)
    before = len(world.delivered())
    assert desk.acknowledge(case, "<a@b.example>")
    Case.objects.update(report_due=clock.now() - timedelta(hours=1))
    assert desk.report_progress() == 1
    desk.close(case, Case.End.WITHDRAWN, by=canary.AGENT)
    assert desk.tell_end(case)
    gate.drive()
    sent = world.delivered()[before:]
    assert len(sent) == 3
    for raw in sent:
        assert not found(raw, secrets + list(SECRETS))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nor_on_any_other_page_of_the_reporters(world: World, lang: Language) -> None:
    case, secrets, _ = canary.stuffed(world)
    client, query = Client(), f"?lang={lang}"
    token = ownership.issue(case.claim, Purpose.NOT_ME, clock.now() + timedelta(days=1))
    case_path = f"/m/{desk.token(case)}"
    answers = [
        *(client.get(f"/n/{token}{query}"), client.post(f"/n/{token}{query}"), client.get(f"/n/{token}/keep{query}")),
        client.post(f"{case_path}/wish{query}", {"wish": "?"}),
        client.post(f"{case_path}/message{query}", {"text": ""}),
    ]
    for answer in answers:
        assert not canary.leaked(answer.content.decode(), secrets)


def test_the_canary_would_sing(world: World) -> None:
    """Each of the strings is found if it is there, or the tests above could not fail."""
    _, customer, reporter = canary.stuffed(world)
    for secret in customer + reporter:
        assert canary.leaked(f"<p>{secret}</p>", [secret]) == {secret}
        mail = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{secret}\r\n"
        assert found(mail.encode(), [secret]) or "@" in secret
    assert Step.objects.filter(by=canary.AGENT).exists()
