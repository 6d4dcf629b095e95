"""Forgetting old changes: only from the beginning of a sequence, in portions, and nothing that is young enough."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from calendar_sync.domain.changes import BEGINNING
from calendar_sync.domain.errors import CursorCompacted, HistoryCompacted
from calendar_sync.domain.providers import Removal
from calendar_sync.store import tables
from calendar_sync.store.database import Database
from tests.builders import NOW, a_series, an_event
from tests.store.conftest import Place, a_place

DAY = timedelta(days=1)


async def compact(place: Place, before: datetime, at_most: int = 1000) -> Sequence[int]:
    """How many rows went in each portion."""
    portions: list[int] = []
    while not portions or portions[-1]:
        async with place.database.begin() as tx:
            portions.append(await tx.changes.compact(before, at_most))
    return portions


async def kept(place: Place) -> Sequence[int]:
    return [change.seq for change in await place.changes()]


async def former(place: Place) -> int:
    async with place.database.begin(write=False) as tx:
        of_user = tables.former_occurrences.c.user_id == place.actor.user_id
        count = select(func.count()).select_from(tables.former_occurrences).where(of_user)
        return int(await tx.connection.scalar(count) or 0)


async def test_what_is_old_goes_and_the_rest_can_be_read_on(place: Place) -> None:
    for day in range(4):
        await place.apply(an_event("a", title=f"{day}"), now=NOW + day * DAY)
    await compact(place, NOW + 2 * DAY)
    assert await kept(place) == [3, 4]
    async with place.database.begin(write=False) as tx:
        assert [each.seq for each in (await tx.changes.page(place.actor, None, limit=9)).items] == [3, 4]
        with pytest.raises(CursorCompacted):
            await tx.changes.page(place.actor, BEGINNING, limit=9)
    await place.apply(an_event("b"), now=NOW + 5 * DAY)
    assert await kept(place) == [3, 4, 5]


async def test_the_numbers_go_on_when_all_is_forgotten(place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"))
    assert await compact(place, NOW + DAY) == [2, 0]
    async with place.database.begin(write=False) as tx:
        latest = await tx.changes.latest(place.actor)
        assert (await tx.changes.page(place.actor, latest, limit=9)).items == []
    await place.apply(an_event("c"))
    assert await kept(place) == [3]
    async with place.database.begin(write=False) as tx:
        assert [each.seq for each in (await tx.changes.page(place.actor, latest, limit=9)).items] == [3]


async def test_a_young_change_keeps_the_older_ones_behind_it(place: Place) -> None:
    """As of a clock that was set back: only a beginning of the sequence may go."""
    for seq, age in enumerate([3, 0, 3], start=1):
        await place.apply(an_event(str(seq)), now=NOW - age * DAY)
    await compact(place, NOW - DAY)
    assert await kept(place) == [2, 3]


async def test_it_goes_in_portions_over_all_users(database: Database) -> None:
    places = [await a_place(database, f"{number}@example.com") for number in range(3)]
    for place in places:
        await place.apply(*(an_event(str(number)) for number in range(4)))
    assert await compact(places[0], NOW + DAY, at_most=5) == [5, 5, 2, 0]
    assert [await kept(place) for place in places] == [[], [], []]


async def test_what_identifiers_stood_for_goes_in_portions_too_before_the_changes(place: Place) -> None:
    await place.apply(a_series("s", rule="FREQ=DAILY;COUNT=5"), an_event("e"))
    id = next(each.id for each in await place.occurrences() if each.is_recurring)
    await place.apply(Removal("s"), now=NOW + DAY)
    await place.apply(Removal("e"), now=NOW + 3 * DAY)
    async with place.database.begin() as tx:
        assert await tx.changes.compact(NOW + 2 * DAY, 3) == 3
    assert (await former(place), await kept(place)) == (3, [1, 2, 3, 4])
    async with place.database.begin(write=False) as tx:
        with pytest.raises(HistoryCompacted):
            await tx.events.as_of(place.actor, id, NOW + DAY - timedelta(hours=1))
        assert await tx.events.as_of(place.actor, id, NOW + DAY) is None
    await compact(place, NOW + 2 * DAY, 3)
    assert (await former(place), await kept(place)) == (1, [4])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.integers(0, 6), max_size=9), cuts=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4))))
async def test_what_is_kept_is_all_from_the_first_that_is_young_enough(
    database: Database, ages: Sequence[int], cuts: Sequence[tuple[int, int]]
) -> None:
    place = await a_place(database, f"{token_hex(8)}@example.com")
    for seq, age in enumerate(ages, start=1):
        await place.apply(an_event(str(seq)), now=NOW - age * DAY)
    expected = list(enumerate(ages, start=1))
    for age, at_most in cuts:
        await compact(place, NOW - age * DAY, at_most)
        while expected and expected[0][1] > age:
            expected.pop(0)
        assert await kept(place) == [seq for seq, _ in expected]
