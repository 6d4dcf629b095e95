"""The server as it runs, on a port that a simulated Google pushes to, and a user whose account is connected there."""

import asyncio
import re
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol, TypedDict

import httpx
from hypothesis.vendor.pretty import RepresentationPrinter
from sqlalchemy import select, update

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import UserId
from calendar_sync.domain.providers import Account as OurAccount
from calendar_sync.domain.providers import Provider, ProviderClient, ProviderName
from calendar_sync.domain.sync import SyncRun, Trigger
from calendar_sync.server import Server, listen, make_server
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from calendar_sync.store import tables
from simulators.google.accounts import Account
from simulators.google.app import GoogleSimulator
from simulators.google.push import Channel
from simulators.server import serving
from tests.connections.world import NO_TLS
from tests.web.door import CONNECTIONS, EVENTS, SYNC

WEBHOOKS = "/v1/meeting-buddy/calendar/webhooks"
_ROWS = tables.channels
NOTHING: Mapping[str, str | None] = MappingProxyType({})
_TIMES = ("created_at", "renew_at", "expires_at")
TOMORROW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass
class Held:
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class HeldUp:
    """A provider of which every client, once opened, waits."""

    provider: Provider
    held: Held

    @property
    def name(self) -> ProviderName:
        return self.provider.name

    async def connect(self, credentials: Mapping[str, str]) -> OurAccount:
        return await self.provider.connect(credentials)

    @asynccontextmanager
    async def open(self, account: OurAccount) -> AsyncIterator[ProviderClient]:
        async with self.provider.open(account) as client:
            self.held.begun.set()
            await self.held.may_end.wait()
            yield client


class Pushes(Protocol):
    """What a simulator pushes with."""

    async def settled(self) -> None: ...


@dataclass(repr=False, kw_only=True)
class PushedServer:
    """`client` shows the user's key. Nobody but push and the tests asks for a sync unless the server works on schedule.

    `spacing` is that of the runs; without any, tests need not wait.
    """

    provider: ProviderName
    push: Pushes
    settings: Settings
    port: int
    client: httpx.AsyncClient
    actor: Actor
    spacing: timedelta = timedelta()
    server: Server | None = None
    _serving: asyncio.Task[None] | None = None

    def _repr_pretty_(self, printer: RepresentationPrinter, _: bool) -> None:
        """All that it holds would fill pages."""
        printer.text("a server that is pushed to")

    @property
    def services(self) -> Services:
        assert self.server is not None
        services: Services = self.server.lifespan.state["services"]
        return services

    async def start(self, *, works: bool = False) -> None:
        listener = listen("127.0.0.1", self.port)
        self.server = make_server(self.settings, works=works)
        self._serving = asyncio.create_task(self._serve(self.server, listener))
        await self.server.ready.wait()
        self.space(self.spacing)
        self.services.worker.start()

    def space(self, spacing: timedelta) -> None:
        self.services.sync.spacing = spacing
        self.services.worker.runs = replace(self.services.worker.runs, spacing=spacing)

    async def _serve(self, server: Server, listener: Any) -> None:  # noqa: ANN401 - a socket
        with listener:
            await server.serve(sockets=[listener])

    async def stop(self) -> None:
        if self.server is not None and self._serving is not None:
            self.server.should_exit = True
            await self._serving
            self.server = self._serving = None

    # What the user does

    async def connect(self) -> str:
        begun = await self.client.post(CONNECTIONS, json={"provider": self.provider})
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, follow_redirects=True) as browser:
            back = await browser.get(begun.json()["authorization_url"], headers={"accept": "application/json"})
        assert back.status_code == 200, back.text
        credential_id: str = back.json()["credential_id"]
        return credential_id

    async def sync(self) -> Mapping[str, Any]:
        answer = await self.client.post(SYNC)
        assert answer.status_code == 200, answer.text
        result: Mapping[str, Any] = answer.json()
        return result

    async def titles(self) -> list[str]:
        answer = await self.client.get(EVENTS, params={"limit": 100})
        return sorted(event["title"] for event in answer.json()["items"])

    # What there is

    async def rows(self) -> Sequence[Any]:
        async with self.services.database.begin(write=False) as tx:
            return list(await tx.connection.execute(select(_ROWS).order_by(_ROWS.c.created_at)))

    async def age(self, by: timedelta) -> None:
        """As if all that is known of the channels had come about so long before."""
        async with self.services.database.begin() as tx:
            for row in await self.rows():
                moved = {name: at - by for name in _TIMES if (at := getattr(row, name)) is not None}
                await tx.connection.execute(update(_ROWS).where(_ROWS.c.id == row.id).values(**moved))

    async def runs(self) -> Sequence[SyncRun]:
        """The newest first."""
        return await self.services.sync.runs(self.actor, limit=10_000)

    async def pushed(self) -> int:
        return sum(run.trigger is Trigger.PUSH for run in await self.runs())

    def hold_up(self) -> "Held":
        """Keep the next run from ending."""
        held, runs = Held(), self.services.worker.runs
        provider = runs.providers[self.provider]
        held_up = HeldUp(provider, held)
        self.services.worker.runs = replace(runs, providers={provider.name: held_up})
        return held

    async def settled(self) -> None:
        """All that was pushed has come, and what it asked for is done."""
        await self.push.settled()
        await self.services.sync.settled()


