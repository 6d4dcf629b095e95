"""Nothing a feed can hold stops the reading, costs much time or shows what is inside the server."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar import Feed, read_feed, read_object
from tests.providers.icalendar.building import END, START, read_quarantine, stream, vevent
from tests.providers.icalendar.test_oddities import FEEDS, ODDITIES

SEEDS = [(FEEDS / f"{oddity}.ics").read_bytes() for oddity in ODDITIES]
SPLICES = [
    *(b"\r\n", b"\n ", b":", b";", b",", b'"', b"\\", b"=", b"\x00", b"\xff", b"Z", b"T", b"-", b"99999999999"),
    *(b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VTIMEZONE\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VALARM\r\n"),
    *(b";TZID=,", b";TZID=../..", b";VALUE=DATE", b";VALUE=PERIOD", b"RRULE:FREQ=YEARLY\r\n", b"RDATE:1/P1D\r\n"),
]
mutations = st.lists(
    st.tuples(st.sampled_from(["cut", "splice", "flip", "repeat"]), st.floats(0, 1), st.integers(0, 255)), max_size=6
)


def mutate(raw: bytes, steps: list[tuple[str, float, int]]) -> bytes:
    for kind, where, number in steps:
        at = int(where * len(raw))
        if kind == "cut":
            raw = raw[:at] + raw[at + number % 40 :]
        elif kind == "splice":
            raw = raw[:at] + SPLICES[number % len(SPLICES)] + raw[at:]
        elif kind == "flip":
            raw = raw[:at] + bytes([number]) + raw[at + 1 :]
        else:
            raw = raw[:at] + raw[at : at + number] * 3 + raw[at + number :]
    return raw


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), mutations)
def test_any_bytes_are_a_feed_or_refused(seed: bytes, steps: list[tuple[str, float, int]]) -> None:
    raw = mutate(seed, steps)

    try:
        feed = read_feed(raw, default_zone="Europe/Paris")
    except BadResponse:
        return

    assert isinstance(feed, Feed)
    for change in feed.changes:
        assert isinstance(change, Upsert) or len(change.source.encode()) <= 64 * 1024


@settings(deadline=None)
@given(st.sampled_from(SEEDS), mutations)
def test_any_bytes_are_an_object_or_kept_aside(seed: bytes, steps: list[tuple[str, float, int]]) -> None:
    change = read_object(mutate(seed, steps), remote_id="/1.ics", default_zone="Europe/Paris")

    assert change is None or change.remote_id == "/1.ics"


@settings(deadline=None)
@given(st.binary())
def test_noise_is_refused(raw: bytes) -> None:
    with pytest.raises(BadResponse):
        read_feed(raw, default_zone="Europe/Paris")


GOOD = [vevent(END, "SUMMARY:Good", uid=f"good-{number}") for number in range(20)]
LONG = "x" * 20_000_000
DAYLIGHT = (
    "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:{to}\r\n{rule}\r\nEND:DAYLIGHT"
)
BOMBS = {
    "a line of 20 MB": vevent(f"ATTACH;ENCODING=BASE64;VALUE=BINARY:{LONG}"),
    "a title of 20 MB": vevent(f"SUMMARY:{LONG}"),
    "a start of 20 MB": vevent(start=f"DTSTART:{LONG}"),
    "a name of 20 MB": vevent(LONG),
    "a parameter of 20 MB": vevent(start=f"DTSTART;TZID={LONG}:20260105T090000"),
    "a million commas": vevent("CATEGORIES:" + "," * 1_000_000),
    "a million quotes": vevent("ATTENDEE;CN=" + '"' * 1_000_000 + ":mailto:a@example.org"),
    "a million quoted colons": vevent("SUMMARY;X=" + '":"' * 333_333 + ":Title"),
    "a million parameters": vevent("ATTENDEE" + ";A=b" * 250_000 + ":mailto:a@example.org"),
    "a million folds": vevent("SUMMARY:" + "x\r\n " * 1_000_000),
    "a million backslashes": vevent("SUMMARY:" + "\\" * 1_000_000),
    "a million attendees": vevent(*("ATTENDEE:mailto:a@example.org",) * 250_000),
    "50,000 nested components": vevent(*("BEGIN:X",) * 50_000),
    "100,000 exception dates": vevent("RRULE:FREQ=DAILY", *("EXDATE:20260105T090000Z",) * 100_000),
    "a rule a million long": vevent("RRULE:FREQ=DAILY;BYMONTH=" + "1," * 500_000 + "1"),
    "a number a million long": vevent("RRULE:FREQ=DAILY;COUNT=" + "9" * 1_000_000),
    "a duration a million long": vevent("DURATION:P" + "9" * 1_000_000 + "D"),
    "a sequence a million long": vevent("SEQUENCE:" + "9" * 1_000_000),
    "20,000 exceptions": "\r\n".join(vevent("RECURRENCE-ID:20260112T080000Z", uid="1") for _ in range(20_000)),
    "20,000 revisions": "\r\n".join(vevent(f"SEQUENCE:{number}") for number in range(20_000)),
    "html": vevent("X-ALT-DESC:" + '<a href="<style><!--' * 50_000),
    "5,000 time zones": "\r\n".join(
        [
            *(
                f"BEGIN:VTIMEZONE\r\nTZID:Z{number}\r\n"
                + DAYLIGHT.format(to=f"+{number % 14:02}{number % 59:02}", rule="RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=SU")
                + "\r\nEND:VTIMEZONE"
                for number in range(5_000)
            ),
            *(vevent(start=f"DTSTART;TZID=Z{number}:20260105T090000", uid=str(number)) for number in range(5_000)),
        ]
    ),
    "a time zone that changes every second": "\r\n".join(
        [
            "BEGIN:VTIMEZONE\r\nTZID:Bomb",
            DAYLIGHT.format(to="+0200", rule="RRULE:FREQ=SECONDLY"),
            DAYLIGHT.format(to="+0300", rule="RRULE:FREQ=YEARLY;BYHOUR=" + ",".join(map(str, range(24)))),
            DAYLIGHT.format(to="+0400", rule="RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            "END:VTIMEZONE",
            vevent(start="DTSTART;TZID=Bomb:20260105T090000"),
        ]
    ),
    "a time zone with a million dates": "\r\n".join(
        [
            "BEGIN:VTIMEZONE\r\nTZID:Bomb",
            DAYLIGHT.format(to="+0200", rule="\r\n".join(["RDATE:20260105T090000"] * 50_000)),
            "END:VTIMEZONE",
            vevent(start="DTSTART;TZID=Bomb:20260105T090000"),
        ]
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_little_and_its_neighbours_are_read(bomb: str) -> None:
    raw = stream(*GOOD, BOMBS[bomb], head=("X-WR-TIMEZONE:Europe/Berlin",))
    started = time.process_time()

    feed = read_feed(raw, default_zone="Europe/Paris")

    assert time.process_time() - started < 8
    titles = [change.event.details.title for change in feed.changes if isinstance(change, Upsert)]
    assert titles.count("Good") == 20


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["DESCRIPTION:" + "x" * 60_000] * 9, "It is larger than 512 kB."),
        (["RRULE:FREQ=DAILY", "EXDATE:" + ",".join(["20260105"] * 2_001)], "It has more than 2,000 EXDATE values."),
        (["RDATE:" + ",".join(["20260105"] * 2_001)], "It has more than 2,000 RDATE values."),
        (["ATTENDEE;X=" + "x" * 100_000 + ":mailto:a@example.org"], "It has a property longer than 64 kB."),
        (["RRULE:FREQ=DAILY;BYDAY=" + "MO," * 2_000], "Its recurrence rule is too long."),
    ],
    ids=["size", "exdates", "rdates", "line", "rule"],
)
def test_what_is_too_much_is_kept_aside_with_its_reason(lines: list[str], reason: str) -> None:
    assert read_quarantine(*lines).reason == reason


def test_a_long_description_is_cut() -> None:
    (change,) = read_feed(stream(vevent("DESCRIPTION:" + "x" * 100_000)), default_zone="UTC").changes

    assert isinstance(change, Upsert)
    assert 65_000 < len(change.event.details.description or "") <= 64 * 1024


@pytest.mark.parametrize(
    "tzid",
    [
        "../../../../etc/passwd",
        "/etc/passwd",
        "Europe/",
        "Europe",
        "x" * 5000,
        "\\x00",
        "a,b",
        "..",
        "localtime",
        "Factory",
    ],
)
def test_a_zone_that_is_none_never_reaches_the_file_system_or_utc(tzid: str) -> None:
    raw = stream(vevent(start=f'DTSTART;TZID="{tzid}":20260105T090000'))

    (change,) = read_feed(raw, default_zone="Europe/Paris").changes

    assert isinstance(change, Upsert)
    assert change.event.time.zone == "Europe/Paris"


def test_a_reason_never_shows_what_a_library_says() -> None:
    for lines in (["RRULE:FREQ=X/../"], ["EXDATE:/etc/passwd", "RRULE:FREQ=DAILY"], ["DURATION:P/etc"]):
        change = read_quarantine(*lines)

        assert isinstance(change, Quarantine)
        assert "/" not in change.reason
        assert START in change.source
