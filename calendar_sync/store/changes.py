"""The record of what changed: one sequence for each user, without gaps, in the transaction that made the change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import (
    Change,
    ChangeCause,
    ChangeContent,
    ChangeFilter,
    ChangePage,
    Position,
    RecordedChange,
)
from calendar_sync.domain.identifiers import CalendarId, EventId, RunId, UserId
from calendar_sync.store import compaction, feed
from calendar_sync.store.bulk import insert_rows
from calendar_sync.store.columns import among
from calendar_sync.store.statements import excluded, upsert_into
from calendar_sync.store.tables import change_sequences, changes
from calendar_sync.store.webhook_notices import tell_of_changes


@dataclass(frozen=True, slots=True)
class Made:
    """A change to record. `before_payload` is all of what was replaced or removed, as it was stored."""

    change: Change
    before_payload: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What made changes, and when: a run or, without one, a deed of the user. The cause may not be known."""

    run: RunId | None
    cause: ChangeCause | None
    at: datetime


class Changes:
    """`tx.changes`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, user: UserId, after_seq: int, limit: int) -> Sequence[RecordedChange]:
        """The user's changes that follow number `after_seq`, in order."""
        statement = select(changes).where(changes.c.user_id == user, changes.c.seq > after_seq)
        rows = await self._connection.execute(statement.order_by(changes.c.seq).limit(limit))
        return [feed.recorded(row) for row in rows]

    async def heads(self, users: Iterable[UserId]) -> Mapping[UserId, int]:
        """The numbers of these users' last changes; who has none is left out."""
        return await feed.heads(self._connection, users)

    async def latest(self, actor: Actor) -> Position:
        """The place right after the actor's last change."""
        return await feed.latest(self._connection, actor)

    async def page(
        self, actor: Actor, after: Position | None, *, wanted: ChangeFilter = ChangeFilter(), limit: int
    ) -> ChangePage:
        """The actor's changes that follow the place, in order; without one, from the first that is kept.

        Raises `CursorCompacted` where one in between is no longer kept, and `CursorUnknown` for a place that this
        store never had.
        """
        return await feed.page(self._connection, actor, after, wanted, limit)

    async def contents(self, actor: Actor, seqs: Iterable[int]) -> Mapping[int, ChangeContent]:
        """All that those of the actor's changes replaced, and by what, by number."""
        return await feed.contents(self._connection, actor, seqs)

    async def histories(
        self, actor: Actor, of: Iterable[EventId], before: Position | None, limit: int
    ) -> Mapping[EventId, Sequence[RecordedChange]]:
        """Of each of these event objects of the actor's the last changes `before` a place, the newest first."""
        return await feed.histories(self._connection, actor, of, before, limit)

    async def compact(self, before: datetime, at_most: int) -> int:
        """Forget changes made earlier, and what time travel had of that time; how many rows went, 0 if there are none.

        Of each user's sequence the beginning goes, up to the first change that is not older. A sequence that is being
        written to is left for the next time.
        """
        return await compaction.compact(self._connection, before, at_most)


async def record(connection: AsyncConnection, user: UserId, made: Sequence[Made], origin: Origin) -> None:
    """Number the changes and store them. Until the transaction ends, nobody else can record changes of this user."""
    if not made:
        return
    last = await _advance(connection, user, len(made))
    numbered = enumerate(made, start=last - len(made) + 1)
    rows = [_row(user, seq, each, origin) for seq, each in numbered]
    await insert_rows(connection, changes, rows)
    await tell_of_changes(connection, user, rows, origin.at)


async def hold(connection: AsyncConnection, user: UserId) -> None:
    """Keep all others from recording changes of this user until the transaction ends."""
    await _advance(connection, user, 0)


async def forget(connection: AsyncConnection, user: UserId, calendars: Iterable[CalendarId]) -> None:
    """Of the changes of these calendars keep that they were made, not what of."""
    await hold(connection, user)
    theirs = (changes.c.user_id == user) & among(changes.c.calendar_id, calendars)
    await connection.execute(update(changes).where(theirs).values(before=None, after=None, before_payload=None))


async def _advance(connection: AsyncConnection, user: UserId, by: int) -> int:
    last = change_sequences.c.last_seq
    new = upsert_into(change_sequences, connection.dialect).values(user_id=user, last_seq=by)
    raised = new.on_conflict_do_update(index_elements=["user_id"], set_={"last_seq": last + excluded("last_seq")})
    return int((await connection.execute(raised.returning(last))).scalar_one())


def _row(user: UserId, seq: int, made: Made, origin: Origin) -> dict[str, object]:
    change = made.change
    return {
        "user_id": user,
        "seq": seq,
        "event_id": change.event_id,
        "calendar_id": change.calendar_id,
        "remote_id": change.remote_id,
        "kind": change.kind.value,
        "run_id": origin.run,
        "changed_fields": orjson.dumps(change.fields).decode(),
        "before": change.before,
        "after": change.after,
        "before_payload": made.before_payload,
        "cause": origin.cause,
        "at": origin.at,
    }
