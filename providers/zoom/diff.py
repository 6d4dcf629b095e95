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
_MOST_STALE = 50
_FOR_EVER = 2**40
"""Nobody knows when it is over: as soon as it is no longer listed, it is gone."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a row came to, and what to know of it from now on."""

    change: Change
    known: Known


def changed(listed: Mapping[str, Row], known: Mapping[str, Known]) -> Sequence[Row]:
    """The rows that are new, or say something else than they did."""
    return [row for name, row in listed.items() if name not in known or known[name].fingerprint != row.fingerprint]


def stale(listed: Mapping[str, Row], known: Mapping[str, Known], now: datetime) -> Sequence[Row]:
    """The rows of series whose occurrences should be read again although they say what they did, the oldest first.

    Occurrences change without the row: while some lie ahead, they are read once a day. Of many, the rest has to wait
    for the next reading, so that no reading is held up for long.
    """
    due = now.timestamp() - _DAILY.total_seconds()
    old = [
        (before.detailed, name)
        for name, row in listed.items()
        if row.kind is Kind.SERIES
        and (before := known.get(name)) is not None
        and before.fingerprint == row.fingerprint
        and before.detailed <= due
        and before.is_ahead(now)
    ]
    return [listed[name] for _, name in sorted(old)[:_MOST_STALE]]


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
