"""The access log: it only grows, and whoever changes it without the key is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atesaki import clock, desk
from atesaki.desk import access, agents
from atesaki.models import Access, Case
from tests import mori
from tests.test_desk import at_work, hired, said_not_me, url
from tests.world import World

ROWS = 6


@pytest.fixture
def case(world: World) -> Case:
    return said_not_me(world)


def written(case: Case, world: World, many: int = ROWS) -> None:
    agent = mori.mori(world)
    for number in range(many):
        access.note(case, "phone", agent.user, f"理由 {number}")


def forced(sql: str, *values: object) -> None:
    """What whoever owns the database may do: the trigger is theirs to take away."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE atesaki_access DISABLE TRIGGER access_only_grows")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE atesaki_access ENABLE TRIGGER access_only_grows")


def test_a_whole_log_is_whole(case: Case, world: World) -> None:
    assert access.check() == access.Checked(0, 0, "", "")
    written(case, world)
    found = access.check()
    assert (found.rows, found.first, found.wrong) == (ROWS, 1, "")
    assert found.head.startswith(f"{ROWS}:")
    access.note(case, "name", mori.mori(world).user, "もう一度")
    assert access.check(found.head).wrong == "", "an earlier head stands in the log"


@pytest.mark.parametrize("words", ["UPDATE atesaki_access SET reason = 'x'", "DELETE FROM atesaki_access"])
def test_the_database_lets_nobody_change_it(case: Case, world: World, words: str) -> None:
    written(case, world, 1)
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(words)
    assert Access.objects.count() == 1


TAMPERED: dict[str, Callable[[], None]] = {
    "reason": lambda: forced("UPDATE atesaki_access SET reason = 'x' WHERE number = 3"),
    "agent": lambda: forced("UPDATE atesaki_access SET agent_id = NULL WHERE number = 2"),
    "time": lambda: forced("UPDATE atesaki_access SET at = at + interval '1 second' WHERE number = 6"),
    "taken out": lambda: forced("DELETE FROM atesaki_access WHERE number = 4"),
    "first taken": lambda: forced("DELETE FROM atesaki_access WHERE number = 1"),
    "renumbered": lambda: (
        forced("DELETE FROM atesaki_access WHERE number = 4"),
        forced("UPDATE atesaki_access SET number = number - 1 WHERE number = 5"),
        forced("UPDATE atesaki_access SET number = number - 1 WHERE number = 6"),
    )[0],
    "copied": lambda: forced(
        "INSERT INTO atesaki_access"
        " (number, at, what, number_of, reason, content, previous, hash, agent_id, organisation_id)"
        " SELECT 7, at, what, number_of, reason, content, previous, hash, agent_id, organisation_id"
        " FROM atesaki_access WHERE number = 6"
    ),
}


@pytest.mark.parametrize("way", TAMPERED)
def test_whoever_changes_it_is_found(case: Case, world: World, way: str) -> None:
    written(case, world)
    TAMPERED[way]()
    assert access.check().wrong


def test_what_was_cut_off_is_missed_by_who_noted_the_head(case: Case, world: World) -> None:
    written(case, world)
    head = access.check().head
    forced("DELETE FROM atesaki_access WHERE number >= 5")
    assert access.check().wrong == "", "nothing within the database can tell"
    assert "cut off" in access.check(head).wrong
    written(case, world)
    assert "not the one" in access.check(head).wrong, "written anew, it is another row"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), max_size=5))
def test_any_reason_is_read_back_as_it_was_hashed(case: Case, world: World, reasons: list[str]) -> None:
    for reason in reasons:
        access.note(case, "name", mori.mori(world).user, reason)
    assert access.check().wrong == ""


