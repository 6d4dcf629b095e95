"""Whatever an event says, `expand` and `ends_at` answer, and the answer is in order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, EventTime, Override, Recurrence, Window
from calendar_sync.recurrence import Limits, ends_at, expand
from tests.recurrence.builders import series, wall
from tests.recurrence.rules import rule_text, rules
from tests.recurrence.zone_texts import LORD_HOWE, ZURICH

LIMITS = Limits(max_instances=50, max_steps=2_000)
ALL_TIME = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

FOLDS = st.integers(0, 1)
WALLS = st.builds(
    lambda moment, fold: moment.replace(microsecond=0, fold=fold),
    st.datetimes() | st.datetimes(wall("2026-01-01"), wall("2026-02-01")),
    FOLDS,
)
INSTANTS = WALLS.map(lambda moment: moment.replace(tzinfo=UTC, fold=0))
ZONES = st.sampled_from(["UTC", "Europe/Zurich", "Pacific/Kiritimati", "Pacific/Pago_Pago", "", "Mars/Olympus"])
TIMES = st.builds(
    EventTime,
    start=WALLS,
    end=WALLS,
    zone=ZONES,
    all_day=st.booleans(),
    end_zone=st.none() | ZONES,
    zone_rules=st.sampled_from([None, None, None, ZURICH, LORD_HOWE, "BEGIN:VTIMEZONE"]),
    fold=FOLDS,
    end_fold=FOLDS,
)
RULES = rules().map(rule_text) | st.sampled_from(
    [
        "FREQ=DAILY;UNTIL=00010101T000000Z",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=YEARLY;COUNT=999999999",
        "nonsense",
    ]
)
RECURRENCES = st.builds(
    Recurrence,
    rules=st.lists(RULES, max_size=2).map(tuple),
    exception_rules=st.lists(RULES, max_size=2).map(tuple),
    dates=st.lists(WALLS, max_size=3).map(tuple),
    exceptions=st.lists(WALLS, max_size=3).map(tuple),
    periods=st.lists(st.tuples(WALLS, WALLS), max_size=2).map(tuple),
    excluded_days=st.lists(st.dates(), max_size=2).map(tuple),
)
OVERRIDES = st.builds(
    Override, original_start=WALLS, time=st.none() | TIMES, details=st.just(Details()), this_and_future=st.booleans()
)
EVENTS = st.builds(
    Event,
    remote_id=st.just("1"),
    uid=st.just("1@test"),
    time=TIMES,
    details=st.just(Details()),
    recurrence=st.none() | RECURRENCES,
    overrides=st.lists(OVERRIDES, max_size=3).map(tuple),
    is_orphan=st.booleans(),
)
WINDOWS = st.builds(Window, INSTANTS, INSTANTS) | st.just(ALL_TIME)


@given(event=EVENTS, window=WINDOWS)
@settings(max_examples=80, deadline=None)
def test_it_is_expanded(event: Event, window: Window) -> None:
    expansion = expand(event, window, limits=LIMITS)

    assert len(expansion.instances) <= LIMITS.max_instances
    assert list(expansion.instances) == sorted(expansion.instances, key=lambda each: each.starts_at)
    assert all(each.starts_at <= each.ends_at for each in expansion.instances)
    if event.is_recurring:
        keys = [each.original_start for each in expansion.instances]
        assert len(keys) == len(set(keys))
        assert all(each.starts_at < window.end and each.ends_at >= window.start for each in expansion.instances)


@given(event=EVENTS)
@settings(max_examples=60, deadline=None)
def test_its_end_is_looked_for(event: Event) -> None:
    end = ends_at(event, limits=LIMITS)

    assert end is None or end.tzinfo is UTC


@pytest.mark.parametrize("start", ["0001-01-01T00:00", "0001-01-01", "9998-12-31T23:30", "9998-12-31"])
@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO;BYSETPOS=1", "FREQ=YEARLY;BYWEEKNO=1,-1"]
)
def test_the_ends_of_the_calendar_are_in_reach(start: str, rule: str) -> None:
    expansion = expand(series(start, rule), ALL_TIME, limits=LIMITS)

    assert expansion.instances[0].time.start == wall(start)
