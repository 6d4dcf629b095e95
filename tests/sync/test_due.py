"""The end of a run says when the next one is due and why, by what stands in the store."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from calendar_sync.domain.connections import Calendar, ConnectionStatus
from calendar_sync.domain.errors import Disconnected, ProviderError, RateLimited, Unavailable
from calendar_sync.domain.identifiers import new_channel_id
from calendar_sync.domain.providers import ProviderName, RemoteCalendar
from calendar_sync.domain.push import Channel
from calendar_sync.domain.schedule import DueReason, NextSync, SyncSchedule, SyncState
from calendar_sync.domain.sync import Trigger
from calendar_sync.store import tables
from calendar_sync.store.channels import ChannelState, hashed
from calendar_sync.store.database import Database
from calendar_sync.sync.due import Ended, schedule_next
from calendar_sync.sync.engine import ROLL_SLACK
from calendar_sync.sync.overview import ScheduleService
from calendar_sync.sync.pace import LONGEST_WAIT, Pace
from calendar_sync.sync.runner import Outcome
from tests.builders import NOW, an_event
from tests.connections.world import on_one_database
from tests.store.conftest import Place, a_place
from tests.sync.google_world import GoogleWorld, a_google_world
from tests.sync.world import World, a_world

INTERVAL = timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PACE = Pace(INTERVAL, lambda: 0.5)
HERE = "https://calendars.example/webhooks"
NOBODY = "http://127.0.0.1:9/notifications"


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_place(database)


async def decided(
    place: Place,
    outcome: Outcome = Outcome(),
    *,
    has_failed: bool = False,
    now: datetime = NOW,
    asked_until: datetime | None = None,
) -> NextSync:
    """What the end of a run decides, which is what is stored."""
    async with place.database.begin() as tx:
        ended = Ended(outcome, has_failed, now, asked_until)
        found = await schedule_next(tx, place.connection.id, ended, PACE, HERE)
    async with place.database.begin(write=False) as tx:
        (stored,) = await tx.schedules.list(place.actor, [place.connection.id], now)
    assert found == NextSync(stored.next_sync_at, stored.reason, stored.terms.failed_in_a_row)
    return found


async def change(place: Place, **values: object) -> None:
    async with place.database.begin() as tx:
        this = update(tables.connections).where(tables.connections.c.id == place.connection.id)
        await tx.connection.execute(this.values(**values))


async def publish(place: Place, interval: timedelta) -> None:
    async with place.database.begin() as tx:
        await tx.calendars.describe(place.calendar.id, RemoteCalendar("main", poll_interval=interval))


async def a_channel(place: Place, calendar: Calendar, renew_at: datetime) -> None:
    channel = new_channel_id()
    async with place.database.begin() as tx:
        await tx.channels.add(channel, calendar, HERE, hashed("token"), NOW + 7 * DAY, NOW)
        await tx.channels.opened(channel, Channel(f"remote-{channel}", None, NOW + 7 * DAY), renew_at)


# What is decided


async def test_by_default_the_interval_decides(place: Place) -> None:
    assert await decided(place) == NextSync(NOW + INTERVAL, DueReason.INTERVAL)


async def test_a_feed_that_publishes_a_longer_interval_is_read_at_that(place: Place) -> None:
    await publish(place, 6 * HOUR)
    assert await decided(place) == NextSync(NOW + 6 * HOUR, DueReason.FEED_INTERVAL)


async def test_what_an_administrator_set_goes_before_what_the_feed_publishes(place: Place) -> None:
    await publish(place, 6 * HOUR)
    async with place.database.begin() as tx:
        added = await tx.org_calendars.add(place.actor, place.calendar.id, 60, NOW)
    assert await decided(place) == NextSync(NOW + HOUR, DueReason.ORGANIZATION_INTERVAL)

    async with place.database.begin() as tx:
        await tx.org_calendars.delete(place.actor, added.id)
    assert await decided(place) == NextSync(NOW + 6 * HOUR, DueReason.FEED_INTERVAL)


async def test_push_decides_while_it_is_live(place: Place) -> None:
    await a_channel(place, place.calendar, NOW + DAY)
    assert await decided(place) == NextSync(NOW + 6 * INTERVAL, DueReason.PUSHED)
    soon = NOW + DAY - 2 * INTERVAL
    assert await decided(place, now=soon) == NextSync(NOW + DAY, DueReason.CHANNEL_RENEWAL)
    assert (await decided(place, now=NOW + 8 * DAY)).reason is DueReason.INTERVAL


async def test_failures_are_counted_until_a_run_comes_to_something(place: Place) -> None:
    found = [await decided(place, has_failed=True) for _ in range(3)]
    assert found == [NextSync(NOW + INTERVAL * 2**n, DueReason.BACKING_OFF, n) for n in (1, 2, 3)]
    assert await decided(place) == NextSync(NOW + INTERVAL, DueReason.INTERVAL, 0)


async def test_a_wait_that_the_provider_names_decides(place: Place) -> None:
    limited = Outcome(retry_after=7 * HOUR)
    found = await decided(place, limited, has_failed=True)
    assert (found.reason, found.failed_in_a_row) == (DueReason.RATE_LIMITED, 1)
    assert found.at is not None
    assert NOW + 7 * HOUR <= found.at <= NOW + 7 * HOUR + HOUR / 4


async def test_what_was_put_into_the_queue_is_looked_after_later(place: Place) -> None:
    asked = NextSync(NOW + HOUR, DueReason.REQUESTED, 0)
    assert await decided(place, asked_until=NOW + HOUR) == asked
    assert await decided(place, asked_until=NOW + HOUR, has_failed=True) == replace(asked, failed_in_a_row=1)


async def test_an_account_that_is_to_be_connected_anew_is_not_due_at_all(place: Place) -> None:
    await change(place, requested_seq=2, status=ConnectionStatus.RECONNECT_REQUIRED)
    found = await decided(place, Outcome(reconnect=True), has_failed=True, asked_until=NOW + HOUR)
    assert found == NextSync(None, DueReason.RECONNECT_REQUIRED, 1)


async def test_one_that_was_connected_anew_while_its_old_credentials_were_refused_is_due_at_once(place: Place) -> None:
    assert await decided(place, Outcome(reconnect=True), has_failed=True) == NextSync(NOW, DueReason.CONNECTED)


# Run after run


async def schedule(world: World) -> SyncSchedule:
    service = ScheduleService(world.database, world.clock, PACE)
    return (await service.schedules(world.actor, [world.connection.id]))[world.connection.id]


def without_chance(world: World) -> None:
    world.service.runs_under_lease = replace(world.service.runs_under_lease, pace=PACE)


@pytest.mark.parametrize(
    ("error", "reason", "state"),
    [
        (Unavailable("Away."), DueReason.BACKING_OFF, SyncState.WAITING),
        (RateLimited("Slow down.", retry_after=HOUR), DueReason.RATE_LIMITED, SyncState.WAITING),
        (Disconnected(), DueReason.RECONNECT_REQUIRED, SyncState.PAUSED),
    ],
)
async def test_what_was_wrong_with_a_run_stands_in_the_store_until_one_goes_well(
    database: Database, error: ProviderError, reason: DueReason, state: SyncState
) -> None:
    async with a_world(database) as world:
        without_chance(world)
        world.provider.calendar().put(an_event())
        assert (await schedule(world)).reason is DueReason.CONNECTED

        world.provider.before_listing = error
        await world.sync()
        found = await schedule(world)
        assert (found.state, found.reason, found.failed_in_a_row) == (state, reason, 1)
        assert (found.next_sync_at is None) == (state is SyncState.PAUSED)

        world.provider.before_listing = None
        await world.connections.connect(world.actor, world.provider.name, {"username": "someone"})
        anew = await schedule(world)
        assert (anew.state, anew.reason, anew.failed_in_a_row) == (SyncState.WAITING, DueReason.CONNECTED, 0)
        assert anew.next_sync_at is not None
        assert anew.next_sync_at <= world.clock()

        await world.sync()
        assert (await schedule(world)).reason is DueReason.INTERVAL


async def test_a_run_is_told_while_it_is_under_way(database: Database) -> None:
    seen: list[SyncSchedule] = []
    async with a_world(database) as world:

        async def look() -> None:
            seen.append(await schedule(world))

        world.provider.calendar().put(an_event())
        world.provider.before_page = look
        await world.sync()
        (run,) = await world.service.runs(world.actor, limit=10)

    (found,) = seen
    assert (found.state, found.reason, found.next_sync_at) == (SyncState.RUNNING, DueReason.REQUESTED, None)
    assert (found.run, found.trigger, found.since) == (run.id, Trigger.USER, run.started_at)


async def test_a_run_of_which_a_part_came_to_something_is_no_failure(database: Database) -> None:
    async with a_world(database) as world:
        without_chance(world)
        world.provider.calendar("one").put(an_event())
        world.provider.calendar("two").put(an_event())
        world.provider.fail_at = (0, Unavailable("Away."))
        assert (await world.sync()).synced_calendars == 1
        found = await schedule(world)
        assert (found.reason, found.failed_in_a_row) == (DueReason.INTERVAL, 0)


@on_one_database
@pytest.mark.parametrize("pace", [Pace(DAY, lambda: 0.999), Pace(4 * HOUR, lambda: 0.0)])
async def test_an_account_that_is_pushed_and_unchanged_keeps_its_channels_and_its_window(
    database: Database, pace: Pace
) -> None:
    async with a_google_world(database) as world:
        leased = replace(
            world.service.runs_under_lease, pace=pace, push_addresses={ProviderName.GOOGLE_CALENDAR: NOBODY}
        )
        world.service.runs_under_lease = leased
        world.put("endless", "Stand-up", "RRULE:FREQ=DAILY")
        await world.sync()
        start, reasons = world.clock.now, set()
        while world.clock.now < start + timedelta(days=15):
            found = await google_schedule(world, pace)
            assert found.next_sync_at is not None
            reasons.add(found.reason)
            world.clock.now = found.next_sync_at
            assert await open_channels(world) == 1
            assert world.clock.now + leased.future - await expanded_until(world) <= ROLL_SLACK + LONGEST_WAIT
            await world.sync()
        assert DueReason.PUSHED in reasons


async def google_schedule(world: GoogleWorld, pace: Pace) -> SyncSchedule:
    service = ScheduleService(world.database, world.clock, pace, {NOBODY})
    return (await service.schedules(world.actor, [world.connection.id]))[world.connection.id]


async def open_channels(world: GoogleWorld) -> int:
    """Those that have not ended."""
    async with world.database.begin(write=False) as tx:
        rows = await tx.channels.of_connection(world.connection.id)
    return sum(row.state is ChannelState.OPEN and row.expires_at > world.clock.now for row in rows)


async def expanded_until(world: GoogleWorld) -> datetime:
    async with world.database.begin(write=False) as tx:
        (calendar,) = await tx.calendars.of_connection(world.connection.id)
    assert calendar.expanded_until is not None
    return calendar.expanded_until
