"""From what Zoom says of a meeting to the event it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from calendar_sync.domain.events import Attendee, Details, Event, Override, Person, Recurrence
from calendar_sync.domain.meeting_links import find_meeting_links
from providers.icalendar.values import Unreadable
from providers.icalendar.zones import Zone
from providers.zoom.recurrence import listed_span, rule_of
from providers.zoom.times import event_time, instant, instant_of, zone_of
from providers.zoom.wire import Invitee, Meeting, MeetingDetail, Occurrence


def single_event(name: str, row: Meeting, organizer: str | None) -> Event:
    """A meeting that takes place once, or one occurrence told by itself. Raises `Unreadable`, or what comes of an
    answer that is not formed as it should be.
    """
    time = event_time(instant(row["start_time"]), row.get("duration", 0), zone_of(row.get("timezone")))
    return Event(name, meeting_id(row), time, _details(row, organizer, ()))


def series(detail: MeetingDetail, owner: str | None) -> Event:
    """A recurring meeting, whose occurrences Zoom lists. `owner` is the address of the account. Raises as above.

    Its own time is that of the first occurrence there was, deleted or not: so it stays while others come and go.
    """
    zone, minutes = zone_of(detail.get("timezone")), detail.get("duration", 0)
    listed = sorted(detail.get("occurrences", ()), key=_original)
    if not listed:
        raise Unreadable("It does not say when it takes place.")
    held = [each for each in listed if each.get("status") != "deleted"]
    organizer = detail.get("host_email") or owner
    details = _details(detail, organizer, _invitees(detail), owner)
    recurrence = detail.get("recurrence")
    return Event(
        remote_id=meeting_id(detail),
        uid=meeting_id(detail),
        time=event_time(_original(listed[0]), minutes, zone),
        details=details,
        recurrence=Recurrence(
            rules=() if recurrence is None else rule_of(recurrence),
            dates=tuple(zone.wall(_original(each)) for each in held),
            listed=listed_span(recurrence, len(listed), _original(listed[-1])),
        ),
        overrides=tuple(_override(each, minutes, zone, details) for each in held if _is_moved(each, minutes)),
    )


def end_of(detail: MeetingDetail) -> datetime:
    """When the last of the occurrences ends. Raises as `series`."""
    return max(instant(each["start_time"]) + timedelta(minutes=each["duration"]) for each in detail["occurrences"])


def meeting_id(meeting: Meeting) -> str:
    """An id of more than 32 bits, as text. Raises `TypeError` or `ValueError`."""
    written = meeting["id"]
    if isinstance(written, bool) or not isinstance(written, int | str):
        raise TypeError
    return str(int(written))


def _override(occurrence: Occurrence, usual: int, zone: Zone, details: Details) -> Override:
    time = event_time(instant(occurrence["start_time"]), occurrence.get("duration", usual), zone)
    return Override(zone.wall(_original(occurrence)), time, details)


def _is_moved(occurrence: Occurrence, usual: int) -> bool:
    start = instant(occurrence["start_time"])
    return start != _original(occurrence) or occurrence.get("duration", usual) != usual


def _original(occurrence: Occurrence) -> datetime:
    return instant_of(occurrence["occurrence_id"])


def _details(meeting: Meeting, organizer: str | None, invitees: Iterable[Invitee], owner: str | None = None) -> Details:
    return Details(
        title=_text(meeting.get("topic")),
        description=_text(meeting.get("agenda")),
        organizer=None if organizer is None else Person(organizer.strip().lower()),
        attendees=_attendees(invitees, (owner or "").lower()),
        links=find_meeting_links([meeting["join_url"]] if "join_url" in meeting else [], None, ()),
    )


def _invitees(detail: MeetingDetail) -> Iterable[Invitee]:
    return (detail.get("settings") or {}).get("meeting_invitees") or ()


def _attendees(invitees: Iterable[Invitee], owner: str) -> tuple[Attendee, ...]:
    emails = {(invitee.get("email") or "").strip().lower() for invitee in invitees} - {""}
    return tuple(Attendee(email, is_self=email == owner) for email in sorted(emails))


def _text(value: str | None) -> str | None:
    return None if value is None else value.strip() or None
