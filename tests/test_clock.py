"""What time it is, shifted for tests alone, and how a moment is written in either language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atesaki import clock
from atesaki.language import LANGUAGES, Language, language, moment

patient = settings(deadline=None)  # others may have the processor

ZONES = [
    "Asia/Tokyo",
    "UTC",
    "Europe/London",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kolkata",
]


@pytest.fixture(autouse=True)
def no_shift(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No shift from before or for after."""
    for name in ("ATESAKI_NOW_OFFSET", "ATESAKI_ENV"):
        monkeypatch.delenv(name, raising=False)
    clock.offset.cache_clear()
    yield
    clock.offset.cache_clear()


def shift(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ATESAKI_NOW_OFFSET", text)
    clock.offset.cache_clear()


# --- the shift -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", timedelta()),
        ("  ", timedelta()),
        ("0", timedelta()),
        ("3600", timedelta(hours=1)),
        ("90s", timedelta(seconds=90)),
        ("-90m", timedelta(minutes=-90)),
        ("+36h", timedelta(hours=36)),
        ("8d", timedelta(days=8)),
        (" 2w\n", timedelta(weeks=2)),
        ("-100000d", timedelta(days=-100_000)),
    ],
)
def test_a_shift_is_read(text: str, expected: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    shift(monkeypatch, text)
    assert clock.offset() == expected


@pytest.mark.parametrize(
    "text",
    ["8 d", "d", "-", "1.5h", "8days", "8D", "1d2h", "--1d", "1e3", "tomorrow", "1234567890", "8d;", "八d"],
)
def test_what_cannot_be_read_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shift(monkeypatch, text)
    with pytest.raises(ValueError, match=f"{re.escape(repr(text))} cannot be read: give seconds, or a number with"):
        clock.offset()


@pytest.mark.parametrize("text", ["999999999w", "-999999999d", "9999999d", "999999999h"])
def test_a_shift_out_of_the_calendar_is_refused_at_the_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shift(monkeypatch, text)
    with pytest.raises(ValueError, match="out of the calendar: give a smaller number"):
        clock.offset()


@pytest.mark.parametrize("text", ["8d", "0", "nonsense"])
def test_in_production_no_shift_is_taken(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATESAKI_ENV", "production")
    shift(monkeypatch, text)
    with pytest.raises(ValueError, match="for test installations: unset it"):
        clock.now()
    shift(monkeypatch, "")
    assert clock.offset() == timedelta()


def test_now_is_the_present_in_utc_with_the_shift_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, by in (("", timedelta()), ("8d", timedelta(days=8)), ("-1h", timedelta(hours=-1))):
        shift(monkeypatch, text)
        before = datetime.now(UTC)
        now = clock.now()
        assert before + by <= now <= datetime.now(UTC) + by
        assert now.tzinfo is UTC


def test_the_shift_is_read_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    shift(monkeypatch, "8d")
    assert clock.offset() == timedelta(days=8)
    monkeypatch.setenv("ATESAKI_NOW_OFFSET", "9d")
    assert clock.offset() == timedelta(days=8)


# --- the day ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        ("2026-11-23T14:59:59Z", "Asia/Tokyo", date(2026, 11, 23)),
        ("2026-11-23T15:00:00Z", "Asia/Tokyo", date(2026, 11, 24)),
        ("2026-12-31T15:00:00Z", "Asia/Tokyo", date(2027, 1, 1)),
        ("2028-02-28T15:00:00Z", "Asia/Tokyo", date(2028, 2, 29)),
        ("2026-11-23T23:59:59Z", "UTC", date(2026, 11, 23)),
        ("2026-11-24T00:00:00Z", "UTC", date(2026, 11, 24)),
        ("2026-11-24T04:59:59Z", "America/New_York", date(2026, 11, 23)),
        ("2026-07-24T03:59:59Z", "America/New_York", date(2026, 7, 23)),
        ("2026-07-24T04:00:00Z", "America/New_York", date(2026, 7, 24)),
        ("2026-11-23T10:00:00Z", "Pacific/Kiritimati", date(2026, 11, 24)),
        ("2026-11-24T10:59:59Z", "Pacific/Pago_Pago", date(2026, 11, 23)),
    ],
)
def test_today_is_the_day_in_the_zone(now: str, zone: str, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(now))
    assert clock.today(zone) == day


