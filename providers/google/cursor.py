"""Where a reading of a calendar left off: Google's sync token, and the questions it goes with."""

import json

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.providers import Cursor

_FORMAT = 1
"""To be raised with every change of the parameters of `events.list`: a token goes with those it was given for."""


def write_cursor(sync_token: str) -> Cursor:
    return Cursor(json.dumps({"f": _FORMAT, "t": sync_token}, separators=(",", ":")))


def read_cursor(cursor: Cursor) -> str:
    """The sync token. Raises `CursorExpired` for what this version of the program did not write."""
    try:
        kept = json.loads(cursor)
        if kept["f"] != _FORMAT or not isinstance(kept["t"], str):
            raise CursorExpired
        return str(kept["t"])
    except (ValueError, LookupError, TypeError) as err:
        raise CursorExpired from err
