"""How the instances of a series look: each start shifted, given its length and details, and carried to instants."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from calendar_sync.domain.events import Details, Event, EventTime, Instance, Override, Window
from calendar_sync.recurrence.limits import FIRST_WALL, Budget
from calendar_sync.recurrence.recurrence_set import RecurrenceSet, slot
from calendar_sync.recurrence.zones import Zones, later, resolve, to_instant, to_wall

_NONE: Final = timedelta()


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
        own = event.time.start.replace(fold=event.time.fold)
        self._seconds = {slot(start) for start in (own, *self.starts.dates) if start.fold}
        self._overrides = {slot(self._original(override)): override for override in event.overrides}
        self._segments = [self._as_such(), *self._this_and_future()]
        self._since = [segment.since for segment in self._segments]

    def reach(self, window: Window) -> tuple[datetime, datetime]:
        """Between which original starts all instances within a window lie, but for overridden ones."""
        shifts = [segment.shift for segment in self._segments]
        longest = max(*(segment.length for segment in self._segments), _NONE, *self._periods.values())
        low, high = to_wall(window.start, self._zone), to_wall(window.end, self._zone)
        low = later(low, -max(shifts) - longest - self._unrest(low) - self._unrest(later(low, -longest)))
        high = later(high, self._unrest(high) - min(shifts))
        last = self._segments[-1]
        return low, min(high, last.since) if last.is_cancelled else high

    def last_start(self, budget: Budget) -> datetime | None:
        """An instant after which nothing starts but what was moved there; `None` if the series has no end."""
        last, segment = self.starts.last_start(budget), self._segments[-1]
        if segment.is_cancelled:
            last = segment.since if last is None else min(last, segment.since)
        return None if last is None else to_instant(last, self._zone)

    def _unrest(self, around: datetime) -> timedelta:
        """By how much clocks are set within a day of `around`: so much can wall clocks and instants differ in order."""
        near = [later(around, timedelta(days=days)) for days in (-1, 0, 1)]
        offsets = [self._zone.utcoffset(moment) or _NONE for moment in near]
        return max(offsets) - min(offsets)

    def segment(self, start: datetime) -> Segment | None:
        """What the instance of an original start is like; `None` if it has an override of its own or is cancelled."""
        if self._overrides and slot(start) in self._overrides:
            return None
        segment = self._segments[bisect_right(self._since, start) - 1]
        return None if segment.is_cancelled else segment

    def instance(self, start: datetime, segment: Segment) -> Instance:
        own, is_first_segment = self._event.time, segment is self._segments[0]
        period = self._periods.get(slot(start)) if self._periods else None
        if start == own.start and start.fold == own.fold and is_first_segment and period is None:
            return Instance(self._key(start), *instants(own, self._zones), own, segment.details)
        wall = start if is_first_segment else later(start, segment.shift)
        place = self._all_day if segment.time.all_day else self._timed
        return place(self._key(start), wall, segment.length if period is None else period, segment)

    def overrides(self) -> Iterator[Instance]:
        """The instances that have an override, wherever they went to. One that EXDATE takes away too is gone."""
        for (start, fold), override in self._overrides.items():
            original = start.replace(fold=fold)
            if override.time is not None and not self.starts.exclude(original):
                starts_at, ends_at = instants(override.time, self._zones)
                yield Instance(self._key(original), starts_at, ends_at, override.time, override.details)

    def _all_day(self, key: str, start: datetime, length: timedelta, segment: Segment) -> Instance:
        own, end = self._event.time, later(start, length)
        time = EventTime(start, end, own.zone, all_day=True, zone_rules=own.zone_rules)
        return Instance(key, to_instant(start, self._zone), to_instant(end, self._zone), time, segment.details)

    def _timed(self, key: str, wall: datetime, length: timedelta, segment: Segment) -> Instance:
        """A start that the clocks skip moves the end with it."""
        own, end_zone = self._event.time, segment.time.end_zone
        starts_at, start = resolve(wall, self._zone)
        if start.fold:
            # The second of two equal readings: no other reading can tell how long it takes.
            ends_at, end = later(starts_at, length), to_wall(later(starts_at, length), self._zone)
        else:
            ends_at, end = resolve(later(start, length), self._zone)
        if end_zone is not None:
            end = to_wall(ends_at, self._zones.get(end_zone))
        fold, end_fold = start.fold, end.fold
        time = EventTime(start, end, own.zone, False, end_zone, own.zone_rules, fold, end_fold)
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
        start = override.original_start
        return start if start.fold == 0 or slot(start) in self._seconds else start.replace(fold=0)

    def _key(self, start: datetime) -> str:
        if self._event.time.all_day:
            return start.date().isoformat()
        return start.isoformat(timespec="seconds") + ("/1" if start.fold else "")