@pytest.mark.parametrize("zone", ZONES)
def test_today_is_shifted_as_now_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shift(monkeypatch, "-40d")
    days = {datetime.now(ZoneInfo(zone)).date() - timedelta(days=40) for _ in range(2)}
    assert clock.today(zone) in days | {day + timedelta(days=1) for day in days}
    assert clock.today(zone) == clock.now().astimezone(ZoneInfo(zone)).date()


# --- how a moment is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "zone", "ja", "en"),
    [
        (
            "2026-11-24T04:39:00Z",
            "Asia/Tokyo",
            "2026年11月24日(火)13時39分",
            "Tuesday, 24 November 2026, 13:39 (JST)",
        ),
        ("2026-01-01T00:05:59Z", "UTC", "2026年1月1日(木)0時05分", "Thursday, 1 January 2026, 00:05 (UTC)"),
        (
            "2026-12-31T15:00:00Z",
            "Asia/Tokyo",
            "2027年1月1日(金)0時00分",
            "Friday, 1 January 2027, 00:00 (JST)",
        ),
        (
            "2026-07-05T08:00:00+00:00",
            "Europe/London",
            "2026年7月5日(日)9時00分",
            "Sunday, 5 July 2026, 09:00 (BST)",
        ),
        (
            "2026-03-02T23:59:00-05:00",
            "America/New_York",
            "2026年3月2日(月)23時59分",
            "Monday, 2 March 2026, 23:59 (EST)",
        ),
    ],
)
def test_a_moment_is_absolute_with_its_weekday(at: str, zone: str, ja: str, en: str) -> None:
    assert moment(datetime.fromisoformat(at), zone, "ja") == ja
    assert moment(datetime.fromisoformat(at), zone, "en") == en


@pytest.mark.parametrize(
    ("day", "ja", "en"),
    [*zip(range(23, 30), "月火水木金土日", ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"), strict=True)],
)
def test_every_weekday_has_its_name(day: int, ja: str, en: str) -> None:
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    assert f"{day}日({ja})" in moment(at, "UTC", "ja")
    assert moment(at, "UTC", "en").startswith(f"{en}day, {day} November 2026")


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
whenever = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30), timezones=offsets)


@patient
@given(whenever, st.sampled_from(ZONES))
def test_both_languages_write_the_same_minute(at: datetime, zone: str) -> None:
    here = at.astimezone(ZoneInfo(zone))
    ja = re.fullmatch(r"(\d{4})年(\d+)月(\d+)日\((.)\)(\d+)時(\d\d)分", moment(at, zone, "ja"))
    en = re.fullmatch(r"(\w+, \d+ \w+ \d{4}, \d\d:\d\d) \(.+\)", moment(at, zone, "en"))
    assert ja and en
    assert [int(each) for each in ja.group(1, 2, 3, 5, 6)] == [here.year, here.month, here.day, here.hour, here.minute]
    assert datetime.strptime(en[1], "%A, %d %B %Y, %H:%M") == here.replace(tzinfo=None, second=0, microsecond=0)
    assert ja[4] == "月火水木金土日"[here.weekday()]


@patient
@given(whenever, offsets, st.sampled_from(ZONES), st.sampled_from(LANGUAGES))
def test_the_same_moment_is_written_alike_from_wherever(
    at: datetime, other: timezone, zone: str, lang: Language
) -> None:
    assert moment(at.astimezone(other), zone, lang) == moment(at, zone, lang)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ja", "ja"), ("JA-jp", "ja"), ("ja,en;q=0.5", "ja"), ("en", "en"), ("en-ja", "en"), ("fr", "en"), ("", "en")],
)
def test_an_unknown_language_is_english(text: str, expected: str) -> None:
    assert language(text) == expected
