"""A campaign's life: started, paused, resumed, stopped, looked up, forgotten."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from atesaki import clock, keys, tenants
from atesaki.tenants import Service, week

from .figures import final, keep
from .models import Asked, Campaign

_MOST_PER_HOUR = 20_000
_KEPT = timedelta(days=90)
_OPEN = (Campaign.State.RUNNING, Campaign.State.PAUSED, Campaign.State.STOPPED)


class CampaignError(ValueError):
    """What was asked of a campaign cannot be done; the text says why and what to do."""


def start(
    service: Service,
    *,
    per_hour: int = 200,
    hours: str = "",
    stop_at: float = 0.02,
    stop_at_returned: float = 0.1,
    remind_after: int | None = None,
    show_code: bool = False,
) -> Campaign:
    """Begins to ask the mailboxes of a service's unproved claims; the worker does the rest. Raises `CampaignError`.

    `stop_at`, `stop_at_returned`: shares, 0.02 is 2 %.  `remind_after`: days.  `show_code`: see `gate.request`.
    """
    _check(per_hour, hours)
    for share in (stop_at, stop_at_returned):
        if not 0 < share <= 0.5:
            raise CampaignError("A share at which it stops must be more than 0 and at most 50%.")
    if remind_after is not None and not 1 <= remind_after <= 60:
        raise CampaignError("A reminder goes from 1 to 60 days after the first mail.")
    if not service.notices_per_day or not service.notices_in_all:
        raise CampaignError(
            "The service's policy mails no unproved mailbox at all: allow one first, "
            f"`atesaki service set {service.name!r} --notices-per-day 1 --notices-in-all 2`."
        )
    now = clock.now()
    try:
        with transaction.atomic():
            begun = Campaign.objects.create(
                service=service,
                started=now,
                per_hour=per_hour,
                hours=hours,
                stop_at=stop_at,
                stop_at_returned=stop_at_returned,
                remind_after=remind_after,
                show_code=show_code,
                last=_bound(),
                next=now,
                watched=now,
            )
            keep(begun)
            begun.refresh_from_db()
            return begun
    except IntegrityError as error:
        raise CampaignError(
            f"A campaign of {service.name!r} is not over yet: `atesaki campaign status {service.name!r}` shows it, "
            "`atesaki campaign stop` ends it."
        ) from error


def pause(campaign: Campaign) -> Campaign:
    """Asks nobody more until it is resumed. Raises `CampaignError`."""
    return _change(campaign, (Campaign.State.RUNNING,), "is not running", state=Campaign.State.PAUSED)


def resume(
    campaign: Campaign, *, per_hour: int | None = None, hours: str | None = None, stop_at: float | None = None
) -> Campaign:
    """Goes on where it stood; what was answered up to now counts no more for stopping. Raises `CampaignError`."""
    _check(campaign.per_hour if per_hour is None else per_hour, campaign.hours if hours is None else hours)
    if stop_at is not None and not 0 < stop_at <= 0.5:
        raise CampaignError("A share at which it stops must be more than 0 and at most 50%.")
    given = {"per_hour": per_hour, "hours": hours, "stop_at": stop_at}
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    now = clock.now()
    if campaign.state == Campaign.State.STOPPED:
        changes["watched"] = now
    states = (Campaign.State.PAUSED, Campaign.State.STOPPED)
    running = Campaign.State.RUNNING
    resumed = _change(campaign, states, "is neither paused nor stopped", state=running, why="", next=now, **changes)
    keep(resumed)  # what is counted for stopping began anew
    return find(str(resumed.pk))


def stop(campaign: Campaign) -> Campaign:
    """Ends it for good: whom it has not asked, it never will. Raises `CampaignError`."""
    return _change(campaign, _OPEN, "is over already", state=Campaign.State.ENDED, ended=clock.now())


def find(word: str) -> Campaign:
    """A campaign by its number, or the newest of a service by that name. Raises `CampaignError`."""
    rows = Campaign.objects.select_related("service__organisation").order_by("-pk")
    found = rows.filter(pk=int(word)).first() if re.fullmatch(r"\d{1,9}", word) else None
    if found is None:
        found = rows.filter(service__name=word).first()
    if found is None:
        raise CampaignError(
            f"There is no campaign {word!r}, by number or by service: `atesaki campaign list` shows them."
        )
    return found


def all_of(name: str = "") -> list[Campaign]:
    """The campaigns, newest first; of one service if it is named. Raises `TenantError`."""
    rows = Campaign.objects.select_related("service__organisation").order_by("-pk")
    return list(rows.filter(service=tenants.find(name)) if name else rows)


def percent(text: str) -> float:
    """A share as an operator writes it: `2%`, `0.5 %`, or without the sign. Raises `CampaignError`."""
    match = re.fullmatch(r"\s*(\d{1,2}(?:\.\d{1,3})?)\s*[%％]?\s*", text)
    if match is None:
        raise CampaignError(f"{text!r} is not a share: give such as 2%.")
    return float(match[1]) / 100


def forget_old() -> int:
    """Removes whom a campaign asked 90 days after its end, and keeps its figures; how many rows."""
    gone = 0
    over = Campaign.objects.filter(ended__lt=clock.now() - _KEPT, final__isnull=True).select_related(
        "service__organisation"
    )
    for campaign in over:
        with transaction.atomic():
            kept = final(campaign)
            if Campaign.objects.filter(pk=campaign.pk, final__isnull=True).update(final=kept):
                many, _ = Asked.objects.filter(campaign=campaign).delete()
                gone += many
    return gone


def _check(per_hour: int, hours: str) -> None:
    if not 1 <= per_hour <= _MOST_PER_HOUR:
        raise CampaignError(f"A campaign asks from 1 to {_MOST_PER_HOUR} mailboxes an hour.")
    if len(hours) > 200:
        raise CampaignError("The hours are longer than 200 characters: give fewer spans.")
    if hours:
        try:
            week(hours)
        except ValueError as error:
            raise CampaignError(str(error)) from error


def _bound() -> UUID:
    """Above the ids of all claims made until now: a UUIDv7 sorts by its time."""
    return UUID(int=(keys.uuid7().int >> 80) + 1 << 80)


def _change(campaign: Campaign, states: tuple[Campaign.State, ...], else_: str, **changes: object) -> Campaign:
    """A guarded update: the worker may have changed its state since it was read."""
    if not Campaign.objects.filter(pk=campaign.pk, state__in=states).update(**changes):
        raise CampaignError(f"Campaign {campaign.pk} {else_}: `atesaki campaign status {campaign.pk}` tells more.")
    return Campaign.objects.select_related("service__organisation").get(pk=campaign.pk)
