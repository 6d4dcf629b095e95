"""One run writes to a connection at a time (the fourth law)."""

import asyncio
from datetime import timedelta
from typing import TypeVar

import pytest

from calendar_sync.domain.connections import Lease
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import Upsert
from calendar_sync.store.database import Database
from tests.builders import NOW, WINDOW, an_event
from tests.store.conftest import RUN, TTL, Place

T = TypeVar("T")
NOBODY = ConnectionId("tcred_none")


async def held(place: Place, owner: str = "one", after: timedelta = timedelta()) -> Lease:
    """That of a run that was asked for."""
    await place.ask()
    return (await place.begun(owner, after)).lease


async def write(place: Place, lease: Lease) -> None:
    async with place.database.begin() as tx:
        await tx.connections.fence(lease)
        await tx.events.apply(place.calendar, [Upsert(an_event(lease.owner))], RUN, WINDOW, NOW)


async def is_kept_waiting(task: asyncio.Task[T]) -> bool:
    """Time enough for it to be done if nothing held it up."""
    done, _ = await asyncio.wait([task], timeout=0.3)
    return not done


async def test_a_lease_is_one_s_until_it_runs_out(place: Place) -> None:
    first = await held(place)
    assert first == Lease(place.connection.id, "one", 1, NOW + TTL)
    assert await place.begin("two", TTL) is None
    second = (await place.begun("two", TTL + timedelta(microseconds=1))).lease
    assert second.epoch == first.epoch + 1


async def test_there_is_no_lease_of_a_connection_that_is_not_there(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.requests.begin(NOBODY, "one", TTL, NOW) is None


async def test_of_many_who_ask_at_once_one_gets_the_lease(place: Place) -> None:
    await place.ask()
    begun = await asyncio.gather(*(place.begin(str(number)) for number in range(8)))
    assert sum(each is not None for each in begun) == 1


async def test_a_lease_given_back_is_free_at_once(place: Place) -> None:
    lease = await held(place)
    assert await place.begin("two") is None
    async with place.database.begin() as tx:
        await tx.connections.release(lease, None)
    assert await place.begin("two") is not None


async def test_a_run_writes_while_its_lease_stands_also_past_its_time(place: Place) -> None:
    lease = await held(place)
    await write(place, lease)
    assert list(await place.hashes()) == ["one"]


async def test_a_run_that_was_taken_over_writes_nothing_more(place: Place) -> None:
    paused = await held(place, "paused")
    taking = (await place.begun("taking", TTL * 2)).lease
    with pytest.raises(LeaseLost):
        await write(place, paused)
    await write(place, taking)
    async with place.database.begin() as tx:
        with pytest.raises(LeaseLost):
            await tx.connections.renew(paused, TTL, NOW)
        with pytest.raises(LeaseLost):
            await tx.connections.release(paused, 7)
    assert await place.numbers() == (1, 0)
    assert list(await place.hashes()) == ["taking"]


async def test_a_run_that_gave_its_lease_back_writes_nothing_more(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.release(lease, None)
    with pytest.raises(LeaseLost):
        await write(place, lease)


async def test_a_run_over_a_connection_that_was_disconnected_writes_nothing_more(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id)
    with pytest.raises(LeaseLost):
        await write(place, lease)


async def test_nobody_takes_over_between_the_fence_and_the_end_of_the_transaction(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.fence(lease)
        taking = asyncio.create_task(place.begin("taking", TTL * 2))
        assert await is_kept_waiting(taking)
        await tx.events.apply(place.calendar, [Upsert(an_event())], RUN, WINDOW, NOW)
    taken = await taking
    assert taken is not None
    assert taken.lease.epoch == lease.epoch + 1


async def test_no_run_writes_while_the_calendars_to_read_are_being_chosen(place: Place) -> None:
    """Or it would go on filling a calendar of which the events have just been removed."""
    await place.apply(an_event())
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [])
        writing = asyncio.create_task(write(place, lease))
        assert await is_kept_waiting(writing)
        await tx.events.remove_calendar_events(place.calendar.id, None, NOW)
    await writing


async def test_a_disconnect_in_the_middle_of_a_page_waits_for_its_end(place: Place) -> None:
    """It takes what it needs in the same order as a run, so that neither waits for the other."""
    await place.apply(an_event())
    lease = await held(place)

    async def disconnect() -> None:
        async with place.database.begin() as tx:
            await tx.connections.delete(place.actor, place.connection.id)

    async with place.database.begin() as tx:
        await tx.connections.fence(lease)
        disconnecting = asyncio.create_task(disconnect())
        assert await is_kept_waiting(disconnecting)
        await tx.events.apply(place.calendar, [Upsert(an_event("last"))], RUN, WINDOW, NOW)
    await disconnecting
    assert await place.occurrences() == []
    assert [change.seq for change in await place.changes()] == [1, 2, 3, 4]


async def test_a_renewed_lease_lasts_longer(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.renew(lease, TTL, NOW + TTL)
    assert await place.begin("two", TTL * 2) is None
    taken = await place.begun("two", TTL * 2 + timedelta(microseconds=1))
    assert taken.lease.epoch == lease.epoch + 1


async def test_a_lease_that_ran_out_is_good_again_as_long_as_nobody_took_it(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.renew(lease, TTL, NOW + TTL * 2)
    assert await place.begin("two", TTL * 2) is None
    await write(place, lease)


async def test_a_run_that_is_interrupted_writes_nothing_more_and_is_to_begin_anew(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.interrupt(place.connection.id)
    with pytest.raises(LeaseLost):
        await write(place, lease)
    assert (await place.begun("two")).serves == 1
