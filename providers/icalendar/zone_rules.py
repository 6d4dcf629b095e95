"""Which IANA zone the rules of a VTIMEZONE describe, and a clock that follows them where none does."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from providers.icalendar.vtimezone import Observance

_COMPARED = (datetime(2025, 1, 1), datetime(2037, 12, 31))  # noqa: DTZ001 - both in UTC, as all onsets are here
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


@lru_cache(maxsize=128)
def rule_zone(rules: tuple[Observance, ...]) -> "RuleZone":
    """The clock that follows `rules`."""
    changes = {onset: one for one in rules for onset in one.onsets()}
    onsets = sorted(changes)
    return RuleZone(tuple(onsets), (changes[onsets[0]].offset_from, *(changes[onset].offset_to for onset in onsets)))


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
        return timedelta()

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
    if not any(one.is_open for one in rules):
        last = within[-1] + timedelta(days=1)
    return _agreeing(clock, within, max(first, clock.onsets[0]), last)


def _fixed_zone(offset: timedelta) -> str | None:
    hours, rest = divmod(offset, timedelta(hours=1))
    if rest or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _agreeing(clock: RuleZone, onsets: Sequence[datetime], first: datetime, last: datetime) -> str | None:
    quarters = (datetime(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10))  # noqa: DTZ001
    second = timedelta(seconds=1)
    around = chain.from_iterable((onset - second, onset) for onset in onsets)
    probes = [probe for probe in chain(quarters, around) if first <= probe <= last]
    expected = [(probe.replace(tzinfo=UTC), clock.offset_at(probe)) for probe in probes]
    return next((zone.key for zone in _well_known_zones() if _agrees(zone, expected)), None)


@cache
def _well_known_zones() -> tuple[ZoneInfo, ...]:
    """One for every clock in use: those that Windows knows. `ZoneInfo` itself keeps only a few of them loaded."""
    return tuple(map(ZoneInfo, dict.fromkeys((*_PREFERRED, *sorted(win_tz.values())))))


def _agrees(zone: ZoneInfo, expected: Sequence[tuple[datetime, timedelta]]) -> bool:
    return all(instant.astimezone(zone).utcoffset() == offset for instant, offset in expected)
