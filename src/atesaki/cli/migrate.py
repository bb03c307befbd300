"""`atesaki migrate`: the database to this version's state, while everybody goes on."""

from __future__ import annotations

import time

import click

from atesaki.cli.installation import Failure, installation

_LOCK_SECONDS = 2  # whoever comes behind a migration that waits for its lock waits too: so long, and no longer
_TRIES = 30
_PAUSE_SECONDS = 5.0


@click.command()
def migrate() -> None:
    """Bring the database to this version's state; may be repeated.

    It may be done while all parts run: a lock that cannot be had within two seconds is given up, so that nobody waits
    long behind it, and asked for again. Behind a pooler it wants DATABASE_DIRECT_URL.
    """
    with installation(session=True):
        from django.conf import settings

        from atesaki import gate

        if settings.ATESAKI_POOLED:
            raise Failure(
                "a migration needs one session from its beginning to its end, which a pooler in transaction mode does "
                "not give: set DATABASE_DIRECT_URL to the same database past the pooler."
            )
        for attempt in range(1, _TRIES + 1):
            if _migrated():
                break
            if attempt == _TRIES:
                raise Failure(
                    f"a table was in use at each of {_TRIES} tries, and nobody was kept waiting for it: what was done "
                    "so far stays and is right. See which session is long in a transaction (pg_stat_activity), then "
                    "run `atesaki migrate` again."
                )
            click.echo(f"A table is in use: trying again in {_PAUSE_SECONDS:g} s ({attempt} of {_TRIES}).", err=True)
            time.sleep(_PAUSE_SECONDS)
        gate.make_partitions(present=True)
    click.echo("The database is at this version's state.")


def _migrated() -> bool:
    """Whether all migrations are done; False if a lock could not be had in time."""
    from django.core.management import call_command
    from django.db import OperationalError, connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_LOCK_SECONDS * 1000:.0f}ms"])
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return False
    finally:
        connection.close()  # back to the pool, or away: nobody else gets our patience
    return True
