"""Small pieces that CalDAV tests are made of."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from calendar_sync.domain.errors import ProviderError
from calendar_sync.domain.providers import (
    Account,
    ChangePage,
    Cursor,
    ProviderClient,
    RemoteCalendar,
    Removal,
    Snapshot,
)
from providers.caldav.provider import CalDavProvider
from providers.caldav.service_records import ServiceRecord
from simulators.caldav.app import CalDavSimulator
from simulators.caldav.store import Calendar
from simulators.server import serving
from tests.providers.contract import WINDOW, Meeting, Reading, read, the_calendar
from tests.providers.loopback import HOST, a_transport

USER = "ada"
PASSWORD = "correct horse"
ADDRESS = "ada@example.com"


def an_object(meeting: Meeting) -> str:
    return calendar_object(meeting.icalendar())


def calendar_object(*components: str) -> str:
    return "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tests//EN\r\n", *components, "END:VCALENDAR\r\n"])


UNREADABLE = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:soon\r\nSUMMARY:Soon\r\nEND:VEVENT\r\n"


def a_simulator() -> tuple[CalDavSimulator, Calendar]:
    """A server with the user `ada`, who has one empty calendar, `work`."""
    simulator = CalDavSimulator()
    return simulator, simulator.add_user(USER, PASSWORD, ADDRESS).add_calendar("work")


def credentials(url: str) -> Mapping[str, str]:
    return {"url": url, "username": USER, "password": PASSWORD}


@dataclass(slots=True)
class Service:
    """The simulator on a port, and what a test does with the account in it."""

    simulator: CalDavSimulator
    calendar: Calendar
    url: str
    provider: CalDavProvider

    def put(self, *uids: str) -> None:
        for uid in uids:
            self.calendar.put(f"{uid}.ics", an_object(Meeting(uid)))

    async def account(self) -> Account:
        return await self.provider.connect(credentials(self.url))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ProviderClient]:
        """A client whose log starts here."""
        account = await self.account()
        self.simulator.log.clear()
        async with self.provider.open(account) as client:
            yield client

    async def read(self, since: Cursor | None = None) -> Reading:
        """What another sync run would read of the one calendar."""
        async with self.client() as client:
            return await read(client, await the_calendar(client), since)

    async def calendars(self) -> list[RemoteCalendar]:
        async with self.client() as client:
            return [calendar async for calendar in client.calendars()]


@asynccontextmanager
async def a_service(**quirks: object) -> AsyncIterator[Service]:
    """A server with the user `ada`, who has one empty calendar, `work`."""
    simulator, calendar = a_simulator()
    simulator.quirks.change(**quirks)
    async with serving(simulator, host=HOST) as url:
        yield Service(simulator, calendar, url, CalDavProvider(a_transport(), look_up=no_services))


async def no_services(_: str) -> Sequence[ServiceRecord]:
    return ()


BY_ETAG = {"supports_sync_collection": False}
WITHOUT_A_WORD = {"supports_sync_collection": False, "supports_ctag": False}


def removed(reading: Reading) -> set[str]:
    return {change.remote_id for page in reading.pages for change in page.changes if isinstance(change, Removal)}


def methods(service: Service) -> list[str]:
    return [request.method for request in service.simulator.log]


async def ends_without_a_cursor(service: Service, error: type[ProviderError], since: Cursor | None = None) -> None:
    """Reading ends with the error; nothing before it removes anything or moves the cursor."""
    pages: list[ChangePage] = []
    async with service.client() as client:
        calendar = await the_calendar(client)
        with pytest.raises(error):
            await _read_into(pages, client.changes(calendar, since, WINDOW))
    assert all(page.cursor is None and page.snapshot is Snapshot.NONE for page in pages)
    assert not any(isinstance(change, Removal) for page in pages for change in page.changes)


async def _read_into(pages: list[ChangePage], changes: AsyncGenerator[ChangePage]) -> None:
    async for page in changes:
        pages.append(page)  # noqa: PERF401 - what came before an error counts
