"""Events that services are told, until they have said that they heard (Standard Webhooks 1.0)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Count
from procrastinate.contrib.django import app

from atesaki import clock, keys
from atesaki.tenants import Service, TenantError, webhook_secret

from .models import Webhook
from .webhook_courier import Reply, hand_event, reach

log = structlog.get_logger(__name__)

_GIVES_UP = timedelta(days=3)
_PAUSES = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)]
_LONGEST = _PAUSES[-1]  # also the longest that a `Retry-After` is heeded
_LOST_SECONDS = 60
_SOON = timedelta(minutes=3)  # a later try is left to `drive_webhooks`: no need for a job that sleeps for hours
_AT_ONCE = 2  # of one service: one that does not answer must not have all the worker's hands
_KEPT = timedelta(days=30)
_GONE = 410  # RFC 9110 15.5.11, and the scheme's own word for "never again"
_BUSY = (0, 429, 503)


def tell(service: Service, kind: str, data: dict[str, Any]) -> bool:
    """Queues an event for a service that has named a URL; whether it has. Inside a transaction.

    `data` names the service's own references and never an address (L8).
    """
    return tell_all(service, kind, [data]) > 0


def tell_all(service: Service, kind: str, every: Sequence[dict[str, Any]]) -> int:
    """`tell`, for each of many, in one statement and with one job; how many are queued."""
    if not service.webhook or not every:
        return 0
    now = clock.now()
    pks = sorted(keys.uuid7() for _ in every)  # a list of them, newest first, is then in the order of what happened
    made = [{"id": str(pk), "data": data} for pk, data in zip(pks, every, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO atesaki_webhook (id, service_id, type, body, state, created, due, gives_up, tries, answer)
            SELECT (one->>'id')::uuid, %s, %s, one->'data', 'waiting', %s, %s, %s, 0, ''
              FROM jsonb_array_elements(%s::jsonb) one
            """,
            [service.pk, kind, now, now, now + _GIVES_UP, json.dumps(made, ensure_ascii=False)],
        )
    if len(pks) == 1:
        _wake(pks[0])
    else:
        app.configure_task("atesaki.tell_many", priority=-1).defer()
    return len(pks)


def deliver(webhook: str) -> bool:
    """Tells the event of that id, if its time has come and no other process has it; whether it was heard now."""
    taken = _take(pk=UUID(webhook))
    return taken is not None and _hand(taken).heard


def drive_webhooks(most: int = 1_000, seconds: float = 30) -> int:
    """Tells everything that is due, for at most `seconds`, and first takes back what was lost; how many were tried.

    The least tried come first, and a service that gives no answer is not asked again this time: one that is away
    holds up nobody else, and one event that it cannot bear holds up no other.
    """
    take_back_webhooks()
    ends, silent = time.monotonic() + seconds, set[int]()
    for tried in range(most):
        taken = _take(but_not=silent) if time.monotonic() < ends else None
        if taken is None:
            return tried
        if _hand(taken).status in _BUSY:
            silent.add(taken.service_id)
    return most


def take_back_webhooks() -> int:
    """Puts back what a process took and never ended, long after its courier must have; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_webhook SET state = 'waiting', leaving_since = NULL
             WHERE state = 'leaving' AND leaving_since < clock_timestamp() - make_interval(secs => %s)
            """,
            [_LOST_SECONDS],
        )
        return int(cursor.rowcount)


def webhooks_of(service: Service, limit: int = 100) -> list[Webhook]:
    """The newest events of a service."""
    return list(Webhook.objects.filter(service=service).order_by("-created", "-pk")[:limit])


