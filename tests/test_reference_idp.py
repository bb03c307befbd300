"""The ID service of `reference/`, driven over HTTP: OpenID Connect, addresses, the two eras, and the attacks of
"Pre-hijacked accounts" (Sudhodanan & Paverd, USENIX Security 2022) with their mirror image: Hana, whose mailbox it
is, must not come into Ken's account either.
"""

from __future__ import annotations

import ast
import itertools
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from reference.idp.suggestions import distance, suggestion

from tests.idp_world import (
    CLIENT_SECRET,
    CODE,
    HANA,
    KEN,
    MATCH,
    PASSWORD,
    TOP,
    Atesaki,
    Browser,
    Netid,
    Shop,
    netid,
)

pytestmark = pytest.mark.slow

_numbers = itertools.count(1)
NEW_PASSWORD = "another-river-77-lantern"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netid]:
    with netid(tmp_path_factory.mktemp("netid")) as service:
        yield service


@pytest.fixture
def service(running: Netid) -> Iterator[Netid]:
    """The one that runs, its surroundings as on the first day; afterwards nothing went wrong inside."""
    atesaki = running.atesaki
    atesaki.disavowed, atesaki.calls, atesaki.ends = set(), [], []
    atesaki.return_urls, atesaki.closed, atesaki.away = True, False, False
    running.door.mails.clear()
    sql(running, "DELETE FROM idp_case")
    sql(running, "DELETE FROM idp_address")
    yield running
    said = running.log.read_text()
    assert HANA not in said and KEN not in said and PASSWORD not in said, "the log holds what it must not"
    assert "Internal Server Error" not in said


def someone() -> str:
    """A 会員ID that nobody has yet."""
    return f"ken-{next(_numbers):04d}"


def joined(service: Netid, address: str = "", **more: Any) -> tuple[Browser, str, str]:
    """A browser that has signed up, the 会員ID, the `sub`."""
    browser, name = Browser(service), someone()
    browser.sign_up(name, address, **more)
    ((sub,),) = sql(service, "SELECT sub FROM idp_member WHERE username = ?", name)
    return browser, name, sub


def sql(service: Netid, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(service.home / "netid.sqlite3", timeout=20)) as database, database:
        return database.execute(statement, values).fetchall()


def addresses_kept(service: Netid) -> str:
    return str(sql(service, "SELECT text FROM idp_address WHERE text <> ''"))


# --- OpenID Connect ------------------------------------------------------------------------------------------------


def test_the_issuer_is_netid_url_whatever_the_host_header_says(service: Netid) -> None:
    port = urlsplit(service.url).port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        browser = Browser(service).look("/.well-known/openid-configuration", Host=host)
        said = __import__("json").loads(browser.page)
        assert said["issuer"] == service.url
        assert all(said[key].startswith(service.url + "/") for key in said if key.endswith(("_endpoint", "_uri")))
    assert Browser(service).look("/.well-known/openid-configuration", Host="evil.example").status == 400

    browser, _, _ = joined(service)
    shop = Shop(service)
    browser.look(shop.authorize(), Host=f"localhost:{port}")  # a cookie of another host: signed out there
    assert browser.path == "/login/" or "code=" in browser.url
    assert shop.sign_in(browser)["iss"] == service.url


def test_sub_is_opaque_and_stays(service: Netid) -> None:
    browser, name, sub = joined(service)
    assert re.fullmatch(r"az_[0-9a-f]{32}", sub)
    ((key, joined_as),) = sql(service, "SELECT id, username FROM idp_member WHERE sub = ?", sub)
    assert joined_as == name and key not in sub and name not in sub
    other = Browser(service)
    other.sign_in(name)
    assert other.sub() == sub
    _, _, another = joined(service)
    assert another != sub
    assert browser.signed_in()


def test_the_claims_are_sub_and_name_until_the_address_is_proved(service: Netid) -> None:
    browser, _, sub = joined(service, KEN)
    shop = Shop(service)
    registered = {"aud", "iat", "nonce", "at_hash", "iss", "exp", "jti"}
    assert set(shop.sign_in(browser)) - registered == {"sub", "name"}
    assert shop.userinfo(shop.answer["access_token"]) == (200, {"sub": sub, "name": "大島 健太郎"})

    assert service.prove(sub) == 204
    assert shop.userinfo(shop.answer["access_token"])[0] == 401, "grants from before the proof have ended"
    said = shop.sign_in(browser)
    assert (said["email"], said["email_verified"], said["sub"]) == (KEN, True, sub)
    assert shop.userinfo(shop.answer["access_token"])[1]["email"] == KEN

    service.disown(sub, "case-claims")
    assert "email" not in shop.userinfo(shop.answer["access_token"])[1], "gone from a grant that named it"
    assert "email" not in shop.sign_in(browser)


def test_pkce_is_required_and_only_s256(service: Netid) -> None:
    browser, _, _ = joined(service)
    shop = Shop(service)
    for wrong in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ):
        browser.look(shop.authorize(**wrong))
        said = parse_qs(urlsplit(browser.url).query)
        assert browser.url.startswith(f"{service.shop_url}/netid/callback?"), browser.page
        assert (said["error"], said["state"]) == (["invalid_request"], ["st"]) and "code" not in said
    browser.look(shop.authorize(code_challenge=None, redirect_uri="https://evil.example/cb"))
    assert browser.url.startswith(service.url) and browser.status == 400, "sent to where nobody registered"

    code = shop.code(browser)
    assert shop.exchange(code, code_verifier="x" * 43) == (400, {"error": "invalid_grant"})
    code = shop.code(browser)
    status, said = shop.exchange(code, code_verifier="")
    assert status == 400 and "access_token" not in said


def test_a_redirect_elsewhere_is_refused(service: Netid) -> None:
    browser, _, _ = joined(service)
    for place in (
        "https://evil.example/cb",
        f"{service.shop_url}/netid/callback/..",
        f"{service.shop_url}.evil.example",
    ):
        browser.look(Shop(service).authorize(redirect_uri=place))
        assert browser.status == 400 and browser.url.startswith(service.url)


