"""The calendars of a connection: as listed, chosen by the user, read up to a cursor."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.providers import Cursor, Quarantine, RemoteCalendar
from calendar_sync.store.database import Database
from tests.builders import NOW, WINDOW, a_calendar, a_connection, an_actor, an_event
from tests.store.conftest import Place, a_place

FULL = RemoteCalendar(
    remote_id="work",
    name="Work",
    description="Meetings",
    color="#ff0000",
    time_zone="Europe/Berlin",
    is_primary=True,
    is_read_only=True,
    poll_interval=timedelta(minutes=15),
)
BARE = RemoteCalendar("work")


async def reconcile(place: Place, *listed: RemoteCalendar) -> Sequence[Calendar]:
    async with place.database.begin() as tx:
        return await tx.calendars.reconcile(place.connection, listed, NOW)


async def the_calendar(place: Place) -> Calendar:
    async with place.database.begin(write=False) as tx:
        return await tx.calendars.get(place.actor, place.calendar.id)


async def test_a_listed_calendar_is_stored_as_listed_selected_and_unread(database: Database) -> None:
    actor = await an_actor(database)
    connection = await a_connection(database, actor)
    async with database.begin() as tx:
        (calendar,) = await tx.calendars.reconcile(connection, [FULL], NOW)
        assert await tx.calendars.get(actor, calendar.id) == calendar
        assert await tx.calendars.is_selected(calendar.id)
    assert calendar.remote == FULL
    assert (calendar.connection_id, calendar.user_id, calendar.provider) == (
        connection.id,
        actor.user_id,
        connection.provider,
    )
    assert (calendar.cursor, calendar.expanded_until, calendar.last_synced_at, calendar.created_at) == (
        None,
        None,
        None,
        NOW,
    )


async def test_what_a_listing_leaves_open_keeps_its_value_and_what_it_says_is_taken_over(place: Place) -> None:
    first = await reconcile(place, FULL)
    kept = await reconcile(place, BARE)
    changed = await reconcile(place, RemoteCalendar("work", name="Renamed"))
    assert [calendar.id for calendar in first] == [calendar.id for calendar in kept]
    assert kept[0].remote == replace(FULL, is_primary=False, is_read_only=False)
    assert changed[0].remote == replace(kept[0].remote, name="Renamed")


async def test_what_a_reading_tells_of_its_calendar_is_taken_over_the_same_way(place: Place) -> None:
    (calendar,) = await reconcile(place, FULL)
    async with place.database.begin() as tx:
        await tx.calendars.describe(calendar.id, RemoteCalendar("work", name="Renamed", color="#00ff00"))
        await tx.calendars.describe(calendar.id, BARE)
        described = await tx.calendars.get(place.actor, calendar.id)
    assert described.remote == replace(FULL, name="Renamed", color="#00ff00")


async def test_a_calendar_that_is_not_listed_any_more_is_there_for_nobody_and_forgets_how_far_it_was_read(
    place: Place,
) -> None:
    async with place.database.begin() as tx:
        await tx.calendars.completed(place.calendar.id, Cursor("7"), NOW)
    assert await reconcile(place) == []
    async with place.database.begin(write=False) as tx:
        assert await tx.calendars.list(place.actor) == []
        assert await tx.calendars.of_connection(place.connection.id) == []
        assert not await tx.calendars.is_selected(place.calendar.id)
        with pytest.raises(NotFound):
            await tx.calendars.get(place.actor, place.calendar.id)
    (back,) = await reconcile(place, place.calendar.remote)
    assert back == replace(place.calendar, last_synced_at=NOW)


async def test_a_calendar_listed_twice_is_one(place: Place) -> None:
    assert len(await reconcile(place, FULL, RemoteCalendar("work", name="Again"))) == 1


async def test_a_reconciled_connection_leaves_the_calendars_of_others_alone(place: Place) -> None:
    other = await a_connection(place.database, place.actor, identity="other")
    calendar = await a_calendar(place.database, other)
    await reconcile(place)
    async with place.database.begin(write=False) as tx:
        assert await tx.calendars.list(place.actor) == [calendar]


async def test_calendars_are_listed_the_primary_first_then_by_name(place: Place) -> None:
    names = [("c", False), ("a", False), ("b", True)]
    listed = await reconcile(place, *(RemoteCalendar(name, name=name, is_primary=primary) for name, primary in names))
    assert [calendar.remote.name for calendar in listed] == ["b", "a", "c"]
    async with place.database.begin(write=False) as tx:
        assert await tx.calendars.list(place.actor, place.connection.id) == listed


async def test_only_chosen_calendars_are_read_and_dropped_ones_forget_how_far_they_were(place: Place) -> None:
    (work, main) = await reconcile(place, FULL, place.calendar.remote)
    async with place.database.begin() as tx:
        for calendar in (work, main):
            await tx.calendars.completed(calendar.id, Cursor("7"), NOW)
        chosen = await tx.calendars.select(place.actor, place.connection.id, [work.id])
        assert not await tx.calendars.is_selected(main.id)
        again = await tx.calendars.select(place.actor, place.connection.id, [work.id, main.id])
    assert {(calendar.id, calendar.is_selected, calendar.cursor) for calendar in chosen} == {
        (work.id, True, "7"),
        (main.id, False, None),
    }
    assert all(calendar.is_selected for calendar in again)


async def test_a_choice_outlasts_the_next_listing(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [])
    (calendar,) = await reconcile(place, place.calendar.remote)
    assert not calendar.is_selected


async def test_a_calendar_of_another_connection_or_user_cannot_be_chosen(place: Place) -> None:
    other = await a_place(place.database, "other@example.com")
    async with place.database.begin() as tx:
        for actor, connection in [(place.actor, place.connection.id), (place.actor, other.connection.id)]:
            with pytest.raises(NotFound):
                await tx.calendars.select(actor, connection, [other.calendar.id])
        with pytest.raises(NotFound):
            await tx.calendars.select(place.actor, place.connection.id, [CalendarId("cal_none")])
        assert await tx.calendars.select(place.actor, other.connection.id, []) == []
    assert (await the_calendar(other)).is_selected


async def test_a_user_s_calendars_are_theirs_alone(place: Place) -> None:
    other = await an_actor(place.database, "other@example.com")
    async with place.database.begin(write=False) as tx:
        assert await tx.calendars.list(other) == []
        assert await tx.calendars.list(other, place.connection.id) == []
        with pytest.raises(NotFound):
            await tx.calendars.get(other, place.calendar.id)


async def test_how_far_and_how_well_it_was_read_is_kept(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.calendars.failed(place.calendar.id, "The server is away.")
    failed = await the_calendar(place)
    assert (failed.cursor, failed.last_error, failed.last_synced_at) == (None, "The server is away.", None)
    async with place.database.begin() as tx:
        await tx.calendars.completed(place.calendar.id, Cursor("c\u00e9 1"), NOW)
    completed = await the_calendar(place)
    assert (completed.cursor, completed.last_error, completed.last_synced_at) == ("c\u00e9 1", None, NOW)


async def test_the_events_of_a_calendar_that_is_dropped_go_and_its_reading_starts_over(place: Place) -> None:
    other = await a_calendar(place.database, place.connection, "other")
    await place.apply(an_event("a"), an_event("b"), Quarantine("x", "No.", "…"))
    await replace(place, calendar=other).apply(an_event("c"))
    async with place.database.begin() as tx:
        await tx.calendars.completed(place.calendar.id, Cursor("7"), NOW)
        gone = await tx.events.remove_calendar_events(place.calendar.id, None, NOW)
        again = await tx.events.remove_calendar_events(place.calendar.id, None, NOW)
    assert {name: step.after for name, step in gone.items()} == {"a": None, "b": None}
    assert again == {}
    calendar = await the_calendar(place)
    assert (calendar.cursor, calendar.expanded_until) == (None, None)
    assert [occurrence.calendar_id for occurrence in await place.occurrences()] == [other.id]
    async with place.database.begin(write=False) as tx:
        assert await tx.events.problems(place.actor, limit=9) == []


async def test_a_calendar_is_expanded_as_far_as_the_window_from_its_first_page_on(place: Place) -> None:
    await place.apply(an_event())
    assert (await the_calendar(place)).expanded_until == WINDOW.end
