"""An account at a CalDAV server that is read in several pages, a PostgreSQL, and processes of ours that sync it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.sync import SyncResult, Tally
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from simulators.caldav.store import Calendar
from simulators.server import serving
from tests.commands import Running, Serving, Working
from tests.crash.gate import Gate
from tests.crash.remains import Remains, remains
from tests.providers.caldav.builders import a_simulator, calendar_object, credentials
from tests.web.door import TOMORROW

R = TypeVar("R", bound=Running)

EVENTS = 250
MID_SYNC = 4
"""The number of a report: the first one lists what there is, the others read a hundred each. When the third hundred
is asked for, the first is stored."""
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@dataclass
class Office:
    """`services` ask for syncs and do none themselves, as `serve --no-worker` does."""

    folder: Path
    settings: Mapping[str, str]
    services: Services
    key: str
    actor: Actor
    connection: Connection
    calendar: Calendar
    gate: Gate
    _titles: dict[str, str] = field(default_factory=dict)
    _running: list[Running] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.settings["DATABASE_URL"]

    # What happens at the provider

    def put(self, name: str, title: str) -> None:
        lines = (
            "BEGIN:VEVENT",
            f"UID:{name}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART:{TOMORROW:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{title}",
            "END:VEVENT",
        )
        self._titles[name] = title
        self.calendar.put(f"{name}.ics", calendar_object("".join(f"{line}\r\n" for line in lines)))

    # What our processes do

    async def worker(self) -> Working:
        return self._noted(await asyncio.to_thread(Working, self.folder, **self.settings))

    async def server(self, *options: str) -> Serving:
        return self._noted(await asyncio.to_thread(Serving, self.folder, *options, **self.settings))

    def _noted(self, process: R) -> R:
        self._running.append(process)
        return process

    def asking(self, server: Serving) -> httpx.AsyncClient:
        headers = {"x-api-key": self.key}
        return httpx.AsyncClient(base_url=server.address, headers=headers, trust_env=False, timeout=60)

    async def sync(self) -> SyncResult:
        return await self.services.sync.sync(self.actor)

    async def begun(self) -> "asyncio.Task[SyncResult]":
        """A sync that was asked for and that some process has under way, and has stored a part of."""
        syncing = asyncio.create_task(self.sync())
        await self.gate.reached.wait()
        return syncing

    async def look(self) -> Remains:
        found = await remains(self.url, self.actor, self.connection, datetime.now(UTC))
        found.expect_whole()
        return found

    async def expect_equal_to_provider(self, before: Remains) -> Remains:
        """Everything is stored once, and what was counted since is exactly what changed."""
        found = await self.look()
        found.expect_at_rest()
        found.counted_since(before)
        assert found.titles == set(self._titles.values())
        return found

    async def close(self) -> None:
        for process in self._running:
            if not process.has_ended:
                await asyncio.to_thread(process.end, signal.SIGKILL)


@asynccontextmanager
async def an_office(folder: Path, url: str) -> AsyncIterator[Office]:
    """The account is connected and was never synced."""
    simulator, calendar = a_simulator()
    gate = Gate("/", MID_SYNC)
    settings = {"DATABASE_URL": url, "ENCRYPTION_KEYS": KEY}
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(_reports(gate, simulator)))
        stack.callback(gate.opened.set)
        named = {"database_url": url, "encryption_keys": KEY, "allowed_private_networks": "127.0.0.0/8"}
        services = await stack.enter_async_context(open_services(Settings.model_validate(named)))
        user = await services.access.create_user("ada@example.com")
        _, key = await services.access.create_key("ada@example.com")
        actor = Actor(user.id, user.organization_id)
        connected = await services.connections.connect(actor, "caldav", credentials(address))
        office = Office(folder, settings, services, key, actor, connected.connection, calendar, gate)
        stack.push_async_callback(office.close)
        for number in range(EVENTS):
            office.put(f"event{number}", f"Event {number}")
        yield office


def _reports(gate: Gate, app: ASGIApp) -> ASGIApp:
    """Only reports come to the gate: the requests by which changes are read."""
    gated = gate.around(app)

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        await (gated if scope["method"] == "REPORT" else app)(scope, receive, send)

    return routed


class Stopwatch:
    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began


ALL_NEW = Tally(new=EVENTS)
