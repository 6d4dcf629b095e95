"""What is kept of the past: what events were before each change, and what identifiers stood for."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Removal, Snapshot, Upsert
from calendar_sync.store import tables
from calendar_sync.store.payload import decode
from tests.builders import NOW, WINDOW, a_connection, a_hole, a_series, an_event, an_override, wall
from tests.store.conftest import RUN, Place

LATER = NOW + timedelta(hours=1)
THREE_DAYS = "FREQ=DAILY;COUNT=3"
NEXT_YEAR = Window(NOW + timedelta(days=300), NOW + timedelta(days=700))
"""A window before which everything else here is over."""


async def rows(place: Place, table: str) -> Sequence[Mapping[str, Any]]:
    wanted = tables.metadata.tables[table]
    async with place.database.begin(write=False) as tx:
        found = await tx.connection.execute(select(wanted).order_by(*wanted.primary_key))
        return [dict(row) for row in found.mappings()]


async def former(place: Place) -> set[tuple[str, str, datetime]]:
    """Which identifier stood for which original start, and until when."""
    return {(row["id"], row["original_start"], row["until"]) for row in await rows(place, "former_occurrences")}


async def test_a_change_keeps_the_whole_event_that_it_replaced_or_removed(place: Place) -> None:
    old, new = an_event("a", title="Old", description="Long"), an_event("a", title="New")
    await place.apply(old)
    await place.apply(new)
    await place.apply(Removal("a"))
    created, updated, removed = [row["before_payload"] for row in await rows(place, "event_changes")]
    assert created is None
    assert decode("a", updated) == old
    assert decode("a", removed) == new


async def test_a_change_says_what_caused_it(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.events.remove_calendar_events(place.calendar.id, None, NOW, cause=ChangeCause.DESELECT)
    await place.apply(an_event("a"), cause=ChangeCause.PUSH)
    await place.sweep(cause=ChangeCause.SCHEDULE)
    assert [change.cause for change in await place.changes()] == [ChangeCause.PUSH, ChangeCause.SCHEDULE]


async def test_disconnecting_forgets_what_events_were_and_keeps_that_they_were(place: Place) -> None:
    await place.apply(an_event("a", title="Old"), a_series("b"))
    await place.apply(an_event("a", title="New"), Removal("b"))
    async with place.database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id, LATER)
    changes = await rows(place, "event_changes")
    assert [(row["kind"], row["cause"]) for row in changes][-1] == ("removed", "disconnect")
    assert len(changes) == 5
    assert all(row["before"] is row["after"] is row["before_payload"] is None for row in changes)
    assert await former(place) == set()


async def test_disconnecting_forgets_nothing_of_another_account(place: Place) -> None:
    await place.apply(an_event("a"))
    await place.apply(Removal("a"))
    kept = await rows(place, "event_changes"), await former(place)
    other = await a_connection(place.database, place.actor, identity="other")
    async with place.database.begin() as tx:
        await tx.connections.delete(place.actor, other.id)
    assert (await rows(place, "event_changes"), await former(place)) == kept
    assert all(row["before"] or row["after"] for row in kept[0])


async def test_a_first_sync_and_a_change_of_words_remember_no_identifiers(place: Place) -> None:
    await place.apply(a_series(rule=THREE_DAYS), an_event())
    await place.apply(a_series(rule=THREE_DAYS, title="Other"), an_event(title="Other"))
    assert await former(place) == set()


async def test_an_instance_that_is_cancelled_is_remembered(place: Place) -> None:
    await place.apply(a_series(rule=THREE_DAYS))
    gone = (await place.occurrences())[1]
    await place.apply(a_series(rule=THREE_DAYS, overrides=[a_hole(wall("2026-03-10T09:00"))]), now=LATER)
    assert await former(place) == {(gone.id, "2026-03-10T09:00:00", LATER)}


async def test_an_instance_that_its_series_takes_along_is_remembered_under_its_old_start(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=DAILY;COUNT=2"))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    await place.apply(a_series(rule="FREQ=DAILY;COUNT=2", start=wall("2026-03-09T11:00")), now=LATER)
    assert [occurrence.id for occurrence in await place.occurrences()] == ids
    assert await former(place) == {
        (ids[0], "2026-03-09T09:00:00", LATER),
        (ids[1], "2026-03-10T09:00:00", LATER),
    }


async def test_what_goes_is_remembered_whatever_makes_it_go(place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"), an_event("c", start=wall("2026-03-01T09:00")), an_event("d"))
    ids = {occurrence.id for occurrence in await place.occurrences()}
    await place.apply(Removal("a"), now=LATER)
    await place.sweep("d", snapshot=Snapshot.UPCOMING, confirmed=True, now=LATER)
    await place.sweep("d", snapshot=Snapshot.WHOLE, confirmed=True, now=LATER)
    async with place.database.begin() as tx:
        await tx.events.remove_calendar_events(place.calendar.id, None, LATER)
    assert await former(place) == {(id, "", LATER) for id in ids}


async def test_of_a_series_that_has_a_past_only_what_is_ahead_goes_and_is_remembered(place: Place) -> None:
    await place.apply(a_series(rule=THREE_DAYS, start=wall("2026-03-01T09:00")))
    await place.sweep(snapshot=Snapshot.UPCOMING, confirmed=True)
    assert {original for _, original, _ in await former(place)} == {"2026-03-03T09:00:00"}
    assert len(await place.occurrences()) == 2


async def test_what_was_over_and_is_written_anew_is_remembered(place: Place) -> None:
    """What it said before is not what its series said last: that had passed it by."""
    await place.apply(a_series(rule=THREE_DAYS, title="Then"))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    await place.apply(a_series(rule=THREE_DAYS, title="Since"), window=NEXT_YEAR, now=NOW + timedelta(days=330))
    assert await former(place) == set()
    moved = an_override(wall("2026-03-10T09:00"), start=wall("2027-03-01T09:00"))
    again, until = a_series(rule=THREE_DAYS, overrides=[moved]), NOW + timedelta(days=331)
    await place.apply(again, window=NEXT_YEAR, now=until)
    assert await former(place) == {(ids[1], "2026-03-10T09:00:00", until)}
    assert [row["written_at"] for row in await rows(place, "former_occurrences")] == [NOW]


async def test_what_one_transaction_changes_twice_is_remembered_as_it_was_before_it(place: Place) -> None:
    await place.apply(an_event("a"))
    async with place.database.begin() as tx:
        for _ in range(2):
            await tx.events.remove_calendar_events(place.calendar.id, None, LATER)
            await tx.events.apply(place.calendar, [Upsert(an_event("a"))], RUN, WINDOW, LATER)
    assert [row["created_at"] for row in await rows(place, "former_occurrences")] == [NOW]
