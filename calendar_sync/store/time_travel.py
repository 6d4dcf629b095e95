"""An occurrence as it was stored at an earlier instant, put together from what is kept of changes and identifiers.

Whether it was there, and which instance of which event object it was, says its row, or the one that remembers it
(`store.former`). What the object was then says the first change since (`before_payload`), or what is stored of it now.
What a list shows of an occurrence was made when its row was last written; what else it says, of the object as it is.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeKind
from calendar_sync.domain.errors import HistoryCompacted
from calendar_sync.domain.events import Event, EventTime, Instance, Window
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent, PastOccurrence
from calendar_sync.recurrence import expand
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.zones import Zones, later
from calendar_sync.store.calendars import calendar_of
from calendar_sync.store.listing import instances_of
from calendar_sync.store.occurrence_rows import new_row, occurrence_of
from calendar_sync.store.payload import decode
from calendar_sync.store.scope import within
from calendar_sync.store.tables import calendars, change_sequences, changes, events, former_occurrences, occurrences

_SLACK = timedelta(days=3)  # more than any two zones are apart, and any two readings of a wall clock


@dataclass(frozen=True, slots=True)
class _Version:
    """An event object as it was."""

    remote_id: str
    payload: str

    @property
    def event(self) -> Event:
        return decode(self.remote_id, self.payload)


async def as_of(connection: AsyncConnection, actor: Actor, id: OccurrenceId, at: datetime) -> PastOccurrence | None:
    """See `Events.as_of`."""
    await _expect_kept(connection, actor, at)
    former = await _first(connection, _remembered(actor, id, at))
    current = await _first(connection, within(actor, select(occurrences).where(occurrences.c.id == id), occurrences))
    row = former or current
    version = await _version(connection, actor, row.event_id, at) if row and row.created_at <= at else None
    if row is None or version is None:
        return None
    if former is None and row.updated_at <= at:
        return await asyncio.to_thread(_past, occurrence_of(row, None), version)
    written_at = min(at, row.updated_at if former is None else row.written_at)
    written = await _version(connection, actor, row.event_id, written_at) or version
    calendar = await _first(connection, select(calendars).where(calendars.c.id == row.calendar_id))
    if calendar is None:
        return None
    return await asyncio.to_thread(_rebuilt, calendar, row, current, written, written_at, version)


async def _expect_kept(connection: AsyncConnection, actor: Actor, at: datetime) -> None:
    kept = within(actor, select(change_sequences.c.compacted_at), change_sequences)
    since: datetime | None = await connection.scalar(kept)
    if since is not None and at < since:
        raise HistoryCompacted(since)


def _remembered(actor: Actor, id: OccurrenceId, at: datetime) -> Any:  # noqa: ANN401 - a `Select`
    former = former_occurrences.c
    statement = within(actor, select(former_occurrences).where(former.id == id, former.until > at), former_occurrences)
    return statement.order_by(former.until).limit(1)


async def _first(connection: AsyncConnection, statement: Any) -> Row[Any] | None:  # noqa: ANN401 - a `Select`
    return (await connection.execute(statement)).first()


async def _version(connection: AsyncConnection, actor: Actor, event: str, at: datetime) -> _Version | None:
    """The object as it was at that instant, or was last before; `None` where there is nothing known of it.

    Of what was gone by then the last version counts: the past of it may have been kept.
    """
    following = await _first(connection, _changes_of(actor, event, changes.c.at > at).order_by(changes.c.seq).limit(1))
    if following is not None and following.before_payload is not None:
        return _Version(following.remote_id, following.before_payload)
    if following is not None and following.cause is None and following.kind != ChangeKind.CREATED:
        raise HistoryCompacted(following.at)  # a version recorded it that did not keep what it replaced
    stored = select(events.c.remote_id, events.c.payload.label("before_payload")).where(events.c.id == event)
    last = await _first(connection, within(actor, stored, events)) if following is None else None
    before = _changes_of(actor, event, changes.c.at <= at).order_by(changes.c.seq.desc()).limit(1)
    last = last or await _first(connection, before)
    return None if last is None or last.before_payload is None else _Version(last.remote_id, last.before_payload)


def _changes_of(actor: Actor, event: str, which: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a `Select`
    return within(actor, select(changes).where(changes.c.event_id == event, which), changes)


def _rebuilt(
    calendar: Row[Any], row: Row[Any], current: Row[Any] | None, written: _Version, at: datetime, version: _Version
) -> PastOccurrence:
    """The occurrence as it was `written` at that time, with what is ours as of now, if there is still one."""
    event = written.event
    instance = _instance(event, row.original_start) or _as_its_series_has_it(event, row.original_start)
    made = new_row(calendar_of(calendar), row.event_id, event, instance, OccurrenceId(row.id), at)
    ours = {name: getattr(current, name) for name in ("auto_join_status", "session_id")} if current else {}
    then: Any = SimpleNamespace(**{**made, **ours, "created_at": row.created_at})
    return _past(occurrence_of(then, None), version)


def _past(occurrence: Occurrence, version: _Version) -> PastOccurrence:
    row = {
        "id": occurrence.id,
        "original_start": occurrence.original_start,
        "starts_at": occurrence.starts_at,
        "ends_at": occurrence.ends_at,
        "all_day": occurrence.all_day,
        "time_zone": occurrence.time_zone,
        "remote_id": version.remote_id,
        "payload": version.payload,
    }
    ((_, _, instance),) = instances_of([row])
    return PastOccurrence(occurrence, OccurrenceContent(instance.time, instance.details))


def _instance(event: Event, original: str) -> Instance | None:
    """The instance of that original start, wherever it was moved to."""
    starts = list(_starts(event, original))
    first, last = (edge.replace(tzinfo=UTC) for edge in (min(starts), max(starts)))
    window = Window(later(first, -_SLACK), later(last, _SLACK))
    return next((each for each in expand(event, window).instances if each.original_start == original), None)


def _starts(event: Event, original: str) -> Iterator[datetime]:
    """Where on its clock the instance may start: in its place, or where exceptions move it."""
    place = _wall(event, original)
    yield place
    for override in event.overrides:
        if override.time is not None and override.this_and_future and override.original_start <= place:
            yield later(place, override.time.start - override.original_start)
        elif override.time is not None and override.original_start.replace(fold=0) == place:
            yield override.time.start


def _wall(event: Event, original: str) -> datetime:
    return datetime.fromisoformat(original.removesuffix("/1")) if original else event.time.start


def _as_its_series_has_it(event: Event, original: str) -> Instance:
    """For an instance that a provider lists no more, and of which no more than its start is known."""
    start, time = _wall(event, original), event.time
    end = later(start, time.end - time.start)
    own = EventTime(start, end, time.zone, time.all_day, time.end_zone, time.zone_rules)
    return Instance(original, *instants(own, Zones()), own, event.details)
