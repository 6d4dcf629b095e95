"""Zones known only by their VTIMEZONE text."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.recurrence.vtimezone import BadTimeZone, RuledZone, ruled_zone
from tests.recurrence.builders import at, wall
from tests.recurrence.zone_texts import FIXED, LORD_HOWE, NEW_YORK, ZURICH

KNOWN = {
    # The text, and the years for which it and the tables of `zoneinfo` tell the same.
    "Europe/Zurich": (ruled_zone("Customized Time Zone", ZURICH), 1997, 2190),
    "America/New_York": (ruled_zone("US-Eastern", NEW_YORK), 1968, 2190),
    "Australia/Lord_Howe": (ruled_zone("Lord Howe", LORD_HOWE), 2009, 2190),
}


@cache
def changes(name: str) -> list[datetime]:
    """Days in which the clocks change."""
    zone, (_, first, _) = ZoneInfo(name), KNOWN[name]
    days = [wall(f"{first}-01-01") + timedelta(days=day) for day in range(40 * 365)]
    return [day for day in days if zone.utcoffset(day) != zone.utcoffset(day + timedelta(days=1))]


@st.composite
def walls(draw: st.DrawFn, name: str) -> datetime:
    """Anywhere, and within some hours of a change of the clocks."""
    _, first, last = KNOWN[name]
    if draw(st.booleans()):
        return draw(st.datetimes(wall(f"{first}-01-01"), wall(f"{last}-01-01")))
    return draw(st.sampled_from(changes(name))) + timedelta(minutes=draw(st.integers(-720, 2160)))


@pytest.mark.parametrize("name", KNOWN)
@given(data=st.data(), fold=st.integers(0, 1))
@settings(deadline=None)
def test_clocks_go_as_in_the_zone_that_the_text_describes(name: str, data: st.DataObject, fold: int) -> None:
    moment = data.draw(walls(name)).replace(fold=fold)

    offset = moment.replace(tzinfo=KNOWN[name][0]).utcoffset()

    assert offset == moment.replace(tzinfo=ZoneInfo(name)).utcoffset()


@pytest.mark.parametrize("name", KNOWN)
@given(data=st.data())
@settings(deadline=None)
def test_instants_show_on_clocks_as_in_the_zone_that_the_text_describes(name: str, data: st.DataObject) -> None:
    instant = data.draw(walls(name)).replace(tzinfo=UTC)

    shown, expected = instant.astimezone(KNOWN[name][0]), instant.astimezone(ZoneInfo(name))

    assert (shown.replace(tzinfo=None), shown.fold) == (expected.replace(tzinfo=None), expected.fold)
    assert shown.astimezone(UTC) == instant


def test_a_zone_without_changes_has_its_one_offset() -> None:
    zone = ruled_zone("Somewhere", FIXED)

    assert at("2026-07-01T12:00").astimezone(zone).replace(tzinfo=None) == wall("2026-07-01T17:45")
    assert at("1950-07-01T12:00").astimezone(zone).replace(tzinfo=None) == wall("1950-07-01T17:45")


@pytest.mark.parametrize("until", ["20260329T010000Z", "20260329T020000", "20260329"])
def test_the_last_change_that_until_allows_is_made(until: str) -> None:
    zone = ruled_zone("Zurich", ZURICH.replace("BYMONTH=3", f"BYMONTH=3;UNTIL={until}"))

    assert at("2026-07-01T12:00").astimezone(zone).utcoffset() == timedelta(hours=2)
    assert at("2027-07-01T12:00").astimezone(zone).utcoffset() == timedelta(hours=1)


def test_before_its_first_change_a_zone_has_the_offset_that_change_is_from() -> None:
    zone = ruled_zone("Lord Howe", LORD_HOWE)

    assert at("1980-06-01T00:00").astimezone(zone).utcoffset() == timedelta(hours=11)


def test_a_zone_can_be_named() -> None:
    zone = ruled_zone("Somewhere", FIXED)

    assert at("2026-07-01T12:00").astimezone(zone).tzname() == "Somewhere"
    assert at("2026-07-01T12:00").astimezone(zone).dst() is None
    assert isinstance(zone, RuledZone)
    assert zone.utcoffset(None) is None
    assert repr(zone) == "RuledZone('Somewhere')"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a zone",
        "BEGIN:VTIMEZONE\nTZID:Empty\nEND:VTIMEZONE\n",
        FIXED.replace("TZOFFSETTO:+0545", "TZOFFSETTO:+9999"),
        FIXED.replace("TZOFFSETTO:+0545", "TZOFFSETTO:+2400"),
        FIXED.replace("TZOFFSETTO:+0545\n", ""),
        FIXED.replace("DTSTART:19700101T000000\n", ""),
        FIXED.replace("END:STANDARD", "RRULE:FREQ=YEARLY;INTERVAL=0\nEND:STANDARD"),
        FIXED.replace("END:STANDARD", "RRULE:FREQ=SECONDLY\nEND:STANDARD"),
        FIXED.replace("TZID:Somewhere", "COMMENT:" + 300_000 * "x"),
    ],
    ids=[
        "empty",
        "prose",
        "without observances",
        "absurd offset",
        "offset of a day",
        "without offset",
        "without start",
        "rule that cannot be",
        "rule without end",
        "too long",
    ],
)
def test_a_text_that_cannot_be_followed_is_refused(text: str) -> None:
    with pytest.raises(BadTimeZone):
        ruled_zone("Somewhere", text)
