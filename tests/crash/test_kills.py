"""Real processes that are killed, or paused until another one has taken over, while they sync."""

import asyncio
import os
import signal
from contextlib import suppress
from datetime import timedelta
from random import Random

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.sync import RunStatus, Tally
from calendar_sync.store.database import Database
from calendar_sync.sync.lease import LEASE
from tests.crash.errands import RealTime, Sync
from tests.crash.gate import Gate
from tests.crash.process import ended, start, survives
from tests.crash.trial import Trial, a_copied_file, a_trial
from tests.crash.vendor_scenarios import Google, google

SHORT = timedelta(seconds=1)
FLEETING = timedelta(seconds=0.2)
TAKEOVER_SLACK = timedelta(seconds=1)
"""To see that the lease is out, and to begin."""
PATIENCE = timedelta(seconds=5)
"""With a machine that is busy."""
SECOND_PAGE = 2


def an_errand(trial: Trial, clock: RealTime, lease: timedelta = SHORT) -> Sync:
    return Sync(trial.url, trial.scenario.reader, trial.actor, clock, lease)


def second_page() -> Gate:
    """Of the first calendar that is read."""
    return Gate("/events", SECOND_PAGE)


async def filled(account: Google, url: str) -> Trial:
    trial = await a_trial(account, a_copied_file, url)
    trial.fill()
    return trial


async def pause(pid: int, trial: Trial) -> None:
    """Where it is not in the middle of a transaction, which would keep the connection from everybody else."""
    database = await Database.open(trial.url, lock_timeout=0.1)
    os.kill(pid, signal.SIGSTOP)
    while not await is_free(database, trial):
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.05)  # for it to go on
        os.kill(pid, signal.SIGSTOP)
    await database.close()


async def is_free(database: Database, trial: Trial) -> bool:
    with suppress(StoreUnavailable):
        async with database.begin() as tx:
            await tx.connections.hold(trial.connection.id)
            return True
    return False


async def test_a_process_that_is_killed_is_taken_over_once_its_lease_is_out(database_url: str) -> None:
    gate, clock = second_page(), RealTime()
    async with google(gate.around) as account:
        trial = await filled(account, database_url)
        empty = await trial.look(trial.url)
        doomed = start(an_errand(trial, clock))
        await gate.reached.wait()
        doomed.kill()
        killed_at = clock()
        assert not await ended(doomed)
        torn = await trial.look(trial.url, killed_at - trial.at)

        asked_at = clock()
        assert await survives(an_errand(trial, clock))
        mended = await trial.look(trial.url, clock() - trial.at)

    assert torn.is_leased
    assert [run.status for run in mended.runs] == [RunStatus.SUCCEEDED, RunStatus.ABANDONED]
    assert mended.runs[0].started_at < max(killed_at + SHORT, asked_at) + PATIENCE
    torn.counted_since(empty)
    mended.counted_since(torn)
    assert mended.titles == trial.shown


def test_the_usual_lease_leaves_time_to_take_over_within_ten_seconds() -> None:
    assert timedelta(seconds=10) >= LEASE + TAKEOVER_SLACK


async def test_a_process_that_was_paused_past_its_lease_writes_nothing_more(database_url: str) -> None:
    gate, clock = second_page(), RealTime()
    async with google(gate.around) as account:
        trial = await filled(account, database_url)
        paused = start(an_errand(trial, clock))
        await gate.reached.wait()
        assert paused.pid is not None
        await pause(paused.pid, trial)
        assert await survives(an_errand(trial, clock))
        trial.change()
        assert await survives(an_errand(trial, clock))
        before = await trial.look(trial.url, clock() - trial.at)

        gate.opened.set()
        os.kill(paused.pid, signal.SIGCONT)
        assert await ended(paused)
        after = await trial.look(trial.url, clock() - trial.at)

    after.expect_same_as(before)
    after.expect_at_rest()
    assert after.changes == before.changes
    assert after.counted_since(before) == Tally()
    assert after.titles == trial.shown
    assert [run.status for run in before.runs][-1] is RunStatus.ABANDONED


async def test_processes_killed_at_any_moment_lose_nothing_and_count_nothing_twice(sqlite_url: str) -> None:
    random, clock = Random(47), RealTime()
    async with google() as account:
        trial = await filled(account, sqlite_url)
        seen = await trial.look(trial.url)
        for number in range(20):
            trial.put("a1", f"Renamed {number}")
            process = start(an_errand(trial, clock, FLEETING))
            await asyncio.sleep(random.uniform(0.02, 0.4))
            process.kill()
            await ended(process)
            left = await trial.look(trial.url)
            left.counted_since(seen)
            seen = left
        assert await survives(an_errand(trial, clock, FLEETING))
        last = await trial.look(trial.url, clock() - trial.at)

    last.expect_at_rest()
    last.counted_since(seen)
    assert last.titles == trial.shown
