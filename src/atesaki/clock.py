"""Tells the time, shifted by a test installation's wish.

Promise:    One place says what time it is, so that a deadline can be seen to pass.
Never:      Shifts the time of a production installation.
On failure: A shift that cannot be read, or is set in production, stops the program at its start.
Read first: `offset`.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@cache
def offset() -> timedelta:
    """The shift that `ATESAKI_NOW_OFFSET` asks for: a number and one of s, m, h, d, w (`8d`, `-90m`, `3600`).

    Raises `ValueError` for anything else, and for any shift where `ATESAKI_ENV` is `production`.
    """
    text = os.environ.get("ATESAKI_NOW_OFFSET", "").strip()
    if not text:
        return timedelta()
    if os.environ.get("ATESAKI_ENV") == "production":
        raise ValueError("ATESAKI_NOW_OFFSET is for test installations: unset it, ATESAKI_ENV is production.")
    match = re.fullmatch(r"([+-]?\d{1,9})([smhdw]?)", text)
    if match is None:
        raise ValueError(f"ATESAKI_NOW_OFFSET={text!r} cannot be read: give seconds, or a number with s, m, h, d or w.")
    try:
        shift = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
        datetime.now(UTC) + shift
    except OverflowError as error:
        raise ValueError(f"ATESAKI_NOW_OFFSET={text!r} leads out of the calendar: give a smaller number.") from error
    return shift


def now() -> datetime:
    """The present moment in UTC, with the shift in it."""
    return datetime.now(UTC) + offset()


def today(zone: str) -> date:
    """The calendar day it is now in `zone` (an IANA name such as `Asia/Tokyo`)."""
    return now().astimezone(ZoneInfo(zone)).date()
