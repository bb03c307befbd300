"""The overview and the register of improvements in a real browser: sound for assistive technology, on each width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page

from atesaki import clock, desk
from atesaki.desk import agents, improvements
from atesaki.desk.agents import Role
from atesaki.models import Contact, Event, Step
from tests.browser.test_desk_browser import Desk, cases_of, check
from tests.test_desk import hired
from tests.test_figures import ago, case, claim, line, said
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, PHONE = ("wide", 1280, 800), ("phone", 390, 844)
# Each size, language and theme once: these pages are the staff's, and each look is slow.
LOOKS = [(WIDE, "ja", "light"), (PHONE, "en", "dark")]
PUBLIC = "会員登録の際に、メールアドレスの確認をお願いする仕組みにいたしました。"


@pytest.fixture
def office(live_server: object, browser: Browser, world: World, settings: object) -> Iterator[Desk]:
    url = live_server.url  # type: ignore[attr-defined]
    settings.ATESAKI_PUBLIC_URL = url  # type: ignore[attr-defined]
    world.policy(own=["お客さま窓口 0120-000-000(平日10時から18時)"])
    people = {
        name: hired(name, role)
        for name, role in (("sakura", Role.SUPERVISOR), ("kanri", Role.ADMINISTRATOR), ("hayashi", Role.PRIVACY))
    }
    yield Desk(url, browser, world, [], people)
    for context in browser.contexts:
        context.close()


def busy(office: Desk) -> None:
    """Weeks of work, with a bad case in each figure."""
    world = office.world
    office.cases += cases_of(world)
    for number in range(40):
        made = claim(world, 1_000 + number, at=ago(days=number), customer=f"C{number}")
        if number % 3:
            said(made, Event.Kind.PROVED, ago(hours=1))
    for number in range(30):
        line(world, standing="claimed", outcome="substitute", reason="unproved", personal={"name": 1})
        made_case = case(world, opened=ago(days=number / 2), confirmed=ago(days=number / 2), due=clock.now())
        Step.objects.create(
            case=made_case, what="stopped", at=made_case.confirmed + timedelta(seconds=0.2 if number else 47)
        )
        rungs = (("in_site", "told"), ("phone", "reached" if number % 2 else "no_answer"), ("letter", "posted"))
        for rung, outcome in rungs[: number % 4]:
            Contact.objects.create(case=made_case, rung=rung, outcome=outcome, at=ago(hours=1))
    line(world, standing="claimed", reason="observed")
    sakura = office.people["sakura"].agent
    known = office.cases[0]
    planned = improvements.open_improvement(sakura.organisation, "登録時の確認メール", PUBLIC, sakura)
    improvements.open_improvement(sakura.organisation, "送信元アドレスの案内をページに載せる", "", sakura)
    wish = desk.wish_for(known, "会員登録のときに確認のメールを送ってほしい", "ja", tell=True)
    improvements.gather(wish, planned, sakura)
    improvements.change(planned, "planned", sakura)
    desk.wish_for(
        known, "返信できないアドレスから送るのをやめてほしい。\n問い合わせ先も書いてほしい。", "ja", tell=True
    )
    desk.wish_for(office.cases[1], "Please say in the mail that I can ignore it.", "en", tell=False)
    shipped = improvements.open_improvement(sakura.organisation, "問い合わせの項目を追加", PUBLIC, sakura)
    improvements.gather(desk.wish_for(known, "項目を増やして", "ja", tell=True), shipped, sakura)
    improvements.change(shipped, "shipped", sakura)


def open_tables(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}-{look[2]}")
def test_every_page_is_sound_in_every_look(office: Desk, look: tuple) -> None:
    (size, width, height), lang, theme = look
    for issued in office.people.values():
        agents.speak(issued.agent, lang)
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "locale": f"{lang}-JP"}
    problems: list[str] = []
    page = office.open("sakura", **view)
    page.on("console", lambda told: problems.append(f"console: {told.text}") if "status of" not in told.text else None)

    def visit(path: str, name: str, come: Callable[[Page], object] = lambda _: None) -> None:
        page.goto(office.url + path)
        come(page)
        check(page, f"{name}-{size}-{lang}-{theme}", problems)

    def ending(shown: Page) -> None:
        shown.locator("main details summary").first.click()
        shown.locator("main details select").first.select_option("shipped")
        shown.locator("main details form button").first.click()

    def wrong(shown: Page) -> None:
        shown.locator("main details summary").nth(1).click()
        shown.locator("main details select").nth(1).select_option("declined")
        shown.locator("main details form button").nth(1).click()

    visit("/operator/", "overview-empty")
    visit("/desk/improvements", "improvements-empty")
    busy(office)
    visit("/operator/", "overview")
    visit("/operator/?days=90", "overview-tables", open_tables)
    visit("/desk/improvements", "improvements")
    visit("/desk/improvements?done=1", "improvements-ended")
    visit("/desk/improvements", "improvements-preview", ending)
    visit("/desk/improvements", "improvements-wrong", wrong)
    assert not problems, "\n".join(problems)


def test_an_improvement_is_ended_by_hand_and_told(office: Desk) -> None:
    busy(office)
    page = office.open("sakura", locale="ja-JP")
    page.goto(f"{office.url}/desk/improvements")
    page.locator("main details summary").first.click()
    page.locator("main details select").first.select_option("shipped")
    page.locator("main details form button").first.click()
    assert PUBLIC in page.locator(".mail pre").inner_text()
    page.locator("main button.main").click()
    page.wait_for_url("**/desk/improvements?done=1")
    assert page.locator("main section.sheet").count() == 2
    assert "お知らせ済み1件" in page.locator("main section.sheet").first.inner_text()


def test_each_plot_has_its_table_and_patterns_that_differ_without_colour(office: Desk) -> None:
    busy(office)
    page = office.open("kanri", locale="en-JP", viewport={"width": 390, "height": 844})
    page.goto(f"{office.url}/operator/")
    plotted = page.locator("section.measure:has(svg.plot)").all()
    assert len(plotted) >= 4
    for section in plotted:
        bars = section.locator("svg.plot text[text-anchor=end]").count()
        assert section.locator("table tbody tr").count() == bars > 0
    fills = page.locator("#states svg.plot g rect").evaluate_all("all => all.map(each => each.getAttribute('fill'))")
    assert len(set(fills)) == 4
    letters = page.locator("#states svg.plot text").first.bounding_box()
    assert letters is not None and letters["height"] >= 11, "legible on a telephone"
