"""An organisation's calendar at Google, asked for through both doors: all of it real but Google.

Ada asks by REST, Bob by GraphQL, each an administrator of an organisation of their own, with the same Google account.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from resolvers.refusals import camel
from simulators.google.calendars import Calendar
from tests import databases
from tests.schema.asking import Asking
from tests.web.door import CONNECTIONS, EVENTS, ORG_CONNECTIONS, TOMORROW, code_of
from tests.web.google import DoorAtGoogle, a_door_at_google

LIST = """{
  organizationCalendars {
    id organizationId connectionId calendarId provider calendarName accountEmail isActive syncIntervalMinutes
    lastSyncAt createdBy createdAt
  }
}"""
CREATE = """
mutation ($input: CreateOrganizationCalendarInput!) {
  createOrganizationCalendar(input: $input) {
    ... on OrganizationCalendarCreated { organizationCalendar { id } }
    ... on Failure { code message }
  }
}
"""
SYNC = """
mutation ($id: ID!) {
  syncOrganizationCalendar(id: $id) {
    ... on SyncResult { syncedCalendars newEvents updatedEvents errors }
    ... on Failure { code message }
  }
}
"""
DELETE = "mutation ($id: ID!) { deleteOrganizationCalendar(id: $id) { ... on Failure { code message } } }"
TITLES = "{ events(first: 50) { nodes { title } } }"
OF_EACH = {"id", "organization_id", "connection_id", "calendar_id", "created_by", "created_at", "last_sync_at"}
"""What is another's own: compared only in whether it is there."""


