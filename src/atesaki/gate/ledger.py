"""The ledger: a line for each recipient of each mail, written before anything is decided.

A line that is `leaving` may be on the wire. Whoever needs to know that nothing is (a disavowal) waits for them.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max

from atesaki import clock, keys
from atesaki.outbox import COURIER_SECONDS, Envelope
from atesaki.ownership import digest
from atesaki.tenants import Service

from .models import Entry, Line
from .verdict import REASONS, RULES, Verdict

_LOST = COURIER_SECONDS * 2


def intend(
    service: Service,
    envelope: Envelope,
    octets: int,
    *,
    customer: str = "",
    verification: bool = False,
    kind: str = Line.Kind.MAIL,
    state: str = Line.State.LEAVING,
) -> list[Line]:
    """A line for each recipient, in their order; committed when this returns, unless inside a transaction.

    The moment it began to leave is the database's, as several nodes compare it.
    """
    made = drawn(service, envelope, octets, customer=customer, verification=verification, kind=kind, state=state)
    write(made)
    return made


def drawn(service: Service, envelope: Envelope, octets: int, **more: Any) -> list[Line]:
    """As `intend`, without writing them."""
    at = clock.now()
    made = [
        Line(
            id=keys.uuid7(at.timestamp()),
            position=position,
            service=service,
            digest=digest(recipient),
            octets=octets,
            at=at,
            **more,
        )
        for position, recipient in enumerate(envelope.recipients)
    ]
    for line in made:
        line.mail = made[0].id
    return made


def write(lines: Sequence[Line]) -> None:
    """Writes lines that are new, of one mail or of many: one statement, and so one commit."""
    rows: list[tuple[Any, ...]] = [
        (
            *(line.id, line.mail, line.position, line.service_id, line.digest, line.customer, line.kind),
            *(line.verification, line.octets, line.state, line.at),
        )
        for line in lines
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    for line in lines:
        line._state.adding = False  # so that `save` updates it


_WRITE = """
INSERT INTO atesaki_line (id, mail, position, service_id, digest, customer, kind, verification, octets, state, at,
                          leaving_since, outcome, reason, standing, misses, fate, would, would_reason)
SELECT u.*, CASE WHEN u.state = 'leaving' THEN clock_timestamp() END, '', '', '', '[]', '', '', ''
  FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::bigint[], %s::bytea[], %s::text[], %s::text[], %s::bool[],
              %s::int[], %s::text[], %s::timestamptz[])
       u (id, mail, position, service, digest, customer, kind, verification, octets, state, at)
"""


def settle(line: Line, verdict: Verdict, standing: str, state: str, *entries: tuple[str, str], fate: str = "") -> None:
    """Writes what was decided about a line and where its mail is now. Inside a transaction."""
    line.outcome, line.reason, line.misses = verdict.outcome.value, verdict.reason, list(verdict.misses)
    line.standing, line.state, line.fate, line.leaving_since = standing, state, fate, None
    line.save()
    note([line.id], *entries)


class Settled(NamedTuple):
    """What is written about a line that was decided, and one entry (what, detail). `personal` is JSON."""

    line: Line
    verdict: Verdict
    standing: str
    entry: tuple[str, str]
    state: str = Line.State.SETTLED
    personal: str | None = None
    template: int | None = None


def settle_all(settled: Sequence[Settled]) -> None:
    """`settle`, for many: one statement, and so one commit unless it is inside a transaction."""
    if not settled:
        return
    pks = [each.line.id for each in settled]
    columns: list[list[Any]] = [
        pks,
        [each.verdict.outcome.value for each in settled],
        [each.verdict.reason for each in settled],
        [json.dumps(each.verdict.misses) for each in settled],
        [str(each.standing) for each in settled],
        [str(each.state) for each in settled],
        [each.personal for each in settled],
        [each.template for each in settled],
        [each.entry[0] for each in settled],
        [each.entry[1][:200] for each in settled],
    ]
    with connection.cursor() as cursor:
        # The bounds leave one partition to look into.
        cursor.execute(_SETTLE, [*columns, min(pks), max(pks), clock.now()])


_SETTLE = """
WITH u AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::jsonb[],
                         %s::bigint[], %s::text[], %s::text[])
             WITH ORDINALITY
             u (line, outcome, reason, misses, standing, state, personal, template, what, detail, number)
), moved AS (
    UPDATE atesaki_line l
       SET outcome = u.outcome, reason = u.reason, misses = u.misses, standing = u.standing, state = u.state,
           personal = u.personal, template = u.template, leaving_since = NULL
      FROM u WHERE l.id = u.line AND l.id BETWEEN %s AND %s)
