"""What `events.list` is asked for: its parameters, and which may go together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulators.clock import Clock
from simulators.google.calendars import Calendar
from simulators.google.errors import (
    full_sync_required,
    invalid,
    sync_token_with_restrictions,
    time_range_empty,
    updated_min_too_long_ago,
)
from simulators.google.parameters import Parameters
from simulators.google.quirks import Quirks
from simulators.google.times import rfc3339
from simulators.google.tokens import SyncToken, fingerprint, read_sync_token

EVENT_TYPES = ("birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation")

_NOT_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
_ENDS_SYNC = frozenset(_NOT_WITH_SYNC_TOKEN) - {"timeMin", "timeMax"}
"""A listing with one of these gives no `nextSyncToken`."""
_MAY_CHANGE = ("syncToken", "pageToken", "maxResults", "showDeleted", *_NOT_WITH_SYNC_TOKEN)
"""What may differ between a first listing and its increments."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """An event is inside if it ends after `time_min` and starts before `time_max`, as far as they are given."""

    time_min: datetime | None = None
    time_max: datetime | None = None

    def contain(self, start: datetime, end: datetime) -> bool:
        after = self.time_min is None or end > self.time_min
        return after and (self.time_max is None or start < self.time_max)


@dataclass(frozen=True, slots=True)
class EventQuery:
    page_size: int
    single_events: bool
    show_deleted: bool
    show_hidden_invitations: bool
    bounds: Bounds
    since: SyncToken | None
    updated_min: datetime | None
    order_by: str | None
    event_types: frozenset[str]
    ical_uid: str | None
    text: str | None
    private_properties: tuple[str, ...]
    shared_properties: tuple[str, ...]
    max_attendees: int | None
    zone: ZoneInfo
    gives_sync_token: bool
    key: str
    """Equal for all increments of one listing."""


def event_query(given: Parameters, calendar: Calendar, clock: Clock, quirks: Quirks) -> EventQuery:
    """Raises `ApiError` where a parameter is wrong or goes not with another."""
    key = fingerprint(given.asked(*_MAY_CHANGE))
    since = _since(given, calendar, clock, quirks, key)
    bounds = _bounds(given)
    if since is not None and quirks.bounds_increments:
        bounds = Bounds(*(None if text is None else rfc3339(text) for text in since.bounds))
    single_events = given.boolean("singleEvents")
    return EventQuery(
        page_size=given.integer("maxResults", 250, 2500) or 250,
        single_events=single_events,
        show_deleted=given.boolean("showDeleted"),
        show_hidden_invitations=given.boolean("showHiddenInvitations"),
        bounds=bounds,
        since=since,
        updated_min=_updated_min(given, clock, quirks),
        order_by=_order(given, single_events=single_events),
        event_types=given.choices("eventTypes", EVENT_TYPES),
        ical_uid=given.text("iCalUID"),
        text=given.text("q"),
        private_properties=tuple(given.texts("privateExtendedProperty")),
        shared_properties=tuple(given.texts("sharedExtendedProperty")),
        max_attendees=given.integer("maxAttendees", None),
        zone=given.zone("timeZone", calendar.zone),
        gives_sync_token=not any(given.has(name) for name in _ENDS_SYNC),
        key=key,
    )


def _since(given: Parameters, calendar: Calendar, clock: Clock, quirks: Quirks, key: str) -> SyncToken | None:
    text = given.text("syncToken")
    if text is None:
        return None
    if any(given.has(name) for name in _NOT_WITH_SYNC_TOKEN) or not given.boolean("showDeleted", usual=True):
        raise sync_token_with_restrictions()
    token = read_sync_token(text, calendar.path, calendar.oldest_revision, clock, quirks)
    if token.revision > calendar.revision:
        raise full_sync_required()
    if token.query != key:
        # To Google this is undefined; here it is an error, so that it is found.
        raise invalid("The parameters differ from those of the first listing.", "syncToken")
    return token


def _bounds(given: Parameters) -> Bounds:
    bounds = Bounds(given.instant("timeMin"), given.instant("timeMax"))
    if bounds.time_min is not None and bounds.time_max is not None and bounds.time_min >= bounds.time_max:
        raise time_range_empty("timeMax")
    return bounds


def _updated_min(given: Parameters, clock: Clock, quirks: Quirks) -> datetime | None:
    moment = given.instant("updatedMin")
    if moment is not None and clock.now() - moment > timedelta(days=quirks.updated_min_days):
        raise updated_min_too_long_ago()
    return moment


def _order(given: Parameters, *, single_events: bool) -> str | None:
    order = given.choice("orderBy", ("startTime", "updated"))
    if order == "startTime" and not single_events:
        raise invalid("The requested ordering is not available for the particular query.", "orderBy", "badRequest")
    return order
