"""Rows that an earlier version stored come to say what rows say today."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from calendar_sync.domain.events import Attendee, Person, ResponseStatus, Window
from calendar_sync.domain.occurrences import Days, OccurrenceFilter
from calendar_sync.store import deriving
from calendar_sync.store.occurrence_rows import DERIVED
from calendar_sync.store.tables import occurrences
from tests.builders import NOW, START, WINDOW, a_hole, a_series, an_all_day_time, an_event, an_override
from tests.store.conftest import Place, a_place

DAY = timedelta(days=1)
ME = Attendee("me@example.com", response=ResponseStatus.DECLINED, is_self=True)
EVENTS = [
    an_event("a", location="Room 1", organizer=Person("ada@example.com", "Ada"), attendees=(ME,), is_busy=False),
    an_event("b", time=an_all_day_time("2026-03-10", days=2, zone="Pacific/Kiritimati")),
    a_series("c", rule="FREQ=DAILY;COUNT=5", attendees=(ME,), overrides=[an_override(START), a_hole(START + DAY)]),
    a_series("d", rule="FREQ=DAILY;COUNT=4", time=an_all_day_time("2026-03-28", zone="America/Havana")),
]


async def stored(place: Place) -> Sequence[Mapping[str, Any]]:
    async with place.database.begin(write=False) as tx:
        rows = await tx.connection.execute(select(occurrences).order_by(occurrences.c.id))
        return [dict(row) for row in rows.mappings()]


async def made_old(place: Place) -> None:
    """As the version before these columns left the rows: its search looked in the title only."""
    async with place.database.begin() as tx:
        nothing = dict.fromkeys(DERIVED) | {"title_folded": "stand-up"}
        await tx.connection.execute(update(occurrences).values(nothing))


async def derive(place: Place) -> int:
    async with place.database.begin() as tx:
        return await tx.events.derive()


async def test_rows_of_before_become_what_they_would_be_if_stored_today(place: Place) -> None:
    other = await a_place(place.database, "other@example.com")
    await place.apply(*EVENTS)
    await other.apply(*EVENTS)
    before = await stored(place)
    await made_old(place)
    while await derive(place):
        pass
    assert await stored(place) == before
    assert len(await place.occurrences(OccurrenceFilter(attendee_email="me@example.com"))) > 1


async def test_it_is_done_in_portions_each_a_transaction_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deriving, "_ROWS", 3)
    await place.apply(*EVENTS)
    before = await stored(place)
    await made_old(place)
    portions = [await derive(place) for _ in range(6)]
    assert sum(portions) == len(before)
    assert (max(portions), portions[-1]) == (3, 0)
    assert await stored(place) == before


async def test_what_was_stored_anew_meanwhile_is_left_alone(place: Place) -> None:
    await place.apply(an_event("a"))
    await made_old(place)
    await place.apply(an_event("a", location="Room 2"))
    before = await stored(place)
    assert await derive(place) == 0
    assert await stored(place) == before


async def test_history_keeps_its_title_and_its_days(place: Place) -> None:
    await place.apply(a_series(time=an_all_day_time("2026-02-02"), title="Before"))
    (row, *_) = await place.occurrences()
    later = Window(row.ends_at, WINDOW.end)
    await place.apply(a_series(time=an_all_day_time("2026-02-03"), title="After"), window=later, now=NOW)
    before = await stored(place)
    await made_old(place)
    while await derive(place):
        pass
    assert [(each["starts_on"], each["title_folded"]) for each in await stored(place)] == [
        (each["starts_on"], each["title_folded"]) for each in before
    ]
    day = date(2026, 2, 2)
    assert [each.title for each in await place.occurrences(OccurrenceFilter(days=Days(day, day, "UTC")))] == ["Before"]