@pytest.mark.django_db(transaction=True)
def test_agents_at_one_time_make_one_chain(case: Case, world: World) -> None:
    agent = mori.mori(world).user

    def look(number: int) -> None:
        try:
            access.note(case, "phone", agent, f"{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(40)))
    found = access.check()
    assert (found.rows, found.wrong) == (40, "")


def test_a_look_that_is_rolled_back_was_none(case: Case, world: World) -> None:
    written(case, world, 2)
    with pytest.raises(RuntimeError), transaction.atomic():
        access.note(case, "name", mori.mori(world).user, "理由")
        raise RuntimeError
    access.note(case, "name", mori.mori(world).user, "理由")
    assert access.check().rows == 3 and access.check().wrong == ""


def test_old_rows_go_and_the_log_says_so(case: Case, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written(case, world, 3)
    early = access.check().head
    soon = clock.now() + access.KEPT + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: soon)
    assert access.forget_old() == 0, "a month's rows at a time"
    later = soon + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: later)
    access.note(case, "name", mori.mori(world).user, "今日の理由")
    assert access.forget_old() == 3
    found = access.check()
    assert (found.first, found.rows, found.wrong) == (4, 2, "")
    assert Access.objects.get(what="removed").reason == "up to 3"
    assert access.forget_old() == 0
    assert access.check(early).wrong == "", "the noted row has lived its time"
    forced("DELETE FROM atesaki_access WHERE number = 4")
    assert "missing" in access.check().wrong


def test_what_is_forgotten_leaves_the_chain_whole(case: Case, world: World) -> None:
    written(case, world, 20)
    access.forget([case.number])
    found = access.check()
    assert (found.rows, found.wrong) == (22, ""), "two rows say what was blanked"
    assert not Access.objects.filter(number_of=case.number).exists()
    assert set(Access.objects.filter(number__lte=20).values_list("reason", "what", "agent__username")) == {
        ("", "phone", "mori")
    }


@pytest.mark.parametrize("column", ["reason", "number_of"])
def test_a_row_blanked_by_another_hand_is_found(case: Case, world: World, column: str) -> None:
    written(case, world)
    forced("UPDATE atesaki_access SET reason = '', number_of = '' WHERE number = 2")
    assert "Row 2 was blanked" in access.check().wrong
    forced(f"UPDATE atesaki_access SET {column} = 'x' WHERE number = 2")
    assert access.check().wrong == "Row 2 was changed."


def test_a_page_that_is_opened_is_in_the_log_once_an_hour(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    client = at_work(hired())
    for _ in range(3):
        assert client.get(url("case", case)).status_code == 200
    assert [(row.what, row.number_of) for row in Access.objects.all()] == [("case", case.number)]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=50))
    client.get(url("case", case))
    assert Access.objects.count() == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=65))
    assert desk.access.opened(case, hired("p").agent) is None
    assert Access.objects.count() == 2


@pytest.mark.parametrize("way", ["case", "answer", "leak", "note"])
def test_whatever_page_shows_a_case_is_in_the_log(case: Case, way: str) -> None:
    client = at_work(hired(role=agents.Role.SUPERVISOR))
    answer = client.post(url("note", case), {"text": ""}) if way == "note" else client.get(url(way, case))
    assert answer.status_code == (422 if way == "note" else 200)
    assert [(row.what, row.number_of) for row in Access.objects.all()] == [("case", case.number)]


@pytest.mark.parametrize("page", ["", "/answer"])
def test_whatever_page_shows_an_inquiry_is_in_the_log(world: World, page: str) -> None:
    number = "ABCD-EFGH"
    desk.inquire(number, desk.Question("order", world.service, "ja", "届きません", email="umi@example.jp"), "192.0.2.1")
    assert at_work(hired(role=agents.Role.SUPERVISOR)).get(f"/desk/inquiries/{number}{page}").status_code == 200
    assert [(row.what, row.number_of) for row in Access.objects.all()] == [("inquiry", number)]


def test_the_command_says_what_it_found(case: Case, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    from contextlib import nullcontext
    from unittest.mock import patch

    from atesaki.cli import run

    written(case, world)
    with patch("atesaki.cli.ledger.installation", lambda **_: nullcontext()):
        assert run(["verify-ledger", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"rows": ROWS, "first": 1, "head": access.check().head, "wrong": ""}
        assert run(["verify-ledger", "--head", told["head"]]) == 0
        forced("UPDATE atesaki_access SET reason = 'x' WHERE number = 3")
        assert run(["verify-ledger"]) == 1
        assert "not whole: Row 3 was changed" in capsys.readouterr().err
        assert run(["verify-ledger", "--head", "nonsense"]) == 2
