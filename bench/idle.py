"""`python -m bench.idle`: what a server with 100 connections costs while nothing happens, beside what it may cost.

The server is `calendar-sync serve` on SQLite with settings left as they are, so its scheduled syncs are part of it. The
calendars are simulated in processes of their own, and do not change. Meant is what Linux counts for the server and its
children: CPU time as a share of one core, and resident memory (RSS), shared pages included.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.simulated import a_simulator
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.sync import Trigger
from calendar_sync.server import prepare
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database

CPU_LIMIT = 2.0
"""Per cent of one core."""
MEMORY_LIMIT = 150.0
"""Megabytes, of 1,000,000 bytes."""

_EVENTS = 20
_SAMPLE_EVERY = 1.0
_TRIES = 5  # to read them all for the first time: the wait for it ends before it does on a busy machine
_CONNECTIONS = "/v1/meeting-buddy/calendar/connections"
_SYNC = "/v1/meeting-buddy/calendar/sync"
_FIRST = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Idle:
    """`cpu` in per cent of one core, `memory` the most it was, in megabytes; `syncs` were due in the time."""

    seconds: float
    syncs: int
    cpu: float
    memory: float

    @property
    def is_within_limits(self) -> bool:
        return self.cpu < CPU_LIMIT and self.memory < MEMORY_LIMIT

    def __str__(self) -> str:
        head = f"{'':28} {'measured':>10} {'limit':>10}"
        cpu = f"{'CPU, % of one core':28} {self.cpu:10.2f} {CPU_LIMIT:10.2f}"
        memory = f"{'resident memory, MB':28} {self.memory:10.1f} {MEMORY_LIMIT:10.1f}"
        return "\n".join([head, cpu, memory])


@dataclass(frozen=True, slots=True)
class Server:
    """`calendar-sync serve` with one user, who has a key."""

    process: psutil.Process
    settings: Settings
    actor: Actor
    client: httpx.AsyncClient

    async def connect(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Connect them all, and have each read for the first time."""
        for account in accounts:
            (await self.client.post(_CONNECTIONS, json=account)).raise_for_status()
        for _ in range(_TRIES):
            if not (await self.client.post(_SYNC)).raise_for_status().json()["errors"]:
                return
        raise RuntimeError("The accounts could not be read.")

    async def spread(self) -> None:
        """Have what was connected in one go be due evenly over the interval, as chance has it after some hours."""
        database, now, interval = (
            await Database.open(self.settings.database_url),
            datetime.now(UTC),
            self.settings.sync_interval,
        )
        async with database.begin() as tx:
            connections = await tx.connections.list(self.actor)
            for number, connection in enumerate(connections):
                await tx.connections.schedule(connection.id, now + number * interval / len(connections))
        await database.close()

    async def watched(self, seconds: float) -> Idle:
        began, cpu, memory = datetime.now(UTC), self._cpu(), self._memory()
        end = began + timedelta(seconds=seconds)
        while (now := datetime.now(UTC)) < end:
            await asyncio.sleep(min(_SAMPLE_EVERY, (end - now).total_seconds()))
            memory = max(memory, self._memory())
        took = (now - began).total_seconds()
        return Idle(took, await self._syncs_since(began), 100 * (self._cpu() - cpu) / took, memory / 1e6)

    async def _syncs_since(self, began: datetime) -> int:
        database = await Database.open(self.settings.database_url)
        async with database.begin(write=False) as tx:
            runs = await tx.runs.list(self.actor, limit=10_000)
        await database.close()
        return sum(run.trigger is Trigger.SCHEDULE and run.started_at >= began for run in runs)

    def _family(self) -> Sequence[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _cpu(self) -> float:
        times = [process.cpu_times() for process in self._family()]
        return float(sum(each.user + each.system + each.children_user + each.children_system for each in times))

    def _memory(self) -> int:
        return sum(process.memory_info().rss for process in self._family())


@asynccontextmanager
async def a_server(folder: Path) -> AsyncGenerator[Server]:
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'idle.db'}",
        allowed_private_networks="127.0.0.0/8",  # type: ignore[arg-type] # as the environment gives it
    )
    await prepare(settings)
    async with open_services(settings) as services:
        user = await services.access.create_user("bench@example.com")
        _, key = await services.access.create_key("bench@example.com")
    async with serving(settings) as (process, address):
        headers = {"X-API-Key": key}
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=120) as client:
            yield Server(process, settings, Actor(user.id, user.organization_id), client)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[tuple[psutil.Process, str]]:
    """The process of `calendar-sync serve`, and where it answers."""
    environment = {
        **os.environ,
        "CALENDAR_SYNC_DATABASE_URL": settings.database_url,
        "CALENDAR_SYNC_ALLOWED_PRIVATE_NETWORKS": ",".join(map(str, settings.allowed_private_networks)),
    }
    command = (sys.executable, "-m", "calendar_sync.cli", "serve", "--port", "0")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
    try:
        assert process.stderr is not None
        address = await _address(process.stderr)
        reading = asyncio.create_task(process.stderr.read())
        yield psutil.Process(process.pid), address
    finally:
        process.terminate()
        await process.wait()
    await reading


async def _address(log: asyncio.StreamReader) -> str:
    async for text in log:
        line = json.loads(text)
        if line["message"] == "Listening.":
            return f"http://{line['host']}:{line['port']}"
    raise RuntimeError("The server did not start.")


async def _feeds(http: httpx.AsyncClient, base: str, number: int) -> Sequence[Mapping[str, Any]]:
    """Calendars by ICS, each a feed of its own."""
    for name in map(str, range(number)):
        await http.put(f"{base}/_control/feeds/{name}")
        for event in range(_EVENTS):
            start = _FIRST + timedelta(days=event)
            await http.put(
                f"{base}/_control/feeds/{name}/events/{event}",
                json={"summary": f"Event {event}", "start": start.isoformat(), "more": ["RRULE:FREQ=WEEKLY"]},
            )
    return [{"provider": "ics", "credentials": {"url": f"{base}/feeds/{name}.ics"}} for name in range(number)]


async def _accounts(http: httpx.AsyncClient, base: str, number: int) -> Sequence[Mapping[str, Any]]:
    """Accounts by CalDAV with one calendar each."""
    names = [f"user{each}" for each in range(number)]
    for name in names:
        await http.post(f"{base}/_control/users", json={"name": name, "password": name})
        for event in range(_EVENTS):
            path = f"{base}/{name}/work/{event}.ics"
            (await http.put(path, content=_event(event), auth=(name, name))).raise_for_status()
    return [
        {"provider": "caldav", "credentials": {"url": f"{base}/{name}/", "username": name, "password": name}}
        for name in names
    ]


def _event(number: int) -> str:
    start = _FIRST + timedelta(days=number)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//calendar-sync//bench//EN",
        "BEGIN:VEVENT",
        f"UID:{number}@bench.example",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"SUMMARY:Event {number}",
        "RRULE:FREQ=WEEKLY",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines)


async def idle(connections: int, seconds: float) -> Idle:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        ics, caldav = [await stack.enter_async_context(a_simulator(name)) for name in ("ics", "caldav")]
        half = connections // 2
        accounts = [*await _feeds(http, ics, connections - half), *await _accounts(http, caldav, half)]
        server = await stack.enter_async_context(a_server(folder))
        await server.connect(accounts)
        await server.spread()
        return await server.watched(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    found = asyncio.run(idle(options.connections, options.seconds))
    print(f"{options.connections} connections, {found.seconds:.0f} s, {found.syncs} scheduled syncs\n\n{found}")
    sys.exit(not found.is_within_limits)


if __name__ == "__main__":
    main()
