"""Small builders of iCalendar text and readers of one event."""

from calendar_sync.domain.events import Event
from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar import read_feed

START = "DTSTART;TZID=Europe/Berlin:20260105T090000"
END = "DTEND;TZID=Europe/Berlin:20260105T100000"


def stream(*components: str, head: tuple[str, ...] = ()) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", *head, *components, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def vevent(*lines: str, uid: str | None = "1@example.org", start: str = START) -> str:
    named = [f"UID:{uid}"] if uid is not None else []
    return "\r\n".join(["BEGIN:VEVENT", *named, start, *lines, "END:VEVENT"])


def read_event(*lines: str, start: str = START, head: tuple[str, ...] = (), me: str = "me@example.org") -> Event:
    """The one event of a feed that has these lines."""
    raw = stream(vevent(*lines, start=start), head=head)
    (change,) = read_feed(raw, default_zone="Europe/Paris", my_addresses=frozenset({me})).changes
    assert isinstance(change, Upsert), change
    return change.event


def read_quarantine(*lines: str, start: str = START) -> Quarantine:
    (change,) = read_feed(stream(vevent(*lines, start=start)), default_zone="Europe/Paris").changes
    assert isinstance(change, Quarantine), change
    return change
