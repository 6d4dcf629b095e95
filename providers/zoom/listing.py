"""What the two lists name: every meeting once, by the name it has in the calendar."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from typing import cast

from providers.quarantine import text_of, unnamed
from providers.zoom.parse import meeting_id
from providers.zoom.times import instant
from providers.zoom.wire import INSTANT, NO_FIXED_TIME, RECURRING, Meeting

NOT_UNDERSTOOD = "It is not written as Zoom writes meetings."
_UNTIMED = (INSTANT, NO_FIXED_TIME)
_COMPARED = ("topic", "type", "start_time", "duration", "timezone", "join_url", "agenda")
_INVITED = "~"


class Kind(Enum):
    SINGLE = auto()
    """Hosted by the user, once."""
    SERIES = auto()
    """Hosted by the user, recurring: one row, of which the occurrences are a question of their own."""
    INVITED = auto()
    """Hosted by somebody else, once."""
    OCCURRENCE = auto()
    """One occurrence of a recurring meeting that somebody else hosts: of the series no more is told."""
    UNREADABLE = auto()
    """What does not say which meeting it is, or when."""

    @property
    def is_invited(self) -> bool:
        return self in {Kind.INVITED, Kind.OCCURRENCE}


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is that of the event object, or of the exception told apart (`id/milliseconds`)."""

    name: str
    kind: Kind
    meeting: Meeting

    @property
    def fingerprint(self) -> str:
        """Equal as long as the row says the same: 48 bits, and a mark on what the user is invited to."""
        said = [self.meeting.get(name) for name in _COMPARED] if self.kind is not Kind.UNREADABLE else self.name
        text = json.dumps([self.kind.name, said]).encode()
        digest = urlsafe_b64encode(blake2b(text, digest_size=6).digest()).decode()
        return f"{_INVITED}{digest}" if self.kind.is_invited else digest


def is_invited(fingerprint: str) -> bool:
    return fingerprint.startswith(_INVITED)


def hosted_rows(rows: Iterable[object]) -> Mapping[str, Row]:
    """By name. What takes place at no set time is no event."""
    found: dict[str, Row] = {}
    for source in rows:
        row = _row(source, hosted=True)
        if row is not None:
            found[row.name] = row
    return found


def invited_rows(rows: Iterable[object]) -> Mapping[str, Row]:
    """The rows of what others host; what the user hosts stands in the list of that."""
    others = (source for source in rows if not (isinstance(source, dict) and source.get("is_host") is True))
    found = (_row(source, hosted=False) for source in others)
    return {row.name: row for row in found if row is not None}


def _row(source: object, *, hosted: bool) -> Row | None:
    meeting = cast(Meeting, source)
    try:
        name = meeting_id(meeting)
        if meeting.get("type") in _UNTIMED:
            return None
        is_series = meeting.get("type") == RECURRING
        if hosted:
            return Row(name, Kind.SERIES if is_series else Kind.SINGLE, meeting)
        if not is_series:
            return Row(name, Kind.INVITED, meeting)
        start = instant(meeting["start_time"])
    except (LookupError, TypeError, ValueError, AttributeError):
        return Row(
            unnamed(source, NOT_UNDERSTOOD).remote_id, Kind.UNREADABLE, cast(Meeting, {"topic": text_of(source)})
        )
    return Row(f"{name}/{int(start.timestamp() * 1000)}", Kind.OCCURRENCE, meeting)
