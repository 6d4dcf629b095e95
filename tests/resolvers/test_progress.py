"""Following syncs by GraphQL, and starting them without waiting."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import pytest

from calendar_sync.domain.identifiers import RunId
from tests.resolvers.following import followed, results
from tests.schema.asking import Asking
from tests.store.test_cost import counted

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = """
    id status eventsSeen newEvents updatedEvents removedEvents pages waitingUntil
    calendars {
      calendarId state pages eventsSeen newEvents updatedEvents removedEvents
      error { code message calendarId } calendar { id name }
    }
"""
PROGRESS = f"""
subscription ($only: [ID!]) {{
  syncProgress(connectionIds: $only) {{
    connectionId state since trigger connection {{ id eventCount lastSyncAt }} run {{ {RUN} }}
  }}
}}
"""
BEGIN = """
mutation ($only: [ID!]) {
  syncCalendars(connectionIds: $only, wait: false) { pending { id provider eventCount } errors runs { id } newEvents }
}
"""
DISCONNECT = "mutation ($id: ID!) { disconnect(connectionId: $id) { __typename } }"


async def until_read(told: AsyncGenerator[Any]) -> Any:  # noqa: ANN401 - JSON
    """The first item of a run that has ended."""
    async for each in told:
        if each["run"] is not None and each["run"]["status"] != "RUNNING":
            return each
    raise AssertionError


async def test_the_last_that_is_told_of_a_run_is_what_it_came_to(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("lunch", summary="Lunch", start=datetime.fromisoformat("2026-03-09T12:00:00Z"))
    account = await ada.connect(feed)

    async with aclosing(followed(ada, PROGRESS)) as told:
        first = await anext(told)
        begun = (await ada.data(BEGIN))["syncCalendars"]
        last = await until_read(told)
    run = (await ada.data(f"query ($id: ID!) {{ syncRun(id: $id) {{ {RUN} }} }}", id=last["run"]["id"]))["syncRun"]

    assert (first["connectionId"], first["state"], first["run"]) == (account, "WAITING", None)
    assert begun == {
        "pending": [{"id": account, "provider": "ICS", "eventCount": 0}],
        "errors": [],
        "runs": [],
        "newEvents": 0,
    }
    assert last["run"] == run
    assert (run["status"], run["eventsSeen"], run["newEvents"], run["waitingUntil"]) == ("SUCCEEDED", 1, 1, None)
    [calendar] = run["calendars"]
    assert (calendar["state"], calendar["eventsSeen"], calendar["error"]) == ("SYNCED", 1, None)
    assert calendar["calendar"]["id"] == calendar["calendarId"]


async def test_what_stands_beside_it_is_as_new_as_the_run(ada: Asking) -> None:
    await ada.with_events("A")

    async with aclosing(followed(ada, PROGRESS)) as told:
        before = await anext(told)
        await ada.data(BEGIN)
        async for after in told:
            if after["run"]["id"] != before["run"]["id"] and after["state"] == "WAITING":
                break

    assert after["connection"]["lastSyncAt"] > before["connection"]["lastSyncAt"]


async def test_a_calendar_that_could_not_be_read_says_why(ada: Asking) -> None:
    feed = await ada.with_events("A")
    feed.fail("status", status=500, times=10)

    async with aclosing(followed(ada, PROGRESS)) as told:
        before = await anext(told)
        await ada.data(BEGIN)
        async for after in told:
            if after["run"]["id"] != before["run"]["id"] and after["run"]["status"] == "FAILED":
                break

    [calendar] = after["run"]["calendars"]
    assert (calendar["state"], calendar["error"]["code"]) == ("FAILED", "PROVIDER_UNAVAILABLE")
    assert calendar["error"]["calendarId"] == calendar["calendarId"]


async def test_until_when_a_run_waits_is_told(ada: Asking) -> None:
    await ada.with_events("A")
    [run] = (await ada.data("{ syncRuns { id } }"))["syncRuns"]
    async with ada.door.services.database.begin() as tx:
        await tx.runs.wait(RunId(run["id"]), datetime.fromisoformat("2026-03-02T12:00:00Z"))

    async with aclosing(followed(ada, PROGRESS)) as told:
        found = (await anext(told))["run"]

    assert found["waitingUntil"] == "2026-03-02T12:00:00Z"


async def test_an_account_that_is_disconnected_is_told_of_a_last_time(ada: Asking) -> None:
    account = await ada.connect(ada.door.feed())

    async with aclosing(followed(ada, PROGRESS, only=[account])) as told:
        await anext(told)
        await ada.data(DISCONNECT, id=account)
        last = await anext(told)

    nothing = {"state": None, "since": None, "trigger": None, "connection": None, "run": None}
    assert last == {"connectionId": account, **nothing}


async def test_only_accounts_of_ones_own_are_followed(ada: Asking, bob: Asking) -> None:
    theirs = await bob.connect(ada.door.feed())

    found = [(await anext(results(ada, PROGRESS, only=only))).errors for only in ([theirs], ["tcred_x"] * 101)]

    codes = [(error.extensions or {})["code"] for errors in found for error in errors or []]
    assert codes == ["CONNECTION_NOT_FOUND", "BAD_USER_INPUT"]


async def test_accounts_that_take_too_long_to_be_waited_for_are_pending(
    ada: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await ada.connect(ada.door.feed())
    monkeypatch.setattr(ada.door.services.sync, "patience", timedelta())

    result = (await ada.data("mutation { syncCalendars { errors runs { id } pending { id } } }"))["syncCalendars"]

    assert (result["runs"], result["pending"]) == ([], [{"id": account}])
    assert result["errors"] == ["ics: The sync has not ended yet; it goes on, and what it finds is stored."]
    await ada.door.services.sync.settled()


async def test_who_waits_finds_nothing_pending(ada: Asking) -> None:
    await ada.with_events("A")

    result = (await ada.data("mutation { syncCalendars { pending { id } runs { status } } }"))["syncCalendars"]

    assert result == {"pending": [], "runs": [{"status": "SUCCEEDED"}]}


async def test_the_calendars_of_many_runs_cost_one_question(ada: Asking) -> None:
    query = "{ syncRuns { calendars { calendar { name } } } }"
    await ada.with_events("A")
    with counted() as one:
        await ada.data(query)
    await ada.with_events("B")
    await ada.sync()
    with counted() as many:
        found = (await ada.data(query))["syncRuns"]

    assert len(found) > 2
    assert many.statements == one.statements
