"""Our rules make what RFC 5545 says, compared with its definition tried on every moment there is."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recurrence.builders import clock_starts, wall
from tests.recurrence.definition import made_by, recurrence_set
from tests.recurrence.rules import moments, rule_text, rules

SECOND = timedelta(seconds=1)
HORIZONS = {
    "YEARLY": timedelta(days=1200),
    "MONTHLY": timedelta(days=500),
    "WEEKLY": timedelta(days=300),
    "DAILY": timedelta(days=250),
    "HOURLY": timedelta(days=12),
    "MINUTELY": timedelta(hours=9),
    "SECONDLY": timedelta(minutes=12),
}


@given(parts=rules(), start=moments())
@settings(max_examples=80, deadline=None)
def test_a_rule_makes_exactly_the_starts_that_its_parts_are_true_of(parts: dict[str, str], start: datetime) -> None:
    end = start + HORIZONS[parts["FREQ"]]

    made = clock_starts(start, rule_text(parts), start, end)

    assert made == recurrence_set(parts, start, end)


@given(parts=rules(), start=moments(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_window_shows_the_same_starts_as_the_whole_series(
    parts: dict[str, str], start: datetime, data: st.DataObject
) -> None:
    horizon = HORIZONS[parts["FREQ"]]
    low = start + data.draw(st.timedeltas(timedelta(), horizon)) // SECOND * SECOND
    high = start + horizon

    made = clock_starts(start, rule_text(parts), low, high)

    assert made == [each for each in recurrence_set(parts, start, high) if each >= low]


@given(
    weeks=st.sampled_from(["1", "52", "53", "-1", "-52", "-53", "1,-1", "2,53"]),
    days=st.sampled_from(["MO", "TU,FR", "SA,SU", "MO,TU,WE,TH,FR,SA,SU"]),
    week_start=st.sampled_from(["MO", "TH", "SU"]),
    year=st.integers(1996, 2030),
)
@settings(max_examples=40, deadline=None)
def test_weeks_at_the_turn_of_the_year_lie_in_both_years(weeks: str, days: str, week_start: str, year: int) -> None:
    parts = {"FREQ": "YEARLY", "BYWEEKNO": weeks, "BYDAY": days, "WKST": week_start}
    start = wall(f"{year}-06-01T09:00")

    made = clock_starts(start, rule_text(parts), start, start + timedelta(days=1000))

    assert made == recurrence_set(parts, start, start + timedelta(days=1000))


@given(day=st.dates(date(3, 1, 1), date(9990, 1, 1)))
@settings(deadline=None)
def test_the_definition_numbers_weeks_as_iso_8601_does(day: date) -> None:
    parts = {"FREQ": "YEARLY", "BYDAY": "MO,TU,WE,TH,FR,SA,SU"}
    start = wall(f"{day}")
    week = made_by({**parts, "BYWEEKNO": str(day.isocalendar().week)}, start, start + timedelta(days=1))

    assert week == [start]
