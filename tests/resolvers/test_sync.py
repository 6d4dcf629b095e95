"""Syncing by GraphQL, and the record of it."""

import asyncio
from datetime import datetime

import pytest

from tests.schema.asking import Asking, hour
from tests.web import door as rest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = """
mutation ($only: [ID!]) {
  syncCalendars(connectionIds: $only) {
    syncedCalendars newEvents updatedEvents removedEvents errors startedAt durationMs
    runs {
      id connectionId provider accountEmail trigger status startedAt finishedAt durationMs
      syncedCalendars newEvents updatedEvents removedEvents pages requests
      errors { code message calendarId calendar { id } } connection { id }
    }
  }
}
"""


async def test_a_sync_counts_what_is_new_changed_and_gone(ada: Asking) -> None:
    feed = ada.door.feed()
    for number in range(3):
        feed.put(f"{number}", summary=f"Event {number}", start=hour(number))
    await ada.connect(feed)

    first = await ada.sync()
    feed.put("0", summary="Renamed", start=hour(0))
    feed.remove("1")
    second = await ada.sync()
    third = await ada.sync()

    def counts(new: int, updated: int, removed: int) -> dict[str, object]:
        changed = {"newEvents": new, "updatedEvents": updated, "removedEvents": removed}
        return {"syncedCalendars": 1, "errors": [], **changed}

    assert (first, second, third) == (counts(3, 0, 0), counts(0, 1, 1), counts(0, 0, 0))


async def test_a_sync_without_changes_costs_one_request(ada: Asking) -> None:
    await ada.with_events("A")

    result = (await ada.data(ALL))["syncCalendars"]

    assert [run["requests"] for run in result["runs"]] == [1]


async def test_each_account_has_its_run_in_the_result(ada: Asking) -> None:
    good = await ada.with_events("A")
    await ada.with_events("B")
    good.fail("status", status=500)

    result = (await ada.data(ALL))["syncCalendars"]

    assert result["syncedCalendars"] == 1
    assert len(result["errors"]) == 1
    assert result["errors"][0].startswith("ics")
    failed, succeeded = sorted(result["runs"], key=lambda run: run["status"] != "FAILED")
    assert (failed["status"], succeeded["status"]) == ("FAILED", "SUCCEEDED")
    assert failed["errors"][0]["code"] == "PROVIDER_UNAVAILABLE"
    assert failed["connection"]["id"] == failed["connectionId"]
    assert succeeded["errors"] == []
    for run in result["runs"]:
        assert run["trigger"] == "USER"
        assert run["durationMs"] >= 0
        assert datetime.fromisoformat(run["startedAt"]) <= datetime.fromisoformat(run["finishedAt"])


async def test_only_the_accounts_that_are_named_are_read(ada: Asking) -> None:
    await ada.with_events("A")
    await ada.with_events("B")
    one, _ = (await ada.data("{ connections { id } }"))["connections"]

    some = (await ada.data(ALL, only=[one["id"], one["id"]]))["syncCalendars"]
    none = (await ada.data(ALL, only=[]))["syncCalendars"]

    assert [run["connectionId"] for run in some["runs"]] == [one["id"]]
    assert (none["runs"], none["errors"], none["syncedCalendars"]) == ([], [], 0)


async def test_without_accounts_there_is_nothing_to_do(ada: Asking) -> None:
    result = (await ada.data(ALL))["syncCalendars"]

    assert (result["syncedCalendars"], result["newEvents"], result["errors"], result["runs"]) == (0, 0, [], [])


async def test_an_account_that_is_not_there_is_refused_and_nothing_is_read(ada: Asking, bob: Asking) -> None:
    feed = await ada.with_events("A")
    await bob.with_events("B")
    [mine] = (await ada.data("{ connections { id } }"))["connections"]
    [theirs] = (await bob.data("{ connections { id } }"))["connections"]
    served = feed.served

    assert await ada.code(ALL, only=[mine["id"], theirs["id"]]) == "CONNECTION_NOT_FOUND"
    assert await ada.code(ALL, only=["tcred_x"] * 101) == "BAD_USER_INPUT"
    assert feed.served == served


async def test_syncs_at_the_same_time_are_one(ada: Asking) -> None:
    await ada.with_events("A")

    results = [answer["syncCalendars"] for answer in await asyncio.gather(*(ada.data(ALL) for _ in range(3)))]

    assert len({result["runs"][0]["id"] for result in results}) == 1


async def test_rest_and_graphql_answer_the_same(ada: Asking) -> None:
    feed = await ada.with_events("A")
    feed.put("new", summary="New", start=hour(3))
    by_graphql = await ada.sync()
    feed.remove("new")
    feed.put("newer", summary="Newer", start=hour(3))

    by_rest = (await ada.client.post(rest.SYNC)).json()

    shared = {"synced_calendars": "syncedCalendars", "new_events": "newEvents", "errors": "errors"}
    assert {name: by_rest[name] for name in shared} == {name: by_graphql[other] for name, other in shared.items()}


async def test_runs_are_listed_the_newest_first(ada: Asking) -> None:
    await ada.with_events("A")
    for _ in range(2):
        await ada.sync()

    runs = (await ada.data("{ syncRuns { id startedAt newEvents status } }"))["syncRuns"]
    older = await ada.data(
        "query ($before: DateTime) { syncRuns(before: $before, first: 1) { id } }", before=runs[0]["startedAt"]
    )
    one = await ada.data("query ($id: ID!) { syncRun(id: $id) { newEvents trigger } }", id=runs[-1]["id"])

    assert [run["newEvents"] for run in runs] == [0, 0, 1]
    assert older["syncRuns"] == [{"id": runs[1]["id"]}]
    assert one["syncRun"] == {"newEvents": 1, "trigger": "USER"}


async def test_runs_are_listed_by_account(ada: Asking) -> None:
    await ada.with_events("A")
    await ada.with_events("B")
    one, _ = (await ada.data("{ connections { id } }"))["connections"]

    found = await ada.data("query ($id: ID!) { syncRuns(connectionId: $id) { connectionId } }", id=one["id"])

    assert {run["connectionId"] for run in found["syncRuns"]} == {one["id"]}


async def test_another_users_runs_are_not_there(ada: Asking, bob: Asking) -> None:
    await ada.with_events("A")
    [run] = (await ada.data("{ syncRuns { id connectionId } }"))["syncRuns"]

    assert (await bob.data("{ syncRuns { id } }"))["syncRuns"] == []
    assert (await bob.data("query ($id: ID!) { syncRun(id: $id) { id } }", id=run["id"]))["syncRun"] is None
