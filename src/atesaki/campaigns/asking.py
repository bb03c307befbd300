"""A campaign's turn: looks at what came of its mails, then asks the next mailboxes. The worker drives it.

One transaction for each mailbox, under the campaign's row and then the address's lock: what is written down and the
mail that is queued are one, and a disavowal came before and is seen, or comes after and destroys the mail.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from atesaki import clock, gate, ownership
from atesaki.outbox import Departure
from atesaki.ownership import Claim, Stand, Standing

from . import paces
from .figures import keep_due, rates
from .models import Asked, Campaign

_CHUNK = 500
_MOST = 500  # mails in a turn
_SECONDS = 20.0
_LATELY = 14  # days in which a mailbox that was asked anything is left alone
_WAITING = 20  # mails of its own in the outbox, or a tenth of an hour's: the next hop is away
_RETURNS = timedelta(days=7)
_LOOKED_AT = 5_000
_TRIES = 3  # at one claim, a turn between them

log = structlog.get_logger(__name__)


def due(most: int = _MOST, seconds: float = _SECONDS) -> int:
    """Gives each running campaign its turn, within these bounds; how many mailboxes were asked.

    One that fails is told in the log, by the kind of its error alone (its words may hold an address), and keeps no
    other from its turn. Raises the last error if all of them failed: then it is no campaign's own.
    """
    ends, asked, failed = time.monotonic() + seconds, 0, list[Exception]()
    running = list(Campaign.objects.filter(state=Campaign.State.RUNNING).order_by("pk").values_list("pk", flat=True))
    for pk in running:
        try:
            asked += _turn(pk, most - asked, ends)
        except Exception as error:  # noqa: BLE001 - one must not keep the others from their turn
            log.error("campaign.failed", campaign=pk, error=type(error).__name__)
            failed.append(error)
    keep_due()
    if failed and len(failed) == len(running):
        raise failed[-1]
    return asked


def came_back(claim: Claim) -> None:
    """The mail to this claim's mailbox was returned for good: counts where a campaign had sent it."""
    since = clock.now() - timedelta(days=30)
    Asked.objects.filter(claim=claim, at__gt=since, returned=None).update(returned=clock.now())


def watch(pk: int) -> bool:
    """Stops a campaign in whose answers "not me" or returned mail has risen; whether it may go on."""
    with transaction.atomic():
        campaign = _ours(pk)
        if campaign is None:
            return False
        _note_refused(campaign)
        rises = rates(campaign)
        if campaign.service.retired is not None:
            return _end(campaign, Campaign.State.ENDED)
        for why, rate, most in (
            ("not_me", rises.not_me, campaign.stop_at),
            ("returned", rises.returned, campaign.stop_at_returned),
        ):
            if rate.bound > most:
                log.warning("campaign.stopped", campaign=pk, why=why, hits=rate.hits, sample=rate.sample)
                return _end(campaign, Campaign.State.STOPPED, why)
    return True


def _turn(pk: int, most: int, ends: float) -> int:
    """1 Watch.  2 Remind whom it is time to remind.  3 Ask the next, until the pace or the bounds say stop."""
    if not watch(pk):
        return 0
    asked = 0
    while asked < most and time.monotonic() < ends:
        campaign = Campaign.objects.select_related("service__organisation").get(pk=pk)
        if campaign.state != Campaign.State.RUNNING or not _is_time(campaign) or _next_hop_is_away(campaign):
            return asked
        late = _to_remind(campaign)
        ahead = [] if late else _ahead(campaign)
        if not late and not ahead:
            _finish(pk, campaign.cursor)
            return asked
        sent, through = _remind_all(late, most - asked, ends) if late else _ask_all(campaign, ahead, most - asked, ends)
        asked += sent
        if not through:
            return asked
    return asked


def _is_time(campaign: Campaign) -> bool:
    """Whether a mail may go now, by the pace and the hours."""
    now = clock.now()
    return campaign.next <= now and paces.opens(campaign.hours, campaign.service.zone, now) <= now


