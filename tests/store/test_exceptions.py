"""Exceptions that come apart from their series: in any order, on any page, they end in the same event object."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, Override
from calendar_sync.domain.providers import Change, Removal, Upsert, UpsertException
from calendar_sync.domain.sync import RunLedger, Tally, Transition, in_sequence
from calendar_sync.store.assembling import assembled
from calendar_sync.store.database import Database
from tests.builders import START, ZONE, a_series, an_all_day_time, an_event, an_override
from tests.store.conftest import Place, a_place
from tests.store.test_cost import counted

WEEK = timedelta(weeks=1)


def a_master(title: str = "Stand-up") -> Upsert:
    return Upsert(a_series("s", title=title), exceptions_apart=True)


def original(week: int) -> datetime:
    return (START + week * WEEK).replace(tzinfo=ZoneInfo(ZONE))


def a_move(week: int, title: str = "Moved", series: str = "s", hours: int = 2) -> UpsertException:
    """The instance of that week, `hours` later."""
    name = f"{series}_{week}"
    instance = an_event(name, start=START + week * WEEK + timedelta(hours=hours), title=title, uid=f"{series}@x")
    return UpsertException(name, series, original(week), instance)


def a_cancellation(week: int, series: str = "s") -> UpsertException:
    return UpsertException(f"{series}_{week}", series, original(week), None)


async def titles(place: Place) -> list[tuple[datetime, str | None]]:
    """Of the first four occurrences."""
    return [(each.starts_at, each.title) for each in (await place.occurrences())[:4]]


def starts(*weeks_and_hours: tuple[int, int]) -> list[datetime]:
    moments = [START + week * WEEK + timedelta(hours=hours) for week, hours in weeks_and_hours]
    return [moment.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC) for moment in moments]


async def test_an_exception_moves_its_instance_of_a_stored_series_which_counts_as_updated(place: Place) -> None:
    await place.apply(a_master())
    (step,) = (await place.apply(a_move(1))).values()
    assert step.before is not None
    assert step.after not in {None, step.before}
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 2), (2, 0), (3, 0))


async def test_the_master_alone_keeps_the_exceptions_that_are_known(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_cancellation(2))
    await place.apply(a_master("Renamed"))
    assert await titles(place) == list(
        zip(starts((0, 0), (1, 2), (3, 0), (4, 0)), ["Renamed", "Moved", "Renamed", "Renamed"], strict=True)
    )


async def test_a_page_that_is_repeated_changes_nothing(place: Place) -> None:
    page: list[Change] = [a_master(), a_move(1), a_cancellation(2)]
    await place.apply(*page)
    assert await place.apply(*page) == {}


async def test_an_exception_without_its_series_is_shown_as_a_single_event(place: Place) -> None:
    await place.apply(a_move(1))
    (occurrence,) = await place.occurrences()
    assert (occurrence.title, occurrence.is_recurring) == ("Moved", False)
    assert list(await place.hashes()) == ["s"]


async def test_an_orphan_keeps_its_identity_when_its_series_comes(place: Place) -> None:
    await place.apply(a_move(1))
    (before,) = await place.occurrences()
    await place.apply(a_master())
    assert next(each for each in await place.occurrences() if each.title == "Moved").id == before.id


async def test_a_hole_without_its_series_is_nothing_until_the_series_comes(place: Place) -> None:
    assert await place.apply(a_cancellation(1)) == {}
    await place.apply(a_master())
    assert [start for start, _ in await titles(place)] == starts((0, 0), (2, 0), (3, 0), (4, 0))


async def test_an_orphan_that_is_cancelled_is_removed(place: Place) -> None:
    await place.apply(a_move(1))
    (step,) = (await place.apply(a_cancellation(1))).values()
    assert step.after is None
    assert await place.occurrences() == []


async def test_a_removed_exception_gives_the_instance_back(place: Place) -> None:
    await place.apply(a_master(), a_move(1))
    assert set(await place.apply(Removal("s_1"))) == {"s"}
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 0), (2, 0), (3, 0))


async def test_a_removed_series_takes_its_exceptions_along(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_cancellation(2))
    (step,) = (await place.apply(Removal("s"))).values()
    assert step.after is None
    await place.apply(a_master())
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 0), (2, 0), (3, 0))


async def test_an_exception_told_with_the_removal_of_its_series_is_an_orphan(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_move(2))
    await place.apply(a_move(2), Removal("s"))
    (occurrence,) = await place.occurrences()
    assert occurrence.starts_at == starts((2, 2))[0]


async def test_unknown_removals_are_ignored(place: Place) -> None:
    await place.apply(a_master(), a_move(1))
    assert await place.apply(Removal("s_7"), Removal("other")) == {}


async def test_a_series_that_recurs_no_more_has_no_use_for_exceptions(place: Place) -> None:
    await place.apply(a_master(), a_move(1))
    await place.apply(Upsert(an_event("s"), exceptions_apart=True))
    assert [start for start, _ in await titles(place)] == starts((0, 0))


async def test_a_whole_upsert_leaves_no_exception_in_place(place: Place) -> None:
    await place.apply(a_series("w", overrides=[an_override(START, title="Own")]))
    assert (await titles(place))[0][1] == "Own"
    await place.apply(a_series("w"))
    assert (await titles(place))[0][1] == "Stand-up"


def test_an_exception_stands_on_the_clock_of_its_series() -> None:
    """The second of March's instances after the clocks were put forward, told in UTC and in another zone."""
    master = a_series("s")
    for zone in (UTC, ZoneInfo("America/New_York")):
        told = replace(a_move(4), original_start=original(4).astimezone(zone))
        found = assembled("s", master, [told])
        assert found is not None
        assert found.overrides[0].original_start == START + 4 * WEEK


