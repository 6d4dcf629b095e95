"""Until when an event object has instances."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from calendar_sync.domain.events import Event, Recurrence
from calendar_sync.recurrence import expand
from calendar_sync.store.endings import ends_at
from tests.builders import WINDOW, a_series, an_event, an_override, wall


def ending(event: Event) -> datetime | None:
    return ends_at(event, expand(event, WINDOW), WINDOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_single_event_ends_when_it_ends() -> None:
    assert ending(an_event(start=wall("1999-07-01T09:00"))) == utc("1999-07-01T08:00")


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=DAILY;UNTIL=20991231", "FREQ=YEARLY;COUNT=9"])
def test_a_series_with_instances_beyond_the_window_has_no_end_yet(rule: str) -> None:
    assert ending(a_series(rule=rule)) is None


@pytest.mark.parametrize("until", ["20260322", "20260322T080000", "20260322T080000Z"])
def test_a_series_ends_with_the_last_instance_before_its_until(until: str) -> None:
    assert ending(a_series(rule=f"FREQ=WEEKLY;UNTIL={until}")) == utc("2026-03-16T09:00")


def test_a_series_ends_with_the_last_instance_it_counts() -> None:
    assert ending(a_series(rule="FREQ=WEEKLY;COUNT=3")) == utc("2026-03-23T09:00")


def test_a_series_that_ended_before_the_window_has_ended_by_its_start() -> None:
    long_over = a_series(rule="FREQ=DAILY;COUNT=3", start=wall("2019-01-01T09:00"))
    assert ending(long_over) == WINDOW.start


def test_an_instance_moved_beyond_the_window_is_still_ahead() -> None:
    moved = an_override(wall("2026-03-16T09:00"), start=wall("2031-01-01T09:00"))
    assert ending(a_series(rule="FREQ=WEEKLY;COUNT=3", overrides=[moved])) is None
    assert ending(a_series(rule="FREQ=WEEKLY;UNTIL=20260401", overrides=[moved])) is None


def test_a_date_beyond_the_window_is_still_ahead() -> None:
    event = replace(a_series(), recurrence=Recurrence(rules=("FREQ=DAILY;COUNT=2",), dates=(wall("2031-01-01T09:00"),)))
    assert ending(event) is None


def test_a_series_that_was_not_expanded_in_full_has_no_end_yet() -> None:
    event = a_series(rule="FREQ=SECONDLY;COUNT=1000000")
    assert expand(event, WINDOW).truncated
    assert ending(event) is None


def test_an_orphan_of_several_exceptions_ends_with_the_last_of_them() -> None:
    overrides = [an_override(wall("2026-03-16T09:00")), an_override(wall("2026-03-23T09:00"))]
    orphan = replace(a_series(overrides=overrides), recurrence=Recurrence(), is_orphan=True)
    assert ending(orphan) == utc("2026-03-23T09:00")
