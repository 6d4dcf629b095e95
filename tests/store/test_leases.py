"""One run writes to a connection at a time, and no request is lost (the fourth law)."""

import asyncio
from datetime import timedelta
from typing import TypeVar

import pytest

from calendar_sync.domain.connections import ConnectionStatus, Lease
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import Upsert
from calendar_sync.store.database import Database
from tests.builders import NOW, WINDOW, an_event
from tests.store.conftest import RUN, Place

T = TypeVar("T")
TTL = timedelta(seconds=30)
NOBODY = ConnectionId("tcred_none")


async def acquire(place: Place, owner: str = "one", after: timedelta = timedelta()) -> Lease | None:
    async with place.database.begin() as tx:
        return await tx.connections.acquire(place.connection.id, owner, TTL, NOW + after)


async def held(place: Place, owner: str = "one", after: timedelta = timedelta()) -> Lease:
    lease = await acquire(place, owner, after)
    assert lease is not None
    return lease


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
    assert await acquire(place, "two", TTL) is None
    second = await held(place, "two", TTL + timedelta(microseconds=1))
    assert second.epoch == first.epoch + 1


async def test_there_is_no_lease_of_a_connection_that_is_not_there(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.connections.acquire(NOBODY, "one", TTL, NOW) is None
        assert not await tx.connections.is_leased(NOBODY, NOW)


async def test_of_many_who_ask_at_once_one_gets_the_lease(place: Place) -> None:
    leases = await asyncio.gather(*(acquire(place, str(number)) for number in range(8)))
    assert sum(lease is not None for lease in leases) == 1


async def test_a_lease_given_back_is_free_at_once(place: Place) -> None:
    lease = await held(place)
    async with place.database.begin() as tx:
        assert await tx.connections.is_leased(place.connection.id, NOW)
        await tx.connections.release(lease, None)
        assert not await tx.connections.is_leased(place.connection.id, NOW)
    assert await acquire(place, "two") is not None


async def test_a_run_writes_while_its_lease_stands_also_past_its_time(place: Place) -> None:
    lease = await held(place)
    await write(place, lease)
    assert list(await place.hashes()) == ["one"]


async def test_a_run_that_was_taken_over_writes_nothing_more(place: Place) -> None:
    paused = await held(place, "paused")
    taking = await held(place, "taking", TTL * 2)
    with pytest.raises(LeaseLost):
        await write(place, paused)
    await write(place, taking)
    async with place.database.begin() as tx:
        with pytest.raises(LeaseLost):
            await tx.connections.renew(paused, TTL, NOW)
        with pytest.raises(LeaseLost):
            await tx.connections.release(paused, 7)
        assert await tx.connections.pending(place.connection.id) == (0, 0)
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
        taking = asyncio.create_task(acquire(place, "taking", TTL * 2))
        assert await is_kept_waiting(taking)
        await tx.events.apply(place.calendar, [Upsert(an_event())], RUN, WINDOW, NOW)
    taken = await taking
    assert taken is not None
    assert taken.epoch == lease.epoch + 1


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
        renewed = await tx.connections.renew(lease, TTL, NOW + TTL)
    assert renewed == Lease(lease.connection_id, lease.owner, lease.epoch, NOW + TTL * 2)
    assert await acquire(place, "two", TTL * 2) is None


async def request(place: Place, connection: ConnectionId | None = None) -> bool:
    """Whether nobody had asked for it yet."""
    async with place.database.begin() as tx:
        return bool(await tx.connections.request([connection or place.connection.id], NOW))


async def test_a_request_during_a_run_stays_until_a_run_after_it(place: Place) -> None:
    assert [await request(place) for _ in range(3)] == [True, False, False]
    lease = await held(place)
    async with place.database.begin() as tx:
        served = await tx.connections.start(lease)
    assert [await request(place) for _ in range(3)] == [True, False, False]
    async with place.database.begin() as tx:
        await tx.connections.release(lease, served)
        assert await tx.connections.pending(place.connection.id) == (2, 1)
    assert not await request(place)


async def test_a_request_that_a_run_was_cut_short_over_still_stands(place: Place) -> None:
    await request(place)
    lease = await held(place)
    async with place.database.begin() as tx:
        await tx.connections.start(lease)
        await tx.connections.release(lease, None)
    async with place.database.begin() as tx:
        requested, done = await tx.connections.pending(place.connection.id)
    assert requested > done


async def test_of_many_who_ask_at_once_one_is_the_first(place: Place) -> None:
    assert sum(await asyncio.gather(*(request(place) for _ in range(8)))) == 1


async def test_a_request_makes_it_due(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, NOW + timedelta(hours=1))
        await tx.connections.request([place.connection.id], NOW)
        assert await tx.connections.next_due() == NOW


async def test_what_is_served_is_never_taken_back(place: Place) -> None:
    for number in (1, 2, 3):
        await request(place)
        lease = await held(place)
        async with place.database.begin() as tx:
            assert await tx.connections.start(lease) == number
            await tx.connections.release(lease, None)
    for done in (3, 1, None):
        lease = await held(place)
        async with place.database.begin() as tx:
            await tx.connections.release(lease, done)
            assert await tx.connections.pending(place.connection.id) == (3, 3)


async def test_nothing_is_asked_for_of_a_connection_that_is_gone_or_to_be_connected_anew(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
    assert not await request(place)
    assert not await request(place, NOBODY)
    async with place.database.begin() as tx:
        assert await tx.connections.pending(NOBODY) == (0, 0)
