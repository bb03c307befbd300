"""The ledger's months: made, filled, drained and dropped by themselves; migrations that hold nobody up."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.db.migrations.loader import MigrationLoader

from atesaki import clock, gate, keys
from atesaki.gate import ledger, months
from atesaki.models import Entry, Line
from tests.world import World, database_url, order

NOW = datetime(2031, 11, 25, 3, tzinfo=UTC)
MIGRATION = import_module("atesaki.migrations.0008_months")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    def turn(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    turn(NOW)
    return turn


def partitions(table: str) -> dict[str, int]:
    """Its partitions, but those of months that tests in the present have left, and how many rows each holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = %s::regclass",
            [table],
        )
        names = [name for (name,) in cursor.fetchall() if not re.search(r"_202\d_\d\d$", name)]
        found = {}
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {name}")
            found[name.removeprefix(f"{table}_")] = cursor.fetchone()[0]
    return found


def line(world: World, moment: datetime, state: str = Line.State.SETTLED) -> UUID:
    """A line and its one entry."""
    pk = keys.uuid7(moment.timestamp())
    Line.objects.create(id=pk, mail=pk, service=world.service, digest=b"\0" * 32, state=state, at=moment)
    Entry.objects.create(line=pk, at=moment, what="handed")
    return pk


@pytest.mark.django_db
class TestMonths:
    def test_three_are_made_for_each_table_and_then_no_more(self, at) -> None:
        assert gate.make_partitions(present=True) >= 6, "and those of long ago that other tests have made are dropped"
        assert set(partitions("atesaki_line")) == {"rest", "2031_11", "2031_12", "2032_01"}
        assert set(partitions("atesaki_entry")) == {"rest", "2031_11", "2031_12", "2032_01"}
        assert gate.make_partitions() == 0
        at(datetime(2031, 12, 1, tzinfo=UTC))
        assert gate.make_partitions() == 2, "a month later the next one"

    def test_a_line_and_its_timeline_lie_in_the_same_month(self, world: World, at) -> None:
        gate.make_partitions(present=True)
        for moment in (NOW, NOW.replace(month=12, day=31, hour=23, minute=59), datetime(2032, 1, 1, tzinfo=UTC)):
            line(world, moment)
        wanted = {"rest": 0, "2031_11": 1, "2031_12": 1, "2032_01": 1}
        assert partitions("atesaki_line") == partitions("atesaki_entry") == wanted

    def test_what_lies_in_the_rest_moves_to_its_month_when_that_is_made(self, world: World, at) -> None:
        soon, far = line(world, NOW + timedelta(days=30)), line(world, NOW + timedelta(days=800))
        before = gate.explain(soon)
        assert partitions("atesaki_line")["rest"] == partitions("atesaki_entry")["rest"] == 2
        gate.make_partitions()
        assert partitions("atesaki_line") == partitions("atesaki_entry") == {"rest": 1, "2031_12": 1, "2032_01": 0}
        assert gate.explain(soon) == before and gate.explain(far)["timeline"]

    def test_the_month_that_is_written_to_is_left_alone(self, world: World, at) -> None:
        """Who has just been sent to the rest would be refused there: a mail that was handed over already."""
        receipt = world.send(order())
        gate.make_partitions(present=True)
        assert set(partitions("atesaki_line")) == {"rest", "2031_12", "2032_01"}
        assert gate.explain(receipt.id)["timeline"]

    def test_more_than_can_be_moved_at_once_stays_and_is_found(self, world: World, at, monkeypatch) -> None:
        monkeypatch.setattr(months, "_DRAINED", 2)
        many = [line(world, NOW + timedelta(days=30, seconds=n)) for n in range(3)]
        gate.make_partitions()
        assert set(partitions("atesaki_line")) == {"rest", "2032_01"}
        assert all(gate.explain(pk)["timeline"] for pk in many)

    def test_a_month_goes_when_its_last_line_is_400_days_old(self, world: World, at) -> None:
        gate.make_partitions(present=True)
        old = line(world, NOW)
        at(datetime(2031, 12, 1, tzinfo=UTC) + timedelta(days=400, seconds=-1))
        assert months.forget_old() == 0
        gate.make_partitions()
        assert Line.objects.filter(pk=old).exists() and Entry.objects.filter(line=old).exists()
        at(datetime(2031, 12, 1, tzinfo=UTC) + timedelta(days=400))
        assert gate.make_partitions() >= 2
        assert not Line.objects.exists() and not Entry.objects.exists()
        assert "2031_11" not in partitions("atesaki_line") | partitions("atesaki_entry")

    def test_a_line_that_is_not_settled_keeps_its_month_and_its_timeline(self, world: World, at) -> None:
        gate.make_partitions(present=True)
        waits = line(world, NOW, Line.State.HELD)
        at(NOW + timedelta(days=800))
        gate.make_partitions()
        assert gate.explain(waits)["timeline"]
        Line.objects.update(state=Line.State.SETTLED)
        gate.make_partitions()
        assert not Line.objects.exists() and not Entry.objects.exists()

    def test_what_lies_in_no_month_goes_by_the_row(self, world: World, at, monkeypatch) -> None:
        monkeypatch.setattr(months, "_FORGOTTEN", 2)
        for n in range(5):
            line(world, NOW - timedelta(days=401, seconds=n + 1))
        waits, young = line(world, NOW - timedelta(days=401), Line.State.QUEUED), line(world, NOW - timedelta(days=399))
        months.forget_old()
        assert set(Line.objects.values_list("pk", flat=True)) == {waits, young}
        assert set(Entry.objects.values_list("line", flat=True)) == {waits, young}

    def test_a_month_that_was_taken_off_and_not_dropped_is_dropped_later(self, at) -> None:
        gate.make_partitions(present=True)
        with connection.cursor() as cursor:  # the process ended between the two
            cursor.execute("ALTER TABLE atesaki_line DETACH PARTITION atesaki_line_2031_11")
        at(NOW + timedelta(days=800))
        gate.make_partitions(present=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('atesaki_line_2031_11'), to_regclass('atesaki_entry_2031_11')")
            assert cursor.fetchone() == (None, None)


@contextmanager
def holding(statement: str) -> Iterator[None]:
    """Another session in the midst of a transaction."""
    with psycopg.connect(database_url()) as other:
        other.execute(statement)
        yield
        other.rollback()


@pytest.mark.django_db(transaction=True)
def test_whoever_is_long_at_it_is_not_waited_for_and_holds_nobody_up(world: World, at, monkeypatch) -> None:
    """The months are made later, and a mail that comes meanwhile is as quick as ever, or nearly."""
    at(datetime(2041, 5, 5, tzinfo=UTC))
    monkeypatch.setattr(months, "_TRIES", 2)
    try:
        gate.make_partitions(ahead=0, present=True)
        with holding("SELECT count(*) FROM atesaki_line"):
            tried = threading.Thread(target=_make_partitions)
            tried.start()
            slowest = 0.0
            while tried.is_alive():
                began = time.monotonic()
                pk = line(world, clock.now())
                assert gate.explain(pk)["timeline"] and not ledger.leaving(b"\0" * 32)
                slowest = max(slowest, time.monotonic() - began)
            tried.join()
            assert "2041_06" not in partitions("atesaki_line")
            assert slowest < 5, "it gives its place in the queue up after a quarter of a second"
        assert gate.make_partitions() > 0
        assert {"2041_06", "2041_07"} <= set(partitions("atesaki_line"))
    finally:
        _drop_months("2041")


def _make_partitions() -> None:
    try:
        gate.make_partitions()
    finally:
        connection.close()


def _drop_months(year: str) -> None:
    with connection.cursor() as cursor:
        for table in ("atesaki_line", "atesaki_entry"):
            for name in partitions(table):
                if name.startswith(year):
                    cursor.execute(f"DROP TABLE {table}_{name}")


class Before:
    """A database of its own with the timeline as it was: one table, written to by a part of the former version."""

    def __init__(self, alias: str) -> None:
        self.connection = connections[alias]
        self.took: list[float] = []
        self.made: list[int] = []
        self._stop = threading.Event()

    def make(self, rows: int) -> None:
        state = MigrationLoader(None).project_state(("atesaki", "0007_access"))
        with self.connection.schema_editor() as editor:
            editor.create_model(state.apps.get_model("atesaki", "Entry"))
        with self.connection.cursor() as cursor:
            for n in range(rows):
                pk = keys.uuid7(time.time() - n * 86_400)
                cursor.execute(
                    "INSERT INTO atesaki_entry (line, at, what, detail) VALUES (%s, now(), 'handed', '')", [pk]
                )

    @property
    def url(self) -> str:
        return database_url().replace(
            f"/{connection.settings_dict['NAME']}?", f"/{self.connection.settings_dict['NAME']}?"
        )

    @contextmanager
    def written_to(self) -> Iterator[None]:
        thread = threading.Thread(target=self._write, daemon=True)
        thread.start()
        yield
        self._stop.set()
        thread.join(30)
        assert not thread.is_alive()

    def _write(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as session:
            while not self._stop.is_set():
                began = time.monotonic()
                row = session.execute(
                    "INSERT INTO atesaki_entry (line, at, what, detail) VALUES (%s, now(), 'x', '') RETURNING id",
                    [keys.uuid7()],
                ).fetchone()
                self.made.append(row[0])
                self.took.append(time.monotonic() - began)

    def migrate(self) -> None:
        with self.connection.schema_editor(atomic=False) as editor:
            MIGRATION.apart(None, editor)

    def ask(self, statement: str) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture
def before(transactional_db: None, settings) -> Iterator[Before]:
    alias = name = f"before_{uuid4().hex[:8]}"
    with psycopg.connect(database_url(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        wrapper = connections["default"].copy(alias)
        wrapper.settings_dict = {**wrapper.settings_dict, "NAME": name}
        connections[alias] = wrapper
        try:
            yield Before(alias)
        finally:
            wrapper.close()
            del connections[alias]
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_timeline_becomes_the_first_partition_while_it_is_written_to(before: Before) -> None:
    before.make(500)
    with before.written_to():
        while len(before.made) < 20:
            time.sleep(0.01)
        before.migrate()
        so_far = len(before.made)
        while len(before.made) < so_far + 20:
            time.sleep(0.01)
    assert max(before.took) < 5
    [(many, apart)] = before.ask("SELECT count(*), count(DISTINCT id) FROM atesaki_entry")
    assert many == apart == 500 + len(before.made), "no row is lost, and no number is given twice"
    assert sorted(before.made) == before.made
    assert before.ask("SELECT count(*) FROM atesaki_entry_first") == [(many,)], "until the month after the next"
    [(where,)] = before.ask("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'atesaki_entry_first'")
    later = months.month_after(months.month_after(datetime.now(UTC)))
    assert where == f"FOR VALUES FROM (MINVALUE) TO ('{months.bound(later)}')"
    before.migrate()  # it may be repeated
    far = keys.uuid7((later + timedelta(days=1)).timestamp())
    before.ask(f"INSERT INTO atesaki_entry (line, at, what, detail) VALUES ('{far}', now(), 'x', '') RETURNING id")
    assert before.ask("SELECT count(*) FROM atesaki_entry_rest") == [(1,)]


def test_an_empty_timeline_is_simply_made_anew(before: Before) -> None:
    before.make(0)
    before.migrate()
    assert before.ask("SELECT to_regclass('atesaki_entry_first')") == [(None,)]
    assert before.ask("SELECT relkind::text FROM pg_class WHERE relname = 'atesaki_entry'") == [("p",)]


def test_a_migration_that_finds_the_table_in_use_changes_nothing_and_is_repeated(before: Before) -> None:
    before.make(10)
    before.ask("SELECT set_config('lock_timeout', '100ms', false)")
    with psycopg.connect(before.url) as reader:
        reader.execute("SELECT count(*) FROM atesaki_entry")
        # What waits for an old transaction without a lock may wait; what locks others out may not.
        with psycopg.connect(before.url, autocommit=True) as other:
            other.execute("CREATE UNIQUE INDEX atesaki_entry_first_key ON atesaki_entry (line, id)")
        with pytest.raises(OperationalError, match="lock timeout"):
            before.migrate()
        reader.rollback()
    assert before.ask("SELECT relkind::text FROM pg_class WHERE relname = 'atesaki_entry'") == [("r",)]
    before.migrate()
    assert before.ask("SELECT count(*) FROM atesaki_entry") == [(10,)]
