"""Behind a pooler in transaction mode, two statements of one connection may reach two sessions.

What needs a session of its own goes past the pooler (DATABASE_DIRECT_URL) or does without: the worker's LISTEN,
migrations, and cursors that stay open between two statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procrastinate.connector import BaseAsyncConnector

_ASKS_SECONDS = 1.0


def worker_connector() -> tuple[BaseAsyncConnector, dict[str, Any]]:
    """How a worker reaches its jobs, and on what terms. Django must be set up.

    Past the pooler it is told of a job as it is made (LISTEN). With nothing but the pooler it asks every second:
    a LISTEN there is taken without a word and never heard of again.
    """
    from django.conf import settings
    from procrastinate.contrib.django import app
    from procrastinate.psycopg_connector import PsycopgConnector

    if settings.DATABASE_DIRECT_URL:
        return PsycopgConnector(conninfo=settings.DATABASE_DIRECT_URL, min_size=1, max_size=4), {}
    terms = {"listen_notify": False, "fetch_job_polling_interval": _ASKS_SECONDS} if settings.ATESAKI_POOLED else {}
    return app.connector.get_worker_connector(), terms  # type: ignore[attr-defined]  # Django's has it


def leads_through_a_pooler(url: str) -> bool:
    """Whether a pooler answers at `url`: it tells its clients another process than the one that serves them."""
    import psycopg

    with psycopg.connect(url, connect_timeout=5) as connection:
        [(serving,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
        return bool(connection.info.backend_pid != serving)
