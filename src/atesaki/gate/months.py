"""The ledger's months: partitions made ahead of time, and dropped when everything in them is over its time.

Both tables of the ledger go by the same key, the line's UUIDv7, so that a line and its timeline lie in the same
month. What belongs to no month of ours lies in a default partition (`_rest`), which is drained into months to come
as they are made; the month that is being written to is left alone. docs/decisions/0021-partitions.md has the reasons
and the figures.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction

from atesaki import clock

KEPT = timedelta(days=400)
LINES, ENTRIES = "atesaki_line", "atesaki_entry"

log = structlog.get_logger()

_LOCK = 0x6D6F6E746873  # "months"
_WAIT_MS = 250  # whoever waits for these locks holds up everybody behind: a mail may be late by so much, not more
_TRIES = 5
_DRAINED = 20_000  # rows that are moved into a new month while its table is locked: a few tenths of a second
_FORGOTTEN = 5_000  # rows a statement
_FORGETS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    key: str


_TABLES = (_Table(LINES, "id"), _Table(ENTRIES, "line"))


def make_partitions(ahead: int = 2, *, present: bool = False) -> int:
    """Makes the partitions of the months to come, and drops those whose time is over; how many of both.

    Any node may call it at any time; two at once do not meet. A lock that cannot be had soon is asked for again,
    and then at the next call: nobody waits long behind ours.

    `present`: this month's too, if nothing of it lies in the rest. Only before the parts run (`atesaki migrate`): a
    row that is just then on its way to the rest would be refused, as it belongs to the new month.
    """
    done = 0
    for table in _TABLES:
        with connection.cursor() as cursor:
            there, upper = set(_attached(cursor, table.name)), _upper_of_first(cursor, table)
        first = month_of(clock.now()) if present else month_after(clock.now())
        for _ in range(ahead + present):
            name = f"{table.name}_{first:%Y_%m}"
            if name not in there and (upper is None or bound(first) >= upper):
                done += _patiently(partial(_make, table, first), "make", name)
            first = month_after(first)
    return done + _drop_old()


def forget_old() -> int:
    """Removes what is over its time and lies in no month of its own; how many rows. In small steps, for some seconds.

    Whole months go with their partition: a row of theirs stays until the last of them is over its time.
    """
    ends = time.monotonic() + _FORGETS_SECONDS
    oldest = bound(clock.now() - KEPT)
    gone = 0
    with connection.cursor() as cursor:
        for table in _TABLES:
            if table.name == ENTRIES:  # never before its line
                cursor.execute(f"SELECT id FROM {LINES} WHERE id < %s ORDER BY id LIMIT 1", [oldest])  # noqa: S608
                row = cursor.fetchone()
                oldest = row[0] if row else oldest
            for name in {f"{table.name}_first", f"{table.name}_rest"} & set(_attached(cursor, table.name)):
                while time.monotonic() < ends and (some := _forget(cursor, table, name, oldest)):
                    gone += some
    return gone


def month_of(at: datetime) -> datetime:
    """The moment a month begins."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(first: datetime) -> datetime:
    """The moment the next one begins."""
    return month_of(first + timedelta(days=32))


