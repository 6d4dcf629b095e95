"""Events as text: nothing is lost, equal meaning gives equal text, and any difference is seen."""

from dataclasses import fields, replace
from datetime import UTC, date
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import (
    Attendee,
    Details,
    Event,
    EventStatus,
    EventTime,
    MeetingLink,
    Override,
    Person,
    Recurrence,
    ResponseStatus,
    Visibility,
    Window,
)
from calendar_sync.store.columns import storable
from calendar_sync.store.payload import changed_fields, decode, encode, summary
from tests.builders import START, a_series, an_event, wall

T = TypeVar("T")

WALLS = st.datetimes().flatmap(lambda moment: st.sampled_from([moment, moment.replace(fold=1)]))
MOMENTS = st.datetimes(timezones=st.just(UTC), allow_imaginary=False).map(lambda moment: moment.replace(fold=0))
ODD_TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cc", "Cs", "Cf"]))


def tuples(items: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(items, max_size=2).map(tuple)


RECURRENCES = st.builds(
    Recurrence,
    rules=tuples(st.just("FREQ=DAILY")),
    exception_rules=tuples(st.just("FREQ=WEEKLY")),
    dates=tuples(WALLS),
    exceptions=tuples(WALLS),
    periods=tuples(st.tuples(WALLS, WALLS)),
    excluded_days=tuples(st.dates()),
    listed=st.none() | st.builds(Window, MOMENTS, MOMENTS),
)


def events(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Event]:
    folds = st.sampled_from([0, 1])
    times = st.builds(EventTime, WALLS, WALLS, texts, st.booleans(), st.none() | texts, st.none() | texts, folds, folds)
    attendees = st.builds(
        Attendee, st.none() | texts, st.none() | texts, st.sampled_from(ResponseStatus), *[st.booleans()] * 3
    )
    details = st.builds(
        Details,
        title=st.none() | texts,
        description=st.none() | texts,
        location=st.none() | texts,
        status=st.sampled_from(EventStatus),
        organizer=st.none() | st.builds(Person, st.none() | texts, st.none() | texts),
        attendees=tuples(attendees),
        links=tuples(st.builds(MeetingLink, texts, texts)),
        url=st.none() | texts,
        visibility=st.sampled_from(Visibility),
        is_busy=st.booleans(),
    )
    overrides = st.builds(Override, WALLS, st.none() | times, details, st.booleans())
    return st.builds(Event, texts, texts, times, details, st.none() | RECURRENCES, tuples(overrides), st.booleans())


def folds(event: Event) -> list[int]:
    """What equality does not see."""
    named = [*event.recurrence.dates, *event.recurrence.exceptions] if event.recurrence else []
    periods = [moment for period in event.recurrence.periods for moment in period] if event.recurrence else []
    overrides = [override.original_start for override in event.overrides]
    times = [
        moment for override in event.overrides if override.time for moment in (override.time.start, override.time.end)
    ]
    return [moment.fold for moment in (event.time.start, event.time.end, *named, *periods, *overrides, *times)]


@given(events(st.text(max_size=8)))
def test_what_is_read_back_is_what_was_written(event: Event) -> None:
    encoded = encode(event)
    read = decode(encoded.event.remote_id, encoded.payload)
    assert read == encoded.event
    assert folds(read) == folds(event)
    assert encode(read) == encoded


@settings(max_examples=50)
@given(events(ODD_TEXTS))
def test_texts_lose_what_a_database_cannot_hold_and_nothing_else(event: Event) -> None:
    encoded = encode(event)
    assert encoded.event.remote_id == storable(event.remote_id)
    assert encoded.event.details.title == (event.details.title and storable(event.details.title))
    assert encode(encoded.event) == encoded
    assert "\x00" not in repr(encoded.event)
    encoded.payload.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_what_every_database_can_hold_stays_as_it_is(text: str) -> None:
    assert storable(text) == text


def test_the_remote_id_is_not_part_of_the_content() -> None:
    assert encode(an_event("a", uid="u")).content_hash == encode(an_event("b", uid="u")).content_hash


@pytest.mark.parametrize(
    "other",
    [
        an_event(uid="other"),
        an_event(title="Other"),
        an_event(title=None),
        an_event(location="Room 1"),
        an_event(is_busy=False),
        an_event(start=START.replace(minute=1)),
        replace(an_event(), time=replace(an_event().time, fold=1)),
        replace(an_event(), is_orphan=True),
        a_series("e1"),
    ],
)
def test_any_other_meaning_has_another_hash(other: Event) -> None:
    assert encode(other).content_hash != encode(an_event()).content_hash


def test_changed_fields_are_named_those_of_the_details_among_them() -> None:
    changed = a_series("e1", title="Other", is_busy=False)
    assert changed_fields(an_event(), changed) == ("recurrence", "title", "is_busy")
    assert changed_fields(changed, changed) == ()


def test_a_second_occurrence_of_a_time_differs_from_the_first() -> None:
    """02:30 in the night when the clocks are set back."""
    first = wall("2026-10-25T02:30")
    series = a_series(exceptions=[first])
    other = a_series(exceptions=[first.replace(fold=1)])
    assert series == other  # as Python has it
    assert changed_fields(series, other) == ("recurrence",)


def test_a_payload_of_a_version_that_knew_fewer_fields_has_their_defaults() -> None:
    payload = encode(an_event()).payload.replace(',"is_orphan":false', "").replace(',"overrides":[]', "")
    assert decode("e1", payload) == an_event()


def test_a_date_is_read_back_as_a_date() -> None:
    event = replace(a_series(), recurrence=Recurrence(excluded_days=(date(2026, 3, 9),)))
    assert decode("s1", encode(event).payload) == event


def test_a_summary_says_which_event_it_was() -> None:
    assert summary(an_event()) == (
        '{"title":"Stand-up","start":"2026-03-09T09:00:00","end":"2026-03-09T10:00:00",'
        '"time_zone":"Europe/Berlin","all_day":false,"is_recurring":false}'
    )


def test_every_field_of_the_domain_is_in_the_payload() -> None:
    payload = encode(a_series()).payload
    for field in (*fields(Event), *fields(Details), *fields(EventTime), *fields(Recurrence)):
        assert (f'"{field.name}":' in payload) is (field.name != "remote_id")
