"""A feed that is read by our own ICS provider gives the events it was made of, but for what `docs/export.md` names."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Attendee, Details, Event, EventStatus, EventTime, Override, Person, Recurrence
from calendar_sync.export.details import plain
from calendar_sync.export.spelling import spelled_out
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.zones import Zones
from calendar_sync.store.payload import encode
from providers.icalendar.recurrence import recurrence_rule
from tests.builders import START, a_hole, a_time, an_all_day_time, an_event, an_override, wall
from tests.export.feeds import feed_of, read_back
from tests.export.made_up import event_objects


def less_what_is_lost(event: Event) -> Event:
    """What comes back of an event. Each line is a loss that the documentation names."""
    event = spelled_out(event)
    event = replace(event, remote_id=event.uid, time=_time(event.time), details=_details(event.details))
    if event.recurrence is not None:
        event = replace(event, recurrence=_recurrence(event.recurrence, event.overrides))
    return replace(event, overrides=tuple(_override(one) for one in event.overrides))


def _time(of: EventTime) -> EventTime:
    """The zone of an all-day event, for a date has none; and an end that the clocks being set put before the start."""
    if of.all_day:
        return replace(of, zone="UTC", zone_rules=None)
    starts_at, ends_at = instants(of, Zones())
    return replace(of, end=of.start, end_fold=of.fold) if starts_at == ends_at else of


def _details(details: Details) -> Details:
    """Control characters."""
    return replace(
        details,
        title=plain(details.title or "") or None,
        description=plain(details.description or "") or None,
        location=plain(details.location or "") or None,
    )


def _recurrence(recurrence: Recurrence, overrides: tuple[Override, ...]) -> Recurrence | None:
    """The order of the parts of a rule, and that a series is one which neither repeats nor has an exception."""
    if not (recurrence.rules or recurrence.dates or overrides):
        return None
    if not (recurrence.rules or recurrence.dates):
        return Recurrence()
    return replace(recurrence, rules=tuple(sorted(map(recurrence_rule, recurrence.rules))))


def _override(one: Override) -> Override:
    return replace(one, time=one.time and _time(one.time), details=_details(one.details))


def texts(*events: Event) -> list[str]:
    return [encode(event).payload for event in events]


@given(event=event_objects())
@settings(max_examples=40, deadline=None)
def test_an_event_comes_back(event: Event) -> None:
    assert texts(*read_back(feed_of(event))) == texts(less_what_is_lost(event))


@given(events=st.lists(event_objects(), max_size=2, unique_by=lambda one: one.uid), portion=st.integers(1, 2))
@settings(max_examples=12, deadline=None)
def test_what_came_back_once_comes_back_as_it_is(events: list[Event], portion: int) -> None:
    once = read_back(feed_of(*events, portion=portion))

    assert texts(*read_back(feed_of(*once))) == texts(*once)


def test_the_same_events_make_the_same_bytes_in_whatever_portions() -> None:
    events = [an_event(f"e{number}", title="Ünïcode 😀 " * 20) for number in range(5)]

    assert len({feed_of(*events, portion=portion) for portion in (1, 2, 5)}) == 1


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(replace(an_event(), is_orphan=True), id="of which nothing else is known"),
        pytest.param(
            replace(
                an_event(time=a_time(wall("2026-03-10T11:00"))),
                recurrence=Recurrence(),
                overrides=(
                    an_override(START, start=wall("2026-03-10T11:00")),
                    an_override(wall("2026-03-16T09:00"), title="Another"),
                ),
                is_orphan=True,
            ),
            id="several",
        ),
    ],
)
def test_orphans_come_back_as_orphans(event: Event) -> None:
    (back,) = read_back(feed_of(event))

    assert texts(back) == texts(event)


def test_a_lone_orphan_says_where_its_series_had_it() -> None:
    moved = a_time(wall("2026-03-10T11:00"))
    orphan = replace(
        an_event(time=moved), overrides=(Override(START, moved, Details(title="Stand-up")),), is_orphan=True
    )

    feed = feed_of(orphan)

    assert b"RECURRENCE-ID;TZID=Europe/Berlin:20260309T090000\r\n" in feed
    assert texts(*read_back(feed)) == texts(replace(orphan, overrides=()))


@pytest.mark.parametrize("fold", [0, 1])
def test_both_of_two_equal_hours_come_back(fold: int) -> None:
    second = wall("2026-10-25T02:30").replace(fold=fold)
    series = replace(
        an_event(start=wall("2026-10-20T02:30")),
        recurrence=Recurrence(("FREQ=DAILY",), dates=(second,), periods=((second, wall("2026-10-25T05:00")),)),
        overrides=(
            Override(
                second,
                EventTime(second.replace(fold=0), second.replace(fold=0), "Europe/Berlin", fold=fold, end_fold=fold),
                Details(),
            ),
        ),
    )

    (back,) = read_back(feed_of(series))

    assert texts(back) == texts(less_what_is_lost(series))


def test_the_end_of_a_flight_stays_in_its_zone() -> None:
    flight = an_event(time=EventTime(START, wall("2026-03-09T11:00"), "Europe/Berlin", end_zone="America/New_York"))

    assert texts(*read_back(feed_of(flight))) == texts(less_what_is_lost(flight))


def test_periods_and_excluded_rules_come_back() -> None:
    later = wall("2026-03-12T10:00")
    recurrence = Recurrence(
        ("FREQ=WEEKLY",), ("FREQ=MONTHLY",), dates=(later,), periods=((later, wall("2026-03-12T13:00")),)
    )
    event = replace(an_event(), recurrence=recurrence)

    assert texts(*read_back(feed_of(event))) == texts(less_what_is_lost(event))


def test_a_cancelled_event_is_there_as_cancelled() -> None:
    event = an_event(status=EventStatus.CANCELLED)

    assert b"STATUS:CANCELLED\r\n" in feed_of(event)
    assert texts(*read_back(feed_of(event))) == texts(less_what_is_lost(event))


def test_a_cancelled_instance_is_excluded() -> None:
    event = replace(an_event(), recurrence=Recurrence(("FREQ=WEEKLY",)), overrides=(a_hole(wall("2026-03-16T09:00")),))

    (back,) = read_back(feed_of(event))

    assert back.recurrence == Recurrence(("FREQ=WEEKLY",), exceptions=(wall("2026-03-16T09:00"),))


def test_who_reads_it_is_themselves() -> None:
    event = an_event(organizer=Person("bo@example.com", "Bo"))
    attendees = (Attendee("ada@example.com"), Attendee("bo@example.com", is_self=True))
    event = replace(event, details=replace(event.details, attendees=attendees))

    (back,) = read_back(feed_of(event), me=frozenset({"ada@example.com"}))

    assert [one.is_self for one in back.details.attendees] == [True, False]


def test_all_day_events_are_dates() -> None:
    feed = feed_of(an_event(time=an_all_day_time(days=2)))

    assert b"DTSTART;VALUE=DATE:20260309\r\n" in feed
    assert b"DTEND;VALUE=DATE:20260311\r\n" in feed
    assert b"VTIMEZONE" not in feed
