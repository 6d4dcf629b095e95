"""Property values of RFC 5545 §3.3: texts, dates, times and durations."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from icalendar.prop import vDuration


class Unreadable(ValueError):
    """An event that cannot be understood. The text is a sentence for the user."""


EARLIEST_YEAR, LATEST_YEAR = 1600, 9000
"""Apple writes birthdays without a year as 1604; instants must stay clear of what `datetime` can hold."""

_DATE_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d)(?:\.\d{1,9})?)?(Z?))?", re.ASCII | re.IGNORECASE
)
_ESCAPE = re.compile(r"\\(.)")
_LINE_BREAKS = {"n": "\n", "N": "\n"}


def text(value: str) -> str | None:
    r"""A TEXT value, unescaped and stripped; `None` if nothing is left. Unknown escapes lose their backslash."""
    if "\\" in value:
        value = _ESCAPE.sub(lambda m: _LINE_BREAKS.get(m[1], m[1]), value)
    return value.strip() or None


class Stamp(NamedTuple):
    """A DATE or DATE-TIME value as written. A date is at midnight."""

    wall: datetime
    is_date: bool
    is_utc: bool


def stamp(value: str, *, name: str) -> Stamp:
    """Parse a DATE or DATE-TIME, with a few spellings that are common though wrong (dashes, no seconds, 24:00).

    Raises `Unreadable`, naming the property `name`.
    """
    match = _DATE_TIME.fullmatch(value.strip())
    if match is None:
        raise Unreadable(f"Its {name} is not a date or time.")
    year, month, day, hour, minute, second, zulu = match.groups()
    if not EARLIEST_YEAR <= int(year) <= LATEST_YEAR:
        raise Unreadable(f"Its {name} lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}.")
    try:
        wall = datetime(int(year), int(month), int(day))  # noqa: DTZ001 - a wall clock
        if hour is not None:
            wall += _time_of_day(int(hour), int(minute), int(second or 0))
    except ValueError as error:
        raise Unreadable(f"Its {name} is a date or time that does not exist.") from error
    return Stamp(wall, hour is None, bool(zulu))


def _time_of_day(hour: int, minute: int, second: int) -> timedelta:
    """A leap second counts as the second before it; 24:00 is the next midnight."""
    if minute > 59 or second > 60 or hour * 3600 + minute * 60 + second > 24 * 3600:
        raise ValueError
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


class Duration(NamedTuple):
    """Days by the calendar, then hours by the clock (RFC 5545 §3.3.6): a day can be 23 hours long."""

    nominal: timedelta
    exact: timedelta


LONGEST_DURATION = timedelta(days=366 * 20)


def duration(value: str, *, name: str) -> Duration:
    """Parse a DURATION. Raises `Unreadable`, naming the property `name`."""
    days, clock, time = value.strip().upper().partition("T")
    sign = -1 if days.startswith("-") else 1
    try:
        nominal = vDuration(days).td
        exact = sign * vDuration(f"PT{time}").td if clock else timedelta()
    except ValueError as error:
        raise Unreadable(f"Its {name} is not a duration.") from error
    if max(abs(nominal), abs(exact)) > LONGEST_DURATION:
        raise Unreadable(f"Its {name} is longer than 20 years.")
    return Duration(nominal, exact)
