"""Times as logs, tables and events write them, in seconds since 1970; 0 is no time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_HALF = 6


def month_of(stamp: bytes) -> int:
    """1 to 12 of a syslog stamp without a year (RFC 3164 section 4.1.2), 0 if it is none."""
    return _MONTHS.get(stamp[:3], 0)


def year_before(stamp: bytes, last: float, zone: str) -> int:
    """The year that puts a stamp without one into the twelve months before `last`."""
    latest = datetime.fromtimestamp(last, ZoneInfo(zone)) + timedelta(days=1)
    month, day = month_of(stamp), int(stamp[4:6] or b"0")
    return latest.year if (month, day) <= (latest.month, latest.day) else latest.year - 1


class Stamps:
    """Reads the stamps of one log from its beginning on; across New Year the year goes on by itself."""

    def __init__(self, zone: str, year: int) -> None:
        """`year`: of the first line."""
        self._zone, self._year, self._month = zone, year, 0
        self._hours: dict[tuple[bytes, int], int] = {}

    def read(self, stamp: bytes) -> int:
        """A syslog stamp, or an ISO one."""
        if stamp[:1].isdigit():
            return (
                _iso_cached(stamp[:13], self._zone, stamp[13:]) if len(stamp) > 13 else iso(stamp.decode(), self._zone)
            )
        month = _MONTHS.get(stamp[:3], 0)
        if month != self._month:
            if self._month and month <= self._month - _HALF:
                self._year += 1
            elif self._month and month >= self._month + _HALF:  # two processes' lines, out of order at midnight
                self._year -= 1
            self._month = month
        hour = (stamp[:9], self._year)
        begun = self._hours.get(hour)
        if begun is None:
            begun = self._hours[hour] = self._begin(stamp, month)
        return begun + int(stamp[10:12]) * 60 + int(stamp[13:15]) if begun else 0

    def _begin(self, stamp: bytes, month: int) -> int:
        try:
            return int(
                datetime(self._year, month, int(stamp[4:6]), int(stamp[7:9]), tzinfo=ZoneInfo(self._zone)).timestamp()
            )
        except ValueError:
            return 0


_REST = re.compile(rb":(\d\d):(\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?")


def _iso_cached(hour: bytes, zone: str, rest: bytes) -> int:
    parted = _REST.match(rest)
    if parted is None:
        return 0
    begun = _iso_hour(hour, parted[3] or b"", zone)
    return begun + int(parted[1]) * 60 + int(parted[2]) if begun else 0


@lru_cache(maxsize=4096)
def _iso_hour(hour: bytes, offset: bytes, zone: str) -> int:
    return iso(f"{hour.decode('ascii', 'replace')}:00:00{offset.decode()}", zone)


_JAPANESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日\s*(?:(\d{1,2})[時:](\d{1,2})(?:分|:)?(?:(\d{1,2})秒?)?)?")
_LOOSE = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?")
_NUMBERED = re.compile(r"-?\d{9,16}(?:\.\d+)?")


@lru_cache(maxsize=65536)
def iso(text: str, zone: str) -> int:
    """A date or moment as tables hold it (ISO 8601, `2026/5/1 10:20`, `2026年5月1日`, `20260501`, seconds or
    milliseconds since 1970); without a zone it is in `zone`. 0 if it is none of these."""
    text = text.strip()
    try:
        if _NUMBERED.fullmatch(text) and len(text) != 14:
            number = float(text)
            return int(number / 1000 if abs(number) > 1e11 else number)
        found = _JAPANESE.fullmatch(text) or _LOOSE.fullmatch(text)
        plain = found is not None and not re.search(r"(?:Z|[+-]\d\d:?\d\d)$", text[11:])
        if found is not None and plain:
            at = datetime(*(int(each) for each in found.groups("0")))  # type: ignore[arg-type]  # noqa: DTZ001
        else:
            at = datetime.fromisoformat(text)
        return seconds(at, zone)
    except (ValueError, OverflowError):
        return 0


def seconds(at: datetime | date, zone: str) -> int:
    """Of a moment or a day; one without a zone is in `zone`."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone))
    try:
        return int((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp())
    except (ValueError, OverflowError):
        return 0


def told(at: int) -> str:
    """`2026-05-01T10:20:00+00:00`, empty for no time."""
    return datetime.fromtimestamp(at, UTC).isoformat() if at else ""
