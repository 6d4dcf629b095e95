"""A user consents at Google, and what is in their calendars is synced, counted and kept: all of it real but Google."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio

from simulators.google.app import GoogleSimulator
from simulators.server import serving
from tests import databases
from tests.web.door import SYNC, a_door
from tests.web.google import CALLBACK, CLIENT_SECRET, JSON, DoorAtGoogle

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOMORROW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DoorAtGoogle]:
    simulator = GoogleSimulator()
    simulator.quirks.consent = "grant"
    simulator.add_client("client", CLIENT_SECRET)
    ada = simulator.add_account("ada@example.com")
    async with serving(simulator) as url:
        chosen = {name.lower(): value for name, value in simulator.settings(url).items()}
        async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("google")), **chosen) as door:
            yield DoorAtGoogle(door, simulator, ada)


async def counts(client: httpx.AsyncClient) -> tuple[int, int, int, list[str]]:
    answer = (await client.post(SYNC)).json()
    return answer["synced_calendars"], answer["new_events"], answer["updated_events"], answer["errors"]


async def test_from_consent_to_exact_counts(google: DoorAtGoogle) -> None:
    calendar = google.ada.primary
    stand_up = calendar.add(
        "Stand-up", TOMORROW, TOMORROW + timedelta(minutes=15), recurrence=["RRULE:FREQ=DAILY;COUNT=5"]
    )
    lunch = calendar.add("Lunch", TOMORROW + timedelta(hours=3))
    async with google.door.asking(await google.door.key()) as client:
        await client.get(CALLBACK, params=await google.returning(client), headers=JSON)

        assert await counts(client) == (1, 2, 0, [])
        google.simulator.log.clear()
        assert await counts(client) == (1, 0, 0, [])
        assert len(google.simulator.log) <= 2, "one request for the calendar and one for the list of calendars"

        calendar.change(lunch, summary="Dinner")
        calendar.remove(f"{stand_up}_{TOMORROW + timedelta(days=2):%Y%m%dT%H%M%SZ}")
        assert await counts(client) == (1, 0, 2, [])
        events = (await client.get("/v1/meeting-buddy/calendar/events")).json()["items"]
        assert sorted(event["title"] for event in events) == ["Dinner"] + ["Stand-up"] * 4

        google.simulator.authority.expire_access_tokens(google.ada)
        calendar.expire_sync_tokens()
        assert await counts(client) == (1, 0, 0, [])


async def test_a_grant_that_died_asks_for_a_reconnect_and_keeps_everything(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client:
        await client.get(CALLBACK, params=await google.returning(client), headers=JSON)
        await counts(client)
        before = (await client.get("/v1/meeting-buddy/calendar/events")).json()["items"]

        google.simulator.authority.kill_refresh_tokens(google.ada)
        google.simulator.authority.expire_access_tokens(google.ada)
        assert await counts(client) == (0, 0, 0, ["google_calendar: Token expired, please reconnect"])
        assert (await client.get("/v1/meeting-buddy/calendar/events")).json()["items"] == before

        await client.get(CALLBACK, params=await google.returning(client), headers=JSON)
        assert await counts(client) == (1, 0, 0, [])
        after = (await client.get("/v1/meeting-buddy/calendar/events")).json()["items"]
        assert [event["id"] for event in after] == [event["id"] for event in before]
