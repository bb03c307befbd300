"""Business days: when an office that answers is open."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jpholiday

from atesaki import clock, tenants
from atesaki.tenants import Service

_CLOSES = time(18, 0)


def is_business_day(day: date, zone: str) -> bool:
    """Whether a Japanese office works on `day`; elsewhere only weekends are known to us.

    29 December to 3 January are no holidays by name, but the days on which offices are closed (the Act on Holidays
    of Administrative Organs, 1988).
    """
    return day.weekday() < 5 and not _closed(day, zone)


def _closed(day: date, zone: str) -> bool:
    """Whether nobody works on `day`, whichever day of the week it is."""
    if zone != "Asia/Tokyo":
        return False
    year_end = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return year_end or bool(jpholiday.is_holiday(day))


def business_day(after: date, days: int, zone: str) -> date:
    """The `days`th business day after `after`; with 0, the first that is not before it."""
    day = after if days else after - timedelta(days=1)
    for _ in range(max(1, days)):
        day += timedelta(days=1)
        while not is_business_day(day, zone):
            day += timedelta(days=1)
    return day


def closing(day: date, zone: str) -> datetime:
    """The moment at which offices close on `day` in `zone`."""
    return datetime.combine(day, _CLOSES, ZoneInfo(zone))


def end_of(day: date, zone: str) -> datetime:
    """The moment at which `day` is over in `zone`: a deadline lasts to its end."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def seconds_open(begin: datetime, end: datetime, service: Service) -> float:
    """How long the people of a service were there between two moments (`Service.hours`), in seconds."""
    week, zone = tenants.week(service.hours), ZoneInfo(service.zone)
    day, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    found = 0.0
    while day <= last:
        for opens, shuts in () if _closed(day, service.zone) else week[day.weekday()]:
            first = max(begin, datetime.combine(day, opens, zone))
            until = min(end, datetime.combine(day, shuts, zone))
            found += max(0.0, (until - first).total_seconds())
        day += timedelta(days=1)
    return found


def in_business_days(days: int, zone: str) -> datetime:
    """Closing time, `days` business days from today."""
    return closing(business_day(clock.today(zone), days, zone), zone)
