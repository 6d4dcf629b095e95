"""The days on which a Graph `recurrencePattern` falls, and patterns to write down."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

from simulators.microsoft.times import NO_DATE, JsonObject

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEXES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_WEEK = timedelta(weeks=1)


def repeating(
    kind: str, *, interval: int = 1, until: date | None = None, times: int | None = None, **pattern: object
) -> JsonObject:
    """A `patternedRecurrence`, such as `repeating("weekly", daysOfWeek=["monday"], times=5)`, that begins with its
    event. `until` is its last day."""
    until_day = {} if until is None else {"type": "endDate", "endDate": until.isoformat()}
    number = {} if times is None else {"type": "numbered", "numberOfOccurrences": times}
    return {"pattern": {"type": kind, "interval": interval, **pattern}, "range": {"type": "noEnd"} | until_day | number}


def completed(recurrence: JsonObject, first: date, zone: str) -> JsonObject:
    """A recurrence as Exchange stores it: what does not apply holds a value that means nothing."""
    usual = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"}
    bounds = {"startDate": first.isoformat(), "endDate": NO_DATE, "recurrenceTimeZone": zone, "numberOfOccurrences": 0}
    return {"pattern": usual | recurrence["pattern"], "range": bounds | recurrence["range"]}


def falling(pattern: JsonObject, first: date) -> Iterator[date]:
    """Every day of a pattern from `first` on, which itself need not be one, until the end of time.

    Raises `ValueError` or `KeyError` where the pattern is none.
    """
    interval = int(pattern["interval"])
    if interval < 1:
        raise ValueError("the interval is less than 1")
    days = _KINDS[pattern["type"]](pattern, first, interval)
    return (day for day in days if day >= first)


def _daily(_: JsonObject, first: date, interval: int) -> Iterator[date]:
    return _endless(first, timedelta(days=interval))


def _weekly(pattern: JsonObject, first: date, interval: int) -> Iterator[date]:
    week_start = DAYS.index(str(pattern["firstDayOfWeek"]).lower())
    monday_based = sorted((DAYS.index(day.lower()) - week_start) % 7 for day in pattern["daysOfWeek"])
    if not monday_based:
        raise ValueError("no day of the week")
    week = first - timedelta(days=(first.weekday() - week_start) % 7)
    return (start + timedelta(days=day) for start in _endless(week, interval * _WEEK) for day in monday_based)


def _absolute_monthly(pattern: JsonObject, first: date, interval: int) -> Iterator[date]:
    return (_clamped(year, month, pattern["dayOfMonth"]) for year, month in _months(first, interval))


def _relative_monthly(pattern: JsonObject, first: date, interval: int) -> Iterator[date]:
    return (_indexed(year, month, pattern) for year, month in _months(first, interval))


def _absolute_yearly(pattern: JsonObject, first: date, interval: int) -> Iterator[date]:
    years = range(first.year, date.max.year + 1, interval)
    return (_clamped(year, pattern["month"], pattern["dayOfMonth"]) for year in years)


def _relative_yearly(pattern: JsonObject, first: date, interval: int) -> Iterator[date]:
    years = range(first.year, date.max.year + 1, interval)
    return (_indexed(year, pattern["month"], pattern) for year in years)


_KINDS = {
    "daily": _daily,
    "weekly": _weekly,
    "absoluteMonthly": _absolute_monthly,
    "relativeMonthly": _relative_monthly,
    "absoluteYearly": _absolute_yearly,
    "relativeYearly": _relative_yearly,
}


def _endless(first: date, step: timedelta) -> Iterator[date]:
    day = first
    while True:
        yield day
        if date.max - _WEEK - day < step:
            return
        day += step


def _months(first: date, interval: int) -> Iterator[tuple[int, int]]:
    for number in count(first.year * 12 + first.month - 1, interval):
        year, month = divmod(number, 12)
        if year > date.max.year:
            return
        yield year, month + 1


def _clamped(year: int, month: int, day: int) -> date:
    """Day 31 is the last one where a month has fewer, other than in iCalendar, where there is none then."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def _indexed(year: int, month: int, pattern: JsonObject) -> date:
    """Such as the second Tuesday, or the last of the working days."""
    wanted = {DAYS.index(day.lower()) for day in pattern["daysOfWeek"]}
    every = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
    return [day for day in every if day.weekday() in wanted][_INDEXES[str(pattern["index"]).lower()]]
