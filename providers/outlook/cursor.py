"""Where a reading of a calendar left off: Graph's delta link, and the span of time it is about."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Cursor

_FORMAT = 1
"""To be raised with every change of what is asked, which the link goes with."""

_MARGIN = timedelta(days=30)
_MOST = timedelta(days=1825)
"""Graph refuses a longer span; five calendar years are longer."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Position:
    """`link` gives the next changes of what is in `span`."""

    link: str
    span: Window

    def covers(self, window: Window) -> bool:
        """Whether the changes are those of all the window, or of as much of it as Graph tells of."""
        end = min(window.end, _midnight(window.start) + _MOST - _MARGIN - _DAY)
        return self.span.start <= window.start and end <= self.span.end


def span_for(window: Window) -> Window:
    """What to ask for: the window, and a margin for it to move in before the next round.

    A span is fixed for as long as its delta links are followed. Of a window that is longer than what Graph tells of,
    the end is left out.
    """
    start = _midnight(window.start)
    return Window(start, min(_midnight(window.end) + _DAY + _MARGIN, start + _MOST))


def write_cursor(position: Position) -> Cursor:
    span = [position.span.start.isoformat(), position.span.end.isoformat()]
    return Cursor(json.dumps({"f": _FORMAT, "s": span, "l": position.link}, separators=(",", ":")))


def read_cursor(cursor: Cursor) -> Position:
    """Raises `CursorExpired` for what this version of the program did not write."""
    try:
        kept = json.loads(cursor)
        if kept["f"] != _FORMAT or not isinstance(kept["l"], str):
            raise CursorExpired
        start, end = (datetime.fromisoformat(text).astimezone(UTC) for text in kept["s"])
        return Position(kept["l"], Window(start, end))
    except (ValueError, LookupError, TypeError) as err:
        raise CursorExpired from err


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)
