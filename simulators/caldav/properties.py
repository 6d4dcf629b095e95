"""The live properties of everything, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from icalendar import Calendar as ICalendar
from icalendar import Timezone
from lxml import etree

from simulators.caldav.dav import APPLE, CALDAV, CALENDAR_SERVER, DAV, DavResponse, element
from simulators.caldav.paths import Collection, Home, Member, Node, Paths, Principal, ScheduleBox
from simulators.caldav.quirks import Quirks
from simulators.caldav.store import Calendar, User

_REPORTS = (f"{DAV}sync-collection", f"{CALDAV}calendar-multiget", f"{CALDAV}calendar-query")
_READ = ("read", "read-current-user-privilege-set")
_WRITE = ("write", "write-content", "write-properties", "bind", "unbind")


@dataclass(frozen=True, slots=True)
class Properties:
    """What the server says of a node to the user who asks."""

    paths: Paths
    quirks: Quirks

    def describe(self, node: Node, wanted: Sequence[str] | None, asker: User | None) -> DavResponse:
        """The wanted properties of a node, or all it has where none are named."""
        has = {
            str(each.tag): each for each in self._of(node, asker, with_data=f"{CALDAV}calendar-data" in (wanted or ()))
        }
        names = list(has) if wanted is None else wanted
        found = [has[name] for name in names if name in has]
        return DavResponse(self.paths.href(node), found, [name for name in names if name not in has])

    def _of(self, node: Node, asker: User | None, *, with_data: bool) -> list[etree._Element]:
        if isinstance(node, Member):
            return self._member(node, with_data=with_data)
        said = self._own(node)
        return said if self.quirks.names_no_principal else [self._current_principal(asker), *said]

    def _own(self, node: Node) -> list[etree._Element]:
        match node:
            case Principal(user):
                return [_resource_type(f"{DAV}principal"), *self._principal(user)]
            case Home(user):
                return [_resource_type(f"{DAV}collection"), self._owner(user)]
            case ScheduleBox(user, name):
                return self._schedule_box(user, name)
            case Collection(user, calendar):
                return [self._owner(user), *self._calendar(calendar)]
        return [_resource_type(f"{DAV}collection")]

    def _current_principal(self, asker: User | None) -> etree._Element:
        if asker is None:
            return element(f"{DAV}current-user-principal", element(f"{DAV}unauthenticated"))
        return _pointer(f"{DAV}current-user-principal", self._at(self.quirks.principal_origin, Principal(asker)))

    def _at(self, origin: str | None, node: Node) -> str:
        return self.paths.href(node) if origin is None else f"{origin}{self.paths.path(node)}"

    def _owner(self, user: User) -> etree._Element:
        return _pointer(f"{DAV}owner", self.paths.href(Principal(user)))

    def _principal(self, user: User) -> list[etree._Element]:
        addresses = [element(f"{DAV}href", text=f"mailto:{address}") for address in user.addresses]
        return [
            element(f"{DAV}displayname", text=user.name),
            _pointer(f"{CALDAV}calendar-home-set", self._at(self.quirks.home_origin, Home(user))),
            element(f"{CALDAV}calendar-user-address-set", *addresses),
            _pointer(f"{CALDAV}schedule-inbox-URL", self.paths.href(ScheduleBox(user, "inbox"))),
            _pointer(f"{CALDAV}schedule-outbox-URL", self.paths.href(ScheduleBox(user, "outbox"))),
        ]

    def _schedule_box(self, user: User, name: str) -> list[etree._Element]:
        said = [_resource_type(f"{DAV}collection", f"{CALDAV}schedule-{name}")]
        if name == "inbox" and user.calendars:
            default = Collection(user, next(iter(user.calendars.values())))
            said.append(_pointer(f"{CALDAV}schedule-default-calendar-URL", self.paths.href(default)))
        return said

    def _calendar(self, calendar: Calendar) -> list[etree._Element]:
        types = [kind if kind.startswith("{") else f"{CALDAV}{kind}" for kind in calendar.resource_types]
        privileges = _READ if calendar.is_read_only else (*_READ, *_WRITE)
        return [
            _resource_type(f"{DAV}collection", *types),
            element(
                f"{DAV}current-user-privilege-set",
                *(element(f"{DAV}privilege", element(f"{DAV}{privilege}")) for privilege in privileges),
            ),
            *_described(calendar),
            *self._version(calendar),
        ]

    def _version(self, calendar: Calendar) -> list[etree._Element]:
        can = (self.quirks.supports_sync_collection, self.quirks.supports_multiget, self.quirks.supports_query)
        reports = (name for name, is_supported in zip(_REPORTS, can, strict=True) if is_supported)
        supported = (element(f"{DAV}supported-report", element(f"{DAV}report", element(name))) for name in reports)
        said = [element(f"{DAV}supported-report-set", *supported)]
        if self.quirks.supports_ctag:
            said.append(element(f"{CALENDAR_SERVER}getctag", text=calendar.ctag))
        if self.quirks.supports_sync_collection and self.quirks.lists_sync_token:
            said.append(element(f"{DAV}sync-token", text=calendar.sync_token))
        return said

    def _member(self, member: Member, *, with_data: bool) -> list[etree._Element]:
        if member.stored is None:
            return []
        component = f"; component={member.stored.component.lower()}" if member.stored.component else ""
        said = [
            element(f"{DAV}resourcetype"),
            element(f"{DAV}getcontenttype", text=f"text/calendar; charset=utf-8{component}"),
            element(f"{DAV}getcontentlength", text=str(len(member.stored.body))),
        ]
        if self.quirks.lists_etags:
            said.append(element(f"{DAV}getetag", text=member.stored.etag))
        if with_data:
            said.append(element(f"{CALDAV}calendar-data", text=_as_xml_text(member.stored.body)))
        return said


def _described(calendar: Calendar) -> list[etree._Element]:
    texts = {
        f"{DAV}displayname": calendar.displayname,
        f"{CALDAV}calendar-description": calendar.description,
        f"{CALDAV}calendar-timezone": zone_definition(calendar.timezone) if calendar.timezone else None,
        f"{CALDAV}calendar-timezone-id": calendar.timezone,
        f"{APPLE}calendar-color": calendar.color,
    }
    said = [element(name, text=text) for name, text in texts.items() if text is not None]
    if calendar.components is not None:
        components = (etree.Element(f"{CALDAV}comp", name=name) for name in calendar.components)
        said.append(element(f"{CALDAV}supported-calendar-component-set", *components))
    return said


@cache
def zone_definition(name: str) -> str:
    """A calendar object with the VTIMEZONE of an IANA zone (RFC 4791 §5.2.2)."""
    definition = ICalendar()
    definition.add("version", "2.0")
    definition.add("prodid", "-//Simulator//CalDAV//EN")
    definition.add_component(Timezone.from_tzid(name))
    return str(definition.to_ical(), "utf-8")


def _resource_type(*kinds: str) -> etree._Element:
    return element(f"{DAV}resourcetype", *(element(kind) for kind in kinds))


def _pointer(name: str, href: str) -> etree._Element:
    return element(name, element(f"{DAV}href", text=href))


def _as_xml_text(body: bytes) -> str:
    """What XML can carry of an object: it has no way to write most control characters."""
    text = body.decode("utf-8", "replace")
    return "".join(char for char in text if (char >= " " and char not in "\ufffe\uffff") or char in "\r\n\t")
