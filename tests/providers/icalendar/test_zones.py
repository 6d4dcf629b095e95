"""A zone is found under whatever name it is written, and a zone of a calendar's own keeps the right time."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from calendar_sync.recurrence.zones import load_zone
from providers.icalendar.components import VCalendar
from providers.icalendar.vtimezone import canonical_text, observances
from providers.icalendar.windows_zones import DISPLAY_NAMES, OTHER_NAMES
from providers.icalendar.zone_names import iana_name
from providers.icalendar.zone_rules import iana_zone_with, rule_zone
from providers.icalendar.zones import Zones

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2037, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def offset(zone: str, instant: datetime) -> timedelta | None:
    return instant.astimezone(ZoneInfo(zone)).utcoffset()


def vtimezone(*rules: tuple[str, str, str, str]) -> list[str]:
    """Of (start, offset before, offset after, further line) each."""
    lines = ["BEGIN:VTIMEZONE", "TZID:Home"]
    for start, before, after, line in rules:
        lines += ["BEGIN:STANDARD", f"DTSTART:{start}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", line]
        lines += ["END:STANDARD"]
    return [*lines, "END:VTIMEZONE"]


BERLIN = vtimezone(
    ("16010101T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10"),
    ("16010101T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3"),
)
ODD = vtimezone(
    ("19701025T030000", "+0330", "+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
    ("19700329T020000", "+0100", "+0330", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"),
)


@cache
def exported(zone: str) -> list[str]:
    """The changes of a zone from 2020 to 2040, each as an observance of its own."""
    clock, day, half_hour = ZoneInfo(zone), timedelta(days=1), timedelta(minutes=30)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    days = [start + number * day for number in range(20 * 365)]
    changing = [one for one in days if offset(zone, one) != offset(zone, one + day)]
    instants = [one + number * half_hour for one in changing for number in range(48)]
    onsets = [one + half_hour for one in instants if offset(zone, one) != offset(zone, one + half_hour)]
    return vtimezone(*(_observance(onset, clock) for onset in (start, *onsets)))


def _observance(onset: datetime, clock: ZoneInfo) -> tuple[str, str, str, str]:
    before, after = (onset - timedelta(seconds=1)).astimezone(clock), onset.astimezone(clock)
    return f"{before + timedelta(seconds=1):%Y%m%dT%H%M%S}", f"{before:%z}", f"{after:%z}", f"TZNAME:{after:%Z}"


@settings(deadline=None)
@given(st.sampled_from(sorted(available_timezones() - {"localtime", "Factory", "posixrules"})), INSTANTS)
def test_every_iana_name_is_known_and_its_canonical_name_keeps_the_same_time(name: str, instant: datetime) -> None:
    canonical = iana_name(name)

    assert canonical is not None
    assert iana_name(canonical) == canonical
    assert offset(canonical, instant) == offset(name, instant)


@settings(deadline=None)
@given(st.sampled_from(sorted(WINDOWS_TO_OLSON.items())), INSTANTS)
def test_every_windows_name_is_known(names: tuple[str, str], instant: datetime) -> None:
    windows, expected = names
    canonical = iana_name(windows)

    assert canonical is not None
    assert offset(canonical, instant) == offset(expected, instant)


@pytest.mark.parametrize("zone", [*DISPLAY_NAMES.values(), *OTHER_NAMES.values()])
def test_every_zone_of_our_tables_exists(zone: str) -> None:
    assert zone in available_timezones()


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("US/Eastern", "America/New_York"),
        ("Eastern Standard Time", "America/New_York"),
        ("eastern  standard time", "America/New_York"),
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(GMT-05:00) Eastern Time (US and Canada)", "America/New_York"),
        ("/mozilla.org/20050126_1/America/New_York", "America/New_York"),
        ("/America/New_York", "America/New_York"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Europe/Stockholm", "Europe/Stockholm"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Greenwich Standard Time", "Atlantic/Reykjavik"),
        ("GMT Standard Time", "Europe/London"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("GMT", "UTC"),
        ("Zulu", "UTC"),
        ("(UTC) Coordinated Universal Time", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("tzone://Microsoft/Custom", None),
        ("Customized Time Zone", None),
        ("Nowhere/Berlin", None),
        ("", None),
        ("(", None),
        ("/", None),
    ],
)
def test_names(name: str, zone: str | None) -> None:
    assert iana_name(name) == zone


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("GMT+0100", "Etc/GMT-1"),
        ("GMT-8", "Etc/GMT+8"),
        ("UTC+00:00", "UTC"),
        ("UTC+05:30", "Asia/Kolkata"),
        ("+02:00", "Etc/GMT-2"),
        ("(UTC+01:00)", "Etc/GMT-1"),
    ],
)
def test_a_name_that_is_an_offset_is_a_zone_with_it(name: str, zone: str) -> None:
    assert Zones(VCalendar(), declared=None, default="Asia/Tokyo").named(name).name == zone


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berlin",
        "America/New_York",
        "Europe/London",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Asia/Tokyo",
        "Asia/Kathmandu",
    ],
)
@settings(deadline=None)
@given(instant=INSTANTS)
def test_exported_rules_lead_back_to_a_zone_that_keeps_the_same_time(zone: str, instant: datetime) -> None:
    found = iana_zone_with(observances(exported(zone)))

    assert found is not None
    assert offset(found, instant) == offset(zone, instant)


@pytest.mark.parametrize(
    ("rules", "zone"),
    [
        (BERLIN, "Europe/Berlin"),
        (vtimezone(("16010101T000000", "+0530", "+0530", "TZNAME:x")), "Asia/Kolkata"),
        (vtimezone(("16010101T000000", "-0800", "-0800", "TZNAME:x")), "Etc/GMT+8"),
        (vtimezone(("16010101T000000", "+0000", "+0000", "TZNAME:x")), "UTC"),
        (ODD, None),
        (vtimezone(("16010101T000000", "+0123", "+0123", "TZNAME:x")), None),
        (
            vtimezone(
                ("20070311T020000", "-0500", "-0400", "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3"),
                ("20071104T020000", "-0400", "-0500", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11"),
                ("19870405T020000", "-0500", "-0400", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=20060402T070000Z"),
                ("19671029T020000", "-0400", "-0500", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20061029T060000Z"),
            ),
            "America/New_York",
        ),
    ],
)
def test_rules_are_matched_to_a_well_known_zone_where_there_is_one(rules: list[str], zone: str | None) -> None:
    assert iana_zone_with(observances(rules)) == zone


@pytest.mark.parametrize("lines", [BERLIN, ODD, exported("Australia/Lord_Howe")], ids=["berlin", "odd", "dates"])
@settings(deadline=None)
@given(instant=INSTANTS)
def test_a_clock_by_rules_agrees_with_the_one_that_expands_series(lines: list[str], instant: datetime) -> None:
    rules = observances(lines)
    ours, theirs = rule_zone(rules), load_zone("Home", canonical_text(rules))

    wall = instant.astimezone(ours).replace(tzinfo=None)

    assert instant.astimezone(theirs).replace(tzinfo=None) == wall
    assert wall.replace(tzinfo=ours).astimezone(UTC) == instant
    assert wall.replace(tzinfo=theirs).astimezone(UTC) == instant


@settings(deadline=None)
@given(instant=INSTANTS)
def test_a_clock_by_rules_agrees_with_the_zone_that_has_them(instant: datetime) -> None:
    assert instant.astimezone(rule_zone(observances(BERLIN))).utcoffset() == offset("Europe/Berlin", instant)


@settings(deadline=None)
@given(
    month=st.integers(1, 12),
    by=st.sampled_from(
        ["BYDAY=-1SU", "BYDAY=1MO", "BYDAY=5FR", "BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14", "BYMONTHDAY=-1", ""]
    ),
    end=st.sampled_from(["", "COUNT=7", "UNTIL=20300601", "UNTIL=20300601T000000"]),
)
def test_onsets_are_those_of_the_recurrence_rule(month: int, by: str, end: str) -> None:
    rule = ";".join(filter(None, ["FREQ=YEARLY", f"BYMONTH={month}", by, end]))
    start = datetime(1990, 1, 2, 3, 0)  # noqa: DTZ001 - a wall clock
    (read,) = observances(vtimezone(("19900102T030000", "+0000", "+0000", f"RRULE:{rule}")))

    expected = [one for one in islice(rrulestr(rule, dtstart=start), 200) if one.year <= 2100]

    assert read.onsets() == [start, *expected]


def test_the_last_onset_of_a_rule_that_ends_in_utc_counts() -> None:
    rules = vtimezone(
        ("19800406T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3;UNTIL=20260329T010000Z"),
        ("19961027T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20251026T010000Z"),
    )

    clock = rule_zone(observances(rules))

    assert [f"{onset:%Y%m%d}" for onset in clock.onsets[-2:]] == ["20251026", "20260329"]


def test_rules_in_another_order_are_the_same_text() -> None:
    turned = [*BERLIN[:2], *BERLIN[8:14], *BERLIN[2:8], BERLIN[-1]]

    assert turned != BERLIN
    assert canonical_text(observances(turned)) == canonical_text(observances(BERLIN))
