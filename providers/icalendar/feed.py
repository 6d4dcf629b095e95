"""Whole iCalendar streams: a feed with all its events, or the resource of one event on a CalDAV server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar.components import Properties, Property, VCalendar, calendars, parse_properties
from providers.icalendar.context import Component, Reading
from providers.icalendar.lines import logical_lines
from providers.icalendar.series import EventObject, event_objects, read_event
from providers.icalendar.values import Unreadable, duration, text

MOST_EVENTS = 100_000
"""VEVENTs of one feed."""

LONGEST_SOURCE = 64 * 1024
"""Bytes of a quarantined event's text that are kept."""

_NEAR_THE_START = 20
_INFO_PROPERTIES = frozenset(
    {
        *("NAME", "X-WR-CALNAME", "DESCRIPTION", "X-WR-CALDESC", "COLOR", "X-APPLE-CALENDAR-COLOR"),
        *("REFRESH-INTERVAL", "X-PUBLISHED-TTL"),
    }
)


@dataclass(frozen=True, slots=True)
class CalendarInfo:
    """What a feed says of itself. `time_zone` is an IANA name; `poll_interval` how often it wants to be asked."""

    name: str | None = None
    description: str | None = None
    color: str | None = None
    time_zone: str | None = None
    poll_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """All event objects of a feed, in its order, those that cannot be understood as `Quarantine`."""

    changes: tuple[Upsert | Quarantine, ...]
    calendar: CalendarInfo


def read_feed(raw: bytes, *, default_zone: str, my_addresses: frozenset[str] = frozenset()) -> Feed:
    """Read an ICS feed. `default_zone` (IANA) is where floating times and dates are meant if the feed does not say.

    The remote id of an object is its UID. Raises `BadResponse` for anything that is not a whole iCalendar stream (a
    web page, nothing, one that breaks off) or has more than 100,000 events; a calendar without events is a feed.
    """
    found = _whole_calendars(raw)
    if sum(len(calendar.events) for calendar in found) > MOST_EVENTS:
        raise BadResponse(f"The feed has more than {MOST_EVENTS:,} events.")
    readings = [Reading.of(calendar, default_zone, my_addresses) for calendar in found]
    by_uid = _components_by_uid(zip(found, readings, strict=True))
    changes = tuple(_change(one, one.remote_id) for same in by_uid.values() for one in event_objects(same))
    return Feed(changes, _info(found, readings))


def read_object(
    raw: bytes, *, remote_id: str, default_zone: str, my_addresses: frozenset[str] = frozenset()
) -> Upsert | Quarantine | None:
    """Read a CalDAV resource: one UID, its master and exceptions. `None` if it holds no event (a to-do)."""
    try:
        found = _whole_calendars(raw)
    except BadResponse:
        return Quarantine(remote_id, "It is not a whole iCalendar object.", _cut(raw.decode("utf-8", "replace")))
    by_uid = _components_by_uid((one, Reading.of(one, default_zone, my_addresses)) for one in found)
    objects = [one for same in by_uid.values() for one in event_objects(same)]
    if len(objects) > 1:
        return Quarantine(remote_id, "It holds several events.", _source(objects))
    return _change(objects[0], remote_id) if objects else None


def _whole_calendars(raw: bytes) -> Sequence[VCalendar]:
    if not raw.strip():
        raise BadResponse("The answer is empty.")
    lines = logical_lines(raw)
    head = [line.strip().upper() for line in lines[:_NEAR_THE_START]]
    if "BEGIN:VCALENDAR" not in head:
        is_page = any(line.startswith(("<!DOCTYPE", "<HTML")) for line in head)
        raise BadResponse("The answer is a web page, not a calendar." if is_page else "The answer is not a calendar.")
    found = calendars(lines)
    if not all(one.is_complete for one in found):
        raise BadResponse("The calendar breaks off before its end.")
    return found


def _components_by_uid(found: Iterable[tuple[VCalendar, Reading]]) -> dict[str, list[Component]]:
    by_uid: dict[str, list[Component]] = {}
    for calendar, reading in found:
        for lines in calendar.events:
            component = Component.of(lines, reading)
            by_uid.setdefault(component.uid, []).append(component)
    return by_uid


def _change(found: EventObject, remote_id: str) -> Upsert | Quarantine:
    try:
        return Upsert(read_event(found, remote_id=remote_id))
    except Unreadable as error:
        reason = str(error)
    except Exception:  # noqa: BLE001 - whatever one event does to a parser, the others are still read
        reason = "It cannot be read."
    return Quarantine(remote_id, reason, _source([found]))


def _source(objects: Sequence[EventObject]) -> str:
    components = [component for one in objects for component in one.components]
    return _cut("\r\n".join(line for component in components for line in component.lines))


def _cut(source: str) -> str:
    return source[:LONGEST_SOURCE].encode()[:LONGEST_SOURCE].decode("utf-8", "ignore")


def _info(found: Sequence[VCalendar], readings: Sequence[Reading]) -> CalendarInfo:
    """Of several calendars in one stream, the first that says something is heard."""
    properties: dict[str, list[Property]] = {}
    for calendar in reversed(found):
        properties |= parse_properties(calendar.lines, _INFO_PROPERTIES)
    declared = (one.zones.declared for one in readings)
    return CalendarInfo(
        name=_either(properties, "NAME", "X-WR-CALNAME"),
        description=_either(properties, "DESCRIPTION", "X-WR-CALDESC"),
        color=_either(properties, "COLOR", "X-APPLE-CALENDAR-COLOR"),
        time_zone=next((zone.name for zone in declared if zone is not None and zone.rules is None), None),
        poll_interval=_interval(_either(properties, "REFRESH-INTERVAL", "X-PUBLISHED-TTL")),
    )


def _either(properties: Properties, *names: str) -> str | None:
    values = (text(one.value) for name in names for one in properties.get(name, ()))
    return next(filter(None, values), None)


def _interval(value: str | None) -> timedelta | None:
    try:
        length = duration(value, name="interval") if value else None
    except Unreadable:
        return None
    interval = length.nominal + length.exact if length else timedelta()
    return interval if interval > timedelta() else None
