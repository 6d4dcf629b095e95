"""From an item of `events.list` to the change it tells."""

from typing import cast

from calendar_sync.domain.events import Event
from calendar_sync.domain.providers import Change, Removal, Upsert, UpsertException
from providers.google import wire
from providers.google.details import details
from providers.google.times import event_time, original_start, recurrence_of
from providers.icalendar.values import Unreadable
from providers.icalendar.zones import Zone
from providers.quarantine import understood, unnamed

_LONGEST_ID = 1_100
_OTHERWISE = "It is not written as Google Calendar writes events."


def read_item(item: object, home: Zone) -> Change:
    """The change that an item tells; `home` is the calendar's zone. What is not understood is a `Quarantine`.

    Cancelled, an exception of a series is a hole in it; everything else is gone, of which only the id is sure.
    """
    if not isinstance(item, dict) or not _is_id(item.get("id")):
        return unnamed(item, _OTHERWISE)
    event = cast(wire.Event, item)
    return understood(lambda: _change(event, home), event["id"], item, _OTHERWISE)


def _change(event: wire.Event, home: Zone) -> Change:
    is_cancelled = event.get("status") == "cancelled"
    series, original = event.get("recurringEventId"), event.get("originalStartTime")
    if series is not None and original is not None:
        if not _is_id(series):
            raise Unreadable("It does not say which series it belongs to.")
        instance = None if is_cancelled else _event(event, home)
        return UpsertException(event["id"], series, original_start(original, home), instance)
    return Removal(event["id"]) if is_cancelled else Upsert(_event(event, home), exceptions_apart=True)


def _event(event: wire.Event, home: Zone) -> Event:
    time = event_time(event, home)
    repetition = recurrence_of(event.get("recurrence", ()), time, home)
    return Event(event["id"], event.get("iCalUID") or event["id"], time, details(event), repetition)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID
