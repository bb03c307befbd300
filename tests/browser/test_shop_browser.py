"""The reference shop in a real browser: from the front to an order on a phone and on a desk, without JavaScript.

Every page on the way is held against WCAG 2.2 AA (`tests.browser.sound`). `SCREENSHOTS=folder` keeps a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.sound import faults, picture
from tests.market import CODE, KEN, Market, market, stock

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def shop(require: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    require("chromium", "chromium-browser", "google-chrome")
    with market(tmp_path_factory.mktemp("shop"), stock(tmp_path_factory.mktemp("stocked"))) as running:
        yield running


ENGLISH = ("front", "address-missing", "confirm", "placed")  # the other pages differ in no more than words


class Walk:
    """A page, and what is wrong with each that it has shown."""

    def __init__(self, browser: Browser, shop: Market, look: str, width: int, height: int, locale: str) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, reduced_motion="reduce", bypass_csp=True
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.shop, self.look, self.wrong, self.seen = shop, look, [], 0
        self.page.on("console", self._heard)

    def _heard(self, message: object) -> None:
        text = message.text  # type: ignore[attr-defined]
        if "Content Security Policy" in text:
            self.wrong.append(text)

    def to(self, path: str) -> None:
        self.page.goto(self.shop.url + path)

    def shown(self, name: str) -> None:
        if self.look == "phone-en" and name not in ENGLISH:
            return
        self.seen += 1
        picture(self.page, f"shop-{self.look}-{self.seen:02d}-{name}")
        self.wrong += [f"{name}: {each}" for each in faults(self.page)]

    def press(self, selector: str) -> None:
        self.page.locator(selector).first.click()


def _order(walk: Walk) -> None:
    """From the front to the order, its mail, and the pages around it."""
    page = walk.page
    walk.to("/")
    walk.shown("front")
    walk.press("#tomato button.add")
    assert page.locator("#tomato .have").inner_text() == "1" and page.url.endswith("#tomato")
    walk.to("/goods/rice/")
    walk.shown("article")
    walk.press(".buy button")
    walk.to("/basket/")
    walk.shown("basket")
    walk.press("a[href='/checkout/']")
    walk.shown("begin")
    walk.press("a[href='/checkout/address/']")
    walk.press("form.form button")
    walk.shown("address-missing")
    for name, value in {**KEN, "email": "hana@gmial.com"}.items():
        if name != "prefecture":
            page.fill(f"[name={name}]", value)
    page.select_option("[name=prefecture]", KEN["prefecture"])
    walk.press("form.form button")
    walk.shown("slot")
    page.locator("label.hour").nth(4).click()
    walk.press("form.form button")
    page.locator("label.way", has=page.locator("[value=card]")).click()
    walk.shown("payment")
    page.fill("#number", "4242 4242 4242 4242")
    page.fill("#expiry", "12/39")
    page.fill("#cvc", "123")
    walk.press("form.form button")
    walk.shown("confirm")
    assert "hana@gmail.com" in page.locator(".maybe").inner_text()
    walk.press("form.final button")
    assert page.locator(".mail-large").inner_text() == "hana@gmial.com"
    walk.shown("placed")
    walk.press(".maybe button")
    assert page.locator(".mail-large").inner_text() == "hana@gmail.com"
    assert page.locator(".match .digits").inner_text() == "47"
    page.fill("#code", CODE)
    walk.press(".code button")
    assert page.locator(".mail-box .ok").is_visible()
    walk.shown("proved")


@pytest.mark.parametrize(
    ("look", "width", "height", "locale"),
    [("phone", 390, 844, "ja-JP"), ("desk", 1280, 800, "ja-JP"), ("phone-en", 390, 844, "en-GB")],
)
def test_from_the_front_to_an_order(
    browser: Browser, shop: Market, look: str, width: int, height: int, locale: str
) -> None:
    walk = Walk(browser, shop, look, width, height, locale)
    try:
        _order(walk)
        if look != "phone-en":
            for name, path in (
                *(
                    ("shelf", "/shelf/produce/"),
                    ("search", "/search/?q=%E5%8C%97%E6%B5%B7%E9%81%93"),
                    ("orders", "/orders/"),
                ),
                *(("contact", "/contact/"), ("legal", "/legal/"), ("correct", "/correct/"), ("missing", "/nothing")),
            ):
                walk.to(path)
                walk.shown(name)
        assert not walk.wrong, "\n".join(walk.wrong)
    finally:
        walk.context.close()


def test_the_members_pages_and_the_notice(browser: Browser, shop: Market) -> None:
    walk = Walk(browser, shop, "member", 390, 844, "ja-JP")
    try:
        shop.netid.who = {"sub": "sub-browser", "name": "大島 健太郎"}
        walk.to("/netid/login?then=/member/")
        walk.shown("member")
        walk.press(".mail-do a[href*='/mail/']")
        walk.page.fill("#email", "hana@example.jp")
        walk.shown("change")
        walk.press("button[value=change]")
        ref = shop.atesaki.claim_of("hana@example.jp")["customer"]
        claim = shop.atesaki.claim_of("hana@example.jp")["id"]
        shop.tell("claim.disowned", case="case-b", number="S-1", claim=claim, customer=ref)
        walk.to("/")
        assert walk.page.locator(".notice").is_visible()
        walk.shown("notice")
        walk.press(".notice a")
        walk.shown("correct")
        walk.press("button[value=none]")
        assert not walk.page.locator(".notice").count()
        walk.to("/member/leave/")
        walk.shown("leave")
        walk.press("main form button")
        walk.shown("left")
        assert not walk.wrong, "\n".join(walk.wrong)
    finally:
        walk.context.close()


def test_it_works_without_javascript_and_under_its_own_policy(browser: Browser, shop: Market) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="ja-JP")
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    page.goto(f"{shop.url}/")
    page.locator("#milk button.add").click()
    page.locator(".bar a").click()
    page.locator("a[href='/checkout/']").click()
    assert page.url.endswith("/checkout/") and not refused
    context.close()
