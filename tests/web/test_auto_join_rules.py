"""Auto-join rules over REST, as the contract has them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aitronos import AsyncAitronos
from dirty_equals import IsStr

from calendar_sync.auto_join.rules import MOST_RULES
from tests.web.door import AUTO_JOIN_RULES as RULES
from tests.web.door import EVENTS, TOMORROW, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOIN_ALL = "/v1/meeting-buddy/auto-join/join-all"
MOMENT = IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UNKNOWN = f"majr_{'a' * 24}"
A_RULE = {
    "id": IsStr(regex="majr_[a-z2-7]{24}"),
    "name": "Calls",
    "is_enabled": True,
    "calendar_provider": None,
    "match_mode": "all",
    "keywords": None,
    "organizer_emails": None,
    "attendee_emails": None,
    "exclude_patterns": None,
    "min_attendees": 0,
    "max_attendees": None,
    "time_window_start": None,
    "time_window_end": None,
    "days_of_week": None,
    "timezone": "UTC",
    "bot_name": None,
    "priority": 0,
    "participation_mode": None,
    "voice_profile_id": None,
    "assistant_id": None,
    "destination_vector_store_id": None,
    "auto_add_to_vector_store": None,
    "auto_share_mode": None,
    "auto_share_department_ids": None,
    "action": "always_join",
    "calendar_ids": None,
    "responses": None,
    "organized_by_me": None,
    "audience": None,
    "is_recurring": None,
    "include_all_day": False,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
SAID = {
    "calendar_provider": "google_calendar",
    "match_mode": "custom",
    "keywords": ["review", "1:1"],
    "organizer_emails": ["ada@example.com"],
    "attendee_emails": ["@example.org"],
    "exclude_patterns": ["*private*"],
    "min_attendees": 2,
    "max_attendees": 9,
    "time_window_start": "09:30",
    "time_window_end": "17:00",
    "days_of_week": [0, 4],
    "timezone": "Europe/Berlin",
    "bot_name": "Notes",
    "priority": 7,
    "participation_mode": "listener",
    "voice_profile_id": "mbvp_1",
    "assistant_id": "asst_1",
    "destination_vector_store_id": "vs_1",
    "auto_add_to_vector_store": True,
    "auto_share_mode": "department",
    "auto_share_department_ids": ["dept_1"],
    "action": "never_join",
    "calendar_ids": ["cal_1"],
    "responses": ["accepted", "tentative"],
    "organized_by_me": False,
    "audience": "external",
    "is_recurring": True,
    "include_all_day": True,
}


@pytest_asyncio.fixture(loop_scope="module", params=["sqlite", "postgresql"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Door]:
    url: str = request.getfixturevalue(f"{request.param}_url")
    async with a_door(url) as door:
        yield door


@pytest_asyncio.fixture(loop_scope="module")
async def client(door: Door) -> AsyncGenerator[httpx.AsyncClient]:
    async with door.asking(await door.key()) as client:
        yield client


async def made(client: httpx.AsyncClient, **said: object) -> dict[str, Any]:
    answer = await client.post(RULES, json={"name": "Calls", **said})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = (await client.get(RULES)).json()
    assert answer["total"] == len(answer["items"])
    found: list[dict[str, Any]] = answer["items"]
    return found


async def test_a_rule_needs_only_a_name(client: httpx.AsyncClient) -> None:
    rule = await made(client)

    assert rule == A_RULE
    assert await listed(client) == [rule]


async def test_all_that_is_said_is_kept(client: httpx.AsyncClient) -> None:
    rule = await made(client, **SAID)

    assert rule == {**A_RULE, **SAID}
    assert await listed(client) == [rule]


async def test_what_is_left_out_of_a_change_stays_and_null_clears(client: httpx.AsyncClient) -> None:
    rule = await made(client, **SAID)

    changed = await client.patch(
        f"{RULES}/{rule['id']}",
        json={"is_enabled": False, "keywords": None, "timezone": None, "priority": None, "bot_name": None},
    )

    assert changed.status_code == 200
    cleared = {"keywords": None, "timezone": "UTC", "priority": 0, "bot_name": None}
    assert changed.json() == {**rule, "is_enabled": False, **cleared, "updated_at": MOMENT}
    assert changed.json()["updated_at"] > rule["updated_at"]
    assert await listed(client) == [changed.json()]


async def test_rules_are_listed_in_the_order_in_which_they_are_tried(client: httpx.AsyncClient) -> None:
    low, first, high, second = [await made(client, priority=priority) for priority in (-1, 0, 5, 0)]

    assert [rule["id"] for rule in await listed(client)] == [each["id"] for each in (high, first, second, low)]


async def test_a_rule_that_is_deleted_is_gone(client: httpx.AsyncClient) -> None:
    address = f"{RULES}/{(await made(client))['id']}"

    deleted, again = await client.delete(address), await client.delete(address)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (again.status_code, code_of(again)) == (404, "AUTO_JOIN_RULE_NOT_FOUND")
    assert await listed(client) == []


@pytest.mark.parametrize("id", [UNKNOWN, "majr_1", "%20"])
async def test_a_rule_that_is_not_there_is_told(client: httpx.AsyncClient, id: str) -> None:
    answer = await client.patch(f"{RULES}/{id}", json={"name": "Other"})

    assert (answer.status_code, code_of(answer)) == (404, "AUTO_JOIN_RULE_NOT_FOUND")


async def test_rules_are_of_one_user(door: Door) -> None:
    organization = door.organization()
    ada, bob = [door.asking(await door.key(await door.user(organization))) for _ in range(2)]
    async with ada, bob:
        rule = await made(ada)

        seen = await listed(bob)
        answers = [
            await bob.patch(f"{RULES}/{rule['id']}", json={"name": "Mine"}),
            await bob.delete(f"{RULES}/{rule['id']}"),
        ]

        assert seen == []
        assert [answer.status_code for answer in answers] == [404, 404]
        assert await listed(ada) == [rule]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"match_mode": "some"}, "match_mode"),
        ({"match_mode": "keyword"}, "keywords"),
        ({"keywords": "review"}, "keywords"),
        ({"organizer_emails": ["example.com"]}, "organizer_emails"),
        ({"min_attendees": "2"}, "min_attendees"),
        ({"min_attendees": True}, "min_attendees"),
        ({"min_attendees": -1}, "min_attendees"),
        ({"min_attendees": 3, "max_attendees": 2}, "max_attendees"),
        ({"time_window_start": "24:00"}, "time_window_start"),
        ({"time_window_end": "9 o'clock"}, "time_window_end"),
        ({"days_of_week": [7]}, "days_of_week"),
        ({"timezone": "Mars"}, "timezone"),
        ({"priority": 10**9}, "priority"),
        ({"calendar_provider": "exchange"}, "calendar_provider"),
        ({"participation_mode": "singer"}, "participation_mode"),
    ],
)
async def test_what_could_never_be_meant_is_refused_by_name_and_changes_nothing(
    client: httpx.AsyncClient, said: dict[str, object], field: str
) -> None:
    rule = await made(client)

    answers = [
        await client.post(RULES, json={"name": "Calls", **said}),
        await client.patch(f"{RULES}/{rule['id']}", json=said),
    ]

    for answer in answers:
        assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
        assert answer.json()["error"]["details"]["field"] == field
    assert await listed(client) == [rule]


async def test_one_rule_too_many_is_refused(client: httpx.AsyncClient) -> None:
    for _ in range(MOST_RULES):
        await made(client)

    answer = await client.post(RULES, json={"name": "Calls"})

    assert (answer.status_code, len(await listed(client))) == (422, MOST_RULES)


# From an event


async def an_event(door: Door, client: httpx.AsyncClient, **said: Any) -> str:  # noqa: ANN401 - as the simulator has it
    feed = door.feed()
    feed.put("e", start=TOMORROW, **said)
    await door.connect(client, feed)
    await client.post("/v1/meeting-buddy/calendar/sync")
    (event,) = (await client.get(EVENTS)).json()["items"]
    return str(event["id"])


async def test_a_rule_from_an_event_goes_before_all_others(door: Door, client: httpx.AsyncClient) -> None:
    event = await an_event(door, client, summary="Weekly review")
    await made(client, priority=5)

    answer = await client.post(
        f"{RULES}/from-event", json={"event_id": event, "action": "never_join", "bot_name": "Notes"}
    )

    said = {"match_mode": "keyword", "keywords": ["Weekly review"], "bot_name": "Notes", "action": "never_join"}
    assert answer.status_code == 201
    assert answer.json() == {**A_RULE, **said, "name": "Meetings called Weekly review", "priority": 6}


async def test_a_rule_by_an_organiser_who_is_not_there_is_refused(door: Door, client: httpx.AsyncClient) -> None:
    event = await an_event(door, client, summary="Weekly review")

    body = {"event_id": event, "action": "always_join", "match_by": "organizer"}
    answer = await client.post(f"{RULES}/from-event", json=body)

    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, "match_by")


async def test_a_rule_from_an_event_that_is_not_there_is_refused(client: httpx.AsyncClient) -> None:
    body = {"event_id": f"mcevt_{'a' * 24}", "action": "always_join"}

    answer = await client.post(f"{RULES}/from-event", json=body)

    assert (answer.status_code, code_of(answer)) == (404, "EVENT_NOT_FOUND")


# All meetings


async def test_all_meetings_are_joined_by_a_rule_that_is_tried_last_and_kept(client: httpx.AsyncClient) -> None:
    never = (await client.get(JOIN_ALL)).json()
    off = (await client.post(JOIN_ALL, json={"enabled": False})).json()
    on = (await client.post(JOIN_ALL, json={"enabled": True, "bot_name": "Notes"})).json()
    other = await made(client)
    rules = await listed(client)
    off_again = (await client.post(JOIN_ALL, json={"enabled": False})).json()
    on_again = (await client.post(JOIN_ALL, json={"enabled": True})).json()

    assert never == off == {"enabled": False, "rule_id": None}
    assert on == on_again == {"enabled": True, "rule_id": rules[1]["id"]}
    assert off_again == {"enabled": False, "rule_id": on["rule_id"]}
    assert [rule["id"] for rule in rules] == [other["id"], on["rule_id"]]
    assert (await listed(client))[1]["bot_name"] == "Notes"


async def test_all_meetings_joined_twice_at_once_make_one_rule(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post(JOIN_ALL, json={"enabled": True}) for _ in range(5)))

    assert len({answer.json()["rule_id"] for answer in answers}) == 1
    assert len(await listed(client)) == 1


async def test_a_rule_for_all_that_was_deleted_is_made_anew(client: httpx.AsyncClient) -> None:
    first = (await client.post(JOIN_ALL, json={"enabled": True})).json()["rule_id"]
    await client.delete(f"{RULES}/{first}")

    status = (await client.get(JOIN_ALL)).json()
    second = (await client.post(JOIN_ALL, json={"enabled": True})).json()["rule_id"]

    assert status == {"enabled": False, "rule_id": None}
    assert second not in {None, first}


# The published client


async def test_the_published_client_walks_every_call(door: Door) -> None:
    key = await door.key()
    async with door.asking(key) as http:
        event = await an_event(door, http, summary="Weekly review")
        rules = AsyncAitronos(api_key=key, base_url="http://test", httpx_client=http).meeting_buddy_auto_join

        made = await rules.create_auto_join_rule(name="Calls", keywords=["review"], match_mode="keyword")
        changed = await rules.update_auto_join_rule(made.id, is_enabled=False, keywords=None, match_mode="all")
        of_event = await rules.create_auto_join_rule_from_event(event_id=event, action="always_join")
        everything = await rules.toggle_join_all_meetings(enabled=True)
        status = await rules.get_join_all_status()
        found = await rules.list_auto_join_rules()
        await rules.delete_auto_join_rule(made.id)
        left = await rules.list_auto_join_rules()

    assert (made.keywords, made.is_enabled) == (["review"], True)
    assert (changed.keywords, changed.is_enabled) == (None, False)
    assert everything == status
    assert [rule.id for rule in found.items] == [of_event.id, made.id, everything.rule_id]
    assert (found.total, left.total) == (3, 2)
