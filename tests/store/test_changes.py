"""The record of changes: one sequence for each user, without gaps, whoever writes at once."""

import asyncio
from contextlib import suppress

from calendar_sync.domain.providers import Upsert
from calendar_sync.store.database import Database
from tests.builders import NOW, WINDOW, a_calendar, a_connection, an_event
from tests.store.conftest import RUN, Place, a_place


async def test_each_user_counts_from_one(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    await place.apply(an_event("a"), an_event("b"))
    await other.apply(an_event("c"))
    assert [change.seq for change in await place.changes()] == [1, 2]
    assert [(change.seq, change.change.remote_id) for change in await other.changes()] == [(1, "c")]


async def test_a_list_starts_after_a_number_and_ends_with_its_limit(place: Place) -> None:
    await place.apply(*(an_event(str(number)) for number in range(6)))
    async with place.database.begin(write=False) as tx:
        found = await tx.changes.list(place.actor.user_id, 2, 3)
    assert [change.seq for change in found] == [3, 4, 5]


async def test_writers_at_once_some_of_which_fail_leave_no_gap_and_no_number_twice(database: Database) -> None:
    place = await a_place(database)
    others = [await a_connection(database, place.actor, identity=str(number)) for number in range(4)]
    places = [Place(database, place.actor, each, await a_calendar(database, each)) for each in others]

    async def write(each: Place, round_: int) -> None:
        async with database.begin() as tx:
            page = [Upsert(an_event(f"{round_}-{number}")) for number in range(3)]
            await tx.events.apply(each.calendar, page, RUN, WINDOW, NOW)
            if round_ % 3 == 2:
                raise LookupError

    async def write_all(each: Place) -> None:
        for round_ in range(6):
            with suppress(LookupError):
                await write(each, round_)

    await asyncio.gather(*(write_all(each) for each in places))
    changes = await place.changes()
    assert [change.seq for change in changes] == list(range(1, 4 * 4 * 3 + 1))
    assert len({change.change.event_id for change in changes}) == len(changes)


async def test_a_reader_never_sees_a_number_before_all_smaller_ones(database: Database) -> None:
    """Who reads on from the last number it saw misses nothing: numbers appear in the order of the commits."""
    place = await a_place(database)
    other = await a_connection(database, place.actor, identity="other")
    second = Place(database, place.actor, other, await a_calendar(database, other))
    first_wrote = asyncio.Event()

    async def write_first() -> None:
        async with database.begin() as tx:
            await tx.events.apply(place.calendar, [Upsert(an_event("a"))], RUN, WINDOW, NOW)
            first_wrote.set()
            assert await place.changes() == []

    async def write_second() -> None:
        await first_wrote.wait()
        await second.apply(an_event("b"))
        assert [change.change.remote_id for change in await place.changes()] == ["a", "b"]

    await asyncio.gather(write_first(), write_second())
