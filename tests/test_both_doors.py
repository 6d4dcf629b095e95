"""GraphQL and REST are two doors to the same house: the same request through each comes to the same.

Ada asks by REST, Bob by GraphQL, each for an account on a real Radicale and the same feed. Radicale has a collection
for each, changed alike.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from simulators.ics.feeds import Feed
from tests import databases
from tests.providers.caldav.servers import PLAIN, radicale_with_passwords
from tests.schema.asking import Asking, asking
from tests.web.door import CONNECTIONS, EVENTS, SYNC, TOMORROW, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORDS = {"ada": "ada's", "bob": "bob's"}
CONNECT = """
mutation ($input: ConnectCalendarInput!) {
  connectCalendar(input: $input) {
    ... on Connected { connection { id provider status eventCount lastSyncAt } }
    ... on Failure { code message field }
  }
}
"""
COUNTS = "mutation { syncCalendars { syncedCalendars newEvents updatedEvents errors } }"
LIST = """
query ($filter: EventFilter) {
  events(first: 100, filter: $filter) {
    totalCount
    nodes {
      id title start { dateTime date } end { dateTime date } timeZone provider meetingLink meetingPlatform isJoinable
      organizerEmail attendeeCount isRecurring status autoJoinStatus sessionId isAllDay
    }
  }
}
"""
SET = """
mutation ($id: ID!, $status: AutoJoinChoice!) {
  setAutoJoin(eventId: $id, status: $status) {
    ... on AutoJoinSet { event { id autoJoinStatus } }
    ... on Failure { code }
  }
}
"""


@dataclass
class Radicale:
    """A calendar for each user, changed alike."""

    address: str

    async def make(self) -> None:
        for name in PASSWORDS:
            async with self._as(name) as client:
                (await client.request("MKCALENDAR", f"/{name}/work/")).raise_for_status()

    async def put(self, uid: str, *lines: str) -> None:
        text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", f"UID:{uid}"]
        body = "\r\n".join([*text, "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""])
        for name in PASSWORDS:
            async with self._as(name) as client:
                headers = {"content-type": "text/calendar"}
                (await client.put(f"/{name}/work/{uid}.ics", content=body, headers=headers)).raise_for_status()

    async def remove(self, uid: str) -> None:
        for name in PASSWORDS:
            async with self._as(name) as client:
                (await client.delete(f"/{name}/work/{uid}.ics")).raise_for_status()

    def credentials(self, name: str) -> dict[str, str]:
        return {"url": self.address, "username": name, "password": PASSWORDS[name]}

    def _as(self, name: str) -> httpx.AsyncClient:
        auth = (name, PASSWORDS[name])
        return httpx.AsyncClient(base_url=self.address, auth=auth, verify=PLAIN, trust_env=False, timeout=30)


@dataclass
class Doors:
    """The same users on either side: `rest` asks for Ada, `graphql` for Bob."""

    door: Door
    rest: httpx.AsyncClient
    graphql: Asking
    radicale: Radicale
    feed: Feed

    async def sync(self) -> Mapping[str, object]:
        """What both say of a sync, which is the same."""
        by_rest = (await self.rest.post(SYNC)).json()
        found = (await self.graphql.data(COUNTS))["syncCalendars"]
        by_graphql = {
            "synced_calendars": found["syncedCalendars"],
            "new_events": found["newEvents"],
            "updated_events": found["updatedEvents"],
            "errors": found["errors"],
        }
        assert by_rest == by_graphql
        return by_graphql

    async def events(self, query: Mapping[str, str], wanted: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
        """What both list, which is the same."""
        answer = (await self.rest.get(EVENTS, params={"limit": 100, **query})).json()
        found = (await self.graphql.data(LIST, filter=wanted))["events"]
        by_rest = [told_by_rest(item) for item in answer["items"]]
        assert by_rest == [told_by_graphql(node) for node in found["nodes"]]
        assert answer["total"] == found["totalCount"] == len(by_rest)
        return by_rest


def told_by_rest(item: Mapping[str, Any]) -> Mapping[str, object]:
    same = ("title", "meeting_link", "meeting_platform", "is_joinable", "organizer_email", "attendee_count")
    more = ("is_recurring", "status", "auto_join_status", "session_id", "is_all_day")
    times = {} if item["is_all_day"] else {"start": item["start_time"], "end": item["end_time"]}
    named = {"provider": item["calendar_provider"], "zone": item["timezone"]}
    return {name: item[name] for name in (*same, *more)} | times | named


def told_by_graphql(node: Mapping[str, Any]) -> Mapping[str, object]:
    start, end = node["start"]["dateTime"], node["end"]["dateTime"]
    return {
        "title": node["title"],
        "meeting_link": node["meetingLink"],
        "meeting_platform": node["meetingPlatform"],
        "is_joinable": node["isJoinable"],
        "organizer_email": node["organizerEmail"],
        "attendee_count": node["attendeeCount"],
        "is_recurring": node["isRecurring"],
        "status": node["status"].lower(),
        "auto_join_status": node["autoJoinStatus"].lower(),
        "session_id": node["sessionId"],
        "is_all_day": node["isAllDay"],
        "provider": node["provider"].lower(),
        "zone": node["timeZone"],
        **({} if node["isAllDay"] else {"start": start, "end": end}),
    }


@pytest.fixture(scope="module")
def radicale_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("radicale")
    with radicale_with_passwords(folder, PASSWORDS) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doors(radicale_address: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Doors]:
    """Nothing is connected yet; the calendars hold a series, a meeting and an all-day event, the feed a holiday."""
    radicale = Radicale(radicale_address)
    await radicale.make()
    day = TOMORROW.date()
    await radicale.put(
        "series",
        "SUMMARY:Stand-up",
        f"DTSTART;TZID=Europe/Berlin:{day:%Y%m%d}T090000",
        f"DTEND;TZID=Europe/Berlin:{day:%Y%m%d}T091500",
        "RRULE:FREQ=DAILY;COUNT=5",
        "LOCATION:https://us02web.zoom.us/j/85012345678?pwd=Ab12",
    )
    await radicale.put(
        "review",
        "SUMMARY:Review",
        f"DTSTART:{TOMORROW:%Y%m%dT%H%M%SZ}",
        "DURATION:PT1H",
        "ORGANIZER:mailto:grace@example.com",
        "ATTENDEE:mailto:ada@example.com",
    )
    await radicale.put("offsite", "SUMMARY:Offsite", f"DTSTART;VALUE=DATE:{day + timedelta(days=2):%Y%m%d}")
    async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("doors"))) as door:
        feed = door.feed()
        feed.put("holiday", summary="Holiday", start=day + timedelta(days=3))
        async with door.asking(await door.key()) as rest, asking(door) as graphql:
            yield Doors(door, rest, graphql, radicale, feed)


async def test_the_same_accounts_are_connected(doors: Doors) -> None:
    url = doors.door.url_of(doors.feed)
    for provider, ada, bob in (
        ("caldav", doors.radicale.credentials("ada"), {"caldav": doors.radicale.credentials("bob")}),
        ("ics", {"url": url}, {"ics": {"url": url}}),
    ):
        answer = (await doors.rest.post(CONNECTIONS, json={"provider": provider, "credentials": ada})).json()
        found = (await doors.graphql.data(CONNECT, input=bob))["connectCalendar"]["connection"]

        assert (answer["provider"], answer["status"], answer["event_count"], answer["last_sync_at"]) == (
            found["provider"].lower(),
            found["status"].lower(),
            found["eventCount"],
            found["lastSyncAt"],
        )
        assert answer["credential_id"][:6] == found["id"][:6] == "tcred_"


@pytest.mark.parametrize(
    ("provider", "kind", "credentials"),
    [
        ("ics", "ics", {"url": ""}),
        ("ics", "ics", {"url": "ftp://example.com/feed"}),
        ("ics", "ics", {"url": "http://10.0.0.1/feed.ics"}),
        ("ics", "ics", {"url": "https://ada:secret@example.com/feed.ics"}),
        ("caldav", "caldav", {"url": "", "username": "ada", "password": "ada's"}),
        ("caldav", "caldav", {"url": "http://169.254.169.254/", "username": "ada", "password": "ada's"}),
        ("apple_calendar", "apple", {"apple_id": "ada@example.com", "app_specific_password": "no"}),
    ],
)
async def test_the_same_mistakes_are_told_in_the_same_words(
    doors: Doors, provider: str, kind: str, credentials: dict[str, str]
) -> None:
    answer = await doors.rest.post(CONNECTIONS, json={"provider": provider, "credentials": credentials})
    names = {"apple_id": "appleId", "app_specific_password": "appSpecificPassword"}
    given = {kind: {names.get(name, name): value for name, value in credentials.items()}}
    failed = (await doors.graphql.data(CONNECT, input=given))["connectCalendar"]

    assert answer.status_code == 422
    assert (code_of(answer), answer.json()["error"]["message"]) == (failed["code"], failed["message"])


async def test_the_same_password_is_refused(doors: Doors) -> None:
    wrong = {**doors.radicale.credentials("ada"), "password": "wrong"}

    answer = await doors.rest.post(CONNECTIONS, json={"provider": "caldav", "credentials": wrong})
    failed = (await doors.graphql.data(CONNECT, input={"caldav": wrong}))["connectCalendar"]

    assert code_of(answer) == failed["code"] == "PROVIDER_DISCONNECTED"


async def test_syncs_count_the_same(doors: Doors) -> None:
    none = {"synced_calendars": 2, "new_events": 0, "updated_events": 0, "errors": []}

    assert await doors.sync() == none | {"new_events": 4}
    assert await doors.sync() == none

    await doors.radicale.put("review", "SUMMARY:Design review", f"DTSTART:{TOMORROW:%Y%m%dT%H%M%SZ}")
    await doors.radicale.put("lunch", "SUMMARY:Lunch", f"DTSTART:{TOMORROW:%Y%m%dT%H%M%SZ}")
    doors.feed.put("holiday", summary="Bank holiday", start=TOMORROW.date() + timedelta(days=3))
    assert await doors.sync() == none | {"new_events": 1, "updated_events": 2}

    await doors.radicale.remove("lunch")
    assert await doors.sync() == none


async def test_a_failure_is_told_in_the_same_line(doors: Doors) -> None:
    doors.feed.fail("html")
    try:
        failed = await doors.sync()
    finally:
        doors.feed.mend()

    assert failed["synced_calendars"] == 1
    assert failed["errors"] == ["ics: The answer is a web page, not a calendar."]


EVERYTHING = ["Stand-up"] * 5 + ["Design review", "Offsite", "Bank holiday"]


@pytest.mark.parametrize(
    ("query", "wanted", "titles"),
    [
        ({}, {}, EVERYTHING),
        ({"provider": "ics"}, {"provider": "ICS"}, ["Bank holiday"]),
        ({"auto_join_status": "disabled"}, {"autoJoinStatus": "DISABLED"}, []),
        (
            {"start_after": (TOMORROW + timedelta(days=1)).isoformat()},
            {"starts": {"since": (TOMORROW + timedelta(days=1)).isoformat()}},
            None,
        ),
        (
            {"start_before": (TOMORROW + timedelta(days=1)).isoformat()},
            {"starts": {"until": (TOMORROW + timedelta(days=1)).isoformat()}},
            None,
        ),
    ],
)
async def test_the_same_events_are_listed(
    doors: Doors, query: dict[str, str], wanted: dict[str, object], titles: list[str] | None
) -> None:
    listed = await doors.events(query, wanted)

    if titles is not None:
        assert sorted(str(event["title"]) for event in listed) == sorted(titles)
    assert listed or titles == []


async def test_what_one_decides_about_an_event_both_tell(doors: Doors) -> None:
    def first(of: Sequence[Mapping[str, Any]]) -> str:
        return str(next(item["id"] for item in of if item["title"] == "Design review"))

    ada = first((await doors.rest.get(EVENTS)).json()["items"])
    bob = first((await doors.graphql.data(LIST))["events"]["nodes"])

    await doors.rest.patch(f"{EVENTS}/{ada}", json={"auto_join_status": "disabled"})
    await doors.graphql.data(SET, id=bob, status="DISABLED")

    (listed,) = await doors.events({"auto_join_status": "disabled"}, {"autoJoinStatus": "DISABLED"})
    assert listed["title"] == "Design review"
    strange = await doors.rest.patch(f"{EVENTS}/{bob}", json={"auto_join_status": "disabled"})
    refused = (await doors.graphql.data(SET, id=ada, status="DISABLED"))["setAutoJoin"]
    assert code_of(strange) == refused["code"] == "EVENT_NOT_FOUND"


async def test_disconnecting_leaves_the_same_behind(doors: Doors) -> None:
    (ada,) = [
        each["credential_id"]
        for each in (await doors.rest.get(CONNECTIONS)).json()["connections"]
        if each["provider"] == "caldav"
    ]
    found = await doors.graphql.data("{ connections { id provider } }")
    (bob,) = [each["id"] for each in found["connections"] if each["provider"] == "CALDAV"]
    end = "mutation ($id: ID!) { disconnect(connectionId: $id) { ... on Failure { code } } }"

    assert (await doors.rest.delete(f"{CONNECTIONS}/{ada}")).status_code == 204
    assert (await doors.graphql.data(end, id=bob))["disconnect"] == {}

    assert [event["title"] for event in await doors.events({}, {})] == ["Bank holiday"]
    again = await doors.rest.delete(f"{CONNECTIONS}/{ada}")
    assert code_of(again) == (await doors.graphql.data(end, id=bob))["disconnect"]["code"] == "CONNECTION_NOT_FOUND"
