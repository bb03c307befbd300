"""`/q/TOKEN` in a real browser: phone and desktop, Japanese and English, no JavaScript needed; looked over by axe.

`SCREENSHOTS=folder` keeps a picture of every page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from atesaki import desk, gate, keys
from atesaki.desk import Question
from atesaki.models import Inquiry
from tests import mori
from tests.browser import sound
from tests.browser.sound import picture
from tests.browser.test_pages_browser import Site, site  # noqa: F401
from tests.world import HANA, order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [
    (size, lang, theme)
    for size in (("wide", 1280, 800), ("phone", 390, 844))
    for lang in ("ja", "en")
    for theme in ("light", "dark")
    if (size[0] == "wide") ^ (lang == "ja") ^ (theme == "dark")
]
NUMBER = "ABCD-EFGH"


@pytest.fixture
def path(site: Site) -> str:  # noqa: F811
    """Where the answer waits for whoever typed Hana's address."""
    site.world.send(order(), HANA)
    gate.drive()
    asked = Question("delivery", site.world.service, "ja", "届かない品があります。", "海野 真", "ウミノ マコト", HANA)
    desk.inquire(NUMBER, asked, "192.0.2.1")
    inquiry = Inquiry.objects.get()
    text = "お調べしました。\n\n明日の午前にお届けします。"
    desk.inquiries.send(inquiry, site.world.service, mori.mori(site.world), text, "ja", keys.uuid7())
    gate.drive()
    mail = site.world.notices()[-1].get_body(("plain",)).get_content()
    return re.search(r"/q/[a-z2-7]{39}(?=\s)", mail)[0]  # type: ignore[index]


def scenes(url: str) -> dict[str, Callable[[Page], object]]:
    def at(more: str = "") -> Callable[[Page], object]:
        return lambda page: page.goto(url + more)

    def numbered(number: str) -> Callable[[Page], object]:
        def enter(page: Page) -> None:
            page.goto(url)
            page.fill("#number", number)
            page.locator("form.sheet > button").first.click()

        return enter

    def written(page: Page) -> None:
        numbered(NUMBER)(page)
        page.fill("#message-text", "承知しました。\n待っています。")
        page.locator("#message button").click()

    def disowned(page: Page) -> None:
        page.goto(url + "/not-me")
        page.locator("main form button").click()

    return {
        **{"locked": at(), "wrong": numbered("0000"), "open": numbered("efgh"), "written": written},
        **{"sent": at("/sent"), "not-me": at("/not-me"), "disowned": disowned, "afterwards": at()},
    }


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}-{look[2]}")
def test_every_page_is_sound(site: Site, path: str, look: tuple) -> None:  # noqa: F811
    (size, width, height), lang, theme = look
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "locale": f"{lang}-JP"}
    page = site.browser.new_context(**view).new_page()
    problems = []
    for name, come in scenes(site.url + path).items():
        come(page)
        problems += [f"{name}: {fault}" for fault in sound.faults(page)]
        picture(page, f"q-{name}-{size}-{lang}-{theme}")
    assert not problems, "\n".join(problems)


def test_an_answer_is_read_and_written_back_to_without_a_script_or_a_cookie(site: Site, path: str) -> None:  # noqa: F811
    page = site.open(path, locale="ja-JP")
    assert "明日の午前" not in page.content()
    page.fill("#number", NUMBER.lower())
    page.locator("form.sheet > button").first.click()
    page.get_by_text("明日の午前").wait_for()
    assert NUMBER not in page.url
    page.fill("#message-text", "ありがとうございます。")
    page.locator("#message button").click()
    page.get_by_text("担当者に伝えました").first.wait_for()
    assert "ありがとうございます。" in page.locator("ol.said").inner_text()
    assert not page.context.cookies()
    assert Inquiry.objects.get().state == "open"
