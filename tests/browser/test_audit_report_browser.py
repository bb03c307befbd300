"""`report.html` in a real browser, from the file: sound in every look, the language by a button, and as it prints.

`SCREENSHOTS=folder` keeps a picture of every look, and the printed pages as PDF.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from atesaki.audit.report import render
from tests import audited
from tests.browser.sound import faults, picture

pytestmark = pytest.mark.browser

# Each form, size, language and theme at least once: each look is slow.
LOOKS = [
    ("whole", (1280, 800), "ja", "light"),
    ("whole", (390, 844), "en", "dark"),
    ("empty", (390, 844), "ja", "light"),
    ("customers", (1280, 800), "en", "dark"),
    ("logs", (390, 844), "ja", "dark"),
]
FORMS = {
    "whole": audited.sample,
    "empty": audited.empty,
    "customers": audited.only_customers,
    "logs": audited.only_logs,
}


def opened(browser: Browser, folder: Path, form: str, lang: str, **look: object) -> Page:
    file = folder / f"{form}-{lang}.html"
    file.write_text(render(FORMS[form](), lang), encoding="utf-8")  # type: ignore[arg-type]
    page = browser.new_context(**look).new_page()  # type: ignore[arg-type]
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1][0]}-{look[2]}-{look[3]}")
def test_it_is_sound_in_every_look(browser: Browser, tmp_path: Path, look: tuple) -> None:
    form, (width, height), lang, theme = look
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    page = opened(browser, tmp_path, form, lang, **view)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.reload()
    found = faults(page)
    assert len(requests) == 1, "the file, and nothing else"
    picture(page, f"report-{form}-{width}-{lang}-{theme}")
    page.context.close()
    assert not found, "\n".join(found)


def test_the_first_screen_of_a_desktop_holds_the_figures_and_the_steps(browser: Browser, tmp_path: Path) -> None:
    for lang in ("ja", "en"):
        page = opened(browser, tmp_path, "whole", lang, viewport={"width": 1280, "height": 800})
        for place in (".lead", ".figures", ".steps ol"):
            box = page.locator(f"main > .{lang} {place}").bounding_box()
            assert box
            assert box["y"] + box["height"] <= 800, place
        page.context.close()


def test_the_language_is_switched_without_a_script(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, "whole", "ja", java_script_enabled=False)
    japanese, english = page.locator("main > .ja"), page.locator("main > .en")
    assert (japanese.is_visible(), english.is_visible()) == (True, False)
    page.get_by_label("English").check()
    assert (japanese.is_visible(), english.is_visible()) == (False, True)
    assert page.locator("h1").inner_text() == "Audit of the mail that was sent"
    page.keyboard.press("ArrowLeft")
    assert (japanese.is_visible(), english.is_visible()) == (True, False)
    page.context.close()


def test_it_prints_only_the_chosen_language_with_headings_on_every_page(browser: Browser, tmp_path: Path) -> None:
    long = audited.sample()
    long["worst"] *= 4
    (tmp_path / "long.html").write_text(render(long), encoding="utf-8")
    page = browser.new_context(color_scheme="dark").new_page()
    page.goto((tmp_path / "long.html").as_uri())
    page.get_by_label("English").check()
    printed = page.pdf(prefer_css_page_size=True)
    if folder := os.environ.get("SCREENSHOTS"):
        (Path(folder) / "report.pdf").write_bytes(printed)
    texts = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(printed)).pages]
    assert 6 <= len(texts) <= 14
    assert "43,287" in texts[0]
    assert "What to do now" in texts[0]
    whole = "\n".join(texts)
    assert "監査報告" not in whole
    assert "日本語" not in whole, "the switch is not printed"
    assert sum("Customer" in text and "Suspicions" in text for text in texts) >= 3, "a table's heading on each page"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)" != ground
    page.context.close()
