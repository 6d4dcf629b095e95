"""When an event is: DTSTART, DTEND and DURATION, on the wall clock of a zone (RFC 5545 §3.8.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from calendar_sync.domain.events import EventTime
from providers.icalendar.components import Properties, Property
from providers.icalendar.values import Duration, duration, stamp
from providers.icalendar.zones import Zone, Zones, utc

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A DATE or DATE-TIME in its place. `wall` is naive with `fold`; a date's is midnight.

    `zone` is `None` for a floating time and for a date.
    """

    wall: datetime
    zone: Zone | None
    is_date: bool = False

    @property
    def is_utc(self) -> bool:
        return self.zone is utc()

    def at(self, zone: Zone) -> "Moment":
        """The same moment on the wall clock of another zone; a floating time keeps its wall clock."""
        if self.zone is None or self.zone is zone:
            return Moment(self.wall, zone, self.is_date)
        return Moment(zone.wall(self.zone.instant(self.wall)), zone)


def moment(written: Property, zones: Zones, *, name: str) -> Moment:
    """Raises `Unreadable`, naming the property `name`."""
    return moment_of(written.value, written, zones, name=name)


def moment_of(value: str, written: Property, zones: Zones, *, name: str) -> Moment:
    """One value of a property that may list several."""
    read = stamp(value, name=name)
    if read.is_date:
        return Moment(read.wall, None, is_date=True)
    if read.is_utc:
        return Moment(read.wall, utc())
    tzid = written.parameters().get("TZID") if written.parameter_text else None
    return Moment(read.wall, zones.named(tzid) if tzid else None)


def event_time(properties: Properties, zones: Zones, *, start: Moment) -> EventTime:
    """`start` is the moment of DTSTART, already in the zone it is to be kept in unless it is floating or a date.

    An all-day event lasts at least a day. An event that ends before it starts has no length, as one without an end.
    Where there are both DTEND and DURATION, DTEND holds. Raises `Unreadable`.
    """
    end = moment(properties["DTEND"][0], zones, name="end") if "DTEND" in properties else None
    length = duration(properties["DURATION"][0].value, name="DURATION") if "DURATION" in properties else None
    if start.is_date:
        return _all_day(start.wall, _last_midnight(start.wall, end, length), zones.home)
    days = _marked_all_day(properties, zones, start, end)
    if days is not None:
        return _all_day(*days, zones.home)
    return _timed(start.wall, start.zone or zones.home, end, length)


def _all_day(start: datetime, end: datetime, zone: Zone) -> EventTime:
    return EventTime(start, max(end, start + _DAY), zone.name, all_day=True, zone_rules=zone.rules)


def _last_midnight(start: datetime, end: Moment | None, length: Duration | None) -> datetime:
    """The exclusive end of an all-day event; a time of day in it counts as a whole day."""
    if end is not None:
        last = end.wall
    elif length is not None:
        last = start + length.nominal + length.exact
    else:
        return start
    midnight = datetime.combine(last, time())
    return midnight if midnight == last else midnight + _DAY


def _marked_all_day(
    properties: Properties, zones: Zones, start: Moment, end: Moment | None
) -> tuple[datetime, datetime] | None:
    """The days of an event that Outlook marks as all-day although it is written from midnight to midnight."""
    marks = properties.get("X-MICROSOFT-CDO-ALLDAYEVENT", ())
    if not any(mark.value.strip().upper() == "TRUE" for mark in marks):
        return None
    last = end or start
    for days in ((start.wall, last.wall), (start.at(zones.home).wall, last.at(zones.home).wall)):
        if all(day.time() == time() for day in days):
            return days
    return None


def _timed(start: datetime, zone: Zone, end: Moment | None, length: Duration | None) -> EventTime:
    last, end_zone = start, zone
    if end is not None:
        last, end_zone = _end(end, zone)
    elif length is not None:
        last = _after(start, zone, length)
    if (end_zone is not zone or last < start) and end_zone.instant(last) < zone.instant(start):
        last, end_zone = _not_before(start, zone, last, end_zone)
    return EventTime(
        start=start.replace(fold=0),
        end=last.replace(fold=0),
        zone=zone.name,
        end_zone=None if end_zone is zone else end_zone.name,
        zone_rules=zone.rules,
        fold=start.fold,
        end_fold=last.fold,
    )


def _end(end: Moment, zone: Zone) -> tuple[datetime, Zone]:
    """An end in another zone of its own keeps it, as a flight's; in UTC or a nameless zone, it does not."""
    if end.zone is None or end.is_utc or end.zone.rules is not None:
        end = end.at(zone)
    return end.wall, end.zone or zone


def _after(start: datetime, zone: Zone, length: Duration) -> datetime:
    wall = start + length.nominal
    if not length.exact:
        return wall
    return zone.wall(zone.instant(wall).astimezone(UTC) + length.exact)


def _not_before(start: datetime, zone: Zone, end: datetime, end_zone: Zone) -> tuple[datetime, Zone]:
    """An end that reads earlier than the start: in the second of two equal hours, or else a mistake."""
    if end_zone is zone and zone.instant(end.replace(fold=1)).astimezone(UTC) > zone.instant(start).astimezone(UTC):
        return end.replace(fold=1), zone
    return start, zone
