"""Workers that are told to end, killed or paused in mid-sync, and the one that takes over from them."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calendar_sync.domain.sync import RunStatus, Tally
from calendar_sync.sync.lease import LEASE
from tests.lifecycle.office import ALL_NEW, Office, Stopwatch, an_office


@pytest.fixture
async def office(tmp_path: Path, postgresql_url: str) -> AsyncIterator[Office]:
    async with an_office(tmp_path, postgresql_url) as office:
        yield office


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_a_process_that_is_told_to_end_hands_its_connection_to_another_at_once(
    office: Office, command: str
) -> None:
    empty = await office.look()
    first = await (office.server() if command == "serve" else office.worker())
    syncing = await office.begun()
    await office.worker()

    ending = Stopwatch()
    status, log = await asyncio.to_thread(first.end, signal.SIGTERM)
    took = ending.seconds
    result = await syncing

    assert (status, "Traceback" in log) == (0, False)
    assert took < 10, f"It took {took:.1f} s to end."
    assert result.errors == ()
    after = await office.expect_equal_to_provider(empty)
    assert after.counted_since(empty) == ALL_NEW
    taken_over, handed_back = after.runs
    assert handed_back.finished_at is not None
    assert taken_over.started_at - handed_back.finished_at < LEASE


async def test_a_worker_that_is_killed_is_taken_over_within_ten_seconds(office: Office) -> None:
    empty = await office.look()
    doomed = await office.worker()
    syncing = await office.begun()
    await office.worker()

    takeover = Stopwatch()
    await asyncio.to_thread(doomed.end, signal.SIGKILL)
    torn = await office.look()
    result = await syncing
    took = takeover.seconds

    assert took < 10, f"It took {took:.1f} s until all was synced."
    after = await office.expect_equal_to_provider(empty)
    assert 0 < torn.counted_since(empty).new < ALL_NEW.new
    assert torn.counted_since(empty) + result.tally == after.counted_since(empty) == ALL_NEW
    assert [run.status for run in after.runs] == [RunStatus.SUCCEEDED, RunStatus.ABANDONED]


async def test_a_worker_that_was_paused_past_its_lease_writes_nothing_more(office: Office) -> None:
    empty = await office.look()
    paused = await office.worker()
    syncing = await office.begun()
    await office.worker()

    paused.send(signal.SIGSTOP)
    await syncing
    taken_over = await office.expect_equal_to_provider(empty)
    office.put("event0", "Renamed")
    assert (await office.sync()).tally == Tally(updated=1)
    before = await office.expect_equal_to_provider(taken_over)

    office.gate.opened.set()
    paused.send(signal.SIGCONT)
    status, log = await asyncio.to_thread(paused.end, signal.SIGTERM)
    after = await office.look()

    assert (status, "Traceback" in log) == (0, False)
    after.expect_same_as(before)
    assert (after.changes, after.runs) == (before.changes, before.runs)
