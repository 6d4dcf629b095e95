"""The identifier of an occurrence never changes while its instance lives (the fifth law)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.events import EventTime
from calendar_sync.domain.identifiers import EventId, OccurrenceId, occurrence_id
from calendar_sync.store.identity import assign, wall_text
from tests.builders import START, a_time, an_all_day_time, wall

EVENT = EventId("evt_1")

SHIFTS = st.integers(-72, 72).map(lambda hours: timedelta(hours=hours))
STEPS = st.sampled_from([timedelta(hours=1), timedelta(hours=7), timedelta(days=1), timedelta(days=7)])


@st.composite
def series(draw: st.DrawFn) -> list[datetime]:
    """The starts of a series: regular, with holes; the first is the event's own."""
    step, count = draw(STEPS), draw(st.integers(1, 12))
    holes = draw(st.sets(st.integers(1, 12), max_size=4))
    return [START + step * number for number in range(count) if number not in holes]


def originals(starts: Sequence[datetime]) -> list[str]:
    return [wall_text(start, all_day=False) for start in starts]


def moved(
    stored: Mapping[str, OccurrenceId], before: Sequence[datetime], after: Sequence[datetime]
) -> dict[str, OccurrenceId]:
    return assign(EVENT, stored, originals(after), before=a_time(before[0]), after=a_time(after[0]))


@given(series())
def test_new_instances_are_named_by_their_original_start(starts: list[datetime]) -> None:
    named = moved({}, starts, starts)
    assert named == {original: occurrence_id(EVENT, original) for original in originals(starts)}


@given(series(), st.sets(st.integers(0, 11)))
def test_an_instance_that_stays_where_it_is_keeps_its_identifier(starts: list[datetime], gone: set[int]) -> None:
    stored = {original: OccurrenceId(f"mcevt_{number}") for number, original in enumerate(originals(starts))}
    left = [start for number, start in enumerate(starts) if number == 0 or number not in gone]
    named = moved(stored, starts, left)
    assert named == {original: stored[original] for original in originals(left)}


@given(st.integers(1, 12), SHIFTS.filter(lambda shift: shift % timedelta(days=1) != timedelta()))
def test_a_series_that_moves_as_a_whole_keeps_all_its_identifiers(count: int, shift: timedelta) -> None:
    starts = [START + timedelta(days=number) for number in range(count)]
    stored = moved({}, starts, starts)
    shifted = [start + shift for start in starts]
    named = moved(stored, starts, shifted)
    assert list(named.values()) == list(stored.values())
    assert moved(named, shifted, starts) == stored


@given(st.lists(series(), min_size=2, max_size=6), st.lists(SHIFTS, min_size=6, max_size=6))
def test_whatever_becomes_of_a_series_no_two_instances_share_an_identifier_and_none_is_lost(
    versions: list[list[datetime]], shifts: list[timedelta]
) -> None:
    versions = [[start + shift for start in starts] for starts, shift in zip(versions, shifts, strict=False)]
    stored = moved({}, versions[0], versions[0])
    for before, after in pairwise(versions):
        named = moved(stored, before, after)
        assert list(named) == originals(after)
        assert len(set(named.values())) == len(named)
        assert all(named[original] == stored[original] for original in named.keys() & stored.keys())
        stored = named


@given(series(), SHIFTS, st.data())
def test_a_name_that_a_moved_instance_took_along_is_not_given_again(
    starts: list[datetime], shift: timedelta, data: st.DataObject
) -> None:
    """Also where the instance that has it lies in the past and is not written any more."""
    taken = {occurrence_id(EVENT, original) for original in data.draw(st.sets(st.sampled_from(originals(starts))))}
    named = assign(EVENT, {}, originals(starts), before=a_time(), after=a_time(), taken=taken)
    assert not taken & set(named.values())


def test_a_series_that_moves_to_where_it_was_before_has_its_old_names_again_though_others_were_made_meanwhile() -> None:
    monday = [START, START + timedelta(days=7)]
    tuesday = [start + timedelta(days=1) for start in monday]
    stored = moved({}, monday, monday)
    assert moved(moved(stored, monday, tuesday), tuesday, monday) == stored


def single(time: EventTime, stored: Mapping[str, OccurrenceId], before: EventTime) -> OccurrenceId:
    return assign(EVENT, stored, [""], before=before, after=time)[""]


def test_a_single_event_keeps_its_identifier_whatever_becomes_of_its_time() -> None:
    times = [a_time(), a_time(wall("2031-01-01T23:00")), an_all_day_time(), a_time(zone="Asia/Tokyo")]
    stored = {"": single(times[0], {}, times[0])}
    assert all(single(after, stored, before) == stored[""] for before in times for after in times)


def test_a_single_event_that_becomes_a_series_gives_its_identifier_to_the_instance_at_its_start() -> None:
    week = [START - timedelta(days=7), START, START + timedelta(days=7)]
    stored = {"": occurrence_id(EVENT, "")}
    named = assign(EVENT, stored, originals(week), before=a_time(START), after=a_time(week[0]))
    assert [identifier == stored[""] for identifier in named.values()] == [False, True, False]


def test_a_single_event_that_moves_and_becomes_a_series_gives_it_to_the_first_instance() -> None:
    week = [START + timedelta(hours=1), START + timedelta(days=7, hours=1)]
    stored = {"": occurrence_id(EVENT, "")}
    named = assign(EVENT, stored, originals(week), before=a_time(START), after=a_time(week[0]))
    assert [identifier == stored[""] for identifier in named.values()] == [True, False]


def test_a_series_that_becomes_single_keeps_the_identifier_of_the_instance_at_that_start() -> None:
    week = [START, START + timedelta(days=7)]
    stored = moved({}, week, week)
    assert single(a_time(week[1]), stored, a_time(week[0])) == stored[originals(week)[1]]
    assert single(a_time(START + timedelta(hours=1)), stored, a_time(START)) == stored[originals(week)[0]]


def test_a_timed_series_that_becomes_all_day_keeps_its_identifiers() -> None:
    week = [START, START + timedelta(days=7)]
    stored = moved({}, week, week)
    days = assign(EVENT, stored, ["2026-03-09", "2026-03-16"], before=a_time(START), after=an_all_day_time())
    assert list(days.values()) == list(stored.values())
    assert assign(EVENT, days, originals(week), before=an_all_day_time(), after=a_time(START)) == stored


def test_nothing_is_shifted_past_the_ends_of_time() -> None:
    last = "9999-12-31T09:00:00"
    named = assign(
        EVENT,
        {last: OccurrenceId("mcevt_x")},
        ["2026-03-10T09:00:00"],
        before=a_time(),
        after=a_time(wall("2026-03-10")),
    )
    assert list(named) == ["2026-03-10T09:00:00"]
