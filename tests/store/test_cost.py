"""What the hot path costs, in statements: it does not grow with the number of events."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, event

from calendar_sync.domain.events import Event
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.providers import Quarantine, Removal
from tests.builders import a_series, an_event
from tests.store.conftest import Place

MANY = 1000


@dataclass
class Cost:
    """`rows` has one entry for each statement that is sent: how many rows it carries to the driver."""

    rows: list[int] = field(default_factory=list)

    @property
    def statements(self) -> int:
        return len(self.rows)


@contextmanager
def counted() -> Generator[Cost]:
    cost = Cost()

    def note(_: object, cursor: object, statement: str, rows: Sequence[object], context: object, is_many: bool) -> None:
        cost.rows.append(len(rows) if is_many else 1)

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


@pytest.mark.parametrize("wanted", [OccurrenceFilter(), OccurrenceFilter(text="stand")])
async def test_a_page_and_its_contents_cost_a_statement_each(wanted: OccurrenceFilter, place: Place) -> None:
    await place.apply(*events(60), a_series())
    async with place.database.begin(write=False) as tx:
        with counted() as cost:
            page = await tx.events.page(place.actor, wanted, limit=50, count=True)
            await tx.events.contents(place.actor, [occurrence.id for occurrence in page.items])
    assert cost.statements == 3
