"""When connections are due and why, and in which state each is: for its user, and for administrators in numbers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import ProviderName, RemoteCalendar
from calendar_sync.domain.schedule import Backlog, DueReason, SyncProgress, SyncState
from calendar_sync.domain.sync import Trigger
from calendar_sync.store import tables
from calendar_sync.store.credentials import StoredCredentials
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from calendar_sync.store.schedules import RunUnderWay, StoredSchedule, Terms
from tests.builders import NOW, a_calendar, a_connection, an_actor
from tests.store.conftest import Place, a_place
from tests.store.test_cost import counted, plan_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOW + HOUR
RUNNING = {"lease_until": LATER, "lease_owner": "one", "requested_seq": 1, "started_seq": 1}
QUEUED = {"requested_seq": 1, "requested_at": NOW}
PAUSED: dict[str, object] = {"status": ConnectionStatus.RECONNECT_REQUIRED, "next_sync_at": None}


async def change(database: Database, connection: Connection, **values: object) -> None:
    async with database.begin() as tx:
        this = update(tables.connections).where(tables.connections.c.id == connection.id)
        await tx.connection.execute(this.values(**values))


async def stored(place: Place, now: datetime = NOW) -> StoredSchedule:
    async with place.database.begin(write=False) as tx:
        (found,) = await tx.schedules.list(place.actor, [place.connection.id], now)
    return found


async def terms(place: Place) -> Terms:
    async with place.database.begin(write=False) as tx:
        return await tx.schedules.terms(place.connection.id)


async def publish(place: Place, interval: timedelta, remote_id: str = "main") -> None:
    async with place.database.begin() as tx:
        calendars = {each.remote.remote_id: each.id for each in await tx.calendars.of_connection(place.connection.id)}
        await tx.calendars.describe(calendars[remote_id], RemoteCalendar(remote_id, poll_interval=interval))


# What decides


async def test_a_new_connection_has_no_terms_of_its_own(place: Place) -> None:
    assert await terms(place) == Terms(ConnectionStatus.ACTIVE, 0, None, None)
    async with place.database.begin(write=False) as tx:
        with pytest.raises(NotFound):
            await tx.schedules.terms(ConnectionId("tcred_unknown"))


async def test_the_shortest_interval_that_an_administrator_set_counts(place: Place) -> None:
    beside = await a_calendar(place.database, place.connection, "beside")
    async with place.database.begin() as tx:
        await tx.org_calendars.add(place.actor, place.calendar.id, 60, NOW)
        await tx.org_calendars.add(place.actor, beside.id, 15, NOW)
    assert (await terms(place)).wanted == timedelta(minutes=15)


async def test_calendars_are_read_as_often_as_the_most_eager_of_them_that_are_read_asks(place: Place) -> None:
    await publish(place, 6 * HOUR)
    assert (await terms(place)).published == 6 * HOUR

    await publish(place, timedelta())
    assert (await terms(place)).published is None, "it no longer asks for anything"
    await publish(place, 6 * HOUR)

    await a_calendar(place.database, place.connection, "beside")
    assert (await terms(place)).published is None, "the other publishes nothing"
    await publish(place, 2 * HOUR, "beside")
    assert (await terms(place)).published == 2 * HOUR

    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [place.calendar.id])
    assert (await terms(place)).published == 6 * HOUR
    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [])
    assert (await terms(place)).published is None


async def test_how_many_runs_failed_is_kept_with_when_the_next_is_due(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, LATER, DueReason.BACKING_OFF, failed_in_a_row=3)
    found = await stored(place)
    assert (found.next_sync_at, found.reason, found.terms.failed_in_a_row) == (LATER, DueReason.BACKING_OFF, 3)


async def test_why_and_after_how_many_failures_stays_where_only_the_time_is_changed(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, LATER, DueReason.BACKING_OFF, failed_in_a_row=3)
        await tx.connections.schedule(place.connection.id, NOW)
    found = await stored(place)
    assert (found.next_sync_at, found.reason, found.terms.failed_in_a_row) == (NOW, DueReason.BACKING_OFF, 3)


# Asked for


async def ask(place: Place, trigger: Trigger, now: datetime) -> StoredSchedule:
    async with place.database.begin() as tx:
        await tx.requests.ask([place.connection.id], trigger, now, until=now + HOUR)
    return await stored(place, now)


@pytest.mark.parametrize("trigger", [Trigger.USER, Trigger.PUSH])
async def test_who_asks_is_named_and_when(place: Place, trigger: Trigger) -> None:
    found = await ask(place, trigger, NOW)
    assert (found.state, found.reason) == (SyncState.QUEUED, DueReason.REQUESTED)
    assert (found.requested_at, found.requested_by) == (NOW, trigger)


async def test_while_one_waits_asking_again_makes_it_wait_no_shorter(place: Place) -> None:
    await ask(place, Trigger.PUSH, NOW)
    found = await ask(place, Trigger.USER, LATER)
    assert (found.requested_at, found.requested_by) == (NOW, Trigger.PUSH)


async def test_what_is_taken_up_because_it_is_due_keeps_why_it_was(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, NOW, DueReason.PUSHED)
        await tx.requests.claim_due(LATER, LATER + HOUR, limit=1)
    found = await stored(place, LATER)
    assert (found.state, found.reason) == (SyncState.QUEUED, DueReason.PUSHED)
    assert (found.requested_at, found.requested_by) == (LATER, Trigger.SCHEDULE)


# Sooner


async def brought_forward(place: Place, at: datetime) -> StoredSchedule:
    async with place.database.begin() as tx:
        await tx.schedules.bring_forward(place.connection.id, at, DueReason.ORGANIZATION_INTERVAL)
    return await stored(place)


async def test_the_next_sync_can_be_brought_forward_but_not_put_off(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, LATER, DueReason.PUSHED)
    for at in (NOW + MINUTE, LATER):
        found = await brought_forward(place, at)
        assert (found.next_sync_at, found.reason) == (NOW + MINUTE, DueReason.ORGANIZATION_INTERVAL)


@pytest.mark.parametrize("reason", [DueReason.RATE_LIMITED, DueReason.BACKING_OFF])
async def test_one_that_waits_for_the_sake_of_its_provider_goes_on_waiting(place: Place, reason: DueReason) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, LATER, reason)
    found = await brought_forward(place, NOW + MINUTE)
    assert (found.next_sync_at, found.reason) == (LATER, reason)


async def test_one_that_is_paused_stays_so(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, None, DueReason.RECONNECT_REQUIRED)
    assert (await brought_forward(place, NOW)).next_sync_at is None


async def test_credentials_that_are_refused_pause_the_connection(place: Place) -> None:
    async with place.database.begin() as tx:
        read = await tx.credentials.read(place.connection.id)
        assert isinstance(read, StoredCredentials)
        assert await tx.credentials.lease(read, "one", HOUR, NOW)
        assert await tx.credentials.refuse(read, "one", "Token expired")
    found = await stored(place)
    assert (found.state, found.reason, found.next_sync_at) == (SyncState.PAUSED, DueReason.RECONNECT_REQUIRED, None)


# The states


async def test_a_connection_waits_until_somebody_asks_and_runs_while_a_run_has_it(place: Place) -> None:
    assert (await stored(place)).state is SyncState.WAITING
    await change(place.database, place.connection, **QUEUED)
    assert (await stored(place)).state is SyncState.QUEUED
    await change(place.database, place.connection, **RUNNING)
    assert (await stored(place)).state is SyncState.RUNNING
    assert (await stored(place, LATER + MINUTE)).state is SyncState.QUEUED, "its process died"
    await change(place.database, place.connection, done_seq=1, lease_until=None)
    assert (await stored(place)).state is SyncState.WAITING


async def test_one_that_is_to_be_connected_anew_is_paused_whatever_was_asked_for(place: Place) -> None:
    await change(place.database, place.connection, **QUEUED, **PAUSED)
    assert (await stored(place)).state is SyncState.PAUSED


async def test_the_run_under_way_is_told_and_none_that_has_ended(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.requests.ask([place.connection.id], Trigger.PUSH, NOW, until=LATER)
        begun = await tx.requests.begin(place.connection.id, "one", HOUR, NOW)
        run = await tx.runs.start(place.connection, Trigger.PUSH, NOW)
    assert begun is not None
    assert (await stored(place)).run == RunUnderWay(run, Trigger.PUSH, NOW)

    async with place.database.begin() as tx:
        await tx.runs.abandon_running(place.connection.id, LATER)
    assert (await stored(place)).run is None


async def progress(database: Database, *actors: Actor) -> Sequence[Mapping[ConnectionId, SyncProgress]]:
    """What is being done over the connections of each."""
    async with database.begin(write=False) as tx:
        found = await tx.schedules.progress([actor.user_id for actor in actors], NOW)
    return [{name: each.read() for name, each in found[actor.user_id].items()} for actor in actors]


async def test_the_latest_run_is_told_also_once_it_has_ended(place: Place) -> None:
    connection = place.connection.id
    async with place.database.begin() as tx:
        await tx.requests.ask([connection], Trigger.PUSH, NOW, until=LATER)
    queued = (await progress(place.database, place.actor))[0][connection]
    async with place.database.begin() as tx:
        await tx.requests.begin(connection, "one", HOUR, NOW)
        run = await tx.runs.start(place.connection, Trigger.PUSH, NOW)
        under_way = await tx.runs.get(place.actor, run)
    running = (await progress(place.database, place.actor))[0][connection]
    async with place.database.begin() as tx:
        await tx.runs.abandon_running(connection, LATER)
        ended = await tx.runs.get(place.actor, run)
    after = (await progress(place.database, place.actor))[0][connection]

    assert queued == SyncProgress(connection, SyncState.QUEUED, NOW, Trigger.PUSH)
    assert running == SyncProgress(connection, SyncState.RUNNING, NOW, Trigger.PUSH, under_way)
    assert after.run == ended


async def test_what_is_being_done_for_many_users_costs_one_question(database: Database) -> None:
    places = [await a_place(database, f"user{number}@example.com") for number in range(3)]
    nobody = await an_actor(database, "nobody@example.com")
    with counted() as cost:
        found = await progress(database, nobody, *(place.actor for place in places))

    assert [set(each) for each in found] == [set(), *({place.connection.id} for place in places)]
    assert [text for text, _ in cost.sent if text.startswith("SELECT conn")] == [cost.sent[-1][0]]


async def test_sqlite_finds_what_is_being_done_by_an_index(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    place = await a_place(database)
    with counted() as cost:
        await progress(database, place.actor)
    await database.close()

    steps = plan_of(sqlite_path(sqlite_url), *cost.sent[-1])
    assert steps
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []


async def test_a_user_sees_their_own_connections_only(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    both = [place.connection.id, other.connection.id]
    async with database.begin(write=False) as tx:
        found = await tx.schedules.list(place.actor, both, NOW)
    assert [each.connection_id for each in found] == [place.connection.id]


# In numbers


async def backlog(database: Database, actor: Actor, now: datetime = NOW) -> list[Backlog]:
    async with database.begin(write=False) as tx:
        return list(await tx.schedules.backlog(actor, now))


async def test_each_connection_of_the_organisation_is_counted_once_by_provider(database: Database) -> None:
    ada, bob = [await an_actor(database, f"{name}@example.com") for name in ("ada", "bob")]
    stranger = await an_actor(database, "x@example.com", organization="Other")
    assert await backlog(database, ada) == []
    states: list[dict[str, object]] = [
        RUNNING,
        RUNNING,
        QUEUED,
        {**QUEUED, "requested_at": NOW - MINUTE},
        PAUSED,
        {"next_sync_at": NOW},
        {"next_sync_at": NOW - 2 * MINUTE},
        {"next_sync_at": LATER},
        {"next_sync_at": None},
    ]
    for number, state in enumerate(states):
        await change(database, await a_connection(database, ada, identity=str(number)), **state)
    feed = await a_connection(database, bob, provider=ProviderName.ICS)
    await change(database, feed, next_sync_at=LATER)
    await change(database, await a_connection(database, stranger), **RUNNING)

    assert await backlog(database, bob) == [
        Backlog(ProviderName.CALDAV, 2, 2, 2, 2, 1, NOW - MINUTE, NOW - 2 * MINUTE),
        Backlog(ProviderName.ICS, 0, 0, 0, 1, 0, None, None),
    ]


async def test_however_many_there_are_one_question_is_asked(database: Database) -> None:
    actor = await an_actor(database)
    connections = [(await a_connection(database, actor, identity=str(number))).id for number in range(20)]
    async with database.begin(write=False) as tx:
        for ask in (
            lambda: tx.schedules.backlog(actor, NOW),
            lambda: tx.schedules.list(actor, connections, NOW),
            lambda: tx.channels.pushes(connections, ["https://calendars.example/"], NOW),
        ):
            with counted() as cost:
                await ask()
            assert cost.statements == 1


async def test_sqlite_finds_by_an_index_whatever_is_asked_for(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    place = await a_place(database)
    with counted() as cost:
        async with database.begin() as tx:
            await tx.schedules.terms(place.connection.id)
            await tx.schedules.list(place.actor, [place.connection.id], NOW)
            await tx.schedules.backlog(place.actor, NOW)
            await tx.schedules.bring_forward(place.connection.id, NOW, DueReason.INTERVAL)
            await tx.channels.pushes([place.connection.id], ["https://calendars.example/"], NOW)
    await database.close()
    steps = {step for sent in cost.sent for step in plan_of(sqlite_path(sqlite_url), *sent)}
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert not scanned & tables.metadata.tables.keys()
