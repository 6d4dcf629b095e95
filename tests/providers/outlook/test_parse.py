"""Rows of `calendarView/delta` as changes."""

import json
from datetime import UTC, date, datetime, timedelta
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
    ResponseStatus,
    Visibility,
    Window,
)
from calendar_sync.domain.providers import Change, Quarantine, Removal, Upsert
from providers.outlook.pattern import rules_of
from providers.outlook.rounds import Round
from simulators.microsoft.ids import ical_uid
from tests.providers.outlook.remote import Json

SPAN = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ME = "me@x.ch"
BERLIN = {"originalStartTimeZone": "W. Europe Standard Time", "originalEndTimeZone": "W. Europe Standard Time"}


def utc(text: str) -> Json:
    return {"dateTime": f"{text}:00.0000000", "timeZone": "UTC"}


def a_row(**values: Any) -> Json:  # noqa: ANN401 - JSON
    times = {"start": utc("2026-01-05T08:00"), "end": utc("2026-01-05T08:30")}
    return {"id": "e1", "type": "singleInstance", "iCalUId": "u1", "isAllDay": False, **times, **BERLIN, **values}


def changes(*rows: object) -> list[Change]:
    """Of a round that lists what there is."""
    round_ = Round(SPAN, ME)
    return [*round_.note(rows), *(round_.told(series) for series in round_.series())]


def read(**values: Any) -> Event:  # noqa: ANN401 - JSON
    (change,) = changes(a_row(**values))
    assert isinstance(change, Upsert), change
    return change.event


def wall(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(fold=fold)


# Times


def test_a_time_is_kept_on_the_clock_it_was_written_on() -> None:
    assert read().time == EventTime(wall("2026-01-05T09:00"), wall("2026-01-05T09:30"), "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Eastern Standard Time", "America/New_York"),
        ("America/New_York", "America/New_York"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("tzone://Microsoft/Custom", "UTC"),
        ("Customized Time Zone", "UTC"),
        (None, "UTC"),
    ],
)
def test_a_zone_has_its_windows_name_or_any_and_a_custom_one_none(name: str | None, zone: str) -> None:
    time = read(originalStartTimeZone=name, originalEndTimeZone=name).time
    assert (time.zone, time.end_zone) == (zone, None)
    hours = {"UTC": 8, "America/New_York": 3}[zone]
    assert time.start == wall(f"2026-01-05T0{hours}:00")


def test_an_end_may_be_in_another_zone() -> None:
    time = read(originalEndTimeZone="GMT Standard Time").time
    assert (time.end, time.end_zone) == (wall("2026-01-05T08:30"), "Europe/London")


def test_times_in_another_zone_than_was_asked_for_are_understood() -> None:
    start = {"dateTime": "2026-01-05T03:00:00.0000000", "timeZone": "Eastern Standard Time"}
    assert read(start=start).time == read().time


def test_which_of_two_equal_hours_is_meant_is_kept() -> None:
    time = read(start=utc("2026-10-25T00:30"), end=utc("2026-10-25T01:30")).time
    assert (time.start, time.fold, time.end, time.end_fold) == (
        wall("2026-10-25T02:30"),
        0,
        wall("2026-10-25T02:30"),
        1,
    )


def test_an_end_before_the_start_is_no_length() -> None:
    time = read(end=utc("2026-01-05T07:00")).time
    assert time.end == time.start


def test_an_all_day_event_is_on_the_dates_written_in_whatever_zone() -> None:
    days = {"start": utc("2026-01-05T00:00"), "end": utc("2026-01-07T00:00"), "isAllDay": True}
    for zone, name in (("Tokyo Standard Time", "Asia/Tokyo"), ("Hawaiian Standard Time", "Pacific/Honolulu")):
        time = read(**days, originalStartTimeZone=zone, originalEndTimeZone=zone).time
        assert time == EventTime(wall("2026-01-05"), wall("2026-01-07"), name, all_day=True)


def test_an_all_day_event_lasts_at_least_a_day() -> None:
    days = {"start": utc("2026-01-05T00:00"), "end": utc("2026-01-05T00:00"), "isAllDay": True}
    assert read(**days).time.end == wall("2026-01-06")


# Series

MASTER = a_row(
    id="m",
    type="seriesMaster",
    subject="Stand-up",
    recurrence={
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "sunday"},
        "range": {"type": "noEnd", "startDate": "2026-01-05", "endDate": "0001-01-01", "numberOfOccurrences": 0},
    },
)