def deliveries(
    services: Collection[int], state: str = "", *, before: UUID | None = None, most: int = 50
) -> list[Webhook]:
    """Events for these services, newest first, of one state or of all; those older than `before`, if it is given."""
    rows = Webhook.objects.filter(service__in=services).select_related("service")
    rows = rows.filter(state=state) if state else rows
    return list((rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")[:most])


@dataclass(frozen=True, slots=True)
class Told:
    """How the telling of one service goes: so many events in each state, and the newest that has ended.

    `failing`: of those that wait, one that was tried; it has the service's answer to that.
    """

    states: dict[str, int]
    last: Webhook | None
    failing: Webhook | None


def overview(service: Service) -> Told:
    """See `Told`."""
    rows = Webhook.objects.filter(service=service)
    counted = rows.order_by().values_list("state").annotate(many=Count("pk"))
    waits = rows.filter(state=Webhook.State.WAITING, tries__gt=0).exclude(answer="")
    last = rows.filter(ended__isnull=False).order_by("-ended").first()
    return Told(dict(counted), last, waits.order_by("-tries", "-pk").first())


def repeat_webhook(pk: UUID) -> bool:
    """Has an event told again from now on, under its old id, whatever came of it; False if it is on its way, or none.

    One that waits is brought forward.
    """
    now = clock.now()
    with transaction.atomic():
        rows = Webhook.objects.filter(pk=pk).exclude(state=Webhook.State.LEAVING)
        done = rows.update(
            state=Webhook.State.WAITING, due=now, gives_up=now + _GIVES_UP, tries=0, ended=None, answer=""
        )
        if done:
            _wake(pk)
    return bool(done)


def reach_webhook(service: Service) -> Reply:
    """Whether a connection to its URL can be made; nothing is sent."""
    return reach(service.webhook)


def try_webhook(service: Service) -> Reply:
    """Sends it one signed event `test.sent` about nothing, now and once; what it answered."""
    at = clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = json.dumps({"type": "test.sent", "timestamp": at, "data": {}}, separators=(",", ":")).encode()
    try:
        return hand_event(service.webhook, webhook_secret(service), str(keys.uuid7()), body)
    except TenantError:
        return Reply(0, "the webhook secret does not open: make new keys with `atesaki service rotate`")


def forget_old() -> int:
    """Removes what was heard or given up a month ago."""
    gone, _ = Webhook.objects.filter(ended__lt=clock.now() - _KEPT).delete()
    return gone


def _wake(pk: UUID, after: timedelta = timedelta()) -> None:
    """Has the worker tell it, after mail that waits for the worker as well, and not before this is committed."""
    # The worker's own time, not `clock`'s: a shifted clock would have it wait for days, or not at all.
    # A second more, as the database's clock may be before ours: a job that comes too early finds nothing due.
    at = datetime.now(UTC) + after + timedelta(seconds=1) if after else None
    app.configure_task("atesaki.tell", priority=-1, schedule_at=at).defer(webhook=str(pk))


def _take(pk: UUID | None = None, but_not: Collection[int] = ()) -> Webhook | None:
    """The next event whose time has come (or the one asked for), marked as leaving and committed."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_webhook SET state = 'leaving', leaving_since = clock_timestamp(), tries = tries + 1
             WHERE id = (
                SELECT w.id FROM atesaki_webhook w
                 WHERE w.state = 'waiting' AND w.due <= %(now)s AND (%(pk)s::uuid IS NULL OR w.id = %(pk)s)
                   AND w.service_id <> ALL(%(but_not)s::bigint[])
                   AND w.service_id NOT IN (
                        SELECT l.service_id FROM atesaki_webhook l
                         WHERE l.state = 'leaving' GROUP BY l.service_id HAVING count(*) >= %(at_once)s)
                 ORDER BY w.tries, w.due LIMIT 1 FOR UPDATE SKIP LOCKED)
               AND state = 'waiting'
            RETURNING id
            """,
            {"now": clock.now(), "pk": pk, "but_not": list(but_not), "at_once": _AT_ONCE},
        )
        row = cursor.fetchone()
        return Webhook.objects.select_related("service").get(pk=row[0]) if row else None


def _hand(webhook: Webhook) -> Reply:
    """Hands it over, outside of any transaction, and writes what came of it."""
    service = webhook.service
    try:
        if service.retired or not service.webhook:
            reply = Reply(_GONE, "the service is retired" if service.retired else "the service has no webhook any more")
        else:
            reply = hand_event(service.webhook, webhook_secret(service), str(webhook.pk), _body(webhook))
    except TenantError:
        reply = Reply(0, "the webhook secret does not open: make new keys with `atesaki service rotate`")
    except Exception as error:  # noqa: BLE001 - one event that we cannot handle must not hold up the others
        # Its kind alone: the text may hold the URL.
        log.error("webhook.unexpected", webhook=str(webhook.pk), error=type(error).__name__)
        reply = Reply(0, f"unexpected: {type(error).__name__}")
    _settle(webhook, reply)
    return reply


def _body(webhook: Webhook) -> bytes:
    """The same octets at each try, whatever order the database gives the names back in."""
    at = webhook.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"type": webhook.type, "timestamp": at, "data": webhook.body}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _settle(webhook: Webhook, reply: Reply) -> None:
    """Writes what came of a try, unless another has it by now. That it was heard is true however late we say it."""
    now, state = clock.now(), Webhook.State
    answer = f"{reply.status or ''} {reply.text}".strip()[:200]
    ended = {"leaving_since": None, "ended": now, "answer": answer}
    mine = Webhook.objects.filter(pk=webhook.pk, tries__gte=webhook.tries)
    if reply.heard:
        mine.filter(state__in=(state.LEAVING, state.WAITING)).update(state=state.HEARD, **ended)
        return
    mine = mine.filter(state=state.LEAVING, tries=webhook.tries)
    said = {"webhook": str(webhook.pk), "service": webhook.service_id, "tries": webhook.tries, "answer": answer}
    if reply.status == _GONE or now >= webhook.gives_up:
        if mine.update(state=state.GIVEN_UP, **ended):
            log.error("webhook.given_up", **said)
        return
    pause = min(_pause(webhook.tries, reply.wait), webhook.gives_up - now)
    with transaction.atomic():
        if not mine.update(state=state.WAITING, due=now + pause, leaving_since=None, answer=answer):
            return
        if pause < _SOON:
            _wake(webhook.pk, pause)
    log.warning("webhook.put_off", **said)


def _pause(tries: int, wish: float) -> timedelta:
    """How long to wait after so many tries: longer each time, not all at one moment, and as the service wishes."""
    ours = _PAUSES[min(tries, len(_PAUSES)) - 1] * random.uniform(1, 1.2)  # noqa: S311 - nothing secret about it
    return max(ours, timedelta(seconds=min(wish, _LONGEST.total_seconds())))
