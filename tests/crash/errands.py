"""What the processes that crash are at: a sync of all connections of a user, or the renewal of an access token."""

import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from calendar_sync.connections import vendors
from calendar_sync.connections.endpoints import Endpoints
from calendar_sync.connections.tokens import LEASE as TOKEN_LEASE
from calendar_sync.connections.tokens import Renewals
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import Disconnected
from calendar_sync.domain.providers import Provider
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.sync.lease import LEASE, LeasedRuns
from calendar_sync.sync.queue import MemoryQueue
from tests.connections.world import CLIENT, KEYRING
from tests.crash.process import Operations
from tests.sync.process import SyncProcess
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

    def service(self, database: Database, clock: Callable[[], datetime], lease: timedelta = LEASE) -> SyncProcess:
        provider = self.provider(self.address)
        runs = LeasedRuns(
            database=database,
            queue=MemoryQueue(),
            keyring=Keyring.of(KEY),
            providers={provider.name: provider},
            clock=clock,
            past=timedelta(days=30),
            future=timedelta(days=60),
            owner=f"process {os.getpid()}",
            tokens=lambda _: self.token,
            lease=lease,
        )
        return SyncProcess(runs)


@dataclass(frozen=True, slots=True)
class Sync:
    """One sync of all connections of the user."""

    database_url: str
    reader: Reader
    actor: Actor
    clock: Callable[[], datetime]
    lease: timedelta = LEASE

    async def run(self, operations: Operations) -> None:
        async with AsyncExitStack() as stack:
            database = operations.open_database(self.database_url)
            stack.push_async_callback(database.close)
            service = self.reader.service(database, self.clock, self.lease)
            stack.push_async_callback(service.close)
            assert (await service.sync(self.actor)).errors == ()


@dataclass(frozen=True, slots=True)
class Renewal:
    """Getting an access token for a Zoom account whose token server is at `address`."""

    database_url: str
    address: str
    connection: Connection
    clock: Callable[[], datetime]
    lease: timedelta = TOKEN_LEASE

    async def run(self, operations: Operations) -> None:
        async with AsyncExitStack() as stack:
            database = operations.open_database(self.database_url)
            stack.push_async_callback(database.close)
            http = await stack.enter_async_context(httpx.AsyncClient(transport=operations.transport()))
            vendor = vendors.zoom(CLIENT, login_url=self.address, api_url=f"{self.address}/v2")
            endpoints = Endpoints(http, self.clock)
            renewals = Renewals(database, KEYRING, endpoints, {vendor.provider: vendor}, self.clock, self.lease)
            stack.push_async_callback(renewals.close)
            with suppress(Disconnected):
                await renewals.token(self.connection.id, None)


@dataclass(frozen=True, slots=True)
class RealTime:
    """A clock that goes as fast as the real one, and shows the same in every process on this machine."""

    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self.began)
