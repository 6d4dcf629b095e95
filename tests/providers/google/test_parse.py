"""Items of `events.list` as changes."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import (
    Attendee,
    Event,
    EventStatus,
    EventTime,
    MeetingLink,
    Person,
    Recurrence,
    ResponseStatus,
    Visibility,
)
from calendar_sync.domain.providers import Quarantine, Removal, Upsert, UpsertException
from providers.google.parse import read_item
from providers.google.times import zone_of

HOME = zone_of("Europe/Zurich")


def an_item(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    times = {"start": {"dateTime": "2026-01-05T09:00:00+01:00"}, "end": {"dateTime": "2026-01-05T09:30:00+01:00"}}
    return {"id": "e1", "status": "confirmed", "iCalUID": "e1@google.com", **times, **values}


def read(**values: Any) -> Event:  # noqa: ANN401 - JSON
    change = read_item(an_item(**values), HOME)
    assert isinstance(change, Upsert), change
    assert change.exceptions_apart
    return change.event


def timed(start: str, end: str, zone: str | None = None, end_zone: str | None = None) -> EventTime:
    named = {} if zone is None else {"timeZone": zone}
    named_end = named if end_zone is None else {"timeZone": end_zone}
    return read(start={"dateTime": start, **named}, end={"dateTime": end, **named_end}).time


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Times


def test_a_time_is_kept_on_the_clock_of_its_own_zone() -> None:
    time = timed("2026-01-05T09:00:00+01:00", "2026-01-05T10:00:00+01:00", "America/New_York")
    assert time == EventTime(wall("2026-01-05T03:00"), wall("2026-01-05T04:00"), "America/New_York")


def test_a_time_without_a_zone_is_on_the_calendars_clock() -> None:
    time = timed("2026-07-05T07:00:00Z", "2026-07-05T08:00:00.123Z")
    assert time == EventTime(wall("2026-07-05T09:00"), wall("2026-07-05T10:00"), "Europe/Zurich")


def test_an_end_may_be_in_another_zone() -> None:
    time = timed("2026-01-05T09:00:00+01:00", "2026-01-05T12:00:00Z", "Europe/Zurich", "Europe/London")
    assert (time.end, time.end_zone) == (wall("2026-01-05T12:00"), "Europe/London")


def test_the_offset_says_which_of_two_equal_hours_is_meant() -> None:
    first = timed("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "Europe/Zurich")
    assert (first.start, first.fold, first.end, first.end_fold) == (
        wall("2026-10-25T02:30"),
        0,
        wall("2026-10-25T02:30"),
        1,
    )


def test_a_zone_that_nobody_knows_is_the_calendars() -> None:
    assert timed("2026-01-05T09:00:00Z", "2026-01-05T10:00:00Z", "Mars/Olympus").zone == "Europe/Zurich"


def test_an_end_before_the_start_is_no_length() -> None:
    time = timed("2026-01-05T09:00:00Z", "2026-01-05T08:00:00Z", "UTC")
    assert time.end == time.start


def test_an_all_day_event_has_days_and_its_end_is_exclusive() -> None:
    time = read(start={"date": "2026-01-05"}, end={"date": "2026-01-07"}).time
    assert time == EventTime(wall("2026-01-05"), wall("2026-01-07"), "Europe/Zurich", all_day=True)


def test_an_all_day_event_lasts_at_least_a_day() -> None:
    assert read(start={"date": "2026-01-05"}, end={"date": "2026-01-05"}).time.end == wall("2026-01-06")


# Series


def test_a_series_repeats_on_the_clock_of_its_start() -> None:
    zoned = {"dateTime": "2026-01-05T09:00:00+01:00", "timeZone": "Europe/Zurich"}
    lines = ["RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/Zurich:20260112T090000", "RDATE:20260714T070000Z"]
    event = read(start=zoned, end=zoned, recurrence=lines)
    assert event.recurrence == Recurrence(
        rules=("FREQ=WEEKLY;BYDAY=MO",), dates=(wall("2026-07-14T09:00"),), exceptions=(wall("2026-01-12T09:00"),)
    )


def test_an_all_day_series_leaves_out_days() -> None:
    days = {"start": {"date": "2026-01-05"}, "end": {"date": "2026-01-06"}}
    event = read(**days, recurrence=["RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260107"])
    assert event.recurrence == Recurrence(rules=("FREQ=DAILY",), exceptions=(wall("2026-01-07"),))


def test_what_only_excludes_does_not_recur() -> None:
    assert read(recurrence=["EXDATE:20260112T080000Z"]).recurrence is None


def test_an_exception_names_its_series_and_the_start_it_had() -> None:
    original = {"dateTime": "2026-01-12T09:00:00+01:00", "timeZone": "Europe/Zurich"}
    change = read_item(an_item(id="m_1", recurringEventId="m", originalStartTime=original, summary="Late"), HOME)
    assert isinstance(change, UpsertException)
    assert (change.remote_id, change.series_id) == ("m_1", "m")
    assert change.original_start == datetime(2026, 1, 12, 8, tzinfo=UTC)
    assert change.instance is not None
    assert change.instance.details.title == "Late"


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ({"dateTime": "2026-01-12T09:00:00+01:00"}, datetime(2026, 1, 12, 8, tzinfo=UTC)),
        ({"date": "2026-01-12"}, date(2026, 1, 12)),
    ],
    ids=["timed", "all-day"],
)
def test_a_cancelled_exception_is_a_hole(original: dict[str, str], expected: datetime | date) -> None:
    item = {"id": "m_1", "status": "cancelled", "recurringEventId": "m", "originalStartTime": original}
    assert read_item(item, HOME) == UpsertException("m_1", "m", expected, None)


def test_anything_else_that_is_cancelled_is_gone_whatever_it_still_says() -> None:
    assert read_item({"id": "dead", "status": "cancelled"}, HOME) == Removal("dead")
    assert read_item(an_item(status="cancelled"), HOME) == Removal("e1")


# Details


def test_texts_people_and_answers_are_read() -> None:
    details = read(
        summary=" Sync ",
        location=" ",
        organizer={"email": "A@X.ch", "displayName": "a@x.ch"},
        attendees=[
            {"email": "Room@resource.calendar.google.com", "resource": True, "responseStatus": "accepted"},
            {"email": "alias@example.com", "displayName": "Me", "self": True, "responseStatus": "declined"},
            {"email": "b@x.ch", "optional": True, "responseStatus": "perhaps"},
            {"displayName": "Nobody's address"},
            {},
        ],
        attendeesOmitted=True,
        status="tentative",
        visibility="confidential",
        transparency="transparent",
        htmlLink="https://www.google.com/calendar/event?eid=x",
    ).details
    assert (details.title, details.location, details.organizer) == ("Sync", None, Person("a@x.ch"))
    assert details.attendees == (
        Attendee(None, "Nobody's address"),
        Attendee("alias@example.com", "Me", ResponseStatus.DECLINED, is_self=True),
        Attendee("b@x.ch", is_optional=True),
        Attendee("room@resource.calendar.google.com", None, ResponseStatus.ACCEPTED, is_resource=True),
    )
    assert (details.status, details.visibility, details.is_busy) == (
        EventStatus.TENTATIVE,
        Visibility.CONFIDENTIAL,
        False,
    )
    assert details.url == "https://www.google.com/calendar/event?eid=x"


def test_absent_values_mean_their_defaults() -> None:
    details = read().details
    assert (details.title, details.status, details.visibility, details.is_busy, details.attendees) == (
        None,
        EventStatus.CONFIRMED,
        Visibility.DEFAULT,
        True,
        (),
    )


def test_a_description_in_html_is_read_as_its_text_and_a_plain_one_as_it_is() -> None:
    assert read(description="<b>Hi</b> &amp; bye\nthere<br>you").details.description == "Hi & bye\nthere\nyou"
    assert read(description="1 < 2\n\nfish & chips").details.description == "1 < 2\n\nfish & chips"


def test_conference_data_comes_before_what_texts_say_and_phones_are_no_links() -> None:
    links = read(
        conferenceData={
            "entryPoints": [
                {"entryPointType": "phone", "uri": "tel:+41-43-000-00-00"},
                {"entryPointType": "video", "uri": "https://meet.google.com/abc-defg-hij"},
                {"entryPointType": "more", "uri": "https://tel.meet/abc-defg-hij?pin=1"},
            ]
        },
        hangoutLink="https://meet.google.com/abc-defg-hij",
        description='<a href="https://zoom.us/j/123456789?pwd=x">join</a>',
    ).details.links
    assert links == (
        MeetingLink("https://meet.google.com/abc-defg-hij", "google_meet"),
        MeetingLink("https://zoom.us/j/123456789?pwd=x", "zoom"),
    )


@pytest.mark.parametrize(
    "kind", ["birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation", "tomorrow's"]
)
def test_every_type_of_event_is_an_event(kind: str) -> None:
    assert read(eventType=kind, summary="Something").details.title == "Something"


def test_busy_time_without_details_is_an_event_without_a_title() -> None:
    item = {name: value for name, value in an_item(visibility="private").items() if name != "iCalUID"}
    change = read_item(item, HOME)
    assert isinstance(change, Upsert)
    assert (change.event.uid, change.event.details.title) == ("e1", None)


# What cannot be understood


@pytest.mark.parametrize(
    "values",
    [
        {"start": {"dateTime": "soon"}},
        {"start": {}},
        {"start": None},
        {"start": {"date": "2026-02-30"}},
        {"start": {"dateTime": "0001-01-01T00:00:00Z"}},
        {"summary": 7},
        {"attendees": [None]},
        {"recurrence": ["RRULE:BYDAY=MO"]},
        {"recurrence": 7},
        {"recurringEventId": 7, "originalStartTime": {"date": "2026-01-05"}},
        {"recurringEventId": "m", "originalStartTime": {"date": "soon"}},
    ],
    ids=repr,
)
def test_what_is_malformed_is_put_aside_under_its_id(values: dict[str, Any]) -> None:
    change = read_item(an_item(**values), HOME)
    assert isinstance(change, Quarantine)
    assert change.remote_id == "e1"
    assert change.reason.endswith(".")
    assert json.loads(change.source)["id"] == "e1"


def test_what_has_no_id_is_put_aside_under_a_name_of_its_content() -> None:
    one, again, other = (read_item(item, HOME) for item in ({"id": 7}, {"id": 7}, None))
    assert isinstance(one, Quarantine)
    assert one == again
    assert one.remote_id != other.remote_id


def test_the_source_of_what_is_put_aside_is_bounded() -> None:
    change = read_item(an_item(start=None, description="x" * 200_000), HOME)
    assert isinstance(change, Quarantine)
    assert len(change.source) == 64 * 1024


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["2026-01-05", "cancelled"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["date", "email", "uri"]), inner),
    max_leaves=4,
)
names = st.sampled_from(["id", "status", "start", "end", "recurrence", "attendees", "organizer", "conferenceData"])


@given(st.dictionaries(names | st.sampled_from(["recurringEventId", "originalStartTime", "summary"]), json_values))
@settings(max_examples=100, deadline=None)
def test_no_item_makes_reading_fail(values: dict[str, Any]) -> None:
    assert read_item(an_item(**values), HOME).remote_id
