from typing import Any

import httpx
import pytest
from dirty_equals import IsStr

from tests.web.door import CONNECTIONS, EVENTS, SYNC, TOMORROW, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOMENT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UNKNOWN = f"tcred_{'a' * 24}"


async def connections(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(CONNECTIONS)
    assert answer.status_code == 200
    assert set(answer.json()) == {"connections"}
    listed: list[dict[str, Any]] = answer.json()["connections"]
    return listed


async def test_a_feed_is_connected_and_listed(door: Door) -> None:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as client:
        connected = await client.post(CONNECTIONS, json=door.request_for(feed))

        assert connected.status_code == 201
        assert connected.json() == {
            "credential_id": IsStr(regex="tcred_[a-z2-7]{24}"),
            "provider": "ics",
            "account_email": None,
            "is_active": True,
            "last_sync_at": None,
            "event_count": 0,
            "status": "active",
            "last_error": None,
            "created_at": MOMENT,
        }
        await client.post(SYNC)
        (listed,) = await connections(client)

    assert listed == {**connected.json(), "last_sync_at": MOMENT, "event_count": 1}


async def test_connecting_the_same_account_again_is_the_same_connection(door: Door) -> None:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as client:
        first, second = await door.connect(client, feed), await door.connect(client, feed)

        assert first == second
        assert len(await connections(client)) == 1


async def test_disconnecting_takes_the_events_with_it(door: Door) -> None:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as client:
        credential_id = await door.connect(client, feed)
        await client.post(SYNC)

        answer = await client.delete(f"{CONNECTIONS}/{credential_id}")
        again = await client.delete(f"{CONNECTIONS}/{credential_id}")

        assert (answer.status_code, answer.content) == (204, b"")
        assert (again.status_code, code_of(again)) == (404, "CONNECTION_NOT_FOUND")
        assert await connections(client) == []
        assert (await client.get(EVENTS)).json()["total"] == 0


@pytest.mark.parametrize("credential_id", [UNKNOWN, "x", "tcred_%00", pytest.param("tcred_" + "a" * 5000, id="long")])
async def test_a_connection_that_does_not_exist_is_not_found(door: Door, credential_id: str) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.delete(f"{CONNECTIONS}/{credential_id}")

    assert (answer.status_code, code_of(answer)) == (404, "CONNECTION_NOT_FOUND")


async def test_another_users_connection_is_neither_seen_nor_disconnected(door: Door) -> None:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as ada, door.asking(await door.key()) as eve:
        credential_id = await door.connect(ada, feed)

        answer = await eve.delete(f"{CONNECTIONS}/{credential_id}")

        assert (answer.status_code, code_of(answer)) == (404, "CONNECTION_NOT_FOUND")
        assert await connections(eve) == []
        assert len(await connections(ada)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "provider"),
        ({"provider": None}, "provider"),
        ({"provider": 1}, "provider"),
        ({"provider": "yahoo"}, "provider"),
        ({"provider": "google_calendar"}, "provider"),
        ({"provider": "outlook_calendar"}, "provider"),
        ({"provider": "zoom"}, "provider"),
        ({"provider": "ics", "credentials": "x"}, "credentials"),
        ({"provider": "ics", "credentials": [1]}, "credentials"),
        ({"provider": "ics"}, "credentials.url"),
        ({"provider": "ics", "credentials": {}}, "credentials.url"),
        ({"provider": "ics", "credentials": {"url": 1}}, "credentials.url"),
        ({"provider": "ics", "credentials": {"url": "http://x\0"}}, "credentials.url"),
        ({"provider": "caldav", "credentials": {"url": "https://dav.example.com/"}}, "credentials.username"),
    ],
)
async def test_what_is_wrong_with_a_request_is_named(door: Door, body: object, field: str) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.post(CONNECTIONS, json=body)

        assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
        assert answer.json()["error"]["details"] == {"field": field}
        assert await connections(client) == []


async def test_an_address_that_may_not_be_reached_is_refused(sqlite_url: str) -> None:
    async with a_door(sqlite_url, allowed_private_networks=[]) as door, door.asking(await door.key()) as client:
        answer = await client.post(CONNECTIONS, json=door.request_for(door.feed()))

        assert (answer.status_code, code_of(answer)) == (422, "ADDRESS_REFUSED")
        assert door.feeds.requests == []
        assert await connections(client) == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "status", "status": 503}, 503, "PROVIDER_UNAVAILABLE"),
        ({"kind": "status", "status": 429, "retry_after": "7"}, 503, "PROVIDER_RATE_LIMITED"),
        ({"kind": "status", "status": 401}, 422, "VALIDATION_ERROR"),
        ({"kind": "html"}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_a_provider_that_fails_is_told_apart_from_us(
    door: Door, fault: dict[str, Any], status: int, code: str
) -> None:
    (feed := door.feed()).fail(**fault)
    async with door.asking(await door.key()) as client:
        answer = await client.post(CONNECTIONS, json=door.request_for(feed))

        assert (answer.status_code, code_of(answer)) == (status, code)
        assert ("retry-after" in answer.headers) == (status == 503)
        assert door.url_of(feed) not in answer.text
        assert await connections(client) == []
