"""`/ask` in a real browser: phone and desktop, Japanese and English, without JavaScript; looked over by axe, with it.

`SCREENSHOTS=folder` keeps a picture of every page.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page

from atesaki import tenants
from atesaki.models import Inquiry, Report
from tests.browser import sound
from tests.browser.sound import picture
from tests.browser.test_pages_browser import Site, site  # noqa: F401
from tests.test_ask import MAIL

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
LANGUAGES = [("ja", "ja-JP"), ("en", "en-GB")]
SIZES = [("phone", PHONE), ("desktop", {"width": 1280, "height": 800})]
WCAG = [*sound.TAGS, "best-practice"]


@pytest.fixture
def several(site: Site) -> Site:  # noqa: F811
    tenants.add_service("ID基盤", organisation="はな商事", locale="ja", mode="enforce", sender="id@id.example")
    return site


def faults(page: Page) -> list[str]:
    """What axe and our own measures find on the page that is open."""
    return sound.faults(page, tags=WCAG)


def typed(page: Page, email: str = "hana@example.jp") -> None:
    page.locator("#text").fill("二つ届きました。\n一つは返せますか。")
    page.locator("#email").fill(email)
    page.locator("#name").fill("花")
    page.locator("#furigana").fill("はな")
    page.locator("form.sheet > button").click()


def scenes(site: Site) -> dict[str, Callable[[Page], None]]:  # noqa: F811
    """Every page of `/ask`, and how a person comes to it."""

    def at(path: str) -> Callable[[Page], None]:
        return lambda page: page.goto(site.url + path) and None

    def report(address: str) -> Callable[[Page], None]:
        def act(page: Page) -> None:
            page.goto(f"{site.url}/ask/not-mine")
            page.locator("#address").fill(address)
            page.locator("form.sheet > button").click()

        return act

    def question(then: str = "", email: str = "hana@example.jp") -> Callable[[Page], None]:
        def act(page: Page) -> None:
            page.goto(f"{site.url}/ask/about/returns")
            typed(page, email)
            if then:
                page.locator(f"button[value={then}]").click()

        return act

    def empty(page: Page) -> None:
        page.goto(f"{site.url}/ask/about/returns")
        page.locator("form.sheet > button").click()

    def changed(page: Page) -> None:
        question()(page)
        page.locator("input[name=kept]").evaluate("e => e.value = 'x'")
        page.locator("button[value=send]").click()

    return {
        "ask": at("/ask"),
        "ask_not_mine": at("/ask/not-mine"),
        "ask_not_mine_wrong": report("hana@"),
        "ask_not_mine_slip": report("hana@gmial.com"),
        "ask_reported": report("hana@example.jp"),
        "ask_input": at("/ask/about/order"),
        "ask_input_wrong": empty,
        "ask_input_slip": question(email="hana@gmial.com"),
        "ask_confirm": question(),
        "ask_confirm_no_email": question(email=""),
        "ask_back": question("back"),
        "ask_sent": question("send"),
        "ask_changed": changed,
        "gone": at("/c/none"),
        "about": at("/about-this-mail"),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("size", "viewport"), SIZES)
@pytest.mark.parametrize(("lang", "locale"), LANGUAGES)
def test_every_page_is_sound(several: Site, size: str, viewport: dict, lang: str, locale: str) -> None:
    theme = "dark" if (size == "phone") == (lang == "en") else "light"  # each pair of the three, in half of the looks
    context = several.browser.new_context(locale=locale, viewport=viewport, color_scheme=theme)  # axe is a script
    page = context.new_page()
    problems = []
    page.on("console", lambda said: problems.append(f"console: {said.text}") if "status of" not in said.text else None)
    for name, reach in scenes(several).items():
        reach(page)
        problems += [f"{name}: {fault}" for fault in faults(page)]
        if page.locator("html").get_attribute("lang") != lang:
            problems.append(f"{name}: not in {lang}")
        picture(page, f"{name}-{size}-{lang}-{theme}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
@pytest.mark.parametrize("height", [844, 667])
def test_all_subjects_stand_on_the_first_screen_of_a_phone(several: Site, locale: str, height: int) -> None:
    page = several.open("/ask", locale=locale, viewport={"width": 390, "height": height})
    boxes = [link.bounding_box() for link in page.locator(".subjects a").all()]
    assert len(boxes) == 6
    for box in boxes:
        assert box and box["y"] + box["height"] <= height and box["height"] >= 44
    assert boxes[0] and boxes[1] and boxes[0]["height"] > boxes[1]["height"], "the first is the prominent one"


def test_hana_tells_of_mail_that_is_not_hers_without_a_name_or_a_cookie(several: Site) -> None:
    page = several.open("/about-this-mail", locale="ja-JP", viewport=PHONE)
    page.locator("footer").get_by_role("link", name="心当たりのないメール").click()
    page.get_by_role("link", name="心当たりのないメールが届いた方").click()
    page.locator("#address").fill("hana@gmial.com")
    with page.expect_navigation():
        page.locator("#address").press("Enter")
    assert page.title().startswith("入力をご確認ください")
    page.locator("#address").press("Enter")  # Enter is the form's own button, never the suggestion's
    page.wait_for_url("**/ask/not-mine/sent")
    page.goto(f"{several.url}/ask/not-mine")
    page.locator("#address").fill("hana@gmial.com")
    page.locator("form.sheet > button").click()
    page.get_by_role("button", name="hana@gmail.com に直す").click()
    assert page.get_by_role("heading", level=1).inner_text() == "お知らせを受け付けました"
    page.reload()
    assert Report.objects.count() == 2
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "We have your report"
    assert page.context.cookies() == []


def test_a_question_goes_there_and_back_and_is_sent_once(several: Site) -> None:
    page = several.open("/ask?service=ID基盤", locale="en-GB", viewport=PHONE)
    page.get_by_role("link", name="A return").click()
    page.get_by_role("link", name="日本語").click()
    assert page.locator("#service").input_value() == "ID基盤", "the switch of language keeps it"
    typed(page)
    assert page.locator("[aria-current=step]").inner_text().endswith("確認")
    assert "ハナ" in page.locator("main").inner_text()
    page.get_by_role("button", name="入力に戻る").click()
    assert page.locator("#text").input_value() == "二つ届きました。\n一つは返せますか。"
    assert page.locator("#email").input_value() == "hana@example.jp"
    assert page.locator("#service").input_value() == "ID基盤"
    page.locator("#furigana").fill("ｵｵｼﾏ ﾊﾅ")
    page.locator("form.sheet > button").click()
    assert "オオシマ ハナ" in page.locator("main").inner_text()
    page.get_by_role("button", name="この内容で送る").click()
    number = page.locator(".receipt strong").inner_text()
    page.reload()
    assert page.locator(".receipt strong").inner_text() == number == Inquiry.objects.get().number
    assert "hana" not in page.url and "returns" not in page.url
    page.get_by_role("link", name="English").click()
    assert page.locator(".receipt strong").inner_text() == number


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_challenge_fits_a_phone(browser: Browser, lang: str, theme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=theme)
    page = context.new_page()
    page.set_content(render_to_string(f"mails/challenge.{lang}.html", MAIL | {"service": "ネットスーパー"}))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    buttons = page.locator("p > a[href*='/n/']")
    sizes = {(box["width"], box["height"]) for box in (one.bounding_box() for one in buttons.all()) if box}
    assert buttons.count() == 2 and len(sizes) == 1 and min(next(iter(sizes))) >= 44
    assert page.locator("img, script, link").count() == 0
    picture(page, f"mail-challenge-{lang}-{theme}")
    context.close()
