"""Instants and days, as they go in and come out."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError, GraphQLScalarType
from hypothesis import given
from hypothesis import strategies as st

from schema.root import schema


def scalar(name: str) -> GraphQLScalarType:
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLScalarType)
    return found


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


MOMENTS = st.datetimes(datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-01-01"), timezones=OFFSETS)


@given(MOMENTS)
def test_an_instant_survives_in_whatever_offset_it_is_written(moment: datetime) -> None:
    text = scalar("DateTime").serialize(moment)

    assert text.endswith("Z")
    assert scalar("DateTime").parse_value(text) == moment
    assert scalar("DateTime").parse_value(moment.isoformat()) == moment


@given(st.dates())
def test_a_day_survives(day: date) -> None:
    assert scalar("Date").parse_value(scalar("Date").serialize(day)) == day


def test_fractions_and_small_letters_are_rfc_3339_too() -> None:
    expected = datetime(2026, 3, 1, 9, 30, 0, 500_000, tzinfo=UTC)

    assert scalar("DateTime").parse_value("2026-03-01t09:30:00.5z") == expected


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T09:30:00",  # of no offset: whose half past nine?
        "2026-03-01",
        "2026-02-30T09:30:00Z",
        "2026-03-01T24:00:01Z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T09:30:00+25:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "20260301T093000Z",
        "2026-W09-1T09:30:00Z",
        "٢٠٢٦-03-01T09:30:00Z",
        "now",
        "",
        1772357400,
        True,
        None,
    ],
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="DateTime"):
        scalar("DateTime").parse_value(value)


@pytest.mark.parametrize("value", ["2026-02-30", "2026-3-1", "20260301", "2026-03-01T00:00:00Z", "", 20260301, None])
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="Date"):
        scalar("Date").parse_value(value)
