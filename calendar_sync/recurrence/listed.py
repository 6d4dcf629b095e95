"""Series that their provider expanded: what two listings of different spans have in common."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from calendar_sync.domain.events import Event, Window
from calendar_sync.recurrence.zones import Zones, to_instant

_EDGE: Final = timedelta(days=2)
"""How far providers and we may be apart on which instances are within a span: all-day ones, on whose midnights."""


def in_common(one: Event, other: Event) -> tuple[Event, Event] | None:
    """Both, cut to what both listings cover; `None` unless they are listings, of different spans."""
    if one.recurrence is None or other.recurrence is None:
        return None
    first, second = one.recurrence.listed, other.recurrence.listed
    if first is None or second is None or first == second:
        return None
    both = Window(max(first.start, second.start) + _EDGE, min(first.end, second.end) - _EDGE)
    return _within(one, both), _within(other, both)


def _within(event: Event, span: Window) -> Event:
    """What a listing of the span alone would have: of an override, it is where it was moved to that counts."""
    if event.recurrence is None:
        return event
    zone = Zones().get(event.time.zone, event.time.zone_rules)
    dates = tuple(start for start in event.recurrence.dates if _starts_in(span, start, zone))
    overrides = tuple(
        override
        for override in event.overrides
        if _starts_in(span, override.original_start if override.time is None else override.time.start, zone)
    )
    return replace(event, recurrence=replace(event.recurrence, dates=dates, listed=span), overrides=overrides)


def _starts_in(span: Window, start: datetime, zone: tzinfo) -> bool:
    return span.start <= to_instant(start, zone) < span.end
