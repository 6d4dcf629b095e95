"""When meetings are: Zoom's instants in UTC, on the wall clock of the meeting's zone."""

from datetime import UTC, datetime, timedelta

from calendar_sync.domain.events import EventTime
from providers.icalendar.values import EARLIEST_YEAR, LATEST_YEAR, Unreadable
from providers.icalendar.zone_names import iana_name
from providers.icalendar.zones import Zone, iana_zone
from providers.wall_times import between

_LONGEST = timedelta(days=366)


def zone_of(name: object) -> Zone:
    """The zone of a name as Zoom writes it, UTC where nobody knows it."""
    return iana_zone((iana_name(name) if isinstance(name, str) else None) or "UTC")


def instant(text: str) -> datetime:
    """A time as Zoom writes it, to the second; without an offset it is UTC. Raises `ValueError` or `Unreadable`."""
    moment = datetime.fromisoformat(text.upper()).replace(microsecond=0)
    return _checked(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def instant_of(occurrence_id: str) -> datetime:
    """The original start that an occurrence is named by. Raises `ValueError`, `OverflowError` or `Unreadable`."""
    return _checked(datetime.fromtimestamp(int(occurrence_id) // 1000, UTC))


def event_time(start: datetime, minutes: int, zone: Zone) -> EventTime:
    """From an instant on for so long. Raises `TypeError` or `OverflowError` for what is no length."""
    length = min(max(timedelta(minutes=minutes), timedelta()), _LONGEST)
    return between(start, start + length, zone)


def _checked(moment: datetime) -> datetime:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise Unreadable(f"Its time lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return moment