def an_occurrence(start: str, end: str | None = None, **values: Any) -> Json:  # noqa: ANN401 - JSON
    """As thin as they come."""
    begin = datetime.fromisoformat(start)
    ends = f"{begin + timedelta(minutes=30):%Y-%m-%dT%H:%M}" if end is None else end
    times = {"start": utc(start), "end": utc(ends)}
    return {"id": f"o{start}", "type": "occurrence", "seriesMasterId": "m", **times, **values}


def an_exception(original: str, start: str, end: str, **values: Any) -> Json:  # noqa: ANN401 - JSON
    return an_occurrence(start, end, type="exception", originalStart=f"{original}:00Z", **values)


def series(*rows: Json, **of_master: Any) -> Event:  # noqa: ANN401 - JSON
    (change,) = changes({**MASTER, **of_master}, *rows)
    assert isinstance(change, Upsert), change
    return change.event


def test_a_series_is_one_event_with_the_starts_of_its_occurrences() -> None:
    event = series(an_occurrence("2026-07-06T07:00"), an_occurrence("2026-01-12T08:00"))
    assert (event.remote_id, event.uid, event.details.title) == ("m", "u1", "Stand-up")
    assert event.recurrence is not None
    assert event.recurrence.dates == (wall("2026-01-12T09:00"), wall("2026-07-06T09:00"))
    assert (event.recurrence.rules, event.recurrence.listed) == (("FREQ=WEEKLY;BYDAY=MO;WKST=SU",), SPAN)
    assert not event.overrides


def test_rows_come_in_any_order_and_the_last_of_an_id_holds() -> None:
    first, second = an_occurrence("2026-01-12T08:00"), an_occurrence("2026-01-19T08:00")
    event = series(first, second)
    assert changes(second, {**MASTER, "subject": "Old"}, first, MASTER) == [Upsert(event)]
    moved = an_exception("2026-01-19T08:00", "2026-01-20T08:00", "2026-01-20T08:30")
    assert changes(MASTER, first, {**moved, "id": second["id"]}, second) == [Upsert(event)]


def test_an_exception_says_what_differs_and_the_rest_is_its_masters() -> None:
    event = series(
        an_occurrence("2026-01-12T08:00"),
        an_exception("2026-01-19T08:00", "2026-01-20T13:00", "2026-01-20T14:00", subject="Late"),
        location={"displayName": "Room 1"},
    )
    (override,) = event.overrides
    assert override.original_start == wall("2026-01-19T09:00")
    assert override.time == EventTime(wall("2026-01-20T14:00"), wall("2026-01-20T15:00"), "Europe/Berlin")
    assert (override.details.title, override.details.location) == ("Late", "Room 1")


def test_an_exception_that_differs_in_nothing_we_know_is_an_occurrence() -> None:
    same = an_exception("2026-01-19T08:00", "2026-01-19T08:00", "2026-01-19T08:30", reminderMinutesBeforeStart=5)
    assert series(same) == series(an_occurrence("2026-01-19T08:00"))


def test_an_occurrence_takes_all_it_says_from_its_master() -> None:
    assert series(an_occurrence("2026-01-12T08:00", subject="As it was")) == series(an_occurrence("2026-01-12T08:00"))


def test_the_start_of_the_master_is_no_instance_unless_it_is_listed() -> None:
    recurrence = series(an_occurrence("2026-01-12T08:00")).recurrence
    assert recurrence is not None
    assert recurrence.dates == (wall("2026-01-12T09:00"),)


def test_an_occurrence_of_another_length_is_when_graph_says() -> None:
    longer = series(an_occurrence("2026-03-29T00:45", "2026-03-29T02:15")).overrides
    assert [override.time for override in longer] == [
        EventTime(wall("2026-03-29T01:45"), wall("2026-03-29T04:15"), "Europe/Berlin")
    ]


def test_the_second_of_two_equal_starts_is_told_apart() -> None:
    first, second = an_occurrence("2026-10-25T00:30", "2026-10-25T02:00"), an_occurrence("2026-10-25T01:30")
    recurrence = series(first, second).recurrence
    assert recurrence is not None
    assert [(start, start.fold) for start in recurrence.dates] == [
        (wall("2026-10-25T02:30"), 0),
        (wall("2026-10-25T02:30"), 1),
    ]
    changed = series(first, {**second, "type": "exception", "subject": "Twice"})
    assert changed.recurrence is not None
    assert [(start, start.fold) for start in changed.recurrence.dates] == [
        (wall("2026-10-25T02:30"), 0),
        (wall("2026-10-25T02:30"), 1),
    ]
    assert [override.original_start.fold for override in changed.overrides] == [1]


