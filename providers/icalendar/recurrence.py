"""How a series repeats, and which instance an exception replaces: RRULE, EXRULE, RDATE, EXDATE, RECURRENCE-ID."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from calendar_sync.domain.events import Recurrence
from providers.icalendar.components import Properties, Property
from providers.icalendar.times import Moment, moment_of
from providers.icalendar.values import Unreadable, duration
from providers.icalendar.zones import Zone, Zones

MOST_DATES = 2_000
"""RDATEs and EXDATEs of one series, each."""

_RULE_PARTS = {
    "FREQ": r"SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"0*[1-9]\d{0,8}",
    "COUNT": r"0*[1-9]\d{0,8}|-1",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
    "BYDAY": r"(?:[+-]?\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)",
    "BYSECOND": r"\d{1,2}",
    "BYMINUTE": r"\d{1,2}",
    "BYHOUR": r"\d{1,2}",
    "BYMONTHDAY": r"[+-]?\d{1,2}",
    "BYYEARDAY": r"[+-]?\d{1,3}",
    "BYWEEKNO": r"[+-]?\d{1,2}",
    "BYMONTH": r"\d{1,2}L?",
    "BYSETPOS": r"[+-]?\d{1,3}",
}
_LISTS = frozenset(name for name in _RULE_PARTS if name.startswith("BY"))
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST_RULE = 4_096


def recurrence_rule(value: str) -> str:
    """A RECUR value, upper case, its parts in a fixed order with FREQ first. What it means is not looked at.

    Raises `Unreadable` where it is no rule at all: without FREQ, with an INTERVAL of nothing, with letters for days.
    """
    if len(value) > _LONGEST_RULE:
        raise Unreadable("Its recurrence rule is too long.")
    return _recurrence_rule(value)


@lru_cache(maxsize=1024)
def _recurrence_rule(value: str) -> str:
    parts: dict[str, str] = {}
    for part in filter(None, "".join(value.split()).upper().split(";")):
        name, _, content = part.partition("=")
        if parts.setdefault(name, content) != content or not _is_rule_part(name, content):
            raise Unreadable("Its recurrence rule cannot be read.")
    if "FREQ" not in parts:
        raise Unreadable("Its recurrence rule does not say how often it repeats.")
    return ";".join(f"{name}={parts[name]}" for name in ("FREQ", *sorted(parts.keys() - {"FREQ"})))


def _is_rule_part(name: str, content: str) -> bool:
    """Parts that later standards or vendors add are left to whoever follows the rule."""
    pattern = _RULE_PARTS.get(name)
    if pattern is None:
        return bool(name and content)
    contents = content.split(",") if name in _LISTS else [content]
    return all(re.fullmatch(pattern, one, re.ASCII) for one in contents)


def is_recurring(properties: Properties) -> bool:
    return any(one.value.strip() for name in ("RRULE", "RDATE") for one in properties.get(name, ()))


def series_start(properties: Properties, zones: Zones, start: Moment) -> Moment:
    """Where a series that is written in UTC repeats: on the clocks of the zone that its calendar says it is in.

    Otherwise daylight saving would shift it. It stays in UTC where its rule names weekdays that are right in UTC only.
    """
    if not start.is_utc or zones.declared is None:
        return start
    local = start.at(zones.declared)
    days = {day[-2:] for rule in properties.get("RRULE", ()) for day in _weekdays(rule.value)}
    in_utc, in_zone = (_WEEKDAYS[one.wall.weekday()] in days for one in (start, local))
    return start if in_utc and not in_zone else local


def _weekdays(rule: str) -> Sequence[str]:
    match = re.search(r"BYDAY=([^;]*)", rule, re.IGNORECASE)
    return match[1].upper().strip().split(",") if match else ()


@dataclass(frozen=True, slots=True)
class SeriesClock:
    """The wall clock that all original starts of a series are told by."""

    zone: Zone
    start: datetime
    all_day: bool

    def original_start(self, moment: Moment) -> datetime:
        """Which instance `moment` (of RECURRENCE-ID, RDATE, EXDATE) means.

        A time without a zone is on the clock of the series; a date on a timed series is the instance of that day. In an
        all-day series a midnight is that of its own date, in whatever zone it is written. The result has `fold` 1 for
        the second of two equal readings.
        """
        if moment.is_date:
            return moment.wall if self.all_day else datetime.combine(moment.wall, self.start.time())
        if not self.all_day:
            return moment.at(self.zone).wall
        wall = moment.wall if moment.wall.time() == time() else moment.at(self.zone).wall
        return datetime.combine(wall, time())


def recurrence(properties: Properties, zones: Zones, clock: SeriesClock) -> Recurrence:
    """Raises `Unreadable`."""
    dates, periods = _additions(properties, zones, clock)
    exceptions: set[datetime] = set()
    days: set[date] = set()
    for one in _moments(properties.get("EXDATE", ()), zones, "EXDATE"):
        if one.is_date and not clock.all_day:
            days.add(one.wall.date())
        else:
            exceptions.add(clock.original_start(one))
    return Recurrence(
        rules=_rules(properties.get("RRULE", ())),
        exception_rules=_rules(properties.get("EXRULE", ())),
        dates=tuple(sorted(dates)),
        exceptions=tuple(sorted(exceptions)),
        periods=tuple(sorted(periods)),
        excluded_days=tuple(sorted(days)),
    )


def _rules(written: Sequence[Property]) -> tuple[str, ...]:
    return tuple(sorted({recurrence_rule(one.value) for one in written if one.value.strip()}))


def _moments(written: Sequence[Property], zones: Zones, name: str) -> Iterator[Moment]:
    for one, value in _values(written, name):
        yield moment_of(value, one, zones, name=name)


def _values(written: Sequence[Property], name: str) -> Sequence[tuple[Property, str]]:
    values = [(one, value) for one in written for value in one.value.split(",") if value.strip()]
    if len(values) > MOST_DATES:
        raise Unreadable(f"It has more than {MOST_DATES:,} {name} values.")
    return values


def _additions(
    properties: Properties, zones: Zones, clock: SeriesClock
) -> tuple[set[datetime], set[tuple[datetime, datetime]]]:
    dates: set[datetime] = set()
    periods: set[tuple[datetime, datetime]] = set()
    for one, value in _values(properties.get("RDATE", ()), "RDATE"):
        first, slash, last = value.partition("/")
        start = clock.original_start(moment_of(first, one, zones, name="RDATE"))
        dates.add(start)
        if slash and not clock.all_day:
            periods.add((start, _period_end(last, one, zones, clock, start)))
    return dates, periods


def _period_end(value: str, one: Property, zones: Zones, clock: SeriesClock, start: datetime) -> datetime:
    if "P" in value.upper():
        length = duration(value, name="RDATE period")
        return start + length.nominal + length.exact
    return clock.original_start(moment_of(value, one, zones, name="RDATE"))