def test_a_code_that_comes_twice_gets_nothing_and_ends_what_the_first_got(service: Netid) -> None:
    browser, _, _ = joined(service)
    shop = Shop(service)
    code = shop.code(browser)
    status, first = shop.exchange(code)
    assert status == 200 and shop.userinfo(first["access_token"])[0] == 200
    status, again = shop.exchange(code)
    assert (status, again["error"]) == (400, "invalid_grant")
    assert shop.userinfo(first["access_token"])[0] == 401
    assert shop.refresh(first["refresh_token"])[0] == 400


def test_a_code_that_comes_twice_at_the_same_time_is_served_once_at_most(service: Netid) -> None:
    browser, _, _ = joined(service)
    shop = Shop(service)
    code = shop.code(browser)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(shop.exchange(code)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) in ([200, 400, 400, 400], [400, 400, 400, 400])


def test_a_refresh_token_rotates_and_the_old_one_ends_the_family(service: Netid) -> None:
    browser, _, _ = joined(service)
    shop = Shop(service)
    shop.sign_in(browser)
    old = shop.answer["refresh_token"]
    status, new = shop.refresh(old)
    assert status == 200 and new["refresh_token"] != old
    assert shop.userinfo(new["access_token"])[0] == 200
    assert shop.refresh(old) == (400, {"error": "invalid_grant"})
    assert shop.userinfo(new["access_token"])[0] == 401, "one of the two is a thief"
    assert shop.refresh(new["refresh_token"])[0] == 400


def test_another_client_gets_nothing_for_a_code_or_token_of_the_shop(service: Netid) -> None:
    columns = [row[1] for row in sql(service, "PRAGMA table_info(allauth_idp_oidc_client)")]
    others = ", ".join({"id": "'other'", "secret": "?"}.get(column, column) for column in columns)
    sql(
        service,
        f"INSERT INTO allauth_idp_oidc_client ({', '.join(columns)}) SELECT {others} FROM allauth_idp_oidc_client",
        ScryptPasswordHasher().encode("other-secret", "salt"),
    )
    browser, _, _ = joined(service)
    shop = Shop(service)
    thief = Shop(service, client="other", secret="other-secret", verifier=shop.verifier)
    code = shop.code(browser)
    assert thief.exchange(code)[1] == {"error": "invalid_grant"}
    assert Shop(service, secret="wrong", verifier=shop.verifier).exchange(code)[1]["error"] == "invalid_client"
    status, kept = shop.exchange(code)
    assert status == 200, "the thief's tries did not spend it"
    assert thief.refresh(kept["refresh_token"])[1] == {"error": "invalid_grant"}
    assert shop.userinfo(kept["access_token"])[0] == 200
    assert shop.userinfo("nonsense")[0] == 401
    assert shop.userinfo(shop.exchange(shop.code(browser))[1]["id_token"])[0] == 401, "an id_token opens nothing"


def test_what_is_out_of_time_is_refused(service: Netid) -> None:
    browser, _, _ = joined(service)
    shop = Shop(service)
    code = shop.code(browser)
    sql(service, "UPDATE idp_cache SET expires = '2020-01-01 00:00:00' WHERE cache_key LIKE '%authorization_code%'")
    assert shop.exchange(code)[1] == {"error": "invalid_grant"}
    shop.sign_in(browser)
    sql(service, "UPDATE allauth_idp_oidc_token SET expires_at = '2020-01-01 00:00:00'")
    assert shop.userinfo(shop.answer["access_token"])[0] == 401
    assert shop.refresh(shop.answer["refresh_token"])[1] == {"error": "invalid_grant"}


def test_a_silent_sign_in_of_nobody_and_a_sign_out(service: Netid) -> None:
    stranger = Browser(service)
    stranger.look(Shop(service).authorize(prompt="none"))
    assert parse_qs(urlsplit(stranger.url).query)["error"] == ["login_required"]
    browser, _, _ = joined(service)
    shop = Shop(service)
    shop.sign_in(browser)
    browser.look(f"/oauth/logout?id_token_hint={shop.answer['id_token']}&post_logout_redirect_uri={service.shop_url}/")
    browser.press("/oauth/logout", {"action": "logout"})
    assert browser.url == f"{service.shop_url}/"
    assert not browser.signed_in() and shop.userinfo(shop.answer["access_token"])[0] == 401


# --- signing up ----------------------------------------------------------------------------------------------------


def test_no_address_is_needed_and_atesaki_hears_nothing(service: Netid) -> None:
    shop = Shop(service)
    browser = Browser(service)
    browser.sign_up(someone(), onward=shop.authorize())
    assert browser.url.startswith(f"{service.shop_url}/netid/callback?code="), "straight back to the shop"
    assert not service.atesaki.calls and not service.door.mails
    assert "登録しなくても、すべてご利用いただけます" in browser.look("/").page


def test_with_an_address_it_is_shown_large_and_nothing_is_needed_for_going_on(service: Netid) -> None:
    shop = Shop(service)
    browser = Browser(service)
    browser.sign_up(someone(), HANA, onward=shop.authorize())
    assert browser.path == "/address/"
    page = browser.page
    assert f'<p class="address large">{HANA}</p>' in page
    assert "訂正する" in page and f"</span>{MATCH}</p>" in page and 'name="code"' in page and "もう一度送る" in page
    assert "確認しなくても、このままお進みいただけます" in page
    (onward,) = re.findall(r'<a class="button" href="([^"]*authorize[^"]*)"', page)
    browser.look(onward.replace("&amp;", "&"))
    assert browser.url.startswith(f"{service.shop_url}/netid/callback?code=")
    (call,) = service.atesaki.calls
    assert call == (
        "POST",
        "/api/v1/claims",
        {"address": HANA, "customer": browser.sub(), "return_url": f"{service.url}/address/"},
    )
    assert not service.door.mails, "the confirmation is atesaki's to send"


def test_the_code_proves_and_a_wrong_one_says_so(service: Netid) -> None:
    browser, _, sub = joined(service, KEN)
    browser.look("/address/")
    browser.press("/address/code/", code="000000")
    assert browser.status == 422 and "コードが違います" in browser.page and "あと4回" in browser.page
    assert 'value="000000"' in browser.page, "what was typed is kept"
    browser.press("/address/code/", code="")
    assert browser.status == 422 and "コードを入力してください" in browser.page
    service.atesaki.closed = True
    browser.press("/address/code/", code="000000")
    assert "このコードはもう使えません" in browser.page
    service.atesaki.closed = False
    browser.press("/address/code/", code=service.atesaki.code(service.atesaki.claim_of(sub)))
    assert browser.status == 200 and "メールアドレスは確認済みです" in browser.page
    assert Shop(service).sign_in(browser)["email"] == KEN


