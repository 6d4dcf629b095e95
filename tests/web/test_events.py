from collections.abc import AsyncGenerator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from dirty_equals import IsStr

from tests.web.door import EVENTS, SYNC, TOMORROW, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOMENT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UNKNOWN = f"mcevt_{'a' * 24}"


@pytest_asyncio.fixture(loop_scope="module")
async def ada(door: Door) -> AsyncGenerator[httpx.AsyncClient]:
    """A user with three events, a day apart from each other, from tomorrow on."""
    feed = door.feed()
    for number in range(3):
        feed.put(f"e{number}", summary=f"Event {number}", start=TOMORROW + timedelta(days=number))
    async with door.asking(await door.key()) as client:
        await door.connect(client, feed)
        await client.post(SYNC)
        yield client


async def titles(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    answer = await client.get(EVENTS, params=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


async def first_event(client: httpx.AsyncClient) -> dict[str, Any]:
    event: dict[str, Any] = (await client.get(EVENTS)).json()["items"][0]
    return event


async def test_an_event_has_all_documented_fields(door: Door) -> None:
    (feed := door.feed()).put(
        "planning",
        start=TOMORROW,
        more=[
            "LOCATION:https://zoom.us/j/123456789",
            "ORGANIZER:mailto:Grace@Example.com",
            "ATTENDEE:mailto:ada@example.com",
            "STATUS:TENTATIVE",
            "RRULE:FREQ=DAILY;COUNT=2",
        ],
    )
    async with door.asking(await door.key()) as client:
        credential_id = await door.connect(client, feed)
        await client.post(SYNC)
        event = await first_event(client)

    assert event == {
        "id": IsStr(regex="mcevt_[a-z2-7]{24}"),
        "calendar_provider": "ics",
        "title": "Planning",
        "start_time": TOMORROW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_time": (TOMORROW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "timezone": "UTC",
        "meeting_link": "https://zoom.us/j/123456789",
        "meeting_platform": "zoom",
        "is_joinable": True,
        "organizer_email": "grace@example.com",
        "attendee_count": 1,
        "is_recurring": True,
        "status": "tentative",
        "auto_join_status": "pending",
        "session_id": None,
        "synced_at": MOMENT,
        "created_at": MOMENT,
        "is_all_day": False,
        "series_id": IsStr(regex="evt_.+"),
        "calendar_id": IsStr(regex="cal_.+"),
        "credential_id": credential_id,
    }


async def test_an_all_day_event_says_so(door: Door) -> None:
    (feed := door.feed()).put("off", start=date(TOMORROW.year, TOMORROW.month, TOMORROW.day))
    async with door.asking(await door.key()) as client:
        await door.connect(client, feed)
        await client.post(SYNC)
        event = await first_event(client)

    assert event["is_all_day"] is True
    assert event["is_joinable"] is False


@pytest.mark.parametrize(
    "title",
    ["\u202egninnalP", "<script>alert(1)</script>", "\U0001f4c5 e\u0301", pytest.param("x" * 200, id="long"), None],
)
async def test_any_title_comes_back_as_it_was(database_url: str, title: str | None) -> None:
    async with a_door(database_url) as door, door.asking(await door.key()) as client:
        (feed := door.feed()).put("a", start=TOMORROW, summary=title or "")
        await door.connect(client, feed)
        await client.post(SYNC)

        assert (await first_event(client))["title"] == title


async def test_a_page_says_how_much_there_is_and_whether_there_is_more(ada: httpx.AsyncClient) -> None:
    page = (await ada.get(EVENTS, params={"skip": 1, "limit": 1})).json()

    assert [item["title"] for item in page.pop("items")] == ["Event 1"]
    assert page == {"total": 3, "skip": 1, "limit": 1, "has_more": True}


async def test_the_last_page_says_so(ada: httpx.AsyncClient) -> None:
    page = (await ada.get(EVENTS, params={"skip": 2})).json()

    assert (len(page["items"]), page["limit"], page["has_more"]) == (1, 50, False)


async def test_a_page_beyond_the_end_is_empty(ada: httpx.AsyncClient) -> None:
    assert await titles(ada, skip=2**31 - 1) == []


async def test_events_are_filtered_by_their_start(ada: httpx.AsyncClient) -> None:
    second = (TOMORROW + timedelta(days=1)).isoformat()

    assert await titles(ada, start_after=second) == ["Event 1", "Event 2"]
    assert await titles(ada, start_before=second) == ["Event 0"]
    assert await titles(ada, start_after=second, start_before=second) == []
    assert await titles(ada, start_date=second) == ["Event 1", "Event 2"]
    assert await titles(ada, end_date=second) == ["Event 0"]


async def test_the_documented_name_wins_over_its_alias(ada: httpx.AsyncClient) -> None:
    third = (TOMORROW + timedelta(days=2)).isoformat()

    assert await titles(ada, start_after=third, start_date="2000-01-01") == ["Event 2"]


async def test_a_moment_is_understood_in_every_spelling(ada: httpx.AsyncClient) -> None:
    second = TOMORROW + timedelta(days=1)
    spellings = [
        second.strftime("%Y-%m-%dT%H:%M:%SZ"),
        second.strftime("%Y-%m-%dt%H:%M:%S.000z"),
        second.strftime("%Y-%m-%dT%H:%M:%S"),
        (second + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00"),
        (second - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S-05:00"),
        second.strftime("%Y-%m-%d"),
    ]

    for spelling in spellings:
        assert await titles(ada, start_after=spelling) == ["Event 1", "Event 2"], spelling


async def test_a_plus_that_was_not_escaped_is_still_a_plus(ada: httpx.AsyncClient) -> None:
    second = (TOMORROW + timedelta(days=1, hours=2)).strftime("%Y-%m-%dT%H:%M:%S")

    answer = await ada.get(f"{EVENTS}?start_after={second}+02:00")

    assert answer.json()["total"] == 2


async def test_events_are_filtered_by_provider(ada: httpx.AsyncClient) -> None:
    assert len(await titles(ada, provider="ics")) == 3
    assert await titles(ada, provider="google_calendar") == []


async def test_events_are_filtered_by_where_auto_join_stands(ada: httpx.AsyncClient) -> None:
    event = await first_event(ada)
    await ada.patch(f"{EVENTS}/{event['id']}", json={"auto_join_status": "disabled"})

    assert await titles(ada, auto_join_status="disabled") == ["Event 0"]
    assert await titles(ada, auto_join_status="pending") == ["Event 1", "Event 2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("skip", "-1"),
        ("skip", "x"),
        ("skip", "99999999999999999999"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "1.5"),
        ("limit", ""),
        pytest.param("limit", "9" * 5000, id="limit-5,000 digits"),
        ("start_after", "yesterday"),
        ("start_after", ""),
        ("start_after", "2026-02-30"),
        ("start_after", "2026-01-01T24:01:00Z"),
        ("start_after", "2026-01-01T23:59:60Z"),
        ("start_after", "2026-01-01T09:00:00[../../etc/passwd]"),
        ("start_before", "0001-01-01T00:00:00+14:00"),
        ("start_before", "9999-12-31T23:59:59-14:00"),
        ("start_date", "1700000000"),
        ("end_date", "2026-01-01T09:00:00 Europe/Zurich"),
        ("end_date", "\0"),
        ("provider", "yahoo"),
        ("provider", "\0"),
        ("auto_join_status", "maybe"),
    ],
)
async def test_a_filter_that_makes_no_sense_is_named(door: Door, field: str, value: str) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.get(EVENTS, params={field: value})

    assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == {"field": field}
    assert answer.json()["error"]["message"].startswith(f"{field}: ")


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59Z"])
async def test_the_ends_of_time_are_no_error(ada: httpx.AsyncClient, moment: str) -> None:
    assert (await ada.get(EVENTS, params={"start_after": moment})).status_code == 200


async def test_one_event_is_what_the_list_says_of_it(ada: httpx.AsyncClient) -> None:
    listed = await first_event(ada)

    assert (await ada.get(f"{EVENTS}/{listed['id']}")).json() == listed


@pytest.mark.parametrize(
    "event_id",
    [UNKNOWN, "x", "mcevt_%00", "%F0%9F%93%85", pytest.param("mcevt_" + "a" * 5000, id="long"), "..%2f..%2fetc"],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_an_event_that_does_not_exist_is_not_found(door: Door, method: str, event_id: str) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.request(method, f"{EVENTS}/{event_id}", json={"auto_join_status": "pending"})

    assert answer.status_code == 404
    assert code_of(answer) in {"EVENT_NOT_FOUND", "NOT_FOUND"}


async def test_another_users_event_is_not_found_and_not_changed(door: Door, ada: httpx.AsyncClient) -> None:
    event = await first_event(ada)
    async with door.asking(await door.key()) as eve:
        read = await eve.get(f"{EVENTS}/{event['id']}")
        changed = await eve.patch(f"{EVENTS}/{event['id']}", json={"auto_join_status": "disabled"})
        unknown = await eve.get(f"{EVENTS}/{UNKNOWN}")
        assert await titles(eve) == []

    assert [answer.status_code for answer in (read, changed, unknown)] == [404] * 3
    assert _without_trace(read) == _without_trace(unknown)
    assert await first_event(ada) == event


def _without_trace(answer: httpx.Response) -> dict[str, Any]:
    error = answer.json()["error"]
    return {name: value for name, value in error.items() if name not in {"trace_id", "timestamp"}}


async def test_auto_join_is_disabled_and_enabled_again(ada: httpx.AsyncClient) -> None:
    event = await first_event(ada)
    path = f"{EVENTS}/{event['id']}"

    disabled = await ada.patch(path, json={"auto_join_status": "disabled"})
    assert disabled.json() == {**event, "auto_join_status": "disabled", "synced_at": MOMENT}
    assert (await ada.post(SYNC)).json()["updated_events"] == 0
    assert (await ada.get(path)).json()["auto_join_status"] == "disabled"

    enabled = await ada.patch(path, json={"auto_join_status": "pending"})
    assert enabled.json()["auto_join_status"] == "pending"


@pytest.mark.parametrize(
    "body", [{}, {"auto_join_status": "joined"}, {"auto_join_status": None}, {"status": "disabled"}]
)
async def test_nothing_else_can_be_set(ada: httpx.AsyncClient, body: dict[str, str | None]) -> None:
    event = await first_event(ada)

    answer = await ada.patch(f"{EVENTS}/{event['id']}", json=body)

    assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == {"field": "auto_join_status"}
    assert await first_event(ada) == event
