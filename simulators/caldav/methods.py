"""What the server does for each HTTP method, for a user who is known to be one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar as ICalendar
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from simulators.caldav.dav import APPLE, CALDAV, DAV, BadRequestBody, DavResponse, Writer, read_request
from simulators.caldav.paths import Collection, Home, Member, NewCollection, Node, Paths, Root
from simulators.caldav.properties import Properties
from simulators.caldav.quirks import Quirks
from simulators.caldav.reports import Refused, Reports
from simulators.caldav.store import Calendar, CalendarObject, Store, User

ALLOWED = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, REPORT, MKCALENDAR"
_XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Methods:
    """The whole of the server behind its door."""

    store: Store
    quirks: Quirks

    @property
    def _paths(self) -> Paths:
        return Paths(self.store, self.quirks)

    @property
    def _writer(self) -> Writer:
        return Writer(self.quirks.numbered_prefixes, self.quirks.token_first)

    async def answer(self, request: Request, path: str, user: User) -> Response:
        node = self._paths.find(path)
        if request.method == "PROPFIND" and not _is_there(node):
            return self._not_found(path)
        if node is None:
            return plain(404)
        if not isinstance(node, Root) and node.user is not user:
            return plain(403)
        body = await request.body()
        answers: dict[str, Callable[[], Response]] = {
            "PROPFIND": lambda: self._propfind(node, body, request.headers.get("depth"), user),
            "REPORT": lambda: self._report(node, body, request.headers.get("depth"), user),
            "GET": lambda: self._get(node, request),
            "HEAD": lambda: self._get(node, request),
            "PUT": lambda: self._put(node, body, request),
            "DELETE": lambda: self._delete(node, request),
            "MKCALENDAR": lambda: self._make_calendar(node, body),
        }
        answer = answers.get(request.method)
        return plain(405, Allow=ALLOWED) if answer is None else answer()

    def _propfind(self, node: Node, body: bytes, depth: str | None, user: User) -> Response:
        if depth not in {"0", "1"}:
            return self._condition(403, f"{DAV}propfind-finite-depth")
        try:
            wanted = _wanted(body)
        except BadRequestBody:
            return plain(400)
        properties = Properties(self._paths, self.quirks)
        nodes = [node, *self._children(node)] if depth == "1" else [node]
        return xml(207, self._writer.multistatus([properties.describe(each, wanted, user) for each in nodes]))

    def _not_found(self, path: str) -> Response:
        if not self.quirks.wraps_not_found:
            return plain(404)
        return xml(207, self._writer.multistatus([DavResponse(path, status=404)]))

    def _children(self, node: Node) -> Sequence[Node]:
        if isinstance(node, Home):
            return self._paths.below(node)
        if isinstance(node, Collection):
            names = (*node.calendar.objects, *self.quirks.ghosts)
            return [self._paths.member(node.user, node.calendar, name) for name in names]
        return []

    def _report(self, node: Node, body: bytes, depth: str | None, user: User) -> Response:
        if not isinstance(node, Collection):
            return plain(404) if isinstance(node, NewCollection) else self._condition(403, f"{DAV}supported-report")
        paths = self._paths
        try:
            reports = Reports(paths, Properties(paths, self.quirks), self.quirks)
            return xml(207, reports.answer(node, read_request(body), depth, user))
        except BadRequestBody:
            return plain(400)
        except Refused as err:
            if err.condition is None and err.body is None:
                return plain(err.status)
            refusal = err.body.encode() if err.body is not None else self._writer.error(err.condition or "")
            return Response(refusal, err.status, media_type=err.content_type or _XML)

    def _get(self, node: Node, request: Request) -> Response:
        if not isinstance(node, Member):
            return plain(404) if isinstance(node, NewCollection) else plain(405, Allow=ALLOWED)
        if node.stored is None:
            return plain(404)
        headers = self._etag(node.stored)
        if request.headers.get("if-none-match") == node.stored.etag:
            return Response(status_code=304, headers=headers)
        return Response(node.stored.body, media_type="text/calendar; charset=utf-8", headers=headers)

    def _put(self, node: Node, body: bytes, request: Request) -> Response:
        if not isinstance(node, Member):
            return plain(405, Allow=ALLOWED)
        if node.calendar.is_read_only:
            return self._condition(403, f"{DAV}need-privileges")
        if not _precondition_holds(node.stored, request):
            return plain(412)
        if refusal := _refusal(node, body):
            return self._condition(403, refusal)
        stored = node.calendar.put(node.name, body)
        return Response(status_code=204 if node.stored else 201, headers=self._etag(stored))

    def _delete(self, node: Node, request: Request) -> Response:
        match node:
            case Member(stored=None) | NewCollection():
                return plain(404)
            case Member(_, calendar, name, stored):
                if calendar.is_read_only:
                    return self._condition(403, f"{DAV}need-privileges")
                if not _precondition_holds(stored, request):
                    return plain(412)
                calendar.remove(name)
                return Response(status_code=204)
            case Collection(user, calendar):
                del user.calendars[calendar.name]
                return Response(status_code=204)
        return plain(403)

    def _make_calendar(self, node: Node, body: bytes) -> Response:
        """RFC 4791 §5.3.1."""
        if isinstance(node, Collection):
            return self._condition(403, f"{DAV}resource-must-be-null")
        if not isinstance(node, NewCollection):
            return self._condition(403, f"{CALDAV}calendar-collection-location-ok")
        try:
            node.user.calendars[node.name] = _new_calendar(node.name, body)
        except BadRequestBody:
            return plain(400)
        return Response(status_code=201)

    def _etag(self, stored: CalendarObject) -> dict[str, str]:
        return {"ETag": stored.etag} if self.quirks.lists_etags else {}

    def _condition(self, status: int, condition: str) -> Response:
        return xml(status, self._writer.error(condition))


def plain(status: int, **headers: str) -> Response:
    return PlainTextResponse(f"{HTTPStatus(status).phrase}\n", status, headers=headers)


def xml(status: int, body: bytes) -> Response:
    return Response(body, status, media_type=_XML)


def _is_there(node: Node | None) -> bool:
    match node:
        case None | NewCollection() | Member(stored=None):
            return False
    return True


def _wanted(body: bytes) -> list[str] | None:
    """The properties a PROPFIND names; `None` for all of them. Raises `BadRequestBody`."""
    if not body.strip():
        return None
    root = read_request(body)
    if root.tag != f"{DAV}propfind":
        raise BadRequestBody
    prop = root.find(f"{DAV}prop")
    return None if prop is None else [str(name.tag) for name in prop]


def _precondition_holds(stored: CalendarObject | None, request: Request) -> bool:
    """If-Match and If-None-Match of a write (RFC 9110 §13.1)."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none_match is not None and stored is not None and none_match.strip() in {"*", stored.etag}:
        return False
    if match is None:
        return True
    return stored is not None and (match.strip() == "*" or stored.etag in (tag.strip() for tag in match.split(",")))


