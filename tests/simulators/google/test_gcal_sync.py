"""gcal-sync, the library that Home Assistant syncs Google calendars with, syncs with the simulator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from gcal_sync.api import GoogleCalendarService, LocalListEventsRequest
from gcal_sync.auth import AbstractAuth
from gcal_sync.exceptions import AuthException
from gcal_sync.sync import CalendarEventSyncManager, CalendarListSyncManager

from tests.simulators.google.world import MONDAY, SCOPE, WEEKLY, Google, instance, starting

WINDOW = LocalListEventsRequest(start_time=datetime(2026, 1, 1, tzinfo=UTC), end_time=datetime(2026, 3, 1, tzinfo=UTC))


class Auth(AbstractAuth):
    def __init__(self, session: aiohttp.ClientSession, google: Google) -> None:
        super().__init__(session, f"{google.url}/calendar/v3")
        self._token = google.simulator.grant(google.client, google.ada, f"{SCOPE}calendar").access.value

    async def async_get_access_token(self) -> str:
        return self._token


@pytest.fixture
async def service(google: Google) -> AsyncIterator[GoogleCalendarService]:
    async with aiohttp.ClientSession() as session:
        yield GoogleCalendarService(Auth(session, google))


@pytest.fixture
def manager(service: GoogleCalendarService) -> CalendarEventSyncManager:
    return CalendarEventSyncManager(service, "ada@example.com")


async def synced(manager: CalendarEventSyncManager) -> list[tuple[str, str]]:
    """Day and title of what the library shows from January to March, after a sync."""
    await manager.run()
    events = (await manager.store_service.async_list_events(WINDOW)).events
    return sorted((f"{event.start.value:%m-%d}", event.summary) for event in events)


async def test_a_full_sync_then_increments(google: Google, manager: CalendarEventSyncManager) -> None:
    google.calendar.add("Single", MONDAY, id="single0")
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    assert await synced(manager) == [
        ("01-05", "Series"),
        ("01-05", "Single"),
        *[(day, "Series") for day in ("01-12", "01-19", "01-26", "02-02")],
    ]

    google.calendar.remove("single0")
    google.calendar.remove(instance("series0", 1))
    moved = {"start": starting(MONDAY + timedelta(days=15)), "end": starting(MONDAY + timedelta(days=15, hours=1))}
    google.calendar.change(instance("series0", 2), summary="Moved", **moved)
    assert await synced(manager) == [
        ("01-05", "Series"),
        ("01-20", "Moved"),
        ("01-26", "Series"),
        ("02-02", "Series"),
    ]
    assert google.simulator.count("GET", "/events") == 2


async def test_a_sync_of_many_pages(google: Google, manager: CalendarEventSyncManager) -> None:
    google.simulator.quirks.change(short_pages=2, empty_pages=1)
    for number in range(5):
        google.calendar.add(f"Event {number}", MONDAY + timedelta(days=number))

    assert [title for _, title in await synced(manager)] == [f"Event {number}" for number in range(5)]
    assert google.simulator.count("GET", "/events") == 4


async def test_a_lost_sync_token_starts_over(google: Google, manager: CalendarEventSyncManager) -> None:
    google.calendar.add("Old", MONDAY, id="old00")
    google.calendar.add("Kept", MONDAY, id="kept0")
    await synced(manager)

    google.calendar.remove("old00")
    google.calendar.forget_tombstones()
    google.calendar.expire_sync_tokens()

    assert await synced(manager) == [("01-05", "Kept")]
    assert [request.status for request in google.simulator.log] == [200, 410, 200]


async def test_a_dead_token_is_told(google: Google, manager: CalendarEventSyncManager) -> None:
    google.simulator.authority.expire_access_tokens()

    with pytest.raises(AuthException):
        await manager.run()


async def test_the_calendar_list(google: Google, service: GoogleCalendarService) -> None:
    manager = CalendarListSyncManager(service)
    await manager.run()
    google.ada.add_calendar("Team")
    await manager.run()

    calendars = (await manager.store_service.async_list_calendars()).calendars

    assert [calendar.summary for calendar in calendars] == ["ada@example.com", "Team"]
    assert (await service.async_get_calendar("primary")).id == "ada@example.com"
