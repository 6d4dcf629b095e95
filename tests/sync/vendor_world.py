"""A simulated vendor, a store and the real sync between them."""

import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import httpx

from calendar_sync.connections.service import ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from calendar_sync.domain.sync import SyncRun, Tally
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from simulators.control import NotFound
from simulators.faults import Fault
from tests.builders import an_actor
from tests.providers.consented import VendorRemote
from tests.sync.process import SyncProcess
from tests.sync.world import KEY, Clock, connected, difference, hashes, sync_service

RemoteT = TypeVar("RemoteT", bound=VendorRemote[Any, Any])
WorldT = TypeVar("WorldT", bound="VendorWorld[Any]")
Step = tuple[object, ...]
"""What happens, and to what."""
Stored = Mapping[str, object]
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class VendorWorld(ABC, Generic[RemoteT]):
    """Its heirs know what the vendor shows, and what happens there."""

    database: Database
    actor: Actor
    connection: Connection
    remote: RemoteT
    service: SyncProcess
    clock: Clock
    connections: ConnectionService

    async def sync(self) -> SyncRun:
        """One run, whose counts are exactly what an outsider finds who compares the store before and after it."""
        before = await self.stored()
        run = await self.run()
        assert run.tally == difference(before, await self.stored(), self.say_the_same), run.failures
        return run

    async def run(self) -> SyncRun:
        await self.service.sync(self.actor)
        return (await self.service.runs(self.actor, limit=1))[0]

    async def clean_sync(self) -> SyncRun:
        """One run after which the store is equal to the vendor; the next one finds nothing to do."""
        run = await self.sync()
        assert not run.failures
        await self.compare()
        assert (await self.sync()).tally == Tally()
        return run

    @abstractmethod
    async def compare(self) -> None:
        """The store and the vendor show the same."""

    async def stored(self) -> Stored:
        """What is stored of every event object, by calendar and remote id."""
        return await hashes(self.database, self.connection)

    def say_the_same(self, one: Any, other: Any) -> bool:  # noqa: ANN401 - what `stored` gives
        """Whether an event object is not updated that was stored as `one` and is as `other`."""
        return bool(one == other)

    async def page(self, wanted: OccurrenceFilter = OccurrenceFilter()) -> Sequence[Occurrence]:
        async with self.database.begin(write=False) as tx:
            return (await tx.events.page(self.actor, wanted, limit=10_000)).items

    async def status(self) -> ConnectionStatus:
        async with self.database.begin(write=False) as tx:
            return (await tx.connections.get(self.actor, self.connection.id)).status

    async def asked(self, path: str, **parameters: str) -> Mapping[str, Any]:
        """What the vendor itself answers, without the faults and manners that clients meet."""
        with self._well_mannered():
            headers = {"Authorization": f"Bearer {self.remote.provider.grant.fresh()}"}
            async with httpx.AsyncClient(verify=NO_TLS, headers=headers) as client:
                answer = await client.get(f"{self.remote.provider.url}{path}", params=parameters)
        found: Mapping[str, Any] = answer.raise_for_status().json()
        return found

    @contextmanager
    def _well_mannered(self) -> Generator[None]:
        quirks, faults = self.remote.simulator.quirks, self.remote.simulator.faults
        manners, planned = quirks.values(), list(faults.planned)
        self.remote.simulator.quirks.reset()
        faults.clear()
        yield
        quirks.change(**manners)
        faults.planned.extend(planned)

    # What happens at every vendor

    @abstractmethod
    def what_changes(self) -> None:
        """One event object is new, one updated, one removed."""

    @abstractmethod
    def remove_series(self) -> None: ...

    def behave(self, manners: Mapping[str, object]) -> None:
        self.remote.simulator.quirks.reset()
        self.remote.simulator.quirks.change(**manners)

    def fail(self, fault: Fault, times: int = 1) -> None:
        for _ in range(times):
            self.remote.simulator.faults.plan(fault)

    async def live_through(self, history: Sequence[Step], happenings: Mapping[str, Callable[..., object]]) -> None:
        """`happenings` are what can happen but for a sync; all goes well again in the end."""
        for what, *given in history:
            if what == "sync":
                await self.sync()
            else:
                happenings[str(what)](self, *given)
        self.remote.simulator.faults.clear()
        await self.clean_sync()


class Calendar(Protocol):
    def change(self, event_id: str, **values: Any) -> object: ...  # noqa: ANN401 - JSON

    def remove(self, event_id: str) -> None: ...


class CalendarWorld(VendorWorld[RemoteT]):
    """Of a vendor with calendars."""

    @property
    @abstractmethod
    def calendar(self) -> Calendar:
        """The one that the account has from the start."""

    def remove_series(self) -> None:
        self.cancel("series")

    def change(self, event_id: str, **values: Any) -> bool:  # noqa: ANN401 - JSON
        """Whether there was such an event or instance."""
        try:
            self.calendar.change(event_id, **values)
        except NotFound:
            return False
        return True

    def cancel(self, event_id: str) -> bool:
        try:
            self.calendar.remove(event_id)
        except NotFound:
            return False
        return True


@asynccontextmanager
async def a_vendor_world(
    kind: Callable[..., WorldT], database: Database, remote: VendorRemote[Any, Any], clock: Clock
) -> AsyncGenerator[WorldT]:
    actor, provider = await an_actor(database, None), remote.provider
    connections = ConnectionService(database, Keyring.of(KEY), {provider.name: provider}, clock)
    connection = await connected(database, actor, provider, clock(), remote.credentials)
    service = sync_service(database, provider, clock, "process 1")
    try:
        yield kind(database, actor, connection, remote, service, clock, connections)
    finally:
        await service.close()
