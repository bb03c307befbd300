"""What an agent sends waits, can be called back without a script, and is lost by no crash."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from atesaki import clock, desk, gate, keys, tasks
from atesaki.desk import DeskError, agents, answers, sms, unsent
from atesaki.desk.agents import Role
from atesaki.models import Agent, Case, Contact, Draft, Message, Reporter, Step, Unsent
from atesaki.tenants import add_service
from tests import mori
from tests.canary import ADDRESS, NAME, PHONE
from tests.test_desk import text_of, url
from tests.world import World

TEXT = "お調べして、明日までにお答えします。"


@pytest.fixture
def case(world: World, monkeypatch: pytest.MonkeyPatch) -> Case:
    mori.at(monkeypatch, "2026-11-18T14:00")
    found = mori.freed(world)
    Reporter.objects.filter(case=found).update(wish="steps")
    desk.ladder.keep_customer(found, NAME, "090-1234-4711", "273-0005", ADDRESS, "service")
    return desk.by_pk(found.pk)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that were texted."""
    numbers: list[str] = []

    class Provider:
        def send(self, to: str, text: str) -> None:
            numbers.append(to)

    monkeypatch.setattr(sms, "sms_provider", Provider)
    return numbers


def press(client: Client, case: Case, text: str = TEXT) -> str:
    """Sends an answer by its preview; its key."""
    page = client.post(url("answer", case), {"text": text, "in": "ja"}).content.decode()
    key = re.search(r'name="key" value="([\w-]+)"', page)[1]  # type: ignore[index]
    assert client.post(url("answer_send", case), {"text": text, "in": "ja", "key": key}).status_code == 302
    return key


def mails(world: World) -> int:
    gate.drive()
    return len([mail for mail in world.notices() if "/m/" in mail.get_body(("plain",)).get_content()])


