"""One CalDAV resource: the object of one UID, named by its address on the server."""

from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar import read_object
from tests.providers.icalendar.building import stream, vevent


def read(raw: bytes) -> Upsert | Quarantine | None:
    return read_object(raw, remote_id="/ada/work/1.ics", default_zone="Europe/Paris")


def test_an_object_is_named_by_its_address_and_keeps_its_uid() -> None:
    change = read(stream(vevent("SUMMARY:Standup")))

    assert isinstance(change, Upsert)
    assert (change.remote_id, change.event.uid) == ("/ada/work/1.ics", "1@example.org")


def test_a_master_and_its_exceptions_are_one_object() -> None:
    change = read(stream(vevent("RRULE:FREQ=WEEKLY"), vevent("RECURRENCE-ID:20260112T080000Z", "STATUS:CANCELLED")))

    assert isinstance(change, Upsert)
    assert [override.original_start.isoformat() for override in change.event.overrides] == ["2026-01-12T09:00:00"]


def test_a_resource_without_an_event_is_nothing() -> None:
    assert read(stream("BEGIN:VTODO\r\nUID:1\r\nEND:VTODO")) is None
    assert read(stream()) is None


def test_a_resource_that_is_no_calendar_is_kept_aside() -> None:
    for raw in (b"", b"<html>", stream(vevent())[:-30]):
        change = read(raw)

        assert isinstance(change, Quarantine)
        assert change.remote_id == "/ada/work/1.ics"
        assert change.reason == "It is not a whole iCalendar object."


def test_a_resource_of_several_events_is_kept_aside() -> None:
    change = read(stream(vevent("SUMMARY:One"), vevent("SUMMARY:Two", uid="2")))

    assert isinstance(change, Quarantine)
    assert change.reason == "It holds several events."
    assert "SUMMARY:Two" in change.source


def test_a_broken_object_is_kept_aside() -> None:
    change = read(stream(vevent(start="DTSTART:soon")))

    assert change == Quarantine("/ada/work/1.ics", "Its start is not a date or time.", vevent(start="DTSTART:soon"))
