"""`python -m bench.scale.process queue|leases LATENCY`: a worker as it is, but that its provider answers by itself.

So what is measured is the engine, not HTTP. By `leases` it does the same runs without a queue: it takes them from the
connections' rows. The first line printed is `{"ready": true}`.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from sqlalchemy import text

from calendar_sync.domain.events import Window
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import Account, ChangePage, Cursor, ProviderClient, ProviderName, RemoteCalendar
from calendar_sync.services import CONCURRENT_RUNS, Services, open_services
from calendar_sync.settings import Settings

ASK_EVERY = 0.25
"""Seconds between two looks of one without a queue, while it finds nothing."""
_CLAIM = text(
    "WITH due AS (SELECT id FROM connections WHERE next_sync_at <= now() AND status = 'active' AND lease_until IS NULL "
    "ORDER BY next_sync_at LIMIT :room FOR NO KEY UPDATE SKIP LOCKED) "
    "UPDATE connections SET requested_seq = requested_seq + 1, next_sync_at = now() + interval '5 minutes' "
    "FROM due WHERE connections.id = due.id RETURNING connections.id"
)


@dataclass(frozen=True, slots=True)
class Unchanging:
    """A provider whose accounts have one calendar each, in which nothing happens; it takes `latency` to say so."""

    latency: float = 0.0

    @property
    def name(self) -> ProviderName:
        return ProviderName.ICS

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        return Account(credentials["url"], None, credentials)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        yield _Client(self.latency)


@dataclass(slots=True)
class _Client:
    latency: float
    requests: int = 0

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        yield RemoteCalendar("feed", "Feed")

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        self.requests += 1
        await asyncio.sleep(self.latency)
        yield ChangePage((), Cursor("unchanged"))


@asynccontextmanager
async def unchanging(settings: Settings, latency: float) -> AsyncGenerator[Services]:
    """All that a worker has, with that provider."""
    async with open_services(settings) as services:
        providers = {ProviderName.ICS: Unchanging(latency)}
        services.worker.runs = replace(services.worker.runs, providers=providers)
        yield replace(services, connections=replace(services.connections, providers=providers))


async def by_leases(services: Services) -> None:
    """Take as many as there is room for, until it is cancelled."""
    running: set[asyncio.Task[None]] = set()
    while True:
        room = CONCURRENT_RUNS - len(running)
        for connection in await _claimed(services, room) if room else ():
            running.add(asyncio.create_task(services.worker.runs.run(connection)))
        if running:
            _, running = await asyncio.wait(running, timeout=ASK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(ASK_EVERY)


async def _claimed(services: Services, room: int) -> Sequence[ConnectionId]:
    async with services.database.begin() as tx:
        return [ConnectionId(each) for each in await tx.connection.scalars(_CLAIM, {"room": room})]


async def main(way: str, latency: float) -> None:
    async with unchanging(Settings(), latency) as services:
        working = asyncio.create_task(services.work() if way == "queue" else by_leases(services))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, working.cancel)
        print(json.dumps({"ready": True}), flush=True)
        with suppress(asyncio.CancelledError):
            await working


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.scale.process", description=__doc__)
    parser.add_argument("way", choices=("queue", "leases"))
    parser.add_argument("latency", type=float)
    options = parser.parse_args()
    asyncio.run(main(options.way, options.latency))
