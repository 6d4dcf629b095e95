"""What the processes that crash are at: a sync of all connections of a user."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.providers import Provider
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.sync.lease import LEASE, LeasedRuns
from calendar_sync.sync.service import SyncService
from tests.crash.process import Operations
from tests.sync.world import KEY, NOW


@dataclass(frozen=True, slots=True)
class Token:
    """A `TokenSource` of one token, which is good for as long as a test takes."""

    text: str

    async def token(self) -> str:
        return self.text

    async def renew(self, refused: str) -> str:
        raise AssertionError("The token was refused.")


@dataclass(frozen=True, slots=True)
class Reader:
    """How a process reads a provider: `provider` makes it from the `address` of its server."""

    provider: Callable[[str], Provider]
    address: str
    token: Token | None = None

    def service(self, database: Database, clock: Callable[[], datetime], lease: timedelta = LEASE) -> SyncService:
        provider = self.provider(self.address)
        runs = LeasedRuns(
            database=database,
            keyring=Keyring.of(KEY),
            providers={provider.name: provider},
            clock=clock,
            past=timedelta(days=30),
            future=timedelta(days=60),
            owner=f"process {os.getpid()}",
            tokens=lambda _: self.token,
            lease=lease,
        )
        return SyncService(runs, asyncio.Semaphore(8))


@dataclass(frozen=True, slots=True)
class Sync:
    """One sync of all connections of the user."""

    database_url: str
    reader: Reader
    actor: Actor
    clock: Callable[[], datetime]
    lease: timedelta = LEASE

    async def run(self, operations: Operations) -> None:
        database = operations.open_database(self.database_url)
        service = self.reader.service(database, self.clock, self.lease)
        result = await service.sync(self.actor)
        await service.close()
        await database.close()
        assert result.errors == ()


@dataclass(frozen=True, slots=True)
class RealTime:
    """A clock that goes as fast as the real one, and shows the same in every process on this machine."""

    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self.began)