def _next_hop_is_away(campaign: Campaign) -> bool:
    """Whether so many of its mails wait in the outbox that more would only be a flood for later."""
    own = Asked.objects.filter(campaign=campaign, at__gt=clock.now() - _RETURNS)
    waiting = Departure.objects.filter(line__in=own.values("line")).count()
    return waiting >= max(_WAITING, campaign.per_hour // 10)


def _ahead(campaign: Campaign) -> list[Claim]:
    rows = Claim.objects.filter(service=campaign.service, pk__gt=campaign.cursor, pk__lt=campaign.last)
    return list(rows.order_by("pk")[:_CHUNK])


def _ask_all(campaign: Campaign, ahead: Sequence[Claim], most: int, ends: float) -> tuple[int, bool]:
    """Asks those of a chunk that may be worth it; how many, and whether it came through to the end."""
    wanted = [(bytes(claim.digest), claim.customer) for claim in ahead]
    known = ownership.standings(campaign.service, wanted)
    cursor, skipped, asked = campaign.cursor, Counter[str](), 0
    for claim, found in zip(ahead, known, strict=True):
        if why := _unfit(found.stand):
            skipped[why] += 1
            continue
        if asked >= most or time.monotonic() > ends:
            return asked, False
        try:
            said = _ask(campaign.pk, cursor, claim.pk, skipped)
        except Exception as error:  # noqa: BLE001 - or this one keeps all behind it waiting for ever
            said = _failed(campaign.pk, cursor, claim.pk, skipped, error)
        if said is None:
            return asked, False
        cursor, skipped = claim.pk, Counter[str]()
        asked += said
    with transaction.atomic():
        row = _ours(campaign.pk)
        if row is None or row.cursor != cursor:
            return asked, False
        _move(row, ahead[-1].pk, skipped)
    return asked, True


def _ask(pk: int, cursor: UUID, claim_pk: UUID, skipped: Mapping[str, int]) -> bool | None:
    """Asks one mailbox, or passes it over; None if it is not for this process to go on.

    1 Take the campaign's row, as it was left; another worker may have it, or have gone on.
    2 Take the address, and look again.
    3 Write down that it was asked, with the mail, and move on.
    """
    with transaction.atomic():
        campaign = _ours(pk)
        if campaign is None or campaign.cursor != cursor or not _is_time(campaign):
            return None
        claim = Claim.objects.select_related("service__organisation").get(pk=claim_pk)
        ownership.lock(bytes(claim.digest))
        skips, line, now = Counter(skipped), None, clock.now()
        why = _why_not(campaign, claim)
        if not why:
            line = gate.request(claim, show_code=campaign.show_code)
            why = "" if line else "policy"
        if line is not None:
            Asked.objects.create(campaign=campaign, digest=claim.digest, claim=claim, line=line, at=now)
            campaign.next = paces.after(campaign.next, now, campaign.per_hour)
        if why:
            skips[why] += 1
        _move(campaign, claim_pk, skips)
    return line is not None


def _to_remind(campaign: Campaign) -> list[int]:
    if campaign.remind_after is None:
        return []
    before = clock.now() - timedelta(days=campaign.remind_after)
    rows = Asked.objects.filter(campaign=campaign, reminded=None, at__lte=before).order_by("at")
    return list(rows.values_list("pk", flat=True)[:_CHUNK])


def _remind_all(late: Sequence[int], most: int, ends: float) -> tuple[int, bool]:
    sent = 0
    for pk in late:
        try:
            said = _remind(pk) if sent < most and time.monotonic() <= ends else None
        except Exception as error:  # noqa: BLE001 - likewise
            said = _not_reminded(pk, error)
        if said is None:
            return sent, False
        sent += said
    return sent, True


def _remind(pk: int) -> bool | None:
    """Asks a mailbox that has said nothing once more, and then never again; None if it is not for us to go on."""
    with transaction.atomic():
        asked = Asked.objects.select_related("claim__service__organisation").get(pk=pk)
        campaign = _ours(asked.campaign_id)
        if campaign is None or not _is_time(campaign):
            return None
        ownership.lock(bytes(asked.digest))
        now, line = clock.now(), None
        if not Asked.objects.filter(pk=pk, reminded=None).update(reminded=now):
            return False
        silent = asked.returned is None and ownership.known(asked.claim).standing is Standing.CLAIMED
        if silent and not _why_not(campaign, asked.claim, again=asked):
            line = gate.request(asked.claim, show_code=campaign.show_code)
        if line is not None:
            Asked.objects.filter(pk=pk).update(reminder=line)
            campaign.next = paces.after(campaign.next, now, campaign.per_hour)
            campaign.save(update_fields=["next"])
    return line is not None


def _failed(pk: int, cursor: UUID, claim: UUID, skipped: Mapping[str, int], error: Exception) -> bool | None:
    """A claim could not be asked: it is passed over after some tries, else it would keep all others waiting for ever.

    None while it is to be tried again, in the next turn: what is amiss may pass by itself. Where the database is
    away this raises as well, and no try is counted.
    """
    with transaction.atomic():
        campaign = _ours(pk)
        if campaign is None or campaign.cursor != cursor or not _given_up(campaign, claim, error):
            return None
        _move(campaign, claim, Counter(skipped) + Counter({"failed": 1}))
    return False


def _not_reminded(pk: int, error: Exception) -> bool | None:
    """Likewise, of one that could not be reminded: after some tries it is left alone."""
    with transaction.atomic():
        asked = Asked.objects.get(pk=pk)
        campaign = _ours(asked.campaign_id)
        if campaign is None or not _given_up(campaign, asked.claim_id, error):
            return None
        Asked.objects.filter(pk=pk, reminded=None).update(reminded=clock.now())
        _move(campaign, campaign.cursor, {"not_reminded": 1})
    return False


def _given_up(campaign: Campaign, claim: UUID, error: Exception) -> bool:
    """Counts a try at a claim that failed; whether it was the last. The caller holds the campaign's row."""
    campaign.tries = campaign.tries + 1 if campaign.failing == claim else 1
    campaign.failing = claim
    campaign.save(update_fields=["failing", "tries"])
    log.error(
        "campaign.claim_failed",
        campaign=campaign.pk,
        claim=str(claim),
        tries=campaign.tries,
        error=type(error).__name__,
    )
    return campaign.tries >= _TRIES


def _ours(pk: int) -> Campaign | None:
    """A running campaign's row, locked; None if it does not run, or another worker has it. Inside a transaction."""
    rows = Campaign.objects.select_for_update(skip_locked=True, of=("self",)).select_related("service__organisation")
    return rows.filter(pk=pk, state=Campaign.State.RUNNING).first()


def _unfit(stand: Stand) -> str:
    """Why a standing makes asking needless or forbidden; empty if it does not."""
    if stand.standing is Standing.DISAVOWED:
        return "disavowed"
    if stand.paused:
        return "paused"
    if stand.standing in (Standing.CLAIMED, Standing.ANSWERED):
        return ""
    return "withdrawn" if stand.standing is Standing.UNKNOWN else stand.standing.value


def _why_not(campaign: Campaign, claim: Claim, again: Asked | None = None) -> str:
    """Why this mailbox is not to be asked, looked at in the moment of asking; empty if it is.

    `again`: it was asked so before, and only what came after that counts as asked.
    """
    address, organisation = bytes(claim.digest), campaign.service.organisation_id
    if why := _unfit(ownership.known(claim)):
        return why
    if not ownership.is_given(claim):
        return "withdrawn"
    if ownership.plain(address) is None:
        return "erased"
    if ownership.in_doubt(organisation, [address]):
        return "doubted"
    if again is None and Asked.objects.filter(campaign=campaign, digest=claim.digest).exists():
        return "same_mailbox"
    today, last = clock.today(campaign.service.zone), gate.last_asked(organisation, address)
    since = today - timedelta(days=_LATELY)
    if again is not None:
        since = max(since, again.at.date() + timedelta(days=1))
    return "asked_lately" if last is not None and last > since else ""


def _note_refused(campaign: Campaign) -> None:
    """The next hop refused some of its mails for good: they count as returned."""
    since = clock.now() - _RETURNS
    recent = Asked.objects.filter(campaign=campaign, returned=None).order_by("-at")
    reminded = recent.filter(reminded__gt=since, reminder__isnull=False)
    lines: dict[UUID | None, int] = dict(reminded.values_list("reminder", "pk")[:_LOOKED_AT])
    lines.update(recent.filter(at__gt=since).values_list("line", "pk")[:_LOOKED_AT])
    refused = gate.rejected([line for line in lines if line is not None])
    Asked.objects.filter(pk__in=[lines[line] for line in refused]).update(returned=clock.now())


def _move(campaign: Campaign, cursor: UUID, skipped: Mapping[str, int]) -> None:
    campaign.cursor = cursor
    campaign.passed_over = dict(Counter(campaign.passed_over) + Counter(skipped))
    campaign.failing, campaign.tries = None, 0
    campaign.save(update_fields=["cursor", "passed_over", "next", "failing", "tries"])


def _finish(pk: int, cursor: UUID) -> None:
    """Ends a campaign that has looked at every claim, and whom nobody is left to be reminded by."""
    with transaction.atomic():
        campaign = _ours(pk)
        if campaign is None or campaign.cursor != cursor:
            return
        waits = campaign.remind_after is not None and Asked.objects.filter(campaign=campaign, reminded=None).exists()
        if not waits:
            _end(campaign, Campaign.State.DONE)


def _end(campaign: Campaign, state: Campaign.State, why: str = "") -> bool:
    campaign.state, campaign.why = state, why
    if state != Campaign.State.STOPPED:
        campaign.ended = clock.now()
    campaign.save(update_fields=["state", "why", "ended"])
    return False
