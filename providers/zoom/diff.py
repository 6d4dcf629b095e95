"""From rows, and what was known of them, to changes. No questions are asked here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from calendar_sync.domain.providers import Change, Quarantine, Removal, Upsert, UpsertException
from providers.bearer import Json
from providers.quarantine import understood
from providers.zoom.cursor import Known, seconds
from providers.zoom.listing import NOT_UNDERSTOOD, Kind, Row, is_invited
from providers.zoom.parse import end_of, meeting_id, series, single_event
from providers.zoom.times import instant
from providers.zoom.wire import MeetingDetail

_DAILY = timedelta(hours=23)
_FEW = 4
_FOR_EVER = 2**40
"""Nobody knows when it is over: as soon as it is no longer listed, it is gone."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a row came to, and what to know of it from now on."""

    change: Change
    known: Known


def is_as_known(row: Row, known: Known | None, now: datetime) -> bool:
    """Whether there is nothing to tell of a row.

    The occurrences of a series change without its row: while some lie ahead, they are read once a day at least.
    """
    if known is None or known.fingerprint != row.fingerprint:
        return False
    is_old = now.timestamp() - known.detailed >= _DAILY.total_seconds()
    return row.kind is not Kind.SERIES or not (known.is_ahead(now) and is_old)


def told(row: Row, owner: str | None) -> Told:
    """Of any row but a series. `owner` is the address of the account, which hosts what it is not invited to."""
    if row.kind is Kind.UNREADABLE:
        return Told(Quarantine(row.name, NOT_UNDERSTOOD, row.meeting["topic"]), Known(row.fingerprint, _FOR_EVER))
    return _understood(row, row.meeting, lambda: _single(row, owner), 0)


def told_in_detail(row: Row, detail: Json, owner: str | None, now: datetime) -> Told:
    """Of a series."""
    meeting = cast(MeetingDetail, detail)

    def read() -> tuple[Change, datetime]:
        return Upsert(series(meeting, owner)), end_of(meeting)

    return _understood(row, detail, read, seconds(now))


def _single(row: Row, owner: str | None) -> tuple[Change, datetime]:
    """The change, and when the meeting, if it is listed no more, was not removed: Zoom stops to list what one is
    invited to when it begins, what one hosts long after it is over.
    """
    start = instant(row.meeting["start_time"])
    match row.kind:
        case Kind.OCCURRENCE:
            event = single_event(row.name, row.meeting, None)
            return UpsertException(row.name, meeting_id(row.meeting), start, event), start
        case Kind.INVITED:
            return Upsert(single_event(row.name, row.meeting, None), exceptions_apart=True), start
    return Upsert(single_event(row.name, row.meeting, owner)), start + timedelta(minutes=row.meeting.get("duration", 0))


def _understood(row: Row, source: object, read: Callable[[], tuple[Change, datetime]], detailed: int) -> Told:
    found = understood(read, row.name, source, NOT_UNDERSTOOD)
    if isinstance(found, Quarantine):
        return Told(found, Known(row.fingerprint, _FOR_EVER, detailed))
    change, until = found
    return Told(change, Known(row.fingerprint, seconds(until), detailed))


def missing(known: Mapping[str, Known], listed: Collection[str], now: datetime) -> Sequence[str]:
    """The names of what is no longer listed, though it is not over."""
    return [name for name, each in known.items() if name not in listed and each.is_ahead(now)]


def is_doubtful(known: Mapping[str, Known], listed: Collection[str], now: datetime) -> bool:
    """Whether so much is missing that the list should be read a second time before it is believed."""
    gone, ahead = len(missing(known, listed, now)), sum(each.is_ahead(now) for each in known.values())
    return gone >= _FEW and gone * 2 > ahead


def removal(name: str, now: datetime) -> Removal:
    """What took place of a meeting stays; an occurrence told by itself has not begun."""
    return Removal(name) if "/" in name else Removal(name, since=now)


def invitations(known: Mapping[str, Known], now: datetime) -> Mapping[str, Known]:
    """What the user was invited to and is still ahead."""
    return {name: each for name, each in known.items() if is_invited(each.fingerprint) and each.is_ahead(now)}
