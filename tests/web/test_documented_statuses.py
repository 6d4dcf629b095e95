"""Every status that the description of the API names is one that callers meet."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from calendar_sync.web import rest
from calendar_sync.web.body_guard import BodyGuard
from calendar_sync.web.openapi import documented_errors
from calendar_sync.web.operations import Operation
from calendar_sync.web.trace import Trace
from simulators.caldav.app import CalDavSimulator
from simulators.caldav.hostile import bare_doctype
from simulators.caldav.quirks import Fault
from simulators.google import faults as google_faults
from simulators.server import serving
from tests.push.graph import a_subscription
from tests.web.door import AUTO_JOIN_RULES, EVENTS, ORG_CONNECTIONS, SYNC, TOMORROW, Door, a_door, code_of
from tests.web.google import a_door_at_google

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}
SOMEBODYS_ID = {
    "event_id": f"mcevt_{'a' * 24}",
    "credential_id": f"tcred_{'a' * 24}",
    "connection_id": f"mcorg_{'a' * 24}",
    "rule_id": f"majr_{'a' * 24}",
}

Way = Callable[[Operation, Door, str], Awaitable[httpx.Response]]
"""How an operation comes to a status. The text is the address of a store, for those that need a door of their own."""


async def sent(operation: Operation, door: Door, *, key: str | None, **options: object) -> httpx.Response:
    async with door.asking(key) as client:
        return await client.request(operation.method, operation.path.format(**SOMEBODYS_ID), **options)  # type: ignore[arg-type]  # httpx's own keywords


async def without_key(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=None)


async def with_half_an_object(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=await door.admin_key(), content=b"{", headers=JSON)


async def with_two_mebibytes(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=await door.admin_key(), content=b"x" * 2**21, headers=JSON)


async def with_plain_text(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=await door.admin_key(), content="{}", headers={"content-type": "text/plain"})


async def without_end(operation: Operation, _: Door, __: str) -> httpx.Response:
    async def stalled() -> AsyncGenerator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    app = Starlette(routes=rest.routes(), middleware=[Middleware(Trace), Middleware(BodyGuard, deadline_seconds=0.01)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(operation.method, operation.path, content=stalled(), headers=JSON)


async def with_the_wrong_value(operation: Operation, door: Door, _: str) -> httpx.Response:
    body = {"json": {"provider": "nonsense", "priority": "nonsense"}} if operation.body else {}
    return await sent(operation, door, key=await door.admin_key(), params={"limit": 0}, **body)


async def too_often(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    async with a_door(sqlite_url, rate_limit_per_minute=1) as door:
        key = await door.key()
        await sent(operation, door, key=key)
        return await sent(operation, door, key=key)


async def without_a_store(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    return await sent_without_a_store(operation, sqlite_url)


async def sent_without_a_store(operation: Operation, sqlite_url: str, **options: object) -> httpx.Response:
    async with a_door(sqlite_url) as door:
        key = await door.key()
        file = door.services.settings.sqlite_path
        assert file is not None
        for part in file.parent.glob(f"{file.name}*"):
            part.write_bytes(b"this is no database" * 1000)
        return await sent(operation, door, key=key, **options)


async def with_an_id_of_nobodys(operation: Operation, door: Door, _: str) -> httpx.Response:
    body = {"auto_join_status": "pending", "event_id": SOMEBODYS_ID["event_id"], "action": "always_join"}
    return await sent(operation, door, key=await door.admin_key(), json=body)


async def with_a_garbling_provider(operation: Operation, door: Door, _: str) -> httpx.Response:
    provider = CalDavSimulator()
    provider.faults.plan(Fault(method="PROPFIND", times=100, status=207, body=bare_doctype()))
    async with serving(provider) as address:
        credentials = {"url": address, "username": "ada", "password": "secret"}
        body = {"provider": "caldav", "credentials": credentials}
        return await sent(operation, door, key=await door.key(), json=body)


async def with_everything_right(operation: Operation, door: Door, _: str) -> httpx.Response:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as client:
        if operation.name == "connectCalendar":
            return await client.post(operation.path, json=door.request_for(feed))
        credential_id = await door.connect(client, feed)
        await client.post(SYNC)
        event_id = (await client.get(EVENTS)).json()["items"][0]["id"]
        path = operation.path.format(event_id=event_id, credential_id=credential_id)
        body = {"auto_join_status": "disabled"} if operation.body else None
        return await client.request(operation.method, path, json=body)


async def with_a_rule(operation: Operation, door: Door, _: str) -> httpx.Response:
    (feed := door.feed()).put("a", start=TOMORROW, summary="Review")
    async with door.asking(await door.key()) as client:
        await door.connect(client, feed)
        await client.post(SYNC)
        (event,) = (await client.get(EVENTS)).json()["items"]
        rule = (await client.post(AUTO_JOIN_RULES, json={"name": "Calls"})).json()
        body = {"name": "Reviews", "enabled": True, "event_id": event["id"], "action": "always_join"}
        return await client.request(operation.method, operation.path.format(rule_id=rule["id"]), json=body)


async def with_consent_begun(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    async with a_door_at_google(sqlite_url) as google:
        return await sent(operation, google.door, key=await google.door.key(), json={"provider": "google_calendar"})


async def back_from_consent(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    async with a_door_at_google(sqlite_url) as google, google.door.asking(await google.door.key()) as client:
        return await client.get(operation.path, params=await google.returning(client))


async def back_to_a_garbling_provider(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    async with a_door_at_google(sqlite_url) as google, google.door.asking(await google.door.key()) as client:
        returned = await google.returning(client)
        google.simulator.faults.plan(google_faults.Fault(path="/token", status=404))
        return await client.get(operation.path, params=returned)


async def as_no_admin(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=await door.key())


async def with_an_org_calendar(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    """That which is made for it; a calendar is made once."""
    async with a_door_at_google(sqlite_url) as google, google.door.asking(await google.door.admin_key()) as client:
        body = primary_calendar(await google.connected(client))
        made = await client.post(ORG_CONNECTIONS, json=body)
        if operation.name == "connectOrgCalendar":
            return made
        return await client.request(operation.method, operation.path.format(connection_id=made.json()["id"]))


async def with_the_same_org_calendar_twice(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    async with a_door_at_google(sqlite_url) as google, google.door.asking(await google.door.admin_key()) as client:
        body = primary_calendar(await google.connected(client))
        await client.post(operation.path, json=body)
        return await client.post(operation.path, json=body)


def primary_calendar(credential_id: str) -> dict[str, str]:
    calendar = {"calendar_name": "ada@example.com", "account_email": "ada@example.com"}
    return {"provider": "google_calendar", "credential_id": credential_id, **calendar}


async def with_a_wrong_key(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key="wrong")


UNKNOWN = {"value": [{"subscriptionId": "unknown", "clientState": "wrong"}]}


async def as_google_opens_a_channel(operation: Operation, door: Door, _: str) -> httpx.Response:
    opened = {"x-goog-channel-id": "unknown", "x-goog-resource-state": "sync"}
    return await sent(operation, door, key=None, headers=opened)


async def as_microsoft_tells_a_change(operation: Operation, door: Door, _: str) -> httpx.Response:
    subscription = await a_subscription(door.services.database)
    return await sent(operation, door, key=None, json={"value": [subscription.item()]})


async def of_no_channel(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=None, json=UNKNOWN)


async def with_no_list(operation: Operation, door: Door, _: str) -> httpx.Response:
    return await sent(operation, door, key=None, json={"value": {}})


async def of_some_channel_without_a_store(operation: Operation, _: Door, sqlite_url: str) -> httpx.Response:
    return await sent_without_a_store(operation, sqlite_url, json=UNKNOWN)


WAYS: dict[int, Way] = {
    200: with_everything_right,
    201: with_everything_right,
    204: with_everything_right,
    400: with_half_an_object,
    401: without_key,
    403: as_no_admin,
    404: with_an_id_of_nobodys,
    408: without_end,
    409: with_the_same_org_calendar_twice,
    413: with_two_mebibytes,
    415: with_plain_text,
    422: with_the_wrong_value,
    429: too_often,
    502: with_a_garbling_provider,
    503: without_a_store,
}

WAYS_OF_ITS_OWN: dict[tuple[str, int], Way] = {
    ("connectCalendar", 200): with_consent_begun,
    ("completeCalendarConnection", 200): back_from_consent,
    ("completeCalendarConnection", 400): without_key,
    ("completeCalendarConnection", 401): with_a_wrong_key,
    ("completeCalendarConnection", 502): back_to_a_garbling_provider,
    ("listOrgCalendarConnections", 200): with_an_org_calendar,
    ("connectOrgCalendar", 201): with_an_org_calendar,
    ("disconnectOrgCalendar", 204): with_an_org_calendar,
    ("syncOrgCalendar", 200): with_an_org_calendar,
    ("createAutoJoinRule", 201): with_a_rule,
    ("createAutoJoinRuleFromEvent", 201): with_a_rule,
    ("updateAutoJoinRule", 200): with_a_rule,
    ("deleteAutoJoinRule", 204): with_a_rule,
    ("toggleJoinAllMeetings", 200): with_a_rule,
    ("takeCalendarNotifications", 200): as_google_opens_a_channel,
    ("takeCalendarNotifications", 202): as_microsoft_tells_a_change,
    ("takeCalendarNotifications", 404): of_no_channel,
    ("takeCalendarNotifications", 422): with_no_list,
    ("takeCalendarNotifications", 503): of_some_channel_without_a_store,
}

DOCUMENTED = [
    pytest.param(operation, status, id=f"{operation.name}-{status}")
    for operation in rest.OPERATIONS
    for status in [*operation.answers, *documented_errors(operation)]
]


@pytest.mark.parametrize(("operation", "status"), DOCUMENTED)
async def test_a_documented_status_is_met_with_what_is_documented(
    operation: Operation, status: int, door: Door, sqlite_url: str
) -> None:
    way = WAYS_OF_ITS_OWN.get((operation.name, status)) or WAYS[status]

    answer = await way(operation, door, sqlite_url)

    assert answer.status_code == status, answer.text
    if status >= 400:
        assert code_of(answer) in documented_errors(operation)[status]
    elif (model := operation.answers[status]) is not None:
        model.model_validate_json(answer.content, strict=True)
        assert set(answer.json()) == set(model.model_fields)
    else:
        assert answer.content == b""