@pytest.mark.parametrize("original", ["2026-01-12T00:00:00Z", "2026-01-11T23:00:00Z", None])
def test_an_exception_of_an_all_day_series_is_of_a_day_however_that_is_written(original: str | None) -> None:
    days = {"start": utc("2026-01-05T00:00"), "end": utc("2026-01-06T00:00"), "isAllDay": True}
    exception = an_occurrence("2026-01-12T00:00", "2026-01-13T00:00", type="exception", subject="Off")
    event = series({**exception, "originalStart": original}, **days)
    assert [override.original_start for override in event.overrides] == [wall("2026-01-12")]


def test_a_cancelled_exception_is_cancelled_and_stays() -> None:
    row = an_exception("2026-01-19T08:00", "2026-01-19T08:00", "2026-01-19T08:30", isCancelled=True)
    assert [override.details.status for override in series(row).overrides] == [EventStatus.CANCELLED]


def test_instances_without_their_master_are_an_orphan_in_its_place() -> None:
    guest = an_exception("2026-01-19T08:00", "2026-01-20T08:00", "2026-01-20T09:00", subject="Guest")
    (change,) = changes(an_occurrence("2026-01-12T08:00"), guest)
    assert isinstance(change, Upsert)
    assert (change.event.remote_id, change.event.is_orphan, change.event.details.title) == ("m", True, None)
    assert [override.details.title for override in change.event.overrides] == ["Guest"]


def test_what_is_removed_goes_with_all_that_was_its_own_but_not_its_past() -> None:
    gone = {"id": "m", "@removed": {"reason": "deleted"}}
    assert changes(MASTER, an_occurrence("2026-01-12T08:00"), gone) == [Removal("m", SPAN.start)]
    assert changes(gone, MASTER, an_occurrence("2026-01-12T08:00"))[1:] == [
        Upsert(series(an_occurrence("2026-01-12T08:00")))
    ]


def test_an_occurrence_that_is_removed_after_it_was_told_is_not_there() -> None:
    kept, gone = an_occurrence("2026-01-12T08:00"), an_occurrence("2026-01-19T08:00")
    removed = {"id": gone["id"], "@removed": {"reason": "deleted"}}
    assert changes(MASTER, gone, kept, removed)[1:] == [Upsert(series(kept))]


def test_a_series_that_recurs_no_more_is_a_single_event() -> None:
    single = a_row(id="m")
    assert changes(MASTER, an_occurrence("2026-01-12T08:00"), single) == changes(single)


def test_a_type_that_nobody_knows_is_told_by_what_the_row_has() -> None:
    unknown = {**MASTER, "type": "SomethingNew"}, an_occurrence("2026-01-12T08:00", type="SomethingNew")
    assert changes(*unknown) == [Upsert(series(an_occurrence("2026-01-12T08:00")))]
    assert changes(a_row(type=None)) == changes(a_row(type=7)) == changes(a_row())
    assert changes({**MASTER, "type": "SERIESMASTER"}, an_occurrence("2026-01-12T08:00", type="Occurrence")) == [
        Upsert(series(an_occurrence("2026-01-12T08:00")))
    ]


