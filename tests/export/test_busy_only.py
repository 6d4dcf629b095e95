"""A feed that says when its user is busy says nothing else."""

from dataclasses import replace
from datetime import timedelta

import icalendar
import pytest
from hypothesis import given, settings

from calendar_sync.domain.events import (
    Attendee,
    Details,
    Event,
    EventStatus,
    EventTime,
    MeetingLink,
    Override,
    Person,
    Visibility,
    Window,
)
from calendar_sync.export.spelling import spelled_out
from calendar_sync.recurrence import expand
from tests.builders import NOW, START, a_hole, a_series, a_time, an_event, wall
from tests.export.feeds import BUSY, feed_of, read_back
from tests.export.made_up import NOWHERE, event_objects

SECRET = "canary"
EVERYTHING = Details(
    title=SECRET,
    description=SECRET,
    location=SECRET,
    organizer=Person(f"{SECRET}@example.com", SECRET),
    attendees=(Attendee(f"{SECRET}@example.com", SECRET),),
    links=(MeetingLink(f"https://zoom.us/j/{SECRET}", "zoom"),),
    url=f"https://example.com/{SECRET}",
    visibility=Visibility.CONFIDENTIAL,
    status=EventStatus.TENTATIVE,
)
ALWAYS = Window(NOW - timedelta(days=400), NOW + timedelta(days=400))
NEXT = START + timedelta(days=7)


def busy_times(event: Event) -> list[tuple[object, object]]:
    return [
        (one.starts_at, one.ends_at)
        for one in expand(event, ALWAYS).instances
        if one.details.is_busy and one.details.status is not EventStatus.CANCELLED
    ]


def test_nothing_but_times_is_in_it_field_by_field() -> None:
    time = EventTime(START, START + timedelta(hours=1), f"{SECRET} zone", zone_rules=NOWHERE)
    event = replace(
        a_series(uid=f"{SECRET}@example.com", time=time),
        details=EVERYTHING,
        overrides=(Override(NEXT, replace(time, start=NEXT, end=NEXT + timedelta(hours=2)), EVERYTHING),),
    )

    feed = feed_of(event, feed=BUSY)

    assert SECRET.encode() not in feed
    components = icalendar.Calendar.from_ical(feed).walk("VEVENT")
    assert [set(one) for one in components] == [
        {"UID", "DTSTAMP", "DTSTART", "DTEND", "RRULE", "SUMMARY", "STATUS", "TRANSP"},
        {"UID", "DTSTAMP", "RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY", "STATUS", "TRANSP"},
    ]
    assert {(str(one["SUMMARY"]), str(one["STATUS"])) for one in components} == {("Busy", "CONFIRMED")}


@given(event=event_objects())
@settings(max_examples=20, deadline=None)
def test_it_says_all_times_at_which_its_user_is_busy_and_no_others(event: Event) -> None:
    found = read_back(feed_of(event, feed=BUSY))

    assert sorted(each for one in found for each in busy_times(one)) == sorted(busy_times(spelled_out(event)))
    assert {one.details.title for one in found} <= {"Busy", None}


@pytest.mark.parametrize(
    "details", [Details(title="Free", is_busy=False), Details(title="Off", status=EventStatus.CANCELLED)]
)
def test_what_keeps_nobody_busy_is_left_out(details: Details) -> None:
    assert read_back(feed_of(replace(an_event(), details=details), feed=BUSY)) == []


def test_an_instance_that_is_free_or_cancelled_is_excluded() -> None:
    free = Override(NEXT, a_time(NEXT), Details(title="Free", is_busy=False))
    event = a_series(overrides=[free, a_hole(NEXT + timedelta(days=7))])

    (found,) = read_back(feed_of(event, feed=BUSY))

    assert found.recurrence is not None
    assert found.recurrence.exceptions == (wall("2026-03-16T09:00"), wall("2026-03-23T09:00"))
    assert found.overrides == ()


def test_copies_that_differ_in_words_only_are_one() -> None:
    copies = [an_event("a", uid="same", title="Lunch"), an_event("b", uid="same", title="Lunch with Bo")]

    assert len(read_back(feed_of(*copies, feed=BUSY))) == 1
