"""When a series is over."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, EventTime, Window
from calendar_sync.recurrence import Limits, ends_at, expand
from tests.recurrence.builders import UNBOUNDED, at, override, series, time
from tests.recurrence.definition import FREQUENCIES
from tests.recurrence.rules import moments, rule_text, rules

START = "2026-01-05T09:00"


def test_a_single_event_ends_with_itself() -> None:
    assert ends_at(Event("1", "1@test", time(START), Details())) == at("2026-01-05T10:00")


@pytest.mark.parametrize(
    ("rule", "end"),
    [
        ("FREQ=DAILY;COUNT=3", "2026-01-07T10:00"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-01-13T10:00"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=4", "2036-02-29T10:00"),
        ("FREQ=DAILY;UNTIL=20260107T085959Z", "2026-01-06T10:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20990630", "2099-05-31T10:00"),
        ("FREQ=YEARLY;INTERVAL=300;UNTIL=95001231", "9226-01-05T10:00"),
        ("FREQ=DAILY;UNTIL=20250101", "2026-01-05T10:00"),
    ],
)
def test_a_series_ends_with_its_last_instance(rule: str, end: str) -> None:
    assert ends_at(series(START, rule)) == at(end)


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=-1", "FREQ=YEARLY;UNTIL=99991231T235959Z"])
def test_an_endless_series_has_no_end(rule: str) -> None:
    assert ends_at(series(START, rule)) is None
    assert ends_at(series(START, rule, "FREQ=DAILY;COUNT=3")) is None


def test_an_end_beyond_the_limits_is_not_looked_for() -> None:
    event = series(START, "FREQ=DAILY;BYDAY=MO;COUNT=1000")

    assert ends_at(event, limits=Limits(max_steps=100)) is None
    assert ends_at(event) == at("2045-02-27T10:00")


def test_dates_and_moved_instances_may_come_later() -> None:
    moved = override("2026-01-06T09:00", time("2026-03-01T09:00", "2026-03-01T11:00"))

    assert ends_at(series(START, "FREQ=DAILY;COUNT=3", dates=["2026-02-01T09:00"])) == at("2026-02-01T10:00")
    assert ends_at(series(START, "FREQ=DAILY;COUNT=3", overrides=[moved])) == at("2026-03-01T11:00")


def test_a_last_instance_that_is_excluded_is_not_the_last() -> None:
    assert ends_at(series(START, "FREQ=DAILY;COUNT=3", exceptions=["2026-01-07T09:00"])) == at("2026-01-06T10:00")


def test_an_endless_series_can_be_cut_off() -> None:
    cut = override("2026-05-05T09:00", None, onwards=True)

    assert ends_at(series(START, "FREQ=DAILY", overrides=[cut])) == at("2026-05-04T10:00")


def test_a_series_of_nothing_ends_with_its_first() -> None:
    assert ends_at(series(START, exceptions=[START])) == at("2026-01-05T10:00")


def test_it_may_all_have_been_earlier() -> None:
    earlier = override("2026-01-06T09:00", time("2020-01-06T09:00"), onwards=True)
    event = series(START, "FREQ=DAILY;COUNT=5", exceptions=[START], overrides=[earlier])

    assert ends_at(event) == at("2020-01-09T10:00")


@given(
    parts=rules(FREQUENCIES[:4], counted=True),
    start=moments(),
    minutes=st.integers(0, 5000),
    excluded=st.sets(st.integers(1, 40), max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_it_is_when_the_last_of_all_instances_ends(
    parts: dict[str, str], start: datetime, minutes: int, excluded: set[int]
) -> None:
    moment = EventTime(start, start + timedelta(minutes=minutes), "Europe/Zurich")
    event = series(moment, rule_text(parts), exceptions=[f"{start + timedelta(days=day)}" for day in excluded])

    last = ends_at(event)

    assume(last is not None and last.year < 2100)  # or it takes long to see that there is nothing more
    assert last is not None
    instances = expand(event, Window(at("1990-01-01"), last + timedelta(days=4000)), limits=UNBOUNDED).instances
    assert last == max(instance.ends_at for instance in instances)
