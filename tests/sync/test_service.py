"""One run per connection, joined by all who ask; failures kept to where they happen; nothing deleted by one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from calendar_sync.domain.connections import ConnectionStatus, Lease
from calendar_sync.domain.errors import BadResponse, Disconnected, NotFound, RateLimited, StoreUnavailable, Unavailable
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.sync import RunStatus, SyncResult, Tally, Trigger
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.leases import Leases
from calendar_sync.sync.lease import LEASE
from tests.builders import a_hole, a_series, an_actor, an_event, wall
from tests.sync.world import World, a_world, joining


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    async with a_world(database) as world:
        world.provider.calendar("main").put(an_event("e1"))
        yield world


class Gate:
    """Holds a provider at its next page until it is opened."""

    def __init__(self, world: World) -> None:
        self.reached, self._open, self._world = asyncio.Event(), asyncio.Event(), world
        world.provider.before_page = self._wait

    async def _wait(self) -> None:
        self.reached.set()
        await self._open.wait()

    def open(self) -> None:
        self._world.provider.before_page = None
        self._open.set()


async def titles(world: World) -> set[str | None]:
    page = await world.events.page(world.actor, OccurrenceFilter(), limit=100)
    return {occurrence.title for occurrence in page.items}


# Counting


async def test_the_first_sync_counts_what_is_new_and_the_second_counts_nothing(world: World) -> None:
    world.provider.calendar("main").put(a_series("s1"))

    first, second = await world.sync(), await world.sync()

    assert (first.synced_calendars, first.tally) == (1, Tally(new=2))
    assert (second.synced_calendars, second.tally) == (1, Tally())


async def test_a_series_counts_once_however_many_of_its_instances_change(world: World) -> None:
    world.provider.calendar("main").put(a_series("s1"))
    await world.sync()
    holes = (a_hole(wall("2026-03-16T09:00")), a_hole(wall("2026-03-23T09:00")))
    world.provider.calendar("main").put(a_series("s1", overrides=holes))

    assert (await world.sync()).tally == Tally(updated=1)


async def test_without_connections_a_sync_does_nothing(world: World) -> None:
    await world.connections.disconnect(world.actor, world.connection.id)

    result = await world.sync()

    assert result == SyncResult(runs=(), synced_calendars=0, tally=Tally(), errors=())


async def test_a_run_is_recorded_with_all_that_it_did(world: World) -> None:
    await world.sync()

    (run,) = await world.service.runs(world.actor, limit=10)

    assert (run.trigger, run.status, run.tally, run.pages) == (Trigger.USER, RunStatus.SUCCEEDED, Tally(new=1), 1)
    assert run.requests == 2, "the list of calendars and one page"
    assert await world.service.run(world.actor, run.id) == run


# One run at a time


async def test_who_asks_during_a_run_gets_its_result_without_another_reading(world: World) -> None:
    gate = Gate(world)
    first = asyncio.create_task(world.sync())
    await joining(world.service)
    await gate.reached.wait()
    second = asyncio.create_task(world.sync())
    await joining(world.service)
    gate.open()

    assert (await first).runs == (await second).runs
    assert len(world.provider.readings) == 1


async def test_who_asks_in_another_process_gets_the_result_of_the_run_under_way(world: World) -> None:
    other, gate = world.another_process(), Gate(world)
    first = asyncio.create_task(world.sync())
    await gate.reached.wait()
    second = asyncio.create_task(other.sync(world.actor))
    await joining(other)
    gate.open()

    assert [run.id for run in (await first).runs] == [run.id for run in (await second).runs]
    assert len(world.provider.readings) == 1


async def test_twenty_processes_that_ask_during_a_run_leave_one_reading(world: World) -> None:
    gate = Gate(world)
    first = asyncio.create_task(world.sync())
    await gate.reached.wait()
    others = [world.another_process() for _ in range(20)]
    asked = [first, *(asyncio.create_task(other.sync(world.actor)) for other in others)]
    await asyncio.gather(*map(joining, others))
    gate.open()

    results = await asyncio.gather(*asked)

    assert {result.tally for result in results} == {Tally(new=1)}
    assert len(world.provider.readings) == 1


async def test_pushes_during_a_run_leave_exactly_one_run_to_follow(world: World) -> None:
    gate = Gate(world)
    under_way = asyncio.create_task(world.sync())
    await gate.reached.wait()
    for _ in range(20):
        await world.service.request([world.connection.id], Trigger.PUSH)
    gate.open()
    await under_way
    await world.service.settled()

    runs = await world.service.runs(world.actor, limit=100)
    assert [run.trigger for run in runs] == [Trigger.PUSH, Trigger.USER]


async def test_who_stops_waiting_does_not_stop_the_run(world: World) -> None:
    gate = Gate(world)
    impatient = asyncio.create_task(world.sync())
    await gate.reached.wait()
    impatient.cancel()
    gate.open()
    await world.service.settled()

    assert await titles(world) == {"Stand-up"}


# Processes that end, wake up, or lose their connection


async def test_a_process_that_is_told_to_stop_hands_the_connection_back_at_once(world: World) -> None:
    gate = Gate(world)
    asked = asyncio.create_task(world.sync())
    await gate.reached.wait()
    await world.service.close()
    gate.open()

    result = await world.another_process().sync(world.actor)

    assert asked.cancelled() or asked.done()
    assert result.tally == Tally(new=1)
    statuses = [run.status for run in await world.service.runs(world.actor, limit=10)]
    assert statuses == [RunStatus.SUCCEEDED, RunStatus.ABANDONED]


async def test_a_paused_process_that_wakes_up_writes_nothing_more(world: World) -> None:
    gate = Gate(world)
    paused = asyncio.create_task(world.sync())
    await gate.reached.wait()
    world.clock.advance(LEASE + timedelta(seconds=1))
    world.provider.before_page = None
    taken_over = await world.another_process().sync(world.actor)
    world.provider.calendar("main").put(an_event("e1", title="Changed since"))
    await world.another_process().sync(world.actor)
    gate.open()

    assert taken_over.tally == Tally(new=1)
    assert (await paused).errors == ()
    assert await titles(world) == {"Changed since"}


async def test_who_waits_for_a_process_that_died_gets_the_result_of_the_next(world: World) -> None:
    gate, other = Gate(world), world.another_process()
    dying = asyncio.create_task(world.sync())
    await gate.reached.wait()
    waiting = asyncio.create_task(other.sync(world.actor))
    await joining(other)
    world.provider.before_page = None
    world.clock.advance(LEASE + timedelta(seconds=1))

    assert (await waiting).tally == Tally(new=1)
    gate.open()
    assert (await dying).runs == (await waiting).runs
    statuses = [run.status for run in await world.service.runs(world.actor, limit=10)]
    assert statuses == [RunStatus.SUCCEEDED, RunStatus.ABANDONED]


async def test_a_run_that_takes_too_long_to_be_waited_for_is_told_of_and_goes_on(world: World) -> None:
    gate = Gate(world)
    world.service.patience = timedelta(milliseconds=1)

    result = await world.sync()

    assert (result.runs, result.tally) == ((), Tally())
    assert result.errors == ("caldav: The sync has not ended yet; it goes on, and what it finds is stored.",)
    gate.open()
    await world.service.settled()
    (run,) = await world.service.runs(world.actor, limit=10)
    assert (run.status, run.tally) == (RunStatus.SUCCEEDED, Tally(new=1))


async def test_a_provider_that_wants_to_be_left_alone_is_whoever_pushes_but_not_for_a_user(world: World) -> None:
    world.provider.before_listing = RateLimited("Slow down.", retry_after=timedelta(hours=1))
    await world.sync()
    world.provider.before_listing = None

    for _ in range(2):
        await world.service.request([world.connection.id], Trigger.PUSH)
    async with world.database.begin(write=False) as tx:
        due_at = await tx.requests.next_due()
    assert due_at is not None
    assert due_at > world.clock.now + timedelta(minutes=59)
    result = await world.sync()

    assert result.tally == Tally(new=1)
    assert len(await world.service.runs(world.actor, limit=10)) == 2


async def test_a_connection_that_is_disconnected_during_its_run_stays_away(world: World) -> None:
    gate = Gate(world)
    asked = asyncio.create_task(world.sync())
    await gate.reached.wait()
    await world.connections.disconnect(world.actor, world.connection.id)
    gate.open()

    assert (await asked).runs == ()
    assert await titles(world) == set()


# Failures


@pytest.mark.parametrize("error", [Unavailable("The server is away."), BadResponse("The server talks nonsense.")])
async def test_a_failing_calendar_keeps_its_events_and_does_not_spoil_the_others(
    world: World, error: Unavailable | BadResponse
) -> None:
    world.provider.calendar("team").put(an_event("t1", title="Team lunch"))
    await world.sync()
    world.provider.calendar("team").put(an_event("t1", title="Team dinner"))
    world.provider.fail_at = (0, error)

    result = await world.sync()

    assert (result.synced_calendars, result.tally) == (1, Tally(updated=1))
    assert result.errors == (f"caldav: {error.message}",)
    assert result.runs[0].status is RunStatus.PARTIAL
    assert await titles(world) == {"Stand-up", "Team dinner"}


async def test_pages_before_a_failure_are_stored_and_counted_once(world: World) -> None:
    for number in range(5):
        world.provider.calendar("main").put(an_event(f"n{number}"))
    world.provider.fail_at = (2, Unavailable("The server is away."))

    failed, complete = await world.sync(), await world.sync()

    assert (failed.tally, failed.synced_calendars) == (Tally(new=4), 0)
    assert complete.tally == Tally(new=2)


async def test_a_rate_limit_leaves_the_account_alone(world: World) -> None:
    world.provider.calendar("team")
    world.provider.fail_at = (0, RateLimited("The server asks to wait."))

    result = await world.sync()

    assert len(world.provider.readings) == 1
    assert result.errors == ("caldav: The server asks to wait.",)


async def test_refused_credentials_ask_for_a_reconnect_and_keep_everything(world: World) -> None:
    await world.sync()
    world.provider.fail_at = (0, Disconnected())

    refused = await world.sync()
    readings = len(world.provider.readings)
    again = await world.sync()

    assert refused.errors == again.errors == ("caldav: Token expired, please reconnect",)
    assert len(world.provider.readings) == readings, "a refused account is not tried again"
    (overview,) = await world.connections.list(world.actor)
    assert overview.connection.status is ConnectionStatus.RECONNECT_REQUIRED
    assert await titles(world) == {"Stand-up"}


async def test_a_reconnect_keeps_the_connection_its_events_and_their_identifiers(world: World) -> None:
    await world.sync()
    before = await world.events.page(world.actor, OccurrenceFilter(), limit=10)
    world.provider.fail_at = (0, Disconnected())
    await world.sync()

    overview = await world.connections.connect(world.actor, "caldav", {"username": "someone"})
    result = await world.sync()

    assert overview.connection.id == world.connection.id
    assert (result.errors, result.tally) == ((), Tally())
    after = await world.events.page(world.actor, OccurrenceFilter(), limit=10)
    assert [each.id for each in after.items] == [each.id for each in before.items]


async def test_a_fault_of_ours_is_kept_to_its_calendar_and_its_text_to_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.provider.fail_at = (0, RuntimeError("secret detail"))  # type: ignore[assignment] # on purpose

    result = await world.sync()

    assert result.errors == ("caldav: Something went wrong on our side; what is stored was kept.",)
    assert "secret detail" in caplog.text


async def test_with_several_accounts_of_a_provider_the_error_names_the_account(world: World) -> None:
    await world.connections.connect(world.actor, "caldav", {"username": "another"})
    world.provider.fail_at = (0, Unavailable("The server is away."))

    result = await world.sync()

    assert result.errors == ("caldav (someone@example.com): The server is away.",)


# Snapshots and calendars that are doubted


async def test_a_snapshot_that_would_remove_most_of_what_lies_ahead_is_read_twice(world: World) -> None:
    main = world.provider.calendar("main")
    for number in range(9):
        main.put(an_event(f"n{number}"))
    await world.sync()
    world.provider.readings.clear()
    for number in range(9):
        main.remove(f"n{number}")
    main.forget_cursors()

    result = await world.sync()

    assert result.tally == Tally(removed=9)
    assert [since for _, since in world.provider.readings] == [world.provider.readings[0][1], None, None]


async def test_a_snapshot_that_was_wrong_the_first_time_removes_nothing(world: World) -> None:
    main = world.provider.calendar("main")
    for number in range(9):
        main.put(an_event(f"n{number}"))
    await world.sync()
    stored, events = await world.stored(), dict(main.events)
    main.events.clear()
    main.forget_cursors()
    readings = len(world.provider.readings)

    def recover_for_the_third_reading() -> None:
        if len(world.provider.readings) - readings == 3:  # by cursor, from nothing, and from nothing again
            main.events.update(events)

    world.provider.before_reading = recover_for_the_third_reading
    result = await world.sync()

    assert (result.tally, result.errors) == (Tally(), ())
    assert await world.stored() == stored


async def test_an_empty_list_of_calendars_is_an_error_and_removes_nothing(world: World) -> None:
    await world.sync()
    calendars, world.provider.calendars = world.provider.calendars, {}

    result = await world.sync()

    assert result.errors == ("caldav: The provider lists no calendars any more; what is stored was kept.",)
    assert await titles(world) == {"Stand-up"}
    world.provider.calendars = calendars
    assert (await world.sync()).tally == Tally()


async def test_the_events_of_a_calendar_that_is_gone_are_removed_and_counted(world: World) -> None:
    world.provider.calendar("team").put(an_event("t1", title="Team lunch"))
    await world.sync()
    del world.provider.calendars["team"]

    result = await world.sync()

    assert result.tally == Tally(removed=1)
    assert await titles(world) == {"Stand-up"}


# Calendars, windows, tenants


async def test_a_calendar_that_is_not_selected_is_not_read_and_its_events_go(world: World) -> None:
    world.provider.calendar("team").put(an_event("t1", title="Team lunch"))
    await world.sync()
    main, team = sorted(
        await world.connections.calendars(world.actor, world.connection.id), key=lambda each: each.remote.remote_id
    )

    await world.connections.select_calendars(world.actor, world.connection.id, [main.id])
    assert await titles(world) == {"Stand-up"}
    world.provider.readings.clear()
    await world.sync()
    assert [name for name, _ in world.provider.readings] == ["main"]

    await world.connections.select_calendars(world.actor, world.connection.id, [main.id, team.id])
    assert (await world.sync()).tally == Tally(new=1)


async def test_endless_series_go_on_as_the_window_moves_and_nothing_counts(world: World) -> None:
    world.provider.calendar("main").put(a_series("s1"))
    await world.sync()
    before = (await world.connections.list(world.actor))[0].event_count
    world.clock.advance(timedelta(days=28))

    result = await world.sync()

    assert result.tally == Tally()
    assert (await world.connections.list(world.actor))[0].event_count == before + 4


async def test_another_users_connection_cannot_be_synced_or_seen(world: World) -> None:
    await world.sync()
    stranger = await an_actor(world.database, "stranger@example.com", organization="Other")
    run = (await world.service.runs(world.actor, limit=1))[0]

    with pytest.raises(NotFound):
        await world.service.sync(stranger, [world.connection.id])
    with pytest.raises(NotFound):
        await world.service.run(stranger, run.id)
    assert await world.service.runs(stranger, limit=10) == []
    assert (await world.service.sync(stranger)).runs == ()


async def test_an_unknown_connection_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="connection"):
        await world.service.sync(world.actor, [ConnectionId("tcred_unknown")])


# Whatever ends a run early


async def test_a_fault_of_ours_is_kept_to_its_connection(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.provider.before_listing = RuntimeError("secret detail")

    result = await world.sync()
    world.provider.before_listing = None

    assert result.errors == ("caldav: Something went wrong on our side; what is stored was kept.",)
    assert "secret detail" in caplog.text
    assert (await world.sync()).errors == (), "the lease was given back"


async def test_credentials_that_cannot_be_decrypted_are_an_error_of_their_connection(world: World) -> None:
    async with world.database.begin() as tx:
        await tx.connections.set_ciphertext(world.connection.id, "v1.00000000.AAAA.AAAA")

    result = await world.sync()

    assert result.errors == ("caldav: A stored secret was encrypted with a key that is not configured.",)
    (run,) = result.runs
    assert (run.status, run.requests) == (RunStatus.FAILED, 0)


async def test_the_reason_why_an_account_was_refused_is_told_again(world: World) -> None:
    world.provider.fail_at = (0, Disconnected("The server refused the password."))

    refused, again = await world.sync(), await world.sync()

    assert refused.errors == again.errors == ("caldav: The server refused the password.",)


async def test_old_credentials_that_are_refused_do_not_spoil_the_new_ones(world: World) -> None:
    gate = Gate(world)
    world.provider.fail_at = (0, Disconnected())
    under_way = asyncio.create_task(world.sync())
    await gate.reached.wait()

    await world.connections.connect(world.actor, "caldav", {"username": "someone"})
    gate.open()
    refused = await under_way

    assert refused.errors == ("caldav: Token expired, please reconnect",)
    (overview,) = await world.connections.list(world.actor)
    assert overview.connection.status is ConnectionStatus.ACTIVE
    assert (await world.sync()).errors == ()


async def test_whoever_waits_is_told_that_the_server_stops_and_the_next_process_need_not_wait(world: World) -> None:
    gate = Gate(world)
    waiting = asyncio.create_task(world.sync())
    await gate.reached.wait()

    await world.service.close()
    with pytest.raises(StoreUnavailable, match="stopping"):
        await waiting
    gate.open()
    result = await world.another_process().sync(world.actor)

    assert result.tally == Tally(new=1)


async def test_a_request_that_comes_as_a_run_ends_is_not_forgotten(world: World) -> None:
    await world.service.request([world.connection.id], Trigger.PUSH)
    release, asking = Leases.release, list[asyncio.Task[None]]()

    async def release_and_ask(leases: Leases, lease: Lease, served: int | None, at: datetime | None = None) -> bool:
        is_asked = await release(leases, lease, served, at)
        if not asking:
            asking.append(asyncio.create_task(world.service.request([lease.connection_id], Trigger.PUSH)))
            await asyncio.sleep(0)
        return is_asked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Leases, "release", release_and_ask)
        await world.service.settled()
        await asyncio.gather(*asking)
        await world.service.settled()

    assert len(asking) == 1
    assert len(await world.service.runs(world.actor, limit=10)) == 2


async def test_a_calendar_that_is_dropped_and_chosen_again_in_mid_run_is_read_whole(world: World) -> None:
    for number in range(5):
        world.provider.calendar("main").put(an_event(f"n{number}", title=f"n{number}"))
    await world.service.sync(world.actor)
    (main,) = await world.connections.calendars(world.actor, world.connection.id)
    world.provider.calendar("main").put(an_event("n5", title="n5"))
    gate = Gate(world)
    under_way = asyncio.create_task(world.sync())
    await gate.reached.wait()

    for chosen in ([], [main.id]):
        await world.connections.select_calendars(world.actor, world.connection.id, chosen)
    gate.open()
    result = await under_way

    assert result.tally == Tally(new=7)
    assert await titles(world) == {"Stand-up", *(f"n{number}" for number in range(6))}


async def test_what_went_wrong_is_kept_with_its_calendar_until_it_goes_well(world: World) -> None:
    world.provider.fail_at = (0, BadResponse("That is no calendar."))

    await world.sync()
    (failed,) = await world.connections.calendars(world.actor, world.connection.id)
    await world.sync()
    (mended,) = await world.connections.calendars(world.actor, world.connection.id)

    assert (failed.last_error, mended.last_error) == ("That is no calendar.", None)


# Ending


class HeldWriting:
    """A database that begins no transaction to write in while it `is_held`, until it is let go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_held, self.reached, self.let_go, self.written = False, asyncio.Event(), asyncio.Event(), 0

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncGenerator[Transaction]:
        if write and self.is_held:
            self.reached.set()
            await self.let_go.wait()
        async with self._database.begin(write=write) as tx:
            yield tx
        self.written += write and self.is_held


async def test_a_run_that_is_cancelled_again_while_it_is_handed_back_has_been_so_when_it_ends(world: World) -> None:
    gate, held = Gate(world), HeldWriting(world.database)
    runs = replace(world.service.runs_under_lease, database=cast(Database, held))
    async with world.database.begin() as tx:
        await tx.requests.ask([world.connection.id], Trigger.USER, world.clock(), until=world.clock())
    run = asyncio.create_task(runs.run(world.connection.id))
    await gate.reached.wait()

    held.is_held = run.cancel()
    await held.reached.wait()
    run.cancel()
    held.let_go.set()
    await asyncio.wait({run})

    assert run.cancelled()
    assert held.written == 1
    assert [each.status for each in await world.service.runs(world.actor, limit=9)] == [RunStatus.ABANDONED]
