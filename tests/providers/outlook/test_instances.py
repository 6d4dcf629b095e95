"""The instances of a series here are those that Outlook lists, to the second, whatever its clock does."""

from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Upsert
from calendar_sync.recurrence import expand
from providers.outlook import wire
from providers.outlook.rounds import Round
from providers.outlook.series import SeriesRows
from simulators.microsoft import series as simulated
from simulators.microsoft.calendars import Calendar, Stored, extent
from simulators.microsoft.delta import view_rows
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from simulators.microsoft.preferences import Preferences
from simulators.microsoft.rendering import Row, View
from simulators.microsoft.times import graph_time
from tests.providers.outlook.remote import Json

SPAN = Window(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ZONES = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC"]
NEAR_CHANGES = [date(2026, 3, 5), date(2026, 3, 26), date(2026, 4, 3), date(2026, 9, 3), date(2026, 10, 22)]

patterns = st.one_of(
    st.builds(lambda n: repeating("daily", interval=n, times=40), st.integers(1, 3)),
    st.builds(
        lambda days: repeating("weekly", daysOfWeek=days), st.lists(st.sampled_from(DAYS), min_size=1, unique=True)
    ),
    st.builds(lambda day: repeating("absoluteMonthly", dayOfMonth=day), st.integers(1, 31)),
    st.builds(
        lambda day, index: repeating("relativeMonthly", daysOfWeek=[day], index=index, until=date(2026, 11, 11)),
        st.sampled_from(DAYS),
        st.sampled_from(["first", "second", "third", "fourth", "last"]),
    ),
)
starts = st.builds(
    lambda day, hour, minute, zone: datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)),
    st.sampled_from(NEAR_CHANGES),
    st.integers(0, 23),
    st.sampled_from([0, 30]),
    st.sampled_from(ZONES),
)
lengths = st.sampled_from([0, 30, 60, 120, 8 * 60, 30 * 60, 5 * 24 * 60]).map(
    lambda minutes: timedelta(minutes=minutes)
)
changes = st.dictionaries(st.integers(0, 60), st.sampled_from([None, 0, 2, -30, 24 * 400]), max_size=4)


def a_series(start: datetime | date, length: timedelta, pattern: Json, changed: dict[int, int | None]) -> Stored:
    """`changed` are occurrences by number: deleted, or moved by so many hours."""
    calendar = Calendar("c", "Calendar", "Ada", "ada@example.com")
    name = calendar.add("Stand-up", start, start + length, recurrence=pattern)
    stored, _ = calendar.find(name)
    assert stored.series is not None
    days = stored.series.inside(simulated.Window(SPAN.start, SPAN.end))
    for number, hours in changed.items():
        if number >= len(days):
            continue
        if hours is None:
            calendar.remove(occurrence_id(name, days[number]))
        else:
            begin, end = (graph_time(each + timedelta(hours=hours)) for each in extent(stored.own(days[number])))
            calendar.change(occurrence_id(name, days[number]), start=begin, end=end)
    return calendar.find(name)[0]


def told(stored: Stored, rows: list[Row]) -> Upsert:
    view = View(Calendar("c", "Calendar", "Ada", "ada@example.com"), Preferences(prefers_immutable_ids=True))
    master = cast(wire.Event, view.event(Row(stored, "event")))
    instances = [cast(wire.Event, (view.thin if row.kind == "occurrence" else view.event)(row)) for row in rows]
    change = Round(SPAN, None).told(SeriesRows(stored.id, master, instances))
    assert isinstance(change, Upsert), change
    return change


def outlook_has(stored: Stored, rows: list[Row]) -> list[tuple[datetime, datetime]]:
    days = [row.day for row in rows if row.day is not None]
    return sorted(extent(stored.exception(day) if day in stored.exceptions else stored.own(day)) for day in days)


@given(starts, lengths, patterns, changes)
@settings(max_examples=120, deadline=None)
def test_timed_instances_are_when_outlook_says(
    start: datetime, length: timedelta, pattern: Json, changed: dict[int, int | None]
) -> None:
    stored = a_series(start, length, pattern, changed)
    rows = view_rows(stored, simulated.Window(SPAN.start, SPAN.end))
    if not rows:
        return
    instances = expand(told(stored, rows).event, SPAN).instances
    assert sorted((each.starts_at, each.ends_at) for each in instances) == outlook_has(stored, rows)


@given(st.sampled_from(NEAR_CHANGES), st.integers(1, 3), patterns)
@settings(max_examples=40, deadline=None)
def test_all_day_instances_are_on_the_days_that_outlook_says(first: date, days: int, pattern: Json) -> None:
    stored = a_series(first, timedelta(days=days), pattern, {1: None})
    rows = view_rows(stored, simulated.Window(SPAN.start, SPAN.end))
    if not rows:
        return
    event = told(stored, rows).event
    assert not event.overrides
    shown = sorted((each.time.start, each.time.end) for each in expand(event, SPAN).instances)
    assert shown == [(start.replace(tzinfo=None), end.replace(tzinfo=None)) for start, end in outlook_has(stored, rows)]
