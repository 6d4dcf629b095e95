"""The use case of reading what changed, page by page or as it happens, whoever asks."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeContent, ChangeFilter, ChangePage, Position, RecordedChange
from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.identifiers import EventId, UserId
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.live import LOOK_EVERY, Live
from calendar_sync.store.database import Database

_AT_A_TIME = 100
"""How many changes a follower reads at a time, and has in memory."""
_EVERYTHING = ChangeFilter()


@dataclass(frozen=True, slots=True)
class ChangeFeed:
    """Numbers are given out in the order of the commits (`store.changes`), so whoever reads on from a place misses
    nothing and meets nothing twice. `heads` are the numbers of the users' last changes."""

    database: Database
    heads: Live[UserId, int]

    @classmethod
    def of(cls, database: Database) -> "ChangeFeed":
        """Its followers are told at once of what this process commits. To be closed."""

        async def look(users: Collection[UserId]) -> Mapping[UserId, int]:
            async with database.begin(write=False) as tx:
                return await tx.changes.heads(users)

        heads = Live(look)
        database.committed.append(heads.wake)
        return cls(database, heads)

    async def close(self) -> None:
        self.database.committed.remove(self.heads.wake)
        await self.heads.close()

    async def latest(self, actor: Actor) -> Position:
        """The place right after the last change: what is listed from now on has all up to there."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.changes.latest(actor)

    async def page(
        self, actor: Actor, after: Position | None, *, wanted: ChangeFilter = _EVERYTHING, limit: int
    ) -> ChangePage:
        """The changes that follow the place, in order; without one, from the first that is kept.

        Raises `CursorCompacted` and `CursorUnknown`.
        """
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.changes.page(actor, after, wanted=wanted, limit=limit)

    async def follow(self, actor: Actor, after: Position | None = None) -> AsyncGenerator[RecordedChange]:
        """The changes that follow the place, or are made from now on, one after the other as they are asked for.

        While the store is away there is nothing new. Raises `CursorCompacted` and `CursorUnknown`, the first also
        when who follows is so slow that what they have not seen yet is no longer kept. Close it when done
        (`aclosing`).
        """
        place = await self._expected(actor, after)
        async with aclosing(self.heads.follow(actor.user_id)) as heads:
            async for head in heads:
                while place.seq != head:
                    page = await self._next(actor, place)
                    for change in page.items:
                        yield change
                    place = page.end
                    if not page.has_more:
                        break

    async def contents(self, actor: Actor, seqs: Iterable[int]) -> Mapping[int, ChangeContent]:
        """What the named changes replaced, and by what."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.changes.contents(actor, seqs)

    async def histories(
        self, actor: Actor, of: Iterable[EventId], before: Position | None, limit: int
    ) -> Mapping[EventId, Sequence[RecordedChange]]:
        """Of each event object the last changes before a place, the newest first."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.changes.histories(actor, of, before, limit)

    async def occurrences(
        self, actor: Actor, of: Iterable[EventId], limit: int
    ) -> Mapping[EventId, Sequence[Occurrence]]:
        """Of each event object the first occurrences that are stored of it."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.of_objects(actor, of, limit)

    async def _expected(self, actor: Actor, after: Position | None) -> Position:
        """Where to start. What is wrong with it is said at once, not with the next change."""
        if after is None:
            return await self.latest(actor)
        await self.page(actor, after, limit=1)
        return after

    async def _next(self, actor: Actor, place: Position) -> ChangePage:
        while True:
            try:
                return await self.page(actor, place, limit=_AT_A_TIME)
            except StoreUnavailable:
                await asyncio.sleep(LOOK_EVERY)
