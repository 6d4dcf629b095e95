"""Reading events: one by one, by window, and round after round of what changed."""

from dataclasses import dataclass

from starlette.routing import Route

from simulators.microsoft.calendar_methods import MAILBOXES
from simulators.microsoft.calendars import Calendar, NoSuchEvent
from simulators.microsoft.calls import Call, Gate
from simulators.microsoft.delta import Page, Rounds, view_rows
from simulators.microsoft.errors import bad_request, item_not_found, unsupported_with_delta
from simulators.microsoft.listing import USUAL_PAGE, listed, selected
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.rendering import Row, View, start_of
from simulators.microsoft.scopes import READ_CALENDARS, reads_bodies
from simulators.microsoft.times import JsonObject

_CALENDARS = ("", "/calendar", "/calendars/{calendar_id}")
_UNSUPPORTED = ("orderby", "filter", "select", "expand", "search", "top")


@dataclass(frozen=True, slots=True)
class EventMethods:
    quirks: Quirks
    rounds: Rounds

    def routes(self, gate: Gate) -> list[Route]:
        methods = {
            "/calendarView/delta": self._delta,
            "/calendarView/delta()": self._delta,
            "/calendarView/microsoft.graph.delta()": self._delta,
            "/calendarView": self._view_window,
            "/events": self._list,
            "/events/{event_id}": self._get,
            "/events/{event_id}/instances": self._instances,
        }
        endpoints = {path: gate.endpoint(method, READ_CALENDARS) for path, method in methods.items()}
        return [
            Route(f"{mailbox}{calendar}{path}", endpoint, methods=["GET"])
            for mailbox in MAILBOXES
            for calendar in _CALENDARS
            for path, endpoint in endpoints.items()
        ]

    # Rounds

    async def _delta(self, call: Call) -> JsonObject:
        calendar = call.calendar()
        page = self._page(call, calendar)
        view = self._view(call, calendar)
        answer = call.context("Collection(event)") | {"value": [self._row(view, row) for row in page.rows]}
        if page.skip_token is not None:
            return answer | {"@odata.nextLink": f"{call.url}?$skiptoken={page.skip_token}"}
        if page.delta_token is not None:
            return answer | {"@odata.deltaLink": f"{call.url}?$deltatoken={page.delta_token}"}
        return answer

    def _page(self, call: Call, calendar: Calendar) -> Page:
        given, path = call.parameters, f"{calendar.id} {call.account.email}"
        if given.has_any(*_UNSUPPORTED):
            raise unsupported_with_delta()
        size = call.preferences.page_size or USUAL_PAGE
        skip_token, delta_token = given.text("skiptoken"), given.text("deltatoken")
        if skip_token is None and not delta_token:
            return self.rounds.begin(path, calendar, given.window(self.quirks.most_days), size)
        if self.quirks.refuses_window_with_token and given.has_any("startDateTime", "endDateTime"):
            raise bad_request("A time window cannot be given together with a token.", "ErrorInvalidUrlQuery")
        if skip_token is not None:
            return self.rounds.next(path, skip_token)
        return self.rounds.increment(path, calendar, delta_token or "", size)

    def _row(self, view: View, row: Row) -> JsonObject:
        kind = {"@odata.type": "#microsoft.graph.event"}
        if row.kind == "removed":
            return kind | view.removed(row)
        is_thin = (row.kind == "occurrence" and not self.quirks.full_occurrences) or (
            row.kind == "exception" and self.quirks.thin_exceptions
        )
        return kind | (view.thin(row) if is_thin else view.event(row))

    # Plain reads

    async def _view_window(self, call: Call) -> JsonObject:
        calendar, window = call.calendar(), call.parameters.window(self.quirks.most_days)
        _check_plain(call)
        kept = [stored for stored in calendar.events.values() if not stored.is_removed]
        rows = [row for stored in kept for row in view_rows(stored, window)]
        return self._collection(call, calendar, rows)

    async def _list(self, call: Call) -> JsonObject:
        calendar = call.calendar()
        _check_plain(call)
        rows = [Row(stored, "event") for stored in calendar.events.values() if not stored.is_removed]
        return self._collection(call, calendar, rows)

    async def _instances(self, call: Call) -> JsonObject:
        calendar, row = self._found(call)
        _check_plain(call)
        window = call.parameters.window(self.quirks.most_days)
        if row.day is not None or row.stored.series is None:
            raise bad_request("Only a series has instances.", "ErrorInvalidRequest")
        return self._collection(call, calendar, view_rows(row.stored, window))

    async def _get(self, call: Call) -> JsonObject:
        calendar, row = self._found(call)
        view, given = self._view(call, calendar), call.parameters
        names, expanded = given.names("select"), [name.lower() for name in given.names("expand")]
        is_master = row.day is None and row.stored.series is not None
        event = view.event(row)
        if is_master and "cancelledoccurrences" in (name.lower() for name in names):
            days = sorted(row.stored.cancelled)
            event["cancelledOccurrences"] = [f"OID.{event['id']}.{day.isoformat()}" for day in days]
        chosen = selected(event, names)
        if is_master and "exceptionoccurrences" in expanded:
            days = sorted(row.stored.exceptions)
            chosen["exceptionOccurrences"] = [view.event(Row(row.stored, "exception", day)) for day in days]
        return call.context("users('me')/events/$entity") | chosen

    def _found(self, call: Call) -> tuple[Calendar, Row]:
        """The event of the path and its calendar. Raises `GraphError`."""
        event_id = call.path("event_id")
        try:
            named = call.request.path_params.keys() & {"calendar_id"}
            calendar = call.calendar() if named else call.mailbox().calendar_of(event_id)
            stored, day = calendar.find(event_id)
        except NoSuchEvent as err:
            raise item_not_found() from err
        if day is None:
            return calendar, Row(stored, "event")
        return calendar, Row(stored, "exception" if day in stored.exceptions else "occurrence", day)

    def _view(self, call: Call, calendar: Calendar) -> View:
        return View(calendar, call.preferences, reads_bodies(call.token.scopes))

    def _collection(self, call: Call, calendar: Calendar, rows: list[Row]) -> JsonObject:
        view = self._view(call, calendar)
        order = (call.parameters.text("orderby") or "").lower()
        if order:
            rows = sorted(rows, key=start_of, reverse=order.endswith(" desc"))
        return call.context("users('me')/events") | listed(call, [view.event(row) for row in rows])


def _check_plain(call: Call) -> None:
    """Raises `GraphError` where a read asks for what this simulator does not know."""
    order = (call.parameters.text("orderby") or "start/dateTime").lower().split()
    if order[0] != "start/datetime" or call.parameters.has_any("filter", "search"):
        raise bad_request("The query option is not supported.", "ErrorInvalidUrlQueryFilter")
