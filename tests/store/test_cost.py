"""What the hot path costs, in statements: it does not grow with the number of events."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from calendar_sync.domain.changes import BEGINNING
from calendar_sync.domain.events import AutoJoinStatus, Event, Window
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.providers import Quarantine, Removal, Snapshot
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from tests.builders import NOW, WINDOW, a_series, an_event
from tests.store.conftest import Place, a_place

MANY = 1000
SMALL = ("json_each", "numbered", "(subquery")
"""What a statement makes for itself of what it found by an index."""


@dataclass
class Cost:
    """What was sent: each statement with its parameters, of one row, and how many rows it carried to the driver."""

    sent: list[tuple[str, Sequence[object]]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return len(self.sent)


@contextmanager
def counted() -> Generator[Cost]:
    cost = Cost()

    def note(_: object, cursor: object, statement: str, rows: Sequence[Any], context: object, is_many: bool) -> None:
        cost.sent.append((statement, rows[0] if is_many else rows))
        carried = len(rows[0]) if "unnest(" in statement else len(rows) if is_many else 1
        cost.rows.append(carried)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield cost
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def events(count: int, title: str = "Stand-up") -> Sequence[Event]:
    return [an_event(str(number), title=title) for number in range(count)]


async def cost_of(place: Place, *changes: Event | Removal | Quarantine) -> Cost:
    with counted() as cost:
        await place.apply(*changes)
    return cost


async def test_new_events_cost_as_many_statements_as_one(place: Place) -> None:
    few = await cost_of(place, an_event("x"))
    many = await cost_of(place, *events(MANY))
    assert many.statements <= few.statements
    assert sorted(many.rows)[-3:] == [MANY] * 3  # events, occurrences, changes


async def test_unchanged_events_cost_a_few_reads_and_write_nothing(place: Place) -> None:
    await place.apply(*events(MANY))
    cost = await cost_of(place, *events(MANY))
    assert cost.statements <= 4
    assert set(cost.rows) == {1}


async def test_changed_events_cost_as_many_statements_as_one(place: Place) -> None:
    await place.apply(*events(MANY), a_series("s"))
    few = await cost_of(place, an_event("0", title="Other"))
    many = await cost_of(place, *events(MANY, title="Another"), a_series("s", title="Another"))
    assert many.statements <= few.statements + 1
    assert len([rows for rows in many.rows if rows > 1]) == 3


async def test_one_changed_among_many_writes_one(place: Place) -> None:
    await place.apply(*events(MANY))
    cost = await cost_of(place, *events(MANY)[1:], an_event("0", title="Other"))
    assert set(cost.rows) == {1}


async def test_one_exception_of_a_series_writes_one_occurrence(place: Place) -> None:
    series = a_series(rule="FREQ=DAILY")
    await place.apply(series)
    cost = await cost_of(place, a_series(rule="FREQ=DAILY", exceptions=[series.time.start]))
    assert set(cost.rows) == {1}


async def test_removed_and_unclear_events_cost_as_many_statements_as_one(place: Place) -> None:
    await place.apply(*events(MANY))
    few = await cost_of(place, Removal("0"), Quarantine("x", "No.", "…"))
    removals = [Removal(str(number)) for number in range(1, MANY)]
    many = await cost_of(place, *removals, *(Quarantine(f"x{number}", "No.", "…") for number in range(MANY)))
    assert many.statements <= few.statements


async def test_sqlite_finds_by_an_index_whatever_is_looked_for(sqlite_url: str) -> None:
    """It keeps no statistics, so the statements have to leave it no other choice."""
    database = await Database.open(sqlite_url)
    place = await a_place(database)
    with counted() as cost:
        await place.apply(an_event("a"), a_series("b"))
        await place.apply(an_event("a", title="Other"), a_series("b", title="Other"), Removal("c"))
        await place.apply(Removal("a"), Quarantine("d", "No.", "…"))
        (occurrence, *_) = await place.occurrences(OccurrenceFilter(calendar_ids=[place.calendar.id]))
        async with database.begin() as tx:
            await tx.events.roll(place.calendar, Window(NOW, WINDOW.end + timedelta(days=9)), NOW)
            await tx.events.contents(place.actor, [occurrence.id])
            await tx.events.set_auto_join(place.actor, occurrence.id, AutoJoinStatus.DISABLED)
            await tx.events.as_of(place.actor, occurrence.id, NOW - timedelta(days=1))
            await tx.events.of_objects(place.actor, [occurrence.series_id], 5)
            changes = await tx.changes.page(place.actor, BEGINNING, limit=9)
            await tx.changes.contents(place.actor, [change.seq for change in changes.items])
            await tx.changes.histories(place.actor, [occurrence.series_id], None, 5)
        await place.sweep("d", snapshot=Snapshot.UPCOMING)
        async with database.begin() as tx:
            await tx.connections.delete(place.actor, place.connection.id)
    await database.close()
    scans = {
        (statement, step)
        for statement, rows in cost.sent
        for step in plan_of(sqlite_path(sqlite_url), statement, rows)
        if step.startswith("SCAN") and not any(small in step for small in SMALL)
    }
    assert scans == set()


def plan_of(file: Path, statement: str, parameters: Sequence[object]) -> Sequence[str]:
    if statement.startswith("BEGIN"):
        return []
    with closing(sqlite3.connect(file)) as connection:
        return [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]


@pytest.mark.parametrize("wanted", [OccurrenceFilter(), OccurrenceFilter(text="stand")])
async def test_a_page_and_its_contents_cost_a_statement_each(wanted: OccurrenceFilter, place: Place) -> None:
    await place.apply(*events(60), a_series())
    async with place.database.begin(write=False) as tx:
        with counted() as cost:
            page = await tx.events.page(place.actor, wanted, limit=50, count=True)
            await tx.events.contents(place.actor, [occurrence.id for occurrence in page.items])
    assert cost.statements == 3