def bound(at: datetime) -> UUID:
    """The least id that can be made at this moment or later: PostgreSQL compares UUIDs by their octets."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def _forget(cursor: Any, table: _Table, name: str, oldest: UUID) -> int:
    row, settled = ("(id)", "AND state = 'settled'") if table.name == LINES else ("(line, id)", "")
    cursor.execute(
        f"DELETE FROM {name} WHERE {row} IN (SELECT {row[1:-1]} FROM {name}"  # noqa: S608 - our own names
        f" WHERE {table.key} < %s {settled} ORDER BY {table.key} LIMIT %s FOR UPDATE SKIP LOCKED)",
        [oldest, _FORGOTTEN],
    )
    return int(cursor.rowcount)


def _patiently(step: Callable[[], int], what: str, name: str) -> int:
    """Tries a step again while its lock is not to be had; 0 if it never was: the next turn tries again."""
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    # Not `SET`: behind a pooler the next statement may reach another session.
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_WAIT_MS}ms"])
                    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
                    if not cursor.fetchone()[0]:
                        return 0  # another node is at it
                return step()
        except OperationalError as error:
            if not _is_locked(error):
                raise
            if attempt + 1 < _TRIES and not connection.in_atomic_block:
                time.sleep(random.uniform(0.1, 0.4) * (attempt + 1))  # noqa: S311 - only so that nodes do not meet
    log.warning("months.busy", step=what, table=name)
    return 0


def _is_locked(error: BaseException) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in ("55P03", "40P01")  # lock_not_available, deadlock_detected


def _attached(cursor: Any, table: str) -> list[str]:
    """The partitions of a table that is one."""
    cursor.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = to_regclass(%s) ORDER BY 1",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]


def _make(table: _Table, first: datetime) -> int:
    """Makes one month and moves into it what lies in the rest. Inside a transaction, with `lock_timeout` set.

    `CREATE TABLE ... PARTITION OF` would lock the whole table against everybody; a table that is made apart and
    attached locks only the rest, which is empty or nearly so, and is looked through while it is locked.
    """
    name, rest = f"{table.name}_{first:%Y_%m}", f"{table.name}_rest"
    low, high = bound(first), bound(month_after(first))
    most = _DRAINED if first > clock.now() else 0
    within = f"FROM {rest} WHERE {table.key} >= '{low}' AND {table.key} < '{high}'"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0]:
            return 0
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 {within} LIMIT {most + 1}) found")  # noqa: S608 - our own
        if cursor.fetchone()[0] > most:
            log.warning("months.rest_is_full", table=table.name, month=f"{first:%Y-%m}")
            return 0  # they stay where they are, and are found there: to move them would hold up every mail
        cursor.execute(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(f"LOCK TABLE {table.name} IN SHARE UPDATE EXCLUSIVE MODE")  # as attaching does, and in its order
        cursor.execute(f"LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"WITH moved AS (DELETE {within} RETURNING *) INSERT INTO {name} SELECT * FROM moved")  # noqa: S608
        # The name and the bounds are ours, computed above: PostgreSQL takes no parameters in DDL.
        cursor.execute(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
    return 1


def _upper_of_first(cursor: Any, table: _Table) -> UUID | None:
    cursor.execute(
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = to_regclass(%s) AND relispartition",
        [f"{table.name}_first"],
    )
    row = cursor.fetchone()
    found = re.search(r"TO \('([0-9a-f-]{36})'\)", row[0]) if row else None
    return UUID(found[1]) if found else None


def _drop_old() -> int:
    """Drops the months that are over their time: the lines, and then their timeline; how many tables.

    Taken off in one short transaction and dropped in the next, so that the lock on the whole table is held only for
    the former. Not `DETACH ... CONCURRENTLY`: PostgreSQL refuses it to a table that has a default partition.
    """
    oldest = bound(clock.now() - KEPT)
    dropped = 0
    for table in _TABLES:
        with connection.cursor() as cursor:
            months = _over(cursor, table, oldest)
        for name in months:
            taken = _patiently(partial(_take_off, table, name), "detach", name)
            dropped += _patiently(partial(_drop, name), "drop", name) if taken else 0
    return dropped


def _over(cursor: Any, table: _Table, oldest: UUID) -> list[str]:
    """Tables of months that have ended before `oldest`, still partitions or taken off and not yet dropped."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s ORDER BY 1",
        [rf"^{table.name}_\d{{4}}_\d{{2}}$"],
    )
    found = []
    for (name,) in cursor.fetchall():
        year, month = int(name[-7:-3]), int(name[-2:])
        ends = month_after(clock.now().replace(year=year, month=month, day=1))
        if bound(month_of(ends)) <= oldest:
            found.append(name)
    upper = _upper_of_first(cursor, table)
    return [*found, f"{table.name}_first"] if upper is not None and upper <= oldest else found


def _take_off(table: _Table, name: str) -> int:
    """Takes a month off its table; 1 if it is off now. A line that is not settled keeps its month, and its timeline."""
    with connection.cursor() as cursor:
        if name not in _attached(cursor, table.name):
            return 1  # a process ended before it dropped it
        if table.name == ENTRIES:
            cursor.execute("SELECT to_regclass(%s)", [name.replace(ENTRIES, LINES)])
            if cursor.fetchone()[0]:
                return 0
        else:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name} WHERE state <> 'settled')")  # noqa: S608 - our own
            if cursor.fetchone()[0]:
                return 0
        cursor.execute(f"ALTER TABLE {table.name} DETACH PARTITION {name}")
    return 1


def _drop(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {name}")
    return 1
