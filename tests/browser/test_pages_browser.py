"""The pages in a real browser: phone and desktop, Japanese and English, light and dark, JavaScript off.

`SCREENSHOTS=folder` keeps a picture of every page in every look.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page

from atesaki import gate, notme
from atesaki.language import moment
from tests.browser.sound import measured, picture
from tests.world import KEN_LIVES_AT, SECRETS, World, order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Each size, language and theme, and each pair of them, in half of the looks.
LOOKS = [
    (size, lang, theme)
    for size, lang, theme in itertools.product(
        [("phone", 390, 844), ("desktop", 1280, 800)], [("ja", "ja-JP"), ("en", "en-GB")], ["light", "dark"]
    )
    if (size[0] == "phone") ^ (lang[0] == "en") ^ (theme == "dark")
]
MOST_OCTETS = 50_000
KNOWN = f"X-Atesaki-Knows: postal_code={KEN_LIVES_AT}; phone_last4=0001; birth_year=1980\r\n"
BARE = b"From: shop@shop.example\r\nTo: hana@example.jp\r\nSubject: hello\r\n\r\nhello\r\n"


@dataclass
class Site:
    """The running site, and what its mails carried."""

    url: str
    world: World
    browser: Browser

    def mailed(self, raw: bytes, to: str) -> tuple[str, str]:
        """Sends a mail through the gate; the confirm and the not-me page that the notice names."""
        self.world.send(raw, to)
        gate.drive()
        mine = [mail for mail in self.world.notices() if mail["To"] == to]
        confirm, not_me = self.world.tokens(mine[-1])
        return f"/c/{confirm}", f"/n/{not_me}"

    def open(self, path: str, **context: object) -> Page:
        page = self.browser.new_context(java_script_enabled=False, **context).new_page()
        page.goto(self.url + path)
        return page


@pytest.fixture
def site(live_server: object, browser: Browser, world: World, settings: object) -> Iterator[Site]:
    url = live_server.url  # type: ignore[attr-defined]
    settings.ATESAKI_PUBLIC_URL = url  # type: ignore[attr-defined]
    yield Site(url, world, browser)
    for context in browser.contexts:
        context.close()


def scenes(site: Site) -> dict[str, Callable[[Page], None]]:
    """Every page, and how a person comes to it."""
    asked, _ = site.mailed(KNOWN.encode() + order(1), "hana@example.jp")
    bare, stranger = site.mailed(BARE, "sora@example.jp")
    answered, _ = site.mailed(BARE, "umi@example.jp")
    gate.confirm(answered.removeprefix("/c/"))
    closed, _ = site.mailed(KNOWN.encode() + order(2), "yama@example.jp")
    for _ in range(3):
        gate.confirm(closed.removeprefix("/c/"), "postal_code", "100-0001")
    stopped, already = site.mailed(BARE, "kawa@example.jp")
    notme.report(already.removeprefix("/n/"))

    def at(path: str) -> Callable[[Page], None]:
        return lambda page: page.goto(site.url + path) and None

    def wrong(page: Page) -> None:
        page.goto(site.url + asked)
        page.locator("#postal_code").fill("27")
        page.locator("form:has(#postal_code) button").click()

    def other(page: Page) -> None:
        page.goto(site.url + asked)
        page.locator("summary").first.click()

    def proved(page: Page) -> None:
        confirm, _ = site.mailed(KNOWN.encode() + order(3), f"mori{len(site.world.delivered())}@example.jp")
        page.goto(site.url + confirm)
        page.locator("#postal_code").fill(KEN_LIVES_AT)
        page.locator("form:has(#postal_code) button").click()

    def press(path: str) -> Callable[[Page], None]:
        def act(page: Page) -> None:
            page.goto(site.url + path)
            page.locator("form[action*='/n/'] button, form[action*='not-me'] button").click()

        return act

    def freed(page: Page) -> None:
        _, not_me = site.mailed(BARE, f"tani{len(site.world.delivered())}@example.jp")
        press(not_me)(page)

    mails = site.world.maildir / "new"
    notice = sorted(mails.iterdir())[0].name
    return {
        "front": at("/"),
        "about": at("/about-this-mail"),
        "confirm": at(asked),
        "confirm_other_question": other,
        "confirm_wrong": wrong,
        "confirm_click": at(bare),
        "confirm_answered": at(answered),
        "confirm_closed": at(closed),
        "confirm_stopped": at(stopped),
        "confirmed": proved,
        "gone": at("/c/nothing-like-it"),
        "not_me": at(stranger),
        "kept": at(f"{stranger}/keep"),
        "stopped": freed,
        "stopped_again": press(stopped),
        "stopped_already": at(already),
        "one_click": at(f"{stranger}/one-click"),
        "not_found": at("/no-such-page"),
        "mailbox": at("/mailbox/"),
        "mailbox_mail": at(f"/mailbox/{notice}"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1][0]}-{look[2]}")
def test_every_page_is_sound_in_every_look(site: Site, look: tuple) -> None:
    (size, width, height), (lang, locale), theme = look
    context = site.browser.new_context(
        java_script_enabled=False,
        locale=locale,
        viewport={"width": width, "height": height},
        color_scheme=theme,
    )
    page = context.new_page()
    problems = []
    page.on("console", lambda said: problems.append(f"console: {said.text}") if "status of" not in said.text else None)
    octets: list[int] = []
    page.on("response", lambda answer: octets.append(len(answer.body())) if answer.ok else None)
    for name, reach in scenes(site).items():
        octets.clear()
        reach(page)
        page.wait_for_load_state("load")
        problems += [f"{name}: {fault}" for fault in measured(page)]
        if page.locator("html").get_attribute("lang") != lang:
            problems.append(f"{name}: not in {lang}")
        if any(secret in page.content() for secret in SECRETS if secret != KEN_LIVES_AT):
            problems.append(f"{name}: shows the customer's data")
        picture(page, f"{name}-{size}-{lang}-{theme}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_no_public_page_weighs_more_than_fifty_kilobytes(site: Site, lang: str) -> None:
    confirm, not_me = site.mailed(KNOWN.encode() + order(1), "hana@example.jp")
    for path in ("/", "/about-this-mail", confirm, not_me, f"{not_me}/keep", f"{not_me}/one-click"):
        page = site.browser.new_context(java_script_enabled=False).new_page()
        octets: list[int] = []
        page.on("response", lambda answer, octets=octets: octets.append(len(answer.body())))
        page.goto(f"{site.url}{path}?lang={lang}", wait_until="networkidle")
        assert len(octets) >= 3, path
        assert sum(octets) < MOST_OCTETS, (path, octets)


def test_hana_says_not_me_with_one_press(site: Site) -> None:
    _confirm, not_me = site.mailed(KNOWN.encode() + order(1), "hana@example.jp")
    page = site.open(not_me, locale="ja-JP")
    page.get_by_role("button", name="登録していません").click()
    assert page.get_by_role("heading", level=1).inner_text() == "メールを停止しました"
    assert site.world.orders() == []
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "The mail is already stopped"


def test_ken_proves_with_the_keyboard_alone_and_gets_his_mail(site: Site) -> None:
    confirm, _ = site.mailed(KNOWN.encode() + order(1), "hana@example.jp")
    page = site.open(confirm, locale="en-GB")
    page.locator("#postal_code").focus()
    page.keyboard.type("27")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    field = page.locator("#postal_code")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "27"
    assert page.title().startswith("Please check your answer")
    field.fill("２７３ー０００５")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Number of mails: 1" in page.locator("main").inner_text()
    gate.drive()
    assert len(site.world.orders()) == 1


def test_the_language_switch_survives_a_form(site: Site) -> None:
    confirm, _ = site.mailed(BARE, "hana@example.jp")
    page = site.open(confirm, locale="ja-JP")
    page.get_by_role("link", name="English").click()
    page.get_by_role("button", name="This mailbox is mine").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you for telling us"
    page.go_back()
    page.get_by_role("button", name="This is not me").click()
    assert page.get_by_role("heading", level=1).inner_text() == "The mail is stopped"
    page.get_by_role("link", name="日本語").click()
    assert page.get_by_role("heading", level=1).inner_text() == "メールアドレスの確認"


def test_the_pages_need_no_cookie(site: Site) -> None:
    _, not_me = site.mailed(BARE, "hana@example.jp")
    page = site.open(not_me)
    page.locator("form button").click()
    assert page.context.cookies() == []
    assert "/n/" in page.url


@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
def test_both_choices_stand_on_the_first_screen_of_a_phone(site: Site, locale: str) -> None:
    for path in site.mailed(KNOWN.encode() + order(1), "hana@example.jp"):
        page = site.open(path, locale=locale, viewport={"width": 390, "height": 844})
        for choice in page.locator(".choices > section").locator("button, .button").all():
            box = choice.bounding_box()
            assert box and box["y"] + box["height"] <= 844


def test_focus_is_seen(site: Site) -> None:
    confirm, _ = site.mailed(KNOWN.encode() + order(1), "hana@example.jp")
    page = site.open(confirm)
    for _ in range(7):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "3px" in outline and "solid" in outline


@pytest.mark.parametrize("name", ["notice.ja", "notice.en", "confirmation.ja", "confirmation.en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_our_mail_fits_a_phone(browser: Browser, name: str, theme: str, world: World) -> None:
    from atesaki import clock

    words = {
        "service": world.service.name,
        "organisation": world.service.organisation.name,
        "sender": world.service.sender,
        "confirm_url": "https://post.example.jp/c/" + "x" * 32,
        "not_me_url": "https://post.example.jp/n/" + "x" * 32,
        "about_url": "https://post.example.jp/about-this-mail",
        "until": moment(clock.now(), world.service.zone, "ja" if name.endswith("ja") else "en"),
        "code": "123456",
        "reply_to": "r+token@post.example.jp",
    }
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=theme)
    page = context.new_page()
    page.set_content(render_to_string(f"notices/{name}.html", words))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sizes = {
        (box["width"], box["height"])
        for box in (one.bounding_box() for one in page.locator("p > a[href*='/c/'], p > a[href*='/n/']").all())
    }
    assert len(sizes) == 1 and min(next(iter(sizes))) >= 44
    assert page.locator("img, script, link").count() == 0
    picture(page, f"mail-{name}-{theme}")
    context.close()
