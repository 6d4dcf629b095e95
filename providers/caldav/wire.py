"""What is sent and what comes back: request bodies, and multistatus answers (RFC 4918 §13, RFC 4791, RFC 6578).

Names are matched by namespace and local name, `{uri}local`: prefixes are the server's own affair.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from calendar_sync.domain.errors import BadResponse
from providers.caldav.xml import MalformedXml, parse

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_SERVER = "{http://calendarserver.org/ns/}"
APPLE = "{http://apple.com/ns/ical/}"

_NAMESPACES = (
    'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
    'xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"'
)
_PREFIXES = {DAV: "", CALDAV: "C:", CALENDAR_SERVER: "CS:", APPLE: "A:"}
_STATUS = re.compile(r"\s*HTTP/\d(?:\.\d)?\s+(\d{3})\b")


@dataclass(frozen=True, slots=True)
class Resource:
    """One `DAV:response`.

    `status` is that of the response as a whole, and `None` where it has propstats instead. `properties` are those the
    server has (in a propstat with a 2xx status); `conditions` the names inside its `DAV:error`.
    """

    href: str
    status: int | None
    properties: Mapping[str, etree._Element]
    conditions: frozenset[str]

    def text(self, name: str) -> str | None:
        """The text of a property, stripped; `None` where it is missing or empty."""
        element = self.properties.get(name)
        return ((element.text or "").strip() or None) if element is not None else None

    def raw_text(self, name: str) -> str | None:
        """The text of a property as it stands."""
        element = self.properties.get(name)
        return element.text if element is not None else None

    def hrefs(self, name: str) -> Sequence[str]:
        """The hrefs in a property, in their order."""
        element = self.properties.get(name)
        if element is None:
            return ()
        return tuple(text for child in element.iter(f"{DAV}href") if (text := (child.text or "").strip()))

    def children(self, name: str) -> frozenset[str]:
        """The names of the elements anywhere inside a property."""
        element = self.properties.get(name)
        return frozenset() if element is None else _names(element)


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A 207's body. `sync_token` is set in the answer to a sync-collection report only."""

    resources: Sequence[Resource]
    sync_token: str | None


def read_multistatus(body: bytes) -> Multistatus:
    """Raises `BadResponse`, and `MalformedXml` where the body cannot be read as XML at all."""
    root = parse(body)
    if root.tag != f"{DAV}multistatus":
        raise BadResponse("The server's answer is not a multistatus.")
    token = (root.findtext(f"{DAV}sync-token") or "").strip()
    resources = tuple(resource for response in root.iterchildren(f"{DAV}response") for resource in _resources(response))
    return Multistatus(resources, token or None)


def read_conditions(body: bytes) -> frozenset[str]:
    """The precondition names in the `DAV:error` of a refusal (RFC 4918 §16), none where there is no such thing."""
    try:
        root = parse(body)
    except MalformedXml:
        return frozenset()
    return _names(root) if root.tag == f"{DAV}error" else frozenset()


def _resources(response: etree._Element) -> Iterator[Resource]:
    status = _status(response)
    error = response.find(f"{DAV}error")
    conditions = frozenset() if error is None else _names(error)
    properties = {
        str(value.tag): value
        for propstat in response.iterchildren(f"{DAV}propstat")
        if (code := _status(propstat)) is not None and 200 <= code < 300
        for prop in propstat.iterchildren(f"{DAV}prop")
        for value in prop.iterchildren()
    }
    for href in response.iterchildren(f"{DAV}href"):
        if text := (href.text or "").strip():
            yield Resource(text, status, properties, conditions)


def _status(element: etree._Element) -> int | None:
    match = _STATUS.match(element.findtext(f"{DAV}status") or "")
    return int(match[1]) if match else None


def _names(element: etree._Element) -> frozenset[str]:
    return frozenset(str(child.tag) for child in element.iterdescendants())


PRINCIPAL = (
    f"{DAV}current-user-principal",
    f"{DAV}resourcetype",
    f"{CALDAV}calendar-home-set",
    f"{CALDAV}calendar-user-address-set",
)
"""What tells where an account's calendars are (RFC 5397, RFC 4791 §6.2.1, RFC 6638 §2.4.1)."""

CALENDAR = (
    f"{DAV}resourcetype",
    f"{DAV}displayname",
    f"{CALENDAR_SERVER}getctag",
    f"{DAV}sync-token",
    f"{DAV}supported-report-set",
    f"{CALDAV}supported-calendar-component-set",
    f"{APPLE}calendar-color",
    f"{CALDAV}calendar-timezone",
    f"{CALDAV}calendar-timezone-id",
    f"{CALDAV}calendar-description",
    f"{CALDAV}schedule-default-calendar-URL",
    f"{DAV}current-user-privilege-set",
)
"""What tells what a calendar is and whether it changed. By name, for some servers leave things out of an allprop."""

MEMBER = (f"{DAV}getetag", f"{DAV}getcontenttype", f"{DAV}resourcetype")


def propfind(names: Iterable[str]) -> bytes:
    """RFC 4918 §9.1."""
    return _document("propfind", _prop(names))


def sync_collection(token: str | None) -> bytes:
    """RFC 6578 §3.2; without a token, the initial listing.

    There is no `DAV:limit`: some servers cut the answer there and still return the newest token, losing the rest.
    """
    given = f"<sync-token>{escape(token)}</sync-token>" if token else "<sync-token/>"
    return _document("sync-collection", f"{given}<sync-level>1</sync-level>{_prop([f'{DAV}getetag'])}")


def calendar_multiget(hrefs: Iterable[str]) -> bytes:
    """RFC 4791 §7.9."""
    wanted = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    return _document("C:calendar-multiget", _prop([f"{DAV}getetag", f"{CALDAV}calendar-data"]) + wanted)


def calendar_query() -> bytes:
    """RFC 4791 §7.8: the etags of everything that has an event in it."""
    components = '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter>'
    return _document("C:calendar-query", f"{_prop([f'{DAV}getetag'])}<C:filter>{components}</C:filter>")


def _prop(names: Iterable[str]) -> str:
    return f"<prop>{''.join(f'<{_prefixed(name)}/>' for name in names)}</prop>"


def _prefixed(name: str) -> str:
    namespace, local = name[: name.index("}") + 1], name[name.index("}") + 1 :]
    return f"{_PREFIXES[namespace]}{local}"


def _document(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {_NAMESPACES}>{content}</{root}>'.encode()
