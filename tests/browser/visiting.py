"""The real server on a free port, and a page of a browser that is listened to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

from playwright.async_api import ConsoleMessage, Page

from calendar_sync.server import listen, make_server
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators.ics.app import IcsSimulator
from simulators.server import serving


@dataclass(frozen=True)
class Site:
    """The server, with a user who has connected a feed of one event."""

    address: str
    key: str


@asynccontextmanager
async def a_site(database_url: str) -> AsyncGenerator[Site]:
    """On a migrated store."""
    settings = Settings(database_url=database_url, allowed_private_networks=(ip_network("127.0.0.0/8"),))
    feeds = IcsSimulator()
    feeds.feed("team").put("1", summary="Stand-up")
    async with serving(feeds.app) as feeds_address, _served(settings) as address:
        async with open_services(settings) as services:
            await services.access.create_user("ada@example.com")
            _, key = await services.access.create_key("ada@example.com")
            actor = await services.access.authenticate(bearer=key, api_key=None)
            await services.connections.connect(actor, "ics", {"url": f"{feeds_address}/feeds/team.ics"})
        yield Site(address, key)


@asynccontextmanager
async def _served(settings: Settings) -> AsyncGenerator[str]:
    server = make_server(settings)
    with listen("127.0.0.1", 0) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


@dataclass(eq=False)
class Visit:
    """A page, and what the browser asked for and complained of on its account."""

    page: Page
    site: Site
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page, site: Site) -> "Visit":
        visit = cls(page, site)
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("requestfailed", lambda request: visit.complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("console", visit.hear)
        return visit

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:  # a violation of the page's policy is one
            self.complaints.append(message.text)

    async def open(self, path: str) -> None:
        await self.page.goto(self.site.address + path)

    def expect_no_complaints(self) -> None:
        """Nothing came from elsewhere, and the browser found nothing wrong."""
        assert self.requests != []
        assert [url for url in self.requests if not url.startswith((f"{self.site.address}/", "data:"))] == []
        assert self.complaints == []
