"""VTIMEZONE (RFC 5545 §3.6.5): which IANA zone its rules describe, and a clock that follows them where none does."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar.prop import vUTCOffset
from tzlocal.windows_tz import win_tz

from providers.icalendar.components import Property, own_lines, parse_properties
from providers.icalendar.values import Unreadable, stamp

_MOST_LINES = 4_000
_MOST_OBSERVANCES = 400
_MOST_ONSETS = 150
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_COMPARED = (datetime(2025, 1, 1), datetime(2037, 12, 31))  # noqa: DTZ001 - both in UTC, as all onsets are here
_FIXED = timedelta(0)
_PREFERRED = (
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "Europe/London",
    "Europe/Athens",
    "Europe/Istanbul",
    "Asia/Kolkata",
    "Australia/Sydney",
)
_OBSERVANCE_PROPERTIES = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
_YEARLY = re.compile(
    r"FREQ=YEARLY(?:;(?:INTERVAL=[1-9]\d?|UNTIL=\d{8}(?:T\d{6}Z?)?|COUNT=\d{1,4}|WKST=[A-Z]{2}"
    r"|BYMONTH=\d{1,2}|BYDAY=[+-]?[1-5]?[A-Z]{2}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,9}))*",
    re.ASCII,
)
_UNTIL_IN_UTC = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT: from each onset (wall clock by the offset before it) on, `offset_to` holds."""

    start: datetime
    offset_from: timedelta
    offset_to: timedelta
    rule: str | None
    dates: tuple[datetime, ...]

    def onsets(self) -> Iterable[tuple[datetime, timedelta, timedelta]]:
        """(onset in UTC, offset from then on, offset before), by the year 2100 at the latest."""
        walls = chain((self.start, *self.dates), self._ruled())
        return [(wall - self.offset_from, self.offset_to, self.offset_from) for wall in walls]

    def _ruled(self) -> Iterable[datetime]:
        if self.rule is None:
            return ()
        start = self.start
        if start.year < _FIRST_YEAR and "INTERVAL" not in self.rule and "COUNT" not in self.rule:
            start = start.replace(year=_FIRST_YEAR)  # Outlook's rules begin in 1601
        rule = _UNTIL_IN_UTC.sub(self._until_on_the_wall, self.rule)
        onsets = islice(rrulestr(rule, dtstart=start), _MOST_ONSETS)
        return takewhile(lambda wall: wall.year <= _LAST_YEAR, onsets)

    def _until_on_the_wall(self, until: re.Match[str]) -> str:
        wall = stamp(until[1], name="time zone's end").wall + self.offset_from
        return f"UNTIL={wall:%Y%m%dT%H%M%S}"


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
    properties = parse_properties(own_lines(lines), _OBSERVANCE_PROPERTIES)
    try:
        start = stamp(properties["DTSTART"][0].value, name="time zone's start")
        before, after = (_offset(properties[name][0]) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    except (KeyError, ValueError) as error:
        raise Unreadable("Its time zone has no rules that can be read.") from error
    rule = properties["RRULE"][0].value.strip().strip(";").upper() if "RRULE" in properties else None
    if rule is not None and not _YEARLY.fullmatch(rule):
        raise Unreadable("Its time zone has a rule that no zone follows.")
    rule = rule and re.sub(r";INTERVAL=1(?=;|$)", "", rule)
    values = chain.from_iterable(one.value.split(",") for one in properties.get("RDATE", ()))
    dates = sorted({stamp(value, name="time zone's date").wall for value in values if value.strip()})
    return Observance(start.wall, before, after, rule, tuple(dates))


def _offset(written: Property) -> timedelta:
    offset: timedelta = vUTCOffset.from_ical(written.value.strip())  # type: ignore[no-untyped-call]  # library's gap
    return offset


def fixed_rules(offset: timedelta) -> tuple[Observance, ...]:
    """Always the same offset."""
    return (Observance(datetime(_FIRST_YEAR, 1, 1), offset, offset, None, ()),)  # noqa: DTZ001


@lru_cache(maxsize=128)
def rule_zone(rules: tuple[Observance, ...]) -> "RuleZone":
    """The clock that follows `rules`."""
    changes = {onset: (to, before) for one in rules for onset, to, before in one.onsets()}
    onsets = sorted(changes)
    return RuleZone(tuple(onsets), (changes[onsets[0]][1], *(changes[onset][0] for onset in onsets)))


@dataclass(frozen=True)
class RuleZone(tzinfo):
    """A clock that follows a VTIMEZONE; before its first onset, the offset that was left then."""

    onsets: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]
    """One more than onsets: the first holds before all of them."""

    def offset_at(self, instant: datetime) -> timedelta:
        """`instant` is naive, in UTC."""
        return self.offsets[bisect_right(self.onsets, instant)]

    def utcoffset(self, when: datetime | None) -> timedelta:
        if when is None:
            return self.offsets[-1]
        wall = when.replace(tzinfo=None)
        # An offset is right for a wall clock if, taken as true, it is the one in force at that instant.
        near = (self.offset_at(wall - timedelta(days=1)), self.offset_at(wall + timedelta(days=1)))
        right = [offset for offset in near if self.offset_at(wall - offset) == offset]
        return right[-when.fold] if right else near[when.fold]

    def dst(self, when: datetime | None) -> timedelta:
        return _FIXED

    def tzname(self, when: datetime | None) -> None:
        return None

    def fromutc(self, when: datetime) -> datetime:
        instant = when.replace(tzinfo=None)
        offset = self.offset_at(instant)
        local = (instant + offset).replace(tzinfo=self)
        return local if self.utcoffset(local) == offset else local.replace(fold=1)


@lru_cache(maxsize=128)
def iana_zone_with(rules: tuple[Observance, ...]) -> str | None:
    """The IANA zone whose clock agrees with `rules` over the coming years, a well-known one if several do."""
    clock = rule_zone(rules)
    first, last = _COMPARED
    within = [onset for onset in clock.onsets if first <= onset <= last]
    if not within:
        fixed = _fixed_zone(clock.offset_at(first))
        return fixed or _agreeing(clock, (), first, last)
    if all(one.rule is None or "UNTIL=" in one.rule or "COUNT=" in one.rule for one in rules):
        last = within[-1] + timedelta(days=1)
    return _agreeing(clock, within, max(first, clock.onsets[0]), last)


def _fixed_zone(offset: timedelta) -> str | None:
    hours, rest = divmod(offset, timedelta(hours=1))
    if rest or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _agreeing(clock: RuleZone, onsets: Sequence[datetime], first: datetime, last: datetime) -> str | None:
    halves = (datetime(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10))  # noqa: DTZ001
    second = timedelta(seconds=1)
    around = chain.from_iterable((onset - second, onset) for onset in onsets)
    probes = [probe for probe in chain(halves, around) if first <= probe <= last]
    expected = [(probe.replace(tzinfo=UTC), clock.offset_at(probe)) for probe in probes]
    return next((zone.key for zone in _well_known_zones() if _agrees(zone, expected)), None)


@cache
def _well_known_zones() -> tuple[ZoneInfo, ...]:
    """One for every clock in use: those that Windows knows. `ZoneInfo` itself keeps only a few of them loaded."""
    return tuple(map(ZoneInfo, dict.fromkeys((*_PREFERRED, *sorted(win_tz.values())))))


def _agrees(zone: ZoneInfo, expected: Sequence[tuple[datetime, timedelta]]) -> bool:
    return all(instant.astimezone(zone).utcoffset() == offset for instant, offset in expected)


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