def test_the_right_code_leads_straight_onward(service: Netid) -> None:
    browser, name = Browser(service), someone()
    browser.sign_up(name, KEN, onward=Shop(service).authorize())
    (claim,) = service.atesaki.addresses.keys() & {
        row[0] for row in sql(service, "SELECT claim FROM idp_address WHERE text = ?", KEN)
    }
    browser.press("/address/code/", code="000000")
    assert browser.status == 422 and "authorize" in browser.page, "a wrong one keeps where they were going"
    browser.press("/address/code/", code=service.atesaki.code(claim))
    assert browser.url.startswith(f"{service.shop_url}/netid/callback?code=")


def test_send_again_once(service: Netid) -> None:
    browser, _, _ = joined(service, KEN)
    browser.look("/address/")
    browser.press("/address/again/")
    assert "確認のメールをお送りしました" in browser.page and "/address/again/" not in browser.page
    asked = [call for call in service.atesaki.calls if call[1].endswith("/confirmations")]
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.page)
    assert token
    browser.look("/address/again/", {"csrfmiddlewaretoken": token[1]})
    assert "これ以上はお送りできません" in browser.page
    assert len(asked) == len([call for call in service.atesaki.calls if call[1].endswith("/confirmations")]) == 1


def test_fix_it_withdraws_the_wrong_one(service: Netid) -> None:
    browser, _, sub = joined(service, HANA)
    wrong = service.atesaki.claim_of(sub)
    browser.look("/address/change/")
    assert browser.path == "/address/change/", "who has just signed up is not asked for the password again"
    assert f'value="{HANA}"' in browser.page
    browser.press("/address/change/", address=KEN)
    assert browser.path == "/address/" and f'<p class="address large">{KEN}</p>' in browser.page
    assert service.atesaki.ends == [("withdrawn-claim", wrong)]
    kept = str(sql(service, "SELECT a.* FROM idp_address a JOIN idp_member m ON m.id = member_id WHERE sub = ?", sub))
    assert HANA not in kept and KEN in kept
    assert service.tell("claim.proved", claim=wrong, customer=sub, method="match", at="x") == 204
    assert "email" not in Shop(service).sign_in(browser), "what was fixed proves nothing any more"


def test_a_slip_of_the_keyboard_is_only_suggested(service: Netid) -> None:
    browser = Browser(service)
    browser.look("/signup/")
    typed = {"username": someone(), "password1": PASSWORD, "name": "健太郎"}
    browser.press("/signup/", **typed, address="ken@gmial.com")
    assert "もしかして ken@gmail.com ではありませんか" in browser.page
    assert all(f'value="{value}"' in browser.page for value in (*typed.values(), "ken@gmial.com")), "nothing is lost"
    assert not service.atesaki.calls
    browser.press("/signup/")
    assert browser.path == "/address/" and "ken@gmial.com" in browser.page, "who insists is believed"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a@gmial.com", "a@gmail.com"),
        ("a@gmai.com", "a@gmail.com"),
        ("a@gmail.co.jp", "a@gmail.com"),
        ("A.b@GMAIL.CON", "A.b@gmail.com"),
        ("a@docomo.nejp", "a@docomo.ne.jp"),
        ("a@docmo.ne.jp", "a@docomo.ne.jp"),
        ("a@yahooo.co.jp", "a@yahoo.co.jp"),
        ("a@i.softbnak.jp", "a@i.softbank.jp"),
        ("a@gmail.com", ""),
        ("hana@example.jp", ""),
        ("a@ab.jp", ""),
        ("a@mail.com", ""),
        ("a@ymail.com", ""),
        ("nothing", ""),
    ],
)
def test_suggestions(typed: str, meant: str) -> None:
    assert suggestion(typed) == meant


def test_distance_counts_a_swap_as_one() -> None:
    assert [distance("gmial", "gmail"), distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")] == [
        1,
        3,
        0,
        3,
    ]


def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(service: Netid) -> None:
    browser, taken, _ = joined(service)
    other = Browser(service)
    other.look("/signup/")
    for fields, sentence in (
        ({"username": "ab"}, "4文字以上"),
        ({"username": "hana@example.jp"}, "半角の英小文字・数字と . _ -"),
        ({"username": taken}, "この会員IDは使われています"),
        ({"username": taken.upper()}, "この会員IDは使われています"),
        ({"username": "okay-name", "password1": "short"}, "10 文字以上"),
        ({"username": "okay-name", "address": "hana@@example"}, "メールアドレスの形になっていません"),
    ):
        other.press("/signup/", **{"password1": PASSWORD, "name": "花", "address": "", **fields})
        assert sentence in other.page and 'value="花"' in other.page, other.page
        assert f'value="{fields["username"]}"' in other.page
    other.language = "en"
    other.press("/signup/", username="ab", password1=PASSWORD, address="x@")
    assert "at least 4 characters" in other.page and "This is not an e-mail address" in other.page
    assert not service.atesaki.calls
    assert browser.signed_in()


def test_an_address_whose_mailbox_said_no_is_not_taken_again(service: Netid) -> None:
    browser, _, sub = joined(service, HANA)
    service.disown(sub, "case-again")
    browser.look("/address/change/")
    browser.press("/address/change/", address=HANA)
    assert browser.status == 422 and "登録できません" in browser.page and "アドレスなしでも" in browser.page
    assert f'value="{HANA}"' in browser.page
    assert "正しいアドレスに訂正してください" in browser.look("/").page, "that was no correction"
    assert not [end for end in service.atesaki.ends if end[0] == "corrected"]


def test_a_way_back_that_is_not_registered_is_left_out(service: Netid) -> None:
    service.atesaki.return_urls = False
    browser, _, sub = joined(service, KEN)
    assert f"</span>{MATCH}</p>" in browser.look("/address/").page
    assert service.atesaki.claims[service.atesaki.claim_of(sub)]["return_url"] is None


