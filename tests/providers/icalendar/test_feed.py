"""A feed as a whole: what is one, what it says of itself, and which objects it names."""

import pickle
from datetime import timedelta

import pytest

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar import CalendarInfo, Feed, read_feed
from tests.providers.icalendar.building import END, START, stream, vevent


def read(raw: bytes) -> Feed:
    return read_feed(raw, default_zone="Europe/Paris")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \r\n\r\n ",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"not found",
        b"<!DOCTYPE html><html><body>Log in</body></html>",
        b"\n\n<html>\nBEGIN:VCALENDAR is what we do not have</html>",
        b'{"error": "no such calendar"}',
        b"\x1f\x8b\x08\x00\x00",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n",
        b"BEGIN:VCALENDAR\r\n",
        b"\r\n" * 3 + b"x\r\n" * 100 + b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    ],
)
def test_what_is_no_calendar_is_refused(raw: bytes) -> None:
    with pytest.raises(BadResponse):
        read(raw)


def test_a_web_page_is_called_one() -> None:
    with pytest.raises(BadResponse, match="web page"):
        read(b"<!DOCTYPE html>\n<html><body>Log in</body></html>")


def test_a_feed_that_breaks_off_anywhere_is_refused() -> None:
    raw = stream(vevent(END, "SUMMARY:One"), vevent("SUMMARY:Two", uid="2"))
    ending = raw.rindex(b"END:VCALENDAR")

    for length in range(ending + len(b"END:VCALENDAR")):
        with pytest.raises(BadResponse):
            read(raw[:length])


def test_a_second_calendar_that_breaks_off_is_refused_too() -> None:
    with pytest.raises(BadResponse, match="breaks off"):
        read(stream(vevent()) + stream(vevent(uid="2"))[:-20])


def test_blank_lines_before_and_anything_after_a_calendar_do_no_harm() -> None:
    feed = read(b"\r\n  \r\n" + stream(vevent()) + b"\x1a\r\n<!-- served in 3 ms -->")

    assert len(feed.changes) == 1


def test_a_calendar_without_events_is_an_empty_feed() -> None:
    assert read(stream()) == Feed((), CalendarInfo())


def test_a_feed_says_what_it_is() -> None:
    head = (
        "X-WR-CALNAME:Team\\, Berlin",
        "X-WR-CALDESC:All of us",
        "X-APPLE-CALENDAR-COLOR:#FF2968",
        "X-WR-TIMEZONE:W. Europe Standard Time",
        "X-PUBLISHED-TTL:PT1H",
    )

    assert read(stream(head=head)).calendar == CalendarInfo(
        name="Team, Berlin",
        description="All of us",
        color="#FF2968",
        time_zone="Europe/Berlin",
        poll_interval=timedelta(hours=1),
    )


def test_standard_names_go_before_those_of_vendors() -> None:
    head = (
        "X-WR-CALNAME:Old",
        "NAME:New",
        "X-APPLE-CALENDAR-COLOR:#FF2968",
        "COLOR:turquoise",
        "X-PUBLISHED-TTL:PT1H",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    )

    info = read(stream(head=head)).calendar

    assert (info.name, info.color, info.poll_interval) == ("New", "turquoise", timedelta(days=1))


@pytest.mark.parametrize("interval", ["", "soon", "PT0S", "-PT1H", "P9999999999W", "1"])
def test_an_interval_that_is_none_is_left_out(interval: str) -> None:
    assert read(stream(head=(f"X-PUBLISHED-TTL:{interval}",))).calendar.poll_interval is None


def test_the_name_of_an_event_is_not_that_of_the_feed() -> None:
    assert read(stream(vevent("NAME:Event", "X-WR-CALNAME:Event"))).calendar.name is None


def test_objects_are_named_by_their_uid_in_the_order_of_the_feed() -> None:
    raw = stream(*(vevent(uid=uid) for uid in ("b", "a", "c")))

    assert [change.remote_id for change in read(raw).changes] == ["b", "a", "c"]


def test_a_broken_object_is_kept_with_its_reason_and_its_text() -> None:
    broken = vevent("SUMMARY:Broken", start="DTSTART:soon")

    (change, good) = read(stream(broken, vevent(uid="2"))).changes

    assert change == Quarantine("1@example.org", "Its start is not a date or time.", broken)
    assert isinstance(good, Upsert)


def test_the_text_of_a_broken_object_is_cut_at_64_kb() -> None:
    broken = vevent(*(f"COMMENT:{'ü' * 1000}" for _ in range(100)), start="DTSTART:soon")

    (change,) = read(stream(broken)).changes

    assert isinstance(change, Quarantine)
    assert 64 * 1024 - 4 < len(change.source.encode()) <= 64 * 1024


def test_a_broken_exception_holds_back_its_series_but_no_other() -> None:
    series = vevent("RRULE:FREQ=WEEKLY"), vevent("RECURRENCE-ID:whenever")

    first, second = read(stream(*series, vevent(uid="2"))).changes

    assert isinstance(first, Quarantine)
    assert "RECURRENCE-ID:whenever" in first.source
    assert isinstance(second, Upsert)


def test_events_without_a_uid_are_known_again_by_start_title_and_place() -> None:
    def name(*lines: str, start: str = START) -> str:
        (change,) = read(stream(vevent(*lines, uid=None, start=start))).changes
        return change.remote_id

    assert name("SUMMARY:A", "LOCATION:B") == name("LOCATION:B", "DESCRIPTION:new", "SUMMARY:A")
    assert len({name("SUMMARY:A"), name("SUMMARY:B"), name("LOCATION:A"), name(start="DTSTART:20260106T090000")}) == 4


def test_many_events_under_one_uid_are_named_by_their_start_too() -> None:
    raw = stream(vevent(END), vevent(start="DTSTART;TZID=Europe/Berlin:20260106T090000"))

    names = ["1@example.org#20260105T090000", "1@example.org#20260106T090000"]
    assert [change.remote_id for change in read(raw).changes] == names
    assert [change.event.uid for change in read(raw).changes if isinstance(change, Upsert)] == names


def test_a_series_is_not_split_by_a_second_master_at_another_time() -> None:
    raw = stream(
        vevent("RRULE:FREQ=WEEKLY", "SEQUENCE:1"),
        vevent("RRULE:FREQ=WEEKLY", "SEQUENCE:2", start="DTSTART;TZID=Europe/Berlin:20260106T090000"),
    )

    (change,) = read(raw).changes

    assert isinstance(change, Upsert)
    assert change.event.time.start.day == 6


def test_everything_can_go_through_a_pipe_to_another_process() -> None:
    feed = read(stream(vevent("RRULE:FREQ=WEEKLY"), vevent(start="DTSTART:soon", uid="2")))

    assert pickle.loads(pickle.dumps(feed)) == feed  # noqa: S301 - our own


def test_a_feed_of_more_than_100_000_events_is_refused() -> None:
    raw = stream("\r\n".join(["BEGIN:VEVENT\r\nEND:VEVENT"] * 100_001))

    with pytest.raises(BadResponse, match="100,000"):
        read(raw)
