"""Occurrences as they were: what is told of an earlier instant is what was stored then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import HistoryCompacted
from calendar_sync.domain.events import AutoJoinStatus, Event, Recurrence, Window
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent, OccurrenceFilter
from calendar_sync.domain.providers import Removal, Snapshot
from calendar_sync.store import tables
from calendar_sync.store.database import Database
from tests.builders import NOW, START, ZONE, a_hole, a_series, a_time, an_all_day_time, an_event, an_override
from tests.store.conftest import Place, a_place

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Seen = Mapping[OccurrenceId, tuple[Occurrence, OccurrenceContent]]


async def now(place: Place) -> Seen:
    """All that is stored, but for when it was written."""
    async with place.database.begin(write=False) as tx:
        page = await tx.events.page(place.actor, OccurrenceFilter(), limit=10_000)
        contents = await tx.events.contents(place.actor, [each.id for each in page.items])
    return {each.id: (replace(each, synced_at=NOW), contents[each.id]) for each in page.items}


async def then(place: Place, ids: Sequence[OccurrenceId], at: datetime) -> Seen:
    """The same, of these, as of an instant."""
    async with place.database.begin(write=False) as tx:
        past = {id: await tx.events.as_of(place.actor, id, at) for id in ids}
    return {
        id: (replace(each.occurrence, synced_at=NOW), each.content) for id, each in past.items() if each is not None
    }


# The law


TITLES = st.sampled_from(["One", "Two"])
NAMES = st.sampled_from("abc")
HOURS = st.integers(8, 12)
RULES = st.sampled_from(["FREQ=DAILY;COUNT=4", "FREQ=DAILY", "FREQ=DAILY;INTERVAL=2;COUNT=3"])


@st.composite
def single_events(draw: st.DrawFn) -> Event:
    time = draw(st.sampled_from([an_all_day_time(), a_time(), a_time(START + 3 * DAY)]))
    return an_event(draw(NAMES), time=time, title=draw(TITLES), description=draw(TITLES))


@st.composite
def series(draw: st.DrawFn) -> Event:
    start = START.replace(hour=draw(HOURS)) + draw(st.integers(-1, 2)) * DAY
    exceptions = {}
    for day in draw(st.sets(st.integers(0, 3), max_size=2)):
        original = start + day * DAY
        moved = an_override(original, start=original + draw(st.integers(-30, 90)) * HOUR, title=draw(TITLES))
        exceptions[original] = draw(st.sampled_from([a_hole(original), moved]))
    overrides = [exceptions[original] for original in sorted(exceptions)]
    if draw(st.booleans()) and overrides and overrides[0].time is not None:
        overrides[0] = replace(overrides[0], this_and_future=True)
    return a_series(draw(NAMES), rule=draw(RULES), start=start, title=draw(TITLES), overrides=overrides)


@dataclass(frozen=True)
class Step:
    """What is done, after so much time."""

    after: timedelta
    put: Sequence[Event] = ()
    removed: Sequence[str] = ()
    is_past_kept: bool = False
    swept: Snapshot = Snapshot.NONE
    is_deselected: bool = False


STEPS = st.builds(
    Step,
    after=st.sampled_from([HOUR, DAY, 4 * DAY]),
    put=st.lists(single_events() | series(), max_size=2),
    removed=st.lists(NAMES, max_size=1),
    is_past_kept=st.booleans(),
    swept=st.sampled_from([Snapshot.NONE] * 4 + [Snapshot.UPCOMING, Snapshot.WHOLE]),
    is_deselected=st.sampled_from([False] * 7 + [True]),
)


@dataclass
class History:
    """What was done with a calendar, with all that was stored after each step."""

    place: Place
    clock: datetime = NOW + 5 * DAY
    snapshots: list[tuple[datetime, Seen]] = field(default_factory=list)

    async def do(self, step: Step) -> None:
        self.clock += step.after
        window = Window(self.clock - DAY, self.clock + 8 * DAY)
        since = self.clock if step.is_past_kept else None
        removals = [Removal(name, since) for name in step.removed]
        await self.place.apply(*step.put, *removals, window=window, now=self.clock)
        if step.swept is not Snapshot.NONE:
            await self.place.sweep("a", snapshot=step.swept, confirmed=True, now=self.clock)
        async with self.place.database.begin() as tx:
            await tx.events.roll(self.place.calendar, window, self.clock)
            if step.is_deselected:
                await tx.events.remove_calendar_events(self.place.calendar.id, None, self.clock)
        self.snapshots.append((self.clock, await now(self.place)))

    async def expect_kept(self) -> None:
        ids = sorted({id for _, seen in self.snapshots for id in seen})
        before: Seen = {}
        for at, seen in self.snapshots:
            assert await then(self.place, ids, at) == seen
            assert await then(self.place, ids, at - timedelta(microseconds=1)) == before
            before = seen


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEPS, min_size=2, max_size=5))
async def test_as_of_each_instant_all_is_as_it_was_stored_then(database: Database, steps: Sequence[Step]) -> None:
    history = History(await a_place(database, f"{token_hex(8)}@example.com"))
    for step in steps:
        await history.do(step)
    await history.expect_kept()


# Each way in which things come to be otherwise


async def as_of(place: Place, id: OccurrenceId, at: datetime) -> tuple[str | None, str | None] | None:
    """What the occurrence was called then, and what was said of it; `None` where it was not there."""
    async with place.database.begin(write=False) as tx:
        past = await tx.events.as_of(place.actor, id, at)
    return None if past is None else (past.occurrence.title, past.content.details.description)


async def only(place: Place) -> OccurrenceId:
    (occurrence,) = await place.occurrences()
    return occurrence.id


async def test_what_is_gone_is_told_as_it_was_while_it_was_there(place: Place) -> None:
    await place.apply(an_event("a", title="One", description="Old"), now=NOW)
    id = await only(place)
    await place.apply(an_event("a", title="Two", description="New"), now=NOW + HOUR)
    await place.apply(Removal("a"), now=NOW + 2 * HOUR)
    found = [await as_of(place, id, NOW + number * HOUR / 2) for number in range(-1, 6)]
    assert found == [None, ("One", "Old"), ("One", "Old"), ("Two", "New"), ("Two", "New"), None, None]


async def test_what_was_over_is_told_as_it_was_stored_though_its_series_went_on_without_it(place: Place) -> None:
    """A list shows what was over as it was last written; what else it says is what its series says."""
    rule, much_later = "FREQ=DAILY;COUNT=2", NOW + 300 * DAY
    window = Window(much_later, much_later + 90 * DAY)
    await place.apply(a_series(rule=rule, title="One", description="Old"))
    id = (await place.occurrences())[0].id
    await place.apply(a_series(rule=rule, title="Two", description="New"), window=window, now=much_later)
    again = an_override(START, start=START + 310 * DAY, title="Three")
    await place.apply(a_series(rule=rule, overrides=[again]), window=window, now=much_later + 2 * HOUR)
    found = [await as_of(place, id, at) for at in (much_later - HOUR, much_later + HOUR, much_later + 3 * HOUR)]
    assert found == [("One", "Old"), ("One", "New"), ("Three", None)]


async def test_an_instance_that_its_provider_lists_no_more_is_told_at_its_start(place: Place) -> None:
    listed = [Window(NOW + days * DAY, NOW + (days + 30) * DAY) for days in (0, 300)]
    starts = [START, START + 310 * DAY]
    for window, start in zip(listed, starts, strict=True):
        recurrence = Recurrence(dates=(start,), listed=window)
        series = replace(a_series("s"), recurrence=recurrence)
        await place.apply(series, window=window, now=window.start)
    id = (await place.occurrences())[0].id
    await place.apply(Removal("s"), now=NOW + 301 * DAY)
    past = (await then(place, [id], NOW + DAY))[id][0]
    assert (past.starts_at, past.ends_at) == (START.replace(tzinfo=ZoneInfo(ZONE)), past.starts_at + HOUR)


async def test_auto_join_is_as_of_now(place: Place) -> None:
    await place.apply(an_event("a", title="One"))
    id = await only(place)
    await place.apply(an_event("a", title="Two"), now=NOW + HOUR)
    async with place.database.begin() as tx:
        await tx.events.set_auto_join(place.actor, id, AutoJoinStatus.DISABLED)
    past, _ = (await then(place, [id], NOW))[id]
    assert (past.title, past.auto_join_status) == ("One", AutoJoinStatus.DISABLED)


async def test_what_was_disconnected_is_forgotten(place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    await place.apply(Removal("a"), now=NOW + HOUR)
    async with place.database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id)
    assert await then(place, ids, NOW) == {}


async def test_nobody_sees_another_one_s_past(place: Place) -> None:
    bob = await a_place(place.database, "bob@example.com")
    await place.apply(an_event("a"), an_event("b"))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    await place.apply(Removal("a"), now=NOW + HOUR)
    assert await then(bob, ids, NOW) == {}
    assert len(await then(place, ids, NOW)) == 2


async def test_a_time_before_what_is_kept_is_refused(place: Place) -> None:
    await place.apply(an_event("a"))
    id = await only(place)
    async with place.database.begin() as tx:
        await tx.connection.execute(tables.change_sequences.update().values(compacted_seq=1, compacted_at=NOW))
    assert await as_of(place, id, NOW) is not None
    with pytest.raises(HistoryCompacted) as refused:
        await as_of(place, id, NOW - HOUR)
    assert refused.value.since == NOW


async def test_what_an_older_version_recorded_without_what_was_before_is_refused(place: Place) -> None:
    await place.apply(an_event("a"))
    id = await only(place)
    await place.apply(an_event("a", title="New"), now=NOW + HOUR)
    async with place.database.begin() as tx:
        await tx.connection.execute(tables.changes.update().values(before_payload=None))
    with pytest.raises(HistoryCompacted):
        await as_of(place, id, NOW)
    assert await as_of(place, id, NOW + HOUR) == ("New", None)
