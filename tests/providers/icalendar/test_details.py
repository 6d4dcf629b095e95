"""What an event says, besides when it is."""

import pytest

from calendar_sync.domain.events import (
    Attendee,
    Details,
    EventStatus,
    MeetingLink,
    Person,
    ResponseStatus,
    Visibility,
)
from tests.providers.icalendar.building import END, read_event

ZOOM = "https://zoom.us/j/85012345678?pwd=x"


def details(*lines: str) -> Details:
    return read_event(END, *lines).details


def test_an_event_that_says_nothing_is_confirmed_and_busy() -> None:
    assert details() == Details()


def test_texts_are_unescaped_and_stripped_and_empty_ones_left_out() -> None:
    found = details("SUMMARY: Plan\\, part 1 ", "DESCRIPTION:One\\nTwo\\NThree", "LOCATION: \\n ")

    assert (found.title, found.description, found.location) == ("Plan, part 1", "One\nTwo\nThree", None)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("CONFIRMED", EventStatus.CONFIRMED),
        ("tentative", EventStatus.TENTATIVE),
        ("CANCELLED", EventStatus.CANCELLED),
        ("NEEDS-ACTION", EventStatus.CONFIRMED),
    ],
)
def test_status(written: str, status: EventStatus) -> None:
    assert details(f"STATUS:{written}").status is status


@pytest.mark.parametrize(
    ("lines", "is_busy"),
    [
        (["TRANSP:OPAQUE"], True),
        (["TRANSP:TRANSPARENT"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:FREE"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:OOF"], True),
        (["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"], False),
    ],
)
def test_busy_or_free(lines: list[str], is_busy: bool) -> None:
    assert details(*lines).is_busy is is_busy


@pytest.mark.parametrize(
    ("written", "visibility"),
    [
        ("PUBLIC", Visibility.PUBLIC),
        ("PRIVATE", Visibility.PRIVATE),
        ("CONFIDENTIAL", Visibility.CONFIDENTIAL),
        ("X-COMPANY", Visibility.DEFAULT),
    ],
)
def test_visibility(written: str, visibility: Visibility) -> None:
    assert details(f"CLASS:{written}").visibility is visibility


@pytest.mark.parametrize(
    ("line", "organizer"),
    [
        ("ORGANIZER;CN=Ada Lovelace:MAILTO:Ada@Example.org", Person("ada@example.org", "Ada Lovelace")),
        ("ORGANIZER:mailto:ada%2Bwork@example.org", Person("ada+work@example.org")),
        ("ORGANIZER;CN=ada@example.org:mailto:ada@example.org", Person("ada@example.org")),
        ("ORGANIZER;EMAIL=ada@example.org:urn:uuid:5ba1", Person("ada@example.org")),
        ("ORGANIZER;CN=Ada:/principals/users/ada/", Person(None, "Ada")),
        ("ORGANIZER;CN=Ada:invalid:nomail", Person(None, "Ada")),
        (
            "ORGANIZER;CN=\"Lovelace, Ada: the ^'first^'\":mailto:ada@example.org",
            Person("ada@example.org", 'Lovelace, Ada: the "first"'),
        ),
        ("ORGANIZER:ada@example.org", Person("ada@example.org")),
        ("ORGANIZER;CN='Ada':mailto:ada@example.org", Person("ada@example.org", "Ada")),
        ("ORGANIZER:", None),
    ],
)
def test_the_organizer(line: str, organizer: Person | None) -> None:
    assert details(line).organizer == organizer


def test_attendees_are_sorted_and_say_what_they_answered() -> None:
    found = details(
        "ATTENDEE;CN=Room 4;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:room4@example.org",
        "ATTENDEE;PARTSTAT=DECLINED;ROLE=OPT-PARTICIPANT:mailto:bob@example.org",
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:Me@Example.org",
        "ATTENDEE;CN=Ada;PARTSTAT=DELEGATED:mailto:ada@example.org",
    )

    assert found.attendees == (
        Attendee("ada@example.org", "Ada"),
        Attendee("bob@example.org", response=ResponseStatus.DECLINED, is_optional=True),
        Attendee("me@example.org", response=ResponseStatus.TENTATIVE, is_self=True),
        Attendee("room4@example.org", "Room 4", ResponseStatus.ACCEPTED, is_resource=True),
    )


def test_someone_listed_twice_counts_once_with_the_answer_given() -> None:
    lines = ["ATTENDEE:mailto:ada@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:ADA@example.org"]

    assert details(*lines).attendees == details(*reversed(lines)).attendees
    assert details(*lines).attendees == (Attendee("ada@example.org", response=ResponseStatus.ACCEPTED),)


def test_an_attendee_without_name_and_address_is_none() -> None:
    assert details("ATTENDEE:invalid:nomail").attendees == ()


def test_html_is_the_description_only_where_there_is_no_other() -> None:
    html = "X-ALT-DESC;FMTTYPE=text/html:<html><head><style>p {}</style></head><p>One &amp; two</p><p>Three</p>"

    assert details(html).description == "One & two\nThree"
    assert details("DESCRIPTION:Plain", html).description == "Plain"


@pytest.mark.parametrize(
    "line",
    [
        f"CONFERENCE;VALUE=URI;FEATURE=VIDEO:{ZOOM}",
        f"X-GOOGLE-CONFERENCE:{ZOOM}",
        f"X-MICROSOFT-SKYPETEAMSMEETINGURL:{ZOOM}",
        f"X-MICROSOFT-ONLINEMEETINGEXTERNALLINK:{ZOOM}",
        f"URL:{ZOOM}",
        f"LOCATION:{ZOOM}",
        f"DESCRIPTION:Join:\\n{ZOOM}\\n",
        f'X-ALT-DESC;FMTTYPE=text/html:<a href="{ZOOM}">Join</a>',
    ],
)
def test_a_meeting_link_is_found_in_every_field(line: str) -> None:
    assert details(line).links == (MeetingLink(ZOOM, "zoom"),)


def test_fields_of_links_count_in_their_order() -> None:
    found = details(
        "DESCRIPTION:https://whereby.com/acme",
        "LOCATION:https://teams.live.com/meet/9312345678901",
        "URL:https://meet.google.com/abc-defg-hij",
        f"CONFERENCE:{ZOOM}",
        "CONFERENCE;FEATURE=PHONE:tel:+1-234",
    )

    assert [link.platform for link in found.links] == ["zoom", "google_meet", "teams", "whereby"]


def test_the_page_of_an_event_is_no_meeting_link() -> None:
    found = details("URL:https://example.org/events/1")

    assert (found.url, found.links) == ("https://example.org/events/1", ())


def test_what_alarms_say_is_not_said_by_the_event() -> None:
    alarm = ["BEGIN:VALARM", "DESCRIPTION:Reminder", "SUMMARY:Alarm", "ATTENDEE:mailto:bob@example.org", "END:VALARM"]

    assert details(*alarm, "SUMMARY:Standup") == Details(title="Standup")
