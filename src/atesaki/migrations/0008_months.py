"""The timeline by month, like the ledger: what was the whole table becomes the first partition of the new one.

No lock is held for longer than it takes to write into the catalogue, however many rows there are: what takes time
(an index, the proof that all rows are below the bound) is done while everybody goes on. It may be stopped and begun
again at any point. Parts of the former version go on with it: they know the table by its name only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import migrations, transaction

TABLE = """
CREATE TABLE atesaki_entry (
    id bigint NOT NULL,
    line uuid NOT NULL,
    at timestamptz NOT NULL,
    what varchar(24) NOT NULL,
    detail varchar(200) NOT NULL,
    CONSTRAINT atesaki_entry_key PRIMARY KEY (line, id)
) PARTITION BY RANGE (line);
CREATE TABLE atesaki_entry_rest PARTITION OF atesaki_entry DEFAULT;
"""


def apart(_: Any, editor: Any) -> None:
    """1. bound  2. a key that holds the line  3. proof that all are below the bound  4. one behind the other."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT relkind FROM pg_class WHERE oid = 'atesaki_entry'::regclass")
        if cursor.fetchone()[0] in ("p", b"p"):
            return  # it was stopped after its last step
        bound = _bound(cursor)
        _add_key(cursor)
        cursor.execute("ALTER TABLE atesaki_entry DROP CONSTRAINT IF EXISTS entry_first")
        cursor.execute(f"ALTER TABLE atesaki_entry ADD CONSTRAINT entry_first CHECK (line < '{bound}') NOT VALID")
        cursor.execute("ALTER TABLE atesaki_entry VALIDATE CONSTRAINT entry_first")
        with transaction.atomic(editor.connection.alias):
            _turn_over(cursor, bound)


def _bound(cursor: Any) -> UUID:
    """The beginning of a month that none of the rows has reached, nor will before we are done."""
    cursor.execute("SELECT line FROM atesaki_entry ORDER BY line DESC LIMIT 1")
    row = cursor.fetchone()
    last = max(datetime.now(UTC).timestamp(), (row[0].int >> 80) / 1000 if row else 0)
    try:
        month = datetime.fromtimestamp(last, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for _ in range(2):  # not the next one: it may begin while we are at it
            month = (month + timedelta(days=32)).replace(day=1)
    except (OverflowError, ValueError):
        return UUID(int=(1 << 128) - 1)  # made by no clock: it is above all, and the months have no place
    return UUID(int=int(month.timestamp() * 1000) << 80)


def _add_key(cursor: Any) -> None:
    """Builds the new key beside the old one, which takes as long as it takes and locks nobody out."""
    cursor.execute("SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass('atesaki_entry_first_key')")
    row = cursor.fetchone()
    if row and not row[0]:
        cursor.execute("DROP INDEX CONCURRENTLY atesaki_entry_first_key")  # it was stopped while it built it
    if not row or not row[0]:
        # It waits for those who have begun before it, but nobody waits for it: its patience needs no end.
        cursor.execute("SELECT current_setting('lock_timeout'), set_config('lock_timeout', '0', false)")
        former = cursor.fetchone()[0]
        cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY atesaki_entry_first_key ON atesaki_entry (line, id)")
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [former])


def _turn_over(cursor: Any, bound: UUID) -> None:
    """The old table under another name, a new one in its place, the numbers going on. Inside a transaction."""
    cursor.execute("LOCK TABLE atesaki_entry IN ACCESS EXCLUSIVE MODE")
    cursor.execute("SELECT pg_get_serial_sequence('atesaki_entry', 'id')")
    cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")  # noqa: S608 - its name
    last, called = cursor.fetchone()
    cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = 'atesaki_entry'::regclass AND contype = 'p'")
    cursor.execute(f'ALTER TABLE atesaki_entry DROP CONSTRAINT "{cursor.fetchone()[0]}"')
    cursor.execute(
        "ALTER TABLE atesaki_entry ADD CONSTRAINT atesaki_entry_first_key PRIMARY KEY USING INDEX atesaki_entry_first_key"
    )
    cursor.execute("ALTER TABLE atesaki_entry ALTER id DROP IDENTITY")
    cursor.execute("ALTER TABLE atesaki_entry RENAME TO atesaki_entry_first")
    cursor.execute("DROP INDEX IF EXISTS entry_by_line")
    cursor.execute(TABLE)
    # A sequence and not an identity: PostgreSQL before 17 knows none in a table with partitions.
    cursor.execute(f"CREATE SEQUENCE atesaki_entry_id_seq START {last + int(called)} OWNED BY atesaki_entry.id")
    cursor.execute("ALTER TABLE atesaki_entry ALTER id SET DEFAULT nextval('atesaki_entry_id_seq')")
    cursor.execute("SELECT EXISTS (SELECT 1 FROM atesaki_entry_first)")
    if not cursor.fetchone()[0]:
        cursor.execute("DROP TABLE atesaki_entry_first")
        return
    cursor.execute("ALTER TABLE atesaki_entry_first ALTER id SET DEFAULT nextval('atesaki_entry_id_seq')")
    cursor.execute(
        f"ALTER TABLE atesaki_entry ATTACH PARTITION atesaki_entry_first FOR VALUES FROM (MINVALUE) TO ('{bound}')"
    )


class Migration(migrations.Migration):
    atomic = False  # an index that is built while everybody goes on is built outside of a transaction
    dependencies: ClassVar = [("atesaki", "0007_access")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            # There is no way back, and none is needed: the former version works on this state.
            database_operations=[migrations.RunPython(apart)],
            state_operations=[migrations.RemoveIndex("entry", "entry_by_line")],
        ),
    ]
