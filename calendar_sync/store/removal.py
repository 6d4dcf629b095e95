"""Event objects that go: deleted with their occurrences, and recorded."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import CalendarId, EventId, RunId, UserId
from calendar_sync.domain.sync import Transition
from calendar_sync.store.changes import Change, ChangeKind, record
from calendar_sync.store.payload import decode, summary
from calendar_sync.store.tables import events

_BATCH = 1000
_COLUMNS = ("id", "calendar_id", "user_id", "remote_id", "content_hash", "payload")


async def remove(
    connection: AsyncConnection, which: ColumnElement[bool], run: RunId | None, now: datetime
) -> dict[str, Transition]:
    """Delete the event objects of one user that `which` says, and record that; by `remote_id`."""
    gone = await record_removal(connection, which, run, now)
    await connection.execute(delete(events).where(which))
    return gone


async def record_removal(
    connection: AsyncConnection, which: ColumnElement[bool], run: RunId | None, now: datetime
) -> dict[str, Transition]:
    """Record that these event objects of one user go; deleting them is the caller's.

    Those of which only the past was kept have been recorded before.
    """
    gone: dict[str, Transition] = {}
    async for batch in _batches(connection, which):
        made = [_removal(row) for row in batch]
        await record(connection, UserId(batch[0].user_id), made, run, now)
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


def _removal(row: Row[Any]) -> Change:
    return Change(
        event_id=EventId(row.id),
        calendar_id=CalendarId(row.calendar_id),
        remote_id=row.remote_id,
        kind=ChangeKind.REMOVED,
        before=summary(decode(row.remote_id, row.payload)),
        after=None,
    )