@pytest.mark.parametrize(
    ("pattern", "bounds", "rule"),
    [
        ({"type": "daily", "interval": 2}, {"type": "noEnd"}, "FREQ=DAILY;INTERVAL=2"),
        (
            {"type": "Weekly", "interval": 1, "daysOfWeek": ["Friday", "monday"], "firstDayOfWeek": "monday"},
            {"type": "numbered", "numberOfOccurrences": 5},
            "FREQ=WEEKLY;BYDAY=MO,FR;WKST=MO;COUNT=5",
        ),
        (
            {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
            {"type": "endDate", "endDate": "2026-12-31"},
            "FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20261231",
        ),
        (
            {"type": "relativeMonthly", "interval": 3, "daysOfWeek": ["tuesday"], "index": "last"},
            {},
            "FREQ=MONTHLY;INTERVAL=3;BYDAY=TU;BYSETPOS=-1",
        ),
        (
            {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 29, "month": 2},
            {},
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        ),
        (
            {"type": "relativeYearly", "interval": 1, "daysOfWeek": ["sunday"], "index": "second", "month": 5},
            {},
            "FREQ=YEARLY;BYMONTH=5;BYDAY=SU;BYSETPOS=2",
        ),
    ],
)
def test_a_pattern_is_described_by_a_rule(pattern: Any, bounds: Any, rule: str) -> None:  # noqa: ANN401 - JSON
    assert rules_of({"pattern": pattern, "range": bounds}) == (rule,)


@pytest.mark.parametrize("pattern", [{}, {"type": "hourly"}, {"type": "weekly", "daysOfWeek": ["noday"]}, None, 7])
def test_a_pattern_that_nobody_knows_has_no_rule_and_its_series_all_instances(pattern: Any) -> None:  # noqa: ANN401
    event = series(an_occurrence("2026-01-12T08:00"), recurrence={"pattern": pattern, "range": {}})
    assert event.recurrence is not None
    assert (event.recurrence.rules, len(event.recurrence.dates)) == ((), 1)


# Details


def test_texts_people_and_answers_are_read() -> None:
    details = read(
        subject=" Sync ",
        location={"displayName": " "},
        organizer=person("A@X.ch", "a@x.ch"),
        responseStatus={"response": "tentativelyAccepted", "time": "2026-01-01T00:00:00Z"},
        attendees=[
            person("Room@x.ch", "Room", type="resource", status={"response": "accepted"}),
            person("Me@x.ch", "Me", type="required", status={"response": "none", "time": "0001-01-01T00:00:00Z"}),
            person("b@x.ch", None, type="Optional", status={"response": "Declined"}),
            person("/o=ExchangeLabs/ou=x/cn=c", "Nobody's address", type="required", status=None),
            person(None, None),
            {},
        ],
        showAs="workingElsewhere",
        sensitivity="confidential",
        webLink="https://outlook.office365.com/owa/?itemid=x",
    ).details
    assert (details.title, details.location, details.organizer) == ("Sync", None, Person("a@x.ch"))
    assert details.attendees == (
        Attendee(None, "Nobody's address"),
        Attendee("b@x.ch", None, ResponseStatus.DECLINED, is_optional=True),
        Attendee("me@x.ch", "Me", ResponseStatus.TENTATIVE, is_self=True),
        Attendee("room@x.ch", "Room", ResponseStatus.ACCEPTED, is_resource=True),
    )
    assert (details.visibility, details.is_busy) == (Visibility.CONFIDENTIAL, False)
    assert details.url == "https://outlook.office365.com/owa/?itemid=x"


def person(address: str | None, name: str | None, **more: Any) -> Json:  # noqa: ANN401 - JSON
    return {"emailAddress": {"address": address, "name": name}, **more}


@pytest.mark.parametrize(
    ("shown", "is_busy"),
    [("free", False), ("tentative", True), ("busy", True), ("oof", True), ("unknown", True), ("later", True)],
)
def test_time_is_busy_unless_it_is_said_to_be_free(shown: str, is_busy: bool) -> None:
    assert read(showAs=shown).details.is_busy is is_busy


def test_absent_values_mean_their_defaults() -> None:
    nothing: Json = dict.fromkeys(("subject", "body", "organizer", "attendees", "location", "onlineMeeting", "showAs"))
    details = read(**nothing).details
    assert (details.title, details.status, details.visibility, details.is_busy, details.attendees) == (
        None,
        EventStatus.CONFIRMED,
        Visibility.DEFAULT,
        True,
        (),
    )
    assert read(sensitivity="personal").details.visibility is Visibility.PRIVATE


def test_a_meeting_that_was_cancelled_is_shown_as_cancelled() -> None:
    assert read(isCancelled=True).details.status is EventStatus.CANCELLED


def test_a_description_is_text_also_where_it_came_as_html() -> None:
    plain = read(body={"contentType": "text", "content": "1 < 2\r\nfish & chips\r\n"}).details
    assert plain.description == "1 < 2\nfish & chips"
    rich = read(body={"contentType": "HTML", "content": "<html><body>Hi<br>you &amp; me</body></html>"}).details
    assert rich.description == "Hi\nyou & me"


def test_the_online_meeting_comes_before_what_texts_say() -> None:
    teams = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d"
    links = read(
        onlineMeeting={"joinUrl": teams, "conferenceId": "123"},
        location={"displayName": "Microsoft Teams Meeting", "locationUri": "https://zoom.us/j/123456789"},
        body={"contentType": "text", "content": "or https://meet.google.com/abc-defg-hij"},
    ).details.links
    assert links == (
        MeetingLink(teams, "teams"),
        MeetingLink("https://zoom.us/j/123456789", "zoom"),
        MeetingLink("https://meet.google.com/abc-defg-hij", "google_meet"),
    )
    legacy = read(onlineMeetingUrl="https://join.skype.com/AbCdEf").details.links
    assert [link.platform for link in legacy] == ["skype"]


def test_a_link_is_found_in_any_of_several_locations() -> None:
    room = {"displayName": "Room 4"}
    named = {"displayName": "https://zoom.us/j/123456789"}
    addressed = {"displayName": "Online", "locationUri": "https://meet.google.com/abc-defg-hij"}

    event = read(location=room, locations=[room, named, addressed]).details

    assert (event.location, [link.platform for link in event.links]) == ("Room 4", ["zoom", "google_meet"])


def test_an_event_without_a_uid_is_known_by_its_id() -> None:
    assert read(iCalUId=None).uid == "e1"


def test_a_single_occurrence_that_somebody_was_invited_to_is_one_of_its_series() -> None:
    series, day = ical_uid("series"), ical_uid("series", date(2026, 1, 5))

    assert (read(iCalUId=series).uid, read(iCalUId=series).is_orphan) == (series, False)
    assert (read(iCalUId=day).uid, read(iCalUId=day).is_orphan) == (series, True)


# What cannot be understood


@pytest.mark.parametrize(
    "values",
    [
        {"start": {"dateTime": "soon", "timeZone": "UTC"}},
        {"start": {}},
        {"start": None},
        {"start": {"dateTime": "2026-01-05T08:00:00", "timeZone": "Mars/Olympus"}},
        {"start": {"dateTime": "0001-01-01T00:00:00.0000000", "timeZone": "UTC"}},
        {"start": {"dateTime": "9999-12-31T23:59:59.9999999", "timeZone": "UTC"}},
        {"subject": 7},
        {"attendees": [None]},
        {"originalStartTimeZone": 7},
        {"type": "occurrence"},
        {"type": "exception", "seriesMasterId": 7},
    ],
    ids=repr,
)
def test_what_is_malformed_is_put_aside_under_its_id(values: Json) -> None:
    (change,) = changes(a_row(**values))
    assert isinstance(change, Quarantine)
    assert change.remote_id == "e1"
    assert change.reason.endswith(".")
    assert json.loads(change.source)["id"] == "e1"


@pytest.mark.parametrize("row", [an_occurrence("2026-01-12T08:00", subject="x"), {**MASTER, "subject": 7}])
def test_a_series_with_a_row_that_is_malformed_is_put_aside_whole(row: Json) -> None:
    broken = {**row, "start": None} if row["type"] == "occurrence" else row
    (change,) = changes(MASTER, an_occurrence("2026-01-19T08:00"), broken)
    assert isinstance(change, Quarantine)
    assert change.remote_id == "m"


def test_what_has_no_id_is_put_aside_under_a_name_of_its_content() -> None:
    one, again, other = changes({"id": 7}, {"id": 7}, None)
    assert isinstance(one, Quarantine)
    assert one == again
    assert one.remote_id != other.remote_id


def test_the_source_of_what_is_put_aside_is_bounded() -> None:
    (change,) = changes(a_row(start=None, subject="x" * 200_000))
    assert isinstance(change, Quarantine)
    assert len(change.source) == 64 * 1024


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["2026-01-05", "exception"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["dateTime", "response"]), inner),
    max_leaves=4,
)
names = st.sampled_from(["id", "type", "start", "end", "recurrence", "attendees", "organizer", "onlineMeeting", "body"])


@given(
    st.dictionaries(names | st.sampled_from(["seriesMasterId", "originalStart", "@removed", "isAllDay"]), json_values)
)
@settings(max_examples=100, deadline=None)
def test_no_row_makes_reading_fail(values: Json) -> None:
    for row in (a_row(**values), {**MASTER, **values}, an_occurrence("2026-01-12T08:00") | values):
        assert all(change.remote_id for change in changes(MASTER, row))
