"""The cursor of a feed: what was last seen of it, so that the next reading can tell whether it changed."""

import json
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Self

from cryptography.fernet import Fernet, InvalidToken

from calendar_sync.domain.providers import Cursor

_READER = 1
"""Raised when the same feed is to be understood in another way: every feed is then read again."""


@dataclass(frozen=True, slots=True)
class Position:
    """`etag` and `last_modified` are the feed's validators, verbatim. `body` is a digest of it as it was sent,
    `content` one of what it means: feeds that only stamp themselves anew differ in the first alone. `zone` is where
    its floating times were read. `moved_to` is the address it moved to for good, sealed.
    """

    zone: str
    etag: str | None = None
    last_modified: str | None = None
    body: str | None = None
    content: str | None = None
    moved_to: str | None = None
    reader: int = _READER

    @classmethod
    def of(cls, cursor: Cursor | None, zone: str) -> Self:
        """The position a cursor stands for; nothing seen yet where it says nothing of use to this reader."""
        try:
            known = cls(**json.loads(cursor or "{}"))
        except (TypeError, ValueError):
            return cls(zone)
        return known if (known.reader, known.zone) == (_READER, zone) else cls(zone)

    @property
    def cursor(self) -> Cursor:
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return Cursor(json.dumps(told, separators=(",", ":"), sort_keys=True))


class Seal:
    """Keeps an address in a cursor unreadable without the address the user typed, which is stored encrypted.

    The place a private feed moved to is a password as much as the place it moved from.
    """

    def __init__(self, url: str) -> None:
        self._box = Fernet(urlsafe_b64encode(sha256(f"feed address\0{url}".encode()).digest()))

    def close(self, address: str) -> str:
        return self._box.encrypt(address.encode()).decode("ascii")

    def open(self, sealed: str | None) -> str | None:
        try:
            return None if sealed is None else self._box.decrypt(sealed).decode()
        except InvalidToken:
            return None
