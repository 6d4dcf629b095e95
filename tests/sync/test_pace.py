"""When the next run is due, and what decides so."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.schedule import DueReason
from calendar_sync.sync.pace import LONGEST_BACK_OFF, LONGEST_WAIT, WHILE_PUSHED, Pace, Rhythm, Wait

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INTERVAL = 5 * MINUTE
PUSHED = Rhythm(is_pushed=True, renew_in=3 * DAY)

chances = st.floats(0, 1, exclude_max=True)
waits = st.timedeltas(timedelta(seconds=1), 8 * DAY)
intervals = st.timedeltas(timedelta(seconds=1), DAY)
"""Those that an operator can set."""
paces = st.builds(lambda interval, chance: Pace(interval, lambda: chance), intervals, chances)
rhythms = st.builds(
    Rhythm,
    wanted=st.none() | st.timedeltas(MINUTE, DAY),
    published=st.none() | waits,
    is_pushed=st.just(False),
    renew_in=st.none(),
)
pushed_rhythms = st.builds(
    Rhythm,
    wanted=st.none() | st.timedeltas(MINUTE, DAY),
    is_pushed=st.booleans(),
    renew_in=st.timedeltas(-DAY, 8 * DAY),
)
any_rhythm = rhythms | pushed_rhythms
failures = st.integers(0, 10_000)


def wait(
    rhythm: Rhythm = Rhythm(),
    *,
    failed: int = 0,
    retry_after: timedelta | None = None,
    chance: float = 0.5,
    interval: timedelta = INTERVAL,
) -> Wait:
    """Without chance, unless it is given."""
    return Pace(interval, lambda: chance).wait(rhythm, failed=failed, retry_after=retry_after)


# The interval


def test_a_connection_is_polled_at_the_interval() -> None:
    assert wait() == Wait(INTERVAL, DueReason.INTERVAL)


def test_one_that_is_pushed_is_polled_more_seldom() -> None:
    assert wait(PUSHED) == Wait(WHILE_PUSHED * INTERVAL, DueReason.PUSHED)


def test_one_of_which_only_some_calendars_are_pushed_is_not() -> None:
    assert wait(replace(PUSHED, is_pushed=False)) == Wait(INTERVAL, DueReason.INTERVAL)


@pytest.mark.parametrize("minutes", [1, 60, 1440])
@pytest.mark.parametrize("rhythm", [Rhythm(), PUSHED, Rhythm(published=12 * HOUR)])
def test_an_interval_that_an_administrator_set_goes_before_all_else(rhythm: Rhythm, minutes: int) -> None:
    wanted = timedelta(minutes=minutes)
    assert wait(replace(rhythm, wanted=wanted)) == Wait(wanted, DueReason.ORGANIZATION_INTERVAL)


def test_a_feed_that_asks_to_be_read_more_seldom_is() -> None:
    assert wait(Rhythm(published=12 * HOUR)) == Wait(12 * HOUR, DueReason.FEED_INTERVAL)


def test_a_feed_is_read_once_a_day_even_if_it_asks_for_less() -> None:
    assert wait(Rhythm(published=30 * DAY)) == Wait(DAY, DueReason.FEED_INTERVAL)


def test_a_feed_cannot_ask_to_be_read_more_often() -> None:
    for published in (MINUTE, INTERVAL):
        assert wait(Rhythm(published=published)) == Wait(INTERVAL, DueReason.INTERVAL)


@given(paces, rhythms)
def test_waits_differ_by_a_quarter_of_the_interval_in_force_at_random(pace: Pace, rhythm: Rhythm) -> None:
    usual = pace.in_force(rhythm)
    found = pace.wait(rhythm)
    assert 0.75 * usual.length <= found.length <= 1.25 * usual.length
    assert found.reason is usual.reason


@given(paces, any_rhythm)
def test_every_connection_is_polled_daily_so_that_its_window_moves_on(pace: Pace, rhythm: Rhythm) -> None:
    assert pace.wait(rhythm).length <= LONGEST_WAIT


@given(paces, any_rhythm, failures, st.none() | waits)
def test_no_wait_is_shorter_than_three_quarters_of_what_was_set(
    pace: Pace, rhythm: Rhythm, failed: int, retry_after: timedelta | None
) -> None:
    shortest = min(pace.interval, rhythm.wanted or pace.interval)
    assert pace.wait(rhythm, failed=failed, retry_after=retry_after).length >= 0.75 * shortest


# Push


def test_a_channel_is_renewed_in_time_but_not_by_runs_without_end() -> None:
    soon = replace(PUSHED, renew_in=10 * MINUTE)
    assert wait(soon) == Wait(10 * MINUTE, DueReason.CHANNEL_RENEWAL)
    assert wait(replace(PUSHED, renew_in=-MINUTE)) == Wait(INTERVAL, DueReason.CHANNEL_RENEWAL)
    assert wait(replace(PUSHED, renew_in=INTERVAL * WHILE_PUSHED)).reason is DueReason.PUSHED


def test_an_interval_that_an_administrator_set_does_not_let_channels_end() -> None:
    seldom = Rhythm(wanted=DAY, is_pushed=True, renew_in=HOUR)
    assert wait(seldom) == Wait(HOUR, DueReason.CHANNEL_RENEWAL)
    assert wait(replace(seldom, is_pushed=False)) == Wait(HOUR, DueReason.CHANNEL_RENEWAL)


@given(paces, pushed_rhythms)
def test_no_wait_goes_beyond_the_renewal_of_a_channel_by_more_than_an_interval(pace: Pace, rhythm: Rhythm) -> None:
    assert rhythm.renew_in is not None
    assert pace.wait(rhythm).length <= max(rhythm.renew_in, 1.25 * pace.interval)


# Failures


def test_failures_double_the_wait_up_to_an_hour() -> None:
    waits = [wait(failed=failed) for failed in (1, 2, 3, 4, 10)]
    assert [each.length for each in waits] == [
        10 * MINUTE,
        20 * MINUTE,
        40 * MINUTE,
        LONGEST_BACK_OFF,
        LONGEST_BACK_OFF,
    ]
    assert {each.reason for each in waits} == {DueReason.BACKING_OFF}


def test_an_interval_above_an_hour_is_not_cut_short_by_failures() -> None:
    assert wait(failed=1, interval=6 * HOUR).length == 6 * HOUR
    assert wait(Rhythm(published=12 * HOUR), failed=1).length == 12 * HOUR


def test_an_interval_that_an_administrator_set_is_what_doubles() -> None:
    assert wait(Rhythm(wanted=MINUTE), failed=1).length == 2 * MINUTE


def test_one_that_is_pushed_is_tried_again_as_soon_as_any_other() -> None:
    assert wait(PUSHED, failed=1) == wait(failed=1)


@given(paces, any_rhythm, failures)
def test_one_failure_more_never_makes_the_wait_shorter(pace: Pace, rhythm: Rhythm, failed: int) -> None:
    found, more = (pace.wait(rhythm, failed=1 + each).length for each in (failed, failed + 1))
    assert found <= more
    assert more <= 1.25 * max(LONGEST_BACK_OFF, pace.in_force(rhythm).length)


# What the provider says


def test_a_wait_that_the_provider_names_is_kept() -> None:
    assert wait(retry_after=7 * HOUR, chance=0) == Wait(7 * HOUR, DueReason.RATE_LIMITED)
    assert wait(failed=1, retry_after=7 * HOUR, chance=0).reason is DueReason.RATE_LIMITED
    assert wait(failed=4, retry_after=MINUTE) == Wait(HOUR, DueReason.BACKING_OFF)


def test_those_who_were_told_the_same_do_not_come_back_at_once() -> None:
    found = [wait(retry_after=HOUR, chance=chance).length for chance in (0, 0.5, 0.99)]
    assert HOUR == found[0] < found[1] < found[2] < 1.25 * HOUR


@given(paces, any_rhythm, failures, waits)
def test_no_wait_is_shorter_than_the_provider_asks_for(
    pace: Pace, rhythm: Rhythm, failed: int, retry_after: timedelta
) -> None:
    found = pace.wait(rhythm, failed=failed, retry_after=retry_after)
    assert found.length >= retry_after
    latest = retry_after + 0.25 * min(retry_after, HOUR)
    assert found.length <= max(pace.wait(rhythm, failed=failed).length, latest)
