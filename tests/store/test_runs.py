"""Every run is recorded, also one that was cut short (the eighth law)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import CalendarId, RunId
from calendar_sync.domain.sync import (
    CalendarProgress,
    CalendarState,
    RunProgress,
    RunStatus,
    SyncFailure,
    SyncRun,
    Tally,
    Trigger,
)
from tests.builders import NOW, a_connection
from tests.store.conftest import Place

LATER = NOW + timedelta(minutes=1)


async def start(place: Place, minutes: int = 0, *, serves: int = 0) -> RunId:
    async with place.database.begin() as tx:
        now = NOW + timedelta(minutes=minutes)
        return await tx.runs.start(place.connection, Trigger.USER, now, serves=serves)


async def finish(place: Place, run: RunId, status: RunStatus = RunStatus.SUCCEEDED) -> None:
    async with place.database.begin() as tx:
        await tx.runs.finish(run, status=status, progress=RunProgress(), now=LATER)


async def that_served(place: Place, seq: int) -> RunId | None:
    async with place.database.begin(write=False) as tx:
        run = await tx.runs.that_served(place.connection.id, seq)
    return None if run is None else run.id


async def the_run(place: Place, run: RunId) -> SyncRun:
    async with place.database.begin(write=False) as tx:
        return await tx.runs.get(place.actor, run)


async def test_a_run_that_started_is_running_and_has_done_nothing_yet(place: Place) -> None:
    run = await start(place)
    assert await the_run(place, run) == SyncRun(
        id=run,
        connection_id=place.connection.id,
        provider=place.connection.provider,
        account_email="someone@example.com",
        trigger=Trigger.USER,
        status=RunStatus.RUNNING,
        started_at=NOW,
        finished_at=None,
        synced_calendars=0,
        tally=Tally(),
        pages=0,
        requests=0,
        failures=(),
    )


async def test_what_a_run_has_done_so_far_is_kept_page_by_page(place: Place) -> None:
    run = await start(place)
    other, failure = CalendarId("cal_other"), SyncFailure(CalendarId("cal_other"), "PROVIDER_UNAVAILABLE", "Away.")
    calendars = (
        CalendarProgress(place.calendar.id, CalendarState.SYNCED, pages=3, events_seen=9, tally=Tally(3, 0, 1)),
        CalendarProgress(other, CalendarState.FAILED, pages=1, events_seen=2, tally=Tally(updated=2)),
    )
    async with place.database.begin() as tx:
        await tx.runs.progress(run, RunProgress(calendars, requests=5, failures=[failure]))
        await tx.runs.abandon_running(place.connection.id, LATER)
    found = await the_run(place, run)
    assert (found.status, found.finished_at) == (RunStatus.ABANDONED, LATER)
    assert (found.calendars, found.failures) == (calendars, (failure,))
    assert (found.tally, found.pages, found.requests, found.synced_calendars) == (Tally(3, 2, 1), 4, 5, 1)
    assert found.events_seen == 11


@pytest.mark.parametrize("ending", ["it goes on", "it stores a page", "it ends", "it is abandoned"])
async def test_until_when_a_run_waits_is_kept_while_it_does(place: Place, ending: str) -> None:
    run = await start(place)
    async with place.database.begin() as tx:
        await tx.runs.wait(run, LATER)
    assert (await the_run(place, run)).waiting_until == LATER

    async with place.database.begin() as tx:
        if ending == "it goes on":
            await tx.runs.wait(run, None)
        elif ending == "it stores a page":
            await tx.runs.progress(run, RunProgress())
        elif ending == "it ends":
            await tx.runs.finish(run, status=RunStatus.SUCCEEDED, progress=RunProgress(), now=LATER)
        else:
            await tx.runs.abandon_running(place.connection.id, LATER)
    assert (await the_run(place, run)).waiting_until is None


async def test_a_finished_run_tells_how_it_ended_and_is_not_abandoned_any_more(place: Place) -> None:
    run = await start(place)
    failures = (
        SyncFailure(place.calendar.id, "PROVIDER_UNAVAILABLE", "The server is away\x00."),
        SyncFailure(None, "PROVIDER_DISCONNECTED", "Token expired, please reconnect"),
    )
    async with place.database.begin() as tx:
        await tx.runs.finish(
            run,
            status=RunStatus.PARTIAL,
            progress=RunProgress([CalendarProgress(place.calendar.id, tally=Tally(new=1))], failures=failures),
            now=LATER,
        )
        await tx.runs.abandon_running(place.connection.id, LATER)
    found = await the_run(place, run)
    assert (found.status, found.finished_at, found.tally) == (RunStatus.PARTIAL, LATER, Tally(1, 0, 0))
    assert found.failures == (replace(failures[0], message="The server is away."), failures[1])


async def test_runs_are_listed_the_last_started_first(place: Place) -> None:
    runs = [await start(place, minutes) for minutes in (1, 3, 2)]
    async with place.database.begin(write=False) as tx:
        newest = await tx.runs.list(place.actor, limit=2)
        older = await tx.runs.list(place.actor, limit=5, before=newest[-1].started_at)
    assert [run.id for run in newest] == [runs[1], runs[2]]
    assert [run.id for run in older] == [runs[0]]


async def test_runs_are_listed_by_connection(place: Place) -> None:
    other = await a_connection(place.database, place.actor, identity="other")
    run = await start(place)
    async with place.database.begin() as tx:
        await tx.runs.start(other, Trigger.SCHEDULE, LATER)
        assert [each.id for each in await tx.runs.list(place.actor, place.connection.id, limit=5)] == [run]
        assert len(await tx.runs.list(place.actor, limit=5)) == 2


async def test_a_request_is_served_by_the_first_run_that_began_after_it_and_came_to_its_end(place: Place) -> None:
    await start(place, 1, serves=1)
    async with place.database.begin() as tx:
        await tx.runs.abandon_running(place.connection.id, LATER)
    failed, last = await start(place, 2, serves=2), await start(place, 3, serves=3)
    assert await that_served(place, 1) is None, "one was cut short, the others run still"
    await finish(place, failed, RunStatus.FAILED)
    await finish(place, last)
    assert [await that_served(place, seq) for seq in (1, 2, 3, 4)] == [failed, failed, last, None]


async def test_a_run_serves_the_requests_over_its_own_connection_only(place: Place) -> None:
    other = await a_connection(place.database, place.actor, identity="other")
    await finish(place, await start(place, serves=7))
    async with place.database.begin(write=False) as tx:
        assert await tx.runs.that_served(other.id, 1) is None


async def test_before_the_first_there_is_no_run_to_find(place: Place) -> None:
    assert await that_served(place, 0) is None
    async with place.database.begin(write=False) as tx:
        with pytest.raises(NotFound):
            await tx.runs.get(place.actor, RunId("run_none"))


async def test_old_runs_are_forgotten_but_the_latest_of_a_connection(place: Place) -> None:
    first, second = await start(place), await start(place, minutes=1)
    async with place.database.begin() as tx:
        assert await tx.runs.trim(NOW + timedelta(minutes=2), at_most=10) == 1
        assert [run.id for run in await tx.runs.list(place.actor, limit=10)] == [second]
    with pytest.raises(NotFound):
        await the_run(place, first)


async def test_as_many_are_forgotten_at_once_as_one_says_the_oldest_first(place: Place) -> None:
    runs = [await start(place, minutes) for minutes in range(4)]
    async with place.database.begin() as tx:
        assert await tx.runs.trim(NOW + timedelta(minutes=2), at_most=1) == 1
        assert await tx.runs.trim(NOW + timedelta(minutes=2), at_most=10) == 1
        assert {run.id for run in await tx.runs.list(place.actor, limit=10)} == set(runs[2:])
