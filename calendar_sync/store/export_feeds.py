"""Secret addresses at which calendars can be subscribed to, and what is to be read there."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.export_feeds import ExportedEntry, ExportFeed
from calendar_sync.domain.identifiers import CalendarId, EventId, ExportFeedId, OrganizationId, UserId
from calendar_sync.store.columns import among
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import calendars, change_sequences, changes, events, export_feeds


class ExportFeeds:
    """`tx.export_feeds`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, feed: ExportFeed, secret_hash: str) -> None:
        chosen = None if feed.calendar_ids is None else orjson.dumps(list(feed.calendar_ids)).decode()
        values = {column.name: getattr(feed, column.name, None) for column in export_feeds.c}
        values |= {"secret_hash": secret_hash, "calendar_ids": chosen}
        await self._connection.execute(insert(export_feeds).values(values))

    async def list(self, actor: Actor) -> Sequence[ExportFeed]:
        """Oldest first."""
        statement = within(actor, select(export_feeds), export_feeds)
        rows = await self._connection.execute(statement.order_by(export_feeds.c.created_at, export_feeds.c.id))
        return [_feed(row) for row in rows]

    async def delete(self, actor: Actor, feed: ExportFeedId) -> None:
        """Nobody can read it any more. Raises `NotFound`."""
        statement = within(actor, delete(export_feeds).where(export_feeds.c.id == feed), export_feeds)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound("export_feed")

    async def by_secret(self, secret_hash: str) -> ExportFeed | None:
        """Whoever's it is: knowing the secret is all it takes."""
        statement = select(export_feeds).where(export_feeds.c.secret_hash == secret_hash)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else _feed(row)

    async def touch(self, feed: ExportFeedId, at: datetime) -> None:
        """Note that it was read. Never set back by a reading that was noted late."""
        read = export_feeds.c.last_read_at
        statement = update(export_feeds).where(export_feeds.c.id == feed, or_(read.is_(None), read < at))
        await self._connection.execute(statement.values(last_read_at=at))

    async def entries(self, actor: Actor, chosen: Sequence[CalendarId] | None) -> Sequence[ExportedEntry]:
        """What the actor's calendars hold, the oldest first: those of `chosen` that are read, or all.

        What only the past knows, since the provider no longer has it, is left out.
        """
        shown = within(actor, select(calendars.c.id), calendars)
        shown = shown.where(calendars.c.is_selected, calendars.c.gone_at.is_(None))
        if chosen is not None:
            shown = shown.where(among(calendars.c.id, chosen))
        columns = (events.c.id, events.c.uid, events.c.content_hash, events.c.created_at, events.c.updated_at)
        statement = select(*columns).where(events.c.calendar_id.in_(shown), events.c.content_hash.is_not(None))
        rows = await self._connection.execute(statement.order_by(events.c.created_at, events.c.id))
        return [ExportedEntry(EventId(row.id), *row[1:]) for row in rows]

    async def payloads(self, actor: Actor, ids: Iterable[EventId]) -> Mapping[EventId, str]:
        """What these events say (`store.payload`)."""
        statement = select(events.c.id, events.c.payload).where(among(events.c.id, ids))
        rows = await self._connection.execute(named_within(actor, statement, events))
        return {EventId(row.id): row.payload for row in rows}

    async def last_change_at(self, actor: Actor) -> datetime | None:
        """When the last change of the actor's events was recorded, a removal too."""
        ours = changes.c.user_id == actor.user_id
        last = select(changes.c.at).where(ours).order_by(changes.c.seq.desc()).limit(1)
        compacted = select(change_sequences.c.compacted_at).where(change_sequences.c.user_id == actor.user_id)
        found: datetime | None = await self._connection.scalar(
            select(func.coalesce(last.scalar_subquery(), compacted.scalar_subquery(), type_=changes.c.at.type))
        )
        return found


def _feed(row: Row[Any]) -> ExportFeed:
    chosen = None if row.calendar_ids is None else tuple(map(CalendarId, orjson.loads(row.calendar_ids)))
    return ExportFeed(
        id=ExportFeedId(row.id),
        user_id=UserId(row.user_id),
        organization_id=OrganizationId(row.organization_id),
        name=row.name,
        is_busy_only=row.is_busy_only,
        calendar_ids=chosen,
        created_at=row.created_at,
        last_read_at=row.last_read_at,
    )
