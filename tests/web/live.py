"""The server as it runs: on a loopback port, with a CalDAV account and feeds behind it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network

from calendar_sync.server import listen, make_server
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators import sandbox
from simulators.caldav.app import CalDavSimulator
from simulators.ics.app import IcsSimulator
from simulators.server import serving


@dataclass(frozen=True)
class LiveServer:
    """`key` is of a user who has nothing connected. The account and the feeds are those of the sandbox."""

    address: str
    key: str
    caldav: CalDavSimulator
    caldav_address: str
    feeds: IcsSimulator
    feeds_address: str

    @property
    def host_and_port(self) -> tuple[str, int]:
        host, port = self.address.removeprefix("http://").split(":")
        return host, int(port)


@asynccontextmanager
async def a_live_server(database_url: str) -> AsyncGenerator[LiveServer]:
    today = datetime.now(UTC).date()
    caldav, feeds = sandbox.caldav_account(today), sandbox.feeds(today)
    async with serving(feeds.app) as feeds_address, serving(caldav) as caldav_address:
        settings = Settings.model_validate(
            {
                "database_url": database_url,
                "allowed_private_networks": [ip_network("127.0.0.0/8")],
                "apple_caldav_url": caldav_address,
            }
        )
        key = await _a_key(settings)
        async with _running(settings) as address:
            yield LiveServer(address, key, caldav, caldav_address, feeds, feeds_address)


async def _a_key(settings: Settings) -> str:
    async with open_services(settings) as services:
        await services.access.create_user("ada@example.com")
        return (await services.access.create_key("ada@example.com"))[1]


@asynccontextmanager
async def _running(settings: Settings) -> AsyncGenerator[str]:
    with listen("127.0.0.1", 0) as listener:
        server = make_server(settings)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
