"""The ID service in a real browser: phone and desktop, both languages, with and without JavaScript; passkeys.

`SCREENSHOTS=folder` keeps a picture of every page in every look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.sound import FLAGS, faults, measured, picture
from tests.idp_world import HANA, KEN, MATCH, PASSWORD, Netid, netid

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS = [
    ("phone", 390, 844, "ja-JP", True),
    ("desktop", 1280, 800, "ja-JP", True),
    ("phone", 390, 844, "en-GB", False),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netid]:
    # A passkey belongs to a host name: 127.0.0.1 is none.
    with netid(tmp_path_factory.mktemp("netid"), host="localhost") as running:
        yield running


@pytest.fixture(scope="module")
def chromium(require: Callable[..., Path]) -> Iterator[Browser]:
    program = require("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=FLAGS)
        yield browser
        browser.close()


def _sign_up(page: Page, service: Netid, username: str, address: str = "") -> None:
    page.goto(f"{service.url}/signup/")
    page.fill("[name=username]", username)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=name]", "大島 健太郎")
    page.fill("[name=address]", address)
    page.click("main form button")


def _confirmed(page: Page) -> None:
    """Where the page wants to know once more that it is they."""
    if "/confirm/" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")


def _steps(page: Page, service: Netid, username: str) -> Iterator[str]:
    """A member's whole way; each name is of the page that stands there then."""
    go = lambda path: page.goto(service.url + path)  # noqa: E731
    for name, path in (
        ("welcome", "/"),
        ("login", "/login/"),
        ("signup", "/signup/"),
        ("reset", "/password/reset/"),
        ("reset-sent", "/password/reset/sent/"),
        ("recover", "/recover/"),
        ("left", "/left/"),
        ("link-void", "/password/reset/00000000000000000000000000000000-x-y/"),
        ("error", "/oauth/authorize?client_id=nobody"),
    ):
        go(path)
        yield name
    go("/login/")
    page.fill("[name=login]", "nobody")
    page.fill("[name=password]", "nothing")
    page.click("form[action='/login/'] button")
    yield "login-wrong"
    _sign_up(page, service, "ab", "ken@gmial.com")
    yield "signup-wrong"
    _sign_up(page, service, username, HANA)
    assert page.locator(".address.large").inner_text() == HANA
    assert page.locator(".match").inner_text().endswith(MATCH)
    yield "address"
    page.fill("[name=code]", "1")
    page.click("form[action='/address/code/'] button")
    yield "address-wrong"
    page.click("summary")
    yield "address-none"
    service.atesaki.away = True
    page.goto(f"{service.url}/address/change/")
    yield "change"
    page.fill("[name=address]", KEN)
    page.click("main form button")
    yield "address-waits"
    service.atesaki.away = False
    page.click("form[action='/address/again/'] button")
    page.click("main .button >> nth=1")
    yield "member"
    for name, path in (("password", "/password/"), ("logout", "/logout/"), ("not-found", "/nothing/")):
        go(path)
        yield name
    go("/recovery-codes/")
    yield "confirm"
    _confirmed(page)
    yield "codes"
    for name, path in (("new-codes", "/recovery-codes/new/"), ("leave", "/leave/"), ("passkey", "/passkeys/add/")):
        go(path)
        yield name
    sub = list(service.atesaki.claims.values())[-1]["customer"]
    service.tell("customer.contact_needed", case=f"c-{username}", number="A", claim="c", customer=sub)
    go("/")
    yield "member-asked-to-correct"
    service.disown(sub, f"c-{username}")
    service.atesaki.disavowed.clear()
    go("/address/")
    yield "address-taken-away"
    go("/leave/")
    page.click("button.danger")
    assert "/left/" in page.url


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[3]}")
def test_every_page_is_sound_in_every_look(service: Netid, chromium: Browser, look: Any) -> None:
    """A member's whole way; axe's rules and our own, and nothing that the policy forbids."""
    size, width, height, locale, scripts = look
    context = chromium.new_context(
        viewport={"width": width, "height": height}, locale=locale, java_script_enabled=scripts
    )
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if "Content Security" in said.text else None)
    wrong: dict[str, Any] = {}
    for name in _steps(page, service, f"{size}-{locale[:2]}-member"):
        picture(page, f"idp-{name}-{size}-{locale[:2]}")
        assert page.locator("html").get_attribute("lang") == locale[:2]
        if found := (faults(page) if scripts else measured(page)):  # axe is a script
            wrong[name] = found
    context.close()
    assert not wrong and not broken, (wrong, broken)


def _with_passkeys(chromium: Browser) -> tuple[BrowserContext, Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return context, page


def test_a_passkey_signs_up_and_in_without_address_or_password(service: Netid, chromium: Browser) -> None:
    context, page = _with_passkeys(chromium)
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    page.goto(f"{service.url}/signup/")
    page.click("text=パスキーで登録")
    page.fill("[name=username]", "key-only")
    page.click("main form button")
    page.click("#mfa_webauthn_signup")
    page.wait_for_selector("text=ログイン中の端末")
    assert page.locator("#h-passkeys ~ ul li").count() == 1

    page.click("text=ログアウト >> nth=0")
    page.goto(f"{service.url}/login/")
    page.click("#passkey_login")
    page.wait_for_selector("text=ログイン中の端末")
    assert page.locator("dd.code").inner_text() == "key-only"

    page.click("text=削除")  # the last one, and no password: the way back in would be gone
    page.click("main a:has-text('パスキーを使う')")
    page.click("#mfa_webauthn_reauthenticate")
    page.click("button:has-text('削除する')")
    assert page.locator("text=最後のパスキーです").count() == 1

    page.click("a:has-text('設定する')")
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.click("main form button")
    page.goto(f"{service.url}/")
    page.click("text=削除")
    page.click("button:has-text('削除する')")
    assert page.locator("text=パスキーを削除しました").count() == 1
    page.goto(f"{service.url}/recovery-codes/")
    assert page.locator("ul.codes li").count() == 10, "the codes outlive the last passkey"
    assert not broken, broken
    assert not service.door.mails
    context.close()


def test_a_passkey_beside_a_password_guards_it_and_a_code_stands_in(service: Netid, chromium: Browser) -> None:
    context, page = _with_passkeys(chromium)
    _sign_up(page, service, "key-and-word")
    page.goto(f"{service.url}/passkeys/add/")
    _confirmed(page)
    page.click("#mfa_webauthn_add")
    page.wait_for_selector("text=パスキー 1")
    page.goto(f"{service.url}/recovery-codes/")
    code = page.locator("ul.codes li").first.inner_text()

    elsewhere = chromium.new_context(locale="ja-JP")
    other = elsewhere.new_page()
    other.goto(f"{service.url}/login/")
    other.fill("[name=login]", "key-and-word")
    other.fill("[name=password]", PASSWORD)
    other.click("form[action='/login/'] button")
    assert "もうひとつの確認" in other.content(), "the password alone is not enough"
    other.goto(f"{service.url}/")
    assert "ログイン中の端末" not in other.content()
    other.goto(f"{service.url}/login/second/")
    other.fill("[name=code]", code)
    other.click("button:has-text('予備コードでログイン')")
    assert "ログイン中の端末" in other.content()
    elsewhere.close()
    context.close()


def test_where_no_passkey_can_be_made_the_page_says_so(service: Netid, chromium: Browser) -> None:
    context = chromium.new_context(locale="ja-JP")
    page = context.new_page()
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{service.url}/login/")
    assert page.locator("#passkey_login").is_disabled()
    assert page.locator(".passkey-error").inner_text() == "このブラウザではパスキーを使えません。"
    context.close()
