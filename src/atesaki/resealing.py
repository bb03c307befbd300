"""Seals anew what the older of two sealing keys has sealed, so that it can be retired.

Promise:    Every value opens at every moment of it; after a pass that leaves nothing, the older key opens nothing.
Never:      Writes over a value that has changed meanwhile, waits for a row that another has, or parts with a value
            that does not open.
On failure: What is done is done; the next pass finds the rest.
Read first: `SEALED`, then `drive`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from atesaki import keys

_BATCH = 500
_AGAIN_SECONDS = 3_600.0  # after a whole pass: what a part sealed that had not read the new key yet


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where values lie that the ring has wrapped: `place` makes of the row's `of` what it is bound to."""

    table: str
    column: str
    pk: str
    kind: str  # of the primary key, in PostgreSQL
    of: tuple[str, ...]
    place: Callable[..., bytes]


def _octets(pk: Any) -> bytes:
    return bytes(pk.bytes)


def _text(pk: Any) -> bytes:
    return str(pk).encode()


SEALED = (
    Sealed("atesaki_key", "wrapped", "id", "uuid", ("id",), _octets),
    Sealed("atesaki_keptanswer", "answer", "id", "bigint", ("id",), lambda pk: f"kept answer {pk}".encode()),
    Sealed("atesaki_service", "webhook_secret", "id", "bigint", ("id",), lambda pk: f"webhook {pk}".encode()),
    Sealed("atesaki_agent", "totp", "id", "bigint", ("id",), lambda pk: f"totp {pk}".encode()),
    Sealed("atesaki_report", "sealed", "id", "uuid", ("id",), _octets),
    Sealed("atesaki_message", "text", "id", "uuid", ("id",), _octets),
    Sealed("atesaki_inquiry", "sealed", "number", "text", ("number",), _text),
    Sealed("atesaki_inquirymessage", "text", "id", "uuid", ("id",), _octets),
    Sealed("atesaki_customer", "sealed", "id", "bigint", ("case_id",), _octets),
    Sealed("atesaki_letter", "sealed_code", "id", "bigint", ("case_id",), _octets),
    Sealed("atesaki_note", "text", "id", "uuid", ("id",), _octets),
    Sealed(
        "atesaki_draft",
        "text",
        "id",
        "bigint",
        ("case_id", "agent_id", "kind"),
        lambda case, agent, kind: f"draft {case} {agent} {kind}".encode(),
    ),
    Sealed("atesaki_unsent", "text", "id", "uuid", ("id",), _octets),
    Sealed("atesaki_wish", "text", "id", "bigint", ("id",), _text),
    Sealed("atesaki_wish", "sealed_address", "id", "bigint", ("id",), _text),
)
"""Every column that the ring seals. The places are those of the modules that write there; a test compares."""


@dataclass(slots=True)
class _Pass:
    """How far this process is, for one key: the place in `SEALED`, the last row, and when it was through."""

    key: bytes = b""
    at: int = 0
    last: Any = None
    through: float = 0.0

    def begin(self, key: bytes, through: float = 0.0) -> None:
        """From the first row on, or not before an hour from `through`."""
        self.key, self.at, self.last, self.through = key, 0, None, through


_pass = _Pass()


def drive(seconds: float = 20.0) -> int:
    """Seals anew for at most `seconds`, on from where this process stopped; how many values. 0 without a rotation.

    After a crash it begins again, which costs a reading of what is done. Through, it looks again after an hour.
    """
    ring = keys.ring()
    if ring.sealing() != ring.next_seal:
        return 0
    if _pass.key != ring.next_seal:
        _pass.begin(ring.next_seal)
    if _pass.through and time.monotonic() - _pass.through < _AGAIN_SECONDS:
        return 0
    ends, done = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        where = SEALED[_pass.at]
        rows = _rows(where, _pass.last)
        done += _anew(where, [(pk, value, fresh) for pk, value, fresh in _judged(where, rows, ring) if fresh])
        if len(rows) == _BATCH:
            _pass.last = rows[-1][0]
        elif _pass.at + 1 < len(SEALED):
            _pass.at, _pass.last = _pass.at + 1, None
        else:
            _pass.begin(ring.next_seal, through=time.monotonic())
            break
    return done


@dataclass(frozen=True, slots=True)
class Left:
    """Values that only the older key opens, and values that none opens, each by table and column."""

    old: dict[str, int]
    closed: dict[str, int]


def left() -> Left:
    """Looks at every sealed value there is."""
    ring, old, closed = keys.ring(), dict[str, int](), dict[str, int]()
    for where in SEALED:
        name, last = f"{where.table}.{where.column}", None
        while rows := _rows(where, last):
            for _, _, fresh in _judged(where, rows, ring):
                if fresh is None:
                    closed[name] = closed.get(name, 0) + 1
                elif fresh:
                    old[name] = old.get(name, 0) + 1
            last = rows[-1][0]
    return Left(old, closed)


def all_anew() -> int:
    """`drive` from the beginning to the end, whatever was done before."""
    _pass.begin(b"")
    done = 0
    while True:
        done += drive()
        if not _pass.key or _pass.through:
            return done


def _rows(where: Sealed, last: Any) -> list[tuple[Any, ...]]:
    """The next rows that hold a value: the primary key, what the place is made of, the value."""
    beyond = f"AND {where.pk} > %s" if last is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {where.pk}, {', '.join(where.of)}, {where.column} FROM {where.table}"  # noqa: S608 - ours
            f" WHERE {where.column} IS NOT NULL {beyond} ORDER BY {where.pk} LIMIT {_BATCH}",
            [last] if last is not None else [],
        )
        return list(cursor.fetchall())


def _judged(
    where: Sealed, rows: list[tuple[Any, ...]], ring: keys.Keyring
) -> Iterator[tuple[Any, bytes, bytes | None]]:
    """For each row its key, its value, and that sealed anew: empty if it need not be, None if it does not open."""
    for pk, *of, found in rows:
        value, place = bytes(found), where.place(*of)
        try:
            keys.unseal(ring.sealing(), value, place)
        except keys.SealBroken:
            try:
                yield pk, value, ring.wrap(ring.unwrap(value, place), place)
            except keys.SealBroken:
                yield pk, value, None
        else:
            yield pk, value, b""


def _anew(where: Sealed, rows: list[tuple[Any, bytes, bytes]]) -> int:
    """Writes values that are still what was read. A row that another holds is left: two that wait may wait for ever."""
    if not rows:
        return 0
    pks, olds, news = ([row[part] for row in rows] for part in range(3))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH new AS (SELECT * FROM unnest(%s::{where.kind}[], %s::bytea[], %s::bytea[]) AS v (pk, old, value)),
                 free AS (SELECT {where.pk} AS pk FROM {where.table}
                           WHERE {where.pk} = ANY(%s::{where.kind}[]) FOR UPDATE SKIP LOCKED)
            UPDATE {where.table} t SET {where.column} = new.value FROM new JOIN free USING (pk)
             WHERE t.{where.pk} = new.pk AND t.{where.column} = new.old
            """,  # noqa: S608 - ours
            [pks, olds, news, pks],
        )
        return int(cursor.rowcount)
