"""The server as it runs, on a port that a simulated Google pushes to, and a user whose account is connected there."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import UserId
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
TOMORROW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass
class PushWorld:
    """`client` shows the user's key. Nobody but push and the tests asks for a sync unless the server works."""

    simulator: GoogleSimulator
    ada: Account
    settings: Settings
    port: int
    client: httpx.AsyncClient
    actor: Actor
    server: Server | None = None
    _serving: asyncio.Task[None] | None = None

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
        begun = await self.client.post(CONNECTIONS, json={"provider": "google_calendar"})
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

    def google_shows(self) -> list[str]:
        calendars = [calendar for calendar in self.simulator.world.calendars.values() if calendar.is_watchable]
        resources = [stored.resource for calendar in calendars for stored in calendar.events.values()]
        return sorted(each["summary"] for each in resources if each["status"] != "cancelled")

    @property
    def channels(self) -> Sequence[Channel]:
        return list(self.simulator.push.channels.values())

    async def rows(self) -> Sequence[Any]:
        async with self.services.database.begin(write=False) as tx:
            return list(await tx.connection.execute(select(tables.channels).order_by(tables.channels.c.created_at)))

    async def runs(self) -> Sequence[SyncRun]:
        """The newest first."""
        return await self.services.sync.runs(self.actor, limit=10_000)

    async def pushed(self) -> int:
        return sum(run.trigger is Trigger.PUSH for run in await self.runs())

    async def settled(self) -> None:
        """All that was pushed has come, and what it asked for is done."""
        await self.simulator.push.settled()
        await self.services.sync.settled()


def message(channel: Channel, number: int = 100, **changed: str | None) -> dict[str, str]:
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


@asynccontextmanager
async def a_push_world(database_url: str, **settings: object) -> AsyncGenerator[PushWorld]:
    """A server that does not sync on schedule, and a user with nothing connected."""
    simulator = GoogleSimulator()
    simulator.quirks.change(consent="grant", push_retry_seconds=0.05)
    simulator.add_client("client", "canary-client-secret")
    ada = simulator.add_account("ada@example.com")
    with listen("127.0.0.1", 0) as probe:
        port: int = probe.getsockname()[1]
    async with serving(simulator) as url:
        chosen = Settings.model_validate(
            {
                "database_url": database_url,
                "encryption_keys": urlsafe_b64encode(b"k" * 32).decode(),
                "public_url": f"http://127.0.0.1:{port}",
                **{name.lower(): value for name, value in simulator.settings(url).items()},
                **settings,
            }
        )
        async with open_services(chosen) as services:
            user = await services.access.create_user("user@example.com")
            key = (await services.access.create_key("user@example.com"))[1]
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": key}, trust_env=False, verify=NO_TLS, timeout=30
        ) as client:
            world = PushWorld(simulator, ada, chosen, port, client, Actor(UserId(user.id), user.organization_id))
            await world.start()
            try:
                yield world
            finally:
                await world.stop()


@asynccontextmanager
async def a_pushed_world(database_url: str, **settings: object) -> AsyncGenerator[PushWorld]:
    """The same with an account connected, one event in it, synced, and its channel open."""
    async with a_push_world(database_url, **settings) as world:
        world.ada.primary.add("Lunch", TOMORROW)
        await world.connect()
        assert (await world.sync())["new_events"] == 1
        await world.settled()
        world.simulator.log.clear()
        yield world