@dataclass
class Doors:
    google: DoorAtGoogle
    team: Calendar
    rest: httpx.AsyncClient
    graphql: Asking
    adas_organization: str
    accounts: tuple[str, str] = ("", "")

    async def connect(self) -> None:
        self.accounts = (await self.google.connected(self.rest), await self.google.connected(self.graphql.client))

    async def create(self, **other: object) -> tuple[httpx.Response, Mapping[str, Any]]:
        ada, bob = self.accounts
        body = {"provider": "google_calendar", "calendar_name": "Team", "account_email": "ada@example.com", **other}
        given = {camel(name): value for name, value in body.items()} | {"provider": str(body["provider"]).upper()}
        answer = await self.rest.post(ORG_CONNECTIONS, json={"credential_id": ada, **body})
        data = await self.graphql.data(CREATE, input={"connectionId": bob, **given})
        return answer, data["createOrganizationCalendar"]

    async def listed(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        by_rest = (await self.rest.get(ORG_CONNECTIONS)).json()["connections"]
        return by_rest, (await self.graphql.data(LIST))["organizationCalendars"]

    async def ids(self) -> tuple[str, str]:
        """Of the calendar in each organisation, chosen if it is not yet."""
        await self.create()
        (ada,), (bob,) = await self.listed()
        return ada["id"], bob["id"]

    async def sync(self) -> Mapping[str, object]:
        """What both say of a sync, which is the same."""
        ada, bob = await self.ids()
        by_rest: Mapping[str, object] = (await self.rest.post(f"{ORG_CONNECTIONS}/{ada}/sync")).json()
        by_graphql = (await self.graphql.data(SYNC, id=bob))["syncOrganizationCalendar"]
        assert {camel(name): value for name, value in by_rest.items()} == by_graphql
        return by_rest


@pytest.fixture
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Doors]:
    """The account has a calendar `Team` beside its own, which holds a series."""
    async with a_door_at_google(databases.a_migrated_file(tmp_path_factory.mktemp("doors"))) as google:
        team = google.ada.add_calendar("Team")
        team.add("Stand-up", TOMORROW, TOMORROW + timedelta(minutes=15), recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
        door = google.door
        home = door.organization()
        keys = await door.admin_key(home), await door.admin_key()
        async with door.asking(keys[0]) as rest, door.asking(keys[1]) as graphql:
            doors = Doors(google, team, rest, Asking(door, graphql), home)
            await doors.connect()
            yield doors


@pytest.mark.parametrize(
    "other",
    [
        {"provider": "ics"},
        {"provider": "outlook_calendar"},
        {"account_email": "eve@example.com"},
        {"calendar_name": "Holidays"},
        {"sync_interval_minutes": 0},
    ],
)
async def test_the_same_mistakes_are_told_in_the_same_words(doors: Doors, other: dict[str, object]) -> None:
    answer, failed = await doors.create(**other)

    assert answer.status_code == 422
    assert (code_of(answer), answer.json()["error"]["message"]) == (failed["code"], failed["message"])
    assert await doors.listed() == ([], [])


async def test_the_same_calendar_is_made_the_organisation_s_once(doors: Doors) -> None:
    answer, made = await doors.create()
    again, failed = await doors.create()

    assert answer.status_code == 201
    assert made["organizationCalendar"]["id"][:6] == answer.json()["id"][:6] == "mcorg_"
    assert (code_of(again), again.json()["error"]["message"]) == (failed["code"], failed["message"])
    assert failed["code"] == "CONFLICT"


async def test_the_same_is_listed(doors: Doors) -> None:
    await doors.create()
    (ada,), (bob,) = await doors.listed()
    by_rest = {"connection_id" if name == "credential_id" else name: value for name, value in ada.items()}
    by_graphql = {name: bob[camel(name)] for name in by_rest} | {"provider": bob["provider"].lower()}

    assert len(by_graphql) == len(bob)
    for name, value in by_rest.items():
        if name in OF_EACH:
            assert value is not None
            assert by_graphql[name] is not None
        else:
            assert (name, value) == (name, by_graphql[name])


async def test_syncs_count_the_same(doors: Doors) -> None:
    none = {"synced_calendars": 2, "new_events": 0, "updated_events": 0, "errors": []}
    assert await doors.sync() == none, "it was synced when it was made the organisation's"

    doors.team.add("Lunch", TOMORROW + timedelta(hours=3))
    assert await doors.sync() == none | {"new_events": 1}


async def test_events_stay_with_the_user_whose_account_it_is(doors: Doors) -> None:
    await doors.create()
    door = doors.google.door
    async with door.asking(await door.admin_key(doors.adas_organization)) as colleague:
        assert len((await colleague.get(ORG_CONNECTIONS)).json()["connections"]) == 1
        assert (await colleague.get(EVENTS)).json()["total"] == 0
        assert (await Asking(door, colleague).data(TITLES))["events"]["nodes"] == []
    assert (await doors.rest.get(EVENTS)).json()["total"] == 3


async def test_a_grant_that_ended_is_told_in_the_same_line(doors: Doors) -> None:
    await doors.create()
    authority = doors.google.simulator.authority
    authority.kill_refresh_tokens(doors.google.ada)
    authority.expire_access_tokens(doors.google.ada)

    failed = await doors.sync()

    assert failed["errors"] == ["google_calendar: Token expired, please reconnect"]
    (ada,), (bob,) = await doors.listed()
    assert not ada["is_active"]
    assert not bob["isActive"]
    await doors.connect()
    (ada,), (bob,) = await doors.listed()
    assert ada["is_active"]
    assert bob["isActive"]


async def test_letting_go_leaves_the_account_and_its_events(doors: Doors) -> None:
    ada, bob = await doors.ids()

    assert (await doors.rest.delete(f"{ORG_CONNECTIONS}/{ada}")).status_code == 204
    assert (await doors.graphql.data(DELETE, id=bob))["deleteOrganizationCalendar"] == {}

    again = await doors.rest.delete(f"{ORG_CONNECTIONS}/{ada}")
    failed = (await doors.graphql.data(DELETE, id=bob))["deleteOrganizationCalendar"]
    assert (code_of(again), again.json()["error"]["message"]) == (failed["code"], failed["message"])
    assert failed["code"] == "ORG_CALENDAR_NOT_FOUND"
    assert [each["event_count"] for each in (await doors.rest.get(CONNECTIONS)).json()["connections"]] == [3]
