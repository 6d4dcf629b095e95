"""When an event is: `dateTimeTimeZone` pairs on the wall clocks of the zones it was written in."""

from datetime import UTC, date, datetime, time, timedelta

from calendar_sync.domain.events import EventTime
from providers.icalendar.values import EARLIEST_YEAR, LATEST_YEAR, Unreadable
from providers.icalendar.zone_names import iana_name
from providers.icalendar.zones import Zone, iana_zone, utc
from providers.outlook.wire import DateTimeTimeZone, Event
from providers.wall_times import between

_DAY = timedelta(days=1)
_LEGACY = "tzone://microsoft/"


def event_time(event: Event) -> EventTime:
    """Raises `Unreadable`, or what comes of an answer that is not formed as it should be.

    An all-day event is on the dates written, whatever zone stands beside them, and lasts at least a day; an event
    that ends before it starts has no length.
    """
    zone = zone_of(event)
    if event.get("isAllDay"):
        first, last = _date(event["start"]), _date(event["end"])
        return EventTime(first, max(last, first + _DAY), zone.name, all_day=True)
    return between(_instant(event["start"]), _instant(event["end"]), zone, _zone(event.get("originalEndTimeZone")))


def zone_of(event: Event) -> Zone:
    """The zone it was written in; UTC where that is not known, or a rule of its own (`tzone://Microsoft/Custom`)."""
    return _zone(event.get("originalStartTimeZone")) or utc()


def original_start(instance: Event, series: EventTime) -> datetime:
    """Which start the series gave an instance: naive, with `fold`, on the clock of the series.

    Only exceptions say; anything else starts where it originally did.
    """
    written = instance.get("originalStart")
    if series.all_day:
        return _date(instance["start"]) if written is None else _day(_moment(written), iana_zone(series.zone))
    starts_at = _instant(instance["start"]) if written is None else _aware(_moment(written), utc())
    return iana_zone(series.zone).wall(starts_at)


def _day(moment: datetime, zone: Zone) -> datetime:
    """The day that a midnight begins: one in UTC that stands for the date, or one of the zone, as an instant."""
    if moment.time() != time() or moment.utcoffset():
        moment = zone.wall(_aware(moment, utc()))
    return datetime.combine(moment.date(), time())


def _zone(name: str | None) -> Zone | None:
    if name is None:
        return None
    if name.lower().startswith(_LEGACY):
        name = name[len(_LEGACY) :]
    known = iana_name(name)
    return None if known is None else iana_zone(known)


def _date(when: DateTimeTimeZone) -> datetime:
    return _checked(datetime.combine(date.fromisoformat(when["dateTime"][:10]), time()))


def _instant(when: DateTimeTimeZone) -> datetime:
    zone = _zone(when.get("timeZone", "UTC"))
    if zone is None:
        raise Unreadable("Its times are in a time zone that is not known.")
    return _aware(_moment(when["dateTime"]), zone)


def _moment(text: str) -> datetime:
    """To the second: the seven digits after it are noise."""
    return _checked(datetime.fromisoformat(text.upper()).replace(microsecond=0))


def _aware(moment: datetime, zone: Zone) -> datetime:
    return (moment if moment.tzinfo is not None else zone.instant(moment)).astimezone(UTC)


def _checked(moment: datetime) -> datetime:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise Unreadable(f"Its time lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return moment
