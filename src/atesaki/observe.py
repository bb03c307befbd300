"""What enforcing would have done with mail that was only observed, and what each template of a service carries.

Promise:    Every number is one of the ledger's, counted by the database; a share is asked for as the gate asks for it.
Never:      Names an address or a customer, or changes a row.
On failure: Nothing was observed: zeros, and a share of None.
Read first: `report`, then `templates`.

Said of a mail is what held when it passed: its address's standing then, and a notice quota as if nobody had answered
any (`gate.submit`). Lines are kept for 400 days; older periods are empty.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from atesaki import clock, learning
from atesaki.tenants import Organisation, Service

SHARES = (1, 5, 20, 50, 100)
"""What a share is looked at for, in a hundred addresses."""

_WAITS = ("substitute", "hold")
_FOUND = "service_id = %s AND kind = 'mail' AND id >= %s AND would <> ''"  # through the index `line_by_service`
# As `tenants.enforces` reads it off a digest.
_PLACE = (
    "((get_byte(digest, 0)::bigint << 24) + (get_byte(digest, 1) << 16) + (get_byte(digest, 2) << 8)"
    " + get_byte(digest, 3)) * 100 >> 32"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Personal data of one kind (or `unreadable`) that went to addresses not proved: in so many mails, to so many."""

    kind: str
    mails: int
    addresses: int


@dataclass(frozen=True, slots=True)
class Part:
    """One template's mails in the period, and how many of them would have waited.

    `template`: its row, None for mail that none was learnt of. `name`: its subject's fixed words, may be empty.
    """

    template: int | None
    name: str
    sender: str
    mails: int
    waits: int


@dataclass(frozen=True, slots=True)
class Share:
    """What `--enforce-share` of so much would have kept back: mails, and the addresses they were for."""

    percent: int
    mails: int
    addresses: int


@dataclass(frozen=True, slots=True)
class Observed:
    """The report before switching. A mail counts once for each recipient."""

    service: str
    mode: str
    enforce_share: int
    days: int
    first: datetime | None
    last: datetime | None
    mails: int  # observed
    would: dict[str, int]  # outcome that enforcing had given -> mails
    reasons: dict[str, int]  # and the rule that had decided
    waits: int  # of them `substitute` and `hold`
    share: float | None  # waits out of mails
    addresses: int
    addresses_waiting: int  # for which a mail would have waited
    standings: dict[str, int]  # as the newest mail found it -> addresses
    personal_mails: int  # with personal data, or with something unreadable, to an address not proved
    personal_addresses: int
    kinds: tuple[Kind, ...]  # the most frequent first
    templates: tuple[Part, ...]  # those of which most would have waited first
    shares: tuple[Share, ...]  # for each of `SHARES`


@dataclass(frozen=True, slots=True)
class Seen:
    """A template, and what its mails of the period say; for who writes the service's mails."""

    template: int
    service: str
    name: str  # listed words and the sender's own in its subject, `…` for others; empty until sixteen had them
    sender: str  # domain
    mails: int  # ledger lines of the period of which the template is known
    learnt: int  # mails it was learnt from, whenever
    kinds: dict[str, int]  # kind -> mails of the period that carried it
    personal: int  # mails of the period that carried any
    unproved: int  # distinct addresses not proved that it was meant for
    reached: int  # of them those that it was delivered to
    missing: tuple[str, ...]  # of: sender, contact, not_me, reply
    last: datetime  # mail, whenever


