"""Reading the record of changes: by the user's sequence or by event object, and what was before and after each."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import (
    BEGINNING,
    Change,
    ChangeCause,
    ChangeContent,
    ChangeFilter,
    ChangeKind,
    ChangePage,
    EventState,
    Position,
    RecordedChange,
)
from calendar_sync.domain.errors import CursorCompacted, CursorUnknown
from calendar_sync.domain.identifiers import CalendarId, EventId, RunId, UserId
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.zones import Zones
from calendar_sync.store.columns import among
from calendar_sync.store.payload import decode
from calendar_sync.store.scope import within
from calendar_sync.store.tables import change_sequences, changes, events

_TOLD = [column for column in changes.c if column.name != "before_payload"]


async def heads(connection: AsyncConnection, users: Iterable[UserId]) -> Mapping[UserId, int]:
    """See `Changes.heads`."""
    statement = select(change_sequences.c.user_id, change_sequences.c.last_seq)
    rows = await connection.execute(statement.where(among(change_sequences.c.user_id, users)))
    return {UserId(user): last for user, last in rows}


async def latest(connection: AsyncConnection, actor: Actor) -> Position:
    """See `Changes.latest`."""
    return (await _sequence(connection, actor, 0)).head


async def page(
    connection: AsyncConnection, actor: Actor, after: Position | None, wanted: ChangeFilter, limit: int
) -> ChangePage:
    """See `Changes.page`."""
    sequence = await _sequence(connection, actor, after.seq if after is not None else 0)
    start = sequence.start if after is None else after.seq
    if after is not None:
        sequence.expect(after)
    statement = within(actor, select(*_TOLD).where(changes.c.seq > start, *_conditions(wanted)), changes)
    rows = (await connection.execute(statement.order_by(changes.c.seq).limit(limit + 1))).all()
    items, has_more = [recorded(row) for row in rows[:limit]], len(rows) > limit
    return ChangePage(items, has_more, items[-1].position if has_more else sequence.head)


async def histories(
    connection: AsyncConnection, actor: Actor, of: Iterable[EventId], before: Position | None, limit: int
) -> Mapping[EventId, Sequence[RecordedChange]]:
    """See `Changes.histories`."""
    place = func.row_number().over(partition_by=changes.c.event_id, order_by=changes.c.seq.desc()).label("place")
    each = within(actor, select(*_TOLD, place).where(among(changes.c.event_id, of)), changes)
    if before is not None:
        each = each.where(changes.c.seq < before.seq)
    numbered = each.subquery("numbered")
    first = select(numbered).where(numbered.c.place <= limit).order_by(numbered.c.seq.desc())
    found: defaultdict[EventId, list[RecordedChange]] = defaultdict(list)
    for row in await connection.execute(first):
        found[EventId(row.event_id)].append(recorded(row))
    return found


async def contents(connection: AsyncConnection, actor: Actor, seqs: Iterable[int]) -> Mapping[int, ChangeContent]:
    """See `Changes.contents`."""
    later, following = changes.alias(), changes.alias()
    same = and_(later.c.user_id == changes.c.user_id, later.c.event_id == changes.c.event_id)
    next_seq = select(func.min(later.c.seq)).where(same, later.c.seq > changes.c.seq).scalar_subquery()
    is_next = and_(following.c.user_id == changes.c.user_id, following.c.seq == next_seq)
    after = case((following.c.seq.is_(None), events.c.payload), else_=following.c.before_payload)
    columns = (changes.c.seq, changes.c.remote_id, changes.c.kind, changes.c.before_payload, after.label("payload"))
    joined = changes.outerjoin(following, is_next).outerjoin(events, events.c.id == changes.c.event_id)
    statement = select(*columns).select_from(joined).where(changes.c.seq.in_(sorted(seqs)))
    rows = (await connection.execute(within(actor, statement, changes))).all()
    return await asyncio.to_thread(_contents, rows)


class _Sequence:
    """How far a user's sequence goes, what of it is kept, and when the change at a place in question was made."""

    def __init__(self, row: Row[Any] | None) -> None:
        self.start = 0 if row is None else row.compacted_seq
        self.head = (
            BEGINNING if row is None else Position(row.last_seq, row.last_at or row.compacted_at or BEGINNING.at)
        )
        self._made_at = None if row is None else row.made_at

    def expect(self, place: Position) -> None:
        """Raises `CursorCompacted` or `CursorUnknown`."""
        if place.seq < self.start:
            raise CursorCompacted
        if place.seq > self.head.seq or self._made_at not in {None, place.at}:
            raise CursorUnknown


async def _sequence(connection: AsyncConnection, actor: Actor, seq: int) -> _Sequence:
    own, last, asked = change_sequences, changes.alias(), changes.alias()
    joined = own.outerjoin(last, and_(last.c.user_id == own.c.user_id, last.c.seq == own.c.last_seq))
    joined = joined.outerjoin(asked, and_(asked.c.user_id == own.c.user_id, asked.c.seq == seq))
    columns = (own.c.last_seq, own.c.compacted_seq, own.c.compacted_at)
    statement = select(*columns, last.c.at.label("last_at"), asked.c.at.label("made_at")).select_from(joined)
    return _Sequence((await connection.execute(within(actor, statement, own))).first())


def _conditions(wanted: ChangeFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.calendar_ids is not None:
        yield among(changes.c.calendar_id, wanted.calendar_ids)
    if wanted.kinds is not None:
        yield among(changes.c.kind, wanted.kinds)


def _contents(rows: Sequence[Row[Any]]) -> dict[int, ChangeContent]:
    return {
        row.seq: ChangeContent(
            None if row.kind == ChangeKind.CREATED else _state(row.remote_id, row.before_payload),
            None if row.kind == ChangeKind.REMOVED else _state(row.remote_id, row.payload),
        )
        for row in rows
    }


def _state(remote_id: str, payload: str | None) -> EventState | None:
    if payload is None:
        return None
    event = decode(remote_id, payload)
    return EventState(event, *instants(event.time, Zones()))


def recorded(row: Row[Any]) -> RecordedChange:
    change = Change(
        event_id=EventId(row.event_id),
        calendar_id=CalendarId(row.calendar_id),
        remote_id=row.remote_id,
        kind=ChangeKind(row.kind),
        before=row.before,
        after=row.after,
        fields=tuple(orjson.loads(row.changed_fields)),
    )
    run = None if row.run_id is None else RunId(row.run_id)
    return RecordedChange(row.seq, change, run, row.at, None if row.cause is None else ChangeCause(row.cause))
