"""The laws of the sync loop, found out by a machine.

Any order of changes, repeated pages, expired cursors, failures at any page, crashes at any commit and pushes in
mid-run ends, after a clean sync, in a store equal to the provider; and every run, also one that failed or crashed, has
recorded exactly what an outsider counts who compares the store before and after it.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import BadResponse, ProviderError, RateLimited, Unavailable
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import ChangePage, Cursor, RemoteCalendar, Snapshot
from calendar_sync.domain.sync import RunStatus, SyncRun, Tally, Transition, Trigger
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.events import Events
from calendar_sync.store.payload import encode
from calendar_sync.sync import engine, runner
from calendar_sync.sync.engine import RunUnderWay
from calendar_sync.sync.lease import LEASE
from tests.builders import a_series, an_event
from tests.databases import a_migrated_file
from tests.sync.scripted import ScriptedCalendar
from tests.sync.world import World, a_world, difference, sync_service

T = TypeVar("T")

CALENDARS = st.sampled_from(["main", "team"])
IDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
TITLES = st.sampled_from(["Stand-up", "Review", "Lunch"])
ERRORS = st.sampled_from([Unavailable("Away."), RateLimited("Slower."), BadResponse("Nonsense.")])


class KilledError(BaseException):
    """The process is gone: whatever it still tries to do does not happen."""


class MortalDatabase:
    """A database whose process is killed at its n-th commit, just before it (`undone`) or just after."""

    def __init__(self, database: Database, commits: int, *, undone: bool) -> None:
        self._database = database
        self._commits = commits
        self._undone = undone
        self.is_gone = asyncio.Event()

    @asynccontextmanager
    async def begin(self, *, write: bool = True) -> AsyncGenerator[Transaction]:
        self._expect_life()
        async with self._database.begin(write=write) as tx:
            yield tx
            if write:
                self._commits -= 1
            if self._undone:
                self._expect_life()
        self._expect_life()

    def _expect_life(self) -> None:
        if self._commits < 0:
            self.is_gone.set()
            raise KilledError


class SyncMachine(RuleBasedStateMachine):
    """A provider that changes, a store that follows, and everything that can come between them."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory(dir=_memory())
        self._stack = AsyncExitStack()

    def teardown(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()
        self._folder.cleanup()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    @initialize()
    def connect(self) -> None:
        self.run(self._connect())

    async def _connect(self) -> None:
        database = await Database.open(a_migrated_file(Path(self._folder.name)))
        self._stack.push_async_callback(database.close)
        self.world: World = await self._stack.enter_async_context(a_world(database))
        self.world.provider.calendar("main")

    def _source(self, calendar: str) -> ScriptedCalendar:
        return self.world.provider.calendar(calendar)

    # What happens at the provider

    @rule(calendar=CALENDARS, remote_id=IDS, title=TITLES, weekly=st.booleans())
    def put(self, calendar: str, remote_id: str, title: str, weekly: bool) -> None:
        event = a_series(remote_id, title=title) if weekly else an_event(remote_id, title=title)
        self._source(calendar).put(event)

    @rule(calendar=CALENDARS, remote_id=IDS)
    def remove(self, calendar: str, remote_id: str) -> None:
        self._source(calendar).remove(remote_id)

    @rule(calendar=CALENDARS)
    def forget_cursors(self, calendar: str) -> None:
        self._source(calendar).forget_cursors()

    @rule(calendar=CALENDARS, remote_id=IDS, kept=st.sets(IDS, max_size=3))
    def lose_events_and_cursors(self, calendar: str, remote_id: str, kept: set[str]) -> None:
        """As a server does that is restored from an older backup."""
        source = self._source(calendar)
        source.put(an_event(remote_id))
        self.run(self._clean_sync())
        for lost in {remote_id, *source.events} - (kept - {remote_id}):
            source.remove(lost)
        source.forget_cursors()
        self.run(self._clean_sync())

    @rule()
    def drop_a_calendar(self) -> None:
        self.world.provider.calendars.pop("team", None)

    @rule(page_size=st.integers(1, 3), repeat_pages=st.booleans())
    def answer_in_other_pages(self, page_size: int, repeat_pages: bool) -> None:
        self.world.provider.page_size = page_size
        self.world.provider.repeat_pages = repeat_pages

    # What happens to a sync

    @rule()
    def sync(self) -> None:
        self.run(self._clean_sync())
        assert self.run(self.world.sync()).tally == Tally()

    @rule(page=st.integers(0, 4), error=ERRORS)
    def sync_that_fails(self, page: int, error: ProviderError) -> None:
        self.world.provider.fail_at = (page, error)
        self.run(self._counted(self.world.sync()))
        self.world.provider.fail_at = None
        self.run(self._clean_sync())

    @rule(calendar=CALENDARS, remote_id=IDS, title=TITLES, commits=st.integers(0, 9), undone=st.booleans())
    def sync_that_is_killed(self, calendar: str, remote_id: str, title: str, commits: int, undone: bool) -> None:
        self._source(calendar).put(an_event(remote_id, title=title))
        self.run(self._counted(self._killed_sync(commits, undone=undone)))
        self.world.clock.advance(LEASE + timedelta(seconds=1))
        self.run(self._clean_sync())

    @rule(calendar=CALENDARS, remote_id=IDS, title=TITLES)
    def sync_with_a_change_and_a_push_in_the_middle(self, calendar: str, remote_id: str, title: str) -> None:
        self.run(self._pushed_sync(calendar, remote_id, title))
        self.run(self._clean_sync())

    async def _killed_sync(self, commits: int, *, undone: bool) -> None:
        mortal = MortalDatabase(self.world.database, commits, undone=undone)
        process = sync_service(cast(Database, mortal), self.world.provider, self.world.clock, "mortal")
        syncing = asyncio.create_task(process.sync(self.world.actor))
        dying = asyncio.create_task(mortal.is_gone.wait())
        await asyncio.wait({syncing, dying}, return_when=asyncio.FIRST_COMPLETED)
        await process.close()
        for task in (syncing, dying):
            task.cancel()
        await asyncio.gather(syncing, dying, return_exceptions=True)

    async def _pushed_sync(self, calendar: str, remote_id: str, title: str) -> None:
        world, pushed = self.world, False

        async def change_and_push() -> None:
            nonlocal pushed
            if not pushed:
                pushed = True
                world.provider.calendar(calendar).put(an_event(remote_id, title=title))
                for _ in range(3):
                    await world.service.request([world.connection.id], Trigger.PUSH)

        known = len(await self._runs())
        world.provider.before_page = change_and_push
        await world.sync()
        await world.service.settled()
        world.provider.before_page = None
        assert len(await self._runs()) - known == 1 + pushed, "the run under way, and one to follow it"
        await self._compare()

    async def _clean_sync(self) -> None:
        await self._counted(self.world.sync())
        latest = (await self._runs())[0]
        assert latest.status is RunStatus.SUCCEEDED, latest.failures
        await self._compare()

    async def _compare(self) -> None:
        """The store is equal to the provider, and the change feed leads to it without a gap."""
        assert await self.world.stored() == {
            f"{name}/{remote_id}": encode(event).content_hash
            for name, calendar in self.world.provider.calendars.items()
            for remote_id, event in calendar.events.items()
        }
        assert await self.world.replayed() == set(await self.world.stored())

    async def _counted(self, work: Coroutine[Any, Any, object]) -> None:
        """The run that `work` made has recorded exactly what the store shows of it, in all and by calendar."""
        before, known = await self.world.stored(), len(await self._runs())
        await work
        runs = await self._runs()
        recorded = runs[: len(runs) - known]
        counted = sum((run.tally for run in recorded), Tally())
        assert counted == difference(before, await self.world.stored())
        assert [run.tally for run in recorded] == [
            sum((each.tally for each in run.calendars), Tally()) for run in recorded
        ]

    async def _runs(self) -> Sequence[SyncRun]:
        return await self.world.service.runs(self.world.actor, limit=10_000)


def _memory() -> str | None:
    """Where files cost no disk writes: hundreds of stores are made and thrown away."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def run_machine(
    examples: int, *, phases: Sequence[Phase] = (Phase.generate, Phase.shrink), always_the_same: bool = False
) -> None:
    run_state_machine_as_test(
        SyncMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            phases=phases,
            database=None,
            suppress_health_check=list(HealthCheck),
            derandomize=always_the_same or settings().derandomize,
        ),
    )


def test_any_order_of_events_ends_in_a_store_equal_to_the_provider_and_in_exact_counts() -> None:
    run_machine(int(os.environ.get("SYNC_MACHINE_EXAMPLES", "30")))


# The machine is worth something only if it finds what is wrong. Each fault here was found in a real product.


def _sweep_nothing(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object, **__: object) -> dict[str, Transition]:
        return {}

    patch.setattr(Events, "sweep", nothing)


def _sweep_after_every_last_page(patch: pytest.MonkeyPatch) -> None:
    store_page = engine._store_page

    async def swept(
        tx: Transaction, calendar: Calendar, page: ChangePage, seen: set[str], run: RunUnderWay, *, confirmed: bool
    ) -> Mapping[str, Transition]:
        believed = replace(page, snapshot=Snapshot.WHOLE) if page.cursor is not None else page
        return await store_page(tx, calendar, believed, seen, run, confirmed=True)

    patch.setattr(engine, "_store_page", swept)


def _never_start_over(patch: pytest.MonkeyPatch) -> None:
    async def once(calendar: Calendar, run: RunUnderWay) -> None:
        await engine._pull(calendar, run, calendar.cursor, confirmed=True)

    patch.setattr(runner, "sync_calendar", once)


def _save_the_cursor_first(patch: pytest.MonkeyPatch) -> None:
    pull = engine._pull

    async def hasty(calendar: Calendar, run: RunUnderWay, since: Cursor | None, *, confirmed: bool) -> None:
        changes = run.client.changes

        async def with_cursor_ahead(
            remote: RemoteCalendar, known: Cursor | None, window: Window
        ) -> AsyncGenerator[ChangePage]:
            async for page in changes(remote, known, window):
                if page.cursor is not None:
                    async with run.writing() as tx:
                        await tx.calendars.completed(calendar.id, page.cursor, run.clock())
                yield page

        patch.setattr(run.client, "changes", with_cursor_ahead)
        await pull(calendar, run, since, confirmed=confirmed)
        patch.setattr(run.client, "changes", changes)

    patch.setattr(engine, "_pull", hasty)


@pytest.mark.parametrize(
    "fault",
    [_sweep_nothing, _sweep_after_every_last_page, _never_start_over, _save_the_cursor_first],
    ids=lambda fault: fault.__name__.strip("_").replace("_", " "),
)
def test_the_machine_finds(fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        run_machine(400, phases=[Phase.generate], always_the_same=True)