INSERT INTO atesaki_entry (line, at, what, detail) SELECT line, %s, what, detail FROM u ORDER BY number
"""


def move(lines: Iterable[UUID], state: str, *entries: tuple[str, str], fate: str | None = None) -> None:
    """Writes where the mail of these lines is now; what was decided stays. Inside a transaction."""
    pks = list(lines)
    since = "clock_timestamp()" if state == Line.State.LEAVING else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE atesaki_line SET state = %s, leaving_since = {since}, fate = COALESCE(%s, fate)"  # noqa: S608 - ours
            " WHERE id = ANY(%s::uuid[])",
            [state, fate, _array(pks)],
        )
    note(pks, *entries)


def note(lines: Iterable[UUID], *entries: tuple[str, str]) -> None:
    """Adds (what, detail) to the timeline of each line: one statement, however many there are."""
    pks = _array(lines)
    if not entries or pks == "{}":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO atesaki_entry (line, at, what, detail)
            SELECT l.pk, %s, e.what, e.detail
              FROM unnest(%s::uuid[]) WITH ORDINALITY l (pk, number),
                   unnest(%s::text[], %s::text[]) WITH ORDINALITY e (what, detail, number)
             ORDER BY l.number, e.number
            """,
            [clock.now(), pks, [what for what, _ in entries], [detail[:200] for _, detail in entries]],
        )


def _array(pks: Iterable[UUID]) -> str:
    """As PostgreSQL writes an array: thousands of ids are one parameter, where each alone costs more than its row."""
    return "{" + ",".join(str(pk) for pk in pks) + "}"


def set_aside(lines: Iterable[UUID]) -> None:
    """Has nobody wait for these lines any longer: they are not on the wire, and what becomes of them is found later.

    They stay `leaving`, with the time of their courier over, so that `sweep` finds them after a crash. Whoever settles
    them looks at the standing again, or leaves that to `drive`: a disavowal has not waited for them.
    """
    pks = list(lines)
    if not pks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE atesaki_line SET leaving_since = clock_timestamp() - make_interval(secs => %s)"
            " WHERE id = ANY(%s::uuid[]) AND state = 'leaving'",
            [COURIER_SECONDS + 1, _array(pks)],
        )


def read(lines: Iterable[UUID], personal: dict[str, int], template: int | None) -> None:
    """Writes what was found in the mail of these lines, after they were settled without anybody having looked."""
    Line.objects.filter(pk__in=list(lines), personal__isnull=True).update(personal=personal, template=template)


def would(lines: Iterable[UUID], verdict: Verdict) -> None:
    """Writes what enforcing had done with these lines, which were only observed."""
    rows = Line.objects.filter(pk__in=list(lines), would="")
    rows.update(would=verdict.outcome.value, would_reason=verdict.reason)


def strike(address: bytes, spelt: Iterable[str]) -> None:
    """Strikes an address out of what servers said about its mails (L8)."""
    entries = Entry.objects.filter(line__in=Line.objects.filter(digest=address).values("pk"))
    for word in spelt:
        for entry in entries.filter(detail__icontains=word):
            struck = re.sub(re.escape(word), "***@***", entry.detail, flags=re.IGNORECASE)
            # By its line as well: the table is partitioned by that, and indexed by both.
            Entry.objects.filter(line=entry.line, pk=entry.pk).update(detail=struck)


