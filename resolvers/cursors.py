"""Opaque places in a list of events, bound to the list they were given out for.

A cursor is a place (the start and the identifier of the last event seen) and a digest over the place, the user, the
order and the filter. It is no secret and opens nothing: what it is good for is that a cursor of another list, or of
another user, or one that was cut or made up is refused instead of giving a page from somewhere.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b

from graphql import GraphQLError

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from resolvers.refusals import bad_input

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIGEST = 8
_START = 8
_LONGEST = 256


@dataclass(frozen=True)
class EventList:
    """All that decides what follows a place."""

    actor: Actor
    filter: OccurrenceFilter
    descending: bool

    def cursor(self, occurrence: Occurrence) -> str:
        micros = (occurrence.starts_at - _EPOCH) // _MICROSECOND
        place = micros.to_bytes(_START, "big", signed=True) + occurrence.id.encode()
        return urlsafe_b64encode(self._digest(place) + place).decode().rstrip("=")

    def place(self, cursor: str) -> tuple[datetime, OccurrenceId]:
        """Where `cursor` points. Raises a `GraphQLError` with the code `INVALID_CURSOR`."""
        raw = _decoded(cursor)
        digest, place = raw[:_DIGEST], raw[_DIGEST:]
        if digest != self._digest(place):
            raise _invalid()
        start = int.from_bytes(place[:_START], "big", signed=True)
        return _EPOCH + start * _MICROSECOND, OccurrenceId(place[_START:].decode())

    def _digest(self, place: bytes) -> bytes:
        return blake2b(place, digest_size=_DIGEST, key=self._kind).digest()

    @cached_property
    def _kind(self) -> bytes:
        kind = json.dumps([self.actor.user_id, self.descending, asdict(self.filter)], default=str)
        return blake2b(kind.encode(), digest_size=32).digest()


def _decoded(cursor: str) -> bytes:
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise _invalid()
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except binascii.Error as err:
        raise _invalid() from err
    if urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
        raise _invalid()
    return raw


def _invalid() -> GraphQLError:
    return bad_input(
        "This cursor is not of this list: use one that came with the same filter and order.", code="INVALID_CURSOR"
    )
