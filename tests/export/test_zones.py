"""What zones are called in a feed, and that they are what they are called."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.export.zones import TimeZones
from calendar_sync.recurrence.zones import load_zone
from tests.export.made_up import NOWHERE
from tests.recurrence.zone_texts import FIXED, LORD_HOWE


def definition(name: str, rules: str | None = None) -> str:
    zones = TimeZones()
    zones.tzid(name, rules)
    (text,) = zones.definitions()
    return text.decode()


@given(
    name=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
    ),
    instant=st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 1)),  # noqa: DTZ001 - made aware below
)
@settings(max_examples=30, deadline=None)
def test_a_zone_has_its_offsets_from_1970_to_2100(name: str, instant: datetime) -> None:
    clock = load_zone(name, definition(name))

    assert instant.replace(tzinfo=UTC).astimezone(clock).utcoffset() == (
        instant.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
    )


@pytest.mark.parametrize("rules", [NOWHERE, LORD_HOWE, FIXED])
def test_a_zone_that_somebody_made_is_written_through(rules: str) -> None:
    ours, theirs = load_zone("Mine", definition("Mine", rules)), load_zone("Mine", rules)

    hours = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(365))
    assert all(hour.astimezone(ours).utcoffset() == hour.astimezone(theirs).utcoffset() for hour in hours)
    assert "\r\nTZID:Mine\r\n" in definition("Mine", rules)


def test_two_zones_of_one_name_have_two() -> None:
    zones = TimeZones()

    names = [zones.tzid("Mine", NOWHERE), zones.tzid("Mine", FIXED), zones.tzid("Mine", NOWHERE)]

    assert names[0] == names[2] == "Mine"
    assert names[1] not in {"Mine", "Europe/Berlin"}
    assert len([*zones.definitions()]) == 2


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "", " ", 'a"b', "(UTC+01:00) Rome, Vienna", "line\nbreak", "x" * 200]
)
def test_a_name_that_is_anothers_or_not_plain_is_replaced(name: str) -> None:
    tzid = TimeZones().tzid(name, NOWHERE)

    assert tzid.startswith("Custom ")
    assert icalendar.Component.from_ical(definition(name, NOWHERE))["TZID"] == tzid


def test_all_zones_of_a_feed_are_defined_once() -> None:
    zones = TimeZones()
    for _ in range(2):
        for name in ("Europe/Berlin", "Asia/Kolkata"):
            zones.tzid(name, None)

    text = b"".join(chain(zones.definitions())).decode()

    assert [line for line in text.splitlines() if line.startswith("TZID")] == [
        "TZID:Asia/Kolkata",
        "TZID:Europe/Berlin",
    ]
