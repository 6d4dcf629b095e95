"""What was known of every meeting when a reading ended: the next one is compared with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.providers import Cursor

_FORMAT = 1
"""To be raised with every change of what a fingerprint is taken of."""


@dataclass(frozen=True, slots=True)
class Known:
    """A meeting as it was read last: some 40 bytes of a cursor.

    A meeting that is no longer listed was removed if that is before `until`, and is over otherwise. `detailed` is when
    its occurrences were read; both are in seconds since 1970.
    """

    fingerprint: str
    until: int
    detailed: int = 0

    def is_ahead(self, now: datetime) -> bool:
        return self.until > now.timestamp()


def write_cursor(known: Mapping[str, Known]) -> Cursor:
    """The same text for the same meetings, in whatever order they were listed."""
    meetings = {name: _written(known[name]) for name in sorted(known)}
    return Cursor(json.dumps({"f": _FORMAT, "m": meetings}, separators=(",", ":")))


def read_cursor(cursor: Cursor) -> dict[str, Known]:
    """Raises `CursorExpired` for what this version of the program did not write."""
    try:
        kept = json.loads(cursor)
        if kept["f"] != _FORMAT:
            raise CursorExpired
        return {name: Known(str(each[0]), *map(int, each[1:])) for name, each in kept["m"].items()}
    except (ValueError, LookupError, TypeError, AttributeError) as err:
        raise CursorExpired from err


def seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def _written(known: Known) -> list[str | int]:
    entry: list[str | int] = [known.fingerprint, known.until]
    return [*entry, known.detailed] if known.detailed else entry
