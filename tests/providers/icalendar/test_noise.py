"""Two exports that mean the same give equal events, and those that do not do not."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Event
from calendar_sync.domain.providers import Upsert
from providers.icalendar import read_feed
from tests.providers.icalendar.building import stream

BERLIN = {
    "name": "Europe/Berlin",
    "windows": "W. Europe Standard Time",
    "quoted": '"W. Europe Standard Time"',
    "prefix": "/freeassociation.sourceforge.net/Europe/Berlin",
    "display": '"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"',
    "lower": "europe/berlin",
    "defined": "Customized Time Zone",
}
VTIMEZONE = "\r\n".join(
    [
        "BEGIN:VTIMEZONE",
        "TZID:Customized Time Zone",
        "BEGIN:STANDARD",
        "DTSTART:19701025T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]
)
MASTER = (
    "UID:1@example.org",
    "DTSTART;TZID={zone}:20260105T090000",
    "DTEND;TZID={zone}:20260105T100000",
    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
    "EXDATE;TZID={zone}:20260119T090000",
    "EXDATE;TZID={zone}:20260202T090000",
    "SUMMARY:Standup",
    "DESCRIPTION:Join https://zoom.us/j/85012345678",
    "LOCATION:Room 4",
    "ORGANIZER;CN=Ada:mailto:ada@example.org",
    "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org",
    "ATTENDEE;CN=Cyd;PARTSTAT=DECLINED:mailto:cyd@example.org",
    "ATTENDEE;CN=Dan;ROLE=OPT-PARTICIPANT:mailto:dan@example.org",
    "STATUS:CONFIRMED",
    "CLASS:PRIVATE",
    "TRANSP:OPAQUE",
)
EXCEPTION = (
    "UID:1@example.org",
    "RECURRENCE-ID;TZID={zone}:20260107T090000",
    "DTSTART;TZID={zone}:20260108T140000",
    "DURATION:PT30M",
    "SUMMARY:Moved",
)
ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT{number}M\r\nDESCRIPTION:Reminder {number}\r\nEND:VALARM"
NOISE = (
    "DTSTAMP:202601{number:02}T000000Z",
    "CREATED:202501{number:02}T000000Z",
    "LAST-MODIFIED:202601{number:02}T000000Z",
    "SEQUENCE:{number}",
    "X-MOZ-LASTACK:202601{number:02}T000000Z",
    "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC{number}",
    "X-MICROSOFT-CDO-OWNERAPPTID:{number}",
    ALARM,
)


def component(lines: Sequence[str], zone: str, shuffled: random.Random, numbers: Sequence[int]) -> str:
    """The lines and some noise in any order."""
    noise = [one.format(number=number) for one, number in zip(NOISE, numbers, strict=False) if number]
    mixed = [*(line.format(zone=zone) for line in lines), *noise]
    shuffled.shuffle(mixed)
    return "\r\n".join(["BEGIN:VEVENT", *mixed, "END:VEVENT"])


def read(*components: str) -> Event:
    (change,) = read_feed(stream(VTIMEZONE, *components), default_zone="UTC").changes
    assert isinstance(change, Upsert), change
    return change.event


def plain(lines: Sequence[str]) -> str:
    return component(lines, "Europe/Berlin", random.Random(0), ())


REFERENCE = read(plain(MASTER), plain(EXCEPTION))
numbers = st.lists(st.integers(0, 28), min_size=len(NOISE), max_size=len(NOISE))


@settings(deadline=None)
@given(st.sampled_from(sorted(BERLIN)), st.randoms(use_true_random=False), numbers, numbers)
def test_noise_is_no_change(zone: str, shuffled: random.Random, first: list[int], second: list[int]) -> None:
    components = [
        component(MASTER, BERLIN[zone], shuffled, first),
        component(EXCEPTION, BERLIN[zone], shuffled, second),
    ]
    shuffled.shuffle(components)

    assert read(*components) == REFERENCE


@pytest.mark.parametrize("number", range(1, len(MASTER)))
def test_every_property_that_is_read_is_a_change(number: int) -> None:
    without = [line for position, line in enumerate(MASTER) if position != number]
    if MASTER[number].startswith(("DTSTART", "STATUS", "TRANSP")):
        without.append(
            {"D": "DTSTART:20260105T091500Z", "S": "STATUS:TENTATIVE", "T": "TRANSP:TRANSPARENT"}[MASTER[number][0]]
        )

    assert read(plain(without), plain(EXCEPTION)) != REFERENCE


def test_an_exception_more_or_less_is_a_change_of_the_series() -> None:
    assert read(plain(MASTER)) != REFERENCE


@settings(deadline=None)
@given(
    st.permutations(
        ["EXDATE:20260106T080000Z", "EXDATE:20260107T080000Z,20260108T080000Z", "EXDATE;VALUE=DATE:20260109"]
    )
)
def test_the_order_of_exception_dates_is_no_change(exdates: list[str]) -> None:
    lines = ["UID:1", "DTSTART:20260105T080000Z", "RRULE:FREQ=DAILY"]

    assert read(plain([*lines, *exdates])) == read(plain([*lines, *sorted(exdates)]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["DTEND:20260105T090000Z"], ["DURATION:PT1H"]),
        (["RRULE:FREQ=DAILY;COUNT=3"], ["RRULE:count=3;freq=daily;"]),
        (["SUMMARY:One", "SUMMARY:Two"], ["SUMMARY:Two", "SUMMARY:One"]),
        (["ATTENDEE:mailto:A@EXAMPLE.ORG"], ["ATTENDEE;RSVP=TRUE;X-NUM-GUESTS=0:MAILTO:a@example.org"]),
        ([f"DESCRIPTION:{'long ' * 40}end"], [f"DESCRIPTION:{'long ' * 40}e\r\n nd"]),
    ],
)
def test_other_spellings_are_no_change(one: list[str], other: list[str]) -> None:
    lines = ["UID:1", "DTSTART:20260105T080000Z"]

    assert read("\r\n".join(["BEGIN:VEVENT", *lines, *one, "END:VEVENT"])) == read(
        "\r\n".join(["BEGIN:VEVENT", *lines, *other, "END:VEVENT"])
    )
