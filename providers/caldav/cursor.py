"""Where a reading of a calendar left off, as compact JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.providers import Cursor

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A point in a calendar's changes.

    With a `token`, the server keeps track. Without, `etags` are those of every object that was there, by key, and
    `None` for one that had none. `version` is what the calendar was listed with before the reading: while it is
    listed so, nothing has changed. `withheld` are objects, remote id to href, that the server would not hand out:
    they are asked for again.
    """

    version: str | None
    token: str | None = None
    etags: Mapping[str, str | None] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)

    def is_at(self, version: str | None) -> bool:
        """Whether a calendar now listed with `version` has not changed since."""
        return version is not None and version in {self.version, self.token}


def write_cursor(position: Position) -> Cursor:
    kept: dict[str, object] = {"f": _FORMAT, "v": position.version}
    kept |= {"e": dict(position.etags)} if position.token is None else {"t": position.token}
    kept |= {"w": dict(position.withheld)} if position.withheld else {}
    return Cursor(json.dumps(kept, ensure_ascii=False, separators=(",", ":")))


def read_cursor(cursor: Cursor) -> Position:
    """Raises `CursorExpired` for what this version of the program did not write."""
    try:
        kept = json.loads(cursor)
        if kept["f"] != _FORMAT:
            raise CursorExpired
        return Position(kept["v"], kept.get("t"), kept.get("e", {}), kept.get("w", {}))
    except (ValueError, KeyError, TypeError) as err:
        raise CursorExpired from err
