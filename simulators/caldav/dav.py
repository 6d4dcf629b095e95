"""The XML of WebDAV: reading requests and writing multistatus answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from lxml import etree

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_SERVER = "{http://calendarserver.org/ns/}"
APPLE = "{http://apple.com/ns/ical/}"

_CONVENTIONAL: dict[str | None, str] = {
    None: "DAV:",
    "cal": CALDAV[1:-1],
    "cs": CALENDAR_SERVER[1:-1],
    "ical": APPLE[1:-1],
}
_NUMBERED: dict[str | None, str] = {f"ns{number}": uri for number, uri in enumerate(_CONVENTIONAL.values())}


class BadRequestBody(Exception):
    """The request's body is not the XML it should be."""


def read_request(body: bytes) -> etree._Element:
    """The root element of a request. Raises `BadRequestBody`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as err:
        raise BadRequestBody from err


def element(name: str, *children: etree._Element, text: str | None = None) -> etree._Element:
    made = etree.Element(name)
    made.text = text
    made.extend(children)
    return made


def status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"


@dataclass(frozen=True, slots=True)
class DavResponse:
    """One `DAV:response`: with `status` for the resource as a whole, or with the properties it has and lacks."""

    href: str
    found: Sequence[etree._Element] = ()
    missing: Sequence[str] = ()
    status: int | None = None
    condition: str | None = None

    def write(self) -> etree._Element:
        response = element(f"{DAV}response", element(f"{DAV}href", text=self.href))
        if self.status is not None:
            response.append(element(f"{DAV}status", text=status_line(self.status)))
        else:
            response.extend(self._propstats())
        if self.condition is not None:
            response.append(element(f"{DAV}error", element(self.condition)))
        return response

    def _propstats(self) -> Iterable[etree._Element]:
        missing = [element(name) for name in self.missing]
        for status, properties in ((200, self.found), (404, missing)):
            if properties or (status == 200 and not missing):
                prop = element(f"{DAV}prop", *properties)
                yield element(f"{DAV}propstat", prop, element(f"{DAV}status", text=status_line(status)))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes documents in the server's habits."""

    numbered_prefixes: bool = False
    token_first: bool = False
    namespaces: dict[str | None, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "namespaces", _NUMBERED if self.numbered_prefixes else _CONVENTIONAL)

    def multistatus(self, responses: Iterable[DavResponse], sync_token: str | None = None) -> bytes:
        root = etree.Element(f"{DAV}multistatus", nsmap=self.namespaces)
        root.extend(response.write() for response in responses)
        if sync_token is not None:
            root.insert(0 if self.token_first else len(root), element(f"{DAV}sync-token", text=sync_token))
        return _document(root)

    def error(self, condition: str) -> bytes:
        root = etree.Element(f"{DAV}error", nsmap=self.namespaces)
        root.append(element(condition))
        return _document(root)


def _document(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(root, keep_ns_prefixes=[prefix for prefix in root.nsmap if prefix])
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