def report(service: Service, days: int) -> Observed:
    """What enforcing would have done with the observed mails of the last `days`: three statements for any number.

    1 Mails by what would have become of them, and by template.
    2 Addresses by standing and by their place among a hundred, which is what a share goes by.
    3 Kinds of personal data that went to addresses not proved.
    """
    period = [service.pk, _oldest(days)]
    mails = _rows(
        f"SELECT would, would_reason, template, count(*), min(at), max(at) FROM atesaki_line WHERE {_FOUND}"  # noqa: S608
        " GROUP BY would, would_reason, template",
        period,
    )
    addresses = _rows(
        "SELECT place, standing, count(*), count(*) FILTER (WHERE waits > 0), sum(waits)::bigint,"  # noqa: S608
        " count(*) FILTER (WHERE personal > 0), sum(personal)::bigint FROM ("
        f" SELECT {_PLACE} AS place, (array_agg(standing ORDER BY id DESC))[1] AS standing,"
        "  count(*) FILTER (WHERE would = ANY(%s)) AS waits,"
        "  count(*) FILTER (WHERE outcome = 'deliver' AND standing <> 'proved' AND personal <> '{}') AS personal"
        f" FROM atesaki_line WHERE {_FOUND} GROUP BY digest) a GROUP BY place, standing",
        [list(_WAITS), *period],
    )
    kinds = _rows(
        "SELECT k.found, count(*), count(DISTINCT digest) FROM atesaki_line, jsonb_object_keys(personal) k (found)"  # noqa: S608
        f" WHERE {_FOUND} AND outcome = 'deliver' AND standing <> 'proved' GROUP BY k.found ORDER BY 2 DESC, 1",
        period,
    )
    would, reasons = _sums((row[0], row[3]) for row in mails), _sums((row[1], row[3]) for row in mails)
    many, waits = sum(would.values()), sum(would[each] for each in _WAITS)
    return Observed(
        service=service.name,
        mode=service.mode,
        enforce_share=service.enforce_share,
        days=days,
        first=min((row[4] for row in mails), default=None),
        last=max((row[5] for row in mails), default=None),
        mails=many,
        would=dict(would),
        reasons=dict(reasons),
        waits=waits,
        share=waits / many if many else None,
        addresses=sum(row[2] for row in addresses),
        addresses_waiting=sum(row[3] for row in addresses),
        standings=dict(_sums((row[1], row[2]) for row in addresses)),
        personal_mails=sum(row[6] for row in addresses),
        personal_addresses=sum(row[5] for row in addresses),
        kinds=tuple(Kind(*row) for row in kinds),
        templates=_parts(service.organisation, mails),
        shares=tuple(_share(percent, addresses) for percent in SHARES),
    )


def _sums(rows: Iterable[tuple[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, many in rows:
        found[name] += many
    return found


def _parts(house: Organisation, mails: Sequence[tuple[Any, ...]]) -> tuple[Part, ...]:
    known = {each.pk: each for each in learning.templates(house)}
    found: dict[int | None, list[int]] = defaultdict(lambda: [0, 0])
    for would, _, template, many, *_ in mails:
        counts = found[template if template in known else None]  # forgotten since: nothing names it any more
        counts[0] += many
        counts[1] += many if would in _WAITS else 0
    parts = [
        Part(pk, known[pk].name if pk else "", known[pk].sender if pk else "", many, waits)
        for pk, (many, waits) in found.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-part.waits, -part.mails, part.template or 0)))


def _share(percent: int, addresses: Sequence[tuple[Any, ...]]) -> Share:
    inside = [row for row in addresses if row[0] < percent]
    return Share(percent, sum(row[4] for row in inside), sum(row[3] for row in inside))


def templates(organisation: Organisation, days: int) -> list[Seen]:
    """The templates of an organisation's services, those that carry most to addresses not proved first.

    What is counted are the lines that know their template: all that was observed or that waited, and of the mail to
    proved addresses the sample that was learnt from (`ATESAKI_LEARN_EVERY`).
    """
    rows = learning.templates(organisation)
    period = [sorted({row.service_id for row in rows}), _oldest(days)]
    found = "service_id = ANY(%s) AND kind = 'mail' AND id >= %s AND template IS NOT NULL"
    counts = _rows(
        "SELECT template, count(*), count(*) FILTER (WHERE personal <> '{}'),"  # noqa: S608 - ours
        " count(DISTINCT digest) FILTER (WHERE standing <> 'proved'),"
        " count(DISTINCT digest) FILTER (WHERE standing <> 'proved' AND outcome = 'deliver')"
        f" FROM atesaki_line WHERE {found} GROUP BY template",
        period,
    )
    carried = _rows(
        "SELECT template, k.found, count(*) FROM atesaki_line, jsonb_object_keys(personal) k (found)"  # noqa: S608 - ours
        f" WHERE {found} GROUP BY template, k.found ORDER BY 3 DESC, 2",
        period,
    )
    kinds: dict[int, dict[str, int]] = defaultdict(dict)
    for template, kind, many in carried:
        kinds[template][kind] = many
    by = {template: numbers for template, *numbers in counts}
    seen = []
    for row in rows:
        many, personal, unproved, reached = by.get(row.pk, (0, 0, 0, 0))
        seen.append(
            Seen(
                template=row.pk,
                service=row.service.name,
                name=row.name,
                sender=row.sender,
                mails=many,
                learnt=row.mails,
                kinds=kinds[row.pk],
                personal=personal,
                unproved=unproved,
                reached=reached,
                missing=tuple(row.missing),
                last=row.seen,
            )
        )
    return sorted(seen, key=lambda each: (-each.reached, -each.personal, -each.mails, -each.learnt, each.template))


def _oldest(days: int) -> UUID:
    """A line's id is its time (`keys.uuid7`), so only the period's months are read."""
    return UUID(int=max(0, int((clock.now() - timedelta(days=days)).timestamp() * 1000)) << 80)


def _rows(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
