"""Ids as Exchange makes them: long, case-sensitive, full of characters that URLs must quote, and of two kinds.

The default id of an event is that of a place: it changes when the event moves to another calendar. The immutable one
stays. An occurrence's id is its series' and its original day.
"""

from base64 import urlsafe_b64encode
from datetime import date, datetime
from hashlib import blake2b
from secrets import token_hex

_IMMUTABLE = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
_DEFAULT = "AAMkAGI1"
_END = "AAA="
_OCCURRENCE, _OCCURRENCE_END = "FRAAgI", "AAAEA=="


def immutable_id(of: str | None = None) -> str:
    """A new one each time, or always the same `of` something."""
    return _IMMUTABLE + _opaque(of or token_hex()) + _END


def default_id(calendar_id: str, event_id: str) -> str:
    """The id that an event has in a calendar."""
    return _DEFAULT + _opaque(calendar_id, event_id) + _END


def calendar_id(owner: str, number: int) -> str:
    """The id of the calendar that its owner made as their `number`-th."""
    return _DEFAULT + _opaque(owner, str(number)) + _END


def occurrence_id(series_id: str, day: date) -> str:
    """The id of what was to take place on a day; `series_id` may be of either kind."""
    return f"{series_id.removesuffix(_END)}{_OCCURRENCE}{day:%Y%m%d}{_OCCURRENCE_END}"


def ical_uid(event_id: str, day: date | None = None) -> str:
    """The `iCalUId` of an event, or of an occurrence, which has one of its own."""
    on = "00000000" if day is None else f"{day.year:04X}{day.month:02X}{day.day:02X}"
    return f"040000008200E00074C5B7101A82E008{on}{blake2b(event_id.encode(), digest_size=32).hexdigest().upper()}"


def series_and_day(event_id: str) -> tuple[tuple[str, str], date] | None:
    """What the id of an occurrence is made of: the series' id, which is one of the two, and the day."""
    stem, mark, day = event_id.removesuffix(_OCCURRENCE_END).rpartition(_OCCURRENCE)
    try:
        on = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a date
    except ValueError:
        return None
    return ((stem, stem + _END), on) if mark else None


def _opaque(*parts: str) -> str:
    return urlsafe_b64encode(blake2b("\0".join(parts).encode(), digest_size=60).digest()).decode()
