"""The page of webhooks in a real browser: sound in every look, and an event told again by hand.

`SCREENSHOTS=folder` keeps a picture of every page in every look.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import Browser

from atesaki import clock, outbox
from atesaki.desk import agents
from atesaki.desk.agents import Role
from atesaki.models import Webhook
from atesaki.tenants import Service, add_service
from tests.browser.test_desk_browser import Desk, check
from tests.test_desk import hired
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, PHONE = ("wide", 1280, 800), ("phone", 390, 844)
# Each size, language and theme once: these pages are the staff's, and each look is slow.
LOOKS = [(WIDE, "ja", "light"), (PHONE, "en", "dark")]
ANSWERS = (
    ("claim.proved", "heard", 1, "204 No Content"),
    ("mail.held", "waiting", 4, "503 Service Unavailable"),
    ("mail.destroyed", "given_up", 17, "the certificate cannot be trusted: certificate has expired"),
    ("customer.contact_needed", "leaving", 1, ""),
    ("case.closed", "waiting", 0, ""),
)


@pytest.fixture
def office(live_server: object, browser: Browser, world: World, settings: object) -> Iterator[Desk]:
    url = live_server.url  # type: ignore[attr-defined]
    settings.ATESAKI_PUBLIC_URL = url  # type: ignore[attr-defined]
    people = {name: hired(name, role) for name, role in (("kanri", Role.ADMINISTRATOR), ("sakura", Role.SUPERVISOR))}
    yield Desk(url, browser, world, [], people)
    for context in browser.contexts:
        context.close()


def busy(service: Service, many: int = 1) -> None:
    now = clock.now()
    for number in range(many):
        for kind, state, tries, answer in ANSWERS:
            with transaction.atomic():
                outbox.tell(service, kind, {"claim": "0199", "customer": f"K-{number}"})
            ended = now if state in ("heard", "given_up") else None
            due = now + timedelta(hours=3) if tries and not ended else now
            Webhook.objects.filter(pk=Webhook.objects.latest("pk").pk).update(
                state=state, tries=tries, answer=answer, ended=ended, due=due
            )


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0][0]}-{look[1]}-{look[2]}")
def test_the_page_is_sound_in_every_look(office: Desk, look: tuple) -> None:
    (size, width, height), lang, theme = look
    agents.speak(office.people["kanri"].agent, lang)
    problems: list[str] = []
    view = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "locale": f"{lang}-JP"}
    page = office.open("kanri", **view)
    page.on("console", lambda told: problems.append(f"console: {told.text}") if "status of" not in told.text else None)

    def visit(query: str, name: str) -> None:
        page.goto(f"{office.url}/operator/webhooks{query}")
        check(page, f"webhooks-{name}-{size}-{lang}-{theme}", problems)

    visit("", "empty")
    office.world.policy(webhook="https://shop.example/hooks/s3cret")
    visit("", "nothing")
    other = add_service(
        "ネットID",
        organisation="はな商事",
        locale="ja",
        mode="enforce",
        sender="id@id.example",
        webhook="https://id.example/x",
    ).service
    busy(office.world.service, 12)
    busy(other)
    visit("", "list")
    assert "s3cret" not in page.content()
    visit(f"?state=given_up&service={other.pk}", "narrowed")
    page.locator("main table button").first.click()
    check(page, f"webhooks-told-{size}-{lang}-{theme}", problems)
    assert not problems, "\n".join(problems)


def test_an_event_is_told_again_by_hand_without_a_script(office: Desk) -> None:
    office.world.policy(webhook="https://shop.example/hooks")
    busy(office.world.service)
    given_up = Webhook.objects.get(state="given_up")
    page = office.open("kanri", locale="en-GB", java_script_enabled=False)
    page.goto(f"{office.url}/operator/webhooks")
    page.locator("nav.tabs a", has_text="打ち切り").click()
    page.locator("main table button").click()
    assert str(given_up.pk) in page.locator("p.done").inner_text()
    given_up.refresh_from_db()
    assert (given_up.state, given_up.tries) == ("waiting", 0)
    page = office.open("sakura")
    page.goto(f"{office.url}/operator/webhooks")
    assert page.locator("main table tbody tr").count() == len(ANSWERS)
    assert page.locator("main table button").count() == 0, "a supervisor looks on"
