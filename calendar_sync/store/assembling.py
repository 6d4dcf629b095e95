"""From a series and its exceptions, where a provider tells them apart, to the one event object they are."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo

from calendar_sync.domain.events import Details, Event, EventTime, Override, Recurrence
from calendar_sync.domain.providers import UpsertException
from calendar_sync.recurrence.zones import Zones, to_wall


def assembled(series_id: str, master: Event | None, exceptions: Iterable[UpsertException]) -> Event | None:
    """The event object, the same in whatever order its parts came; `None` where there is nothing to show.

    Exceptions without a master are orphans. Each keeps the start that its series gave it, so that its occurrence is
    the same one when the series comes. A master that does not recur has no use for exceptions.
    """
    if master is None:
        return _orphans(series_id, exceptions)
    if master.recurrence is None:
        return replace(master, overrides=())
    return replace(master, overrides=_overrides(exceptions, master.time))


def _orphans(series_id: str, exceptions: Iterable[UpsertException]) -> Event | None:
    """On the clock of the first. A single one is no series."""
    shown = sorted((each for each in exceptions if each.instance is not None), key=_order)
    if not shown or shown[0].instance is None:
        return None
    first = replace(shown[0].instance, remote_id=series_id, is_orphan=True)
    overrides = _overrides(shown, first.time)
    return replace(first, recurrence=Recurrence() if len(overrides) > 1 else None, overrides=overrides)


def _overrides(exceptions: Iterable[UpsertException], series: EventTime) -> tuple[Override, ...]:
    """Sorted by original start. Of several for one instance the last by name holds."""
    zone = Zones().get(series.zone, series.zone_rules)
    found = {
        (override.original_start, override.original_start.fold): override
        for override in (_override(each, series, zone) for each in sorted(exceptions, key=_order))
    }
    return tuple(found[slot] for slot in sorted(found))


def _override(exception: UpsertException, series: EventTime, zone: tzinfo) -> Override:
    original, instance = _on_clock(exception.original_start, series, zone), exception.instance
    return (
        Override(original, None, Details()) if instance is None else Override(original, instance.time, instance.details)
    )


def _on_clock(original: datetime | date, series: EventTime, zone: tzinfo) -> datetime:
    """A date in a timed series is the instance of that day, a time in an all-day series that of its day."""
    if not isinstance(original, datetime):
        return datetime.combine(original, time() if series.all_day else series.start.time())
    wall = to_wall(original, zone)
    return datetime.combine(wall.date(), time()) if series.all_day else wall


def _order(exception: UpsertException) -> tuple[datetime, str]:
    original = exception.original_start
    if not isinstance(original, datetime):
        original = datetime.combine(original, time(), UTC)
    return original.astimezone(UTC), exception.remote_id
