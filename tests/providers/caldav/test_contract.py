"""The provider contract, on Radicale, on Xandikos and on the simulator in several moods."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from providers.caldav.provider import CalDavProvider
from simulators.caldav.app import CalDavSimulator
from simulators.caldav.quirks import Fault
from simulators.caldav.store import Calendar
from simulators.server import serving
from tests.providers.caldav.builders import (
    PASSWORD,
    UNREADABLE,
    USER,
    a_simulator,
    an_object,
    calendar_object,
    credentials,
)
from tests.providers.caldav.servers import PLAIN, Gateway, radicale, xandikos
from tests.providers.contract import Meeting, ProviderContract, Remote
from tests.providers.loopback import HOST, a_transport


@dataclass(slots=True)
class SimulatedRemote:
    simulator: CalDavSimulator
    calendar: Calendar
    url: str

    @property
    def provider(self) -> CalDavProvider:
        return CalDavProvider(a_transport())

    @property
    def credentials(self) -> Mapping[str, str]:
        return credentials(self.url)

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        paths = (
            "/",
            "/.well-known/caldav",
            f"/principals/{USER}/",
            f"/principals/{USER}",
            f"/{USER}/",
            f"/{USER}/work/",
        )
        return [credentials(f"{self.url}{path}") for path in paths]

    async def put(self, meeting: Meeting) -> None:
        self.calendar.put(f"{meeting.uid}.ics", an_object(meeting))

    async def put_unreadable(self, uid: str) -> None:
        self.calendar.put(f"{uid}.ics", calendar_object(UNREADABLE.format(uid=uid)))

    async def remove(self, uid: str) -> None:
        self.calendar.remove(f"{uid}.ics")

    async def forget_cursors(self) -> None:
        self.simulator.expire_tokens()

    async def break_down(self) -> None:
        self.simulator.faults.plan(Fault(status=503, times=1_000_000))

    async def revoke(self) -> None:
        self.simulator.store.users[USER].password = "changed"


MOODS: Mapping[str, Mapping[str, object]] = {
    "by the book": {},
    "cut into pages and oddly spelled": {
        "page_size": 2,
        "href_spelling": "encoded",
        "numbered_prefixes": True,
        "token_first": True,
        "lists_itself": True,
        "lists_twice": True,
        "lists_etags": False,
    },
    "without sync-collection": {"supports_sync_collection": False, "auth": "digest"},
    "with little more than PROPFIND and GET": {
        "supports_sync_collection": False,
        "supports_ctag": False,
        "supports_query": False,
        "supports_multiget": False,
        "well_known_status": 302,
    },
}


class TestSimulator(ProviderContract):
    @pytest.fixture(params=MOODS.values(), ids=[name.replace(" ", "-") for name in MOODS])
    async def remote(self, request: pytest.FixtureRequest) -> AsyncIterator[Remote]:
        simulator, calendar = a_simulator()
        simulator.quirks.change(**request.param)
        async with serving(simulator, host=HOST) as url:
            yield SimulatedRemote(simulator, calendar, url)


@dataclass(slots=True)
class RealRemote:
    """A real server behind its gateway, with one calendar at `calendar` (a path)."""

    gateway: Gateway
    url: str
    calendar: str
    forget: Callable[["RealRemote"], Awaitable[None]]

    @property
    def provider(self) -> CalDavProvider:
        return CalDavProvider(a_transport())

    @property
    def credentials(self) -> Mapping[str, str]:
        return credentials(self.url)

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        home = self.calendar.rstrip("/").rpartition("/")[0]
        return [credentials(f"{self.url}{path}") for path in ("/", "/.well-known/caldav", f"{home}/", self.calendar)]

    async def put(self, meeting: Meeting) -> None:
        await self.send("PUT", f"{meeting.uid}.ics", an_object(meeting))

    async def put_unreadable(self, uid: str) -> None:
        """A start that both servers take, and that is none."""
        meeting = Meeting(uid).icalendar().replace("DTSTART:2026", "DTSTART:1200")
        await self.send("PUT", f"{uid}.ics", calendar_object(meeting))

    async def remove(self, uid: str) -> None:
        await self.send("DELETE", f"{uid}.ics")

    async def forget_cursors(self) -> None:
        await self.forget(self)

    async def break_down(self) -> None:
        self.gateway.is_down = True

    async def revoke(self) -> None:
        self.gateway.password = "changed"

    async def send(self, method: str, name: str = "", content: str = "") -> str:
        """A request to the calendar, or to an object in it."""
        headers = {"Content-Type": "text/calendar; charset=utf-8"} if content else {}
        async with httpx.AsyncClient(trust_env=False, verify=PLAIN, auth=(USER, PASSWORD)) as client:
            url = f"{self.url}{self.calendar}{name}"
            answer = await client.request(method, url, headers=headers, content=content)
        answer.raise_for_status()
        return answer.text


@asynccontextmanager
async def at_gateway(
    upstream: str, remote_user: str, calendar: str, forget: Callable[[RealRemote], Awaitable[None]]
) -> AsyncIterator[RealRemote]:
    gateway = Gateway(upstream, USER, PASSWORD, remote_user)
    async with serving(gateway, host=HOST) as url:
        remote = RealRemote(gateway, url, calendar, forget)
        await remote.send("MKCALENDAR")
        yield remote
        gateway.is_down, gateway.password = False, PASSWORD
        await remote.send("DELETE")


class TestRadicale(ProviderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
        folder = tmp_path_factory.mktemp("radicale")
        with radicale(folder) as url:
            yield url, folder

    @pytest.fixture
    async def remote(self, server: tuple[str, Path]) -> AsyncIterator[Remote]:
        upstream, folder = server

        async def forget(_: RealRemote) -> None:
            shutil.rmtree(folder / "collections/collection-root" / USER / "work/.Radicale.cache/sync-token")

        async with at_gateway(upstream, USER, f"/{USER}/work/", forget) as remote:
            yield remote


class TestXandikos(ProviderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with xandikos(tmp_path_factory.mktemp("xandikos")) as url:
            with httpx.Client(trust_env=False) as client:
                client.delete(f"{url}/user/calendars/calendar/").raise_for_status()
            yield url

    @pytest.fixture
    async def remote(self, server: str) -> AsyncIterator[Remote]:
        async def forget(remote: RealRemote) -> None:
            """Its tokens are states of its repository: another repository does not know them."""
            left = await remote.send("GET", "b.ics")
            await remote.send("DELETE")
            await remote.send("MKCALENDAR")
            await remote.send("PUT", "b.ics", left)

        async with at_gateway(server, "user", "/user/calendars/work/", forget) as remote:
            yield remote
