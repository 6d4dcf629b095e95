"""The organisation's calendars over REST, as the contract has them."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aitronos import AsyncAitronos
from aitronos.core.api_error import ApiError
from dirty_equals import IsStr

from tests import databases
from tests.web.door import CONNECTIONS, EVENTS, ORG_CONNECTIONS, code_of
from tests.web.google import DoorAtGoogle, a_door_at_google

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOMENT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UNKNOWN = f"mcorg_{'a' * 24}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DoorAtGoogle]:
    async with a_door_at_google(databases.a_migrated_file(tmp_path_factory.mktemp("google"))) as google:
        google.ada.add_calendar("Team", id="team@example.com")
        yield google


def body_for(credential_id: str, **other: object) -> dict[str, object]:
    """Of a request for the calendar `Team`."""
    body = {"provider": "google_calendar", "credential_id": credential_id, "calendar_name": "Team"}
    return {**body, "account_email": "ada@example.com", **other}


async def created(client: httpx.AsyncClient, google: DoorAtGoogle) -> dict[str, Any]:
    """Connect the account and make `Team` the organisation's."""
    answer = await client.post(ORG_CONNECTIONS, json=body_for(await google.connected(client)))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(ORG_CONNECTIONS)
    assert answer.status_code == 200
    assert set(answer.json()) == {"connections"}
    found: list[dict[str, Any]] = answer.json()["connections"]
    return found


async def test_a_calendar_becomes_the_organisation_s_and_is_listed(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        credential_id = await google.connected(client)

        answer = await client.post(ORG_CONNECTIONS, json=body_for(credential_id))

        assert answer.status_code == 201
        assert answer.json() == {
            "id": IsStr(regex="mcorg_[a-z2-7]{24}"),
            "organization_id": IsStr(regex="org_[a-z2-7]{24}"),
            "provider": "google_calendar",
            "calendar_name": "Team",
            "account_email": "ada@example.com",
            "is_active": True,
            "sync_interval_minutes": 5,
            "last_sync_at": MOMENT,
            "created_by": IsStr(regex="usr_[a-z2-7]{24}"),
            "created_at": MOMENT,
            "credential_id": credential_id,
            "calendar_id": IsStr(regex="cal_[a-z2-7]{24}"),
        }
        assert await listed(client) == [answer.json()]


async def test_it_can_be_synced_and_let_go_of_and_the_account_stays(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        address = f"{ORG_CONNECTIONS}/{(await created(client, google))['id']}"

        synced = await client.post(f"{address}/sync")
        deleted = await client.delete(address)
        again = await client.delete(address)

        assert synced.status_code == 200
        assert synced.json() == {"synced_calendars": 2, "new_events": 0, "updated_events": 0, "errors": []}
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert (again.status_code, code_of(again)) == (404, "ORG_CALENDAR_NOT_FOUND")
        assert await listed(client) == []
        assert len((await client.get(CONNECTIONS)).json()["connections"]) == 1


async def test_the_same_calendar_twice_contradicts_itself(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        first = await created(client, google)

        answer = await client.post(ORG_CONNECTIONS, json=body_for(first["credential_id"], calendar_name="TEAM"))

        assert (answer.status_code, code_of(answer)) == (409, "CONFLICT")
        assert await listed(client) == [first]


async def test_disconnecting_the_account_ends_it(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        found = await created(client, google)

        await client.delete(f"{CONNECTIONS}/{found['credential_id']}")

        assert await listed(client) == []


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"provider": "apple_calendar"}, "provider"),
        ({"provider": "ics"}, "provider"),
        ({"provider": "zoom"}, "provider"),
        ({"provider": "yahoo"}, "provider"),
        ({"provider": None}, "provider"),
        ({"credential_id": f"tcred_{'a' * 24}"}, "credential_id"),
        ({"credential_id": "x" * 5000}, "credential_id"),
        ({"credential_id": 1}, "credential_id"),
        ({"account_email": "eve@example.com"}, "account_email"),
        ({"account_email": None}, "account_email"),
        ({"calendar_name": "Holidays"}, "calendar_name"),
        ({"calendar_name": ["Team"]}, "calendar_name"),
        ({"calendar_name": "Te\0am"}, "calendar_name"),
        ({"sync_interval_minutes": 0}, "sync_interval_minutes"),
        ({"sync_interval_minutes": 1441}, "sync_interval_minutes"),
        ({"sync_interval_minutes": 2**70}, "sync_interval_minutes"),
        ({"sync_interval_minutes": "often"}, "sync_interval_minutes"),
    ],
)
async def test_what_does_not_fit_together_is_named(google: DoorAtGoogle, other: dict[str, object], field: str) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        answer = await client.post(ORG_CONNECTIONS, json=body_for(await google.connected(client)) | other)

        assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
        assert answer.json()["error"]["details"] == {"field": field}
        assert await listed(client) == []


