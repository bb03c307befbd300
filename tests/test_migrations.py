"""Migrations run while all parts run: none may hold a long lock on a table that every mail needs (docs/scale.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, migrations, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import Q
from django.db.models.functions import Now

import atesaki.migrations
from atesaki.cli.migrate import migrate
from tests.world import database_url

FOLDER = Path(atesaki.migrations.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))
# Of before the first release: no installation had rows then.
FIRST = tuple(f"000{n}" for n in range(1, 8))
HOT = {"line", "entry", "event", "claim", "hold", "sealed", "key", "departure"}
TABLES = "|".join(sorted(HOT))
ALTER = rf"ALTER TABLE (ONLY )?atesaki_({TABLES})\b[^;]*\b"
# What may hold the table for as long as it has rows, or rewrites it; each with the way that does not.
SLOW = {
    rf"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)[^;]*\batesaki_({TABLES})\b": "CREATE INDEX CONCURRENTLY",
    ALTER + "SET NOT NULL": "CHECK ... NOT VALID, VALIDATE, then SET NOT NULL",
    ALTER + r"TYPE\b": "a new column beside the old one",
    ALTER + r"ADD (CONSTRAINT \w+ )?(CHECK|FOREIGN)(?![^;]*NOT VALID)": "NOT VALID",
    ALTER + r"ADD (CONSTRAINT \w+ )?(PRIMARY KEY|UNIQUE)\s*\(": "USING INDEX",
    ALTER + r"ADD (COLUMN )?[^;]*DEFAULT (clock_timestamp|random|gen_|nextval)": (
        "a column without default, filled in steps"
    ),
    rf"UPDATE atesaki_({TABLES})\b(?![^;]*\bLIMIT\b)": "in steps",
    rf"(VACUUM FULL|CLUSTER|REINDEX (?!.*CONCURRENTLY))[^;]*atesaki_({TABLES})\b": "CONCURRENTLY",
}


def slow(operation: Operation) -> Iterator[str]:
    """What in it may hold a hot table for long."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from slow(each)
    elif isinstance(operation, migrations.RunSQL):
        yield from slow_sql(operation.sql if isinstance(operation.sql, str) else str(operation.sql))
    model = getattr(operation, "model_name", getattr(operation, "name", "")).lower()
    if model not in HOT:
        return
    match operation:
        case AddIndexConcurrently() | AddConstraintNotValid():
            return
        case migrations.AddIndex():
            yield f"{model}: an index is built by AddIndexConcurrently, in a migration that is not atomic"
        case migrations.AddConstraint():
            yield f"{model}: a check is added by AddConstraintNotValid and then validated; a unique one by an index"
        case migrations.AlterField():
            yield f"{model}.{operation.name}: a column is not altered; a new one is added beside it (expand, contract)"
        case migrations.AddField():
            yield from _slow_column(model, operation)
        case migrations.RemoveField() | migrations.RenameField() | migrations.DeleteModel() | migrations.RenameModel():
            yield f"{model}: the former version still asks for it: remove it in the version after the next (contract)"
        case migrations.AlterUniqueTogether() | migrations.AlterIndexTogether():
            yield f"{model}: builds an index while it locks the table"


def _slow_column(model: str, operation: migrations.AddField) -> Iterator[str]:
    field = operation.field
    if isinstance(field.db_default, models.Expression) and not isinstance(field.db_default, models.Value):
        yield f"{model}.{operation.name}: a default that is computed for each row rewrites the table"
    if not field.null and not field.has_db_default():
        yield f"{model}.{operation.name}: the former version inserts without it: null=True, or a constant db_default"
    if field.unique or field.db_index or (field.remote_field and field.db_constraint):
        yield f"{model}.{operation.name}: an index or a foreign key is added apart, without a long lock"


def slow_sql(text: str) -> Iterator[str]:
    for pattern, instead in SLOW.items():
        for found in re.finditer(pattern, re.sub(r"\s+", " ", text), re.I):
            yield f"{found[0][:80]!r}: {instead}"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(FIRST)])
