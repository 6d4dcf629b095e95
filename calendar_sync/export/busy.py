"""What a feed tells that only says when its user is busy."""

from dataclasses import replace

from calendar_sync.domain.events import Details, Event, EventStatus, EventTime, Override

_ZONE = "Custom"
"""In place of the name of a zone that somebody made."""


def busy_only(event: Event) -> Event | None:
    """Its times; `None` where it keeps nobody busy at any time. Neither title nor person, place or link is left."""
    said = [event.details, *(one.details for one in event.overrides if one.time is not None)]
    if not any(_is_busy(details) for details in said):
        return None
    overrides = [_busy_override(one) for one in event.overrides]
    shown = tuple(one for one in overrides if one.time is not None or not event.is_orphan)
    return replace(event, time=_nameless(event.time), details=_busy(event.details), overrides=shown)


def _is_busy(details: Details) -> bool:
    return details.is_busy and details.status is not EventStatus.CANCELLED


def _busy(details: Details) -> Details:
    """What leaves its user free in a series that else does not is there without even a name."""
    return Details(title="Busy") if _is_busy(details) else Details(is_busy=False)


def _busy_override(override: Override) -> Override:
    is_hole = override.time is None or not (_is_busy(override.details) or override.this_and_future)
    return Override(
        override.original_start,
        None if is_hole or override.time is None else _nameless(override.time),
        _busy(override.details),
        override.this_and_future,
    )


def _nameless(of: EventTime) -> EventTime:
    return of if of.zone_rules is None else replace(of, zone=_ZONE)