def test_atesaki_down_sign_up_goes_on_and_asks_later(service: Netid) -> None:
    service.atesaki.away = True
    browser, _, sub = joined(service, KEN)
    assert "まだお送りできていません" in browser.look("/address/").page
    browser.press("/address/again/")
    assert "自動でもう一度お送りします" in browser.page
    assert "email" not in Shop(service).sign_in(browser)
    assert not service.atesaki.claims.keys() & {sub} and not service.door.mails
    service.atesaki.away = False
    deadline = time.monotonic() + 30
    while f"</span>{MATCH}</p>" not in browser.look("/address/").page:
        assert time.monotonic() < deadline, "asked by itself once atesaki is back"
        time.sleep(0.1)
    assert service.atesaki.addresses[service.atesaki.claim_of(sub)] == KEN


def test_the_next_sign_in_and_ask_waiting_ask_too(service: Netid, tmp_path: Path) -> None:
    service.atesaki.away = True
    _, name, sub = joined(service, KEN)
    sql(service, "UPDATE idp_address SET given = '2100-01-01'")  # so that the service does not ask by itself
    place = tmp_path / "netid.sqlite3"
    with closing(sqlite3.connect(service.home / "netid.sqlite3")) as kept, closing(sqlite3.connect(place)) as copy:
        kept.backup(copy)
    service.atesaki.away = False
    Browser(service).sign_in(name)
    assert service.atesaki.addresses[service.atesaki.claim_of(sub)] == KEN, "at the next visit"

    other = Atesaki()
    with closing(sqlite3.connect(place)) as database, database:
        database.execute("UPDATE idp_address SET given = '2020-01-01'")
    said = service.manage("ask_waiting", NETID_DATABASE_URL=f"sqlite:///{place}", ATESAKI_URL=other.url)
    assert "asked 1, waiting 0" in said and other.addresses[other.claim_of(sub)] == KEN
    other.server.shutdown()


# --- what atesaki tells --------------------------------------------------------------------------------------------


def test_a_webhook_without_the_right_signature_does_nothing(service: Netid) -> None:
    browser, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    wrong = "whsec_" + "A" * 43 + "="
    assert service.tell("claim.proved", secret=wrong, claim=claim, customer=sub, method="match") == 400
    assert service.tell("customer.withdraw", secret=wrong, case="c", claim=claim, customer=sub) == 400
    assert browser.signed_in() and "email" not in Shop(service).sign_in(browser)
    assert service.tell("mail.held", claim=claim, customer=sub) == 204, "an event that is not ours to handle"
    assert service.tell("claim.proved", claim=claim, customer="az_unknown", method="match") == 204


def test_a_proof_ends_every_other_session_and_keeps_the_one_that_asked(service: Netid) -> None:
    ken, name, sub = joined(service, KEN)
    elsewhere = Browser(service)
    elsewhere.sign_in(name)
    assert elsewhere.signed_in()
    assert service.prove(sub) == 204
    assert ken.signed_in() and not elsewhere.signed_in()
    assert "確認済み" in ken.look("/").page
    assert service.prove(sub) == 204, "told twice"
    assert ken.signed_in()


def test_disowned_is_gone_when_the_webhook_is_answered(service: Netid) -> None:
    ken, name, sub = joined(service, HANA)
    service.prove(sub)
    shop = Shop(service)
    assert shop.sign_in(ken)["email"] == HANA
    refresh = shop.answer["refresh_token"]
    service.disown(sub, "case-gone")
    assert shop.refresh(refresh)[0] == 400
    assert "email" not in shop.sign_in(ken)
    Browser(service).look("/password/reset/").press("/password/reset/", who=name)
    Browser(service).look("/password/reset/").press("/password/reset/", who=HANA)
    assert not service.door.mails
    assert HANA not in str(sql(service, "SELECT * FROM idp_address WHERE claim = ?", service.atesaki.claim_of(sub)))
    page = ken.look("/").page
    assert "そのアドレスをお使いの方から申し出がありました。正しいアドレスに訂正してください" in page
    assert HANA not in page
    assert ken.signed_in(), "Ken is a customer still"


def test_contact_needed_shows_a_banner_until_corrected_and_tells_so(service: Netid) -> None:
    ken, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    banner = "登録されたメールアドレスについて、そのアドレスをお使いの方から申し出がありました"
    assert banner not in ken.look("/").page
    assert service.tell("customer.contact_needed", case="case-7", number="A-7", claim=claim, customer=sub) == 204
    for path in ("/", "/address/", "/leave/"):
        assert banner in ken.look(path).page
    assert banner not in joined(service)[0].look("/").page, "nobody else's business"
    ken.look("/address/change/")
    ken.press("/address/change/", address=KEN)
    assert banner not in ken.page
    assert sorted(service.atesaki.ends) == [("corrected", "case-7"), ("withdrawn-claim", claim)]
    assert service.tell("case.closed", case="case-7", number="A-7", claim=claim, customer=sub, end="corrected") == 204


def test_a_correction_while_atesaki_is_away_is_told_later(service: Netid) -> None:
    ken, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    service.tell("customer.contact_needed", case="case-8", number="A-8", claim=claim, customer=sub)
    service.atesaki.away = True
    ken.look("/address/change/")
    ken.press("/address/change/", address=KEN)
    assert "まだお送りできていません" in ken.page and not service.atesaki.ends
    service.atesaki.away = False
    assert service.told(("corrected", "case-8"), ("withdrawn-claim", claim))


def test_who_has_corrected_already_is_not_asked_to(service: Netid) -> None:
    ken, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    ken.look("/address/change/")
    ken.press("/address/change/", address=KEN)
    assert service.tell("customer.contact_needed", case="case-s", number="A", claim=claim, customer=sub) == 204
    assert "申し出がありました" not in ken.look("/").page and f'<p class="address">{KEN}</p>' in ken.page
    assert service.told(("withdrawn-claim", claim), ("corrected", "case-s"))


def test_an_account_that_nobody_entered_goes_after_a_day(service: Netid) -> None:
    browser, name = Browser(service), someone()
    browser.look("/signup/passkey/")
    browser.press("/signup/passkey/", username=name, name="", address=KEN)
    assert browser.path == "/signup/passkey/create/"
    time.sleep(2.5)  # some rounds of asking
    assert not service.atesaki.calls, "nobody is written to for an account that nobody can enter"
    sql(service, "UPDATE idp_member SET joined = '2020-01-01' WHERE username = ?", name)
    deadline = time.monotonic() + 30
    while sql(service, "SELECT 1 FROM idp_member WHERE username = ?", name):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    joined(service)