def test_no_migration_holds_a_hot_table_for_long(name: str) -> None:
    found = import_module(f"atesaki.migrations.{name}").Migration
    wrong = [each for operation in found.operations for each in slow(operation)]
    # SQL that Python runs: `apart` of 0008 makes tables that are new and names none that is old.
    source = (FOLDER / f"{name}.py").read_text()
    for literal in re.findall(r'"""(.*?)"""|"([^"\n]+)"', source, re.S):
        wrong += slow_sql("".join(literal))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "bad",
    [
        migrations.AddIndex("line", models.Index(fields=["octets"], name="x")),
        migrations.AddConstraint("hold", models.CheckConstraint(condition=Q(pk__gt=0), name="x")),
        migrations.AddConstraint("key", models.UniqueConstraint(fields=["wrapped"], name="x")),
        migrations.AlterField("event", "method", models.TextField()),
        migrations.AddField("claim", "x", models.DateTimeField(db_default=Now())),
        migrations.AddField("claim", "x", models.CharField(max_length=3, default="")),
        migrations.AddField("entry", "x", models.IntegerField(null=True, db_index=True)),
        migrations.RemoveField("line", "misses"),
        migrations.RunSQL("CREATE INDEX x ON atesaki_line (octets)"),
        migrations.RunSQL("ALTER TABLE atesaki_departure ALTER tries SET NOT NULL"),
        migrations.RunSQL("ALTER TABLE atesaki_sealed ALTER COLUMN body TYPE text"),
        migrations.RunSQL("ALTER TABLE atesaki_hold ADD CONSTRAINT x CHECK (id > 0)"),
        migrations.RunSQL("ALTER TABLE atesaki_key ADD COLUMN x uuid DEFAULT gen_random_uuid()"),
        migrations.RunSQL("UPDATE atesaki_event SET method = ''"),
    ],
    ids=lambda bad: f"{type(bad).__name__} {getattr(bad, 'sql', getattr(bad, 'model_name', ''))}"[:50],
)
def test_what_would_is_found(bad: Operation) -> None:
    assert list(slow(bad))


@pytest.mark.parametrize(
    "good",
    [
        AddIndexConcurrently("line", models.Index(fields=["octets"], name="x")),
        AddConstraintNotValid("hold", models.CheckConstraint(condition=Q(pk__gt=0), name="x")),
        migrations.AddField("claim", "x", models.IntegerField(null=True)),
        migrations.AddField("claim", "x", models.CharField(max_length=3, db_default="")),
        migrations.AddField("service", "x", models.CharField(max_length=3, default="")),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON atesaki_line (octets)"),
        migrations.RunSQL("ALTER TABLE atesaki_hold ADD CONSTRAINT x CHECK (id > 0) NOT VALID"),
        migrations.RunSQL("ALTER TABLE atesaki_key ADD COLUMN x int DEFAULT 0"),
    ],
    ids=lambda good: f"{type(good).__name__} {getattr(good, 'sql', getattr(good, 'model_name', ''))}"[:50],
)
def test_what_would_not_is_let_through(good: Operation) -> None:
    assert not list(slow(good))


@pytest.mark.django_db(transaction=True)
def test_a_table_in_use_is_asked_for_again_and_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """`atesaki migrate`: twice it finds the table locked by another session, which then ends."""
    program = import_module("atesaki.cli.migrate")
    held = psycopg.connect(database_url())
    held.execute("LOCK TABLE atesaki_slot IN SHARE MODE")
    tried, made = [], []

    def run(*_: object, **__: object) -> None:
        tried.append(1)
        if len(tried) == 3:
            held.close()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE atesaki_slot IN ACCESS EXCLUSIVE MODE")

    monkeypatch.setattr(program, "_LOCK_SECONDS", 0.1)
    monkeypatch.setattr(program, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(program, "installation", lambda **_: nullcontext())
    monkeypatch.setattr("django.core.management.call_command", run)
    monkeypatch.setattr("atesaki.gate.make_partitions", lambda **how: made.append(how))
    done = CliRunner().invoke(migrate)
    assert done.exit_code == 0, done.output
    assert len(tried) == 3 and made == [{"present": True}]
    assert "A table is in use: trying again in 0.01 s (2 of 30)." in done.output
    assert "The database is at this version's state." in done.output
    with psycopg.connect(database_url()) as held:
        held.execute("LOCK TABLE atesaki_slot IN SHARE MODE")
        monkeypatch.setattr(program, "_TRIES", 2)
        given_up = CliRunner().invoke(migrate)
    assert given_up.exit_code == 1 and "run `atesaki migrate` again" in given_up.output
