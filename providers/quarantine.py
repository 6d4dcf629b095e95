"""What of a vendor's JSON cannot be understood, put aside."""

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar

from calendar_sync.domain.providers import Quarantine
from providers.icalendar.values import Unreadable

_LONGEST_SOURCE = 64 * 1024
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)

_T = TypeVar("_T")


def understood(read: Callable[[], _T], name: str, source: object, otherwise: str) -> _T | Quarantine:
    """What `read` makes of `source`, JSON that names itself `name`, or the `Quarantine` of it.

    `Unreadable` says why in its own words; for what comes of JSON that is not formed as it should be, `otherwise` does.
    """
    try:
        return read()
    except Unreadable as err:
        return Quarantine(name, str(err), text_of(source))
    except _MALFORMED:
        return Quarantine(name, otherwise, text_of(source))


def unnamed(source: object, reason: str) -> Quarantine:
    """What does not say which object it is, named by its content."""
    text = text_of(source)
    return Quarantine(f"unnamed-{blake2b(text.encode(), digest_size=16).hexdigest()}", reason, text)


def text_of(source: object) -> str:
    """JSON, cut at 64 kB; nothing of what is too deep to be written."""
    try:
        return json.dumps(source, ensure_ascii=True)[:_LONGEST_SOURCE]
    except RecursionError:
        return ""
