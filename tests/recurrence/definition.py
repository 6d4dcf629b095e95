"""RFC 5545 §3.3.10 taken at its word: every moment is tried, and kept when each part of the rule is true of it.

Slow, and so simple that it can be checked by reading. It shares nothing with the code it judges, not even parsing.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import groupby

Parts = Mapping[str, str]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")


def recurrence_set(parts: Parts, start: datetime, end: datetime) -> list[datetime]:
    """The starts of a series from DTSTART until before `end`: DTSTART, and after it what its rule makes."""
    following = [moment for moment in made_by(parts, start, end) if moment > start]
    if "COUNT" in parts:
        following = following[: int(parts["COUNT"]) - 1]
    return [start, *following]


def made_by(parts: Parts, start: datetime, end: datetime) -> list[datetime]:
    """Everything from DTSTART until before `end` that the rule makes, COUNT and UNTIL aside."""
    first_period, interval = _period(parts, start), int(parts.get("INTERVAL", "1"))
    made: list[datetime] = []
    for period, moments in groupby(_moments(parts, start, end), key=lambda moment: _period(parts, moment)):
        if (period - first_period) % interval == 0:
            made += _at_positions(parts, list(moments))
    return [moment for moment in made if start <= moment < end]


def _moments(parts: Parts, start: datetime, end: datetime) -> Iterator[datetime]:
    """All moments that the parts are true of, in whole periods around DTSTART and `end`."""
    begin, stop = start.replace(minute=0, second=0), end + HOUR
    if _frequency(parts) <= 3:
        begin = _midnight(date(start.year, 1, 1)) - 7 * DAY
        stop = _midnight(date(end.year + 1, 1, 8))
    day = begin.date()
    while day <= stop.date():
        if _names_day(parts, start, day):
            for hour in range(24):
                if begin - HOUR < datetime.combine(day, time(hour)) < stop:
                    yield from _moments_of_hour(parts, start, datetime.combine(day, time(hour)))
        day += DAY


def _moments_of_hour(parts: Parts, start: datetime, hour: datetime) -> Iterator[datetime]:
    if not _names(parts, "BYHOUR", hour.hour, start.hour, "HOURLY"):
        return
    for minute in range(60):
        if _names(parts, "BYMINUTE", minute, start.minute, "MINUTELY"):
            for second in range(60):
                if _names(parts, "BYSECOND", second, start.second, "SECONDLY"):
                    yield hour.replace(minute=minute, second=second)


def _names(parts: Parts, name: str, value: int, of_start: int, free_from: str) -> bool:
    """A list names its values; without one, a frequency this fine leaves all open, others keep what DTSTART has."""
    if name in parts:
        return value in _numbers(parts, name)
    return _frequency(parts) >= FREQUENCIES.index(free_from) or value == of_start


def _names_day(parts: Parts, start: datetime, day: date) -> bool:
    parts = {**parts, **_days_of_start(parts, start)}
    return (
        ("BYMONTH" not in parts or day.month in _numbers(parts, "BYMONTH"))
        and ("BYMONTHDAY" not in parts or not _month_days(day).isdisjoint(_numbers(parts, "BYMONTHDAY")))
        and ("BYYEARDAY" not in parts or not _year_days(day).isdisjoint(_numbers(parts, "BYYEARDAY")))
        and ("BYWEEKNO" not in parts or not _weeks(parts, day).isdisjoint(_numbers(parts, "BYWEEKNO")))
        and ("BYDAY" not in parts or not _weekdays(parts, day).isdisjoint(parts["BYDAY"].split(",")))
    )


def _days_of_start(parts: Parts, start: datetime) -> dict[str, str]:
    """Which days, where the rule does not say: "information … not contained in the rule is derived from DTSTART"."""
    if not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}.isdisjoint(parts):
        return {}
    weekday = {"BYDAY": WEEKDAYS[start.weekday()]}
    match parts["FREQ"]:
        case "WEEKLY":
            return weekday
        case "YEARLY" | "MONTHLY" if "BYWEEKNO" in parts:
            return weekday
        case "MONTHLY":
            return {"BYMONTHDAY": str(start.day)}
        case "YEARLY":
            return {"BYMONTHDAY": str(start.day), "BYMONTH": parts.get("BYMONTH", str(start.month))}
        case _:
            return {}


def _month_days(day: date) -> set[int]:
    length = monthrange(day.year, day.month)[1]
    return {day.day, day.day - length - 1}


def _year_days(day: date) -> set[int]:
    number = day.timetuple().tm_yday
    return {number, number - (366 if isleap(day.year) else 365) - 1}


def _weeks(parts: Parts, day: date) -> set[int]:
    """A week belongs to the year that has at least four of its days, so the year of its fourth day."""
    fourth = _week_start(parts, day) + 3 * DAY
    last = _week_start(parts, date(fourth.year, 12, 28)) + 3 * DAY
    number, weeks = ((each.timetuple().tm_yday - 1) // 7 + 1 for each in (fourth, last))
    return {number, number - weeks - 1}


def _weekdays(parts: Parts, day: date) -> set[str]:
    """Every way in which BYDAY can name this day: `TU`, and where numbers count `2TU` and `-3TU`."""
    name = WEEKDAYS[day.weekday()]
    if parts["FREQ"] == "MONTHLY" or (parts["FREQ"] == "YEARLY" and "BYMONTH" in parts):
        number, length = day.day, monthrange(day.year, day.month)[1]
    elif parts["FREQ"] == "YEARLY":
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    else:
        return {name}
    from_start, from_end = (number - 1) // 7 + 1, (length - number) // 7 + 1
    return {name, f"{from_start}{name}", f"+{from_start}{name}", f"-{from_end}{name}"}


def _at_positions(parts: Parts, moments: list[datetime]) -> list[datetime]:
    if "BYSETPOS" not in parts:
        return moments
    size, positions = len(moments), _numbers(parts, "BYSETPOS")
    return [moment for place, moment in enumerate(moments, 1) if place in positions or place - size - 1 in positions]


def _period(parts: Parts, moment: datetime) -> int:
    """The number of the year, month, …, second that holds a moment."""
    match parts["FREQ"]:
        case "YEARLY":
            return moment.year
        case "MONTHLY":
            return moment.year * 12 + moment.month
        case "WEEKLY":
            return _week_start(parts, moment.date()).toordinal() // 7
        case frequency:
            unit = {"DAILY": DAY, "HOURLY": HOUR, "MINUTELY": timedelta(minutes=1), "SECONDLY": timedelta(seconds=1)}
            return (moment - _midnight(date.min)) // unit[frequency]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _week_start(parts: Parts, day: date) -> date:
    while WEEKDAYS[day.weekday()] != parts.get("WKST", "MO"):
        day -= DAY
    return day


def _frequency(parts: Parts) -> int:
    return FREQUENCIES.index(parts["FREQ"])


def _numbers(parts: Parts, name: str) -> frozenset[int]:
    return _numbers_in(parts[name])


@cache
def _numbers_in(values: str) -> frozenset[int]:
    return frozenset(int(number) for number in values.split(","))
