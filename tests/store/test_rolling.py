"""Endless series reach to the end of the window, however it moves on."""

from dataclasses import replace
from datetime import timedelta

from calendar_sync.domain.events import Window
from calendar_sync.domain.identifiers import occurrence_id
from calendar_sync.domain.providers import Snapshot
from tests.builders import NOW, START, WINDOW, a_series, an_event, an_override, wall
from tests.store.conftest import Place

MONTH = timedelta(days=30)
SHORT = Window(NOW - MONTH, NOW + MONTH)


def later(window: Window, by: timedelta = MONTH) -> Window:
    return Window(window.start + by, window.end + by)


async def roll(place: Place, window: Window) -> int:
    async with place.database.begin() as tx:
        return await tx.events.roll(place.calendar, window, NOW)


async def test_a_rolled_store_has_what_one_filled_with_that_window_has(place: Place) -> None:
    events = [
        a_series("daily", rule="FREQ=DAILY"),
        a_series("counted", rule="FREQ=WEEKLY;COUNT=7"),
        a_series("until", rule="FREQ=WEEKLY;UNTIL=20260420"),
        a_series("ended", rule="FREQ=DAILY;COUNT=2"),
        a_series("long", time=replace(a_series().time, end=START + timedelta(days=3))),
        an_event("single"),
    ]
    await place.apply(*events, window=SHORT)
    assert await roll(place, later(SHORT)) > 0
    rolled = await place.occurrences()
    async with place.database.begin() as tx:
        await tx.events.remove_calendar_events(place.calendar.id, None, NOW)
    await place.apply(*events, window=Window(SHORT.start, later(SHORT).end))
    assert rolled == await place.occurrences()


async def test_rolling_is_no_change_and_adds_nothing_twice(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=DAILY"), window=SHORT)
    hashes, changes = await place.hashes(), await place.changes()
    assert await roll(place, later(SHORT)) == 30
    assert await roll(place, later(SHORT)) == 0
    assert await roll(place, SHORT) == 0
    assert (await place.hashes(), await place.changes()) == (hashes, changes)


async def test_a_calendar_that_holds_nothing_rolls_at_no_cost(place: Place) -> None:
    assert await roll(place, SHORT) == 0
    async with place.database.begin(write=False) as tx:
        assert (await tx.calendars.get(place.actor, place.calendar.id)).expanded_until == SHORT.end


async def test_more_series_than_a_batch_are_all_extended(place: Place) -> None:
    await place.apply(*(a_series(f"s{number}", rule="FREQ=MONTHLY") for number in range(201)), window=SHORT)
    assert await roll(place, later(SHORT)) == 201


async def test_a_series_that_ends_in_the_new_part_is_over_once_its_last_instance_is(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=7"), window=SHORT)
    await roll(place, later(SHORT))
    end = (await place.occurrences())[-1].ends_at
    assert await place.sweep(snapshot=Snapshot.UPCOMING, now=end) == {}
    assert list(await place.sweep(snapshot=Snapshot.UPCOMING, now=end - timedelta(seconds=1))) == ["s1"]


async def test_a_new_instance_gets_a_name_of_its_own_where_a_moved_one_took_its_name_along(place: Place) -> None:
    """The instance of 20 April was moved into the window, and then with its series: it is that of 15 March by now."""
    april = wall("2026-04-20T09:00")
    early = START - timedelta(days=36)
    await place.apply(a_series(overrides=[an_override(april, start=START + timedelta(days=2))]), window=SHORT)
    await place.apply(a_series(start=early), window=SHORT)
    await place.apply(a_series(start=early, rule="FREQ=DAILY"), window=SHORT)
    await roll(place, later(SHORT))
    occurrences = await place.occurrences()
    names = {occurrence.original_start: occurrence.id for occurrence in occurrences}
    assert names["2026-03-15T09:00:00"] == occurrence_id(occurrences[0].series_id, april.isoformat())
    assert names[april.isoformat()] == occurrence_id(occurrences[0].series_id, april.isoformat(), attempt=1)


async def test_an_instance_that_was_moved_out_of_the_window_appears_when_the_window_comes_to_it(place: Place) -> None:
    far = wall("2026-04-15T09:00")
    event = a_series(rule="FREQ=WEEKLY", overrides=[an_override(START, start=far, title="Moved")])
    await place.apply(event, window=SHORT)
    assert "Moved" not in {occurrence.title for occurrence in await place.occurrences()}
    await roll(place, later(SHORT))
    assert [occurrence.title for occurrence in await place.occurrences()].count("Moved") == 1


async def test_what_changes_after_a_roll_is_expanded_to_the_same_end(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=DAILY"), window=SHORT)
    await roll(place, later(SHORT))
    before = await place.occurrences()
    changed = a_series(rule="FREQ=DAILY", title="Other")
    await place.apply(changed, window=SHORT)
    assert [occurrence.id for occurrence in await place.occurrences()] == [occurrence.id for occurrence in before]


async def test_history_stays_as_the_window_moves_on(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=DAILY", start=START - MONTH))
    first = (await place.occurrences())[0]
    await roll(place, later(WINDOW, MONTH * 6))
    assert (await place.occurrences())[0] == first