def _refusal(node: Member, body: bytes) -> str | None:
    """The precondition that a PUT violates (RFC 4791 §5.3.2.1), if any."""
    try:
        uids = _uids(body)
    except ValueError:
        return f"{CALDAV}valid-calendar-data"
    if len(uids) != 1:
        return f"{CALDAV}valid-calendar-object-resource"
    component = CalendarObject(node.name, body).component
    if node.calendar.components is not None and component not in node.calendar.components:
        return f"{CALDAV}supported-calendar-component"
    others = (other for other in node.calendar.objects.values() if other.name != node.name)
    if any(next(iter(uids)).encode() in other.body and _is_copy(other, uids) for other in others):
        return f"{CALDAV}no-uid-conflict"
    return None


def _uids(body: bytes) -> set[str]:
    """The UIDs in an object. Raises `ValueError` where it is no iCalendar."""
    components = ICalendar.from_ical(body).subcomponents
    return {str(each["UID"]) for each in components if each.name != "VTIMEZONE" and "UID" in each}


def _is_copy(other: CalendarObject, uids: set[str]) -> bool:
    try:
        return _uids(other.body) == uids
    except ValueError:
        return False


def _new_calendar(name: str, body: bytes) -> Calendar:
    calendar = Calendar(name, name)
    if not body.strip():
        return calendar
    prop = read_request(body).find(f"{DAV}set/{DAV}prop")
    if prop is None:
        raise BadRequestBody
    calendar.displayname = prop.findtext(f"{DAV}displayname") or name
    calendar.description = prop.findtext(f"{CALDAV}calendar-description")
    calendar.timezone = _zone_name(prop.findtext(f"{CALDAV}calendar-timezone"))
    calendar.color = prop.findtext(f"{APPLE}calendar-color")
    components = prop.findall(f"{CALDAV}supported-calendar-component-set/{CALDAV}comp")
    if components:
        calendar.components = tuple(str(component.get("name")) for component in components)
    return calendar


def _zone_name(definition: str | None) -> str | None:
    """The TZID of a calendar-timezone, if it is an IANA name. Raises `BadRequestBody`."""
    try:
        zones = ICalendar.from_ical(definition).walk("VTIMEZONE") if definition else []
        return ZoneInfo(str(zones[0]["TZID"])).key if zones else None
    except ZoneInfoNotFoundError:
        return None
    except (ValueError, KeyError) as err:
        raise BadRequestBody from err
