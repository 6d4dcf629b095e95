"""`events.*`: reading and writing the events of a calendar."""

from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.routing import Route

from simulators.clock import Clock
from simulators.google.calendars import Calendar, NoSuchEvent, Stored
from simulators.google.calls import Call, Gate
from simulators.google.errors import condition_not_met, deleted, duplicate, not_found
from simulators.google.event_query import Bounds, event_query
from simulators.google.listing import EventListing, instances_of
from simulators.google.quirks import Quirks
from simulators.google.rendering import View, etag
from simulators.google.shapes import EVENT, EVENTS
from simulators.google.times import JsonObject, stamp
from simulators.google.tokens import Pages, SyncToken, fingerprint
from simulators.google.writing import inserted, patched, updated

_EVENTS = "/calendars/{calendar_id}/events"
_EVENT = _EVENTS + "/{event_id}"


@dataclass(frozen=True, slots=True)
class EventMethods:
    clock: Clock
    quirks: Quirks
    pages: Pages

    def routes(self, gate: Gate) -> list[Route]:
        return [
            Route(_EVENTS, gate.endpoint("events.list", self._list, EVENTS), methods=["GET"]),
            Route(_EVENTS, gate.endpoint("events.insert", self._insert, EVENT), methods=["POST"]),
            Route(_EVENT, gate.endpoint("events.get", self._get, EVENT), methods=["GET"]),
            Route(_EVENT, gate.endpoint("events.update", self._update, EVENT), methods=["PUT"]),
            Route(_EVENT, gate.endpoint("events.patch", self._patch, EVENT), methods=["PATCH"]),
            Route(_EVENT, gate.endpoint("events.delete", self._delete, {}), methods=["DELETE"]),
            Route(f"{_EVENT}/instances", gate.endpoint("events.instances", self._instances, EVENTS), methods=["GET"]),
        ]

    # Reading

    async def _list(self, call: Call) -> JsonObject:
        calendar, role = call.calendar()
        query = event_query(call.parameters, calendar, self.clock, self.quirks)
        view = View(calendar, role, query.zone, query.max_attendees, self.quirks.bare_tombstones)
        key = self._page_key(call)
        token = call.parameters.text("pageToken")
        if token is not None:
            return self._envelope(view, key) | self.pages.next(token, key)
        listing = EventListing(view, query, self.quirks, self.clock.now())
        items = listing.items()
        if not query.gives_sync_token:
            return self._envelope(view, key) | self.pages.first(key, items, query.page_size, None)
        bounds = query.since.bounds if query.since else tuple(map(call.parameters.text, ("timeMin", "timeMax")))
        sync_token = SyncToken(
            calendar.path, listing.revision, query.key, self.clock.now().isoformat(), (bounds[0], bounds[1])
        )
        return self._envelope(view, key) | self.pages.first(key, items, query.page_size, str(sync_token))

    async def _instances(self, call: Call) -> JsonObject:
        view, given = self._view(call), call.parameters
        key = self._page_key(call)
        token = given.text("pageToken")
        if token is not None:
            return self._envelope(view, key) | self.pages.next(token, key)
        master = view.calendar.events.get(call.path("event_id"))
        if master is None or master.is_removed:
            raise not_found()
        time_min = given.instant("timeMin")
        # Unlike that of events.list this bound is inclusive.
        bounds = Bounds(time_min and time_min - timedelta(microseconds=1), given.instant("timeMax"))
        show_deleted = given.boolean("showDeleted")
        items = instances_of(view, master, bounds, given.text("originalStart"), show_deleted=show_deleted)
        return self._envelope(view, key) | self.pages.first(
            key, items, given.integer("maxResults", 250, 2500) or 250, None
        )

    async def _get(self, call: Call) -> JsonObject:
        return self._shown(self._view(call), call.path("event_id"))

    def _shown(self, view: View, event_id: str) -> JsonObject:
        stored = view.calendar.events.get(event_id)
        if stored is not None:
            return view.event(stored)
        found = view.calendar.instance(event_id)
        if found is None:
            raise not_found()
        return view.instance(*found)

    def _view(self, call: Call) -> View:
        calendar, role = call.calendar()
        given = call.parameters
        zone, most = given.zone("timeZone", calendar.zone), given.integer("maxAttendees", None)
        return View(calendar, role, zone, most, self.quirks.bare_tombstones)

    def _envelope(self, view: View, key: str) -> JsonObject:
        calendar = view.calendar
        changed = max((each.changed_at for each in calendar.events.values()), default=self.clock.now())
        envelope = {
            "kind": "calendar#events",
            "etag": etag(calendar.path, calendar.revision, key),
            "summary": calendar.summary,
            "description": calendar.description,
            "updated": stamp(changed),
            "timeZone": view.zone.key,
            "accessRole": view.role,
            "defaultReminders": [{"method": "popup", "minutes": 10}] if calendar.id == calendar.owner else [],
        }
        return {name: value for name, value in envelope.items() if value is not None}

    def _page_key(self, call: Call) -> str:
        return f"{call.account.email} {call.request.url.path} {fingerprint(call.parameters.asked('pageToken'))}"

    # Writing

    async def _insert(self, call: Call) -> JsonObject:
        calendar = call.writable_calendar()
        event = inserted(call.body, calendar, call.account.email, with_conference=_with_conference(call))
        if event.get("id") in calendar.events:
            raise duplicate()
        return self._shown(self._view(call), calendar.put(event).id)

    async def _patch(self, call: Call) -> JsonObject:
        calendar, stored, event = self._found(call)
        if call.body.get("status") == "cancelled":
            return self._removed(call, calendar)
        result = patched(event, call.body, calendar, with_conference=_with_conference(call))
        return self._kept(call, calendar, stored, event, result)

    async def _update(self, call: Call) -> JsonObject:
        calendar, stored, event = self._found(call)
        if call.body.get("status") == "cancelled":
            return self._removed(call, calendar)
        result = updated(event, call.body, calendar, with_conference=_with_conference(call))
        return self._kept(call, calendar, stored, event, result)

    async def _delete(self, call: Call) -> None:
        calendar, _, _ = self._found(call)
        stored = calendar.events.get(call.path("event_id"))
        if stored is not None and (stored.is_removed or stored.is_cancelled):
            raise deleted()
        calendar.remove(call.path("event_id"))

    def _removed(self, call: Call, calendar: Calendar) -> JsonObject:
        calendar.remove(call.path("event_id"))
        return self._shown(self._view(call), call.path("event_id"))

    def _found(self, call: Call) -> tuple[Calendar, Stored | None, JsonObject]:
        """The event of the path with all its values, if the caller may write it and knows its etag."""
        calendar, event_id = call.writable_calendar(), call.path("event_id")
        shown = self._shown(replace(self._view(call), role="owner"), event_id)
        if call.request.headers.get("if-match", "*") not in {"*", shown["etag"]}:
            raise condition_not_met()
        stored = calendar.events.get(event_id)
        if stored is not None:
            return calendar, stored, calendar.effective(stored)
        found = calendar.instance(event_id)
        if found is None:
            raise not_found()
        master, instance = found
        own = {"id": event_id, "recurringEventId": master.id, "originalStartTime": instance.start}
        inherited = {name: value for name, value in master.resource.items() if name != "recurrence"}
        return calendar, None, inherited | own | {"start": instance.start, "end": instance.end}

    def _kept(
        self, call: Call, calendar: Calendar, stored: Stored | None, event: JsonObject, result: JsonObject
    ) -> JsonObject:
        """Store what a write made of an event: for an occurrence, what differs from its series."""
        event_id = call.path("event_id")
        differing = {name for name in event.keys() | result.keys() if event.get(name) != result.get(name)}
        changes = {name: result.get(name) for name in differing}
        if stored is not None and stored.is_removed and call.body.get("status") is None:
            raise deleted()
        try:
            calendar.change(event_id, **changes)
        except NoSuchEvent as err:
            raise not_found() from err
        return self._shown(self._view(call), event_id)


def _with_conference(call: Call) -> bool:
    return call.parameters.text("conferenceDataVersion") == "1"
