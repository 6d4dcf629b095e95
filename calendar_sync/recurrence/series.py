"""How the instances of a series look: each start shifted, given its length and details, and carried to instants."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from calendar_sync.domain.events import Details, Event, EventTime, Instance, Override, Window
from calendar_sync.recurrence.limits import FIRST_WALL
from calendar_sync.recurrence.recurrence_set import RecurrenceSet, slot
from calendar_sync.recurrence.zones import Zones, later, to_instant, to_wall

_NONE: Final = timedelta()
_MARGIN: Final = timedelta(days=2)
"""More than any zone is ahead of another, or any clock is ever set by."""


def instants(time: EventTime, zones: Zones) -> tuple[datetime, datetime]:
    """When an event time begins and ends (UTC). An end before the start counts as the start."""
    zone = zones.get(time.zone, time.zone_rules)
    end_zone = zone if time.end_zone is None else zones.get(time.end_zone)
    starts_at = to_instant(time.start.replace(fold=time.fold), zone)
    return starts_at, max(starts_at, to_instant(time.end.replace(fold=time.end_fold), end_zone))


@dataclass(frozen=True, slots=True)
class Segment:
    """What instances are like from the original start `since` on: the series itself, or a THISANDFUTURE override.

    `shift` and `length` are measured on the wall clock of the series. A cancelled segment has no instances.
    """

    since: datetime
    shift: timedelta
    length: timedelta
    time: EventTime
    details: Details
    is_cancelled: bool = False


class Series:
    """An event object that has several instances, or may have. `starts` says where they originally start."""

    def __init__(self, event: Event, zones: Zones) -> None:
        self._event, self._zones = event, zones
        self._zone = zones.get(event.time.zone, event.time.zone_rules)
        self.starts = RecurrenceSet.of(event, self._zone)
        periods = event.recurrence.periods if event.recurrence else ()
        self._periods = {slot(start): max(end - start, _NONE) for start, end in periods}
        self._overrides = {slot(self._original(override)): override for override in event.overrides}
        self._segments = [self._as_such(), *self._this_and_future()]
        self._since = [segment.since for segment in self._segments]

    def reach(self, window: Window) -> tuple[datetime, datetime]:
        """Between which original starts all instances within a window lie, but for overridden ones."""
        shifts = [segment.shift for segment in self._segments]
        lengths = [*(segment.length for segment in self._segments), *self._periods.values()]
        low, high = to_wall(window.start, self._zone), to_wall(window.end, self._zone)
        return later(low, -(max(shifts) + max(lengths) + _MARGIN)), later(high, _MARGIN - min(shifts))

    def is_overridden(self, start: datetime) -> bool:
        return slot(start) in self._overrides

    def segment(self, start: datetime) -> Segment:
        """The segment that an original start falls into."""
        return self._segments[bisect_right(self._since, start) - 1]

    def instance(self, start: datetime, segment: Segment) -> Instance:
        """The instance of an original start that has no override of its own."""
        key, own = self._key(start), self._event.time
        if segment is self._segments[0] and slot(start) == (own.start, own.fold) and slot(start) not in self._periods:
            return Instance(key, *instants(own, self._zones), own, segment.details)
        length = self._periods.get(slot(start), segment.length)
        wall = later(start, segment.shift).replace(fold=0 if segment.shift else start.fold)
        if segment.time.all_day:
            return self._all_day(key, wall, length, segment.details)
        return self._timed(key, wall, length, segment)

    def overrides(self) -> Iterator[Instance]:
        """The instances that have an override, wherever they went to. One that EXDATE takes away too is gone."""
        for (start, fold), override in self._overrides.items():
            original = start.replace(fold=fold)
            if override.time is not None and not self.starts.exclude(original):
                starts_at, ends_at = instants(override.time, self._zones)
                yield Instance(self._key(original), starts_at, ends_at, override.time, override.details)

    def _all_day(self, key: str, start: datetime, length: timedelta, details: Details) -> Instance:
        own = self._event.time
        end = later(start, length)
        time = EventTime(start, end, own.zone, all_day=True, zone_rules=own.zone_rules)
        starts_at = to_instant(start, self._zone)
        return Instance(key, starts_at, max(starts_at, to_instant(end, self._zone)), time, details)

    def _timed(self, key: str, wall: datetime, length: timedelta, segment: Segment) -> Instance:
        """A start in a gap of the clocks moves the end with it. The end keeps its place on the clock (see `expand`)."""
        own, end_zone_name = self._event.time, segment.time.end_zone
        starts_at = to_instant(wall, self._zone)
        start = to_wall(starts_at, self._zone)
        # The second of two equal readings has no other reading to measure from.
        ends_at = later(starts_at, length) if start.fold else to_instant(later(start, length), self._zone)
        end = to_wall(ends_at, self._zone if end_zone_name is None else self._zones.get(end_zone_name))
        time = EventTime(
            start=start.replace(fold=0),
            end=end.replace(fold=0),
            zone=own.zone,
            end_zone=end_zone_name,
            zone_rules=own.zone_rules,
            fold=start.fold,
            end_fold=end.fold,
        )
        return Instance(key, starts_at, ends_at, time, segment.details)

    def _as_such(self) -> Segment:
        event = self._event
        return Segment(FIRST_WALL, _NONE, self._length(event.time), event.time, event.details)

    def _this_and_future(self) -> Iterator[Segment]:
        for (start, _), override in sorted(self._overrides.items()):
            if not override.this_and_future:
                continue
            time = override.time
            if time is None:
                yield Segment(start, _NONE, _NONE, self._event.time, override.details, is_cancelled=True)
            else:
                shift = self._on_own_clock(time)[0] - start
                yield Segment(start, shift, self._length(time), time, override.details)

    def _length(self, time: EventTime) -> timedelta:
        """On the wall clock of the series; exact where the clock shows an end that is not after the start."""
        start, end = self._on_own_clock(time)
        if end > start:
            return end - start
        starts_at, ends_at = instants(time, self._zones)
        return ends_at - starts_at

    def _on_own_clock(self, time: EventTime) -> tuple[datetime, datetime]:
        own = self._event.time
        in_own_zone = (time.zone, time.zone_rules, time.end_zone) == (own.zone, own.zone_rules, None)
        if time.all_day or in_own_zone:
            return time.start, time.end
        starts_at, ends_at = instants(time, self._zones)
        return to_wall(starts_at, self._zone), to_wall(ends_at, self._zone)

    def _original(self, override: Override) -> datetime:
        """With fold 1 only where the series does start at the second of two equal readings."""
        start, own = override.original_start, self._event.time
        seconds = [each for each in self.starts.dates if each.fold]
        is_second = start.fold and ((own.start == start and own.fold) or start in seconds)
        return start.replace(fold=1 if is_second else 0)

    def _key(self, start: datetime) -> str:
        if self._event.time.all_day:
            return start.date().isoformat()
        return start.isoformat(timespec="seconds") + ("/1" if start.fold else "")
