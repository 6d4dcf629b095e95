"""The record of what changed: one sequence for each user, without gaps, in the transaction that made the change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import CalendarId, EventId, RunId, UserId
from calendar_sync.store.bulk import insert_rows
from calendar_sync.store.statements import excluded, upsert_into
from calendar_sync.store.tables import change_sequences, changes


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one event object.

    `before` and `after` are summaries as JSON (`payload.summary`); `fields` names what differs between them in full.
    """

    event_id: EventId
    calendar_id: CalendarId
    remote_id: str
    kind: ChangeKind
    before: str | None
    after: str | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """`seq` counts the user's changes from 1 on, in the order in which they were committed. `run_id` is `None` for
    what no run did: the user disconnected an account, or chose other calendars."""

    seq: int
    change: Change
    run_id: RunId | None
    at: datetime


class Changes:
    """`tx.changes`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, user: UserId, after_seq: int, limit: int) -> Sequence[RecordedChange]:
        """The user's changes that follow number `after_seq`, in order."""
        statement = select(changes).where(changes.c.user_id == user, changes.c.seq > after_seq)
        rows = await self._connection.execute(statement.order_by(changes.c.seq).limit(limit))
        return [_recorded(row) for row in rows]


async def record(
    connection: AsyncConnection, user: UserId, made: Sequence[Change], run: RunId | None, at: datetime
) -> None:
    """Number the changes and store them. Until the transaction ends, nobody else can record changes of this user."""
    if not made:
        return
    last = await _advance(connection, user, len(made))
    numbered = enumerate(made, start=last - len(made) + 1)
    rows = [_row(user, seq, change, run, at) for seq, change in numbered]
    await insert_rows(connection, changes, rows)


async def hold(connection: AsyncConnection, user: UserId) -> None:
    """Keep all others from recording changes of this user until the transaction ends."""
    await _advance(connection, user, 0)


async def _advance(connection: AsyncConnection, user: UserId, by: int) -> int:
    last = change_sequences.c.last_seq
    new = upsert_into(change_sequences, connection.dialect).values(user_id=user, last_seq=by)
    raised = new.on_conflict_do_update(index_elements=["user_id"], set_={"last_seq": last + excluded("last_seq")})
    return int((await connection.execute(raised.returning(last))).scalar_one())


def _row(user: UserId, seq: int, change: Change, run: RunId | None, at: datetime) -> dict[str, object]:
    return {
        "user_id": user,
        "seq": seq,
        "event_id": change.event_id,
        "calendar_id": change.calendar_id,
        "remote_id": change.remote_id,
        "kind": change.kind.value,
        "run_id": run,
        "changed_fields": orjson.dumps(change.fields).decode(),
        "before": change.before,
        "after": change.after,
        "before_payload": None,
        "cause": None,
        "at": at,
    }


def _recorded(row: Row[Any]) -> RecordedChange:
    change = Change(
        event_id=EventId(row.event_id),
        calendar_id=CalendarId(row.calendar_id),
        remote_id=row.remote_id,
        kind=ChangeKind(row.kind),
        before=row.before,
        after=row.after,
        fields=tuple(orjson.loads(row.changed_fields)),
    )
    return RecordedChange(row.seq, change, None if row.run_id is None else RunId(row.run_id), row.at)
