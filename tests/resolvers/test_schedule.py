"""When accounts are synced next, and why: for their user, and for administrators in numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dirty_equals import IsStr
from sqlalchemy import update

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.schedule import DueReason
from calendar_sync.store import tables
from tests.schema.asking import Asking, error_of
from tests.schema.test_guide import EXAMPLES
from tests.store.test_cost import counted

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULE = """{ connections { id schedule {
    state reason since nextSyncAt failedRunsInARow intervalSeconds isPushed pushedUntil runId trigger
} } }"""
COUNTS = "running queued overdue waiting paused queuedSince overdueSince"
BACKLOG = f"{{ syncBacklog {{ {COUNTS} byProvider {{ provider {COUNTS} }} }} }}"


async def schedule(asking: Asking) -> dict[str, Any]:
    """That of the only account."""
    [connection] = (await asking.data(SCHEDULE))["connections"]
    found: dict[str, Any] = connection["schedule"]
    return found


async def the_connection(asking: Asking) -> ConnectionId:
    [connection] = (await asking.data("{ connections { id } }"))["connections"]
    return ConnectionId(connection["id"])


async def change(asking: Asking, connection: ConnectionId, **values: object) -> None:
    async with asking.door.services.database.begin() as tx:
        this = update(tables.connections).where(tables.connections.c.id == connection)
        await tx.connection.execute(this.values(**values))


async def test_an_account_that_was_connected_waits_for_its_first_sync(ada: Asking) -> None:
    await ada.connect(ada.door.feed())

    assert await schedule(ada) == {
        "state": "WAITING",
        "reason": "CONNECTED",
        "since": None,
        "nextSyncAt": IsStr(),
        "failedRunsInARow": 0,
        "intervalSeconds": 300,
        "isPushed": False,
        "pushedUntil": None,
        "runId": None,
        "trigger": None,
    }


async def test_one_that_was_synced_waits_for_the_interval(ada: Asking) -> None:
    await ada.with_events("A")

    found = await schedule(ada)

    assert (found["state"], found["reason"]) == ("WAITING", "INTERVAL")
    due_in = datetime.fromisoformat(found["nextSyncAt"]) - datetime.now(UTC)
    assert timedelta(minutes=3) < due_in < timedelta(minutes=7)


async def test_a_feed_that_cannot_be_read_is_tried_again_after_longer(ada: Asking) -> None:
    feed = await ada.with_events("A")
    feed.fail("status", status=500, times=10)
    await ada.sync()

    found = await schedule(ada)

    assert (found["state"], found["reason"], found["failedRunsInARow"]) == ("WAITING", "BACKING_OFF", 1)


async def test_a_feed_that_asks_to_be_read_more_seldom_is_until_it_no_longer_does(ada: Asking) -> None:
    feed = await ada.with_events("A")
    feed.properties["X-PUBLISHED-TTL"] = "PT12H"
    feed.touch()
    await ada.sync()
    seldom = await schedule(ada)
    del feed.properties["X-PUBLISHED-TTL"]
    feed.touch()
    await ada.sync()
    usual = await schedule(ada)

    assert (seldom["reason"], seldom["intervalSeconds"]) == ("FEED_INTERVAL", 12 * 3600)
    assert (usual["reason"], usual["intervalSeconds"]) == ("INTERVAL", 300)


async def test_one_that_is_asked_for_says_since_when_it_waits(ada: Asking) -> None:
    await ada.with_events("A")
    asked = datetime(2026, 3, 2, 12, tzinfo=UTC)
    requested = tables.connections.c.requested_seq + 1
    await change(
        ada,
        await the_connection(ada),
        requested_seq=requested,
        requested_at=asked,
        next_sync_reason=DueReason.REQUESTED,
    )

    found = await schedule(ada)

    assert (found["state"], found["reason"], found["nextSyncAt"]) == ("QUEUED", "REQUESTED", None)
    assert found["since"] == "2026-03-02T12:00:00Z"


async def test_one_that_is_running_names_the_run_and_who_asked_for_it(ada: Asking) -> None:
    await ada.with_events("A")
    connection = await the_connection(ada)
    [run] = (await ada.data("{ syncRuns { id startedAt } }"))["syncRuns"]
    async with ada.door.services.database.begin() as tx:
        this = update(tables.runs).where(tables.runs.c.id == RunId(run["id"]))
        await tx.connection.execute(this.values(status="running", finished_at=None))
    await change(ada, connection, lease_until=datetime.now(UTC) + timedelta(minutes=1))

    found = await schedule(ada)

    assert (found["state"], found["runId"], found["trigger"]) == ("RUNNING", run["id"], "USER")
    assert (found["since"], found["nextSyncAt"]) == (run["startedAt"], None)


async def test_one_that_is_to_be_connected_anew_is_paused(ada: Asking) -> None:
    await ada.with_events("A")
    await change(ada, await the_connection(ada), status=ConnectionStatus.RECONNECT_REQUIRED)

    found = await schedule(ada)

    assert (found["state"], found["reason"], found["nextSyncAt"]) == ("PAUSED", "RECONNECT_REQUIRED", None)


async def test_many_accounts_cost_as_many_questions_as_one(ada: Asking) -> None:
    await ada.connect(ada.door.feed())
    with counted() as one:
        await ada.data(SCHEDULE)
    for _ in range(5):
        await ada.connect(ada.door.feed())
    with counted() as many:
        found = (await ada.data(SCHEDULE))["connections"]

    assert len(found) == 6
    assert many.statements == one.statements


# The organisation


async def test_an_administrator_sees_how_the_accounts_of_the_organisation_stand(ada: Asking) -> None:
    door, organization = ada.door, ada.door.organization()
    async with (
        door.asking(await door.key(await door.user(organization))) as member,
        door.asking(await door.admin_key(organization)) as admin,
        door.asking(await door.admin_key()) as stranger,
    ):
        nothing = await Asking(door, admin).data(BACKLOG)
        await Asking(door, member).with_events("A")
        await Asking(door, member).connect(door.feed())
        await change(ada, ConnectionId(await Asking(door, stranger).connect(door.feed())), requested_seq=1)
        late = ConnectionId(await Asking(door, admin).connect(door.feed()))
        await change(ada, late, next_sync_at=datetime(2026, 3, 2, 12, tzinfo=UTC))

        found = (await Asking(door, admin).data(BACKLOG))["syncBacklog"]

    nobody = {"running": 0, "queued": 0, "overdue": 0, "waiting": 0, "paused": 0}
    nowhen = {"queuedSince": None, "overdueSince": None}
    assert nothing["syncBacklog"] == {**nobody, **nowhen, "byProvider": []}
    counts = {**nobody, **nowhen, "overdue": 1, "waiting": 2, "overdueSince": "2026-03-02T12:00:00Z"}
    assert found == {**counts, "byProvider": [{"provider": "ICS", **counts}]}


async def test_nobody_else_sees_it(ada: Asking) -> None:
    error = error_of(await ada.answer(BACKLOG))

    assert error["extensions"]["code"] == "INSUFFICIENT_PERMISSIONS"


async def test_the_example_of_the_guide_is_answered(ada: Asking) -> None:
    (example,) = [each for each in EXAMPLES if "syncBacklog" in each]
    async with ada.door.asking(await ada.door.admin_key()) as client:
        admin = Asking(ada.door, client)
        await admin.with_events("A")
        found = await admin.data(example)

    assert found["connections"][0]["schedule"]["state"] == "WAITING"
    assert found["syncBacklog"]["waiting"] == 1
