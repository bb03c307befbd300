"""Mori at the desk: a case to work on, the customer's data, and a calendar that can be turned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from atesaki import clock, desk, gate, notme
from atesaki.desk import Case
from atesaki.models import Agent
from atesaki.tenants import Organisation
from tests.world import HANA, World, order

KEN = "KEN-CUSTOMER-4711"
NAME, PHONE, POSTAL, ADDRESS = "大島 健太郎", "090-1234-5678", "273-0005", "千葉県船橋市本町9丁目99番9号"
OWN = ["お客さま窓口 0120-000-000(平日10時から18時)", "〒100-0000 東京都千代田区千代田9番9号"]


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Turns the clock to this moment in Japan; it goes on from there."""
    wanted = datetime.fromisoformat(f"{moment}+09:00")
    shift = wanted - datetime.now(UTC)
    monkeypatch.setattr(clock, "offset", lambda: shift)


def later(monkeypatch: pytest.MonkeyPatch, **much: float) -> None:
    """Turns the clock on."""
    shift = clock.offset() + timedelta(**much)
    monkeypatch.setattr(clock, "offset", lambda: shift)


def mori(world: World, name: str = "mori", role: str = Agent.Role.AGENT, house: Organisation | None = None) -> Agent:
    """An agent of the world's organisation, or of another."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    agent, _ = Agent.objects.get_or_create(
        user=user, defaults={"organisation": house or world.service.organisation, "role": role}
    )
    return agent


def at_desk(agent: Agent) -> Client:
    """A browser in which an agent is at work, without the time that a password takes (`test_desk` has those)."""
    client = Client()
    client.force_login(agent.user)
    session = client.session
    session["seen"] = session["since"] = int(clock.now().timestamp())
    session.save()
    return client


def freed(world: World, *, customer: str = KEN) -> Case:
    """Ken's order went to Hana, who said "not me": the case that follows."""
    world.send(
        order(4711, headers=f"X-Atesaki-Customer: {customer}\r\nX-Atesaki-Knows: postal_code=273-0005\r\n"), HANA
    )
    gate.drive()
    said = notme.report(world.tokens()[1], lang="ja")
    assert said is not None and said.case is not None
    return desk.by_pk(said.case.pk)


def known(case: Case, **other: str) -> None:
    """The service told how Ken may be reached."""
    told = {"name": NAME, "phone": PHONE, "postal_code": POSTAL, "address": ADDRESS} | other
    desk.keep_customer(case, **told, by="service")