def test_ten_seconds_pass_before_an_answer_is_queued(world: World, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    client = mori.at_desk(mori.mori(world))
    preview = text_of(client.post(url("answer", case), {"text": TEXT, "in": "ja"}))
    assert "10秒の間は、取り消せます" in preview
    key = press(client, case)
    assert unsent.due() == 0 and mails(world) == 0 and not Message.objects.filter(direction="out").exists()
    page = client.get(url("case", case))
    assert "14:00:1" in text_of(page) and f"/desk/unsent/{key}/undo" in page.content.decode()
    mori.later(monkeypatch, seconds=10)
    assert unsent.due() == 1 and unsent.due() == 0
    assert mails(world) == 1 and str(Message.objects.get(direction="out").pk) == key
    assert "取り消す" not in text_of(client.get(url("case", case)))


def test_called_back_it_is_a_draft_again_and_nothing_leaves(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mori.at_desk(mori.mori(world))
    key = press(client, case)
    assert not Draft.objects.exists()
    assert client.get(f"/desk/unsent/{key}/undo").status_code == 405, "GET never acts"
    back = client.post(f"/desk/unsent/{key}/undo", {"case": case.number})
    assert back.status_code == 302 and TEXT in client.get(back["Location"]).content.decode()
    mori.later(monkeypatch, minutes=30)
    assert unsent.due() == 0 and mails(world) == 0
    assert Step.objects.filter(case=case, what="called_back", by="mori").count() == 1
    assert "送信を取り消し" in text_of(client.get(url("case", case)))


def test_what_has_left_cannot_be_called_back_and_that_is_said(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mori.at_desk(mori.mori(world))
    key = press(client, case)
    mori.later(monkeypatch, seconds=10)
    unsent.due()
    late = client.post(f"/desk/unsent/{key}/undo", {"case": case.number})
    assert late.status_code == 409 and "取り消せませんでした" in text_of(late)
    assert mails(world) == 1


def test_what_a_colleague_began_meanwhile_is_kept_with_it(world: World, case: Case) -> None:
    key = press(mori.at_desk(mori.mori(world)), case)
    kida = mori.mori(world, "kida")
    desk.drafts.keep(case, kida, "answer", "書きかけです。")
    assert mori.at_desk(kida).post(f"/desk/unsent/{key}/undo", {"case": case.number}).status_code == 302
    kept = desk.drafts.kept(case, kida, "answer")
    assert kept is not None and kept.text == f"書きかけです。\n\n{TEXT}"


def test_strangers_and_who_may_not_answer_call_nothing_back(world: World, case: Case) -> None:
    key = press(mori.at_desk(mori.mori(world)), case)
    other = add_service("別の店", organisation="別の会社", locale="ja", mode="enforce", sender="x@x.example").service
    stranger = mori.at_desk(mori.mori(world, "yoso", house=other.organisation))
    assert stranger.post(f"/desk/unsent/{key}/undo", {"case": case.number}).status_code == 404
    assert mori.at_desk(mori.mori(world, "hayashi", Role.PRIVACY)).post(f"/desk/unsent/{key}/undo").status_code == 403
    assert Unsent.objects.count() == 1


def test_an_agent_chooses_how_long(world: World, case: Case) -> None:
    agent = mori.mori(world)
    client = mori.at_desk(agent)
    for seconds, kept in (("5", 5), ("30", 30), ("7", 30), ("x", 30), ("0", 0)):
        assert client.post("/desk/account", {"undo": seconds}).status_code == 302
        assert Agent.objects.get(pk=agent.pk).undo_seconds == kept, "what is not offered changes nothing"
        Unsent.objects.all().delete()
        press(client, case)
        assert Message.objects.filter(direction="out").count() == (not kept)
        assert [row.leaves - row.at for row in Unsent.objects.all()] == [timedelta(seconds=kept)] * (kept > 0)


def test_a_crash_loses_nothing_and_sends_nothing_twice(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(mori.at_desk(mori.mori(world)), case)
    mori.later(monkeypatch, minutes=5)

    def dies(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(gate, "correspond", dies)
        assert tasks.everything_due()["sent"] == 0
    assert Unsent.objects.get().failed == "" and not Message.objects.filter(direction="out").exists()
    assert tasks.everything_due()["sent"] == 1 and tasks.everything_due()["sent"] == 0
    assert mails(world) == 1


def test_the_worker_is_asked_for_that_moment_and_does_no_more_than_due(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = press(mori.at_desk(mori.mori(world)), case)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'unsent', scheduled_at - clock_timestamp() FROM procrastinate_jobs"
            " WHERE task_name = 'atesaki.send'"
        )
        ((job, ahead),) = cursor.fetchall()
    assert job == key and timedelta(0) < ahead <= timedelta(seconds=10)
    tasks.send(key)
    assert Unsent.objects.exists(), "too early: the job alone decides nothing"
    mori.later(monkeypatch, seconds=10)
    tasks.send(key)
    tasks.send(key)
    assert mails(world) == 1


def test_what_cannot_leave_any_more_says_why_and_gives_its_words_back(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mori.at_desk(mori.mori(world))
    key = press(client, case)
    Reporter.objects.filter(case=case).update(wish="nothing")
    mori.later(monkeypatch, seconds=10)
    assert unsent.due() == 0 and unsent.due() == 0
    shown = text_of(client.get(url("case", case)))
    assert "送れませんでした" in shown and "希望されていない" in shown
    back = client.post(f"/desk/unsent/{key}/undo", {"case": case.number})
    assert TEXT in client.get(back["Location"]).content.decode() and mails(world) == 0
    left = {"id": uuid4(), "kind": "answer", "language": "ja", "text": b"x", "failed": "wish"}
    Unsent.objects.create(
        **left, case=case, service=case.service, agent=mori.mori(world).user, at=clock.now(), leaves=clock.now()
    )
    mori.later(monkeypatch, days=31)
    assert unsent.forget_old() == 1


def test_it_goes_with_the_case_and_is_sealed_until_then(world: World, case: Case) -> None:
    press(mori.at_desk(mori.mori(world)), case)
    row = Unsent.objects.get()
    assert TEXT.encode() not in bytes(row.text) and unsent.text_of(row) == TEXT
    desk.corrected(case, "service")
    assert not Unsent.objects.exists()


def test_a_text_message_waits_too_and_can_be_called_back(
    world: World, case: Case, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mori.at_desk(mori.mori(world))
    assert client.post(url("sms", case)).status_code == 302
    again = client.post(url("sms", case))
    assert again.status_code == 422 and "すでに送信を待っています" in text_of(again)
    key = Unsent.objects.get().pk
    assert client.post(f"/desk/unsent/{key}/undo", {"case": case.number}).status_code == 302
    mori.later(monkeypatch, minutes=1)
    assert unsent.due() == 0 and not sent and not Contact.objects.filter(rung="sms").exists()
    client.post(url("sms", case))
    mori.later(monkeypatch, minutes=1)
    assert unsent.due() == 1 and unsent.due() == 0 and len(sent) == 1
    assert Contact.objects.get(rung="sms").outcome == "sent" and not Unsent.objects.exists()


def test_a_text_message_that_may_not_leave_any_more_says_so(
    world: World, case: Case, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mori.at_desk(mori.mori(world))
    client.post(url("sms", case))
    desk.ladder.phoned(case, "wrong_number", mori.mori(world))
    mori.later(monkeypatch, minutes=1)
    assert unsent.due() == 0 and not sent
    assert "この番号は別の方のものです" in text_of(client.get(url("case", case)))


def test_a_text_message_whose_worker_dies_is_not_sent_twice(
    world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Dies:
        def send(self, to: str, text: str) -> None:
            tried.append(to)
            raise KeyboardInterrupt

    monkeypatch.setattr(sms, "sms_provider", Dies)
    agent = mori.mori(world)
    unsent.sms(case, agent)
    mori.later(monkeypatch, minutes=1)
    with pytest.raises(KeyboardInterrupt):
        unsent.leave(Unsent.objects.get().pk)
    assert unsent.due() == 0 and len(tried) == 1
    assert Contact.objects.get(rung="sms").outcome == "failed", "it may have left: it counts, and there is no second"


def test_what_may_not_be_sent_is_refused_before_it_waits(world: World, case: Case) -> None:
    agent = mori.mori(world)
    with pytest.raises(answers.AnswerError):
        unsent.answer(case, agent, f"{NAME}さまの件です。", "ja", keys.uuid7())
    desk.ladder.keep_customer(case, NAME, PHONE[:2] + "-1234", "273-0005", ADDRESS, "service")
    with pytest.raises(DeskError):
        unsent.sms(case, agent)
    assert not Unsent.objects.exists()
    assert agents.UNDO_SECONDS == unsent.SECONDS == (0, 5, 10, 30)
