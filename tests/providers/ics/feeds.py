"""A simulated feed and a provider that reads it, for the tests of feeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from calendar_sync.domain.providers import Account, ChangePage, Cursor, RemoteCalendar
from providers.ics.provider import IcsProvider
from providers.ics.reading import Reader
from providers.transport import Transport
from simulators.ics.app import Asked, IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving
from tests.providers.contract import WINDOW, Reading
from tests.providers.loopback import HOST, a_transport


@dataclass(slots=True)
class Published:
    """A feed at an address, and a provider to read it with."""

    simulator: IcsSimulator
    feed: Feed
    origin: str
    provider: IcsProvider
    calendar: RemoteCalendar = field(default_factory=lambda: RemoteCalendar("feed", is_read_only=True))

    @property
    def url(self) -> str:
        return f"{self.origin}/feeds/{self.feed.name}.ics"

    @property
    def asked(self) -> list[Asked]:
        return self.simulator.requests

    async def read(self, since: Cursor | None = None, url: str | None = None) -> Reading:
        """One run's reading of the feed, or of another address."""
        async with self.provider.open(Account("identity", None, {"url": url or self.url})) as client:
            pages: list[ChangePage] = [page async for page in client.changes(self.calendar, since, WINDOW)]
            return Reading(pages, client.requests)


@asynccontextmanager
async def published(
    *, transport: Transport | None = None, reader: Reader | None = None, deadline: float = 30.0
) -> AsyncIterator[Published]:
    """A feed with two meetings, `a` and `b`."""
    simulator = IcsSimulator()
    feed = simulator.feed("team")
    feed.put("a", summary="Planning")
    feed.put("b", summary="Review")
    async with serving(simulator.app, host=HOST) as origin:
        provider = IcsProvider(transport or a_transport(), reader=reader, deadline=deadline)
        yield Published(simulator, feed, origin, provider)