@pytest.mark.parametrize(
    ("all_day", "told", "expected"),
    [
        (True, date(2026, 3, 16), datetime(2026, 3, 16)),  # noqa: DTZ001 - a wall clock
        (True, datetime(2026, 3, 15, 23, tzinfo=UTC), datetime(2026, 3, 16)),  # noqa: DTZ001 - a wall clock
        (False, date(2026, 3, 16), datetime(2026, 3, 16, 9)),  # noqa: DTZ001 - a wall clock
    ],
    ids=["a day of days", "a time in days", "a day of times"],
)
def test_dates_and_times_name_the_instance_of_their_day(
    all_day: bool, told: datetime | date, expected: datetime
) -> None:
    master = a_series("s", time=an_all_day_time() if all_day else None)
    found = assembled("s", master, [UpsertException("s_1", "s", told, None)])
    assert found is not None
    assert found.overrides == (Override(expected, None, Details()),)


def test_of_several_exceptions_for_one_instance_the_last_by_name_holds() -> None:
    parts = [a_move(1, "First"), replace(a_move(1, "Second"), remote_id="s_2")]
    one, other = assembled("s", a_series("s"), parts), assembled("s", a_series("s"), parts[::-1])
    assert one is not None
    assert one == other
    assert [override.details.title for override in one.overrides] == ["Second"]


# A complete reading


async def sweep(place: Place, *seen: str, confirmed: bool = False) -> Mapping[str, Transition]:
    """As the engine ends a complete reading."""
    async with place.database.begin(write=False) as tx:
        implied = await tx.events.implied(place.calendar, seen)
    return in_sequence(await place.apply(*implied), await place.sweep(*seen, confirmed=confirmed))


async def test_an_exception_that_a_complete_reading_left_out_is_gone(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_cancellation(2))
    assert set(await sweep(place, "s", "s_1")) == {"s"}
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 2), (2, 0), (3, 0))


async def test_a_series_that_a_complete_reading_left_out_leaves_the_exceptions_it_listed(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_move(2), a_cancellation(3))
    (step,) = (await sweep(place, "s_1", "s_3")).values()
    assert step.after is not None
    (occurrence,) = await place.occurrences()
    assert occurrence.starts_at == starts((1, 2))[0]


async def test_a_series_of_which_only_a_hole_was_listed_is_gone(place: Place) -> None:
    await place.apply(a_master(), a_cancellation(1))
    (step,) = (await sweep(place, "s_1")).values()
    assert step.after is None


async def test_orphans_that_a_complete_reading_listed_stay(place: Place) -> None:
    await place.apply(a_move(1), a_move(2))
    assert await sweep(place, "s_1", "s_2") == {}
    assert len(await place.occurrences()) == 2


