"""The feed of changes as a consumer meets it, in pages and live."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLError

from calendar_sync.domain.errors import CursorCompacted
from resolvers.context import Context
from schema.root import schema
from tests.schema.asking import Asking, hour
from tests.store.test_cost import counted

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGES = """
query ($after: String, $first: Int! = 100) {
  changes(after: $after, first: $first) {
    nodes { kind cursor before { title } after { title } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
FULL = """
query ($first: Int!) {
  changes(first: $first) {
    edges {
      cursor
      node {
        id cursor kind at cause runId run { trigger } calendarId calendar { name } connectionId seriesId icalUid
        changedFields before { ...All } after { ...All }
        occurrences(first: 3) { id title history(first: 2) { nodes { id } } }
      }
    }
  }
}
fragment All on EventSnapshot {
  title description location status start { dateTime date timeZone } end { dateTime date timeZone } isAllDay isRecurring
  recurrenceRules organizer { email } attendees { email response } links { url platform } url visibility isBusy
}
"""
HISTORY = """
query ($first: Int!, $after: String) {
  events { nodes { title history(first: $first, after: $after) {
    nodes { kind changedFields cursor } pageInfo { hasNextPage endCursor }
  } } }
}
"""
NARROWED = """
query ($ids: [ID!], $kinds: [ChangeKind!]) {
  changes(calendarIds: $ids, kinds: $kinds) { nodes { kind calendarId } }
}
"""
DISCONNECT = "mutation ($id: ID!) { disconnect(connectionId: $id) { __typename } }"


async def page(asking: Asking, **variables: object) -> dict[str, Any]:
    found: dict[str, Any] = (await asking.data(CHANGES, **variables))["changes"]
    return found


def told(found: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """Of each change its kind, and the titles before and after."""
    return [
        (node["kind"], *(node[side] and node[side]["title"] for side in ("before", "after"))) for node in found["nodes"]
    ]


async def test_a_consumer_lists_what_is_there_and_follows_from_then_on(ada: Asking) -> None:
    feed = await ada.with_events("Lunch", "Talk")
    start = (await ada.data("{ latestChangeCursor }"))["latestChangeCursor"]
    assert told(await page(ada, after=start)) == []

    feed.put(f"0@{feed.name}", summary="Dinner", start=hour(0))
    feed.remove(f"1@{feed.name}")
    feed.put("new", summary="Party", start=hour(5))
    await ada.sync()

    found = await page(ada, after=start)
    assert sorted(told(found)) == [
        ("CREATED", None, "Party"),
        ("REMOVED", "Talk", None),
        ("UPDATED", "Lunch", "Dinner"),
    ]
    assert found["pageInfo"]["endCursor"] == found["nodes"][-1]["cursor"]
    assert told(await page(ada, after=found["pageInfo"]["endCursor"])) == []


async def test_pages_are_walked_by_their_end_and_an_empty_one_leads_on(ada: Asking) -> None:
    await ada.with_events("A", "B", "C")
    first = await page(ada, first=2)
    second = await page(ada, first=2, after=first["pageInfo"]["endCursor"])
    empty = await page(ada, first=2, after=second["pageInfo"]["endCursor"])
    assert [len(each["nodes"]) for each in (first, second, empty)] == [2, 1, 0]
    assert [each["pageInfo"]["hasNextPage"] for each in (first, second, empty)] == [True, False, False]
    assert [each["pageInfo"]["hasPreviousPage"] for each in (first, second, empty)] == [False, True, True]
    assert empty["pageInfo"]["endCursor"] == second["pageInfo"]["endCursor"]


async def test_a_change_says_all_there_is_to_say(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put_lines(
        "a",
        [
            "DTSTART;VALUE=DATE:20300101",
            "DTEND;VALUE=DATE:20300103",
            "RRULE:FREQ=YEARLY;COUNT=2",
            "SUMMARY:Fair",
            "LOCATION:Hall",
        ],
    )
    connection = await ada.connect(feed)
    await ada.sync()

    (edge,) = (await ada.data(FULL, first=5))["changes"]["edges"]
    node = edge["node"]
    assert edge["cursor"] == node["cursor"] == node["id"]
    assert (node["kind"], node["cause"], node["run"]) == ("CREATED", "USER", {"trigger": "USER"})
    assert (node["connectionId"], node["icalUid"], node["changedFields"]) == (connection, "a", [])
    assert node["calendar"] is not None
    assert node["before"] is None
    after = node["after"]
    assert (after["title"], after["location"], after["isAllDay"], after["isRecurring"]) == ("Fair", "Hall", True, True)
    assert (after["start"]["date"], after["end"]["date"], after["start"]["dateTime"]) == (
        "2030-01-01",
        "2030-01-03",
        None,
    )
    assert after["recurrenceRules"] == ["FREQ=YEARLY;COUNT=2"]


async def test_a_list_of_changes_is_narrowed(ada: Asking) -> None:
    await ada.with_events("A")
    other = await ada.with_events("B")
    other.remove(f"0@{other.name}")
    await ada.sync()
    (removed,) = (await ada.data(NARROWED, kinds=["REMOVED"]))["changes"]["nodes"]
    in_it = (await ada.data(NARROWED, ids=[removed["calendarId"]]))["changes"]["nodes"]
    assert [node["kind"] for node in in_it] == ["CREATED", "REMOVED"]


async def test_what_was_disconnected_is_told_without_what_it_was(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("a", summary="Secret", start=hour(0))
    connection = await ada.connect(feed)
    await ada.sync()
    await ada.data(DISCONNECT, id=connection)

    created, removed = [edge["node"] for edge in (await ada.data(FULL, first=5))["changes"]["edges"]]
    assert (created["kind"], removed["kind"], removed["cause"]) == ("CREATED", "REMOVED", "DISCONNECT")
    for node in (created, removed):
        assert [node[name] for name in ("before", "after", "icalUid", "calendar", "connectionId", "run")] == [None] * 6
        assert node["occurrences"] == []


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "é"])
async def test_what_is_no_cursor_is_refused(ada: Asking, cursor: str) -> None:
    assert await ada.code(CHANGES, after=cursor) == "INVALID_CURSOR"


async def test_the_cursor_of_another_user_is_refused(ada: Asking, bob: Asking) -> None:
    cursor = (await bob.data("{ latestChangeCursor }"))["latestChangeCursor"]
    assert await ada.code(CHANGES, after=cursor) == "INVALID_CURSOR"


async def test_the_history_of_an_event_is_told_backwards(ada: Asking) -> None:
    feed = await ada.with_events("One", "Other")
    for title in ("Two", "Three"):
        feed.put(f"0@{feed.name}", summary=title, start=hour(0))
        await ada.sync()

    three, other = [node["history"] for node in (await ada.data(HISTORY, first=2))["events"]["nodes"]]
    assert [(node["kind"], node["changedFields"]) for node in three["nodes"]] == [("UPDATED", ["TITLE"])] * 2
    assert [(node["kind"], node["changedFields"]) for node in other["nodes"]] == [("CREATED", [])]
    assert (three["pageInfo"]["hasNextPage"], other["pageInfo"]["hasNextPage"]) == (True, False)
    older = await ada.data(HISTORY, first=2, after=three["pageInfo"]["endCursor"])
    assert [node["kind"] for node in older["events"]["nodes"][0]["history"]["nodes"]] == ["CREATED"]
    assert await ada.code(HISTORY, first=2, after="x") == "INVALID_CURSOR"


async def test_many_changes_cost_as_many_statements_as_one(ada: Asking) -> None:
    await ada.with_events(*(str(number) for number in range(12)))
    with counted() as one:
        await ada.data(FULL, first=1)
    with counted() as many:
        await ada.data(FULL, first=12)
    assert many.statements == one.statements


# Live


async def live(asking: Asking, document: str, **variables: object) -> AsyncGenerator[Any]:
    """What a subscription tells; raises what it ends with."""
    services = asking.door.services
    actor = await services.access.authenticate(bearer=None, api_key=asking.client.headers["x-api-key"])
    context = Context(services, actor, "trace")
    answers = await schema.subscribe(document, variable_values=variables, context_value=context)
    async with aclosing(answers):
        async for answer in answers:
            if answer.errors:
                raise answer.errors[0].original_error or answer.errors[0]
            assert answer.data is not None
            yield answer.data["changes"]


FOLLOW = (
    "subscription ($after: String) { changes(after: $after) { kind cursor after { title } occurrences { title } } }"
)


async def test_a_subscription_tells_what_was_stored_and_what_comes(ada: Asking) -> None:
    start = (await ada.data("{ latestChangeCursor }"))["latestChangeCursor"]
    feed = await ada.with_events("One", "Two")
    async with aclosing(live(ada, FOLLOW, after=start)) as told_live, asyncio.timeout(10):
        first = await anext(told_live)
        assert first["after"]["title"] == first["occurrences"][0]["title"] == "One"
        assert (await anext(told_live))["after"]["title"] == "Two"
        feed.put(f"0@{feed.name}", summary="Three", start=hour(0))
        await ada.sync()
        third = await anext(told_live)
        assert (third["kind"], third["after"]["title"]) == ("UPDATED", "Three")
    async with aclosing(live(ada, FOLLOW, after=first["cursor"])) as again, asyncio.timeout(10):
        assert (await anext(again))["after"]["title"] == "Two"
        assert (await anext(again))["cursor"] == third["cursor"]


async def test_a_subscription_to_what_is_no_longer_kept_ends_with_an_error(ada: Asking) -> None:
    start = (await ada.data("{ latestChangeCursor }"))["latestChangeCursor"]
    await ada.with_events("One")
    async with ada.door.services.database.begin() as tx:
        await tx.changes.compact(hour(0) + timedelta(days=1), 1000)
    async with aclosing(live(ada, FOLLOW, after=start)) as told_live, asyncio.timeout(10):
        with pytest.raises(CursorCompacted):
            await anext(told_live)
    assert await ada.code(CHANGES, after=start) == "CURSOR_COMPACTED"


async def test_a_subscription_with_another_one_s_cursor_is_refused(ada: Asking, bob: Asking) -> None:
    cursor = (await bob.data("{ latestChangeCursor }"))["latestChangeCursor"]
    async with aclosing(live(ada, FOLLOW, after=cursor)) as told_live, asyncio.timeout(10):
        with pytest.raises(GraphQLError, match="not of this list"):
            await anext(told_live)