@dataclass(repr=False, kw_only=True)
class PushWorld(PushedServer):
    """With a simulated Google behind it."""

    simulator: GoogleSimulator
    ada: Account

    def google_shows(self) -> list[str]:
        events = self.ada.primary.events.values()
        return sorted(each.resource["summary"] for each in events if not each.is_removed)

    @property
    def channels(self) -> Sequence[Channel]:
        return list(self.simulator.push.channels.values())


def message(channel: Channel, number: int = 100, changed: Mapping[str, str | None] = NOTHING) -> dict[str, str]:
    """As Google would send it; `changed` are headers without their prefix, `None` leaves one out."""
    headers = {
        "channel_id": channel.id,
        "channel_token": channel.token,
        "message_number": str(number),
        "resource_id": channel.resource_id,
        "resource_state": "exists",
        **changed,
    }
    return {f"x-goog-{name.replace('_', '-')}": value for name, value in headers.items() if value is not None}


async def burst(port: int, messages: Sequence[Mapping[str, str]], *, connections: int = 20) -> Counter[int]:
    """Send them as fast as they are answered, over so many connections; how often there was which status."""
    statuses: Counter[int] = Counter()
    left = iter(messages)

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for headers in left:
            lines = [f"POST {WEBHOOKS} HTTP/1.1", "host: test", "content-length: 0", *map(": ".join, headers.items())]
            writer.write("\r\n".join((*lines, "", "")).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            statuses[int(head.split(b" ", 2)[1])] += 1
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(send())
    return statuses


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what happens in the background."""
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


class Running(TypedDict):
    """What is known of a server before it runs."""

    settings: Settings
    port: int
    client: httpx.AsyncClient
    actor: Actor


@asynccontextmanager
async def a_user_of(database_url: str, settings: Mapping[str, object]) -> AsyncGenerator[Running]:
    """A free port, settings that say so, and a user with nothing connected."""
    with listen("127.0.0.1", 0) as probe:
        port: int = probe.getsockname()[1]
    usual = {
        "database_url": database_url,
        "encryption_keys": urlsafe_b64encode(b"k" * 32).decode(),
        "public_url": f"http://127.0.0.1:{port}",
    }
    chosen = Settings.model_validate({**usual, **settings})
    async with open_services(chosen) as services:
        user = await services.access.create_user("user@example.com")
        key = (await services.access.create_key("user@example.com"))[1]
    actor = Actor(UserId(user.id), user.organization_id)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, trust_env=False, verify=NO_TLS, timeout=30
    ) as client:
        yield Running(settings=chosen, port=port, client=client, actor=actor)


@asynccontextmanager
async def started(server: PushedServer) -> AsyncGenerator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@asynccontextmanager
async def a_push_world(database_url: str) -> AsyncGenerator[PushWorld]:
    """A server that does not sync on schedule, and a user with nothing connected."""
    simulator = GoogleSimulator()
    simulator.quirks.change(consent="grant", push_retry_seconds=0.05)
    simulator.add_client("client", "canary-client-secret")
    ada = simulator.add_account("ada@example.com")
    async with serving(simulator) as url:
        known = {name.lower(): value for name, value in simulator.settings(url).items()}
        async with a_user_of(database_url, known) as user:
            google = ProviderName.GOOGLE_CALENDAR
            world = PushWorld(simulator=simulator, ada=ada, provider=google, push=simulator.push, **user)
            async with started(world):
                yield world


@asynccontextmanager
async def a_pushed_world(database_url: str) -> AsyncGenerator[PushWorld]:
    """The same with an account connected, one event in it, synced, and its channel open."""
    async with a_push_world(database_url) as world:
        world.ada.primary.add("Lunch", TOMORROW)
        await world.connect()
        assert (await world.sync())["new_events"] == 1
        await world.settled()
        world.simulator.log.clear()
        yield world
