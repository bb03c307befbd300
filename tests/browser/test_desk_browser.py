"""A day at the desk in a real browser: by keyboard, in both languages, sound for assistive technology.

`SCREENSHOTS=folder` keeps a picture of every page in every look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from atesaki import clock, desk, gate, keys
from atesaki.desk import Question, agents
from atesaki.desk.agents import Issued, Role
from atesaki.models import Access, Case, Letter, Message, Note, Reporter, Unsent
from tests.browser import sound
from tests.browser.sound import picture
from tests.canary import ADDRESS, NAME, PHONE
from tests.test_desk import code, hired, said_not_me, unconfirmed
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Each size, language and theme once: there are many pages, and each look is slow.
LOOKS = [(("wide", 1280, 800), "ja", "light"), (("phone", 390, 844), "en", "dark")]


@dataclass
class Desk:
    """The running desk, its cases, and who works there."""

    url: str
    browser: Browser
    world: World
    cases: list[Case]
    people: dict[str, Issued]

    def open(self, who: str = "mori", **context: object) -> Page:
        """A browser in which `who` has signed in."""
        page = self.browser.new_context(**context).new_page()  # type: ignore[arg-type]
        self.sign_in(page, who)
        return page

    def sign_in(self, page: Page, who: str) -> None:
        issued = self.people[who]
        # A code is good once: whoever signs in again in a test would have to wait for half a minute.
        agents.Agent.objects.filter(pk=issued.agent.pk).update(totp_last=0)
        page.goto(f"{self.url}/desk/sign-in")
        page.fill("#name", who)
        page.fill("#password", issued.password)
        page.fill("#code", code(issued))
        page.click("main button")
        page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.fixture
def office(live_server: object, browser: Browser, world: World, settings: object) -> Iterator[Desk]:
    url = live_server.url  # type: ignore[attr-defined]
    settings.ATESAKI_PUBLIC_URL = url  # type: ignore[attr-defined]
    world.policy(own=["お客さま窓口 0120-000-000(平日10時から18時)"])
    people = {
        name: hired(name, role)
        for name, role in (
            *(("mori", Role.AGENT), ("kida", Role.AGENT), ("sakura", Role.SUPERVISOR)),
            *(("hayashi", Role.PRIVACY), ("kanri", Role.ADMINISTRATOR)),
        )
    }
    yield Desk(url, browser, world, cases_of(world), people)
    for context in browser.contexts:
        for page in context.pages:
            page.goto("about:blank")  # what a page says as it goes must be heard before the database goes
        if context.pages:
            context.pages[0].wait_for_timeout(300)
        context.close()


def cases_of(world: World) -> list[Case]:
    """Cases in every state."""
    made = [said_not_me(world, number, f"hana{number}@example.jp") for number in range(1, 6)]
    known, late, waiting, leaving, ended = made
    desk.keep_customer(known, NAME, PHONE, "273-0005", ADDRESS, "service")
    Reporter.objects.filter(case=known).update(wish="steps")
    desk.write(known, "in", "page", "注文の確認メールが三通届きました。\n開かずに削除しています。")
    Case.objects.filter(pk=late.pk).update(due=clock.now() - timedelta(hours=30))
    day = clock.today(world.service.zone)
    soon = day + timedelta(days=9)
    Letter.objects.create(case=waiting, made=clock.now(), deadline=soon, code=b"x" * 32, sealed_code=b"x", posted=day)
    Case.objects.filter(pk=waiting.pk).update(
        state="awaiting", deadline=soon, due=desk.end_of(soon, world.service.zone)
    )
    Case.objects.filter(pk=leaving.pk).update(state="withdrawing", deadline=day)
    desk.withdrawn(ended, "service")
    unconfirmed(world)
    asked = Question(
        "delivery", world.service, "ja", "届かない品があります。", "海野 真", "ウミノ マコト", "umi@example.jp"
    )
    desk.inquire("ABCD-EFGH", asked, "192.0.2.1")
    desk.inquire("K7Q2-9XMB", asked, "192.0.2.1")
    return [desk.by_pk(case.pk) for case in made]


# -- every page, in every look -------------------------------------------------------------------------------------


def scenes(office: Desk) -> list[tuple[str, str, Callable[[Page], object]]]:
    """Each page: its name, who sees it, and how they come to it."""
    known = f"{office.url}/desk/case/{office.cases[0].number}"

    def at(path: str) -> Callable[[Page], object]:
        return lambda page: page.goto(path if path.startswith("http") else f"{office.url}/desk/{path}")

    def preview(page: Page) -> None:
        page.goto(f"{known}/answer")
        page.check("[value=thanks]")
        page.check("[value=stopped]")
        page.click("[name=insert]")
        page.click(".words button.main")

    def revealed(page: Page) -> None:
        page.goto(known)
        page.locator("#customer summary").first.click()
        page.fill("#reason-name", "お届け先の確認のため")
        page.locator("#customer form button").first.click()

    def refused(page: Page) -> None:
        page.goto(known)
        page.locator("#note button").click()

    def sheet(page: Page) -> None:
        page.goto(f"{office.url}/desk/?view=open")
        page.keyboard.press("?")

    def issued(page: Page) -> None:
        page.goto(f"{office.url}/desk/accounts")
        page.fill("#name", f"new{page.evaluate('performance.timeOrigin')}"[:20])
        page.click("main form.narrow button.main")

    def wrong(page: Page) -> None:
        page.goto(f"{office.url}/desk/report")
        page.fill("#address", "hana")
        page.click("main button.main")

    number = [case.number for case in office.cases]
    return [
        ("board", "mori", at("?view=open")),
        ("board-supervisor", "sakura", at("?view=open")),
        ("board-empty", "kida", at("?view=today")),
        ("case", "mori", at(known + "?view=open")),
        ("case-supervisor", "sakura", at(known)),
        ("case-revealed", "mori", revealed),
        ("case-refused", "mori", refused),
        ("case-late", "mori", at(f"case/{number[1]}")),
        ("case-letter", "mori", at(f"case/{number[2]}")),
        ("case-closed", "mori", at(f"case/{number[4]}")),
        ("answer", "mori", at(known + "/answer")),
        ("answer-obstacle", "mori", at(f"case/{number[1]}/answer")),
        ("preview", "mori", preview),
        ("leak", "hayashi", at(known + "/leak")),
        ("inquiries", "mori", at("inquiries")),
        ("inquiry", "mori", at("inquiries/ABCD-EFGH")),
        ("report", "mori", at("report")),
        ("report-wrong", "mori", wrong),
        ("keys", "mori", at("keys")),
        ("sheet", "mori", sheet),
        ("account", "mori", at("account")),
        ("accounts", "kanri", at("accounts")),
        ("issued", "kanri", issued),
        ("reveals", "hayashi", at("reveals")),
        ("absent", "mori", at("case/0000-0000")),
        ("refused", "mori", at("accounts")),
        *scenes_of_inquiries(office),
        *scenes_of_waiting(office),
    ]


def scenes_of_inquiries(office: Desk) -> list[tuple[str, str, Callable[[Page], object]]]:
    """An inquiry that is answered."""

    def answering(page: Page) -> None:
        page.goto(f"{office.url}/desk/inquiries/ABCD-EFGH/answer")
        page.fill("#answer-text", "お調べしました。\n\n明日の午前にお届けします。")
        page.click("form.words button.main")

    def answered(page: Page) -> None:
        if not Unsent.objects.filter(inquiry="ABCD-EFGH").exists():
            answering(page)
            page.click("form.pair button.main")
        page.goto(f"{office.url}/desk/inquiries/ABCD-EFGH")

    number = "K7Q2-9XMB"
    return [
        ("inquiry-answer", "mori", lambda page: page.goto(f"{office.url}/desk/inquiries/{number}/answer")),
        ("inquiry-preview", "mori", answering),
        ("inquiry-answered", "mori", answered),
    ]


def scenes_of_waiting(office: Desk) -> list[tuple[str, str, Callable[[Page], object]]]:
    """What waits to be sent, a mention, and views of one's own."""
    known = f"{office.url}/desk/case/{office.cases[0].number}"

    def waiting(page: Page) -> None:
        if not Unsent.objects.filter(kind="answer").exists():
            text = "お調べしています。明日までにご連絡いたします。"
            desk.unsent.answer(office.cases[0], office.people["mori"].agent, text, "ja", keys.uuid7())
            desk.drafts.note(office.cases[0], office.people["kida"].agent, "@mori 午後に電話をお願いします。")
        page.route("**/presence", lambda route: route.fulfill(json={"others": []}))  # or it counts as seen
        page.goto(known)

    def narrowed(page: Page) -> None:
        page.goto(f"{office.url}/desk/?filter=1&state=reaching&state=awaiting&older=0&who=nobody")
        page.fill("#f-name", "未割り当ての連絡中")
        page.click("form.line button")
        page.goto(f"{office.url}/desk/?filter=1&state=reaching&number=Z9")

    return [
        ("case-unsent", "mori", waiting),
        ("board-filter", "mori", narrowed),
        ("board-own", "mori", lambda page: page.goto(f"{office.url}/desk/") and page.click(".views li:last-child a")),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}-{look[2]}")
