"""`/m/TOKEN` and the three mails in a real browser: phone and desktop, Japanese and English; looked over by axe.

`SCREENSHOTS=folder` keeps a picture of every page and mail.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import ConsoleMessage, Page

from atesaki import addresses, clock, desk, gate, notme, ownership
from atesaki.models import Case, Message, Reporter, Wish
from tests.browser.sound import picture
from tests.browser.test_ask_browser import LANGUAGES, PHONE, SIZES, faults
from tests.browser.test_pages_browser import BARE, Site, site  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALL_WISHES = ["nothing", "result", "steps"]


def reported(site: Site, to: str = "hana@example.jp", wish: str = "nothing") -> tuple[Case, str]:  # noqa: F811
    """A case, and the page of its reporter's."""
    _, not_me = site.mailed(BARE, to)
    freed = notme.report(not_me.removeprefix("/n/"), lang="ja")
    assert freed is not None and freed.case is not None
    Reporter.objects.filter(case=freed.case).update(wish=wish)
    case = desk.by_pk(freed.case.pk)
    return case, f"/m/{desk.token(case)}"


def busy(site: Site) -> str:  # noqa: F811
    """A case in the middle: the letter is out, a report was sent, words went to and fro, a wish is kept."""
    case, path = reported(site, "kawa@example.jp", "steps")
    desk.hear(case, "なぜ届いたのですか。\nいつ終わりますか。")
    desk.write(case, "out", "answer", "入力の際に間違えられたものと思われます。\n期限は上に記したとおりです。")
    desk.step(case, "answered", by="mori")
    desk.wish_for(case, "入力のときに確認のメールを送ってほしい。", "ja", tell=True)
    day = clock.today("Asia/Tokyo") + timedelta(days=14)
    Case.objects.filter(pk=case.pk).update(
        state="awaiting", due=desk.end_of(day, "Asia/Tokyo"), report_due=clock.now() - timedelta(hours=1)
    )
    desk.report_progress()
    desk.answer_disposal(case, "opened")
    return path


def over(site: Site, end: str, to: str) -> str:  # noqa: F811
    case, path = reported(site, to, "result")
    desk.close(case, end)
    desk.tell_end(desk.by_pk(case.pk))
    if end == "withdrawn":
        with transaction.atomic():
            ownership.erase(bytes(case.digest))
        Case.objects.filter(pk=case.pk).update(erased=clock.now())
        desk.step(case, "erased")
    return path


def scenes(site: Site) -> dict[str, Callable[[Page], None]]:  # noqa: F811
    """The page in every state, and after each thing that can be done there."""
    _, fresh = reported(site)
    claim = ownership.claim(site.world.service, addresses.parse("sora@example.jp"))
    waiting = desk.unconfirmed_at_once(claim, "form", "ja")
    in_the_middle, done = busy(site), over(site, "withdrawn", "umi@example.jp")

    def at(path: str) -> Callable[[Page], None]:
        return lambda page: page.goto(site.url + path) and None

    def send(section: str, text: str | None = None) -> Callable[[Page], None]:
        def act(page: Page) -> None:
            page.goto(site.url + fresh)
            if text is not None:
                page.locator(f"#{section} textarea").fill(text)
            page.locator(f"#{section} button").click()

        return act

    def not_me(page: Page) -> None:
        _, path = site.mailed(BARE, f"tani{len(site.world.delivered())}@example.jp")
        page.goto(site.url + path)
        page.locator("form button").first.click()

    return {
        "case_fresh": at(fresh),
        "case_unconfirmed": at(f"/m/{desk.token(waiting)}"),
        "case_busy": at(in_the_middle),
        "case_done": at(done),
        "case_no_choice": send("disposal"),
        "case_empty": send("message", " "),
        "case_long": send("improvement", "長" * 5_001),
        "case_wished": send("wish"),
        "case_gone": at("/m/nothing-like-it"),
        "stopped": not_me,
    }


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size[0])
@pytest.mark.parametrize("look", LANGUAGES, ids=lambda look: look[0])
def test_every_state_is_sound(site: Site, look: tuple[str, str], size: tuple[str, dict[str, int]]) -> None:  # noqa: F811
    problems: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if "status of" not in message.text:
            problems.append(message.text)

    for theme in ("light", "dark") if size[0] == "phone" and look[0] == "ja" else ("light",):
        # With JavaScript on, for axe is a script; the pages have none, and the tests below go without.
        page = site.browser.new_context(locale=look[1], viewport=size[1], color_scheme=theme).new_page()
        page.on("console", said)
        if theme == "light":
            reach = scenes(site)
        for name, act in reach.items():
            act(page)
            problems += [f"{name} {theme}: {fault}" for fault in faults(page)]
            if page.locator("html").get_attribute("lang") != look[0]:
                problems.append(f"{name}: not in {look[0]}")
            picture(page, f"{name}-{size[0]}-{look[0]}-{theme}")
    assert not problems, "\n".join(problems)


