"""Recurring events: their exceptions, how they end and divide, and how they are expanded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulators.google.series import InvalidRecurrence, Series
from tests.simulators.google.world import MONDAY, WEEKLY, ZURICH, Google, ids, instance, starting

TUESDAY = starting(MONDAY + timedelta(days=1))
ORIGINAL = starting(MONDAY + timedelta(weeks=1))

# Exceptions


async def test_a_changed_occurrence_is_an_exception_that_keeps_its_original_start(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY, location="Room 1")
    end = starting(MONDAY + timedelta(days=8, hours=1))
    google.calendar.change(instance("series0", 1), start=starting(MONDAY + timedelta(days=8)), end=end)

    exception = (await google.listing())["items"][1]

    assert exception["id"] == "series0_20260112T080000Z"
    assert exception["recurringEventId"] == "series0"
    assert exception["originalStartTime"] == {"dateTime": "2026-01-12T09:00:00+01:00", "timeZone": "Europe/Zurich"}
    assert exception["start"]["dateTime"] == "2026-01-13T09:00:00+01:00"
    assert (exception["summary"], exception["location"], exception["iCalUID"]) == (
        "Series",
        "Room 1",
        "series0@google.com",
    )
    assert "recurrence" not in exception


async def test_a_cancelled_occurrence_has_the_three_guaranteed_fields_only(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.remove(instance("series0", 1))

    hole = (await google.listing())["items"][1]

    assert hole.keys() == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert hole["originalStartTime"]["dateTime"] == "2026-01-12T09:00:00+01:00"


async def test_an_occurrence_of_an_all_day_series_is_named_by_its_date(google: Google) -> None:
    google.calendar.add("Day", date(2026, 1, 5), id="day00", recurrence=WEEKLY)
    google.calendar.remove("day00_20260112")

    assert (await google.listing())["items"][1]["originalStartTime"] == {"date": "2026-01-12"}


async def test_a_removed_master_takes_its_exceptions_along_without_a_word(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Other")
    google.calendar.change(instance("series0", 2), status="cancelled")
    token = (await google.listing())["nextSyncToken"]

    google.calendar.remove("series0")

    assert ids(await google.listing(syncToken=token)) == ["series0"]
    assert ids(await google.listing()) == []

    google.simulator.quirks.lists_cascades = True
    cascade = await google.listing(syncToken=token)
    assert set(ids(cascade)) == {"series0", instance("series0", 1), instance("series0", 2)}
    assert all(item["status"] == "cancelled" for item in cascade["items"])


async def test_an_exception_without_its_master_is_listed_with_all_it_has(google: Google) -> None:
    """One who is invited to a single occurrence never sees the series."""
    orphan = {"recurringEventId": "elsewhere", "originalStartTime": ORIGINAL, "summary": "Guest"}
    google.calendar.put(orphan | {"start": TUESDAY, "end": TUESDAY})

    (event,) = (await google.listing())["items"]

    assert event["id"] == instance("elsewhere", 1)
    assert (event["summary"], event["iCalUID"], event["eventType"]) == ("Guest", "elsewhere@google.com", "default")


async def test_an_exception_may_come_before_its_master(google: Google) -> None:
    google.calendar.put({"recurringEventId": "series0", "originalStartTime": ORIGINAL, "status": "cancelled"})
    assert ids(await google.listing()) == []

    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)

    assert ids(await google.listing()) == [instance("series0", 1), "series0"]
    assert ids(await google.listing(singleEvents="true")) == [instance("series0", week) for week in (0, 2, 3, 4)]


async def test_what_exceptions_inherit_changes_with_the_master(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Own title")
    google.calendar.change(instance("series0", 2), location="Own room")
    token = (await google.listing())["nextSyncToken"]

    google.calendar.change("series0", summary="New title")
    changed = {item["id"]: item["summary"] for item in (await google.listing(syncToken=token))["items"]}

    assert changed == {"series0": "New title", instance("series0", 2): "New title"}


async def test_an_exception_that_the_rule_has_no_more_is_cancelled(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Stays")
    google.calendar.change(instance("series0", 4), summary="Goes")
    token = (await google.listing())["nextSyncToken"]

    google.calendar.change("series0", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"])
    changed = {item["id"]: item["status"] for item in (await google.listing(syncToken=token))["items"]}

    assert changed == {"series0": "confirmed", instance("series0", 4): "cancelled"}
    assert instance("series0", 4) not in ids(await google.listing())


async def test_this_and_following_ends_one_series_and_begins_another(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO"])
    google.calendar.change(instance("series0", 1), summary="Kept exception")
    google.calendar.change(instance("series0", 3), summary="Reset exception")
    token = (await google.listing())["nextSyncToken"]

    new = google.calendar.split("series0", starting(MONDAY + timedelta(weeks=2)), summary="From now on")
    changed = {item["id"]: item for item in (await google.listing(syncToken=token))["items"]}

    assert new == "series0_R20260119T080000"
    assert changed.keys() == {"series0", instance("series0", 3), new}
    assert changed["series0"]["recurrence"] == ["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260119T075959Z"]
    assert changed[instance("series0", 3)]["status"] == "cancelled"
    assert changed[new]["start"]["dateTime"] == "2026-01-19T09:00:00+01:00"
    assert changed[new]["recurrence"] == ["RRULE:FREQ=WEEKLY;BYDAY=MO"]

    listed = (await google.listing(singleEvents="true", timeMax="2026-02-03T00:00:00Z", orderBy="startTime"))["items"]
    titles = ["Series", "Kept exception", "From now on", "From now on", "From now on"]
    assert [item["summary"] for item in listed] == titles


async def test_of_a_counted_series_the_rest_follows(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)

    google.calendar.split("series0", starting(MONDAY + timedelta(weeks=3)))

    assert [item["recurrence"] for item in (await google.listing())["items"]] == [
        ["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260126T075959Z"],
        ["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2"],
    ]


# Instances


async def test_instances_are_those_of_the_rule_with_the_exceptions_in_their_place(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Other")
    google.calendar.remove(instance("series0", 2))
    path = f"{google.events()}/series0/instances"

    items = (await google.get(path))["items"]
    assert [item["summary"] for item in items] == ["Series", "Other", "Series", "Series"]
    assert all(item["recurringEventId"] == "series0" for item in items)

    assert ids(await google.get(path, showDeleted="true")) == [instance("series0", week) for week in range(5)]
    bounds = {"timeMin": "2026-01-12T09:00:00Z", "timeMax": "2026-02-02T08:00:00Z"}
    assert ids(await google.get(path, **bounds)) == [instance("series0", week) for week in (1, 3)]
    assert ids(await google.get(path, originalStart="2026-01-12T08:00:00Z")) == [instance("series0", 1)]
    assert "nextPageToken" in await google.get(path, maxResults=2)
    assert await google.error(f"{google.events()}/nothing/instances") == (404, "notFound")


async def test_with_single_events_an_increment_has_every_instance_of_a_changed_series(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.add("Other series", MONDAY, id="other0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 0), summary="Other")
    token = (await google.listing(singleEvents="true"))["nextSyncToken"]

    google.calendar.change("series0", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"])
    items = (await google.listing(singleEvents="true", syncToken=token))["items"]

    statuses = {item["id"]: item["status"] for item in items}
    assert statuses == {instance("series0", week): "confirmed" for week in (1, 2)} | {
        instance("series0", week): "cancelled" for week in (3, 4)
    }


async def test_with_single_events_an_increment_has_no_more_than_a_changed_occurrence(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    token = (await google.listing(singleEvents="true"))["nextSyncToken"]

    google.calendar.change(instance("series0", 1), summary="Other")

    assert ids(await google.listing(singleEvents="true", syncToken=token)) == [instance("series0", 1)]


async def test_with_single_events_a_removed_series_is_cancelled_occurrence_by_occurrence(google: Google) -> None:
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Other")
    token = (await google.listing(singleEvents="true"))["nextSyncToken"]

    google.calendar.remove("series0")
    items = (await google.listing(singleEvents="true", syncToken=token))["items"]

    assert {item["id"] for item in items} == {instance("series0", week) for week in range(5)}
    assert {item["status"] for item in items} == {"cancelled"}


async def test_an_endless_series_is_expanded_to_a_long_but_finite_list(google: Google) -> None:
    google.calendar.add("Daily", MONDAY, recurrence=["RRULE:FREQ=DAILY"])

    assert len((await google.listing(singleEvents="true", maxResults=2500))["items"]) == 730


async def test_a_recurrence_that_nobody_understands_harms_nothing(google: Google) -> None:
    google.calendar.add("Odd", MONDAY, id="odd00", recurrence=["RRULE:FREQ=NEVER"])

    assert ids(await google.listing(timeMin="2026-01-01T00:00:00Z")) == ["odd00"]


# Expansion


def test_an_occurrence_keeps_its_wall_time_over_a_clock_change() -> None:
    starts = expanded(["RRULE:FREQ=WEEKLY;COUNT=3"], datetime(2026, 3, 23, 9, tzinfo=ZURICH))

    assert starts == ["2026-03-23T09:00:00+01:00", "2026-03-30T09:00:00+02:00", "2026-04-06T09:00:00+02:00"]


def test_an_occurrence_in_the_gap_of_a_clock_change_is_found_by_its_id() -> None:
    series = a_series(["RRULE:FREQ=DAILY;COUNT=3"], datetime(2026, 3, 28, 2, 30, tzinfo=ZURICH))

    gap = series.instances()[1]

    assert gap.start["dateTime"] == "2026-03-29T03:30:00+02:00"
    assert series.named(gap.id) == gap


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=DAILY;UNTIL=20260107T080000Z"], [5, 6, 7]),
        (["RRULE:FREQ=DAILY;UNTIL=20260107"], [5, 6, 7]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=Europe/Zurich:20260106T090000"], [5, 7, 8]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260106T080000Z,20260107T080000Z"], [5, 8]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=America/New_York:20260106T030000"], [5, 7, 8]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=DATE-TIME;TZID=Europe/Zurich:20260120T090000"], [5, 6, 20]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"], [6, 8]),
        (["RDATE:20260108T080000Z"], [5, 8]),
    ],
)
def test_every_kind_of_line_counts(lines: list[str], days: list[int]) -> None:
    assert [datetime.fromisoformat(start).day for start in expanded(lines, MONDAY)] == days


@pytest.mark.parametrize(
    "line", ["RRULE:FREQ=HOURLY", "RRULE:", "RRULE", "DTSTART:20260101", "EXDATE:tomorrow", "RRULE:FREQ=DAILY;COUNT=x"]
)
def test_a_line_that_cannot_be_understood_is_told(line: str) -> None:
    with pytest.raises(InvalidRecurrence):
        a_series([line], MONDAY)


@settings(max_examples=50)
@given(
    minutes=st.integers(0, 334 * 24 * 60),
    zone=st.sampled_from(["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    rule=st.sampled_from(
        [
            "FREQ=DAILY;COUNT=20",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=20",
            "FREQ=MONTHLY;COUNT=12",
            "FREQ=YEARLY;COUNT=3",
        ]
    ),
)
def test_series_expand_as_an_independent_library_expands_them(minutes: int, zone: str, rule: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)) + timedelta(minutes=minutes)
    assume(moment.astimezone(UTC).astimezone(ZoneInfo(zone)) == moment)  # A time in the gap of a clock change is none.
    ours = {datetime.fromisoformat(text).replace(tzinfo=None) for text in expanded([f"RRULE:{rule}"], moment)}

    event = icalendar.Event.new(start=moment, end=moment + timedelta(hours=1), uid="a")
    event.add("RRULE", icalendar.vRecur.from_ical(rule))
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    theirs = {
        occurrence.start.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for occurrence in recurring_ical_events.of(calendar).between(moment - timedelta(days=1), timedelta(days=1500))
    }

    assert ours == theirs


def a_series(recurrence: list[str], start: datetime) -> Series:
    end = start + timedelta(hours=1)
    master: dict[str, Any] = {"start": starting(start), "end": starting(end), "recurrence": recurrence}
    return Series({"id": "series0", **master}, ZURICH)


def expanded(recurrence: list[str], start: datetime) -> list[str]:
    return [each.start["dateTime"] for each in a_series(recurrence, start).instances(most=50)]
