"""The organisation's calendars over GraphQL: what a caller brings about is data."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from dirty_equals import IsStr

from tests import databases
from tests.schema.asking import Asking, error_of
from tests.web.google import DoorAtGoogle, a_door_at_google

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = """
    id organizationId connectionId calendarId provider calendarName accountEmail isActive syncIntervalMinutes
    lastSyncAt createdBy createdAt
"""
LIST = f"{{ organizationCalendars {{ {FIELDS} }} }}"
CREATE = f"""
mutation ($input: CreateOrganizationCalendarInput!) {{
  createOrganizationCalendar(input: $input) {{
    __typename
    ... on OrganizationCalendarCreated {{ organizationCalendar {{ {FIELDS} }} }}
    ... on Failure {{ code message field }}
  }}
}}
"""
DELETE = """
mutation ($id: ID!) {
  deleteOrganizationCalendar(id: $id) {
    __typename
    ... on OrganizationCalendarDeleted { organizationCalendarId }
    ... on Failure { code message field }
  }
}
"""
SYNC = """
mutation ($id: ID!) {
  syncOrganizationCalendar(id: $id) {
    __typename
    ... on SyncResult { syncedCalendars newEvents errors durationMs runs { connectionId accountEmail status } }
    ... on Failure { code message field }
  }
}
"""
UNKNOWN = f"mcorg_{'a' * 24}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DoorAtGoogle]:
    async with a_door_at_google(databases.a_migrated_file(tmp_path_factory.mktemp("google"))) as google:
        google.ada.add_calendar("Team", id="team@example.com")
        yield google


@asynccontextmanager
async def an_admin(google: DoorAtGoogle, organization: str | None = None) -> AsyncGenerator[Asking]:
    async with google.door.asking(await google.door.admin_key(organization)) as client:
        yield Asking(google.door, client)


def input_for(connection_id: str, **other: object) -> dict[str, object]:
    given = {"provider": "GOOGLE_CALENDAR", "connectionId": connection_id, "calendarName": "team"}
    return {**given, "accountEmail": "ada@example.com", **other}


async def created(admin: Asking, google: DoorAtGoogle) -> dict[str, Any]:
    given = input_for(await google.connected(admin.client))
    found: dict[str, Any] = (await admin.data(CREATE, input=given))["createOrganizationCalendar"]
    return found


async def test_a_calendar_becomes_the_organisation_s_and_is_listed(google: DoorAtGoogle) -> None:
    async with an_admin(google) as admin:
        found = await created(admin, google)
        me = (await admin.data("{ me { id organizationId } }"))["me"]
        listed = (await admin.data(LIST))["organizationCalendars"]

    calendar = found["organizationCalendar"]
    assert found["__typename"] == "OrganizationCalendarCreated"
    assert calendar == {
        "id": IsStr(regex="mcorg_[a-z2-7]{24}"),
        "organizationId": me["organizationId"],
        "connectionId": IsStr(regex="tcred_[a-z2-7]{24}"),
        "calendarId": IsStr(regex="cal_[a-z2-7]{24}"),
        "provider": "GOOGLE_CALENDAR",
        "calendarName": "Team",
        "accountEmail": "ada@example.com",
        "isActive": True,
        "syncIntervalMinutes": 5,
        "lastSyncAt": IsStr(),
        "createdBy": me["id"],
        "createdAt": IsStr(),
    }
    assert listed == [calendar]


async def test_it_can_be_synced_and_let_go_of(google: DoorAtGoogle) -> None:
    async with an_admin(google) as admin:
        calendar = (await created(admin, google))["organizationCalendar"]
        synced = (await admin.data(SYNC, id=calendar["id"]))["syncOrganizationCalendar"]
        deleted = (await admin.data(DELETE, id=calendar["id"]))["deleteOrganizationCalendar"]
        listed = (await admin.data(LIST))["organizationCalendars"]

    assert synced.pop("durationMs") >= 0
    assert synced == {
        "__typename": "SyncResult",
        "syncedCalendars": 2,
        "newEvents": 0,
        "errors": [],
        "runs": [{"connectionId": calendar["connectionId"], "accountEmail": "ada@example.com", "status": "SUCCEEDED"}],
    }
    assert deleted == {"__typename": "OrganizationCalendarDeleted", "organizationCalendarId": calendar["id"]}
    assert listed == []


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"provider": "CALDAV"}, "input.provider"),
        ({"provider": "ZOOM"}, "input.provider"),
        ({"connectionId": "tcred_x"}, "input.connectionId"),
        ({"accountEmail": "eve@example.com"}, "input.accountEmail"),
        ({"calendarName": "Holidays"}, "input.calendarName"),
        ({"syncIntervalMinutes": 0}, "input.syncIntervalMinutes"),
    ],
)
async def test_what_does_not_fit_together_is_named_as_the_caller_wrote_it(
    google: DoorAtGoogle, other: dict[str, object], field: str
) -> None:
    async with an_admin(google) as admin:
        given = input_for(await google.connected(admin.client), **other)
        refused = (await admin.data(CREATE, input=given))["createOrganizationCalendar"]

    assert (refused["__typename"], refused["code"], refused["field"]) == (
        "CreateOrganizationCalendarFailed",
        "VALIDATION_ERROR",
        field,
    )


async def test_the_same_calendar_twice_contradicts_itself(google: DoorAtGoogle) -> None:
    async with an_admin(google) as admin:
        await created(admin, google)

        assert (await created(admin, google))["code"] == "CONFLICT"


async def test_only_administrators_see_or_change_anything(google: DoorAtGoogle) -> None:
    door = google.door
    organization = door.organization()
    async with (
        an_admin(google, organization) as admin,
        door.asking(await door.key(await door.user(organization))) as client,
    ):
        calendar = (await created(admin, google))["organizationCalendar"]
        member = Asking(door, client)
        given = input_for(await google.connected(client))
        listing = error_of(await member.answer(LIST))
        answers = [
            (await member.data(CREATE, input=given))["createOrganizationCalendar"],
            (await member.data(DELETE, id=calendar["id"]))["deleteOrganizationCalendar"],
            (await member.data(SYNC, id=calendar["id"]))["syncOrganizationCalendar"],
        ]
        assert (await admin.data(LIST))["organizationCalendars"] == [calendar]

    assert listing["extensions"]["code"] == "INSUFFICIENT_PERMISSIONS"
    assert {(answer["code"], answer["message"]) for answer in answers} == {
        ("INSUFFICIENT_PERMISSIONS", listing["message"])
    }


async def test_another_organisation_s_calendar_is_not_there(google: DoorAtGoogle) -> None:
    async with an_admin(google) as ada, an_admin(google) as eve:
        calendar = (await created(ada, google))["organizationCalendar"]

        for id in (calendar["id"], UNKNOWN, "x"):
            for operation, name in ((DELETE, "deleteOrganizationCalendar"), (SYNC, "syncOrganizationCalendar")):
                assert (await eve.data(operation, id=id))[name]["code"] == "ORG_CALENDAR_NOT_FOUND"
        assert (await eve.data(LIST))["organizationCalendars"] == []
        assert (await ada.data(LIST))["organizationCalendars"] == [calendar]
