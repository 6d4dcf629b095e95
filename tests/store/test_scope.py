"""Nobody reads or changes what is another user's: to them it is not there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.events import AutoJoinStatus
from calendar_sync.domain.identifiers import EventId, OccurrenceId, RunId
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.providers import Quarantine
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.database import Database, Transaction
from tests.builders import NOW, an_actor, an_event
from tests.store.conftest import Place, a_place


@dataclass(frozen=True)
class Theirs:
    """What another user, of the same organisation, has one of each of; `tx` and `me` are whoever looks at it."""

    tx: Transaction
    me: Place
    place: Place
    occurrence: OccurrenceId
    event: EventId
    run: RunId


NAMING_ONE: dict[str, Callable[[Theirs], Awaitable[object]]] = {
    "events.get": lambda it: it.tx.events.get(it.me.actor, it.occurrence),
    "events.set_auto_join": lambda it: it.tx.events.set_auto_join(it.me.actor, it.occurrence, AutoJoinStatus.DISABLED),
    "connections.get": lambda it: it.tx.connections.get(it.me.actor, it.place.connection.id),
    "connections.delete": lambda it: it.tx.connections.delete(it.me.actor, it.place.connection.id),
    "calendars.get": lambda it: it.tx.calendars.get(it.me.actor, it.place.calendar.id),
    "calendars.select": lambda it: it.tx.calendars.select(it.me.actor, it.place.connection.id, [it.place.calendar.id]),
    "runs.get": lambda it: it.tx.runs.get(it.me.actor, it.run),
}

FINDING_SOME: dict[str, Callable[[Theirs], Awaitable[object]]] = {
    "events.by_ids": lambda it: it.tx.events.by_ids(it.me.actor, [it.occurrence]),
    "events.contents": lambda it: it.tx.events.contents(it.me.actor, [it.occurrence]),
    "events.of_objects": lambda it: it.tx.events.of_objects(it.me.actor, [it.event], 9),
    "events.as_of": lambda it: it.tx.events.as_of(it.me.actor, it.occurrence, NOW),
    "events.problems": lambda it: it.tx.events.problems(it.me.actor, limit=9),
    "connections.event_counts": lambda it: it.tx.connections.event_counts(it.me.actor),
    "calendars.list": lambda it: it.tx.calendars.list(it.me.actor, it.place.connection.id),
    "runs.list": lambda it: it.tx.runs.list(it.me.actor, it.place.connection.id, limit=9),
    "runs.by_ids": lambda it: it.tx.runs.by_ids(it.me.actor, [it.run]),
    "changes.histories": lambda it: it.tx.changes.histories(it.me.actor, [it.event], None, 9),
    "changes.contents": lambda it: it.tx.changes.contents(it.me.actor, [1]),
    "changes.list": lambda it: it.tx.changes.list(it.me.actor.user_id, 0, 9),
}


async def looked_at(database: Database) -> tuple[Place, Callable[[Transaction, Place], Theirs]]:
    place = await a_place(database, "other@example.com")
    await place.apply(an_event(), Quarantine("x", "No.", "…"))
    (occurrence,) = await place.occurrences()
    async with database.begin() as tx:
        run = await tx.runs.start(place.connection, Trigger.USER, NOW)
    return place, lambda tx, me: Theirs(tx, me, place, occurrence.id, occurrence.series_id, run)


async def test_what_is_another_s_is_not_found(database: Database) -> None:
    _, theirs = await looked_at(database)
    me = await a_place(database)
    async with database.begin() as tx:
        for name, read in NAMING_ONE.items():
            with pytest.raises(NotFound):
                assert not await read(theirs(tx, me)), name


async def test_what_is_another_s_is_left_out(database: Database) -> None:
    _, theirs = await looked_at(database)
    me = await a_place(database)
    async with database.begin(write=False) as tx:
        found = {name: await read(theirs(tx, me)) for name, read in FINDING_SOME.items()}
    assert not any(found.values()), found


async def test_what_is_one_s_own_is_there(database: Database) -> None:
    """So that the tests above could fail."""
    place, theirs = await looked_at(database)
    async with database.begin() as tx:
        reads = {**FINDING_SOME, **NAMING_ONE}
        delete = reads.pop("connections.delete")
        found = {name: await read(theirs(tx, place)) for name, read in reads.items()}
        await delete(theirs(tx, place))
    assert all(found.values()), found


async def test_lists_narrowed_to_another_s_calendars_are_empty(database: Database) -> None:
    me, place = await a_place(database), await a_place(database, "other@example.com")
    await place.apply(an_event())
    wanted = OccurrenceFilter(calendar_ids=[place.calendar.id], connection_ids=[place.connection.id])
    assert await me.occurrences(wanted) == []
    assert len(await place.occurrences(wanted)) == 1


async def test_an_administrator_sees_through_these_reads_only_their_own_too(database: Database) -> None:
    admin = await an_actor(database, "admin@example.com", is_admin=True)
    place = await a_place(database)
    await place.apply(an_event())
    async with database.begin(write=False) as tx:
        assert (await tx.events.page(admin, OccurrenceFilter(), limit=9)).items == []
        assert await tx.connections.list(admin) == []
