"""What is due is synced, once, by whichever process looks first; what was asked for is never forgotten."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import Disconnected, RateLimited, Unavailable
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from calendar_sync.store.tables import occurrences
from calendar_sync.sync.lease import CLAIM, LeasedRuns
from calendar_sync.sync.pace import Pace
from calendar_sync.sync.schedule import Schedule
from tests.builders import an_event
from tests.connections.world import on_one_database
from tests.sync.process import SyncProcess
from tests.sync.world import World, a_world

INTERVAL = timedelta(minutes=5)


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    async with a_world(database) as world:
        world.provider.calendar("main").put(an_event())
        yield world


def schedule(world: World, process: SyncProcess | None = None) -> Schedule:
    return Schedule(world.database, (process or world.service).queue, world.clock)


async def look(world: World) -> float:
    """One look, and all that it starts."""
    wait = await schedule(world).look()
    await world.service.settled()
    return wait


async def triggers(world: World) -> list[Trigger]:
    return [run.trigger for run in await world.service.runs(world.actor, limit=100)]


async def due_in(world: World) -> timedelta:
    async with world.database.begin(write=False) as tx:
        due_at = await tx.requests.next_due()
    assert due_at is not None
    return due_at - world.clock.now


async def test_a_calendar_of_the_organisation_is_due_at_the_interval_that_its_administrator_set(world: World) -> None:
    await look(world)
    async with world.database.begin() as tx:
        (calendar,) = await tx.calendars.list(world.actor)
        await tx.org_calendars.add(world.actor, calendar.id, 60, world.clock())
    world.clock.advance(await due_in(world))
    await look(world)
    assert timedelta(minutes=40) < await due_in(world) < timedelta(minutes=80)


async def test_what_is_due_is_synced_and_due_again_after_the_interval(world: World) -> None:
    for number in range(1, 4):
        await look(world)
        assert await triggers(world) == [Trigger.SCHEDULE] * number
        await look(world)
        assert await triggers(world) == [Trigger.SCHEDULE] * number
        assert INTERVAL * 0.7 < await due_in(world) < INTERVAL * 1.3
        world.clock.advance(INTERVAL * 1.3)


async def test_a_sync_that_a_user_asks_for_puts_the_next_one_off(world: World) -> None:
    await world.sync()
    await look(world)
    assert await triggers(world) == [Trigger.USER]


async def test_it_wakes_when_the_next_one_is_due_and_every_few_seconds(world: World) -> None:
    await world.sync()
    assert await look(world) == 5.0
    async with world.database.begin() as tx:
        await tx.connections.schedule(world.connection.id, world.clock.now + timedelta(seconds=3))
    assert await look(world) == pytest.approx(3.0, abs=0.1)
    async with world.database.begin() as tx:
        await tx.connections.schedule(world.connection.id, None)
    assert await look(world) == 5.0


async def test_processes_that_look_at_once_sync_once(world: World) -> None:
    services = [world.service, *(world.another_process() for _ in range(4))]
    await asyncio.gather(*(schedule(world, service).look() for service in services))
    for service in services:
        await service.settled()
    assert await triggers(world) == [Trigger.SCHEDULE]


async def test_what_was_asked_for_before_a_process_was_killed_is_served_by_the_next(world: World) -> None:
    await world.sync()
    async with world.database.begin() as tx:
        await tx.requests.ask([world.connection.id], Trigger.USER, world.clock(), until=world.clock() + CLAIM)
    await schedule(world).recall()
    await look(world)
    assert await triggers(world) == [Trigger.USER, Trigger.USER]


async def test_what_was_taken_up_before_a_process_was_killed_is_taken_up_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    async def lose(*_: object) -> None:
        lost.set()

    with monkeypatch.context() as patch:
        patch.setattr(LeasedRuns, "run", lose)
        await schedule(world).look()
        await lost.wait()
    await schedule(world).look()
    assert await triggers(world) == []
    world.clock.advance(CLAIM)
    await look(world)
    assert await triggers(world) == [Trigger.SCHEDULE]


async def test_failures_are_tried_again_ever_more_seldom(world: World) -> None:
    leased = world.service.runs_under_lease
    world.service.runs_under_lease = replace(leased, pace=Pace(INTERVAL, lambda: 0.5))
    world.provider.before_listing = Unavailable("Away.")
    waits = []
    for _ in range(3):
        await look(world)
        waits.append(await due_in(world))
        world.clock.advance(waits[-1])
    assert [round(wait / INTERVAL) for wait in waits] == [2, 4, 8]


async def test_a_provider_that_names_a_wait_is_left_alone_so_long(world: World) -> None:
    world.provider.before_listing = RateLimited("Slow down.", retry_after=timedelta(hours=7))
    await look(world)
    assert timedelta(hours=7) - await due_in(world) < timedelta(seconds=1)


async def test_an_account_that_is_to_be_connected_anew_is_left_alone(world: World) -> None:
    world.provider.before_listing = Disconnected()
    await look(world)
    async with world.database.begin(write=False) as tx:
        assert await tx.requests.next_due() is None
        connection = await tx.connections.get(world.actor, world.connection.id)
    assert connection.status is ConnectionStatus.RECONNECT_REQUIRED
    world.clock.advance(timedelta(days=30))
    await look(world)
    assert await triggers(world) == [Trigger.SCHEDULE]


@on_one_database
async def test_a_store_that_is_away_is_waited_for(
    world: World, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    await world.database.close()
    sqlite_path(sqlite_url).unlink()
    with pytest.raises(asyncio.CancelledError):
        await Schedule(world.database, world.service.queue, world.clock, sleep=sleep).run()
    assert slept == [5.0] * 3
    assert len([record for record in caplog.records if "on schedule" in record.getMessage()]) == 1


async def test_what_an_earlier_version_stored_is_completed_in_the_background(world: World) -> None:
    await world.sync()
    async with world.database.begin() as tx:
        await tx.connection.execute(update(occurrences).values(is_busy=None))
    housekeeping = schedule(world)

    assert not await housekeeping.complete()
    await housekeeping.tidy()
    while await housekeeping.complete():
        pass

    async with world.database.begin(write=False) as tx:
        left = await tx.connection.scalar(select(func.count()).where(occurrences.c.is_busy.is_(None)))
    assert left == 0


async def test_changes_are_forgotten_when_they_are_older_than_they_are_kept_for_and_looked_for_now_and_then(
    world: World,
) -> None:
    tidying = schedule(world)
    await world.sync()
    await tidying.compact()
    assert len(await world.changes()) == 1
    world.clock.advance(tidying.change_history)
    world.provider.calendar("main").put(an_event(title="New"))
    await world.sync()
    await tidying.compact()
    assert [change.seq for change in await world.changes()] == [2]
    assert [change.cause for change in await world.changes()] == [ChangeCause.USER]
