"""What makes two occurrences copies of one meeting, and what does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.meeting_links import meeting_link
from calendar_sync.domain.meetings import Sighting, copy_of, link_identity, meeting_id, same_meetings
from calendar_sync.domain.providers import ProviderName
from tests.connected import connected

NINE = datetime(2026, 3, 9, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZOOM = MeetingLink("https://zoom.us/j/123456789", "zoom")
ROOM = MeetingLink("https://acme.zoom.us/my/ada", "zoom")
INVITED = Sighting(
    id=OccurrenceId("mcevt_a"),
    provider=ProviderName.GOOGLE_CALENDAR,
    uid="invitation@google.com",
    original_start=None,
    starts_at=NINE,
    link=ZOOM,
    is_cancelled=False,
)
OTHER = replace(INVITED, id=OccurrenceId("mcevt_b"), provider=ProviderName.OUTLOOK_CALENDAR)
ELSEWHERE = replace(OTHER, uid="something else")


def are_copies(one: Sighting, other: Sighting) -> bool:
    return len(same_meetings([one, other])) == 1


COPIES = {
    "an invitation in two calendars": (INVITED, OTHER),
    "one that was moved in one of them": (INVITED, replace(OTHER, starts_at=NINE + HOUR)),
    "one that is called off in one of them": (INVITED, replace(OTHER, is_cancelled=True)),
    "one without a link in one of them": (INVITED, replace(OTHER, link=None)),
    "an instance that was moved in one of them": (
        replace(INVITED, original_start=NINE),
        replace(OTHER, original_start=NINE, starts_at=NINE + HOUR),
    ),
    "the same link and start under two UIDs": (INVITED, ELSEWHERE),
    "a single entry for an instance of a series": (replace(INVITED, original_start=NINE - HOUR), ELSEWHERE),
    "Zoom's own event and the invitation": (
        INVITED,
        replace(OTHER, provider=ProviderName.ZOOM, uid="123456789", original_start=NINE),
    ),
    "links with and without a passcode": (
        INVITED,
        replace(ELSEWHERE, link=MeetingLink("https://acme.zoom.us/j/123456789?pwd=Secret", "zoom")),
    ),
    "a personal room at one time": (replace(INVITED, link=ROOM), replace(ELSEWHERE, link=ROOM)),
    "Zoom's own events of one number": (
        replace(INVITED, provider=ProviderName.ZOOM, uid="1", link=None),
        replace(OTHER, provider=ProviderName.ZOOM, uid="1", link=None),
    ),
}
NO_COPIES = {
    "two instances of a series": (
        replace(INVITED, original_start=NINE),
        replace(OTHER, original_start=NINE + HOUR, starts_at=NINE + HOUR),
    ),
    "two events without links": (replace(INVITED, link=None), replace(ELSEWHERE, link=None)),
    "a personal room, one meeting after the other": (
        replace(INVITED, link=ROOM),
        replace(ELSEWHERE, link=ROOM, starts_at=NINE + HOUR),
    ),
    "a cancelled event and another in its room": (INVITED, replace(ELSEWHERE, is_cancelled=True)),
    "a number of Zoom and a UID that reads the same": (
        replace(INVITED, uid="123456789", link=None),
        replace(OTHER, provider=ProviderName.ZOOM, uid="123456789", link=None),
    ),
    "a single event and an instance with its UID": (
        replace(INVITED, link=None),
        replace(OTHER, original_start=NINE, link=None),
    ),
}


@pytest.mark.parametrize("pair", COPIES.values(), ids=COPIES)
def test_these_are_copies(pair: tuple[Sighting, Sighting]) -> None:
    assert are_copies(*pair)


@pytest.mark.parametrize("pair", NO_COPIES.values(), ids=NO_COPIES)
def test_these_are_not(pair: tuple[Sighting, Sighting]) -> None:
    assert not are_copies(*pair)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://zoom.us/j/123456789?pwd=1", "https://us02web.zoom.us/w/123456789"),
        ("https://zoom.us/my/Ada?pwd=1", "https://zoom.us/my/ada"),
        ("https://meet.google.com/abc-defg-hij?authuser=1", "http://meet.google.com/ABC-DEFG-HIJ"),
        (
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_X%40thread.v2/0?context=%7b%7d",
            "https://teams.microsoft.com/l/meetup-join/19:meeting_x@thread.v2/0",
        ),
        ("https://acme.webex.com/meet/ada/", "https://acme.webex.com/meet/ada"),
    ],
)
def test_links_into_the_same_room_are_the_same(one: str, other: str) -> None:
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://zoom.us/j/123456789", "https://zoom.us/j/123456780"),
        ("https://acme.zoom.us/my/ada", "https://acme.zoom.us/my/bob"),
        ("https://meet.google.com/abc-defg-hij", "https://meet.google.com/abc-defg-hik"),
        ("https://acme.webex.com/meet/ada", "https://other.webex.com/meet/ada"),
    ],
)
def test_links_into_two_rooms_are_two(one: str, other: str) -> None:
    assert identity(one) != identity(other)


def test_all_of_an_address_may_say_which_room_it_is_on_a_platform_nobody_knows() -> None:
    one, other = (MeetingLink(f"https://video.example/join.php?room={room}", "other") for room in (1, 2))

    assert link_identity(one) != link_identity(other)


def identity(url: str) -> str:
    link = meeting_link(url)
    assert link is not None
    return link_identity(link)


# Laws


@st.composite
def many(draw: st.DrawFn) -> list[Sighting]:
    count = draw(st.integers(1, 9))
    hours = st.integers(0, 2).map(lambda hours: NINE + hours * HOUR)
    return [
        Sighting(
            id=OccurrenceId(f"mcevt_{number}"),
            provider=draw(st.sampled_from([ProviderName.GOOGLE_CALENDAR, ProviderName.ICS, ProviderName.ZOOM])),
            uid=draw(st.sampled_from("abcd")),
            original_start=draw(st.none() | hours),
            starts_at=draw(hours),
            link=draw(st.none() | st.sampled_from([ZOOM, ROOM])),
            is_cancelled=draw(st.booleans()),
        )
        for number in range(count)
    ]


def share(one: Sighting, other: Sighting) -> bool:
    """The definition, of two."""
    is_zoom = [each.provider is ProviderName.ZOOM for each in (one, other)]
    by_uid = is_zoom[0] == is_zoom[1] and (one.uid, one.original_start) == (other.uid, other.original_start)
    by_link = one.link is not None and (one.link, one.starts_at) == (other.link, other.starts_at)
    return by_uid or (by_link and not one.is_cancelled and not other.is_cancelled)


def grouped(sightings: Sequence[Sighting]) -> set[frozenset[Sighting]]:
    return {frozenset(group) for group in same_meetings(sightings)}


@settings(max_examples=50)
@given(many())
def test_meetings_are_what_marks_in_common_connect(sightings: list[Sighting]) -> None:
    assert grouped(sightings) == connected(sightings, share)


@settings(max_examples=50)
@given(many().flatmap(lambda sightings: st.tuples(st.just(sightings), st.permutations(sightings))))
def test_it_makes_no_difference_in_which_order_they_came(both: tuple[list[Sighting], list[Sighting]]) -> None:
    sightings, shuffled = both

    assert grouped(sightings) == grouped(shuffled + sightings)


@given(st.lists(st.integers(0, 99).map(lambda number: OccurrenceId(f"mcevt_{number}")), min_size=1))
def test_an_identifier_is_made_of_a_copy_whichever_was_asked_for(ids: list[OccurrenceId]) -> None:
    assert copy_of(meeting_id(ids)) in ids
    assert meeting_id(ids) == meeting_id(reversed(ids))
