"""The pages without a browser: what each shows, does, refuses, and never does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver

from atesaki import clock, gate, notme, ownership
from atesaki.models import Claim, Event, Hold, Token
from atesaki.ownership import Standing
from atesaki.pages import health, mailbox
from tests.world import KEN_LIVES_AT, SECRETS, World, order

KNOWN = f"X-Atesaki-Knows: postal_code={KEN_LIVES_AT}; phone_last4=0001; birth_year=1980\r\n".encode()
BARE = b"From: shop@shop.example\r\nTo: hana@example.jp\r\nSubject: hello\r\n\r\nhello\r\n"
JA = {"Accept-Language": "ja"}


@pytest.fixture
def ja() -> Client:
    return Client(headers=JA)


@pytest.fixture
def strict() -> Client:
    """A browser whose cookies are blocked, on a site that checks for forged requests."""
    return Client(enforce_csrf_checks=True, headers=JA)


def mailed(world: World, raw: bytes = KNOWN + order(), to: str = "hana@example.jp") -> tuple[str, str]:
    """The confirm and the not-me token that the notice of this mail carried."""
    world.send(raw, to)
    gate.drive()
    return world.tokens([mail for mail in world.notices() if mail["To"] == to][-1])


def text_of(response: HttpResponse) -> str:
    page = re.sub(r"<(head|script)\b.*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def everything() -> dict[str, tuple[int, str]]:
    """Each table: how many rows, and a digest of them."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found


