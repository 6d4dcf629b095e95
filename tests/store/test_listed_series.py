"""Series that their provider expanded: a listing that moves on says nothing new, and one that differs does."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Event, Override, Recurrence, Window
from calendar_sync.domain.providers import Removal
from calendar_sync.recurrence import expand, in_common
from tests.builders import NOW, START, WINDOW, a_series, an_override, wall
from tests.store.conftest import Place

WEEK = timedelta(weeks=1)
SPAN = Window(WINDOW.start, WINDOW.end + timedelta(days=30))
WEEKS = [START + week * WEEK for week in range(-8, 70)]


def a_listing(
    starts: Iterable[datetime] = WEEKS,
    *,
    span: Window = SPAN,
    overrides: Iterable[Override] = (),
    title: str = "Stand-up",
) -> Event:
    """A weekly series as its provider lists it in `span`: those of `starts` that are in it."""
    within = (start for start in starts if span.start <= start.replace(tzinfo=UTC) < span.end)
    return replace(
        a_series(start=WEEKS[0], title=title, overrides=overrides),
        recurrence=Recurrence(("FREQ=WEEKLY",), dates=tuple(within), listed=span),
    )


def later(by: timedelta) -> Window:
    return Window(SPAN.start + by, SPAN.end + by)


async def test_the_instances_are_those_that_the_provider_lists(place: Place) -> None:
    listed = [START, START + 2 * WEEK]
    await place.apply(a_listing(listed, overrides=[an_override(START + 3 * WEEK, title="Moved")]))
    shown = [(each.original_start, each.title) for each in await place.occurrences()]
    assert shown == [
        ("2026-03-09T09:00:00", "Stand-up"),
        ("2026-03-23T09:00:00", "Stand-up"),
        ("2026-03-30T09:00:00", "Moved"),
    ]
    assert all(each.is_recurring for each in await place.occurrences())


async def test_an_instance_that_is_listed_no_more_is_a_change_of_its_series(place: Place) -> None:
    await place.apply(a_listing())
    before = await place.occurrences()
    assert set(await place.apply(a_listing(each for each in WEEKS if each != START))) == {"s1"}
    after = await place.occurrences()
    assert [each for each in before if each not in after] == [
        each for each in before if each.original_start == "2026-03-09T09:00:00"
    ]


async def test_a_listing_that_moved_on_changes_nothing_and_shows_what_came_into_view(place: Place) -> None:
    await place.apply(a_listing())
    before = await place.occurrences()
    by = timedelta(days=90)
    window = Window(WINDOW.start + by, WINDOW.end + by)
    assert await place.apply(a_listing(span=later(by)), window=window, now=NOW + by) == {}
    after = await place.occurrences()
    assert [each.id for each in after][: len(before)] == [each.id for each in before]
    assert after[-1].starts_at > WINDOW.end + timedelta(days=80)
    assert len(await place.changes()) == 1


async def test_history_that_a_listing_left_behind_is_kept(place: Place) -> None:
    await place.apply(a_listing())
    first = (await place.occurrences())[0]
    by = timedelta(days=90)
    window = Window(WINDOW.start + by, WINDOW.end + by)
    changed = a_listing(span=later(by), title="Renamed")
    assert set(await place.apply(changed, window=window, now=NOW + by)) == {"s1"}
    assert (await place.occurrences())[0] == first


async def test_a_hole_made_while_the_listing_moved_on_is_a_change(place: Place) -> None:
    await place.apply(a_listing())
    by = timedelta(days=30)
    without = a_listing((each for each in WEEKS if each != START + 10 * WEEK), span=later(by))
    assert set(await place.apply(without, now=NOW + by)) == {"s1"}


async def test_an_exception_that_only_one_of_two_spans_reaches_is_no_change(place: Place) -> None:
    far = START + 60 * WEEK
    assert SPAN.end < far.replace(tzinfo=UTC) < later(timedelta(days=90)).end
    await place.apply(a_listing())
    exception = an_override(far, title="Far away")
    assert await place.apply(a_listing(span=later(timedelta(days=90)), overrides=[exception])) == {}
    assert await place.apply(a_listing(span=later(timedelta(days=90)))) != {}


async def test_the_removal_of_what_is_outside_a_window_keeps_history(place: Place) -> None:
    past, ahead = a_listing(), replace(a_series("ahead"), recurrence=None)
    over = replace(a_series("over", start=wall("2026-02-16T09:00")), recurrence=None)
    await place.apply(past, ahead, over)
    gone = await place.apply(*(Removal(name, since=NOW) for name in ("s1", "ahead", "over", "never")))
    assert set(gone) == {"s1", "ahead"}
    kept = await place.occurrences()
    assert kept
    assert all(each.ends_at <= NOW for each in kept)
    assert {each.series_id for each in kept} == {each.series_id for each in kept if each.starts_at < NOW}
    assert await place.apply(Removal("s1", since=NOW)) == {}


@pytest.mark.parametrize("other", [a_series(), replace(a_series(), recurrence=None), a_listing()])
def test_only_listings_of_different_spans_are_compared_by_what_they_have_in_common(other: Event) -> None:
    assert in_common(a_listing(), other) is None


DAYS = st.integers(0, 400)


@settings(max_examples=60)
@given(weeks=st.sets(st.integers(0, len(WEEKS) - 1)), moved=DAYS, gone=st.integers(0, len(WEEKS) - 1))
def test_two_listings_agree_exactly_where_both_look(weeks: set[int], moved: int, gone: int) -> None:
    """The law: whatever the provider has, spans alone make no difference, and an instance that both cover does."""
    starts = sorted(WEEKS[week] for week in weeks)
    span = later(timedelta(days=moved))
    common = in_common(a_listing(starts), a_listing(starts, span=span))
    assert moved == 0 or (common is not None and common[0] == common[1])
    lost = WEEKS[gone]
    is_covered = lost in starts and max(span.start, SPAN.start) + timedelta(days=3) < lost.replace(
        tzinfo=UTC
    ) < SPAN.end - timedelta(days=3)
    rest = [start for start in starts if start != lost]
    differing = in_common(a_listing(starts), a_listing(rest, span=span))
    if differing is not None and is_covered:
        assert differing[0] != differing[1]


def test_a_listing_is_expanded_within_the_window_alone() -> None:
    window = Window(NOW, NOW + timedelta(days=10))
    assert [each.original_start for each in expand(a_listing(), window).instances] == ["2026-03-09T09:00:00"]
