"""Until when an event object has instances: what decides whether it still lies ahead when the provider drops it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from calendar_sync.domain.events import Event, Window
from calendar_sync.recurrence import Expansion, expand

_SLACK = timedelta(days=2)  # more than any two zones, and any two readings of a wall clock, are apart
_FAR = timedelta(days=366 * 50)


def ends_at(event: Event, expansion: Expansion, window: Window) -> datetime | None:
    """When the last instance ends; `None` while there are more beyond the window, or more than were expanded.

    `expansion` is that of the event over the window. A series that ended before the window has ended at its start.
    """
    if event.recurrence is None and not event.overrides:
        return expansion.instances[0].ends_at
    if expansion.truncated or _goes_on(event, window.end):
        return None
    return max((instance.ends_at for instance in expansion.instances), default=window.start)


def _goes_on(event: Event, end: datetime) -> bool:
    """Whether there may be instances that start at `end` or later. `UNTIL` is read with some slack: rather yes."""
    edge = end.astimezone(UTC).replace(tzinfo=None) - _SLACK
    if any(start >= edge for start in _named_starts(event)):
        return True
    rules = [_parts(rule) for rule in (event.recurrence.rules if event.recurrence else ())]
    if any("COUNT" not in rule and not _is_until_before(rule, edge) for rule in rules):
        return True
    return any("COUNT" in rule for rule in rules) and bool(expand(event, Window(end, end + _FAR)).instances)


def _named_starts(event: Event) -> Iterator[datetime]:
    """The starts that the event names one by one."""
    if event.recurrence is not None:
        yield from event.recurrence.dates
        yield from (start for start, _ in event.recurrence.periods)
    yield from (override.time.start for override in event.overrides if override.time is not None)


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";") if "=" in part)


def _is_until_before(rule: dict[str, str], edge: datetime) -> bool:
    """RFC 5545 §3.3.10: a date, or a time on the clock of the series or in UTC."""
    try:
        return datetime.fromisoformat(rule["UNTIL"].removesuffix("Z")) < edge
    except (KeyError, ValueError):
        return False