def test_wanting_no_address_is_a_correction_too(service: Netid) -> None:
    ken, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    service.tell("customer.contact_needed", case="case-9", number="A-9", claim=claim, customer=sub)
    ken.look("/address/")
    ken.press("/address/remove/")
    assert sorted(service.atesaki.ends) == [("corrected", "case-9"), ("withdrawn-claim", claim)]
    assert "登録されていません" in ken.look("/").page


def test_customer_withdraw_ends_the_account(service: Netid) -> None:
    ken, name, sub = joined(service, HANA)
    shop = Shop(service)
    shop.sign_in(ken)
    claim = service.atesaki.claim_of(sub)
    said = {"case": "case-w", "number": "A-w", "claim": claim, "customer": sub, "orders_in_flight": True}
    assert service.tell("customer.withdraw", **said) == 204
    assert not ken.signed_in() and shop.userinfo(shop.answer["access_token"])[0] == 401
    assert shop.refresh(shop.answer["refresh_token"])[0] == 400
    again = Browser(service)
    again.sign_in(name)
    assert not again.signed_in()
    assert ("withdrawn", "case-w") in service.atesaki.ends
    assert service.tell("customer.withdraw", **said) == 204, "told twice"
    ((active, kept_name),) = sql(service, "SELECT is_active, name FROM idp_member WHERE sub = ?", sub)
    assert (active, kept_name) == (0, "") and HANA not in addresses_kept(service)
    again.look("/signup/")
    again.press("/signup/", username=name, password1=PASSWORD)
    assert "この会員IDは使われています" in again.page, "never given to somebody else"


def test_a_withdrawal_that_atesaki_could_not_be_told_is_told_later(service: Netid) -> None:
    _, _, sub = joined(service, HANA)
    claim = service.atesaki.claim_of(sub)
    service.atesaki.away = True
    assert service.tell("customer.withdraw", case="case-l", number="A", claim=claim, customer=sub) == 204
    assert not service.atesaki.ends
    service.atesaki.away = False
    assert service.told(("withdrawn", "case-l"), ("withdrawn-claim", claim))


def test_a_member_leaves_by_themselves(service: Netid) -> None:
    ken, name, sub = joined(service, HANA)
    ken.look("/leave/").confirm("wrong")
    assert "パスワードが違います" in ken.page
    ken.confirm()
    assert ken.path == "/leave/" and "退会すると" in ken.page
    ken.press("/leave/")
    assert "退会の手続きが終わりました" in ken.page and not ken.signed_in()
    assert service.atesaki.ends == [("withdrawn-claim", service.atesaki.claim_of(sub))]
    assert not Browser(service).sign_in(name).signed_in()


def test_a_change_of_address_asks_who_it_is_unless_they_have_just_entered(service: Netid) -> None:
    ken, name, _ = joined(service)
    other = Browser(service)
    other.sign_in(name)
    for browser in (ken, other):
        assert browser.look("/address/change/").path == "/address/change/"
    service.age()
    for browser in (ken, other):
        assert browser.look("/address/change/").path == "/confirm/", "without an address, too"
    other.press("/confirm/", password="wrong-password-1")
    assert other.path == "/confirm/"
    assert ken.confirm().path == "/address/change/"
    assert not service.atesaki.calls


def test_an_address_given_again_keeps_its_claim_and_stops_when_disowned(service: Netid) -> None:
    """The same address has the same claim at atesaki."""
    ken, _, sub = joined(service, KEN)
    service.prove(sub)
    claim = service.atesaki.claim_of(sub)
    ken.look("/address/change/").confirm().press("/address/change/", address="ken.oshina@example.com")
    typo = service.atesaki.claim_of(sub)
    service.disown(sub, "case-typo", typo)
    ken.look("/address/change/").press("/address/change/", address=KEN)
    assert service.told(("corrected", "case-typo"))
    assert service.atesaki.claims[claim]["standing"] == "proved", "not withdrawn with the row that it had before"
    assert Shop(service).sign_in(ken)["email"] == KEN
    service.disown(sub, "case-own", claim)
    assert "email" not in Shop(service).sign_in(ken)
    assert "正しいアドレスに訂正してください" in ken.look("/").page


# --- ways back in --------------------------------------------------------------------------------------------------


def _ask_reset(service: Netid, who: str) -> str:
    browser = Browser(service).look("/password/reset/")
    browser.press("/password/reset/", who=who)
    assert browser.status == 200 and browser.path == "/password/reset/sent/"
    return re.sub(r'value="\w{64}"', "", browser.page)


def test_a_reset_goes_to_a_proved_address_only_and_the_page_says_the_same_always(service: Netid) -> None:
    pages = {_ask_reset(service, "nobody-at-all"), _ask_reset(service, "nobody@example.com")}
    _, without, _ = joined(service)
    pages.add(_ask_reset(service, without))
    _, name, sub = joined(service, KEN)
    claim = service.atesaki.claims[service.atesaki.claim_of(sub)]
    claim["standing"] = "answered"
    pages |= {_ask_reset(service, name), _ask_reset(service, KEN)}
    assert not service.door.mails, "the mailbox alone answered"

    service.prove(sub)
    for change in ({"standing": "doubted"}, {"standing": "disavowed"}, {"paused": True}):
        before = dict(claim)
        claim.update(change)
        pages.add(_ask_reset(service, name))
        claim.update(before)
    service.atesaki.away = True
    pages.add(_ask_reset(service, KEN))
    service.atesaki.away = False
    assert not service.door.mails and len(pages) == 1

    pages.add(_ask_reset(service, name))
    assert len(pages) == 1
    (mail,) = service.door.mails
    assert (mail["To"], mail["X-Atesaki-Customer"]) == (KEN, sub)
    assert str(mail["From"]) == "あおぞらID <id@id.aozora.example>"
    text = mail.get_content()
    assert name in text and "あおぞらグループ" in text and service.url in text


def _reset_link(service: Netid) -> str:
    found = re.search(r"http://\S+/password/reset/\S+", service.door.mails[-1].get_content())
    assert found
    return urlsplit(found[0]).path


