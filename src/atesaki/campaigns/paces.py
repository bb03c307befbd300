"""When a campaign's next mail may go: evenly over the hour, and only in its hours. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from atesaki.tenants import week

_BEHIND = timedelta(minutes=2)  # what was missed for longer is not made up for: no flood after a pause


def after(due: datetime, now: datetime, per_hour: int) -> datetime:
    """When the mail after this one may go; `due` is when this one might have gone first."""
    return max(due, now - _BEHIND) + timedelta(hours=1) / per_hour


def opens(hours: str, zone: str, at: datetime) -> datetime:
    """The first moment from `at` on that is within `hours` (in `zone`); `at` itself, if they are empty or it is."""
    if not hours:
        return at
    days, here = week(hours), at.astimezone(ZoneInfo(zone))
    for ahead in range(8):
        day = here.date() + timedelta(days=ahead)
        for start, end in days[day.weekday()]:
            first = datetime.combine(day, start, here.tzinfo)
            if here < datetime.combine(day, end, here.tzinfo) or (ahead == 0 and end == time.max):
                return max(here, first).astimezone(at.tzinfo)
    raise ValueError(f"The hours {hours!r} never come.")