async def test_what_a_complete_reading_left_out_is_forgotten_for_good(place: Place) -> None:
    await place.apply(a_master(), a_move(1), a_cancellation(2))
    await sweep(place)
    await place.apply(a_master())
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 0), (2, 0), (3, 0))


async def test_a_calendar_that_is_no_longer_read_keeps_no_exceptions(place: Place) -> None:
    await place.apply(a_cancellation(1))
    async with place.database.begin() as tx:
        await tx.events.remove_calendar_events(place.calendar.id, None, START.replace(tzinfo=UTC))
    await place.apply(a_master())
    assert [start for start, _ in await titles(place)] == starts((0, 0), (1, 0), (2, 0), (3, 0))


# Cost


async def test_many_exceptions_cost_as_many_statements_as_one(place: Place) -> None:
    await place.apply(*(Upsert(a_series(f"s{number}"), exceptions_apart=True) for number in range(60)))
    with counted() as few:
        await place.apply(a_move(1, series="s0"))
    with counted() as many:
        await place.apply(*(a_move(week, series=f"s{number}") for number in range(1, 60) for week in range(3)))
    assert many.statements <= few.statements
    with counted() as same:
        await place.apply(*(a_move(week, series=f"s{number}") for number in range(1, 60) for week in range(3)))
    assert same.statements < few.statements
    assert set(same.rows) == {1}


# Any order, any pages

numbers = count()


def someone() -> str:
    """The address of a user of its own for each example, all of which share a store."""
    return f"someone-{next(numbers)}@example.com"


weeks = st.integers(0, 3)
exceptions = st.dictionaries(weeks, st.sampled_from(["hole", "Moved", "Renamed"]), max_size=4)


def told(found: Mapping[int, str]) -> list[UpsertException]:
    return [a_cancellation(week) if what == "hole" else a_move(week, what) for week, what in found.items()]


@st.composite
def paged(draw: st.DrawFn) -> tuple[list[UpsertException | Upsert], list[Sequence[Change]]]:
    """A series with exceptions, or exceptions alone; the same in any order, some twice, cut into pages."""
    parts: list[UpsertException | Upsert] = [*told(draw(exceptions)), *([a_master()] if draw(st.booleans()) else [])]
    order: list[Change] = list(draw(st.permutations([*parts, *parts[: draw(st.integers(0, 2))]])))
    size = draw(st.integers(1, 4))
    return parts, [order[at : at + size] for at in range(0, len(order), size)]


@given(paged=paged(), before=exceptions, had_master=st.booleans())
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_order_and_paging_ends_in_the_same_object_and_counts(
    sqlite_url: str,
    paged: tuple[list[UpsertException | Upsert], list[Sequence[Change]]],
    before: Mapping[int, str],
    had_master: bool,
) -> None:
    parts, pages = paged
    database = await Database.open(sqlite_url)
    place = await a_place(database, someone())
    earlier: list[UpsertException | Upsert] = [*told(before), *([a_master("Before")] if had_master else [])]
    await place.apply(*earlier)
    stored = await place.hashes()
    ledger = RunLedger()
    for page in pages:
        ledger.record(place.calendar.id, await place.apply(*page))

    expected = expected_object([*earlier, *parts])
    now = await place.hashes()
    await database.close()

    assert set(now) == ({"s"} if expected else set())
    assert ledger.tally == Tally(
        new=len(now.keys() - stored.keys()),
        updated=sum(stored[name] != now[name] for name in stored.keys() & now.keys()),
        removed=len(stored.keys() - now.keys()),
    )
    assert now == await stored_by_one_page(sqlite_url, [*earlier, *parts])


def expected_object(changes: Sequence[UpsertException | Upsert]) -> Event | None:
    latest = {change.remote_id: change for change in changes}
    masters = [change.event for change in latest.values() if isinstance(change, Upsert)]
    parts = [change for change in latest.values() if isinstance(change, UpsertException)]
    return assembled("s", masters[0] if masters else None, parts)


async def stored_by_one_page(url: str, changes: Sequence[Change]) -> Mapping[str, str]:
    database = await Database.open(url)
    place = await a_place(database, someone())
    await place.apply(*changes)
    found = await place.hashes()
    await database.close()
    return found