def addresses_of(confirm: str, not_me: str, mail: str) -> list[str]:
    """Every pattern of the whole site, filled in."""
    fitting = {"confirm": confirm, "confirm_not_me": confirm, "mailbox_mail": mail, "mailbox_source": mail}
    found: list[str] = []

    def walk(patterns: list[object], before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                found.append("/" + re.sub(r"<[^>]+>", fitting.get(pattern.name or "", not_me), route))
            else:
                walk(pattern.url_patterns, route)

    walk(get_resolver().url_patterns, "")
    return found


# -- GET never acts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_no_address_of_the_site_changes_a_row_unless_it_is_posted_to(world: World, client: Client, method: str) -> None:
    confirm, not_me = mailed(world)
    mail = next((world.maildir / "new").iterdir()).name
    paths = addresses_of(confirm, not_me, mail)
    assert len(paths) >= 13
    before = everything()
    for path in paths:
        for query in ("", "?List-Unsubscribe=One-Click&kind=postal_code&answer=273-0005"):
            answer = getattr(client, method)(path + query)
            assert answer.status_code < 500, path
    assert everything() == before
    assert before["atesaki_hold"][0] == 1


# -- /c/TOKEN ---------------------------------------------------------------------------------------------


def test_the_page_says_who_asks_which_mailbox_and_offers_both_ways_alike(world: World, ja: Client) -> None:
    confirm, _ = mailed(world)
    answer = ja.get(f"/c/{confirm}")
    shown = text_of(answer)
    for word in ("ネットスーパー", "はな商事", "h***@e***.jp", "自分の登録です", "登録していません", "郵便番号"):
        assert word in shown, word
    assert not any(secret in answer.content.decode() for secret in SECRETS)
    assert "hana" not in answer.content.decode()
    assert f'action="/c/{confirm}/not-me"' in answer.content.decode()


def test_the_right_answer_frees_the_mail(world: World, strict: Client) -> None:
    confirm, _ = mailed(world)
    answer = strict.post(f"/c/{confirm}", {"kind": "postal_code", "answer": " ２７３−０００５ "})
    assert answer.status_code == 200
    assert "1通" in text_of(answer)
    gate.drive()
    assert len(world.orders()) == 1
    assert "確認はすでに済んでいます" in text_of(strict.get(f"/c/{confirm}"))


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("postal_code", "", "空欄のまま"),
        ("postal_code", "   ", "空欄のまま"),
        ("postal_code", "27", "全部の桁"),
        ("phone_last4", "12", "数字4桁"),
    ],
)
def test_what_cannot_be_an_answer_costs_no_try(world: World, ja: Client, kind: str, typed: str, sentence: str) -> None:
    confirm, _ = mailed(world)
    answer = ja.post(f"/c/{confirm}", {"kind": kind, "answer": typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert f'aria-describedby="{kind}-hint {kind}-error"' in page and f'id="{kind}-error"' in page
    assert page.count('aria-invalid="true"') == 1
    assert list(Token.objects.filter(purpose="confirm").values_list("tries", flat=True)) == [0]


def test_a_wrong_answer_is_kept_and_counted_and_three_close_the_page(world: World, ja: Client) -> None:
    confirm, _ = mailed(world)
    for left in (2, 1):
        answer = ja.post(f"/c/{confirm}", {"kind": "phone_last4", "answer": "9999"})
        assert answer.status_code == 422
        assert f"あと{left}回" in text_of(answer)
        assert 'value="9999"' in answer.content.decode()
        assert "<details open>" in answer.content.decode(), "the question that was answered must be seen"
    closed = ja.post(f"/c/{confirm}", {"kind": "phone_last4", "answer": "9999"})
    assert "このページでの確認は終了しました" in text_of(closed)
    late = ja.post(f"/c/{confirm}", {"kind": "postal_code", "answer": KEN_LIVES_AT})
    assert "このページでの確認は終了しました" in text_of(late)
    assert "登録していません" in text_of(late)
    gate.drive()
    assert world.orders() == []


def test_what_is_typed_is_escaped_and_bounded(world: World, ja: Client) -> None:
    confirm, _ = mailed(world)
    page = ja.post(f"/c/{confirm}", {"kind": "postal_code", "answer": '"><script>' + "9" * 500}).content.decode()
    assert "<script>" not in page
    assert "9" * 41 not in page


@pytest.mark.parametrize("kind", ["match", "code", "name", "'; --", "postal_code\0"])
def test_a_question_that_was_not_asked_is_not_judged(world: World, ja: Client, kind: str) -> None:
    confirm, _ = mailed(world)
    answer = ja.post(f"/c/{confirm}", {"kind": kind, "answer": "12"})
    assert answer.status_code == 422
    assert list(Token.objects.filter(purpose="confirm").values_list("tries", flat=True)) == [0]


def test_the_number_on_the_screen_is_asked_first(world: World, ja: Client) -> None:
    confirm, _ = mailed(world)
    Claim.objects.update(match="42")
    page = ja.get(f"/c/{confirm}").content.decode()
    assert page.index('id="match"') < page.index("<details")
    assert "1通" in text_of(ja.post(f"/c/{confirm}", {"kind": "match", "answer": "４２"}))


def test_without_a_question_a_click_is_recorded_and_proves_nothing(world: World, strict: Client) -> None:
    confirm, _ = mailed(world, BARE)
    page = strict.get(f"/c/{confirm}")
    assert "このボタンだけでは完了しません" in text_of(page)
    assert "お知らせを承りました" in text_of(strict.post(f"/c/{confirm}"))
    gate.drive()
    assert world.orders() == []
    assert Event.objects.filter(kind="answered").count() == 1
    assert "すでに承っています" in text_of(strict.get(f"/c/{confirm}"))


def test_where_a_click_is_enough_the_page_says_so_and_it_is(world: World, ja: Client) -> None:
    world.policy(accept="answered")
    confirm, _ = mailed(world, BARE)
    assert "お預かりしているメールをお送りします" in text_of(ja.get(f"/c/{confirm}"))
    assert "確認が済みました" in text_of(ja.post(f"/c/{confirm}"))
    gate.drive()
    assert len(world.orders()) == 1


def test_the_other_choice_works_without_a_cookie_and_from_the_confirm_link(world: World, strict: Client) -> None:
    confirm, _ = mailed(world)
    answer = strict.post(f"/c/{confirm}/not-me")
    assert "メールを停止しました" in text_of(answer)
    assert Hold.objects.count() == 0
    assert strict.get(f"/c/{confirm}/not-me?lang=en")["Location"] == f"/c/{confirm}?lang=en"


def test_after_a_mistake_a_fresh_proof_lifts_the_stop(world: World, ja: Client) -> None:
    confirm, not_me = mailed(world)
    ja.post(f"/n/{not_me}")
    assert "現在停止しています" in text_of(ja.get(f"/c/{confirm}"))
    assert "確認が済みました" in text_of(ja.post(f"/c/{confirm}", {"kind": "postal_code", "answer": KEN_LIVES_AT}))
    assert "お心当たりのないメール" in text_of(ja.get(f"/n/{not_me}"))


def test_an_unknown_an_expired_a_revoked_and_a_wrong_token_look_alike(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm, not_me = mailed(world)
    revoked, _ = mailed(world, to="sora@example.jp")
    Token.objects.filter(claim__in=Claim.objects.order_by("-pk")[:1]).update(revoked=clock.now())
    pages = {ja.get(f"/c/{token}").content for token in ("nothing", revoked, not_me, "x" * 500, "%00", "..")}
    pages |= {ja.get(f"/n/{token}").content for token in ("nothing", confirm)}
    pages |= {ja.post(f"/c/{token}", {"kind": "", "answer": ""}).content for token in ("nothing", revoked)}
    now = clock.now() + timedelta(days=500)
    monkeypatch.setattr(clock, "now", lambda: now)
    answers = [
        ja.get(f"/c/{confirm}"),
        ja.get(f"/n/{not_me}"),
        ja.post(f"/n/{not_me}"),
        ja.post(f"/c/{confirm}/not-me"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len(pages | {answer.content for answer in answers}) == 1
    assert "ご利用いただけません" in text_of(answers[0])


# -- /n/TOKEN ---------------------------------------------------------------------------------------------


def test_one_press_stops_everything_and_says_since_when(world: World, strict: Client) -> None:
    _, not_me = mailed(world)
    page = text_of(strict.get(f"/n/{not_me}"))
    assert "登録していません" in page and "このままにする" in page
    answer = strict.post(f"/n/{not_me}")
    said = text_of(answer)
    assert re.search(r"\d{4}年\d+月\d+日\(.\)\d+時\d\d分に、はな商事から", said)
    assert "1通は、開かずに消去しました" in said and "お間違いで押された場合" in said
    assert "送信の途中" not in said
    assert Hold.objects.count() == 0
    assert world.send(order(2)).outcomes[0] is gate.Outcome.REFUSE


def test_a_second_press_says_the_same_moment_and_does_nothing_more(world: World, ja: Client) -> None:
    _, not_me = mailed(world)
    first, second = (text_of(ja.post(f"/n/{not_me}")) for _ in range(2))
    moment = r"\d{4}年\d+月\d+日\(.\)\d+時\d\d分"
    assert re.search(moment, first)[0] == re.search(moment, second)[0]  # type: ignore[index]
    assert Event.objects.filter(kind="disavowed").count() == 1
    assert "お預かりしているメールはありません" in second
    assert "すでに停止しています" in text_of(ja.get(f"/n/{not_me}"))


@pytest.mark.parametrize("destroyed", [0, 3])
def test_a_mail_that_was_already_leaving_is_told_of(
    world: World, ja: Client, monkeypatch: pytest.MonkeyPatch, destroyed: int
) -> None:
    freed = notme.Freed(clock.now(), world.service, destroyed, still_leaving=True, case=None)
    monkeypatch.setattr(notme, "report", lambda token, **_: freed)
    said = text_of(ja.post("/n/anything"))
    assert "送信の途中だったメールは、届くことがあります" in said
    assert "お預かりしているメールはありません" not in said, "that is not known yet"


def test_keeping_everything_is_as_easy_and_changes_nothing(world: World, ja: Client) -> None:
    _, not_me = mailed(world)
    assert f'href="/n/{not_me}/keep"' in ja.get(f"/n/{not_me}").content.decode()
    assert "何も変更していません" in text_of(ja.get(f"/n/{not_me}/keep"))
    assert ja.post(f"/n/{not_me}/keep").status_code == 405


# -- RFC 8058 ---------------------------------------------------------------------------------------------


def test_one_click_pauses_by_form_or_multipart(world: World, strict: Client) -> None:
    for number, as_form in enumerate((True, False)):
        _, not_me = mailed(world, BARE, f"box{number}@example.jp")
        body = "List-Unsubscribe=One-Click"
        answer = (
            strict.post(f"/n/{not_me}/one-click", body, content_type="application/x-www-form-urlencoded")
            if as_form
            else strict.post(f"/n/{not_me}/one-click", {"List-Unsubscribe": "One-Click"})
        )
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert Event.objects.filter(kind="paused").count() == 2
    assert Hold.objects.count() == 2, "a pause destroys nothing"


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=one-click", "List-Unsubscribe=", "x=One-Click", "\0"])
def test_any_other_body_is_refused_and_does_nothing(world: World, ja: Client, body: str) -> None:
    _, not_me = mailed(world, BARE)
    before = everything()
    answer = ja.post(f"/n/{not_me}/one-click", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert "List-Unsubscribe=One-Click" in answer.content.decode()
    assert everything() == before


def test_one_click_is_no_oracle(world: World, ja: Client) -> None:
    confirm, not_me = mailed(world, BARE)
    answers = [
        ja.post(f"/n/{token}/one-click", {"List-Unsubscribe": "One-Click"}) for token in (not_me, "nothing", confirm)
    ]
    assert len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1


def test_opening_the_one_click_address_leads_to_the_page(world: World, ja: Client) -> None:
    _, not_me = mailed(world, BARE)
    answer = ja.get(f"/n/{not_me}/one-click")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert f'href="/n/{not_me}"' in answer.content.decode()


# -- what holds for every page ----------------------------------------------------------------------------


def test_every_page_forbids_scripts_frames_caches_and_indexes(world: World, client: Client) -> None:
    confirm, not_me = mailed(world)
    for path in ("/", "/about-this-mail", f"/c/{confirm}", f"/n/{not_me}", "/none", "/mailbox/", "/health/live"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=()" in headers["Permissions-Policy"]
    assert client.get(f"/c/{confirm}")["Referrer-Policy"] == "no-referrer"
    # With `no-referrer` a browser's form says `Origin: null`, and the CSRF check would refuse every form of ours.
    assert client.get("/about-this-mail")["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("lang", "heading"), [("ja", "メールアドレスの確認"), ("en", "Is this mailbox yours?")])
def test_the_language_is_the_browsers_or_the_switchs_and_is_said(world: World, lang: str, heading: str) -> None:
    confirm, _ = mailed(world)
    other = "en" if lang == "ja" else "ja"
    for answer in (
        Client(headers={"Accept-Language": lang}).get(f"/c/{confirm}"),
        Client(headers={"Accept-Language": other}).get(f"/c/{confirm}?lang={lang}"),
    ):
        assert heading in text_of(answer)
        assert answer["Content-Language"] == lang
        assert "Accept-Language" in answer["Vary"]
        assert f'<html lang="{lang}">' in answer.content.decode()
    assert f'action="/c/{confirm}?lang={lang}"' in answer.content.decode(), "a form keeps the switch"


def test_about_names_every_service_that_sends_and_none_that_no_longer_does(world: World, ja: Client) -> None:
    from atesaki import tenants

    tenants.add_service("ID基盤", organisation="はな商事", locale="ja", mode="observe", sender="id@id.example")
    old = tenants.add_service("旧店舗", organisation="はな商事", locale="ja", mode="enforce", sender="a@old.example")
    tenants.retire(old.service.name)
    shown = text_of(ja.get("/about-this-mail"))
    for word in ("ネットスーパー", "shop@shop.example", "ID基盤", "id@id.example", "はな商事", "@atesaki.localhost"):
        assert word in shown, word
    assert "旧店舗" not in shown
    assert "shop@shop.example" in text_of(ja.get("/about-this-mail?lang=en"))


# -- refusals ---------------------------------------------------------------------------------------------


def test_errors_are_pages_of_ours(db: None, ja: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, status in (("/none", 404), ("/c", 404), ("/c/x/y/z", 404)):
        answer = ja.get(path)
        assert answer.status_code == status
        assert "ページが見つかりません" in text_of(answer)
    wrong = ja.post("/about-this-mail")
    assert (wrong.status_code, wrong["Allow"]) == (405, "GET, HEAD")
    assert "この開き方はできません" in text_of(wrong)
    host = ja.get("/", HTTP_HOST="evil.example")
    assert host.status_code == 400 and "受け付けられない内容" in text_of(host)
    assert "Content-Security-Policy" in host.headers
    ja.raise_request_exception = False

    def fail(*_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(ownership, "visit", fail)
    broken = ja.get("/c/x")
    assert broken.status_code == 500
    assert "こちらの不具合です" in text_of(broken) and "secret" not in broken.content.decode()


def test_everything_but_the_token_pages_keeps_the_check_for_forged_requests(db: None, strict: Client) -> None:
    answer = strict.post("/about-this-mail")
    assert answer.status_code == 403
    assert "もう一度お試しください" in text_of(answer)
    assert answer["Content-Language"] == "ja"


@pytest.mark.parametrize("path", ["/c/x", "/n/x", "/n/x/keep", "/about-this-mail", "/mailbox/"])
def test_without_the_database_a_sentence_in_both_languages(
    ja: Client, monkeypatch: pytest.MonkeyPatch, settings: object, path: str
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("could not connect to server db.internal as atesaki")

    monkeypatch.setattr(ownership, "visit", away)
    monkeypatch.setattr("atesaki.tenants.services", away)
    monkeypatch.setattr(mailbox, "_waiting", away)
    answer = ja.get(path)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    page = answer.content.decode()
    assert "ただいま受け付けられません" in page and "We cannot take this at the moment" in page
    assert '<div lang="ja">' in page and '<div lang="en">' in page
    assert "db.internal" not in page and "Traceback" not in page


@pytest.mark.parametrize("path", ["/n/x", "/c/x/not-me"])
def test_a_press_that_was_not_recorded_is_not_called_done(
    ja: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr(notme, "report", away)
    monkeypatch.setattr(notme, "pause", away)
    answer = ja.post(path)
    assert answer.status_code == 503 and "停止しました" not in text_of(answer)
    assert ja.post("/n/x/one-click", {"List-Unsubscribe": "One-Click"}).status_code == 503


# -- the local mailbox ------------------------------------------------------------------------------------


def test_the_mailbox_shows_both_sides(world: World, ja: Client) -> None:
    mailed(world)
    mailed(world, to="sora@example.jp")
    shown = text_of(ja.get("/mailbox/"))
    assert "hana@example.jp" in shown and "【ネットスーパー】" in shown
    assert "h***@e***.jp" in shown and "開発用のページ" in shown
    assert not any(secret in shown for secret in SECRETS)
    one = ja.get("/mailbox/", {"to": "sora@example.jp"}).content.decode()
    assert one.count("<li><a") == 1


def test_a_mail_is_shown_as_its_recipient_sees_it(world: World, ja: Client) -> None:
    confirm, not_me = mailed(world)
    name = next((world.maildir / "new").iterdir()).name
    page = ja.get(f"/mailbox/{name}").content.decode()
    for link in (f"/c/{confirm}", f"/n/{not_me}", "/about-this-mail"):
        assert f'<a href="{link}">' in page
    assert "List-Unsubscribe-Post" in page and "ご自身で登録された方" in page
    source = ja.get(f"/mailbox/{name}/source")
    assert source["Content-Type"] == "text/plain; charset=utf-8"
    assert source.content == (world.maildir / "new" / name).read_bytes()


def test_the_newest_is_first_and_anything_can_be_shown(world: World, ja: Client) -> None:
    new, cur = world.maildir / "new", world.maildir / "cur"
    for folder in (new, cur):
        folder.mkdir(parents=True, exist_ok=True)
    strange = {
        "1.a.host": b"Delivered-To: a@example.jp\r\nSubject: <b>one</b>\r\n\r\n<script>alert(1)</script>",
        "2.b.host:2,S": b"\xff\xfe\0 no header at all",
        "3.c.host": b"",
        "4.html": b"Content-Type: text/html\r\n\r\n<img src=https://evil.example/x><a href='javascript:1'>x</a>",
    }
    for at, (name, raw) in enumerate(strange.items()):
        file = (cur if ":" in name else new) / name
        file.write_bytes(raw)
        os.utime(file, (1_000 + at, 1_000 + at))
    index = ja.get("/mailbox/").content.decode()
    assert [index.index(f'href="/mailbox/{name}"') for name in ("4.html", "3.c.host", "1.a.host")] == sorted(
        index.index(f'href="/mailbox/{name}"') for name in ("4.html", "3.c.host", "1.a.host")
    )
    assert "<b>one</b>" not in index
    for name in strange:
        answer = ja.get(f"/mailbox/{name}")
        assert answer.status_code == 200, name
        page = answer.content.decode()
        assert "<script" not in page and "<img" not in page and "href='javascript" not in page


@pytest.mark.parametrize(
    "name",
    ["../secret", "..%2Fsecret", "%2e%2e%2fsecret", "new/../../secret", "/etc/passwd", "link", "folder", "a%00b", ".."],
)
def test_nothing_outside_of_the_maildir_can_be_read(world: World, ja: Client, name: str) -> None:
    new = world.maildir / "new"
    new.mkdir(parents=True)
    (world.maildir / "secret").write_text("SECRET")
    (world.maildir.parent / "secret").write_text("SECRET")
    (new / "link").symlink_to(world.maildir / "secret")
    (new / "folder").mkdir()
    for path in (f"/mailbox/{name}", f"/mailbox/{name}/source"):
        answer = ja.get(path)
        assert answer.status_code in (301, 404), path
        assert b"SECRET" not in answer.content


@pytest.mark.parametrize("change", [{"PRODUCTION": True}, {"ATESAKI_UPSTREAM": "smtp://127.0.0.1:25"}])
def test_the_mailbox_is_not_there_in_production_or_before_a_real_mta(
    world: World, ja: Client, settings: object, change: dict[str, object]
) -> None:
    mailed(world)
    name = next((world.maildir / "new").iterdir()).name
    for setting, value in change.items():
        setattr(settings, setting, value)
    for path in ("/mailbox/", f"/mailbox/{name}", f"/mailbox/{name}/source"):
        assert ja.get(path).status_code == 404
    assert "mailbox" not in ja.get("/").content.decode()


def test_a_maildir_that_is_not_there_yet_is_empty(world: World, ja: Client) -> None:
    assert "まだ1通も届いていません" in text_of(ja.get("/mailbox/"))


# -- health -----------------------------------------------------------------------------------------------


def test_live_needs_no_database(client: Client) -> None:
    assert client.get("/health/live").status_code == 200  # pytest-django fails a test that touches it


def test_ready_when_the_database_answers_and_is_migrated(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/health/ready").json() == {"ready": True, "wrong": []}
    with monkeypatch.context() as patch:
        missing = [("atesaki.0002_later", False)]
        patch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: missing)
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["wrong"] == ["not migrated: atesaki.0002_later"]

    def away(*_: object) -> None:
        raise OperationalError("password=hunter2")

    monkeypatch.setattr(health, "MigrationExecutor", away)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "wrong": ["the database does not answer"]}


def test_metrics_count_what_the_gate_decided(world: World, client: Client) -> None:
    mailed(world)
    text = client.get("/metrics").content.decode()
    assert 'atesaki_mails_total{outcome="substitute"} 1.0' in text
    assert "atesaki_waiting 1.0" in text
    assert text.count("# TYPE atesaki_mails_total counter") == 1


@pytest.mark.parametrize(
    ("client_at", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 403),
        ("192.0.2.1", {}, 403),
        ("192.0.2.1", {"Authorization": "Bearer wrong"}, 403),
        ("192.0.2.1", {"Authorization": "Bearer ひみつ"}, 403),
        ("192.0.2.1", {"Authorization": "Bearer right"}, 200),
        ("", {}, 403),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, client_at: str, headers: dict[str, str], status: int
) -> None:
    monkeypatch.setenv("ATESAKI_METRICS_TOKEN", "right")
    assert client.get("/metrics", REMOTE_ADDR=client_at, headers=headers).status_code == status


def test_without_a_token_set_no_token_opens_the_metrics(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATESAKI_METRICS_TOKEN", raising=False)
    for shown in ("Bearer ", "Bearer", ""):
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.1", headers={"Authorization": shown}).status_code == 403


def test_metrics_of_several_processes(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert "atesaki_waiting 0.0" in client.get("/metrics").content.decode()


def test_the_asgi_application_answers() -> None:
    from atesaki.site.asgi import application

    assert isinstance(application, Callable)  # type: ignore[arg-type]
    assert Standing.PROVED == "proved"  # the templates compare standings with these words


def test_the_way_back_for_who_stopped_it_by_mistake(world: World, ja: Client) -> None:
    _, not_me = mailed(world)
    Token.objects.filter(purpose="confirm").update(expires=clock.now())
    ja.post(f"/n/{not_me}")
    assert "確認のページへ進む" in text_of(ja.get(f"/n/{not_me}"))
    before = everything()
    assert ja.get(f"/n/{not_me}/mine").status_code == 302 and everything() == before, "a GET does nothing"
    led = ja.post(f"/n/{not_me}/mine?lang=en")
    assert led.status_code == 302 and led["Location"].startswith("/c/") and led["Location"].endswith("?lang=en")
    link = led["Location"].removesuffix("?lang=en")
    assert "確認が済みました" in text_of(ja.post(link, {"kind": "postal_code", "answer": KEN_LIVES_AT}))
    assert ja.post("/n/nothing/mine").status_code == 404


def test_an_answer_that_many_could_give_is_told_so_and_costs_no_try(world: World, ja: Client) -> None:
    everybody = ("a@example.jp", "b@example.jp", "c@example.jp")
    first, *_ = (mailed(world, order(number, to=to), to)[0] for number, to in enumerate(everybody, 1))
    answer = ja.post(f"/c/{first}", {"kind": "postal_code", "answer": KEN_LIVES_AT})
    assert answer.status_code == 422 and "この項目では確認できません" in text_of(answer)
    assert "郵便番号" not in text_of(answer) and "下4桁" in text_of(answer)