def test_every_page_is_sound_in_every_look(office: Desk, look: tuple) -> None:
    (size, width, height), lang, theme = look
    for issued in office.people.values():
        agents.speak(issued.agent, lang)
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "locale": f"{lang}-JP"}
    problems: list[str] = []
    outside = office.browser.new_context(**view).new_page()
    outside.goto(f"{office.url}/desk/sign-in")
    check(outside, f"sign-in-{size}-{lang}-{theme}", problems)
    outside.fill("#name", "mori")
    outside.evaluate("document.querySelectorAll('[required]').forEach(each => each.required = false)")
    outside.click("main button")
    check(outside, f"sign-in-wrong-{size}-{lang}-{theme}", problems)
    pages: dict[str, Page] = {}
    for name, who, come in scenes(office):
        if who not in pages:
            pages[who] = office.open(who, **view)
            pages[who].on(
                "console",
                lambda said: problems.append(f"console: {said.text}") if "status of" not in said.text else None,
            )
        come(pages[who])
        check(pages[who], f"{name}-{size}-{lang}-{theme}", problems)
    assert not problems, "\n".join(problems)


def check(page: Page, name: str, problems: list[str]) -> None:
    """What makes the page unsound, and its picture."""
    problems += [f"{name}: {fault}" for fault in sound.faults(page, least=24)]
    picture(page, name)


