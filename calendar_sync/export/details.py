"""What an event says, as properties of a VEVENT: texts, status, people, links (RFC 5545 §3.8.1, RFC 7986)."""

import re
from urllib.parse import quote

from icalendar import Event as VEvent

from calendar_sync.domain.events import Attendee, Details, EventStatus, ResponseStatus, Visibility

_PART_STATS = {
    ResponseStatus.NEEDS_ACTION: "NEEDS-ACTION",
    ResponseStatus.ACCEPTED: "ACCEPTED",
    ResponseStatus.TENTATIVE: "TENTATIVE",
    ResponseStatus.DECLINED: "DECLINED",
}
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_LINE_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f\x85\xa0\u2028\u2029\\]+")
_IN_MAILBOX = "!#$&'*+-/=?^_`{|}~@."
_NO_ADDRESS = "invalid:nomail"
"""Of someone whose address is not known, as Exchange writes it: the property needs some."""


def add_details(component: VEvent, details: Details, *, status: EventStatus | None = None) -> None:
    """`status` stands in for that of the details."""
    for name in ("title", "description", "location"):
        text = plain(getattr(details, name) or "")
        if text:
            component.add("summary" if name == "title" else name, text)
    component.add("status", (status or details.status).value.upper())
    component.add("transp", "OPAQUE" if details.is_busy else "TRANSPARENT")
    if details.visibility is not Visibility.DEFAULT:
        component.add("class", details.visibility.value.upper())
    if details.url is not None:
        component.add("url", _address(details.url))
    for link in details.links:
        said = {"VALUE": "URI", "FEATURE": "VIDEO", "LABEL": link.platform}
        component.add("conference", _address(link.url), parameters=said)
    if details.organizer is not None:
        organizer = details.organizer
        component.add("organizer", _mailbox(organizer.email), parameters=_named(organizer.name))
    for attendee in details.attendees:
        component.add("attendee", _mailbox(attendee.email), parameters=_part_of(attendee))


def plain(text: str) -> str:
    """`text` without control characters, its lines ending as iCalendar has them."""
    return _CONTROLS.sub("", _LINE_BREAKS.sub("\n", text)).strip()


def _address(url: str) -> str:
    return _NOT_IN_ADDRESSES.sub(lambda found: quote(found[0]), url)


def _mailbox(email: str | None) -> str:
    return _NO_ADDRESS if email is None else f"mailto:{quote(email, safe=_IN_MAILBOX)}"


def _named(name: str | None) -> dict[str, str]:
    shown = plain(name or "")
    return {"CN": shown} if shown else {}


def _part_of(attendee: Attendee) -> dict[str, str]:
    return {
        **_named(attendee.name),
        **({"CUTYPE": "RESOURCE"} if attendee.is_resource else {}),
        "ROLE": "OPT-PARTICIPANT" if attendee.is_optional else "REQ-PARTICIPANT",
        "PARTSTAT": _PART_STATS[attendee.response],
    }
