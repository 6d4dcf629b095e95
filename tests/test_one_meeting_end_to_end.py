"""One invitation, as Google, Outlook and feeds have it, is one meeting: all of it real but the vendors."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from simulators.google.app import GoogleSimulator
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from simulators.microsoft.times import graph_time
from simulators.server import serving
from tests import databases
from tests.schema.asking import Asking, asking
from tests.web.door import CONNECTIONS, TOMORROW, a_door
from tests.web.google import CALLBACK, JSON, allowed

pytestmark = pytest.mark.asyncio(loop_scope="module")

UID = "7kukuqrfedlm2f9t@google.com"
LINK = "https://zoom.us/j/123456789"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MEETINGS = """
{
  events(first: 50) {
    nodes { title start { dateTime } icalUid meeting { id differences copies { provider start { dateTime } } } }
  }
}
"""


@dataclass(frozen=True)
class World:
    ada: Asking
    google: GoogleSimulator
    microsoft: MicrosoftSimulator

    async def consent(self, provider: str) -> None:
        begun = (await self.ada.client.post(CONNECTIONS, json={"provider": provider})).json()
        returned = await allowed(begun["authorization_url"])
        answer = await self.ada.client.get(CALLBACK, params=returned, headers=JSON)
        assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    google, microsoft, settings = GoogleSimulator(), MicrosoftSimulator(), {}
    async with AsyncExitStack() as stack:
        for simulator in (google, microsoft):
            simulator.quirks.consent = "grant"
            simulator.add_client("client", "secret")
            simulator.add_account("ada@example.com")
            url = await stack.enter_async_context(serving(simulator))
            settings.update({name.lower(): value for name, value in simulator.settings(url).items()})
        store = databases.a_migrated_file(tmp_path_factory.mktemp("meeting"))
        door = await stack.enter_async_context(a_door(store, **settings))
        yield World(await stack.enter_async_context(asking(door)), google, microsoft)


def as_exchange_calls_it(uid: str) -> str:
    """The `iCalUId` of an invitation that came from elsewhere ([MS-OXCICAL] 2.1.3.1.1.20.26)."""
    data = b"vCal-Uid\x01\0\0\0" + uid.encode() + b"\0"
    header = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20) + len(data).to_bytes(4, "little")
    return (header + data).hex().upper()


async def test_each_occurrence_is_one_meeting_wherever_it_was_moved(world: World) -> None:
    """A daily meeting, the second of which was moved; the feed has not heard of that, and a note of one's own has."""
    second, later = TOMORROW + DAY, TOMORROW + DAY + 2 * HOUR
    invitations_to(world, second, later)
    feed, notes = world.ada.door.feed(), world.ada.door.feed()
    feed.put(UID, summary="Planning", start=TOMORROW, more=["RRULE:FREQ=DAILY;COUNT=3", f"LOCATION:{LINK}"])
    notes.put("note", summary="Planning!", start=later, more=[f"LOCATION:{LINK}?pwd=secret"])
    for provider in ("google_calendar", "outlook_calendar"):
        await world.consent(provider)
    for each in (feed, notes):
        await world.ada.connect(each)
    assert (await world.ada.sync())["errors"] == []

    nodes = (await world.ada.data(MEETINGS))["events"]["nodes"]

    assert {node["icalUid"] for node in nodes} == {UID, "note"}
    meetings = {node["meeting"]["id"]: node["meeting"] for node in nodes}
    seen = {tuple(sorted(map(shown, meeting["copies"]))): meeting["differences"] for meeting in meetings.values()}
    assert seen == {
        tuple((name, TOMORROW) for name in ("GOOGLE_CALENDAR", "ICS", "OUTLOOK_CALENDAR")): [],
        (
            ("GOOGLE_CALENDAR", later),
            ("ICS", second),
            ("ICS", later),
            ("OUTLOOK_CALENDAR", later),
        ): ["title", "start", "end"],
        tuple((name, TOMORROW + 2 * DAY) for name in ("GOOGLE_CALENDAR", "ICS", "OUTLOOK_CALENDAR")): [],
    }
    (found,) = {node["meeting"]["id"] for node in nodes if node["icalUid"] == "note"}
    assert len((await world.ada.data(f'{{ meeting(id: "{found}") {{ copies {{ id }} }} }}'))["meeting"]["copies"]) == 4


def invitations_to(world: World, second: datetime, later: datetime) -> None:
    google = world.google.world.accounts["ada@example.com"].primary
    series = google.add("Planning", TOMORROW, recurrence=["RRULE:FREQ=DAILY;COUNT=3"], iCalUID=UID, location=LINK)
    moved = {"start": {"dateTime": later.isoformat()}, "end": {"dateTime": (later + HOUR).isoformat()}}
    google.change(f"{series}_{second:%Y%m%dT%H%M%SZ}", **moved)
    outlook = world.microsoft.world.accounts["ada@example.com"].calendar
    same = outlook.add(
        "Planning",
        TOMORROW,
        recurrence=repeating("daily", times=3),
        iCalUId=as_exchange_calls_it(UID),
        location={"displayName": LINK},
    )
    outlook.change(occurrence_id(same, second.date()), start=graph_time(later), end=graph_time(later + HOUR))


def shown(copy: dict[str, dict[str, str]]) -> tuple[object, datetime]:
    return copy["provider"], datetime.fromisoformat(copy["start"]["dateTime"])
