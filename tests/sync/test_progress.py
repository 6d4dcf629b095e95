"""Whoever follows is told how far each run is, page by page, and is told nothing that is not stored."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import BadResponse, NotFound, ProviderError, RateLimited, StoreUnavailable, Unavailable
from calendar_sync.domain.identifiers import CalendarId, RunId, calendar_id
from calendar_sync.domain.schedule import SyncProgress, SyncState
from calendar_sync.domain.sync import CalendarProgress, CalendarState, RunStatus, SyncRun, Tally, Trigger
from calendar_sync.live import LOOK_EVERY
from calendar_sync.store.database import Database, Transaction
from calendar_sync.sync.lease import LEASE
from calendar_sync.sync.pauses import told as told_of
from calendar_sync.sync.progress import ProgressService
from providers.limits import Limits, Rate
from providers.retry import Time
from simulators.faults import Fault
from tests import databases
from tests.builders import an_actor, an_event
from tests.store.test_cost import counted
from tests.sync.test_throttling import Sleep, many
from tests.sync.world import World, a_world, connected

Told = AsyncGenerator[SyncProgress]


@asynccontextmanager
async def two_calendars(database: Database) -> AsyncGenerator[World]:
    """Five events on three pages of one calendar, and one event in another."""
    async with a_world(database) as world:
        for number in range(5):
            world.provider.calendar("main").put(an_event(f"e{number}"))
        world.provider.calendar("team").put(an_event("t0"))
        yield world


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    async with two_calendars(database) as world:
        yield world


@pytest.fixture
async def small_world(sqlite_url: str) -> AsyncGenerator[World]:
    """The same, for what no database has a part in."""
    database = await Database.open(sqlite_url)
    async with two_calendars(database) as world:
        yield world
    await database.close()


class Turnstile:
    """Lets a provider through to one page at a time."""

    def __init__(self, world: World) -> None:
        self._places = asyncio.Semaphore(0)
        world.provider.before_page = self._pass

    async def _pass(self) -> None:
        await self._places.acquire()

    def let(self, pages: int = 1) -> None:
        for _ in range(pages):
            self._places.release()


@asynccontextmanager
async def followed(world: World, *connections: Connection, every: float = 60) -> AsyncGenerator[Told]:
    """What is told of these connections, or of all: at once of what this process does, else after so many seconds."""
    progress = ProgressService(world.database, world.clock)
    progress._live.every = every
    world.service.on_change = progress.wake
    world.service.runs_under_lease = replace(world.service.runs_under_lease, on_change=progress.wake)
    chosen = [each.id for each in connections] or None
    async with aclosing(progress.follow(world.actor, chosen)) as told:
        yield told
    await progress.close()


async def until(told: Told, condition: Callable[[SyncProgress], bool]) -> list[SyncProgress]:
    """What is told until that comes, and it."""
    found: list[SyncProgress] = []
    async with asyncio.timeout(10):
        async for each in told:
            found.append(each)
            if condition(each):
                break
    return found


def has_read(pages: int) -> Callable[[SyncProgress], bool]:
    return lambda each: each.run is not None and each.run.pages == pages


def has_ended(each: SyncProgress) -> bool:
    return each.run is not None and each.run.finished_at is not None


def run_of(told: Sequence[SyncProgress]) -> SyncRun:
    """That which was told of last."""
    assert told[-1].run is not None
    return told[-1].run


def calendar(world: World, name: str) -> CalendarId:
    return calendar_id(world.connection.id, name)


def states(run: SyncRun) -> list[CalendarState]:
    return [each.state for each in run.calendars]


# Page by page


async def test_each_page_is_told_with_how_far_it_brought_its_calendar(world: World) -> None:
    turnstile, main, team = Turnstile(world), calendar(world, "main"), calendar(world, "team")
    async with followed(world) as told:
        first = await anext(told)
        await world.service.begin(world.actor)
        listed = await until(told, lambda each: each.run is not None and bool(each.run.calendars))
        steps = list[SyncRun]()
        for page in range(1, 5):
            turnstile.let()
            steps.append(run_of(await until(told, has_read(page))))
        last = steps[-1] if steps[-1].finished_at else run_of(await until(told, has_ended))

    assert (first.state, first.run) == (SyncState.WAITING, None)
    assert run_of(listed).calendars == (CalendarProgress(main), CalendarProgress(team))
    reading, waiting = CalendarState.READING, CalendarProgress(team)
    synced = CalendarProgress(main, CalendarState.SYNCED, 3, 5, Tally(new=5))
    assert [step.calendars for step in steps] == [
        (CalendarProgress(main, reading, 1, 2, Tally(new=2)), waiting),
        (CalendarProgress(main, reading, 2, 4, Tally(new=4)), waiting),
        (synced, waiting),
        (synced, CalendarProgress(team, CalendarState.SYNCED, 1, 1, Tally(new=1))),
    ]
    assert last == await world.service.run(world.actor, last.id)
    assert (last.status, last.tally, last.events_seen) == (RunStatus.SUCCEEDED, Tally(new=6), 6)


async def test_a_sync_is_queued_then_running_then_waiting_for_the_next(small_world: World) -> None:
    turnstile = Turnstile(small_world)
    async with followed(small_world) as told:
        await anext(told)
        await small_world.service.request([small_world.connection.id], Trigger.PUSH)
        begun = await until(told, lambda each: each.state is SyncState.RUNNING)
        turnstile.let(4)
        ended = await until(told, lambda each: each.state is SyncState.WAITING)

    assert {each.state for each in begun[:-1]} <= {SyncState.QUEUED}
    assert (begun[-1].since, begun[-1].trigger) == (run_of(begun).started_at, Trigger.PUSH)
    assert (ended[-1].since, ended[-1].trigger, has_ended(ended[-1])) == (None, None, True)


async def test_what_another_process_does_is_told_within_half_a_second(world: World) -> None:
    turnstile = Turnstile(world)
    async with followed(world, every=LOOK_EVERY) as told:
        await anext(told)
        await world.another_process().begin(world.actor)
        turnstile.let()
        under_way = await until(told, has_read(1))
        turnstile.let(3)
        ended = await until(told, has_ended)

    assert (run_of(under_way).tally, run_of(ended).tally) == (Tally(new=2), Tally(new=6))


async def test_a_run_that_another_process_takes_over_is_told_to_be_given_up_and_the_next_goes_on(world: World) -> None:
    turnstile = Turnstile(world)
    async with followed(world, every=0.02) as told:
        left = asyncio.create_task(world.sync())
        turnstile.let()
        torn = run_of(await until(told, has_read(1)))
        world.clock.advance(LEASE + timedelta(seconds=1))
        world.provider.before_page = None
        await world.another_process().sync(world.actor)
        told_of_it = await until(told, lambda each: has_ended(each) and each.run is not None and each.run.id != torn.id)
        turnstile.let(5)
        await left

    (given_up,) = [each for each in told_of_it if each.run is not None and each.run.status is RunStatus.ABANDONED]
    assert given_up.run == await world.service.run(world.actor, torn.id)
    assert (given_up.state, given_up.run.tally) == (SyncState.QUEUED, Tally(new=2))
    assert (run_of(told_of_it).status, run_of(told_of_it).tally) == (RunStatus.SUCCEEDED, Tally(new=4))
    assert [each.events_seen for each in run_of(told_of_it).calendars] == [5, 1]


# Calendars that fail, are left out, or gone


async def test_a_calendar_that_fails_says_why_while_the_others_are_read(world: World) -> None:
    turnstile = Turnstile(world)
    for number in range(3):
        world.provider.calendar("team").put(an_event(f"more{number}"))
    world.provider.fail_at = (1, BadResponse("The server talks nonsense."))
    async with followed(world) as told:
        await world.service.begin(world.actor)
        turnstile.let(3)
        under_way = run_of(await until(told, has_read(2)))
        turnstile.let(1)
        ended = run_of(await until(told, has_ended))

    (failure,) = under_way.failures
    assert (under_way.status, states(under_way)) == (RunStatus.RUNNING, [CalendarState.FAILED, CalendarState.READING])
    assert (failure.calendar_id, failure.message) == (calendar(world, "main"), "The server talks nonsense.")
    assert (ended.status, ended.failures, ended.tally) == (RunStatus.PARTIAL, (failure,), Tally(new=6))
    assert states(ended) == [CalendarState.FAILED, CalendarState.SYNCED]


async def test_calendars_that_a_run_does_not_come_to_are_skipped(small_world: World) -> None:
    small_world.provider.fail_at = (0, RateLimited("Slower."))

    (run,) = (await small_world.sync()).runs

    assert states(run) == [CalendarState.FAILED, CalendarState.SKIPPED]


async def test_what_is_removed_with_a_calendar_is_counted_with_it(world: World) -> None:
    await world.sync()
    del world.provider.calendars["team"]

    (run,) = (await world.sync()).runs

    assert {each.calendar_id: (each.state, each.tally) for each in run.calendars} == {
        calendar(world, "main"): (CalendarState.SYNCED, Tally()),
        calendar(world, "team"): (CalendarState.SKIPPED, Tally(removed=1)),
    }


async def test_an_object_is_seen_once_however_often_it_is_read(small_world: World) -> None:
    await small_world.sync()
    small_world.provider.repeat_pages = True
    small_world.provider.calendar("main").remove("e0")
    small_world.provider.calendar("main").forget_cursors()

    (run,) = (await small_world.sync()).runs

    main, team = run.calendars
    assert (main.events_seen, main.tally, main.pages) == (4, Tally(removed=1), 4)
    assert (team.events_seen, team.pages) == (0, 1)


async def test_a_sync_that_finds_nothing_writes_no_more_than_that_it_began_and_ended(world: World) -> None:
    await world.sync()

    with counted() as cost:
        await world.sync()

    written = [text.split()[0] for text, _ in cost.sent if "sync_runs" in text and not text.startswith("SELECT")]
    assert written == ["UPDATE", "INSERT", "UPDATE"]  # what another left, and its own beginning and end


# Waiting for the provider


class MoodyDatabase:
    """A database that refuses so many transactions that would write."""

    def __init__(self, database: Database) -> None:
        self._database, self.refusals = database, 0

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncGenerator[Transaction]:
        if write and self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("Away.")
        async with self._database.begin(write=write) as tx:
            yield tx


async def at_once(_: float) -> None:
    """A sleep that is over."""


class Pausing:
    """Has a provider pause for so many seconds before its first page."""

    def __init__(self, world: World, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._world, self._seconds, self._time = world, seconds, Time(sleep=sleep, told=told_of)
        world.provider.before_page = self

    async def __call__(self) -> None:
        self._world.provider.before_page = None
        await self._time.pause(self._seconds)


async def test_a_run_says_until_when_it_waits_for_its_provider(world: World) -> None:
    sleep = Sleep()
    Pausing(world, 3, sleep)
    async with followed(world) as told:
        await world.service.begin(world.actor)
        waiting = run_of(await until(told, lambda each: each.run is not None and each.run.waiting_until is not None))
        now = world.clock.now
        sleep.awake.set()
        goes_on = run_of(await until(told, lambda each: each.run is not None and each.run.waiting_until is None))
        await world.service.settled()

    assert waiting.waiting_until is not None
    assert timedelta(seconds=2.9) < waiting.waiting_until - now <= timedelta(seconds=3)
    assert (goes_on.id, (await world.service.run(world.actor, goes_on.id)).status) == (waiting.id, RunStatus.SUCCEEDED)


@pytest.mark.parametrize("limited", ["by the provider", "by its budget"])
async def test_a_run_that_is_limited_says_until_when_it_waits(database: Database, limited: str) -> None:
    by_budget = Limits(account=Rate(1, seconds=3)) if limited == "by its budget" else Limits()
    async with many(database, by_budget) as vendor:
        actor, clock = await vendor.add("ada"), vendor.service.runs_under_lease.clock
        if limited == "by the provider":
            vendor.simulator.faults.plan(Fault(status=429, reason="rateLimitExceeded", retry_after="3"))
        progress = ProgressService(database, clock)
        progress._live.every = 0.02
        async with aclosing(progress.follow(actor)) as told:
            await vendor.service.begin(actor)
            waiting = run_of(
                await until(told, lambda each: each.run is not None and each.run.waiting_until is not None)
            )
        vendor.sleep.awake.set()
        await vendor.service.settled()
        await progress.close()

    assert waiting.waiting_until is not None
    assert timedelta(seconds=2.5) < waiting.waiting_until - waiting.started_at < timedelta(seconds=3.5)


async def test_of_two_pauses_at_a_time_the_longer_is_told_until_both_are_over(small_world: World) -> None:
    over, pauses = {3.0: asyncio.Event(), 30.0: asyncio.Event()}, list[asyncio.Task[None]]()

    async def sleep(seconds: float) -> None:
        await over[seconds].wait()

    async def pause() -> None:
        small_world.provider.before_page = None
        time = Time(sleep=sleep, told=told_of)
        pauses.extend(asyncio.create_task(time.pause(seconds)) for seconds in over)
        await asyncio.gather(*pauses)

    async def waits_until() -> datetime | None:
        return (await small_world.service.runs(small_world.actor, limit=1))[0].waiting_until

    small_world.provider.before_page = pause
    async with followed(small_world) as told:
        await small_world.service.begin(small_world.actor)
        start = small_world.clock.now
        await until(told, lambda each: each.run is not None and waits_for(each.run, start) > 20)
        over[3.0].set()
        await pauses[0]
        after_one = await waits_until()
        over[30.0].set()
        await pauses[1]
        after_both = await waits_until()
        await small_world.service.settled()

    assert after_one is not None
    assert after_one > start + timedelta(seconds=20)
    assert after_both is None


def waits_for(run: SyncRun, since: datetime) -> float:
    return 0.0 if run.waiting_until is None else (run.waiting_until - since).total_seconds()


async def test_a_short_pause_is_not_worth_telling(small_world: World) -> None:
    Pausing(small_world, 0.9, sleep=at_once)

    with counted() as cost:
        await small_world.sync()

    assert not [text for text, _ in cost.sent if "SET waiting_until" in text]


async def test_a_pause_that_cannot_be_told_breaks_no_run(small_world: World) -> None:
    moody = MoodyDatabase(small_world.database)
    runs = small_world.service.runs_under_lease
    small_world.service.runs_under_lease = replace(runs, database=cast(Database, moody))
    pausing = Pausing(small_world, 3, sleep=at_once)

    async def pause() -> None:
        moody.refusals = 2  # that it waits, and that it goes on
        await pausing()

    small_world.provider.before_page = pause
    result = await small_world.sync()

    assert (result.errors, result.tally, moody.refusals) == ((), Tally(new=6), 0)


async def test_a_run_that_is_ended_while_it_waits_waits_no_more(world: World) -> None:
    sleep = Sleep()
    Pausing(world, 3, sleep)
    await world.service.begin(world.actor)
    await sleep.of(1)

    await world.service.close()

    (run,) = await world.service.runs(world.actor, limit=1)
    assert (run.status, run.waiting_until) == (RunStatus.ABANDONED, None)


# Whose, and which


async def test_accounts_come_and_go_while_they_are_followed(world: World) -> None:
    async with followed(world, every=0.02) as told:
        await anext(told)
        other = await connected(world.database, world.actor, world.provider, world.clock(), {"username": "other"})
        came = await anext(told)
        await world.connections.disconnect(world.actor, other.id)
        went = await anext(told)
        await connected(world.database, world.actor, world.provider, world.clock(), {"username": "other"})
        came_back = await anext(told)

    assert (came.connection_id, came.state) == (other.id, SyncState.WAITING)
    assert went == SyncProgress(other.id)
    assert came_back == came


async def test_only_the_accounts_that_are_chosen_are_told_of(small_world: World) -> None:
    other = await connected(
        small_world.database, small_world.actor, small_world.provider, small_world.clock(), {"username": "other"}
    )
    async with followed(small_world, other) as told:
        first = await anext(told)
        await small_world.service.sync(small_world.actor, [small_world.connection.id])
        await small_world.service.begin(small_world.actor, [other.id])
        more = await until(told, has_ended)

    assert {each.connection_id for each in (first, *more)} == {other.id}


async def test_nobody_follows_what_is_another_users(world: World) -> None:
    stranger = await an_actor(world.database, "stranger@example.com")
    progress = ProgressService(world.database, world.clock)
    progress._live.every = 0.02

    with pytest.raises(NotFound):
        await anext(progress.follow(stranger, [world.connection.id]))
    async with aclosing(progress.follow(stranger)) as told:
        following = asyncio.ensure_future(anext(told))
        await world.sync()
        theirs = await connected(world.database, stranger, world.provider, world.clock(), {"username": "stranger"})
        assert (await following).connection_id == theirs.id
    await progress.close()


async def test_all_following_ends_with_the_server(small_world: World) -> None:
    progress = ProgressService(small_world.database, small_world.clock)
    async with aclosing(progress.follow(small_world.actor)) as told:
        await anext(told)

        await progress.close()

        assert [each async for each in told] == []


async def test_waking_asks_the_store_nothing_while_nobody_follows(small_world: World) -> None:
    progress = ProgressService(small_world.database, small_world.clock)

    with counted() as cost:
        progress.wake()
        await asyncio.sleep(0)

    assert (cost.statements, progress._live._looker) == (0, None)


# The law

Round = tuple[int, int, tuple[int, ProviderError] | None, bool]
"""Events that are new, events on a page, what fails on which page, and whether whoever follows takes what is told."""
FAILURES = st.tuples(st.integers(0, 2), st.sampled_from([Unavailable("Away."), RateLimited("Slower.")]))
ROUNDS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.none() | FAILURES, st.booleans()), max_size=4)


@given(rounds=ROUNDS)
@settings(max_examples=12, deadline=None, derandomize=True)
async def test_what_is_told_is_what_is_stored_and_never_goes_back(rounds: list[Round]) -> None:
    all_told, takes = list[SyncRun](), asyncio.Event()
    with tempfile.TemporaryDirectory(dir=databases.scratch()) as folder:
        database = await Database.open(databases.a_migrated_file(Path(folder)))
        async with a_world(database) as world, followed(world) as told, asyncio.timeout(30):
            playing = asyncio.create_task(play(world, rounds, takes))
            async for each in told:
                all_told += [] if each.run is None else [each.run]
                if has_ended(each) and all_told[-1].trigger is Trigger.PUSH:
                    break
                await takes.wait()
            await playing
            stored = await world.service.runs(world.actor, limit=100)
        await database.close()

    expect_law(all_told, stored)


async def play(world: World, rounds: list[Round], takes: asyncio.Event) -> None:
    """The last run is the one that a push asks for."""
    world.provider.calendar("main")
    for number, (new, size, failure, is_taken) in enumerate(rounds):
        (takes.set if is_taken else takes.clear)()
        world.provider.page_size, world.provider.fail_at = size, failure
        for each in range(new):
            world.provider.calendar("main" if each % 2 else "team").put(an_event(f"{number}.{each}"))
        await world.sync()
    takes.set()
    await world.service.request([world.connection.id], Trigger.PUSH)
    await world.service.settled()


def expect_law(told: Sequence[SyncRun], stored: Sequence[SyncRun]) -> None:
    last: dict[RunId, SyncRun] = {}
    for run in told:
        before = last.get(run.id, replace(run, pages=0, tally=Tally()))
        assert all(now >= then for now, then in zip(counts(run), counts(before), strict=True))
        last[run.id] = run
    assert list(last) == sorted(last, key=lambda name: last[name].started_at), "no run is told of after a later one"
    kept = {run.id: run for run in stored}
    assert last == {name: kept[name] for name in last}
    for run in (*told, *stored):
        assert sum((each.tally for each in run.calendars), Tally()) == run.tally
        assert sum(each.pages for each in run.calendars) == run.pages
        assert states(run).count(CalendarState.SYNCED) == run.synced_calendars


def counts(run: SyncRun) -> tuple[int, ...]:
    return run.pages, run.tally.new, run.tally.updated, run.tally.removed