@pytest.mark.parametrize("missing", ["provider", "credential_id", "calendar_name", "account_email"])
async def test_everything_the_contract_requires_is_required(google: DoorAtGoogle, missing: str) -> None:
    body = body_for(f"tcred_{'a' * 24}")
    del body[missing]
    async with google.door.asking(await google.door.admin_key()) as client:
        answer = await client.post(ORG_CONNECTIONS, json=body)

    assert (answer.status_code, answer.json()["error"]["details"]) == (422, {"field": missing})


async def test_an_interval_can_be_asked_for(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        body = body_for(await google.connected(client), sync_interval_minutes=60)

        assert (await client.post(ORG_CONNECTIONS, json=body)).json()["sync_interval_minutes"] == 60


async def test_only_administrators_see_or_change_anything(google: DoorAtGoogle) -> None:
    door = google.door
    organization = door.organization()
    member_key = await door.key(await door.user(organization))
    async with door.asking(await door.admin_key(organization)) as admin, door.asking(member_key) as member:
        found = await created(admin, google)
        one, own = f"{ORG_CONNECTIONS}/{found['id']}", await google.connected(member)
        answers = [
            await member.get(ORG_CONNECTIONS),
            await member.post(ORG_CONNECTIONS, json=body_for(own)),
            await member.post(ORG_CONNECTIONS, json={}),
            await member.delete(one),
            await member.delete(f"{ORG_CONNECTIONS}/{UNKNOWN}"),
            await member.post(f"{one}/sync"),
        ]

        assert {(answer.status_code, code_of(answer)) for answer in answers} == {(403, "INSUFFICIENT_PERMISSIONS")}
        assert answers[0].json()["error"]["type"] == "client_error"
        assert await listed(admin) == [found]
        assert [found["id"] in answer.text for answer in answers] == [False] * 6


async def test_another_organisation_s_calendar_is_not_there(google: DoorAtGoogle) -> None:
    door = google.door
    async with door.asking(await door.admin_key()) as ada, door.asking(await door.admin_key()) as eve:
        found = await created(ada, google)
        one = f"{ORG_CONNECTIONS}/{found['id']}"

        for answer in (await eve.delete(one), await eve.post(f"{one}/sync")):
            assert (answer.status_code, code_of(answer)) == (404, "ORG_CALENDAR_NOT_FOUND")
        stolen = await eve.post(ORG_CONNECTIONS, json=body_for(found["credential_id"]))
        assert stolen.json()["error"]["details"] == {"field": "credential_id"}
        assert await listed(eve) == []
        assert await listed(ada) == [found]


@pytest.mark.parametrize("connection_id", ["x", "mcorg_%00", f"tcred_{'a' * 24}", pytest.param("x" * 5000, id="long")])
async def test_what_is_no_identifier_names_nothing(google: DoorAtGoogle, connection_id: str) -> None:
    async with google.door.asking(await google.door.admin_key()) as client:
        for method, path in (("DELETE", ""), ("POST", "/sync")):
            answer = await client.request(method, f"{ORG_CONNECTIONS}/{connection_id}{path}")

            assert (answer.status_code, code_of(answer)) == (404, "ORG_CALENDAR_NOT_FOUND")


async def test_a_colleague_s_own_lists_hold_nothing_of_it(google: DoorAtGoogle) -> None:
    door = google.door
    organization = door.organization()
    async with (
        door.asking(await door.admin_key(organization)) as admin,
        door.asking(await door.admin_key(organization)) as colleague,
    ):
        found = await created(admin, google)
        await colleague.post(f"{ORG_CONNECTIONS}/{found['id']}/sync")

        assert await listed(colleague) == [found | {"last_sync_at": MOMENT}]
        assert (await colleague.get(CONNECTIONS)).json() == {"connections": []}
        assert (await colleague.get(EVENTS)).json()["total"] == 0
        gone = await colleague.delete(f"{CONNECTIONS}/{found['credential_id']}")
        assert code_of(gone) == "CONNECTION_NOT_FOUND"


async def test_the_published_client_makes_every_call(google: DoorAtGoogle) -> None:
    key = await google.door.admin_key()
    async with google.door.asking(key) as http:
        credential_id = await google.connected(http)
        calendar = AsyncAitronos(api_key=key, base_url="http://test", httpx_client=http).meeting_buddy_calendar

        made = await calendar.connect_org_calendar(
            provider="google_calendar",
            credential_id=credential_id,
            calendar_name="Team",
            account_email="ada@example.com",
        )
        synced = await calendar.sync_org_calendar(made.id)
        (one,) = (await calendar.list_org_calendar_connections()).connections
        await calendar.disconnect_org_calendar(made.id)
        with pytest.raises(ApiError) as missing:
            await calendar.sync_org_calendar(made.id)

    assert (one.id, one.calendar_name, one.sync_interval_minutes, one.is_active) == (made.id, "Team", 5, True)
    assert (synced.synced_calendars, synced.errors) == (2, [])
    assert (missing.value.status_code, missing.value.body["error"]["code"]) == (404, "ORG_CALENDAR_NOT_FOUND")
