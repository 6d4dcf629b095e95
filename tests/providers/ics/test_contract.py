"""Feeds pass the suite of every provider."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from providers.ics.provider import IcsProvider
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving
from tests.providers.contract import Meeting, ProviderContract, Remote
from tests.providers.loopback import HOST, a_transport


@dataclass(slots=True)
class FeedRemote:
    """A simulated feed behind a driver."""

    feed: Feed
    origin: str
    provider: IcsProvider

    @property
    def credentials(self) -> Mapping[str, str]:
        return {"url": f"{self.origin}/feeds/team.ics"}

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        path = "/feeds/team.ics"
        written = (f"  {self.origin}{path}\n", f"{self.origin}/%66eeds/team%2Eics", f"{self.origin}{path}#today")
        return [{"url": url} for url in (*written, f"{self.origin.replace('http', 'HTTP')}{path}")]

    async def put(self, meeting: Meeting) -> None:
        self.feed.put(meeting.uid, summary=meeting.title, start=meeting.start)

    async def put_unreadable(self, uid: str) -> None:
        self.feed.put_lines(uid, ["DTSTART:soon", "SUMMARY:Soon"])

    async def remove(self, uid: str) -> None:
        self.feed.remove(uid)

    async def forget_cursors(self) -> None:
        """A feed never does: a cursor says what was seen, not where to go on."""

    async def break_down(self) -> None:
        self.feed.fail("status", status=503)

    async def revoke(self) -> None:
        self.feed.fail("status", status=401)


class TestFeeds(ProviderContract):
    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        simulator = IcsSimulator()
        feed = simulator.feed("team")
        async with serving(simulator.app, host=HOST) as origin:
            yield FeedRemote(feed, origin, IcsProvider(a_transport()))
