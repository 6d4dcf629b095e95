"""When an event is: `EventDateTime` pairs and `recurrence` lines, on the wall clock of a zone."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from calendar_sync.domain.events import EventTime, Recurrence
from providers.google.wire import Event, EventDateTime
from providers.icalendar.components import VCalendar, parse_properties
from providers.icalendar.recurrence import SeriesClock, is_recurring, recurrence
from providers.icalendar.values import EARLIEST_YEAR, LATEST_YEAR, Unreadable
from providers.icalendar.zone_names import iana_name
from providers.icalendar.zones import Zone, Zones, iana_zone
from providers.wall_times import between

_DAY = timedelta(days=1)
_SERIES = frozenset({"RRULE", "EXRULE", "RDATE", "EXDATE"})


def event_time(event: Event, home: Zone) -> EventTime:
    """`home` is the calendar's zone: that of dates, and of times that name none.

    An all-day event lasts at least a day; an event that ends before it starts has no length. Raises `Unreadable`, or
    what comes of an answer that is not formed as it should be.
    """
    begin, end = event["start"], event.get("end") or event["start"]
    if "date" in begin:
        first, last = _date(begin["date"]), _date(end["date"])
        start = datetime.combine(first, time())
        return EventTime(start, max(datetime.combine(last, time()), start + _DAY), home.name, all_day=True)
    zone = _zone(begin, home)
    end_zone = _zone(end, zone)
    return between(_instant(begin, zone), _instant(end, end_zone), zone, end_zone)


def original_start(when: EventDateTime, home: Zone) -> datetime | date:
    """Which instance an exception is: an aware instant, or the date of an all-day one. Raises as `event_time`."""
    return _date(when["date"]) if "date" in when else _instant(when, _zone(when, home))


def recurrence_of(lines: Sequence[str], event: EventTime, home: Zone) -> Recurrence | None:
    """How a series repeats (RFC 5545 lines without DTSTART); `None` for what does not. Raises `Unreadable`."""
    properties = parse_properties(lines, _SERIES)
    if not is_recurring(properties):
        return None
    zone = iana_zone(event.zone)
    clock = SeriesClock(zone, event.start, event.all_day)
    return recurrence(properties, Zones(VCalendar(), declared=None, default=home.name), clock)


def zone_of(name: object) -> Zone:
    """The zone of a name as Google writes it, UTC where nobody knows it."""
    return iana_zone((iana_name(name) if isinstance(name, str) else None) or "UTC")


def _zone(when: EventDateTime, otherwise: Zone) -> Zone:
    name = iana_name(when["timeZone"]) if "timeZone" in when else None
    return otherwise if name is None else iana_zone(name)


def _instant(when: EventDateTime, zone: Zone) -> datetime:
    """RFC 3339; to the second. Without an offset it is on the zone's clock."""
    moment = datetime.fromisoformat(when["dateTime"].upper()).replace(microsecond=0)
    _check(moment)
    return moment if moment.tzinfo is not None else zone.instant(moment)


def _date(text: str) -> date:
    day = date.fromisoformat(text)
    _check(day)
    return day


def _check(day: date) -> None:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise Unreadable(f"Its time lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}.")
