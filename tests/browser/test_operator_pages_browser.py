"""The operator's pages of templates, of observing and of campaigns in a real browser: sound in every look.

`SCREENSHOTS=folder` keeps a picture of every page in every look.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from atesaki import campaigns, clock, ownership
from atesaki.addresses import parse
from atesaki.desk.agents import Role
from atesaki.learning import store
from atesaki.models import Asked, Campaign, Template
from atesaki.ownership import Claim
from atesaki.tenants import add_service
from tests.browser.test_desk_browser import check
from tests.mori import at_desk, mori
from tests.test_operator_pages import news, observing, ordered
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, PHONE = ("wide", 1280, 800), ("phone", 390, 844)
# Each size, language and theme once: these pages are the staff's, and each look is slow.
LOOKS = [(WIDE, "ja", "light"), (PHONE, "en", "dark")]
LONG = "【ネットスーパー】ご注文いただいた商品のお届けについての大切なお知らせとアンケートのお願い(ご注文番号 …)"


@pytest.fixture
def url(live_server: object, world: World, settings: object) -> Iterator[str]:
    settings.ATESAKI_PUBLIC_URL = live_server.url  # type: ignore[attr-defined]
    store._known.clear()
    yield live_server.url  # type: ignore[attr-defined]
    store._known.clear()


def signed_in(browser: Browser, world: World, url: str, role: str, lang: str, **view: object) -> Page:
    """A browser in which somebody is at work; how a password is asked for, `test_desk_browser` shows."""
    agent = mori(world, role, role)
    agent.language = lang
    agent.save()
    context = browser.new_context(**view)  # type: ignore[arg-type]
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": at_desk(agent).cookies[name].value, "url": url}])
    return context.new_page()


def busy(world: World) -> None:
    """Mail of three templates under observation, one of them with a long name, and campaigns in every state."""
    observing(world, 8)
    for number in range(3):
        world.send(
            ordered(number).replace("ご注文の確認".encode(), "お届けの日程".encode()), f"sora{number}@example.jp"
        )
    world.send(news("緊急のお知らせ").replace(b"news@shop.example", b"Shop <news@mail.shop.example>"), "umi@example.jp")
    proved = ownership.claim(world.service, parse("hana0@example.jp"))
    ownership.attest(proved, "seen at the counter")
    world.send(ordered(0), "hana0@example.jp")
    Template.objects.filter(pk=Template.objects.latest("pk").pk).update(name=LONG)
    states = (("done", ""), ("ended", ""), ("stopped", "not_me"), ("running", ""), ("paused", ""))
    for number, (state, why) in enumerate(states):
        service = world.service
        if state in ("running", "paused"):
            name = f"ネットスーパー {number}号店"
            service = add_service(
                name, organisation="はな商事", locale="ja", mode="enforce", sender=f"s{number}@shop.example"
            ).service
        made = campaigns.start(service, hours="mon-fri 10:00-18:00", remind_after=7)
        people(made, 6 + number * 3)
        over = clock.now() if state in ("done", "ended") else None
        Campaign.objects.filter(pk=made.pk).update(
            state=state, why=why, ended=over, passed_over={"asked_lately": 12, "disavowed": 3, "same_mailbox": 1}
        )


def people(made: Campaign, many: int) -> None:
    """Whom a campaign has asked, and what some of them said."""
    for number in range(many):
        claim = ownership.claim(made.service, parse(f"umi{number}@example.jp"), f"{made.pk} {number}")
        Claim.objects.filter(pk=claim.pk).update(created=clock.now() - timedelta(days=1))
        Asked.objects.create(campaign=made, digest=claim.digest, claim=claim, line=claim.pk, at=clock.now())
        if number % 3 == 0:
            ownership.attest(claim, "seen at the counter")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}-{look[2]}")
def test_every_page_is_sound_in_every_look(browser: Browser, world: World, url: str, look: tuple) -> None:
    (size, width, height), lang, theme = look
    problems: list[str] = []
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
    page = signed_in(browser, world, url, Role.ADMINISTRATOR, lang, **view)
    page.on("console", lambda told: problems.append(f"console: {told.text}") if "status of" not in told.text else None)

    def visit(path: str, name: str, *, opened: bool = False) -> None:
        page.goto(f"{url}/operator/{path}")
        if opened:
            page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        check(page, f"{name}-{size}-{lang}-{theme}", problems)

    if size == "phone":
        visit("templates", "templates-empty")
        visit("observed", "observed-empty")
        visit("campaigns", "campaigns-empty")
    busy(world)
    visit("templates", "templates")
    worst = page.locator("main table a").first.get_attribute("href")
    visit((worst or "").removeprefix("/operator/"), "template")
    visit("observed", "observed", opened=True)
    visit("campaigns", "campaigns", opened=True)
    page.context.close()
    assert not problems, "\n".join(problems)


def test_a_developer_works_through_the_list_by_keyboard_without_a_script(
    browser: Browser, world: World, url: str
) -> None:
    observing(world, 4)
    page = signed_in(browser, world, url, Role.SUPERVISOR, "ja", java_script_enabled=False)
    page.goto(f"{url}/operator/templates?show=missing")
    page.locator("#c-days").select_option("7")
    page.locator("#c-days").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**days=7&show=missing")
    page.locator("main table a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/operator/templates/*?days=7")
    assert page.locator("main pre").count() == page.locator("main .points .state.overdue").count() == 3
    page.locator("main .trail a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/operator/templates?service=*")
    page.context.close()


def test_an_administrator_pauses_a_campaign_without_a_script(browser: Browser, world: World, url: str) -> None:
    made = campaigns.start(world.service)
    page = signed_in(browser, world, url, Role.ADMINISTRATOR, "ja", java_script_enabled=False)
    page.goto(f"{url}/operator/campaigns")
    page.locator("main form button").click()
    assert f"第{made.pk}号を一時停止しました" in page.locator("main p.done").inner_text()
    assert page.locator("main form").count() == 0
    page.context.close()
    made.refresh_from_db()
    assert made.state == "paused"
