"""What an event says: texts, status, people and links."""

import re
from collections.abc import Iterable

from calendar_sync.domain.events import Attendee, Details, EventStatus, Person, ResponseStatus, Visibility
from calendar_sync.domain.meeting_links import find_meeting_links
from providers.google import wire
from providers.icalendar.rich_text import visible_text

_RESPONSES = {
    "accepted": ResponseStatus.ACCEPTED,
    "tentative": ResponseStatus.TENTATIVE,
    "declined": ResponseStatus.DECLINED,
}
_VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "private": Visibility.PRIVATE,
    "confidential": Visibility.CONFIDENTIAL,
}
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d{1,7});", re.IGNORECASE)


def details(event: wire.Event) -> Details:
    """Words that Google adds later mean what an absent one does.

    Of an event with more attendees than Google sends (`attendeesOmitted`) those it did send are there.
    """
    description, location = _text(event.get("description")), _text(event.get("location"))
    return Details(
        title=_text(event.get("summary")),
        description=_readable(description),
        location=location,
        status=EventStatus.TENTATIVE if event.get("status") == "tentative" else EventStatus.CONFIRMED,
        organizer=_person(event.get("organizer") or {}),
        attendees=_attendees(event.get("attendees", ())),
        links=find_meeting_links(_conference(event), location, [description] if description else []),
        url=_text(event.get("htmlLink")),
        visibility=_VISIBILITIES.get(event.get("visibility", ""), Visibility.DEFAULT),
        is_busy=event.get("transparency") != "transparent",
    )


def _text(value: str | None) -> str | None:
    return None if value is None else value.strip() or None


def _readable(description: str | None) -> str | None:
    """A description is plain text or HTML, in which Google shows line ends too."""
    if description is None or not _TAG.search(description):
        return description
    return visible_text(description.replace("\n", "<br>")) or None


def _conference(event: wire.Event) -> list[str]:
    points = (event.get("conferenceData") or {}).get("entryPoints", ())
    videos = [point["uri"] for point in points if point.get("entryPointType") == "video" and "uri" in point]
    return [*videos, *([event["hangoutLink"]] if "hangoutLink" in event else [])]


def _attendees(written: Iterable[wire.Attendee]) -> tuple[Attendee, ...]:
    found = {(one.email or one.name): one for one in map(_attendee, written) if one.email or one.name}
    return tuple(sorted(found.values(), key=lambda one: (one.email or "", one.name or "")))


def _attendee(written: wire.Attendee) -> Attendee:
    email = _email(written)
    return Attendee(
        email=email,
        name=_name(written, email),
        response=_RESPONSES.get(written.get("responseStatus", ""), ResponseStatus.NEEDS_ACTION),
        is_optional=bool(written.get("optional")),
        is_resource=bool(written.get("resource")),
        is_self=bool(written.get("self")),
    )


def _person(written: wire.Person) -> Person | None:
    email = _email(written)
    name = _name(written, email)
    return Person(email, name) if email or name else None


def _email(written: wire.Person) -> str | None:
    return (_text(written.get("email")) or "").lower() or None


def _name(written: wire.Person, email: str | None) -> str | None:
    """A name that only repeats the address is none."""
    name = _text(written.get("displayName"))
    return None if name is None or name.lower() == email else name