# -- a day by keyboard ----------------------------------------------------------------------------------------------


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_a_day_at_the_desk_by_keyboard_alone(office: Desk) -> None:
    page = office.open(locale="ja-JP")
    known = office.cases[0]
    page.goto(f"{office.url}/desk/?view=unassigned")
    order = page.locator("a.number").all_inner_texts()
    page.keyboard.press("j")
    assert focused(page) == order[0]
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused(page) == order[0]
    for _ in range(order.index(known.number)):
        page.keyboard.press("j")
    assert focused(page) == known.number
    with page.expect_navigation():
        page.keyboard.press("a")
    known.refresh_from_db()
    assert known.agent is not None and known.agent.get_username() == "mori"

    page.goto(f"{office.url}/desk/?view=mine")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("#number").inner_text() == known.number

    page.keyboard.press("n")
    assert focused(page) == "note-text"
    page.keyboard.type("jkar? /sen")
    assert page.locator("#note-text").input_value() == "jkar? /sen", "no key acts in a text field"
    assert not page.locator("#sheet").is_visible()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert desk.drafts.read_note(Note.objects.get()) == "jkar? /sen"

    page.goto(f"{office.url}/desk/case/{known.number}")
    page.keyboard.press("s")
    assert focused(page) == "until-date"
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#sheet").is_visible()
    page.keyboard.press("n")
    assert focused(page) != "note-text", "behind the sheet no key acts"
    page.keyboard.press("Escape")
    assert not page.locator("#sheet").is_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type(known.number.lower())
    assert page.locator("#q").input_value() == known.number.lower()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with page.expect_navigation():
        page.keyboard.press("r")
    assert page.url.endswith("/answer")

    page.locator("[value=thanks]").check()
    page.locator("[name=insert]").click()
    page.locator("#answer-text").focus()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "受付番号 " + known.number in page.locator("article").inner_text()
    page.locator("form.pair button.main").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".unsent button").inner_text() == "取り消す", "for ten seconds"
    Unsent.objects.update(leaves=clock.now())
    assert desk.unsent.due() == 1 and Message.objects.filter(case=known, kind="answer").count() == 1
    gate.drive()
    mails = [mail for mail in office.world.notices() if mail["To"] == "hana1@example.jp"]
    assert "ありがとうございます" in mails[-1].get_body(("plain",)).get_content()


