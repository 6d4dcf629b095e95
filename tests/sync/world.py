"""A store, a scripted provider and a connection between them, as small as a sync can be."""

import operator
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from calendar_sync.connections.service import ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import RecordedChange
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import CalendarId, connection_id
from calendar_sync.domain.providers import Account, Provider, ProviderName
from calendar_sync.domain.sync import SyncResult, Tally
from calendar_sync.events.service import EventService
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.queue import MemoryQueue
from tests.sync.process import SyncProcess
from tests.sync.scripted import ScriptedProvider

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Name = TypeVar("Name", str, tuple[CalendarId, str])
"""Of an event object."""
T = TypeVar("T")
KEY = urlsafe_b64encode(bytes(32)).decode()


@dataclass
class Clock:
    """Time that moves by a millisecond whenever it is looked at, and further when a test says so."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class World:
    """`service` is one process; `another_process` gives a second one over the same store."""

    database: Database
    actor: Actor
    provider: ScriptedProvider
    clock: Clock
    connections: ConnectionService
    events: EventService
    service: SyncProcess
    connection: Connection
    owners: int = 1
    others: list[SyncProcess] = field(default_factory=list)

    def another_process(self) -> SyncProcess:
        self.owners += 1
        service = sync_service(self.database, self.provider, self.clock, f"process {self.owners}")
        self.others.append(service)
        return service

    async def sync(self) -> SyncResult:
        return await self.service.sync(self.actor)

    async def stored(self) -> dict[str, str]:
        """The content hash of every stored event object, by calendar and remote id."""
        return await hashes(self.database, self.connection)

    async def changes(self) -> Sequence[RecordedChange]:
        async with self.database.begin(write=False) as tx:
            return await tx.changes.list(self.actor.user_id, 0, 1_000_000)

    async def replayed(self) -> set[str]:
        """Which event objects there are, as the change feed leads to it: without a gap, each step from the last."""
        changes = await self.changes()
        async with self.database.begin(write=False) as tx:
            calendars = await tx.calendars.of_connection(self.connection.id)
        assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
        state: dict[tuple[str, str], str | None] = {}
        for change in (recorded.change for recorded in changes):
            key = (change.calendar_id, change.remote_id)
            assert state.pop(key, None) == change.before
            if change.after is not None:
                state[key] = change.after
        names = {calendar.id: calendar.remote.remote_id for calendar in calendars}
        return {f"{names[CalendarId(calendar)]}/{remote_id}" for calendar, remote_id in state}


async def joining(service: SyncProcess) -> None:
    """Wait until the process of that service waits for another one's run."""
    await service.joining.acquire()


async def hashes(database: Database, connection: Connection) -> dict[str, str]:
    """The content hash of every stored event object, by calendar and remote id."""
    async with database.begin(write=False) as tx:
        calendars = await tx.calendars.of_connection(connection.id)
        return {
            f"{calendar.remote.remote_id}/{remote_id}": content_hash
            for calendar in calendars
            for remote_id, content_hash in (await tx.events.hashes(calendar.id)).items()
        }


def difference(
    before: Mapping[Name, T], after: Mapping[Name, T], say_the_same: Callable[[T, T], bool] = operator.eq
) -> Tally:
    """What an outsider who compares two states of the store would count."""
    return Tally(
        new=len(after.keys() - before.keys()),
        updated=sum(not say_the_same(before[name], after[name]) for name in before.keys() & after.keys()),
        removed=len(before.keys() - after.keys()),
    )


def sync_service(database: Database, provider: Provider, clock: Clock, owner: str) -> SyncProcess:
    runs = LeasedRuns(
        database=database,
        queue=MemoryQueue(),
        keyring=Keyring.of(KEY),
        providers={provider.name: provider},
        clock=clock,
        past=timedelta(days=30),
        future=timedelta(days=60),
        owner=owner,
    )
    return SyncProcess(runs)


@asynccontextmanager
async def a_world(database: Database, provider: ScriptedProvider | None = None) -> AsyncGenerator[World]:
    provider = provider or ScriptedProvider()
    clock = Clock()
    async with database.begin() as tx:
        organization = await tx.accounts.create_organization("Acme", now=clock())
        user = await tx.accounts.create_user(organization, "someone@example.com", is_admin=False, now=clock())
    actor = Actor(user.id, organization)
    connections = ConnectionService(database, Keyring.of(KEY), {provider.name: provider}, clock)
    connection = await connected(database, actor, provider, clock(), {"username": "someone"})
    service = sync_service(database, provider, clock, "process 1")
    world = World(database, actor, provider, clock, connections, EventService(database), service, connection)
    try:
        yield world
    finally:
        for each in (world.service, *world.others):
            await each.close()


async def connected(
    database: Database, actor: Actor, provider: Provider, now: datetime, credentials: Mapping[str, str]
) -> Connection:
    """As connecting by password and by consent both store it in the end."""
    return await stored(database, actor, provider.name, now, await provider.connect(credentials))


async def stored(
    database: Database, actor: Actor, provider: ProviderName, now: datetime, account: Account
) -> Connection:
    """The connection to an account that the provider has let us in to."""
    identifier = connection_id(actor.user_id, provider, account.identity)
    async with database.begin() as tx:
        return await tx.connections.save(
            id=identifier,
            actor=actor,
            provider=provider,
            identity=account.identity,
            email=account.email,
            ciphertext=seal(Keyring.of(KEY), identifier, account),
            now=now,
        )
