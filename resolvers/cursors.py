"""Opaque places in a list, bound to the list they were given out for.

A cursor is a place (of an event in a list its start and identifier, of a change its number and time) and a digest over
the place and what the list is: its user and, of events, order and filter. It is no secret and opens nothing: what it is
good for is that a cursor of another list, or of another user, or one that was cut or made up is refused instead of
giving a page from somewhere. Cursors outlive servers: how they are written never changes.
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
from calendar_sync.domain.changes import Position
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from resolvers.refusals import bad_input

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIGEST = 8
_INSTANT = 8
_NUMBER = 8
_LONGEST = 256


@dataclass(frozen=True)
class EventList:
    """All that decides what follows a place."""

    actor: Actor
    filter: OccurrenceFilter
    descending: bool

    def cursor(self, occurrence: Occurrence) -> str:
        return _sealed(self._kind, _instant_bytes(occurrence.starts_at) + occurrence.id.encode())

    def place(self, cursor: str) -> tuple[datetime, OccurrenceId]:
        """Where `cursor` points. Raises a `GraphQLError` with the code `INVALID_CURSOR`."""
        place = _opened(self._kind, cursor)
        return _instant(place[:_INSTANT]), OccurrenceId(place[_INSTANT:].decode())

    @cached_property
    def _kind(self) -> bytes:
        return _hashed([self.actor.user_id, self.descending, asdict(self.filter)])


@dataclass(frozen=True)
class ChangeList:
    """The user's changes. A place in them is one whichever of them are asked for, and in whichever order."""

    actor: Actor

    def cursor(self, place: Position) -> str:
        return _sealed(self._kind, _instant_bytes(place.at) + place.seq.to_bytes(_NUMBER, "big"))

    def place(self, cursor: str) -> Position:
        """Where `cursor` points. Raises a `GraphQLError` with the code `INVALID_CURSOR`."""
        place = _opened(self._kind, cursor)
        return Position(int.from_bytes(place[_INSTANT:], "big"), _instant(place[:_INSTANT]))

    @cached_property
    def _kind(self) -> bytes:
        return _hashed(["changes", self.actor.user_id])


def _hashed(kind: object) -> bytes:
    return blake2b(json.dumps(kind, default=str).encode(), digest_size=32).digest()


def _instant_bytes(instant: datetime) -> bytes:
    return ((instant - _EPOCH) // _MICROSECOND).to_bytes(_INSTANT, "big", signed=True)


def _instant(raw: bytes) -> datetime:
    return _EPOCH + int.from_bytes(raw, "big", signed=True) * _MICROSECOND


def _sealed(kind: bytes, place: bytes) -> str:
    digest = blake2b(place, digest_size=_DIGEST, key=kind).digest()
    return urlsafe_b64encode(digest + place).decode().rstrip("=")


def _opened(kind: bytes, cursor: str) -> bytes:
    raw = _decoded(cursor)
    if _sealed(kind, raw[_DIGEST:]) != cursor:
        raise _invalid()
    return raw[_DIGEST:]


def _decoded(cursor: str) -> bytes:
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise _invalid()
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except binascii.Error as err:
        raise _invalid() from err


def _invalid() -> GraphQLError:
    return bad_input(
        "This cursor is not of this list: use one that came with the same filter and order.", code="INVALID_CURSOR"
    )