def test_no_key_acts_while_an_input_method_composes(office: Desk) -> None:
    page = office.open()
    page.goto(f"{office.url}/desk/?view=open")
    press = """([init, target]) => (target ? document.querySelector(target) : document.body)
        .dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true, cancelable: true, ...init}))"""
    for silent in ({"isComposing": True}, {"keyCode": 229}, {"ctrlKey": True}, {"altKey": True}, {"metaKey": True}):
        assert page.evaluate(press, [silent, None]) is True, silent
        assert page.locator("tr.chosen").count() == 0, silent
    assert page.evaluate(press, [{}, "#q"]) is True
    assert page.locator("tr.chosen").count() == 0
    assert page.evaluate(press, [{}, None]) is False, "and otherwise it does"
    assert page.locator("tr.chosen").count() == 1


def test_the_keys_can_be_switched_off(office: Desk) -> None:
    """WCAG 2.2, 2.1.4: who speaks to their computer, or slips, must be able to."""
    page = office.open()
    page.goto(f"{office.url}/desk/?view=open")
    page.locator("[data-key-sheet]").click()
    page.locator("[data-keys-on]").uncheck()
    page.locator("#sheet button").click()
    page.keyboard.press("j")
    assert page.locator("tr.chosen").count() == 0
    page.reload()
    page.keyboard.press("j")
    assert page.locator("tr.chosen").count() == 0


def test_a_supervisor_comes_to_the_end_by_a_key_and_from_case_to_case(office: Desk) -> None:
    page = office.open("sakura")
    page.goto(f"{office.url}/desk/?view=open")
    order = page.locator("a.number").all_inner_texts()
    with page.expect_navigation():
        page.locator("a.number").first.click()
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.name") == "end"
    page.evaluate("document.activeElement.blur()")
    with page.expect_navigation():
        page.keyboard.press("j")
    assert page.locator("#number").inner_text() == order[1]
    with page.expect_navigation():
        page.keyboard.press("k")
    assert page.locator("#number").inner_text() == order[0]


# -- what the script adds, and what works without it ---------------------------------------------------------------


def test_who_comes_second_is_told_and_the_first_hears_of_it(office: Desk) -> None:
    path = f"{office.url}/desk/case/{office.cases[0].number}"
    mori, kida = office.open(), office.open("kida")
    mori.goto(path)
    kida.goto(path)
    kida.locator("[data-others] p").wait_for()
    assert "moriさんが" in kida.locator("[data-others]").inner_text()
    mori.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    mori.locator("[data-others] p").wait_for()
    assert "kidaさんが" in mori.locator("[data-others]").inner_text()


def test_a_draft_is_kept_while_typing_and_is_there_after_the_browser_died(office: Desk) -> None:
    path = f"{office.url}/desk/case/{office.cases[0].number}"
    page = office.open()
    page.goto(path)
    page.locator("#note-text").type("折り返しは月曜")
    page.locator("[data-draft-said]", has_text="保存しました").wait_for()
    page.context.close()
    again = office.open()
    again.goto(path)
    assert again.locator("#note-text").input_value() == "折り返しは月曜"


def test_a_draft_that_cannot_be_kept_says_so(office: Desk) -> None:
    page = office.open()
    page.goto(f"{office.url}/desk/case/{office.cases[0].number}")
    page.context.clear_cookies()
    page.locator("#note-text").type("消えては困る")
    page.locator("[data-draft-said]", has_text="保存できません").wait_for()


def test_everything_works_without_javascript(office: Desk) -> None:
    known = office.cases[0]
    page = office.open(java_script_enabled=False)
    page.goto(f"{office.url}/desk/?view=unassigned")
    page.locator(f"a.number:text-is('{known.number}')").click()
    page.locator("#who button").first.click()
    page.fill("#note-text", "メモ")
    page.locator("#note button").click()
    page.locator("#customer summary").first.click()
    page.fill("#reason-name", "お届け先の確認のため")
    page.locator("#customer form button").first.click()
    assert NAME in page.locator("#customer").inner_text() and Access.objects.filter(what="name").count() == 1
    page.get_by_role("link", name="キー操作の一覧").click()
    assert page.locator("h1").inner_text() == "キー操作"
    known.refresh_from_db()
    assert known.agent is not None and Note.objects.count() == 1


def test_the_number_is_copied_by_a_press(office: Desk, browser: Browser) -> None:
    context: BrowserContext = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    office.sign_in(page, "mori")
    page.goto(f"{office.url}/desk/case/{office.cases[0].number}")
    page.locator("[data-copy]").click()
    page.get_by_text("コピーしました").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == office.cases[0].number