def test_from_not_me_to_a_message_without_a_cookie_or_a_name(site: Site) -> None:  # noqa: F811
    _, not_me = site.mailed(BARE, "hana@example.jp")
    page = site.open(not_me, locale="ja-JP", viewport=PHONE)
    page.get_by_role("button", name="登録していません").click()
    page.get_by_role("link", name="この件のページへ").click()
    assert page.get_by_role("heading", level=1).inner_text() == "お知らせいただいた件"
    assert page.get_by_role("radio", name="連絡は不要です").is_checked()
    page.get_by_role("radio", name="経過も知らせてほしい").check()
    page.get_by_role("button", name="この方法にする").click()
    assert "変更しました" in page.get_by_role("status").inner_text()
    assert page.get_by_role("radio", name="経過も知らせてほしい").is_checked()
    page.get_by_role("radio", name="答えたくない").check()
    page.get_by_role("button", name="答えを送る").click()
    page.get_by_label("お書きになりたいこと").fill("なぜ届いたのですか。")
    page.get_by_role("button", name="担当者へ送る").click()
    page.reload()
    assert page.locator(".said").inner_text().count("なぜ届いたのですか。") == 1
    page.get_by_label("改善してほしいこと").fill("確認のメールを送ってほしい。")
    page.get_by_role("checkbox", name="実施したときに知らせてほしい").check()
    page.get_by_role("button", name="要望を送る").click()
    assert page.context.cookies() == []
    reporter, wish = Reporter.objects.get(), Wish.objects.get()
    assert (reporter.wish, reporter.disposal, Message.objects.count()) == ("steps", "undisclosed", 1)
    assert wish.sealed_address is not None


def test_what_was_typed_is_still_there_when_it_cannot_be_taken(site: Site) -> None:  # noqa: F811
    _, path = reported(site)
    page = site.open(path, locale="en-GB")
    long = "word " * 1_001
    page.get_by_label("What you would like to tell us").fill(long)
    page.get_by_role("button", name="Send to our staff").click()
    field = page.get_by_label("What you would like to tell us")
    assert field.input_value() == long.strip()
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("Why did I get this?")
    page.get_by_role("button", name="Send to our staff").click()
    assert "passed to our staff" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="日本語").click()
    assert "お客さまから" in page.locator(".said").inner_text()


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_mails_fit_a_phone(site: Site, lang: str) -> None:  # noqa: F811
    case, _ = reported(site, wish="steps")
    Reporter.objects.update(language=lang)
    desk.acknowledge(case, "<a@mail.example.jp>")
    Case.objects.update(report_due=clock.now() - timedelta(hours=1))
    desk.report_progress()
    desk.wish_for(case, "確認のメールを送ってほしい。", "ja", tell=True)
    desk.close(case, Case.End.WITHDRAWN)
    desk.tell_end(desk.by_pk(case.pk))
    before = len(site.world.delivered())
    gate.drive()
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in site.world.delivered()[before:]]
    assert len(mails) == 3
    for number, mail in enumerate(mails):
        for theme in ("light", "dark"):
            page = site.browser.new_context(viewport=PHONE, color_scheme=theme).new_page()
            page.set_content(mail.get_body(("html",)).get_content())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.locator("img, script, link").count() == 0
            picture(page, f"mail-case-{number}-{lang}-{theme}")
