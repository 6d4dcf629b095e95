"""A feed is valid: two independent parsers accept it, the strict one to the last property, and read the same."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import icalendar
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from calendar_sync.domain.events import Details, Event, Window
from calendar_sync.export.details import plain
from calendar_sync.export.spelling import spelled_out
from calendar_sync.recurrence import expand
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.zones import Zones
from tests.export.feeds import FEED, feed_of
from tests.export.made_up import PLAIN_DETAILS, SAFE_HOURS, event_objects

EVENTS = st.lists(event_objects(), max_size=2, unique_by=lambda one: one.uid)
SECOND = timedelta(seconds=1)
Said = tuple[str, datetime, str | None, str | None, str | None]


def said(event: Event) -> Iterator[Said]:
    """Of each VEVENT that an event object comes to, what another program makes of it."""
    event = spelled_out(event)
    if not event.is_orphan:
        yield _said(event, instants(event.time, Zones())[0], event.details)
    for one in event.overrides:
        assert one.time is not None
        yield _said(event, instants(one.time, Zones())[0], one.details)


def _said(event: Event, start: datetime, details: Details) -> Said:
    title, description, location = (
        plain(text or "") or None for text in (details.title, details.description, details.location)
    )
    return event.uid, start, title, description, location


def instant(moment: date | None) -> datetime:
    assert moment is not None
    return moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)


@given(events=EVENTS)
@settings(max_examples=20, deadline=None)
def test_two_parsers_accept_it_and_read_the_same(events: list[Event]) -> None:
    feed, expected = feed_of(*events), [each for event in events for each in said(event)]

    strict = icalendar.Calendar.from_ical(feed)
    assert [error for component in strict.walk() for error in component.errors] == []
    assert [
        (
            str(one["UID"]),
            instant(one.get("DTSTART").dt),
            *(_text(one.get(name)) for name in ("SUMMARY", "DESCRIPTION", "LOCATION")),
        )
        for one in strict.walk("VEVENT")
    ] == expected
    assert [
        (one.uid, instant(one.dtstart), one.summary or None, one.description or None, one.location or None)
        for one in IcsCalendarStream.calendar_from_ics(feed.decode()).events
    ] == expected


@given(event=event_objects(PLAIN_DETAILS, SAFE_HOURS))
@settings(max_examples=30, deadline=None)
def test_recurring_ical_events_has_the_instances_that_are_stored(event: Event) -> None:
    window = Window(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC))

    ours = [
        (one.starts_at, one.ends_at, one.details.title)
        for one in expand(event, window).instances
        if one.starts_at < window.end and max(one.ends_at, one.starts_at + SECOND) > window.start
    ]

    calendar = icalendar.Calendar.from_ical(feed_of(event))
    theirs = [
        (instant(one.start), instant(one.end), _text(one.get("SUMMARY")))
        for one in recurring_ical_events.of(calendar).between(window.start, window.end)
    ]
    assert sorted(theirs) == sorted(ours)


def test_the_calendar_says_what_it_is_and_how_often_to_look() -> None:
    lines = feed_of().decode().splitlines()

    assert lines == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//calendar-sync//Export//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{FEED.name}",
        f"X-WR-CALNAME:{FEED.name}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT5M",
        "X-PUBLISHED-TTL:PT5M",
        "END:VCALENDAR",
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
