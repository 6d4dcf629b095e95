"""From an event object to its VEVENTs (RFC 5545 §3.6.1): the master, and one for each exception."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from icalendar import Event as VEvent
from icalendar import vRecur

from calendar_sync.domain.events import Event, EventStatus, EventTime, Override, Recurrence
from calendar_sync.domain.export_feeds import ExportedEntry
from calendar_sync.export.details import add_details
from calendar_sync.export.zones import TimeZones
from calendar_sync.recurrence.recurrence_set import slot
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.zones import Zones, to_instant

_UTC = frozenset({"UTC", "Etc/UTC"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every VEVENT of an event object says of it: its name in the feed, and when it changed.

    `is_dated` says whether more is told than DTSTAMP, which cannot be left out. `original_uid` is what its provider
    calls it, where that is another's name here.
    """

    entry: ExportedEntry
    uid: str
    original_uid: str | None = None
    is_dated: bool = True

    def add_to(self, component: VEvent) -> None:
        entry = self.entry
        component.add("uid", self.uid)
        component.add("dtstamp", entry.updated_at)
        if self.original_uid is not None:
            component.add("x-calendar-sync-uid", self.original_uid)
        if self.is_dated:
            component.add("created", entry.created_at)
            component.add("last-modified", entry.updated_at)
            # Grows with every change, and needs no count that could be lost.
            component.add("sequence", max(0, int((entry.updated_at - entry.created_at).total_seconds())))


def components(event: Event, stamp: Stamp, zones: TimeZones) -> Iterator[VEvent]:
    """`event` is spelled out (`calendar_sync.export.spelling`). Exceptions without a master are orphans."""
    if not event.is_orphan:
        yield _master(event, stamp, zones)
    for override in event.overrides or _lone(event):
        yield _exception(event.time, override, stamp, zones)


def _lone(event: Event) -> Sequence[Override]:
    """An orphan of which only is known where it is now."""
    if not event.is_orphan:
        return ()
    return (Override(event.time.start.replace(fold=event.time.fold), event.time, event.details),)


def _master(event: Event, stamp: Stamp, zones: TimeZones) -> VEvent:
    component = VEvent()
    stamp.add_to(component)
    _add_time(component, event.time, zones)
    if event.recurrence is not None:
        _add_recurrence(component, event.recurrence, event.time, zones)
    add_details(component, event.details)
    return component


def _exception(series: EventTime, override: Override, stamp: Stamp, zones: TimeZones) -> VEvent:
    component = VEvent()
    stamp.add_to(component)
    range_ = {"RANGE": "THISANDFUTURE"} if override.this_and_future else {}
    _add_moments(component, "recurrence-id", [override.original_start], series, zones, range_)
    if override.time is None:
        _add_moments(component, "dtstart", [override.original_start], series, zones)
        add_details(component, override.details, status=EventStatus.CANCELLED)
    else:
        _add_time(component, override.time, zones)
        add_details(component, override.details)
    return component


def _add_time(component: VEvent, of: EventTime, zones: TimeZones) -> None:
    """Without DTEND for what has no length; all-day, that is a day."""
    _add_moments(component, "dtstart", [of.start.replace(fold=of.fold)], of, zones)
    starts_at, ends_at = instants(of, Zones())
    if ends_at > starts_at:
        clock = of if of.end_zone is None else EventTime(of.start, of.end, of.end_zone)
        _add_moments(component, "dtend", [of.end.replace(fold=of.end_fold)], clock, zones)


def _add_recurrence(component: VEvent, recurrence: Recurrence, of: EventTime, zones: TimeZones) -> None:
    for rule in recurrence.rules:
        component.add("rrule", vRecur.from_ical(rule))
    for rule in recurrence.exception_rules:
        component.add("exrule", vRecur.from_ical(rule))
    with_end = {slot(start) for start, _ in recurrence.periods}
    _add_moments(component, "rdate", [each for each in recurrence.dates if slot(each) not in with_end], of, zones)
    _add_moments(component, "exdate", recurrence.exceptions, of, zones)
    for start, end in recurrence.periods:
        period = _period(start, end, of)
        component.add("rdate", [period], parameters={"VALUE": "PERIOD"} | _zone_of(period[0], of, zones))


def _period(start: datetime, end: datetime, of: EventTime) -> tuple[datetime, datetime]:
    """Both on one clock; one that ends before it starts has no length."""
    starts_at, ends_at = _instant(start, of), _instant(end, of)
    period = _moment(start, of), _moment(end, of)
    if ends_at <= starts_at:
        return period[0], period[0]
    return (starts_at, ends_at) if _is_local(period[0]) != _is_local(period[1]) else period


def _add_moments(
    component: VEvent,
    name: str,
    walls: Iterable[datetime],
    of: EventTime,
    zones: TimeZones,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Starts on the clock of `of`. The second of two equal readings can be said in UTC only."""
    by_kind: dict[bool, list[Any]] = {}
    for wall in walls:
        value = wall.date() if of.all_day else _moment(wall, of)
        by_kind.setdefault(_is_local(value), []).append(value)
    for values in by_kind.values():
        said = dict(parameters or {}) | _zone_of(values[0], of, zones)
        component.add(name, values if name in {"rdate", "exdate"} else values[0], parameters=said)


def _moment(wall: datetime, of: EventTime) -> datetime:
    return _instant(wall, of) if wall.fold or of.zone in _UTC else wall


def _instant(wall: datetime, of: EventTime) -> datetime:
    return to_instant(wall, Zones().get(of.zone, of.zone_rules)).astimezone(UTC)


def _is_local(value: date) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def _zone_of(value: date, of: EventTime, zones: TimeZones) -> dict[str, str]:
    return {"TZID": zones.tzid(of.zone, of.zone_rules)} if _is_local(value) else {}
