"""Spelled out, a series has the same instances."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, Instance, Override, Recurrence, Window
from calendar_sync.export.spelling import spelled_out
from calendar_sync.recurrence import expand
from tests.builders import START, ZONE, a_series, a_time, an_all_day_time, an_override, wall
from tests.export.made_up import event_objects

ALWAYS = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC))
WEEK = timedelta(days=7)


def instances(event: Event) -> list[tuple[datetime, datetime, Details]]:
    def told(instance: Instance) -> tuple[datetime, datetime, Details]:
        return instance.starts_at, instance.ends_at, instance.details

    return [told(instance) for instance in expand(event, ALWAYS).instances]


@given(event=event_objects())
@settings(max_examples=60, deadline=None)
def test_the_instances_are_the_same_and_so_is_what_is_spelled_out_again(event: Event) -> None:
    spelled = spelled_out(event)

    assert instances(spelled) == instances(event)
    assert spelled_out(spelled) == spelled


@given(fold=st.integers(0, 1), is_overridden=st.booleans(), is_excluded=st.booleans())
def test_a_series_that_starts_in_the_second_of_two_equal_hours_starts_there(
    fold: int, is_overridden: bool, is_excluded: bool
) -> None:
    start = wall("2026-10-25T02:30")
    second = start.replace(fold=fold)
    overrides = [an_override(second, start=wall("2026-10-25T09:00"))] if is_overridden else []
    exceptions = [second] if is_excluded else []
    event = a_series(time=a_time(start, fold=fold), rule="FREQ=DAILY", overrides=overrides, exceptions=exceptions)

    spelled = spelled_out(event)

    assert spelled.time.fold == 0
    assert instances(spelled) == instances(event)


@pytest.mark.parametrize(
    ("rule", "spelled"),
    [
        ("FREQ=DAILY;UNTIL=20260310", "FREQ=DAILY;UNTIL=20260310T225959Z"),
        ("FREQ=DAILY;UNTIL=20260310T090000", "FREQ=DAILY;UNTIL=20260310T080000Z"),
        ("FREQ=DAILY;UNTIL=20260310T080000Z", "FREQ=DAILY;UNTIL=20260310T080000Z"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260401T080000Z", "FREQ=DAILY;UNTIL=20260311T080000Z"),
        ("FREQ=DAILY;COUNT=30;UNTIL=20260310T080000Z", "FREQ=DAILY;UNTIL=20260310T080000Z"),
        ("FREQ=DAILY;COUNT=-1", "FREQ=DAILY"),
    ],
)
def test_until_is_in_utc_and_stands_alone(rule: str, spelled: str) -> None:
    event = a_series(rule=rule)

    assert _recurrence(spelled_out(event)).rules == (spelled,)
    assert instances(spelled_out(event)) == instances(event)


@pytest.mark.parametrize("until", ["20260310", "20260310T000000", "20260309T230000Z", "20260310T235959Z"])
def test_until_of_whole_days_is_a_day(until: str) -> None:
    event = a_series(rule=f"FREQ=DAILY;UNTIL={until}", time=an_all_day_time())

    assert _recurrence(spelled_out(event)).rules == ("FREQ=DAILY;UNTIL=20260310",)


@pytest.mark.parametrize("rule", ["nonsense", "FREQ=DAILY;BYDAY=XX", "FREQ=YEARLY;BYMONTH=13"])
def test_a_rule_that_cannot_be_followed_is_left_out(rule: str) -> None:
    assert _recurrence(spelled_out(a_series(rule=rule))).rules == ()


def test_days_that_are_excluded_are_excluded_by_their_starts() -> None:
    event = a_series(rule="FREQ=DAILY;BYHOUR=9,15;COUNT=6")
    assert event.recurrence is not None
    event = Event(
        event.remote_id,
        event.uid,
        event.time,
        event.details,
        Recurrence(event.recurrence.rules, excluded_days=(date(2026, 3, 10),)),
    )

    spelled = spelled_out(event)

    assert _recurrence(spelled).exceptions == (wall("2026-03-10T09:00"), wall("2026-03-10T15:00"))
    assert _recurrence(spelled).excluded_days == ()
    assert instances(spelled) == instances(event)


def test_a_listing_begins_with_its_first_date_and_ends_in_the_zone_it_ends_in() -> None:
    time = a_time(START, lasts=timedelta(hours=9))
    time = type(time)(time.start, wall("2026-03-09T12:00"), ZONE, end_zone="America/New_York")
    dates = (START + 2 * WEEK, START + 3 * WEEK)
    event = Event("s", "s@example.com", time, Details(), Recurrence(("FREQ=WEEKLY",), dates=dates, listed=ALWAYS))

    spelled = spelled_out(event)

    assert spelled.time.start == dates[0]
    assert _recurrence(spelled) == Recurrence(dates=(dates[1],))
    assert instances(spelled) == instances(event)


def test_a_listing_of_exceptions_only_is_one_of_orphans() -> None:
    listing = Recurrence(("FREQ=WEEKLY",), listed=ALWAYS)
    overrides = (an_override(START, start=START + WEEK), an_override(START + WEEK, start=START + 2 * WEEK))
    event = Event("s", "s@example.com", a_time(), Details(), listing, overrides)

    assert spelled_out(event).is_orphan
    assert instances(spelled_out(event)) == instances(event)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    event = a_series(time=a_time(zone="Mars/Olympus"), overrides=[Override(START, a_time(zone="Mars/Base"), Details())])

    assert {spelled_out(event).time.zone, *(one.time and one.time.zone for one in spelled_out(event).overrides)} == {
        "UTC"
    }


def _recurrence(event: Event) -> Recurrence:
    assert event.recurrence is not None
    return event.recurrence
