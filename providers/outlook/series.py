"""One series out of the rows that Graph sends of it: the master, its occurrences and its exceptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, cast

from calendar_sync.domain.events import Event, EventTime, Override, Recurrence, Window
from providers.icalendar.zones import Zone, iana_zone
from providers.outlook import wire
from providers.outlook.details import details
from providers.outlook.pattern import rules_of
from providers.outlook.times import event_time, original_start
from providers.outlook.uids import uid_of
from providers.wall_times import between

_TIMES = ("start", "end", "isAllDay", "originalStartTimeZone", "originalEndTimeZone")

Slot = tuple[datetime, int]
"""A naive start and its fold, which comparing naive datetimes leaves out."""


@dataclass(frozen=True, slots=True)
class SeriesRows:
    """What a round brought of one series. Without a `master`, it could not be had."""

    id: str
    master: wire.Event | None = None
    instances: Sequence[wire.Event] = ()

    @property
    def has_occurrences(self) -> bool:
        return any(not is_exception(row) for row in self.instances)


def is_exception(row: wire.Event) -> bool:
    return str(row.get("type") or "").lower() == "exception"


def series_event(rows: SeriesRows, span: Window, me: str | None) -> Event:
    """The series with the instances listed, which are all that it has in `span`.

    Without its master it is an orphan of which nothing is known but its instances. Raises as `event_time` does.
    """
    master = rows.master or _stand_in(rows.instances)
    listing = _Listing(master, me)
    for row in rows.instances:
        listing.add(row)
    return Event(
        remote_id=rows.id,
        uid=uid_of(master, rows.id),
        time=listing.time,
        details=listing.details,
        recurrence=Recurrence(rules_of(master.get("recurrence")), dates=listing.dates, listed=span),
        overrides=listing.overrides,
        is_orphan=rows.master is None,
    )


def _stand_in(instances: Sequence[wire.Event]) -> wire.Event:
    """The times of the first instance, and nothing else of it."""
    first = min(instances, key=lambda row: row["start"]["dateTime"])
    return cast(wire.Event, {name: value for name, value in first.items() if name in _TIMES})


class _Listing:
    """Instances by the start that the series gave them: those that are as the series has it, and the others."""

    def __init__(self, master: wire.Event, me: str | None) -> None:
        self._master, self._me = master, me
        self.time, self.details = event_time(master), details(master, me)
        self._clock = _Clock.of(self.time)
        self._regular: set[Slot] = set()
        self._overrides: dict[Slot, Override] = {}

    def add(self, row: wire.Event) -> None:
        """An occurrence takes its content from the master, an exception only what it does not say itself.

        One that lasts longer or shorter than the clock of the series has it (a night in which it is set, a zone with
        rules of its own) is an override too: what counts is when Graph says it is.
        """
        start = original_start(row, self.time)
        own = cast(wire.Event, {**self._master, **_said(row)})
        time = event_time(own)
        said = details(own, self._me) if is_exception(row) else self.details
        slot = (start.replace(fold=0), start.fold)
        if time == self._clock.usual(start) and said == self.details:
            self._regular.add(slot)
        else:
            self._overrides[slot] = Override(start, time, said)

    @property
    def dates(self) -> tuple[datetime, ...]:
        """That of an override only where it is the second of two equal starts, lest it be taken for the first."""
        second = {slot for slot in self._overrides if slot[1]}
        slots = sorted((self._regular - self._overrides.keys()) | second)
        return tuple(start.replace(fold=fold) for start, fold in slots)

    @property
    def overrides(self) -> tuple[Override, ...]:
        return tuple(self._overrides[slot] for slot in sorted(self._overrides))


def _said(row: wire.Event) -> Mapping[str, object]:
    """What a row says itself. That of an occurrence may repeat the master's content, as it was or is."""
    return row if is_exception(row) else {"start": row["start"], "end": row["end"]}


@dataclass(frozen=True, slots=True)
class _Clock:
    """How instances last that are only known by their start: as on the wall clock of their series (see `expand`)."""

    time: EventTime
    zone: Zone
    end_zone: Zone
    length: timedelta

    @classmethod
    def of(cls, time: EventTime) -> Self:
        zone = iana_zone(time.zone)
        end_zone = iana_zone(time.end_zone or time.zone)
        starts_at = zone.instant(time.start.replace(fold=time.fold)).astimezone(UTC)
        ends_at = end_zone.instant(time.end.replace(fold=time.end_fold)).astimezone(UTC)
        on_the_clock = zone.wall(ends_at) - zone.wall(starts_at)
        length = on_the_clock if on_the_clock > timedelta() else ends_at - starts_at
        return cls(time, zone, end_zone, length)

    def usual(self, start: datetime) -> EventTime:
        """When the instance of an original start is, unless it is said to be otherwise."""
        time = self.time
        if (start, start.fold) == (time.start, time.fold):
            return time
        if time.all_day:
            return EventTime(start, start + (time.end - time.start), time.zone, all_day=True)
        starts_at = self.zone.instant(start).astimezone(UTC)
        # The second of two equal readings: no other reading can tell how long it takes.
        ends_at = starts_at + self.length if start.fold else self.zone.instant(start + self.length)
        return between(starts_at, ends_at, self.zone, self.end_zone)
