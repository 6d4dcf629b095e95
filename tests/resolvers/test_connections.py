"""Connecting accounts, choosing their calendars, disconnecting."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from simulators import sandbox
from simulators.server import serving
from tests.schema.asking import Asking

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONNECT = """
mutation ($input: ConnectCalendarInput!) {
  connectCalendar(input: $input) {
    __typename
    ... on Connected { connection { id provider accountEmail status eventCount lastSyncAt calendars { name } } }
    ... on Failure { code message field retryAfterSeconds }
  }
}
"""
SELECT = """
mutation ($connection: ID!, $calendars: [ID!]!) {
  selectCalendars(connectionId: $connection, calendarIds: $calendars) {
    __typename
    ... on CalendarsSelected { calendars { name isSelected } }
    ... on Failure { code message field }
  }
}
"""
DISCONNECT = """
mutation ($connection: ID!) {
  disconnect(connectionId: $connection) {
    __typename
    ... on Disconnected { connectionId }
    ... on Failure { code message field }
  }
}
"""
CONNECTION = "query ($id: ID!) { connection(id: $id) { id eventCount calendars { id name isSelected } } }"


async def connect(asking: Asking, **given: object) -> dict[str, Any]:
    answer: dict[str, Any] = (await asking.data(CONNECT, input=given))["connectCalendar"]
    return answer


async def test_a_feed_is_connected(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("1", summary="A")

    answer = await connect(ada, ics={"url": ada.door.url_of(feed)})

    assert answer["__typename"] == "Connected"
    connection = answer["connection"]
    assert (connection["provider"], connection["status"]) == ("ICS", "ACTIVE")
    assert (connection["eventCount"], connection["lastSyncAt"]) == (0, None)


async def test_an_account_on_a_caldav_server_is_connected_and_read(ada: Asking) -> None:
    async with serving(sandbox.caldav_account(datetime.now(UTC).date())) as server:
        account = {"url": server, "username": sandbox.USER, "password": sandbox.PASSWORD}
        connection = (await connect(ada, caldav=account))["connection"]
        counts = await ada.sync()

    assert connection["provider"] == "CALDAV"
    assert counts["newEvents"] > 0
    assert counts["errors"] == []


async def test_an_account_that_is_connected_again_stays_what_it_was(ada: Asking) -> None:
    feed = await ada.with_events("A")
    before = (await ada.data("{ connections { id eventCount } }"))["connections"]

    again = await connect(ada, ics={"url": ada.door.url_of(feed)})

    assert (await ada.data("{ connections { id eventCount } }"))["connections"] == before
    assert (again["connection"]["id"], again["connection"]["eventCount"]) == (before[0]["id"], 1)


async def test_an_account_that_refuses_the_credentials_is_a_failure(ada: Asking) -> None:
    async with serving(sandbox.caldav_account(datetime.now(UTC).date())) as server:
        answer = await connect(ada, caldav={"url": server, "username": sandbox.USER, "password": "wrong"})

    assert (answer["__typename"], answer["code"]) == ("ConnectFailed", "PROVIDER_DISCONNECTED")
    assert (await ada.data("{ connections { id } }"))["connections"] == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"ics": {"url": ""}}, "VALIDATION_ERROR", "input.ics.url"),
        ({"ics": {"url": "https://10.0.0.1/calendar.ics"}}, "ADDRESS_REFUSED", None),
        ({"appleFeed": {"url": ""}}, "VALIDATION_ERROR", "input.appleFeed.url"),
        ({"caldav": {"url": "", "username": "a", "password": "b"}}, "VALIDATION_ERROR", "input.caldav.url"),
        (
            {"caldav": {"url": "https://dav.example.org", "username": "", "password": "b"}},
            "VALIDATION_ERROR",
            "input.caldav.username",
        ),
        (
            {"apple": {"appleId": "a@example.org", "appSpecificPassword": ""}},
            "VALIDATION_ERROR",
            "input.apple.appSpecificPassword",
        ),
    ],
)
async def test_what_cannot_be_connected_names_the_input_to_blame(
    ada: Asking, given: Mapping[str, object], code: str, field: str | None
) -> None:
    answer = await connect(ada, **given)

    assert (answer["__typename"], answer["code"], answer["field"]) == ("ConnectFailed", code, field)
    assert answer["message"]


async def test_a_server_that_wants_to_be_asked_later_says_when(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.fail("status", status=429, retry_after="3600")

    answer = await connect(ada, ics={"url": ada.door.url_of(feed)})

    assert (answer["code"], answer["retryAfterSeconds"]) == ("PROVIDER_RATE_LIMITED", 3600)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ics": {"url": "https://example.org"}, "appleFeed": {"url": "https://example.org"}},
        {"ics": None},
        {"ics": {}},
        {"ics": {"url": "https://example.org", "user": "x"}},
        {"yahoo": {}},
        {"google": None},
        {"google": {}, "zoom": {}},
    ],
)
async def test_exactly_one_account_is_to_be_given(ada: Asking, given: Mapping[str, object]) -> None:
    assert await ada.code(CONNECT, input=given) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


async def test_every_provider_is_listed_with_whether_it_can_be_connected(ada: Asking) -> None:
    found = (await ada.data("{ providers { name isAvailable unavailableReason } }"))["providers"]

    known = {one["name"]: one for one in found}
    assert known["ICS"] == {"name": "ICS", "isAvailable": True, "unavailableReason": None}
    assert len(found) == 6
    assert all((one["unavailableReason"] is None) == one["isAvailable"] for one in found)


async def test_calendars_are_chosen(ada: Asking) -> None:
    async with serving(sandbox.caldav_account(datetime.now(UTC).date())) as server:
        account = {"url": server, "username": sandbox.USER, "password": sandbox.PASSWORD}
        connection = (await connect(ada, caldav=account))["connection"]["id"]
        await ada.sync()
        before = (await ada.data(CONNECTION, id=connection))["connection"]

        nothing = (await ada.data(SELECT, connection=connection, calendars=[]))["selectCalendars"]
        without = (await ada.data(CONNECTION, id=connection))["connection"]
        everything = [calendar["id"] for calendar in before["calendars"]]
        await ada.data(SELECT, connection=connection, calendars=everything)
        counts = await ada.sync()

    assert before["eventCount"] > 0
    assert [calendar["isSelected"] for calendar in nothing["calendars"]] == [False] * len(before["calendars"])
    assert without["eventCount"] == 0
    assert counts["newEvents"] > 0


async def test_a_calendar_of_another_account_cannot_be_chosen(ada: Asking) -> None:
    await ada.with_events("A")
    await ada.with_events("B")
    one, another = (await ada.data("{ connections { id calendars { id } } }"))["connections"]

    answer = await ada.data(SELECT, connection=one["id"], calendars=[another["calendars"][0]["id"]])

    assert answer["selectCalendars"]["code"] == "CALENDAR_NOT_FOUND"
    assert {one["isSelected"] for one in (await ada.data("{ calendars { isSelected } }"))["calendars"]} == {True}


async def test_calendars_are_listed_with_their_account(ada: Asking) -> None:
    await ada.with_events("A")
    await ada.with_events("B")
    one, _ = (await ada.data("{ connections { id } }"))["connections"]

    everything = (await ada.data("{ calendars { connectionId connection { id } } }"))["calendars"]
    some = await ada.data("query ($id: ID!) { calendars(connectionId: $id) { connectionId } }", id=one["id"])

    assert len(everything) == 2
    assert all(calendar["connectionId"] == calendar["connection"]["id"] for calendar in everything)
    assert some["calendars"] == [{"connectionId": one["id"]}]


async def test_a_disconnected_account_is_forgotten_with_its_events(ada: Asking) -> None:
    await ada.with_events("A")
    [connection] = (await ada.data("{ connections { id } }"))["connections"]

    answer = (await ada.data(DISCONNECT, connection=connection["id"]))["disconnect"]
    again = (await ada.data(DISCONNECT, connection=connection["id"]))["disconnect"]

    assert answer == {"__typename": "Disconnected", "connectionId": connection["id"]}
    assert (again["__typename"], again["code"]) == ("DisconnectFailed", "CONNECTION_NOT_FOUND")
    assert await ada.data("{ connections { id } events { totalCount } }") == {
        "connections": [],
        "events": {"totalCount": 0},
    }


async def test_another_users_accounts_are_not_there(ada: Asking, bob: Asking) -> None:
    await ada.with_events("A")
    [mine] = (await ada.data("{ connections { id calendars { id } } }"))["connections"]
    calendars = [calendar["id"] for calendar in mine["calendars"]]

    assert await bob.data("{ connections { id } calendars { id } }") == {"connections": [], "calendars": []}
    assert (await bob.data(CONNECTION, id=mine["id"]))["connection"] is None
    assert (await bob.data(DISCONNECT, connection=mine["id"]))["disconnect"]["code"] == "CONNECTION_NOT_FOUND"
    selected = await bob.data(SELECT, connection=mine["id"], calendars=calendars)
    assert selected["selectCalendars"]["code"] == "CONNECTION_NOT_FOUND"
    assert (
        await bob.code("query ($id: ID!) { calendars(connectionId: $id) { id } }", id=mine["id"])
        == "CONNECTION_NOT_FOUND"
    )
    assert (await ada.data(CONNECTION, id=mine["id"]))["connection"]["eventCount"] == 1
