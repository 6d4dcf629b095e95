"""A user with one connection and one calendar, and what tests do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeCause, RecordedChange
from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.identifiers import RunId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from calendar_sync.domain.providers import Change, Snapshot, Upsert
from calendar_sync.domain.requests import Asked, Begun
from calendar_sync.domain.sync import Transition, Trigger
from calendar_sync.store.database import Database
from tests.builders import NOW, WINDOW, a_calendar, a_connection, an_actor

RUN = RunId("run_1")
TTL = timedelta(seconds=30)
"""Of leases."""
CLAIM = timedelta(minutes=5)


@dataclass(frozen=True)
class Place:
    database: Database
    actor: Actor
    connection: Connection
    calendar: Calendar

    async def apply(
        self,
        *changes: Change | Event,
        window: Window = WINDOW,
        now: datetime = NOW,
        run: RunId = RUN,
        cause: ChangeCause | None = None,
    ) -> Mapping[str, Transition]:
        """An event stands for its `Upsert`."""
        page = [Upsert(change) if isinstance(change, Event) else change for change in changes]
        async with self.database.begin() as tx:
            return await tx.events.apply(self.calendar, page, run, window, now, cause=cause)

    async def sweep(
        self,
        *seen: str,
        snapshot: Snapshot = Snapshot.WHOLE,
        confirmed: bool = False,
        now: datetime = NOW,
        run: RunId = RUN,
        cause: ChangeCause | None = None,
    ) -> Mapping[str, Transition]:
        async with self.database.begin() as tx:
            return await tx.events.sweep(self.calendar, set(seen), snapshot, run, now, confirmed=confirmed, cause=cause)

    async def occurrences(self, wanted: OccurrenceFilter = OccurrenceFilter()) -> Sequence[Occurrence]:
        """All of them, by start."""
        async with self.database.begin(write=False) as tx:
            page = await tx.events.page(self.actor, wanted, limit=10_000)
        assert not page.has_more
        return page.items

    async def hashes(self) -> Mapping[str, str]:
        async with self.database.begin(write=False) as tx:
            return await tx.events.hashes(self.calendar.id)

    async def changes(self) -> Sequence[RecordedChange]:
        async with self.database.begin(write=False) as tx:
            return await tx.changes.list(self.actor.user_id, 0, 10_000)

    async def ask(self, trigger: Trigger = Trigger.USER, after: timedelta = timedelta()) -> Asked:
        """For a run over the connection."""
        now = NOW + after
        async with self.database.begin() as tx:
            (asked,) = await tx.requests.ask([self.connection.id], trigger, now, until=now + CLAIM)
        return asked

    async def begin(self, owner: str = "one", after: timedelta = timedelta()) -> Begun | None:
        """The run that is asked for, with a lease of `TTL`."""
        async with self.database.begin() as tx:
            return await tx.requests.begin(self.connection.id, owner, TTL, NOW + after)

    async def begun(self, owner: str = "one", after: timedelta = timedelta()) -> Begun:
        begun = await self.begin(owner, after)
        assert begun is not None
        return begun

    async def numbers(self) -> tuple[int, int]:
        """That of the last request, and of the last one that a run has served."""
        async with self.database.begin(write=False) as tx:
            standing = (await tx.requests.standings([self.connection.id], NOW))[self.connection.id]
        return standing.requested, standing.done


async def a_place(database: Database, email: str = "someone@example.com") -> Place:
    actor = await an_actor(database, email)
    connection = await a_connection(database, actor)
    return Place(database, actor, connection, await a_calendar(database, connection))


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_place(database)
