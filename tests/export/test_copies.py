"""One UID is one event in a feed, however many calendars hold it."""

from dataclasses import replace

import icalendar

from calendar_sync.domain.events import Attendee
from tests.builders import START, a_time, an_event
from tests.export.feeds import entry_of, feed_of, read_back


def test_copies_that_say_the_same_are_one() -> None:
    ada, bo = Attendee("ada@example.com", is_self=True), Attendee("bo@example.com")
    mine = an_event("google", uid="meeting", attendees=(ada, bo))
    theirs = an_event("outlook", uid="meeting", attendees=(replace(ada, is_self=False), replace(bo, is_self=True)))

    assert [one.uid for one in read_back(feed_of(mine, theirs))] == ["meeting"]


def test_of_copies_that_differ_each_is_there_and_the_one_stored_first_keeps_its_name() -> None:
    first = an_event("google", uid="meeting", title="Lunch")
    second = an_event("outlook", uid="meeting", title="Lunch", description="Bring a spoon.")
    like_the_first = replace(first, remote_id="feed")

    feed = feed_of(first, second, like_the_first)

    assert [one.uid for one in read_back(feed)] == ["meeting", f"{entry_of(1, second).id}@calendar-sync"]
    named = [str(one.get("X-CALENDAR-SYNC-UID")) for one in icalendar.Calendar.from_ical(feed).walk("VEVENT")]
    assert named == ["None", "meeting"]


def test_a_series_and_its_copy_are_named_alike_in_all_their_parts() -> None:
    other = replace(an_event("other", uid="meeting"), time=a_time(START.replace(hour=11)))

    uids = [
        str(one["UID"]) for one in icalendar.Calendar.from_ical(feed_of(an_event(uid="meeting"), other)).walk("VEVENT")
    ]

    assert len(set(uids)) == 2


def test_an_event_says_when_it_changed_and_counts_up_as_it_does() -> None:
    (component,) = icalendar.Calendar.from_ical(feed_of(an_event())).walk("VEVENT")
    entry = entry_of(0, an_event())

    assert component.get("CREATED").dt == entry.created_at
    assert component.get("LAST-MODIFIED").dt == component.get("DTSTAMP").dt == entry.updated_at
    assert component.get("SEQUENCE") == 3600
