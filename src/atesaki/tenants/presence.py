"""Services as they are now, for many conversations at once: one question, and rows read only where they changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from django.db import connection

from .models import Service

_MOST = 10_000  # services with their keys that are remembered; then all are forgotten

Shown = tuple[int, int | None]
"""A service's row, and the credential that a conversation showed (None: none)."""

_known: dict[Shown, tuple[str, Service]] = {}
_lock = threading.Lock()


def present_all(shown: Iterable[Service]) -> dict[Shown, Service]:
    """Each service as its row is now, by (row, credential); those are missing that were retired, or whose key ended.

    What is remembered is asked for by the version of its rows (`xmin`, PostgreSQL 5.6): any change makes another.
    """
    asked = {(service.pk, service.came_by) for service in shown}
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.id, u.came_by, s.xmin::text || ' ' || o.xmin::text
              FROM unnest(%s::bigint[], %s::bigint[]) u (service, came_by)
              JOIN atesaki_service s ON s.id = u.service AND s.retired IS NULL
              JOIN atesaki_organisation o ON o.id = s.organisation_id
             WHERE u.came_by IS NULL OR EXISTS (
                SELECT 1 FROM atesaki_credential c
                 WHERE c.id = u.came_by AND c.service_id = s.id AND c.revoked IS NULL)
            """,
            [[service for service, _ in asked], [came_by for _, came_by in asked]],
        )
        versions = {(service, came_by): version for service, came_by, version in cursor.fetchall()}
    found = {}
    stale = []
    for key, version in versions.items():
        known = _known.get(key)
        if known and known[0] == version:
            found[key] = known[1]
        else:
            stale.append(key)
    return found | _read(stale, versions)


def _read(stale: list[Shown], versions: dict[Shown, str]) -> dict[Shown, Service]:
    """Reads rows anew. They may be newer than `versions` says, and are then read once more the next time."""
    if not stale:
        return {}
    read = {}
    for key in stale:  # an object for each, as each bears its own credential
        row = Service.objects.select_related("organisation").filter(pk=key[0], retired=None).first()
        if row is not None:
            row.came_by = key[1]
            read[key] = row
    with _lock:
        if len(_known) + len(read) > _MOST:
            _known.clear()
        _known.update({key: (versions[key], row) for key, row in read.items()})
    return read
