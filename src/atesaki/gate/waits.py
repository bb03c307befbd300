"""Keeps many mails at once that wait for mailboxes which were asked before: what `holds.hold` does, in few statements.

Only the common case, in which nobody is written to and nothing is decided anew: whatever else a mail turns out to
need is left to `holds.hold`, alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from atesaki import clock, outbox, ownership
from atesaki.outbox import Envelope
from atesaki.ownership import Standing
from atesaki.tenants import Service

from . import holds, ledger
from .holds import Learnt
from .ledger import Settled
from .models import Line
from .verdict import Facts, Notice, Outcome, Verdict, decide

_ASKED_BEFORE: Final = (Standing.CLAIMED, Standing.ANSWERED)


@dataclass(slots=True)
class Waiting:
    """One recipient of a mail that may have to wait, and what was known of it when it was decided about."""

    line: Line
    envelope: Envelope
    content: bytes
    seen: Facts
    claim: UUID
    learnt: Learnt
    verdict: Verdict | None = None


def keep(waiting: Sequence[Waiting]) -> set[UUID]:
    """Keeps mails that only wait, each recipient with its new verdict; the mails that are left. In a transaction.

    1 Lock the addresses: a proof or a disavowal came before, and is seen below, or comes after, and sees these.
    2 Look again, and decide again. Who may be sent a notice, or need not wait, is left.
    3 Seal what waits; keep what the page may ask for; settle the lines; tell the services.
    """
    _lock([bytes(each.line.digest) for each in waiting])
    known = ownership.standings_all(
        [(each.line.service, bytes(each.line.digest), each.line.customer) for each in waiting]
    )
    spent = _spent(waiting)
    stays: list[Waiting] = []
    for each, now, asked in zip(waiting, known, spent, strict=True):
        notice = Notice.SPENT if asked else Notice.DUE
        facts = holds.facts(each.line.service, bytes(each.line.digest), now.stand, each.seen.verification, notice)
        verdict = decide(facts)
        if now.claim == each.claim and now.stand.standing in _ASKED_BEFORE and verdict.outcome is Outcome.HOLD:
            each.verdict = verdict
            stays.append(each)
    left = {each.line.mail for each in waiting if each.verdict is None}
    staying = [each for each in stays if each.line.mail not in left]
    if staying:
        _write(staying)
    return left


def _write(staying: Sequence[Waiting]) -> None:
    now = clock.now()
    expires = [now + timedelta(days=each.line.service.wait_days) for each in staying]
    keys = outbox.seal_mails([(each.envelope, each.content) for each in staying])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO atesaki_hold (line, claim_id, digest, key_id, expires)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::uuid[], %s::timestamptz[])",
            [
                [each.line.id for each in staying],
                [each.claim for each in staying],
                [bytes(each.line.digest) for each in staying],
                keys,
                expires,
            ],
        )
    pairs = list(zip(staying, expires, strict=True))
    ownership.learn(
        [holds.lesson(each.line.service, each.claim, bytes(each.line.digest), each.learnt, at) for each, at in pairs]
    )
    ledger.settle_all([_settled(each, at) for each, at in pairs])
    told: dict[Service, list[dict[str, Any]]] = defaultdict(list)
    for each, at in pairs:
        told[each.line.service].append(_told(each, at))
    for service, events in told.items():
        outbox.tell_all(service, "mail.held", events)


def _settled(each: Waiting, expires: datetime) -> Settled:
    assert each.verdict is not None  # noqa: S101 - for the reader of types: `keep` has set it
    entry = ("held", f"until {expires.isoformat()}")
    personal, template = json.dumps(each.learnt.personal), each.learnt.template
    return Settled(each.line, each.verdict, each.seen.standing, entry, Line.State.HELD, personal, template)


def _told(each: Waiting, expires: datetime) -> dict[str, Any]:
    return {
        "message": str(each.line.mail),
        "position": each.line.position,
        "claim": str(each.claim),
        "customer": each.line.customer,
        "reason": each.verdict.reason if each.verdict else "",
        "expires": expires.isoformat(),
    }


def _lock(addresses: Sequence[bytes]) -> None:
    """`ownership.lock` for each, in the order of their octets, as everybody does."""
    numbers = [int.from_bytes(address[:8], "big", signed=True) for address in sorted(set(addresses))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(one) FROM"
            " (SELECT one FROM unnest(%s::bigint[]) WITH ORDINALITY u (one, number) ORDER BY number) ordered",
            [numbers],
        )


def _spent(waiting: Sequence[Waiting]) -> list[bool]:
    """For each, whether its mailbox may not be sent a notice now: it is being asked, or was asked often enough
    (`substitutes.notice_free`, which takes the right as well; here only what is used up is found).
    """
    today = {each.line.service_id: clock.today(each.line.service.zone) for each in waiting}
    with connection.cursor() as cursor:
        cursor.execute(
            _ASKED,
            {
                "claims": [each.claim for each in waiting],
                "services": [each.line.service_id for each in waiting],
                "digests": [bytes(each.line.digest) for each in waiting],
                "days": [today[each.line.service_id] for each in waiting],
                "now": clock.now(),
            },
        )
        rows = cursor.fetchall()
    return [_is_spent(each.line.service, row) for each, row in zip(waiting, rows, strict=True)]


def _is_spent(service: Service, row: tuple[bool, int, bool, datetime | None, list[date] | None]) -> bool:
    asked, used, may_confirm, answered, days = row
    if asked or used >= service.notices_per_day:
        return True
    if not may_confirm:
        return False
    since = answered.astimezone(ZoneInfo(service.zone)).date() if answered else None
    return sum(since is None or day > since for day in days or ()) >= service.notices_in_all


_ASKED = """
SELECT EXISTS (SELECT 1 FROM atesaki_token t WHERE t.claim_id = u.claim AND t.purpose = 'code'
                  AND t.revoked IS NULL AND t.expires > %(now)s),
       (SELECT coalesce(max(s.number), 0) FROM atesaki_slot s WHERE s.service_id = u.service AND s.digest = u.digest
           AND s.what = 'notice' AND s.day = u.today),
       EXISTS (SELECT 1 FROM atesaki_claim c JOIN atesaki_token t ON t.claim_id = c.id
                WHERE c.service_id = u.service AND c.digest = u.digest AND t.purpose = 'confirm'
                  AND t.revoked IS NULL AND t.expires > %(now)s),
       (SELECT max(e.at) FROM atesaki_event e JOIN atesaki_claim c ON c.id = e.claim_id
         WHERE e.digest = u.digest AND c.service_id = u.service AND e.kind IN ('answered', 'proved', 'doubted')),
       (SELECT array_agg(s.day) FROM atesaki_slot s WHERE s.service_id = u.service AND s.digest = u.digest
           AND s.what = 'notice')
  FROM unnest(%(claims)s::uuid[], %(services)s::bigint[], %(digests)s::bytea[], %(days)s::date[])
       WITH ORDINALITY u (claim, service, digest, today, number)
 ORDER BY u.number
"""
