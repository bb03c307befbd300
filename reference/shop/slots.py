"""When the van comes: two hours each, closed three hours before, never overbooked."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import groupby

from django.db.models import F, Q
from django.utils import timezone

from .models import Slot

HOURS = (8, 10, 12, 14, 16, 18, 20)
DAYS = 5
CAPACITY = 12
CUT_OFF = timedelta(hours=3)
LENGTH = timedelta(hours=2)


class Full(Exception):
    """The slot is full, or its time to order is over."""


def lay_out() -> None:
    """Makes the slots of the coming days where they are missing."""
    today = timezone.localdate()
    zone = timezone.get_current_timezone()
    starts = [datetime.combine(today + timedelta(day), time(hour), zone) for day in range(DAYS + 1) for hour in HOURS]
    there = set(Slot.objects.filter(starts__in=starts).values_list("starts", flat=True))
    if missing := [each for each in starts if each not in there]:
        Slot.objects.bulk_create(
            [Slot(starts=each, closes=each - CUT_OFF, capacity=CAPACITY) for each in missing], ignore_conflicts=True
        )


def days() -> list[tuple[object, list[Slot]]]:
    """The slots to choose from, by day; days that are over are left out, full slots are not."""
    lay_out()
    end = datetime.combine(timezone.localdate() + timedelta(DAYS), time(0), timezone.get_current_timezone())
    open_still = Slot.objects.filter(closes__gt=timezone.now(), starts__lt=end)
    return [(day, list(each)) for day, each in groupby(open_still, lambda slot: timezone.localdate(slot.starts))]


def soonest() -> Slot | None:
    """The next one that can be had; none before the first are laid out."""
    return Slot.objects.filter(_bookable()).first()


def bookable(pk: int) -> Slot | None:
    return Slot.objects.filter(_bookable(), pk=pk).first()


def take(pk: int) -> None:
    """Takes one place. The guard stands in the UPDATE: two that come at once cannot both have the last. Raises Full."""
    if not Slot.objects.filter(_bookable(), pk=pk).update(taken=F("taken") + 1):
        raise Full


def give_back(pk: int) -> None:
    Slot.objects.filter(pk=pk, taken__gt=0).update(taken=F("taken") - 1)


def _bookable() -> Q:
    return Q(closes__gt=timezone.now(), taken__lt=F("capacity"))
