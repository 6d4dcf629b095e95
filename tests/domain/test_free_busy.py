"""Busy time, against a model that looks at every minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import EventStatus, ResponseStatus
from calendar_sync.domain.free_busy import BusyKind, Interval, busy_blocks, busy_kind, united, without

MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
CONFIRMED, TENTATIVE, CANCELLED = EventStatus.CONFIRMED, EventStatus.TENTATIVE, EventStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "is_busy", "response", "kind"),
    [
        (CONFIRMED, True, None, BusyKind.BUSY),
        (CONFIRMED, True, ResponseStatus.ACCEPTED, BusyKind.BUSY),
        (CONFIRMED, True, ResponseStatus.TENTATIVE, BusyKind.TENTATIVE),
        (CONFIRMED, True, ResponseStatus.NEEDS_ACTION, BusyKind.TENTATIVE),
        (CONFIRMED, True, ResponseStatus.DECLINED, None),
        (TENTATIVE, True, None, BusyKind.TENTATIVE),
        (TENTATIVE, True, ResponseStatus.ACCEPTED, BusyKind.TENTATIVE),
        (TENTATIVE, True, ResponseStatus.DECLINED, None),
        (CANCELLED, True, ResponseStatus.ACCEPTED, None),
        (CONFIRMED, False, ResponseStatus.ACCEPTED, None),
        (TENTATIVE, False, None, None),
    ],
)
def test_how_an_event_takes_time(
    status: EventStatus, is_busy: bool, response: ResponseStatus | None, kind: BusyKind | None
) -> None:
    assert busy_kind(status, is_busy, response) is kind


def minute(number: int) -> datetime:
    return MIDNIGHT + number * timedelta(minutes=1)


def interval(start: int, end: int) -> Interval:
    return Interval(minute(start), minute(end))


an_interval = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda one: interval(one[0], sum(one)))
intervals = st.lists(an_interval, max_size=8)
taken = st.lists(st.tuples(an_interval, st.sampled_from(BusyKind)), max_size=8)


def minutes(some: list[Interval]) -> list[int]:
    """Those that are in one of the intervals; one that is in several is there as often."""
    return [number for number in range(100) for one in some if one.start <= minute(number) < one.end]


def are_apart(some: list[Interval]) -> bool:
    """In order, with time between them."""
    return all(one.start < one.end for one in some) and all(one.end < other.start for one, other in pairwise(some))


@settings(max_examples=40)
@given(intervals)
def test_united_intervals_are_the_same_minutes_once(some: list[Interval]) -> None:
    assert minutes(united(some)) == sorted(set(minutes(some)))
    assert are_apart(united(some))


@settings(max_examples=60)
@given(intervals, intervals)
def test_what_is_left_is_the_minutes_that_are_not_taken(some: list[Interval], others: list[Interval]) -> None:
    left = without(united(some), united(others))

    assert minutes(left) == sorted(set(minutes(some)) - set(minutes(others)))
    assert are_apart(left)


@settings(max_examples=60)
@given(taken, st.integers(0, 40), st.integers(0, 40))
def test_a_minute_is_busy_if_an_event_makes_it_so_and_tentative_if_only_others_do(
    events: list[tuple[Interval, BusyKind]], start: int, length: int
) -> None:
    window = interval(start, start + length)

    blocks = busy_blocks(events, window)

    seen = {number: block.kind for block in blocks for number in minutes([Interval(block.start, block.end)])}
    said = {
        number: min(kind for one, kind in events if one.start <= minute(number) < one.end)
        for number in range(start, start + length)
        if any(one.start <= minute(number) < one.end for one, _ in events)
    }
    assert seen == said, "`busy` comes before `tentative`"
    assert sum(len(minutes([Interval(block.start, block.end)])) for block in blocks) == len(said)
    assert blocks == sorted(blocks, key=lambda block: block.start)


@settings(max_examples=40)
@given(taken)
def test_blocks_of_one_kind_have_time_between_them(events: list[tuple[Interval, BusyKind]]) -> None:
    blocks = busy_blocks(events, interval(0, 100))

    for kind in BusyKind:
        assert are_apart([Interval(block.start, block.end) for block in blocks if block.kind is kind])
