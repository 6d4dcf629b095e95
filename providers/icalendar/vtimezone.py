"""VTIMEZONE (RFC 5545 §3.6.5) as a set of rules, each saying when which offset from UTC begins."""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile

from icalendar.prop import vUTCOffset

from providers.icalendar.components import Property, own_lines, parse_properties
from providers.icalendar.values import Unreadable, stamp

_MOST_LINES = 4_000
_MOST_OBSERVANCES = 400
_MOST_ONSETS = 200  # more than one a year is no zone on earth
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_PROPERTIES = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RULE = re.compile(
    r"FREQ=YEARLY(?:;(?:INTERVAL=1|COUNT=\d{1,4}|UNTIL=\d{8}(?:T\d{6}Z?)?|WKST=[A-Z]{2}|BYMONTH=(?:1[0-2]|0?[1-9])"
    r"|BYDAY=[+-]?[1-5]?(?:MO|TU|WE|TH|FR|SA|SU)|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,9}))*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT: from each onset (wall clock by the offset before it) on, `offset_to` holds."""

    start: datetime
    offset_from: timedelta
    offset_to: timedelta
    rule: str | None
    dates: tuple[datetime, ...]

    @property
    def is_open(self) -> bool:
        """It goes on for ever."""
        return self.rule is not None and "UNTIL=" not in self.rule and "COUNT=" not in self.rule

    def onsets(self) -> list[datetime]:
        """In UTC (naive), by the year 2100 at the latest."""
        return [wall - self.offset_from for wall in chain((self.start, *self.dates), self._ruled())]

    def _ruled(self) -> Iterable[datetime]:
        if self.rule is None:
            return ()
        parts = dict(part.split("=") for part in self.rule.split(";"))
        first = self.start.year if "COUNT" in parts else max(self.start.year, _FIRST_YEAR)  # Outlook begins in 1601
        days = chain.from_iterable(_days(year, parts, self.start) for year in range(first, _LAST_YEAR + 1))
        last = self._last_wall(parts["UNTIL"]) if "UNTIL" in parts else None
        onsets = takewhile(lambda wall: last is None or wall <= last, (wall for wall in days if wall >= self.start))
        return islice(onsets, min(int(parts.get("COUNT", _MOST_ONSETS)), _MOST_ONSETS))

    def _last_wall(self, until: str) -> datetime:
        read = stamp(until, name="time zone's end")
        if read.is_date:
            return read.wall + timedelta(days=1)
        return read.wall + self.offset_from if read.is_utc else read.wall


def _days(year: int, parts: Mapping[str, str], start: datetime) -> Iterator[datetime]:
    """The days of a year that a rule names, at the time of `start`."""
    month = int(parts.get("BYMONTH", start.month))
    length = monthrange(year, month)[1]
    days = range(1, length + 1)
    if "BYMONTHDAY" in parts:
        named = {int(day) for day in parts["BYMONTHDAY"].split(",")}
        chosen = [day for day in days if day in named or day - length - 1 in named]
    elif "BYDAY" in parts:
        chosen = list(days)
    else:
        chosen = [day for day in days if day == start.day]
    dates = [start.replace(year=year, month=month, day=day) for day in chosen]
    return iter(_weekdays(dates, parts["BYDAY"]) if "BYDAY" in parts else dates)


def _weekdays(dates: Sequence[datetime], by_day: str) -> Sequence[datetime]:
    """Those on the weekday of BYDAY; the n-th of them (from the end, if negative) where it has a number."""
    found = [one for one in dates if _WEEKDAYS[one.weekday()] == by_day[-2:]]
    number = int(by_day[:-2] or 0)
    if not number:
        return found
    return found[number - 1 : number] if number > 0 else found[number : number + 1 or None]


def observances(vtimezone: Sequence[str]) -> tuple[Observance, ...]:
    """The rules of a VTIMEZONE, in an order of their own. Raises `Unreadable`."""
    found: set[Observance] = set()
    since: int | None = None
    for number, line in enumerate(vtimezone):
        word = line.strip().upper()
        if word in {"BEGIN:STANDARD", "BEGIN:DAYLIGHT"}:
            since = number
        elif word in {"END:STANDARD", "END:DAYLIGHT"} and since is not None:
            found.add(_observance(vtimezone[since : number + 1]))
            since = None
    if not 0 < len(found) <= _MOST_OBSERVANCES or len(vtimezone) > _MOST_LINES:
        raise Unreadable("Its time zone has no rules that can be read.")
    return tuple(sorted(found, key=lambda one: (one.start, one.offset_to, one.offset_from, one.rule or "", one.dates)))


def _observance(lines: Sequence[str]) -> Observance:
    properties = parse_properties(own_lines(lines), _PROPERTIES)
    try:
        start = stamp(properties["DTSTART"][0].value, name="time zone's start")
        before, after = (_offset(properties[name][0]) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    except (KeyError, ValueError) as error:
        raise Unreadable("Its time zone has no rules that can be read.") from error
    rule = properties["RRULE"][0].value.strip().strip(";").upper() if "RRULE" in properties else None
    if rule is not None and not _RULE.fullmatch(rule):
        raise Unreadable("Its time zone has a rule that no zone follows.")
    values = chain.from_iterable(one.value.split(",") for one in properties.get("RDATE", ()))
    dates = sorted({stamp(value, name="time zone's date").wall for value in values if value.strip()})
    return Observance(start.wall, before, after, rule and rule.replace(";INTERVAL=1", ""), tuple(dates))


def _offset(written: Property) -> timedelta:
    offset: timedelta = vUTCOffset.from_ical(written.value.strip())  # type: ignore[no-untyped-call]  # library's gap
    return offset


def fixed_rules(offset: timedelta) -> tuple[Observance, ...]:
    """Always the same offset."""
    return (Observance(datetime(_FIRST_YEAR, 1, 1), offset, offset, None, ()),)  # noqa: DTZ001 - a wall clock


def canonical_text(rules: Sequence[Observance]) -> str:
    """A VTIMEZONE with these rules, always spelled the same. Its TZID says nothing."""
    lines = ["BEGIN:VTIMEZONE", "TZID:custom"]
    for one in rules:
        lines += ["BEGIN:STANDARD", f"DTSTART:{one.start:%Y%m%dT%H%M%S}"]
        lines += [f"TZOFFSETFROM:{_written(one.offset_from)}", f"TZOFFSETTO:{_written(one.offset_to)}"]
        lines += [f"RRULE:{one.rule}"] * (one.rule is not None)
        lines += [f"RDATE:{wall:%Y%m%dT%H%M%S}" for wall in one.dates]
        lines.append("END:STANDARD")
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def _written(offset: timedelta) -> str:
    written: str = vUTCOffset(offset).to_ical()
    return written
