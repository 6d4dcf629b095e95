"""The published client of the contract makes every calendar call, blocking and not, against the server as it runs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aitronos import Aitronos, AsyncAitronos
from aitronos.core.api_error import ApiError
from aitronos.errors import UnprocessableEntityError

from simulators import sandbox
from tests.web.live import LiveServer, a_live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

Call = Callable[..., Awaitable[Any]]
"""Makes a calendar call by its name in the client."""
Client = Callable[..., AbstractAsyncContextManager[Call]]


@pytest_asyncio.fixture(loop_scope="module")
async def server(sqlite_url: str) -> AsyncGenerator[LiveServer]:
    async with a_live_server(sqlite_url) as server:
        yield server


@asynccontextmanager
async def blocking(server: LiveServer, token: str | None = None) -> AsyncGenerator[Call]:
    with httpx.Client(trust_env=False) as http:
        client = Aitronos(api_key=server.key, token=token, base_url=server.address, httpx_client=http)
        calendar = client.meeting_buddy_calendar
        yield lambda name, *given, **named: asyncio.to_thread(getattr(calendar, name), *given, **named)


@asynccontextmanager
async def non_blocking(server: LiveServer, token: str | None = None) -> AsyncGenerator[Call]:
    async with httpx.AsyncClient(trust_env=False) as http:
        client = AsyncAitronos(api_key=server.key, token=token, base_url=server.address, httpx_client=http)
        calendar = client.meeting_buddy_calendar
        yield lambda name, *given, **named: getattr(calendar, name)(*given, **named)


both = pytest.mark.parametrize("client", [blocking, non_blocking])


@both
async def test_every_calendar_call_works(server: LiveServer, client: Client) -> None:
    async with client(server) as call:
        await every_call_works(server, call)


async def every_call_works(server: LiveServer, call: Call) -> None:
    nothing = await call("trigger_calendar_sync")
    assert (nothing.synced_calendars, nothing.new_events, nothing.updated_events, nothing.errors) == (0, 0, 0, [])

    account = {"url": server.caldav_address, "username": sandbox.USER, "password": sandbox.PASSWORD}
    caldav = await call("connect_user_calendar", provider="caldav", credentials=account)
    feed = {"url": f"{server.feeds_address}/feeds/days-off.ics"}
    ics = await call("connect_user_calendar", provider="ics", credentials=feed)
    assert (caldav.provider, caldav.is_active, caldav.last_sync_at) == ("caldav", True, None)
    assert ics.credential_id.startswith("tcred_")

    synced = await call("trigger_calendar_sync")
    assert (synced.synced_calendars, synced.new_events, synced.errors) == (2, 7, [])
    again = await call("trigger_calendar_sync")
    assert (again.new_events, again.updated_events) == (0, 0)

    listed = await call("list_user_calendar_connections")
    assert {each.credential_id for each in listed.connections} == {caldav.credential_id, ics.credential_id}
    assert all(each.last_sync_at is not None and each.event_count > 0 for each in listed.connections)

    await every_event_call_works(call)

    assert await call("disconnect_user_calendar", ics.credential_id) is None
    left = await call("list_user_calendar_connections")
    assert [each.credential_id for each in left.connections] == [caldav.credential_id]


async def every_event_call_works(call: Call) -> None:
    now = datetime.now(UTC)
    page = await call(
        "list_calendar_events",
        skip=0,
        limit=2,
        start_after=now,
        start_before=now + timedelta(days=30),
        provider="caldav",
        auto_join_status="pending",
    )
    assert (len(page.items), page.has_more, page.skip, page.limit) == (2, True, 0, 2)
    event = page.items[0]
    assert event.start_time.tzinfo is not None
    assert (event.title, event.is_joinable, event.meeting_platform) == ("Stand-up", True, "zoom")

    by_alias = await call(
        "list_calendar_events", start_date=now, end_date=(now + timedelta(days=30)).astimezone(), provider="caldav"
    )
    assert by_alias.total == page.total

    assert await call("get_calendar_event", event.id) == event
    disabled = await call("update_calendar_event", event.id, auto_join_status="disabled")
    assert disabled.auto_join_status == "disabled"
    assert (await call("list_calendar_events", auto_join_status="disabled")).items[0].id == event.id


@both
async def test_an_apple_account_is_connected_as_documented(server: LiveServer, client: Client) -> None:
    credentials = {"apple_id": "ada@icloud.example", "app_specific_password": "abcd-efgh-ijkl-mnop"}
    server.caldav.add_user(*credentials.values())

    async with client(server) as call:
        connection = await call("connect_user_calendar", provider="apple_calendar", credentials=credentials)

    assert (connection.provider, connection.is_active) == ("apple_calendar", True)


@both
async def test_errors_reach_the_caller_as_documented(server: LiveServer, client: Client) -> None:
    wrong = {"url": server.caldav_address, "username": sandbox.USER, "password": "wrong"}
    async with client(server) as call:
        with pytest.raises(ApiError) as missing:
            await call("get_calendar_event", f"mcevt_{'a' * 24}")
        with pytest.raises(UnprocessableEntityError) as invalid:
            await call("list_calendar_events", limit=1000)
        with pytest.raises(UnprocessableEntityError) as refused:
            await call("connect_user_calendar", provider="caldav", credentials=wrong)

    assert (missing.value.status_code, missing.value.body["error"]["code"]) == (404, "EVENT_NOT_FOUND")
    assert invalid.value.body["error"]["details"] == {"field": "limit"}
    assert refused.value.body["error"]["status"] == 422


@both
async def test_a_key_is_accepted_as_token_too_and_a_bad_token_is_not_passed_over(
    server: LiveServer, client: Client
) -> None:
    async with client(server, token=server.key) as call:
        await call("trigger_calendar_sync")

    async with client(server, token="a.bad.token") as call:
        with pytest.raises(ApiError) as refusal:
            await call("trigger_calendar_sync")

    assert refusal.value.body["error"]["code"] == "TOKEN_INVALID"
