"""Places in a list: they survive, and no other text is taken for one."""

import re
from datetime import UTC, datetime

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import Position
from calendar_sync.domain.events import AutoJoinStatus, EventStatus
from calendar_sync.domain.identifiers import (
    CalendarId,
    ConnectionId,
    EventId,
    OrganizationId,
    UserId,
    occurrence_id,
)
from calendar_sync.domain.occurrences import Days, Occurrence, OccurrenceFilter
from calendar_sync.domain.providers import ProviderName
from resolvers.cursors import ChangeList, EventList

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = Actor(UserId("usr_ada"), OrganizationId("org_x"))
BOB = Actor(UserId("usr_bob"), OrganizationId("org_x"))

LISTS = (
    EventList(ADA, OccurrenceFilter(), descending=False),
    EventList(ADA, OccurrenceFilter(), descending=True),
    EventList(BOB, OccurrenceFilter(), descending=False),
    EventList(ADA, OccurrenceFilter(text="x"), descending=False),
    EventList(ADA, OccurrenceFilter(starts_after=NOW), descending=False),
    EventList(ADA, OccurrenceFilter(starts_before=NOW), descending=False),
    EventList(ADA, OccurrenceFilter(calendar_ids=[]), descending=False),
    EventList(ADA, OccurrenceFilter(statuses=[EventStatus.CANCELLED]), descending=False),
    EventList(ADA, OccurrenceFilter(days=Days(NOW.date(), NOW.date(), "UTC")), descending=False),
    EventList(ADA, OccurrenceFilter(days=Days(NOW.date(), NOW.date(), "Europe/Berlin")), descending=False),
    EventList(ADA, OccurrenceFilter(organizer_email="x"), descending=False),
    EventList(ADA, OccurrenceFilter(attendee_email="x"), descending=False),
)
MOMENTS = st.datetimes(timezones=st.just(UTC))


def an_occurrence(starts_at: datetime, number: int = 0) -> Occurrence:
    return Occurrence(
        id=occurrence_id(EventId("evt_x"), str(number)),
        series_id=EventId("evt_x"),
        calendar_id=CalendarId("cal_x"),
        connection_id=ConnectionId("tcred_x"),
        user_id=ADA.user_id,
        provider=ProviderName.ICS,
        uid="x",
        original_start="",
        title=None,
        starts_at=starts_at,
        ends_at=starts_at,
        all_day=False,
        time_zone="UTC",
        status=EventStatus.CONFIRMED,
        organizer_email=None,
        attendee_count=0,
        is_recurring=False,
        meeting_link=None,
        meeting_platform=None,
        auto_join_status=AutoJoinStatus.PENDING,
        session_id=None,
        synced_at=NOW,
        created_at=NOW,
    )


@given(st.sampled_from(LISTS), MOMENTS, st.integers())
def test_a_place_survives(events: EventList, starts_at: datetime, number: int) -> None:
    occurrence = an_occurrence(starts_at, number)

    cursor = events.cursor(occurrence)

    assert events.place(cursor) == (starts_at, occurrence.id)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert occurrence.id not in cursor


@given(MOMENTS, st.permutations(LISTS))
def test_a_cursor_of_one_list_is_none_of_another(starts_at: datetime, lists: list[EventList]) -> None:
    one, another, *_ = lists

    assert_refused(one, another.cursor(an_occurrence(starts_at)))


@given(st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(data: st.DataObject) -> None:
    events = LISTS[0]
    cursor = events.cursor(an_occurrence(NOW))
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("AQgwz09_-").filter(lambda letter: letter != cursor[place]))

    assert_refused(events, cursor[:place] + letter + cursor[place + 1 :])


@given(st.text() | st.binary().map(lambda raw: raw.hex()) | st.text("AB_-", max_size=400))
def test_any_other_text_is_refused(text: str) -> None:
    assert_refused(LISTS[0], text)


@pytest.mark.parametrize("cut", [0, 1, 5, 10, 40])
def test_a_cursor_that_was_cut_is_refused(cut: int) -> None:
    assert_refused(LISTS[0], LISTS[0].cursor(an_occurrence(NOW))[:cut])


@given(st.integers(0, 2**63 - 1), MOMENTS)
def test_a_place_in_the_changes_survives_for_its_user_alone(seq: int, at: datetime) -> None:
    place = Position(seq, at)

    cursor = ChangeList(ADA).cursor(place)

    assert ChangeList(ADA).place(cursor) == place
    assert_refused(ChangeList(BOB), cursor)
    assert_refused(LISTS[0], cursor)


def test_a_cursor_of_the_changes_is_written_as_it_always_was() -> None:
    """Consumers keep them for years."""
    assert ChangeList(ADA).cursor(Position(7, NOW)) == "0WKTZs7piQUABkwJU4ZwAAAAAAAAAAAH"


@given(st.text("AB_-", max_size=400))
def test_any_other_text_is_no_place_in_the_changes(text: str) -> None:
    assert_refused(ChangeList(ADA), text)


def assert_refused(events: EventList | ChangeList, cursor: str) -> None:
    with pytest.raises(GraphQLError) as refused:
        events.place(cursor)
    assert (refused.value.extensions or {})["code"] == "INVALID_CURSOR"
