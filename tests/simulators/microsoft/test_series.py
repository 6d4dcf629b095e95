"""How Graph's patterns fall, against an expander that is not ours wherever iCalendar means the same."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Literal

import pytest
from dateutil.rrule import DAILY, MONTHLY, YEARLY, rrule, weekday
from dateutil.rrule import WEEKLY as WEEKS
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.microsoft.patterns import DAYS, completed, falling, repeating
from simulators.microsoft.series import InvalidRecurrence, Series, Window

START = date(2026, 1, 5)
INDEXES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
dates = st.dates(date(2000, 1, 1), date(2050, 1, 1))
intervals = st.integers(1, 14)
FEW = settings(max_examples=40)
some_days = st.sets(st.sampled_from(DAYS), min_size=1)


def days(pattern: dict[str, Any], first: date, number: int = 12) -> list[date]:
    whole = completed({"pattern": pattern, "range": {}}, first, "UTC")["pattern"]
    return list(islice(falling(whole, first), number))


def by_rule(frequency: Literal[0, 1, 2, 3], first: date, number: int = 12, **rule: Any) -> list[date]:  # noqa: ANN401
    return [each.date() for each in islice(rrule(frequency, datetime.combine(first, time()), **rule), number)]


def weekdays(names: set[str]) -> list[weekday]:
    return [weekday(DAYS.index(name)) for name in names]


@FEW
@given(dates, intervals)
def test_days(first: date, interval: int) -> None:
    assert days({"type": "daily", "interval": interval}, first) == by_rule(DAILY, first, interval=interval)


@FEW
@given(dates, intervals, some_days, st.sampled_from(DAYS))
def test_weeks(first: date, interval: int, on: set[str], week_start: str) -> None:
    pattern = {"type": "weekly", "interval": interval, "daysOfWeek": sorted(on), "firstDayOfWeek": week_start}

    expected = by_rule(WEEKS, first, interval=interval, byweekday=weekdays(on), wkst=DAYS.index(week_start))
    assert days(pattern, first) == expected


@FEW
@given(dates, intervals, st.integers(1, 28))
def test_days_of_months(first: date, interval: int, day: int) -> None:
    pattern = {"type": "absoluteMonthly", "interval": interval, "dayOfMonth": day}

    assert days(pattern, first) == by_rule(MONTHLY, first, interval=interval, bymonthday=day)


@FEW
@given(dates, intervals, some_days, st.sampled_from(sorted(INDEXES)))
def test_weekdays_of_months(first: date, interval: int, on: set[str], index: str) -> None:
    pattern = {"type": "relativeMonthly", "interval": interval, "daysOfWeek": sorted(on), "index": index}

    expected = by_rule(MONTHLY, first, interval=interval, byweekday=weekdays(on), bysetpos=INDEXES[index])
    assert days(pattern, first) == expected


@FEW
@given(dates, st.integers(1, 4), st.integers(1, 12), st.integers(1, 28))
def test_days_of_years(first: date, interval: int, month: int, day: int) -> None:
    pattern = {"type": "absoluteYearly", "interval": interval, "month": month, "dayOfMonth": day}

    assert days(pattern, first, 4) == by_rule(YEARLY, first, 4, interval=interval, bymonth=month, bymonthday=day)


@FEW
@given(dates, st.integers(1, 4), st.integers(1, 12), some_days, st.sampled_from(sorted(INDEXES)))
def test_weekdays_of_years(first: date, interval: int, month: int, on: set[str], index: str) -> None:
    pattern = {
        "type": "relativeYearly",
        "interval": interval,
        "month": month,
        "daysOfWeek": sorted(on),
        "index": index,
    }

    rule = {"interval": interval, "bymonth": month, "byweekday": weekdays(on), "bysetpos": INDEXES[index]}
    assert days(pattern, first, 4) == by_rule(YEARLY, first, 4, **rule)


def test_day_31_is_the_last_day_of_a_shorter_month() -> None:
    pattern = {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}

    found = days(pattern, date(2028, 1, 31), 4)

    assert found == [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30)]


def test_a_leap_day_is_the_28th_in_other_years() -> None:
    pattern = {"type": "absoluteYearly", "interval": 1, "month": 2, "dayOfMonth": 29}

    assert days(pattern, date(2028, 1, 1), 2) == [date(2028, 2, 29), date(2029, 2, 28)]


def test_days_are_of_any_case() -> None:
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["Tuesday"], "firstDayOfWeek": "Sunday"}

    assert days(pattern, START, 1) == [date(2026, 1, 6)]


def test_patterns_end_where_the_calendar_does() -> None:
    assert len(days({"type": "daily", "interval": 1}, date(9999, 12, 1), 60)) < 60
    assert len(days({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}, date(9999, 1, 1), 60)) == 12


def series(recurrence: dict[str, Any], zone: str = "W. Europe Standard Time", **values: Any) -> Series:  # noqa: ANN401
    master = {
        "start": {"dateTime": "2026-01-05T09:00:00.0000000", "timeZone": zone},
        "end": {"dateTime": "2026-01-05T10:00:00.0000000", "timeZone": zone},
        "recurrence": completed(recurrence, START, zone),
    }
    return Series(master | values)


def year(start: int, end: int) -> Window:
    return Window(datetime(start, 1, 1, tzinfo=UTC), datetime(end, 1, 1, tzinfo=UTC))


def test_a_series_ends_after_a_number_of_occurrences_or_with_a_day() -> None:
    daily = series(repeating("daily", times=3))
    weekly = series(repeating("weekly", daysOfWeek=["monday"], until=date(2026, 1, 19)))

    assert list(daily.days()) == [date(2026, 1, day) for day in (5, 6, 7)]
    assert list(weekly.days()) == [date(2026, 1, day) for day in (5, 12, 19)]
    assert daily.has(date(2026, 1, 7))
    assert not daily.has(date(2026, 1, 8))


def test_a_series_may_begin_on_a_day_that_is_not_its_own() -> None:
    tuesdays = series(repeating("weekly", daysOfWeek=["tuesday"], times=2))

    assert list(tuesdays.days()) == [date(2026, 1, 6), date(2026, 1, 13)]


def test_the_clock_on_the_wall_stays_over_a_change_of_clocks() -> None:
    weekly = series(repeating("weekly", interval=4, daysOfWeek=["monday"]))

    starts = [weekly.extent(day)[0] for day in weekly.inside(year(2026, 2027))[2:4]]

    assert starts == [datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)]


def test_days_are_those_of_the_zone_of_the_recurrence() -> None:
    recurrence = repeating("weekly", daysOfWeek=["monday"], times=1)
    recurrence["range"] |= {"recurrenceTimeZone": "Tokyo Standard Time", "startDate": "2026-01-05"}
    start = {"dateTime": "2026-01-04T16:00:00", "timeZone": "UTC"}

    tokyo = series(recurrence, start=start, end=start)

    assert tokyo.extent(date(2026, 1, 5))[0] == datetime(2026, 1, 4, 16, tzinfo=UTC)


def test_a_window_has_what_ends_after_its_start_and_starts_before_its_end() -> None:
    daily = series(repeating("daily"))
    window = Window(datetime(2026, 1, 6, 9, tzinfo=UTC), datetime(2026, 1, 8, 8, tzinfo=UTC))

    assert daily.inside(window) == [date(2026, 1, 7)]
    assert daily.inside(Window(window.start - timedelta(seconds=1), window.end + timedelta(seconds=1))) == [
        date(2026, 1, day) for day in (6, 7, 8)
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"type": "hourly", "interval": 1},
        {"type": "daily", "interval": 0},
        {"type": "weekly", "interval": 1, "daysOfWeek": []},
        {"type": "weekly", "interval": 1, "daysOfWeek": ["someday"]},
        {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "fifth"},
    ],
)
def test_what_is_no_pattern_is_refused(pattern: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecurrence):
        series({"pattern": pattern, "range": {"type": "noEnd"}})
