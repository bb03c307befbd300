"""What came of a campaign: counted from the rows of the mailboxes themselves, and kept for whoever looks.

Counting reads a row or more for each mailbox that was asked, seconds for some 100,000: so the worker does it, once a
minute at most, and the pages and commands show what it found.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models import F, Q

from atesaki import clock

from . import paces
from .models import Campaign
from .rises import RECENT, Rate, worst

_OFTEN = timedelta(minutes=1)  # so often its figures are counted
_OVER = timedelta(hours=1)  # likewise, once it has ended: answers still come, and few
_SPARED = 20  # times as long as the count took, it is not counted again: a database has more to do
_SECONDS = 10.0  # after which the next count waits for the next turn
_SETTLED = timedelta(hours=1)  # who was asked later had hardly time to answer


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the mailboxes asked: what each said at last, and how many are left.

    asked = not_me + proved + answered + silenced + returned + silent.  `waiting`: mailboxes still to be looked at,
    about.  `rate`: the share of "not me" since it was last resumed, surely more than `bound`; likewise of returns.
    `next`: when the next mail may go, None where none will.  `passed_over`: claims not asked, and why.
    `counted`: when this was so.
    """

    asked: int
    not_me: int
    proved: int
    answered: int
    silenced: int
    returned: int
    silent: int
    reminded: int
    waiting: int
    rate: float
    bound: float
    returned_rate: float
    returned_bound: float
    next: datetime | None
    passed_over: dict[str, int]
    counted: datetime


@dataclass(frozen=True, slots=True)
class Rates:
    """What may stop it: of the samples looked at, those that say most."""

    not_me: Rate
    returned: Rate
    all_not_me: Rate
    all_returned: Rate


def figures(campaign: Campaign) -> Figures:
    """A campaign's figures as they were counted last: what the worker found, however many it has asked."""
    kept = campaign.figures if campaign.final is None else campaign.final
    if kept is None:  # its start wrote them
        return counted(campaign)
    over = {"waiting": 0} if campaign.ended is not None else {}
    now = {"next": _next(campaign), "passed_over": dict(campaign.passed_over)}  # they cost nothing
    told = {name: many for name, many in kept.items() if name != "seconds"}
    return Figures(**{**told, **over, **now, "counted": datetime.fromisoformat(kept["counted"])})


def counted(campaign: Campaign) -> Figures:
    """A campaign's figures, counted now; or as they were when those whom it asked were forgotten."""
    if campaign.final is not None:
        return figures(campaign)
    at, each, rises = clock.now(), _counted(campaign), rates(campaign)
    return Figures(
        **each,
        waiting=_waiting(campaign) if campaign.ended is None else 0,
        rate=rises.all_not_me.share,
        bound=rises.not_me.bound,
        returned_rate=rises.all_returned.share,
        returned_bound=rises.returned.bound,
        next=_next(campaign),
        passed_over=dict(campaign.passed_over),
        counted=at,
    )


def keep(campaign: Campaign) -> None:
    """Counts a campaign's figures and keeps them for whoever looks."""
    began = time.monotonic()
    kept = final(campaign) | {"seconds": time.monotonic() - began}
    Campaign.objects.filter(pk=campaign.pk, final__isnull=True).update(counted=clock.now(), figures=kept)


def keep_due() -> None:
    """Counts the figures for which it is time, the oldest first; each by one worker, however many there are.

    A campaign that failed is told in the log, without a word of what it was about, and keeps no other from its turn.
    """
    now, ends = clock.now(), time.monotonic() + _SECONDS
    aged = Q(counted=None) | Q(counted__lte=now - _OVER) | Q(counted__lte=now - _OFTEN, ended=None)
    due = Campaign.objects.filter(aged | Q(ended__gt=F("counted")), final__isnull=True)
    for campaign in due.select_related("service__organisation").order_by(F("counted").asc(nulls_first=True), "pk"):
        if time.monotonic() > ends:
            return
        spared = timedelta(seconds=_SPARED * campaign.figures["seconds"]) if campaign.figures else timedelta()
        if campaign.counted is not None and campaign.counted > now - spared:
            continue
        if Campaign.objects.filter(pk=campaign.pk, counted=campaign.counted).update(counted=now):
            try:
                keep(campaign)
            except Exception as error:  # noqa: BLE001 - the others' figures are due as well
                log.error("campaign.not_counted", campaign=campaign.pk, error=type(error).__name__)


