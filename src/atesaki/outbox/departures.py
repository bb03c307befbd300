"""The order in which things leave: taken, given back, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from atesaki import clock

from .couriers import COURIER_SECONDS
from .models import Departure, Key
from .seals import destroy

_PAUSES = [timedelta(seconds=s) for s in (15, 60, 180, 600, 1_800, 3_600, 7_200)]  # then the last, again and again
_GIVES_UP = timedelta(days=4)  # RFC 5321 4.5.4.1: at least 4-5 days
_LOST = COURIER_SECONDS * 2


@dataclass(frozen=True, slots=True)
class Leaving:
    """A departure that this process, and no other, may hand over now."""

    pk: int
    line: UUID
    key: UUID
    lane: str
    tries: int
    gives_up: datetime


def keep(line: UUID, key: UUID, *, lane: str, digest: bytes | None, after: timedelta = timedelta()) -> None:
    """Keeps what `key` opens until it has left, at the end of `lane`. Inside a transaction."""
    now = clock.now()
    Departure.objects.create(lane=lane, line=line, digest=digest, key_id=key, due=now + after, gives_up=now + _GIVES_UP)


def take(lane: str | None = None) -> Leaving | None:
    """The next departure whose time has come (of `lane`, or of any), marked as leaving. Inside a transaction.

    Only the first of a lane can be taken, and nothing behind one that is leaving or pausing. `SKIP LOCKED` lets
    workers pass each other; a row that another has just taken is still seen as standing in front.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_departure SET state = 'leaving', leaving_since = clock_timestamp(), tries = tries + 1
             WHERE id = (
                SELECT d.id FROM atesaki_departure d
                 WHERE d.state = 'waiting' AND d.due <= %(now)s AND (%(lane)s::text IS NULL OR d.lane = %(lane)s)
                   AND NOT EXISTS (SELECT 1 FROM atesaki_departure f WHERE f.lane = d.lane AND f.id < d.id)
                 ORDER BY d.due LIMIT 1 FOR UPDATE SKIP LOCKED)
               AND state = 'waiting'
            RETURNING id, line, key_id, lane, tries, gives_up
            """,
            {"now": clock.now(), "lane": lane},
        )
        row = cursor.fetchone()
    return Leaving(*row) if row else None


def still_ours(leaving: Leaving) -> bool:
    """Whether it was not taken back meanwhile and given to another, locked. Inside a transaction, and first in it.

    What came of a hand that is no longer ours must not be written: another may have it on the wire at this moment.
    """
    rows = Departure.objects.select_for_update().filter(
        pk=leaving.pk, state=Departure.State.LEAVING, tries=leaving.tries
    )
    return rows.first() is not None


def gone(leaving: Leaving) -> None:
    """It has left, or must never leave: the departure and the key end. Inside a transaction."""
    Departure.objects.filter(pk=leaving.pk).delete()
    destroy([leaving.key])


def again(leaving: Leaving, *, give_up: bool = True) -> bool:
    """Puts it back for later; False if its time is over, and it is then for the caller to end it."""
    pause = _PAUSES[min(leaving.tries, len(_PAUSES)) - 1]
    if give_up and clock.now() + pause > leaving.gives_up:
        return False
    Departure.objects.filter(pk=leaving.pk).update(
        state=Departure.State.WAITING, due=clock.now() + pause, leaving_since=None
    )
    return True


def take_back() -> list[UUID]:
    """Puts back what a process took and never ended, long after its courier must have; the lines concerned.

    Inside a transaction, together with what the ledger says of them: in between another may take it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_departure SET state = 'waiting', leaving_since = NULL
             WHERE state = 'leaving' AND leaving_since < clock_timestamp() - make_interval(secs => %s)
            RETURNING line
            """,
            [_LOST],
        )
        return [row[0] for row in cursor.fetchall()]


def waiting(digest: bytes) -> Sequence[Departure]:
    """What waits to leave for this address and is not on its way, locked. Inside a transaction."""
    return list(
        Departure.objects.select_for_update().filter(digest=digest, state=Departure.State.WAITING).order_by("pk")
    )


def key_of(leaving: Leaving) -> Key | None:
    """What opens it, unless it was destroyed meanwhile."""
    return Key.objects.select_related("sealed").filter(pk=leaving.key).first()