def _set_by_link(service: Netid, link: str) -> Browser:
    browser = Browser(service).look(link)
    if "使えません" not in browser.page:
        browser.press(browser.path, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    return browser


def _codes(browser: Browser) -> list[str]:
    browser.look("/recovery-codes/").confirm()
    return re.findall(r'<li class="code">([\d-]+)</li>', browser.page)


def test_a_reset_leaves_nobody_else_inside(service: Netid) -> None:
    ken, name, sub = joined(service, KEN)
    service.prove(sub)
    codes = _codes(ken)
    shop = Shop(service)
    shop.sign_in(ken)
    _ask_reset(service, name)
    link = _reset_link(service)
    assert "新しいパスワードを設定しました" in _set_by_link(service, link).page
    assert not ken.signed_in() and shop.userinfo(shop.answer["access_token"])[0] == 401
    assert not Browser(service).sign_in(name).signed_in()
    back = Browser(service)
    back.sign_in(name, NEW_PASSWORD)
    assert back.signed_in()
    assert "このリンクは使えません" in _set_by_link(service, link).page, "once"
    other = Browser(service).look("/recover/")
    other.press("/recover/", username=name, code=codes[0], password=PASSWORD)
    assert other.status == 422, "the codes from before open nothing"


def test_a_change_of_address_ends_a_reset_that_waits(service: Netid) -> None:
    ken, name, sub = joined(service, HANA)
    service.prove(sub)
    _ask_reset(service, name)
    link = _reset_link(service)
    ken.look("/address/change/").confirm()
    ken.press("/address/change/", address=KEN)
    assert ken.path == "/address/" and "このアドレスで合っていますか" in ken.page
    assert "このリンクは使えません" in _set_by_link(service, link).page
    service.prove(sub)
    assert Shop(service).sign_in(ken)["email"] == KEN
    assert HANA not in str(
        sql(service, "SELECT a.* FROM idp_address a JOIN idp_member m ON m.id = member_id WHERE sub = ?", sub)
    )


def test_recovery_codes_open_the_account_without_mail_once(service: Netid) -> None:
    ken, name, _ = joined(service)
    codes = _codes(ken)
    assert len(codes) == 10 == len(set(codes)) and all(re.fullmatch(r"\d{4}-\d{4}-\d{4}", code) for code in codes)
    lost = Browser(service).look("/recover/")
    lost.press("/recover/", username=name, code="0000-0000-0000", password=NEW_PASSWORD)
    assert lost.status == 422 and "組み合わせが違います" in lost.page
    assert f'value="{name}"' in lost.page and NEW_PASSWORD not in lost.page
    lost.press("/recover/", username="nobody-here", code=codes[0], password=NEW_PASSWORD)
    assert "組み合わせが違います" in lost.page, "the same sentence for an unknown member"
    lost.press("/recover/", username=name, code=codes[3], password=NEW_PASSWORD)
    assert lost.path == "/login/"
    assert not ken.signed_in()
    lost.sign_in(name, NEW_PASSWORD)
    assert lost.signed_in()
    other = Browser(service).look("/recover/")
    other.press("/recover/", username=name, code=codes[4], password=PASSWORD)
    assert other.status == 422 and not service.door.mails


def test_codes_cannot_be_guessed_without_end(service: Netid) -> None:
    _, name, _ = joined(service)
    guesser = Browser(service).look("/recover/")
    for _ in range(5):
        guesser.press("/recover/", username=name, code="1", password=NEW_PASSWORD)
        assert guesser.status == 422
    page = guesser.page
    for browser in (guesser, Browser(service).look("/recover/")):
        browser.press("/recover/", username=name, code="1", password=NEW_PASSWORD)
        assert browser.status == 429 and "少しお待ちください" in browser.page
    assert page != guesser.page


def test_a_new_password_ends_other_sessions_and_the_change_that_waits(service: Netid) -> None:
    ken, name, sub = joined(service, KEN)
    claim = service.atesaki.claim_of(sub)
    elsewhere = Browser(service)
    elsewhere.sign_in(name)
    ken.look("/password/").press("/password/", oldpassword=PASSWORD, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
    assert ken.signed_in() and not elsewhere.signed_in()
    assert service.atesaki.ends == [("withdrawn-claim", claim)]
    assert service.prove(sub) == 204
    assert "email" not in Shop(service).sign_in(ken)
    assert "確認中だったアドレスの登録を取り消しました" in ken.look("/").page


# --- the five attacks ----------------------------------------------------------------------------------------------
# The attacker is who comes first; the victim owns the mailbox. Here that is Hana, and Ken only mistyped: what holds
# against malice holds against a slip.


def test_attack_1_classic_federated_merge(service: Netid) -> None:
    """The attacker registers Hana's address with a password; Hana comes later: the two are never merged."""
    attacker, name, theirs = joined(service, HANA)
    hana, _, hers = joined(service, HANA, name="花")
    assert service.prove(hers) == 204
    assert theirs != hers
    said = Shop(service).sign_in(hana)
    assert (said["sub"], said["email"]) == (hers, HANA)
    assert "email" not in Shop(service).sign_in(attacker)
    assert not Browser(service).sign_in(name, "whatever-hana-has").signed_in()
    assert attacker.sub() == theirs and "別の会員IDで先に確認されたため" in attacker.look("/").page
    claim = service.atesaki.claim_of(theirs)
    assert service.told(("withdrawn-claim", claim))
    assert service.tell("claim.proved", claim=claim, customer=theirs, method="match") == 204
    assert "email" not in Shop(service).sign_in(attacker)


def test_attack_2_unexpired_session(service: Netid) -> None:
    """The attacker stays signed in while the owner takes the account back: no session outlives that."""
    owner, name, sub = joined(service, KEN)
    service.prove(sub)
    attacker = Browser(service)
    attacker.sign_in(name)
    shop = Shop(service)
    shop.sign_in(attacker)
    assert attacker.signed_in()
    _ask_reset(service, name)
    _set_by_link(service, _reset_link(service))
    assert not attacker.signed_in() and not owner.signed_in()
    assert shop.userinfo(shop.answer["access_token"])[0] == 401
    assert shop.refresh(shop.answer["refresh_token"])[0] == 400
    attacker.look(Shop(service).authorize(prompt="none"))
    assert "code=" not in attacker.url


def test_attack_3_trojan_identifier(service: Netid) -> None:
    """The attacker leaves an identifier of their own in the account: it is void once the owner is back, and no
    会員ID can look like somebody's address."""
    ken, name, sub = joined(service, KEN)
    service.prove(sub)
    attacker = Browser(service)
    attacker.sign_in(name)
    left_behind = _codes(attacker)
    member = sql(service, "SELECT id FROM idp_member WHERE sub = ?", sub)[0][0]
    sql(
        service,
        "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (?, 'webauthn', ?, '2026-01-01')",
        member,
        '{"name": "trojan", "credential": {}}',
    )
    _ask_reset(service, KEN)
    _set_by_link(service, _reset_link(service))
    kinds = sql(service, "SELECT type FROM mfa_authenticator WHERE user_id = ?", member)
    assert kinds == [("recovery_codes",)], "the passkey is gone"
    again = Browser(service).look("/recover/")
    again.press("/recover/", username=name, code=left_behind[0], password=PASSWORD)
    assert again.status == 422
    again.look("/signup/")
    again.press("/signup/", username=HANA, password1=PASSWORD)
    assert again.path == "/signup/" and "半角の英小文字" in again.page
    assert not ken.signed_in()


def test_attack_4_unexpired_email_change(service: Netid) -> None:
    """The attacker begins a change to an address of theirs and ends it only after the owner is back: it is void."""
    _, name, sub = joined(service, KEN)
    service.prove(sub)
    attacker = Browser(service)
    attacker.sign_in(name)
    attacker.look("/address/change/").confirm()
    attacker.press("/address/change/", address="eve@example.com")
    claim = service.atesaki.claim_of(sub)
    assert service.atesaki.addresses[claim] == "eve@example.com" and f"</span>{MATCH}</p>" in attacker.page

    _ask_reset(service, name)
    _set_by_link(service, _reset_link(service))
    attacker.press("/address/code/", code=CODE + "e")
    assert attacker.path == "/login/"
    assert service.prove(sub) == 204, "by the number, which the attacker has seen"
    back = Browser(service)
    back.sign_in(name, NEW_PASSWORD)
    assert Shop(service).sign_in(back)["email"] == KEN
    _ask_reset(service, "eve@example.com")
    assert not service.door.to("eve@example.com")
    assert service.told(("withdrawn-claim", claim))


def test_attack_5_non_verifying_idp(service: Netid) -> None:
    """A shop that trusts this service by address is never told one that nobody proved."""
    attacker, _, sub = joined(service, HANA)
    shop = Shop(service)
    for standing in ("claimed", "answered"):
        service.atesaki.claims[service.atesaki.claim_of(sub)]["standing"] = standing
        said = shop.sign_in(attacker)
        _, info = shop.userinfo(shop.answer["access_token"])
        status, refreshed = shop.refresh(shop.answer["refresh_token"])
        assert status == 200
        for told in (said, info, shop.claims(refreshed["id_token"], nonce=None)):
            assert not {"email", "email_verified"} & set(told) and HANA not in str(told)


def test_a_stolen_session_is_no_takeover_by_the_case_of_a_typo(service: Netid) -> None:
    """Ken began a change to a typo, and its owner said "not me": whoever has his session then can neither change
    the address without the password nor end the one that is proved before another is."""
    ken, name, sub = joined(service, KEN)
    service.prove(sub)
    ken.look("/address/change/").confirm().press("/address/change/", address=HANA)
    service.disown(sub, "case-stolen")
    service.age()
    assert "申し出がありました" in ken.look("/").page
    before = len(service.atesaki.claims)
    assert ken.look("/address/change/").path == "/confirm/"
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', ken.page)
    assert token
    ken.look("/address/change/", {"csrfmiddlewaretoken": token[1], "address": "eve@example.com"})
    assert ken.path == "/confirm/" and len(service.atesaki.claims) == before

    ken.look("/address/change/").confirm().press("/address/change/", address="ken@example.jp")
    assert Shop(service).sign_in(ken)["email"] == KEN, "until the new one is proved"
    assert service.atesaki.addresses[service.atesaki.claim_of(sub)] == "ken@example.jp"
    assert service.prove(sub) == 204
    assert Shop(service).sign_in(ken)["email"] == "ken@example.jp"
    _ask_reset(service, name)
    assert service.door.to("ken@example.jp") and not service.door.to(KEN)


# --- the mirror image: Hana comes into Ken's account ---------------------------------------------------------------


def test_mirror_1_by_the_confirm_link(service: Netid) -> None:
    """Hana presses "confirm" out of politeness, without the number: the mailbox answered, and that opens nothing."""
    ken, _, sub = joined(service, HANA)
    claim = service.atesaki.claims[service.atesaki.claim_of(sub)]
    claim["standing"] = "answered"
    hana = Browser(service)
    hana.look(urlsplit(claim["return_url"]).path)
    assert hana.path == "/login/" and HANA not in hana.page and "大島" not in hana.page
    assert not hana.signed_in()
    assert "email" not in Shop(service).sign_in(ken)
    assert "まだ確認されていません" in ken.look("/").page


def test_mirror_2_by_a_reset(service: Netid) -> None:
    _, name, sub = joined(service, HANA)
    for standing in ("claimed", "answered"):
        service.atesaki.claims[service.atesaki.claim_of(sub)]["standing"] = standing
        _ask_reset(service, HANA)
        _ask_reset(service, name)
    assert not service.door.mails, "her mailbox is written to by nobody"


def test_mirror_3_by_the_code(service: Netid) -> None:
    """The code of Ken's claim is in Hana's mailbox. It counts on Ken's page only."""
    ken, _, kens = joined(service, HANA)
    code = service.atesaki.code(service.atesaki.claim_of(kens))
    stranger = Browser(service).look("/login/")
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', stranger.page)
    assert token
    stranger.look("/address/code/", {"csrfmiddlewaretoken": token[1], "code": code})
    assert stranger.path == "/login/"
    hana, _, hers = joined(service, "flower@example.jp", name="花")
    before = len(service.atesaki.calls)
    hana.look("/address/").press("/address/code/", code=code)
    assert hana.status == 422 and "コードが違います" in hana.page
    (call,) = service.atesaki.calls[before:]
    assert call[1] == f"/api/v1/claims/{service.atesaki.claim_of(hers)}/code", "asked about her own claim"
    assert "email" not in Shop(service).sign_in(ken)


def test_mirror_4_by_the_e_mail_claim_at_the_shop(service: Netid) -> None:
    """Hana proves her own address in an account of hers: the shop meets another `sub`, and Ken's never had it."""
    ken, _, kens = joined(service, HANA)
    hana, _, hers = joined(service, HANA, name="花")
    service.prove(hers)
    at_shop = {claims["sub"]: claims for claims in (Shop(service).sign_in(ken), Shop(service).sign_in(hana))}
    assert at_shop[hers]["email"] == HANA and at_shop[hers]["name"] == "花"
    assert "email" not in at_shop[kens] and at_shop[kens]["name"] == "大島 健太郎"


def test_mirror_5_by_a_guessed_number(service: Netid) -> None:
    """Hana guesses the two digits: that opens no way to reset Ken's password. The code, typed by Ken, does."""
    ken, name, sub = joined(service, HANA)
    assert service.prove(sub, "match") == 204
    assert Shop(service).sign_in(ken)["email"] == HANA
    pages = {_ask_reset(service, HANA), _ask_reset(service, name), _ask_reset(service, "nobody-at-all")}
    assert not service.door.mails and len(pages) == 1
    assert "メールのコードで確認したアドレスだけです" in ken.look("/").page
    ken.language = "en"
    assert "the two-digit number is not enough" in ken.look("/").page

    service.prove(sub, "code")
    assert _ask_reset(service, name) in pages
    (mail,) = service.door.mails
    assert mail["To"] == HANA
    service.prove(sub, "match")
    _ask_reset(service, name)
    assert len(service.door.mails) == 1, "after a doubt the newest proof counts"


# --- pages ---------------------------------------------------------------------------------------------------------

OPEN = [
    "/",
    "/login/",
    "/signup/",
    "/signup/passkey/",
    "/password/reset/",
    "/password/reset/sent/",
    "/recover/",
    "/left/",
]
MEMBERS = ["/", "/address/", "/address/change/", "/password/", "/logout/", "/leave/", "/recovery-codes/", "/nowhere/"]


def test_every_page_has_the_strict_policy_and_nothing_inline(service: Netid) -> None:
    ken, _, _ = joined(service, KEN)
    for browser, paths in ((Browser(service), OPEN), (ken, MEMBERS), (Browser(service, language="en"), OPEN)):
        for path in paths:
            browser.look(path)
            policy = browser.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert "no-store" in browser.headers["Cache-Control"] and browser.headers["X-Frame-Options"] == "DENY"
            inline = re.search(r"<script(?![^>]*(src=|application/json))|<style|\sstyle=|\son\w+=", browser.page)
            assert not inline, path
            assert re.search(r"[ぁ-ん]", re.sub(r"<[^>]*>|あおぞら\S*", "", browser.page)) or browser.language == "en"
            if browser.language == "en":
                text = re.sub(r"<[^>]*>|“あおぞらID|あおぞらID", "", browser.page)
                assert not re.search(r"[ぁ-んァ-ヶ]", text), (path, text)


def test_cookies_are_named_for_this_service(service: Netid) -> None:
    browser, _, _ = joined(service)
    names = {cookie.name for cookie in browser.cookies}
    assert names == {"netid_session", "netid_csrf"}
    assert all(cookie.has_nonstandard_attr("HttpOnly") for cookie in browser.cookies)


def test_get_changes_nothing_and_a_form_from_elsewhere_neither(service: Netid) -> None:
    ken, _, sub = joined(service, KEN)
    for path in ("/address/code/", "/address/again/", "/address/remove/", "/sessions/end/", "/name/"):
        assert ken.look(path).status == 405
        assert ken.look(path, {"csrfmiddlewaretoken": "x" * 64}).status == 403 and "もう一度お願いします" in ken.page
    ken.look("/logout/")
    ken.look("/leave/")
    assert ken.signed_in() and service.atesaki.claim_of(sub) and not service.atesaki.ends


def test_nobody_is_sent_elsewhere_after_signing_in(service: Netid) -> None:
    _, name, _ = joined(service)
    for place in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        browser = Browser(service).look("/login/?next=" + place)
        browser.press("/login/", login=name, password=PASSWORD)
        assert browser.url.startswith(service.url), browser.url
        browser.look("/address/?next=" + place)
        assert "evil" not in browser.page and "javascript:" not in browser.page


def test_only_addresses_py_talks_to_atesaki_and_nothing_imports_it() -> None:
    talkers = {}
    for file in sorted((TOP / "reference/idp").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] != "atesaki", file
                assert not name.startswith("reference.shop"), file
                if name.split(".")[0] == "atesaki_client":
                    talkers.setdefault(name, set()).add(file.name)
    assert talkers == {"atesaki_client": {"addresses.py"}, "atesaki_client.django": {"pages.py"}}


# --- 2017 ----------------------------------------------------------------------------------------------------------


def test_2017_the_address_is_mandatory_nobody_is_asked_and_the_shop_is_told_at_once(tmp_path: Path) -> None:
    with netid(tmp_path, era="2017") as before:
        ken, name = Browser(before), someone()
        ken.look("/signup/")
        ken.press("/signup/", username=name, password1=PASSWORD, name="大島 健太郎", address="")
        assert "メールアドレスを入力してください" in ken.page
        shop = Shop(before)
        ken.sign_up(name, HANA, onward=shop.authorize())
        assert ken.url.startswith(f"{before.shop_url}/netid/callback?code=")
        thanks, complete = before.door.to(HANA)
        assert "ご登録ありがとうございます" in thanks["Subject"] and "登録が完了しました" in complete["Subject"]
        assert "大島 健太郎" in thanks.get_content() and name in complete.get_content()
        assert not before.atesaki.calls, "nobody asked anything"
        said = shop.sign_in(ken)
        assert (said["email"], said["email_verified"]) == (HANA, False)
        assert ken.look("/address/").status == 404

        _ask_reset(before, HANA)
        assert "新しいパスワードを設定しました" in _set_by_link(before, _reset_link(before)).page
        hana = Browser(before)
        hana.sign_in(name, NEW_PASSWORD)
        assert hana.signed_in() and not ken.signed_in(), "in 2017 Hana could walk in"
        assert CLIENT_SECRET not in before.log.read_text()
