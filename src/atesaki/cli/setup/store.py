"""The database and the worker: whether they answer, and whether anything is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .finding import Finding, production

_APART_WARN, _APART_WRONG = timedelta(seconds=2), timedelta(minutes=1)


def database() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        asked = datetime.now(UTC)
        cursor.execute("SELECT current_setting('server_version'), clock_timestamp()")
        version, at = cursor.fetchone()
        heard = datetime.now(UTC)
    yield Finding("database", "ok", f"PostgreSQL {version} answers")
    yield from _pooler()
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield Finding("migrations", "wrong", f"{missing} are missing", "run `atesaki migrate`")
    else:
        yield Finding("migrations", "ok", "none is missing")
    yield _clocks(at - heard if at > heard else max(asked - at, timedelta()))


def _pooler() -> Iterator[Finding]:
    from django.conf import settings

    from atesaki.cli.pooler import leads_through_a_pooler

    if not settings.DATABASE_URL or not leads_through_a_pooler(settings.DATABASE_URL):
        return
    if not settings.ATESAKI_POOLED:
        mend = "set ATESAKI_POOLED=1 if it pools by transaction, and DATABASE_DIRECT_URL to the same database past it"
        yield Finding("pooler", "warn", "DATABASE_URL leads to a pooler, and nothing says so", mend)
    elif not settings.DATABASE_DIRECT_URL:
        says = "workers ask for their jobs every second, and `atesaki migrate` cannot run"
        yield Finding("pooler", "warn", says, "set DATABASE_DIRECT_URL to the same database past the pooler")
    elif leads_through_a_pooler(settings.DATABASE_DIRECT_URL):
        yield Finding("pooler", "wrong", "DATABASE_DIRECT_URL leads to a pooler too", "name the database itself there")
    else:
        yield Finding("pooler", "ok", "the database is reached both through the pooler and past it")


def _clocks(apart: timedelta) -> Finding:
    """`apart`: by how much the database's clock and ours differ at the least."""
    if apart <= _APART_WARN:
        return Finding("clocks", "ok", "this machine and the database tell the same time")
    says = f"this machine and the database are {apart.total_seconds():.0f} s apart"
    mend = "keep both by NTP: deadlines and the ledger's order rest on them"
    return Finding("clocks", "wrong" if apart > _APART_WRONG else "warn", says, mend)


def worker() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        (age,) = cursor.fetchone()
    if age is not None and age < 60:
        yield Finding("worker", "ok", f"was heard {age:.0f} s ago")
        return
    says = "none has ever run" if age is None else f"none was heard for {timedelta(seconds=int(age))}"
    state = "wrong" if production() else "warn"
    yield Finding("worker", state, says, "run `atesaki serve`, or `atesaki work` beside the others")


def jobs() -> Iterator[Finding]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, born) < late),
                   count(*) FILTER (WHERE status = 'doing' AND begun < late),
                   count(*) FILTER (WHERE status = 'failed')
              FROM procrastinate_jobs j
             CROSS JOIN (SELECT now() - interval '10 minutes' AS late) l
              LEFT JOIN LATERAL (SELECT min(at) AS born, max(at) FILTER (WHERE type = 'started') AS begun
                                   FROM procrastinate_events e WHERE e.job_id = j.id) e ON true
            """
        )
        late, long, failed = cursor.fetchone()
    if late or long:
        says = f"{late} wait and {long} run for more than ten minutes"
        yield Finding("jobs", "wrong", says, "see that a worker runs; its log says what it is at")
    elif failed:
        yield Finding(
            "jobs", "warn", f"{failed} have failed", "the worker's log says why; `atesaki due` repeats what is due"
        )
    else:
        yield Finding("jobs", "ok", "none is stuck")
