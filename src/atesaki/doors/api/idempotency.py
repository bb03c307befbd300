"""A call that is repeated with the same `Idempotency-Key` is done once, and answered twice.

The answer and what it tells of are one transaction where the call allows it (`whole`). A mail is handed over in
transactions of its own: when a process dies in between, a repeat after `_LOST` does it again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.http import HttpResponse

from atesaki import clock, keys
from atesaki.models import KeptAnswer

from .auth import Asked
from .problems import MEDIA_TYPE, Problem, invalid

_KEPT: Final = timedelta(hours=24)
_LOST: Final = timedelta(seconds=60)  # longer than any call may take: a courier has 20 seconds
_PATIENCE: Final = 2.0  # seconds that a repeat waits for its first call
_KEY: Final = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, as octets."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # of the first answer alone

    def response(self) -> HttpResponse:
        kind = MEDIA_TYPE if self.status >= 400 else "application/json"
        answer = HttpResponse(self.body, status=self.status, content_type=kind)
        if self.status == 204:
            del answer["Content-Type"]
        for name, value in self.headers.items():
            answer[name] = value
        return answer


@dataclass(frozen=True, slots=True)
class _Ours:
    """The row of the call that this process does."""

    pk: int
    since: datetime


def once(request: Asked, do: Callable[[], Told], *, whole: bool) -> HttpResponse:
    """Does it, or gives back what its first call was answered. Raises `Problem`.

    1 Take the key, by one guarded statement; whoever is second waits a little for the first, and is given its answer.
    2 Do it, and keep the answer: in one transaction if it is `whole`.
    3 What failed by our fault (5xx) is not kept: it may be tried again.
    """
    shown = request.headers.get("Idempotency-Key")
    if shown is None:
        return do().response()
    key, asked = _read(request, shown)
    ours = _take(request, key, asked)
    if isinstance(ours, Told):
        answer = ours.response()
        answer["Idempotent-Replayed"] = "true"
        return answer
    try:
        if not whole:
            told = do()
            _keep(ours, told)
            return told.response()
        with transaction.atomic():
            told = do()
            _keep(ours, told)
        return told.response()
    except BaseException:
        _mine(ours).delete()
        raise


def _read(request: Asked, shown: str) -> tuple[bytes, bytes]:
    if not _KEY.fullmatch(shown):
        raise invalid((("header", "Idempotency-Key"), "Give 1 to 255 printable ASCII characters."))
    ring = keys.ring()
    said = (request.method or "", request.get_full_path(), request.content_type or "", request.body)
    return ring.fingerprint("idempotency key", shown), ring.fingerprint("idempotent request", *said)


def _take(request: Asked, key: bytes, asked: bytes) -> _Ours | Told:
    """The key for this call, or the answer that it was given before. Raises `Problem`."""
    ends = time.monotonic() + _PATIENCE
    while True:
        ours = _insert(request, key, asked)
        if ours is not None:
            return ours
        row = KeptAnswer.objects.filter(credential=request.auth.came_by, key=key).first()
        if row is None:
            continue  # it failed this moment, and its key is free again
        if bytes(row.request) != asked:
            raise Problem(
                "conflict", "This Idempotency-Key was used for another request: give each request a key of its own."
            )
        if row.status is not None and row.answer is not None:
            return Told(row.status, keys.ring().unwrap(bytes(row.answer), _place(row.pk)))
        if time.monotonic() > ends:
            raise Problem(
                "conflict",
                "The first request with this Idempotency-Key is still running; ask again in a moment.",
                headers={"Retry-After": "1"},
            )
        time.sleep(0.05)


def _insert(request: Asked, key: bytes, asked: bytes) -> _Ours | None:
    """A new row, or one that is over: a day old, or left behind by a process that died."""
    now = clock.now()
    said = {"key": key, "asked": asked, "of": request.auth.came_by, "now": now, "old": now - _KEPT, "lost": now - _LOST}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO atesaki_keptanswer AS k (credential_id, key, request, since)
            VALUES (%(of)s, %(key)s, %(asked)s, %(now)s)
            ON CONFLICT (credential_id, key) DO UPDATE
               SET request = EXCLUDED.request, since = EXCLUDED.since, status = NULL, answer = NULL
             WHERE k.since < %(old)s OR (k.status IS NULL AND k.request = EXCLUDED.request AND k.since < %(lost)s)
            RETURNING id
            """,
            said,
        )
        row = cursor.fetchone()
    return _Ours(row[0], now) if row else None


def _keep(ours: _Ours, told: Told) -> None:
    if told.status >= 500:
        _mine(ours).delete()
        return
    _mine(ours).update(status=told.status, answer=keys.ring().wrap(told.body, _place(ours.pk)))


def _mine(ours: _Ours):  # type: ignore[no-untyped-def]
    return KeptAnswer.objects.filter(pk=ours.pk, since=ours.since, status=None)


def _place(pk: int) -> bytes:
    return f"kept answer {pk}".encode()
