"""Event objects that go: deleted with their occurrences, or with those ahead, and recorded."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.changes import Change, ChangeKind
from calendar_sync.domain.identifiers import CalendarId, EventId, UserId
from calendar_sync.domain.sync import Transition
from calendar_sync.store.changes import Made, Origin, record
from calendar_sync.store.columns import among
from calendar_sync.store.former import remember
from calendar_sync.store.payload import decode, summary
from calendar_sync.store.tables import events, occurrences

_BATCH = 1000
_COLUMNS = ("id", "calendar_id", "user_id", "remote_id", "content_hash", "payload")


async def remove(connection: AsyncConnection, which: ColumnElement[bool], origin: Origin) -> dict[str, Transition]:
    """Delete the event objects of one user that `which` says, and record that; by `remote_id`."""
    gone = await record_removal(connection, which, origin)
    await remember(connection, occurrences.c.event_id.in_(select(events.c.id).where(which)), origin.at)
    await connection.execute(delete(events).where(which))
    return gone


async def remove_ahead(
    connection: AsyncConnection, which: ColumnElement[bool], since: datetime, origin: Origin
) -> dict[str, Transition]:
    """Remove what is not over at `since` of these event objects of one user; by `remote_id`.

    What took place is history and stays: of a series that has a past only the rest goes.
    """
    which &= events.c.content_hash.is_not(None) & or_(events.c.ends_at.is_(None), events.c.ends_at > since)
    ids = list((await connection.execute(select(events.c.id).where(which))).scalars())
    gone = await record_removal(connection, among(events.c.id, ids), origin)
    ahead = among(occurrences.c.event_id, ids) & (occurrences.c.ends_at > since)
    await remember(connection, ahead, origin.at)
    past = select(occurrences.c.event_id).where(among(occurrences.c.event_id, ids), occurrences.c.ends_at <= since)
    ended = set((await connection.execute(past.distinct())).scalars())
    await connection.execute(delete(events).where(among(events.c.id, [id for id in ids if id not in ended])))
    if ended:
        rest = among(occurrences.c.event_id, ended) & (occurrences.c.ends_at > since)
        await connection.execute(delete(occurrences).where(rest))
        over = {"content_hash": None, "ends_at": since, "updated_at": origin.at, "run_id": origin.run}
        await connection.execute(update(events).where(among(events.c.id, ended)).values(over))
    return gone


async def record_removal(
    connection: AsyncConnection, which: ColumnElement[bool], origin: Origin
) -> dict[str, Transition]:
    """Record that these event objects of one user go; deleting them is the caller's.

    Those of which only the past was kept have been recorded before.
    """
    gone: dict[str, Transition] = {}
    async for batch in _batches(connection, which):
        made = [_removal(row) for row in batch]
        await record(connection, UserId(batch[0].user_id), made, origin)
        gone |= {row.remote_id: Transition(row.content_hash, None) for row in batch}
    return gone


async def _batches(connection: AsyncConnection, which: ColumnElement[bool]) -> AsyncGenerator[list[Row[Any]]]:
    wanted: Select[Any] = select(*(events.c[name] for name in _COLUMNS)).where(
        which, events.c.content_hash.is_not(None)
    )
    after = ""
    while True:
        page = wanted.where(events.c.id > after).order_by(events.c.id).limit(_BATCH)
        batch = list(await connection.execute(page))
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _removal(row: Row[Any]) -> Made:
    change = Change(
        event_id=EventId(row.id),
        calendar_id=CalendarId(row.calendar_id),
        remote_id=row.remote_id,
        kind=ChangeKind.REMOVED,
        before=summary(decode(row.remote_id, row.payload)),
        after=None,
    )
    return Made(change, row.payload)
