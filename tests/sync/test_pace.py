"""When the next run is due."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.sync.pace import LONGEST_BACK_OFF, Pace

MINUTE = timedelta(minutes=1)
chances = st.floats(0, 1, exclude_max=True)
spans = st.timedeltas(timedelta(), timedelta(days=8))


def wait(
    *,
    failed: int = 0,
    retry_after: timedelta | None = None,
    pushed: timedelta | None = None,
    wanted: timedelta | None = None,
    chance: float = 0.5,
    interval: timedelta = 5 * MINUTE,
) -> timedelta:
    """Without chance, unless it is given."""
    return Pace(interval, lambda: chance).wait(failed=failed, retry_after=retry_after, pushed=pushed, wanted=wanted)


def test_a_connection_is_polled_at_the_interval() -> None:
    assert wait() == 5 * MINUTE


def test_one_that_is_pushed_is_polled_more_seldom() -> None:
    assert wait(pushed=timedelta(days=3)) == 30 * MINUTE


def test_an_interval_that_somebody_set_holds_although_its_provider_pushes() -> None:
    assert wait(wanted=MINUTE) == wait(wanted=MINUTE, pushed=timedelta(days=3)) == MINUTE
    assert wait(wanted=timedelta(days=1)) == timedelta(days=1)
    assert wait(wanted=MINUTE, failed=1) == 2 * MINUTE


def test_a_channel_is_renewed_in_time_but_not_by_runs_without_end() -> None:
    assert wait(pushed=10 * MINUTE) == 10 * MINUTE
    assert wait(pushed=-MINUTE) == 5 * MINUTE


def test_failures_double_the_wait_up_to_an_hour() -> None:
    waits = [wait(failed=failed) for failed in (1, 2, 3, 4, 10)]
    assert waits == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, LONGEST_BACK_OFF, LONGEST_BACK_OFF]


def test_an_interval_above_an_hour_is_not_cut_short_by_failures() -> None:
    assert wait(failed=1, interval=timedelta(hours=6)) == timedelta(hours=6)


@given(chances, st.integers(0, 10), st.none() | spans, st.none() | spans)
def test_no_wait_is_shorter_than_asked_for_or_than_three_quarters_of_the_interval(
    chance: float, failed: int, retry_after: timedelta | None, pushed: timedelta | None
) -> None:
    found = wait(failed=failed, retry_after=retry_after, pushed=pushed, chance=chance)
    assert found >= max(timedelta(minutes=3.75), retry_after or timedelta())
    assert found <= 1.25 * max(LONGEST_BACK_OFF, retry_after or timedelta())


@given(chances)
def test_waits_differ_by_a_quarter_at_random(chance: float) -> None:
    assert timedelta(minutes=3.75) <= wait(chance=chance) <= timedelta(minutes=6.25)