def final(campaign: Campaign) -> dict[str, Any]:
    """The figures as they are kept."""
    found = counted(campaign)
    kept = asdict(found) | {"counted": found.counted.isoformat()}
    del kept["next"], kept["passed_over"]  # they stand in the campaign's own row
    return kept


def _next(campaign: Campaign) -> datetime | None:
    if campaign.state != Campaign.State.RUNNING:
        return None
    return paces.opens(campaign.hours, campaign.service.zone, max(campaign.next, clock.now()))


def rates(campaign: Campaign) -> Rates:
    """How many said "not me", and how many mails came back: of all since it was last resumed, of the most recent, and
    of the most recent that had an hour to answer. Fresh mails dilute a share, so any of the three may tell of a rise.
    """
    whole = _sample(campaign, None, clock.now())
    recent = _sample(campaign, RECENT, clock.now())
    settled = _sample(campaign, RECENT, clock.now() - _SETTLED)
    samples = [whole, recent, settled]
    return Rates(
        worst([Rate(not_me, asked) for asked, not_me, _ in samples]),
        worst([Rate(returned, asked) for asked, _, returned in samples]),
        Rate(whole[1], whole[0]),
        Rate(whole[2], whole[0]),
    )


def _sample(campaign: Campaign, most: int | None, until: datetime) -> tuple[int, int, int]:
    """Of the `most` asked last before `until`: how many, how many said "not me", how many came back."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH a AS (SELECT digest, at, returned FROM atesaki_asked
                        WHERE campaign_id = %(campaign)s AND at >= %(since)s AND at <= %(until)s
                        ORDER BY at DESC LIMIT %(most)s)
            SELECT (SELECT count(*) FROM a),
                   (SELECT count(DISTINCT e.digest) FROM atesaki_event e JOIN a USING (digest)
                     WHERE e.kind = 'disavowed' AND e.organisation_id = %(organisation)s
                       AND e.at >= %(since)s AND e.at >= a.at),
                   (SELECT count(*) FROM a WHERE returned IS NOT NULL)
            """,
            {
                "campaign": campaign.pk,
                "since": campaign.watched,
                "until": until,
                "most": most,
                "organisation": campaign.service.organisation_id,
            },
        )
        asked, not_me, returned = cursor.fetchone()
    return int(asked), int(not_me), int(returned)


def _counted(campaign: Campaign) -> dict[str, int]:
    """Each mailbox once, by the strongest that it said since it was asked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE said = 5), count(*) FILTER (WHERE said = 4),
                   count(*) FILTER (WHERE said = 3), count(*) FILTER (WHERE said = 2),
                   count(*) FILTER (WHERE said = 1), count(*) FILTER (WHERE said = 0),
                   count(*) FILTER (WHERE again)
              FROM (SELECT COALESCE((
                      SELECT max(CASE e.kind WHEN 'disavowed' THEN 5 WHEN 'proved' THEN 4 WHEN 'answered' THEN 3
                                             ELSE 2 END)
                        FROM atesaki_event e
                       WHERE e.digest = a.digest AND e.organisation_id = %s AND e.at >= a.at
                         AND (e.kind IN ('disavowed', 'paused')
                              OR (e.claim_id = a.claim_id AND e.kind IN ('proved', 'answered')))),
                      CASE WHEN a.returned IS NULL THEN 0 ELSE 1 END) AS said,
                      a.reminder IS NOT NULL AS again
                      FROM atesaki_asked a WHERE a.campaign_id = %s) each
            """,
            [campaign.service.organisation_id, campaign.pk],
        )
        row = [int(many) for many in cursor.fetchone()]
    names = ("asked", "not_me", "proved", "answered", "silenced", "returned", "silent", "reminded")
    return dict(zip(names, row, strict=True))


def _waiting(campaign: Campaign) -> int:
    """About how many mailboxes are left: those behind the cursor of whose claims nothing is proved or refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(DISTINCT c.digest) FROM atesaki_claim c
             WHERE c.service_id = %s AND c.id > %s AND c.id < %s
               AND NOT EXISTS (SELECT 1 FROM atesaki_event e
                                WHERE e.digest = c.digest AND e.organisation_id = %s
                                  AND (e.kind IN ('disavowed', 'paused')
                                       OR (e.claim_id = c.id AND e.kind IN ('proved', 'withdrawn'))))
            """,
            [campaign.service_id, campaign.cursor, campaign.last, campaign.service.organisation_id],
        )
        return int(cursor.fetchone()[0])
