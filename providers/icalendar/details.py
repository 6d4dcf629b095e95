"""What an event says: texts, status, people, links (RFC 5545 §3.8.1, RFC 7986, and what vendors add)."""

from calendar_sync.domain.events import Details, EventStatus, Visibility
from calendar_sync.domain.meeting_links import find_meeting_links, meeting_link
from providers.icalendar.components import Properties
from providers.icalendar.people import attendees, organizer
from providers.icalendar.rich_text import visible_text
from providers.icalendar.values import text

_STATUSES = {"TENTATIVE": EventStatus.TENTATIVE, "CANCELLED": EventStatus.CANCELLED}
_VISIBILITIES = {
    "PUBLIC": Visibility.PUBLIC,
    "PRIVATE": Visibility.PRIVATE,
    "CONFIDENTIAL": Visibility.CONFIDENTIAL,
}
_CONFERENCE_PROPERTIES = (
    "CONFERENCE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
)
DETAIL_PROPERTIES = frozenset(
    {
        *_CONFERENCE_PROPERTIES,
        *("SUMMARY", "DESCRIPTION", "X-ALT-DESC", "LOCATION", "STATUS", "ORGANIZER", "ATTENDEE"),
        *("URL", "CLASS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"),
    }
)


def details(properties: Properties, my_addresses: frozenset[str]) -> Details:
    """`my_addresses` are lower case."""
    description, rich = _text(properties, "DESCRIPTION"), _text(properties, "X-ALT-DESC")
    location, url = _text(properties, "LOCATION"), _text(properties, "URL")
    conference = [one.value.strip() for name in _CONFERENCE_PROPERTIES for one in properties.get(name, ())]
    if url is not None and meeting_link(url) is not None:
        conference.append(url)
    return Details(
        title=_text(properties, "SUMMARY"),
        description=description or (visible_text(rich) if rich else None),
        location=location,
        status=_STATUSES.get(_word(properties, "STATUS"), EventStatus.CONFIRMED),
        organizer=organizer(properties.get("ORGANIZER", ())),
        attendees=attendees(properties.get("ATTENDEE", ()), my_addresses),
        links=find_meeting_links(conference, location, [one for one in (description, rich) if one]),
        url=url,
        visibility=_VISIBILITIES.get(_word(properties, "CLASS"), Visibility.DEFAULT),
        is_busy=_word(properties, "TRANSP") != "TRANSPARENT"
        and _word(properties, "X-MICROSOFT-CDO-BUSYSTATUS") != "FREE",
    )


def _text(properties: Properties, name: str) -> str | None:
    """Of a property that may stand once but stands there twice, always the same one, in whatever order."""
    written = properties.get(name)
    if written is None:
        return None
    return (
        text(written[0].value)
        if len(written) == 1
        else min(filter(None, (text(one.value) for one in written)), default=None)
    )


def _word(properties: Properties, name: str) -> str:
    return (_text(properties, name) or "").upper()
