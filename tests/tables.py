"""Emptying the test database, and setting it back; TRUNCATE takes thirty times as long: it makes every file anew.

Only tables that hold something are touched. Triggers and checks of foreign keys rest meanwhile, which only a
superuser may ask for, as the tests' own server makes them; on another server it is TRUNCATE after all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db import connection, transaction

# What migrations leave behind, and nobody writes afterwards.
_STAYS = ("django_migrations", "django_content_type", "auth_permission")
_HOLDS_ROWS = """
SELECT quote_ident(relname), coalesce((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(oid)), 0)
FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
AND relname <> ALL(%s)
"""
_LARGE = 4_000_000  # octets; what is deleted stays in the file until a vacuum, and would be read by the next test
_AT_REST = "SET LOCAL session_replication_role = replica"


def empty() -> None:
    """Forgets everything."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLDS_ROWS, [list(_STAYS)])
        sizes = dict(cursor.fetchall())
        if not _superuser():
            cursor.execute(f"TRUNCATE {', '.join(sizes)} CASCADE")
            return
        if large := [name for name, size in sizes.items() if size > _LARGE]:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        full = _full(list(sizes))
        if full:
            cursor.execute("; ".join([_AT_REST, *(f"DELETE FROM {name}" for name in full)]))


def _superuser() -> bool:
    return str(connection.connection.info.parameter_status("is_superuser")) == "on"


def _full(names: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names))
        return [name for (name,) in cursor.fetchall()]


class Kept:
    """Everything in the database and in one folder as it is now; `restore` sets it back so, as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copy = folder, folder.with_name(f"{folder.name}.kept")
        shutil.copytree(folder, self.copy)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_HOLDS_ROWS, [list(_STAYS)])
            self.full = _full([name for name, _ in cursor.fetchall()])
            for name in self.full:
                cursor.execute(f"CREATE TEMPORARY TABLE kept_{name} AS TABLE {name}")

    def restore(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.copy, self.folder)
        empty()
        rows = [f"INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE kept_{name}" for name in self.full]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("; ".join([*([_AT_REST] if _superuser() else []), *rows]))

    def forget(self) -> None:
        """The copies are gone."""
        shutil.rmtree(self.copy)
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"DROP TABLE kept_{name}" for name in self.full))