def leaving(address: bytes) -> set[tuple[UUID, datetime]]:
    """The lines of this address whose mail may be on the wire now, and since when.

    A line older than a courier may take belongs to a process that died: its courier ends by then (`Envelope`
    goes out within `COURIER_SECONDS` of the intention, or not at all).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, leaving_since FROM atesaki_line WHERE digest = %s AND state = 'leaving'"
            " AND leaving_since > clock_timestamp() - make_interval(secs => %s)",
            [address, COURIER_SECONDS + 1],
        )
        return set(cursor.fetchall())


def wait_until_gone(address: bytes, seconds: float = COURIER_SECONDS + 2) -> bool:
    """Waits until nothing that is leaving to this address now is still; False if something is after `seconds`.

    Not for what begins to leave meanwhile: that looks later than whoever waits has written, and finds it. To wait for
    that as well would never end where a shop sends on and on.
    """
    ends = time.monotonic() + seconds
    pause = 0.002
    before = left = leaving(address)
    while left:
        if time.monotonic() > ends:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
        left = before & leaving(address)
    return True


def last_sent(organisation: int, address: bytes, since: datetime) -> datetime | None:
    """When, after `since`, the last mail of this organisation left for `address`, or may have; None if none did.

    What its reporter wished to be told does not count.
    """
    lines = Line.objects.filter(digest=address, service__organisation=organisation).exclude(kind=Line.Kind.CASE)
    left = Entry.objects.filter(line__in=lines.values("pk"), at__gt=since)
    last: datetime | None = left.filter(what__in=("handed", "too_late", "unanswered")).aggregate(last=Max("at"))["last"]
    return last


def rejected(lines: Sequence[UUID]) -> set[UUID]:
    """Those of these lines whose mail the next hop refused for good."""
    return set(Entry.objects.filter(line__in=lines, what="rejected").values_list("line", flat=True))


def sweep() -> int:
    """Settles lines whose process died before it answered: the sender was told nothing, and sends again."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE atesaki_line SET state = 'settled', leaving_since = NULL
             WHERE state = 'leaving' AND leaving_since < clock_timestamp() - make_interval(secs => %s)
               AND NOT EXISTS (SELECT 1 FROM atesaki_departure d WHERE d.line = atesaki_line.id)
            RETURNING id
            """,
            [_LOST],
        )
        lost = [row[0] for row in cursor.fetchall()]
    note(lost, ("unanswered", "the process ended before it answered; the sender keeps the mail"))
    return len(lost)


def explain(ledger_id: str | UUID) -> dict[str, Any]:
    """One ledger id as a story (contract, `atesaki explain`). Raises `LookupError`."""
    try:
        pk = ledger_id if isinstance(ledger_id, UUID) else UUID(ledger_id)
    except ValueError as error:
        raise LookupError(f"{ledger_id!r} is not a ledger id: it looks like 0199…-….") from error
    lines = list(Line.objects.filter(mail=pk).select_related("service").order_by("position"))
    lines = lines or list(Line.objects.filter(pk=pk).select_related("service"))
    if not lines:
        raise LookupError(f"The ledger has no line {pk}.")
    told = [_tell(line) for line in lines]
    if len(told) == 1:
        return told[0]
    return {
        "id": str(pk),
        "outcome": ",".join(str(one["outcome"]) for one in told),
        "recipients": told,
    }


def line_of(service: Service, pk: UUID) -> dict[str, Any] | None:
    """The story of one recipient's line of a mail of this service; None for any other, and for our own mails."""
    line = Line.objects.filter(pk=pk, service=service, kind=Line.Kind.MAIL).select_related("service").first()
    return _tell(line) if line else None


def lines_of(service: Service, mail: UUID) -> list[Line]:
    """The lines of one mail of this service, in the order of its recipients."""
    return list(Line.objects.filter(mail=mail, service=service, kind=Line.Kind.MAIL).order_by("position"))


def newest(service: Service, *, before: UUID | None = None, most: int = 50) -> list[Line]:
    """The service's newest lines of mail; those older than the line `before`, if it is given."""
    rows = Line.objects.filter(service=service, kind=Line.Kind.MAIL)
    return list((rows if before is None else rows.filter(pk__lt=before)).order_by("-pk")[:most])


def _tell(line: Line) -> dict[str, Any]:
    slugs = [rule.slug for rule in RULES]
    return {
        "id": str(line.pk),
        "mail": str(line.mail),
        "service": line.service.name,
        "kind": line.kind,
        "customer": line.customer,
        "at": line.at.isoformat(),
        "octets": line.octets,
        "outcome": line.outcome,
        "reason": line.reason,
        "sentence": REASONS.get(line.reason, ""),
        "standing": line.standing,
        "state": line.state,
        "fate": line.fate,
        "hits": [line.reason] if line.reason in slugs else [],
        "misses": line.misses,
        "personal_data": line.personal,
        "template": line.template,
        "would": line.would,
        "would_reason": line.would_reason,
        "would_sentence": REASONS.get(line.would_reason, ""),
        "timeline": [
            {"at": entry.at.isoformat(), "what": entry.what, "detail": entry.detail}
            for entry in Entry.objects.filter(line=line.pk).order_by("pk")
        ],
    }


def numbers() -> dict[str, int]:
    """How many lines came to each outcome, and how many mails wait now."""
    by = Counter(
        {
            row["outcome"]: row["many"]
            for row in Line.objects.filter(kind=Line.Kind.MAIL).values("outcome").annotate(many=Count("pk"))
        }
    )
    return {
        "delivered": by["deliver"],
        "substituted": by["substitute"],
        "held": by["hold"],
        "refused": by["refuse"],
        "waiting": Line.objects.filter(state=Line.State.HELD).count(),
        "queued": Line.objects.filter(state=Line.State.QUEUED).count(),
    }


def by_pk(pks: Sequence[UUID]) -> dict[UUID, Line]:
    """Lines with their services."""
    return {line.pk: line for line in Line.objects.filter(pk__in=pks).select_related("service__organisation")}
