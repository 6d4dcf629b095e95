"""Events as text: what is stored of them in full, and the hash that says whether they differ.

The text is canonical JSON of all fields but `remote_id`. It is read back exactly: a wall-clock time with `fold` set
ends in `/1`, and a field that was added to the domain later has its default.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from hashlib import blake2b
from typing import Any, TypeVar

import orjson

from calendar_sync.domain.events import (
    Attendee,
    Details,
    Event,
    EventStatus,
    EventTime,
    MeetingLink,
    Override,
    Person,
    Recurrence,
    ResponseStatus,
    Visibility,
    Window,
)
from calendar_sync.store.columns import storable

_T = TypeVar("_T")
_FIELDS = tuple(field.name for field in fields(Event) if field.name != "remote_id")
_DETAILS = tuple(field.name for field in fields(Details))


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event in which every text can be stored, its payload and its content hash."""

    event: Event
    payload: str
    content_hash: str


def encode(event: Event) -> Encoded:
    """Characters that a database cannot hold are dropped, here once for all that is made of the event."""
    try:
        payload = _dumped(event)
    except orjson.JSONEncodeError:  # a lone surrogate
        event = _storable(event)
        payload = _dumped(event)
    if b"\\u0000" in payload or storable(event.remote_id) != event.remote_id:
        event = _storable(event)
        payload = _dumped(event)
    return Encoded(event, payload.decode(), blake2b(payload, digest_size=16).hexdigest())


def decode(remote_id: str, payload: str) -> Event:
    """The event that was encoded."""
    raw = orjson.loads(payload)
    raw["time"] = _time(raw["time"])
    raw["details"] = _details(raw["details"])
    if raw.get("recurrence") is not None:
        raw["recurrence"] = _recurrence(raw["recurrence"])
    raw["overrides"] = tuple(_override(override) for override in raw.get("overrides", ()))
    return Event(remote_id=remote_id, **raw)


def changed_fields(before: Event, after: Event) -> tuple[str, ...]:
    """The names of the fields that differ, those of the details among them, in the order of the domain."""
    own = [name for name in _FIELDS if name != "details" and _differs(getattr(before, name), getattr(after, name))]
    said = [name for name in _DETAILS if _differs(getattr(before.details, name), getattr(after.details, name))]
    return (*own, *said)


def summary(event: Event) -> str:
    """What the record of changes keeps of an event, as JSON: enough to say which one it was."""
    time = event.time
    return orjson.dumps(
        {
            "title": event.details.title,
            "start": time.start,
            "end": time.end,
            "time_zone": time.zone,
            "all_day": time.all_day,
            "is_recurring": event.is_recurring,
        }
    ).decode()


def _dumped(event: Event) -> bytes:
    return _json({name: getattr(event, name) for name in _FIELDS})


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=_wall_clock_text, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _wall_clock_text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.isoformat()}/1" if value.fold else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} is not part of an event.")


def _differs(one: object, other: object) -> bool:
    return _json(one) != _json(other)  # unlike ==, this sees `fold`


def _storable(value: _T) -> _T:
    return _cleaned(value)  # type: ignore[no-any-return]  # of the same type, field by field


def _cleaned(value: Any) -> Any:  # noqa: ANN401 -- whatever is in an event
    if isinstance(value, str) and not isinstance(value, Enum):
        return storable(value)
    if isinstance(value, tuple):
        return tuple(_cleaned(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return value


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text[:-2]).replace(fold=1) if text.endswith("/1") else datetime.fromisoformat(text)


def _time(raw: dict[str, Any]) -> EventTime:
    raw["start"], raw["end"] = _wall(raw["start"]), _wall(raw["end"])
    return EventTime(**raw)


def _details(raw: dict[str, Any]) -> Details:
    raw["status"] = EventStatus(raw["status"])
    raw["visibility"] = Visibility(raw["visibility"])
    if raw["organizer"] is not None:
        raw["organizer"] = Person(**raw["organizer"])
    raw["attendees"] = tuple(_attendee(attendee) for attendee in raw["attendees"])
    raw["links"] = tuple(MeetingLink(**link) for link in raw["links"])
    return Details(**raw)


def _attendee(raw: dict[str, Any]) -> Attendee:
    raw["response"] = ResponseStatus(raw["response"])
    return Attendee(**raw)


def _recurrence(raw: dict[str, Any]) -> Recurrence:
    for name in ("rules", "exception_rules"):
        raw[name] = tuple(raw[name])
    for name in ("dates", "exceptions"):
        raw[name] = tuple(_wall(text) for text in raw[name])
    raw["periods"] = tuple((_wall(start), _wall(end)) for start, end in raw["periods"])
    raw["excluded_days"] = tuple(date.fromisoformat(text) for text in raw["excluded_days"])
    if raw.get("listed") is not None:
        raw["listed"] = Window(**{edge: datetime.fromisoformat(text) for edge, text in raw["listed"].items()})
    return Recurrence(**raw)


def _override(raw: dict[str, Any]) -> Override:
    raw["original_start"] = _wall(raw["original_start"])
    raw["time"] = None if raw["time"] is None else _time(raw["time"])
    raw["details"] = _details(raw["details"])
    return Override(**raw)
