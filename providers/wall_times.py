"""What stands between two instants, on the wall clocks of zones."""

from datetime import datetime

from calendar_sync.domain.events import EventTime
from providers.icalendar.zones import Zone


def between(starts_at: datetime, ends_at: datetime, zone: Zone, end_zone: Zone | None = None) -> EventTime:
    """The time from one aware instant to another, of no length where that is earlier.

    `end_zone` is on whose clock the end is, if not on that of `zone`.
    """
    there = end_zone or zone
    start, end = zone.wall(starts_at), there.wall(max(starts_at, ends_at, key=datetime.timestamp))
    return EventTime(
        start=start.replace(fold=0),
        end=end.replace(fold=0),
        zone=zone.name,
        end_zone=None if there is zone else there.name,
        fold=start.fold,
        end_fold=end.fold,
    )
