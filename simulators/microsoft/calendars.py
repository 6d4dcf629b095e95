"""A calendar: its events, and every way they can change."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from simulators.clock import Clock
from simulators.control import NotFound
from simulators.microsoft.ids import default_id, ical_uid, immutable_id, occurrence_id, series_and_day
from simulators.microsoft.patterns import completed
from simulators.microsoft.series import InvalidRecurrence, Series, Window
from simulators.microsoft.times import NO_TIME, JsonObject, graph_time, instant, wall, whole_second

ChangeType = Literal["created", "updated", "deleted"]


class NoSuchEvent(NotFound):
    """There is no event of that id."""


@dataclass(frozen=True)
class Stored:
    """An event as it is kept; every change makes a new one. `resource` has its immutable id.

    Of a series it has what its occurrences share. An exception is what differs in it, by its original day.
    """

    resource: JsonObject
    revision: int
    created_at: datetime
    changed_at: datetime
    default_id: str
    exceptions: dict[date, JsonObject] = field(default_factory=dict)
    cancelled: frozenset[date] = frozenset()
    is_removed: bool = False
    previous: JsonObject | None = None
    """The resource as it was before its last change."""

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @cached_property
    def series(self) -> Series | None:
        """The expansion of an event, if it recurs and its recurrence can be understood."""
        try:
            return Series(self.resource) if self.resource.get("recurrence") else None
        except InvalidRecurrence:
            return None

    def own(self, day: date) -> JsonObject:
        """The occurrence of a day as its series has it."""
        if self.series is None:
            raise NoSuchEvent(self.id)
        start, end = self.series.times(day)
        shared = {name: value for name, value in self.resource.items() if name != "recurrence"}
        own = {"id": occurrence_id(self.id, day), "iCalUId": ical_uid(self.id, day), "start": start, "end": end}
        return shared | own

    def exception(self, day: date) -> JsonObject:
        """An exception with all its values: its own, and for the rest its series'."""
        return self.own(day) | self.exceptions[day]

    def original_start(self, day: date) -> str:
        return whole_second(instant(self.own(day)["start"]))

    def days_inside(self, window: Window) -> list[date]:
        """The days of a series of which something is inside a window: an occurrence, or what became of it."""
        if self.series is None:
            return []
        regular = [d for d in self.series.inside(window) if d not in self.cancelled and d not in self.exceptions]
        moved = [day for day in self.exceptions if window.has(*extent(self.exception(day)))]
        return sorted([*regular, *moved])


@dataclass(slots=True, eq=False)
class Calendar:
    """Every change raises `revision`. `on_change` is told which event changed, and how."""

    id: str
    name: str
    owner_name: str
    owner_address: str
    is_default: bool = False
    color: str = "auto"
    hex_color: str = ""
    can_edit: bool = True
    can_share: bool = True
    can_view_private_items: bool = True
    is_removable: bool = True
    default_online_meeting_provider: str = "teamsForBusiness"
    clock: Clock = field(default_factory=Clock)
    on_change: Callable[["Calendar", Stored, ChangeType], None] = lambda calendar, stored, change: None
    events: dict[str, Stored] = field(default_factory=dict)
    """By immutable id; what was removed, or moved elsewhere, stays as a tombstone."""
    revision: int = 1
    oldest_revision: int = 0

    # Reading

    def find(self, event_id: str) -> tuple[Stored, date | None]:
        """An event by an id of either kind, or a series and the day of the occurrence meant.

        Raises `NoSuchEvent`.
        """
        stored = self._stored(event_id)
        if stored is not None:
            return stored, None
        found = series_and_day(event_id)
        series = next(filter(None, map(self._stored, found[0])), None) if found else None
        if found is None or series is None or series.series is None or found[1] in series.cancelled:
            raise NoSuchEvent(event_id)
        if not series.series.has(found[1]):
            raise NoSuchEvent(event_id)
        return series, found[1]

    def _stored(self, event_id: str) -> Stored | None:
        stored = self.events.get(event_id)
        if stored is None:
            stored = next((each for each in self.events.values() if each.default_id == event_id), None)
        return None if stored is None or stored.is_removed else stored

    def instances(self, event_id: str, start: datetime, end: datetime) -> list[str]:
        """The ids of the occurrences of a series within a window, exceptions included, in the order of their days."""
        stored, _ = self.find(event_id)
        return [occurrence_id(event_id, day) for day in stored.days_inside(Window(start, end))]

    # Changing

    def add(
        self,
        subject: str,
        start: datetime | date,
        end: datetime | date | None = None,
        *,
        recurrence: JsonObject | None = None,
        **values: Any,  # noqa: ANN401 - JSON
    ) -> str:
        """Put an event of an hour, or a day, unless `end` is given; `values` are further properties, by Graph's names.

        Gives its immutable id.
        """
        usual = timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1)
        times = {"start": graph_time(start), "end": graph_time(end or start + usual)}
        is_all_day = not isinstance(start, datetime)
        return self.put({"subject": subject, **times, "isAllDay": is_all_day, "recurrence": recurrence, **values}).id

    def put(self, resource: JsonObject) -> Stored:
        """Store an event as it is, valid or not, in the place of the one with its immutable id. What is missing is
        made up. A series whose pattern or time of day changes forgets its exceptions, as Exchange does."""
        complete = self._completed(resource)
        before = self.events.get(complete["id"])
        now = self.clock.now()
        after = Stored(complete, self._next_revision(), now, now, default_id(self.id, complete["id"]))
        if before is not None and not before.is_removed:
            after = replace(after, created_at=before.created_at, previous=before.resource, **_kept(before, complete))
        return self._store(after, "created" if before is None or before.is_removed else "updated")

    def change(self, event_id: str, **values: Any) -> Stored:  # noqa: ANN401 - JSON
        """Put new values into an event or, by the id of an occurrence, into an exception of its series.

        Raises `NoSuchEvent`.
        """
        stored, day = self.find(event_id)
        if day is None:
            return self.put(stored.resource | values)
        exceptions = stored.exceptions | {day: stored.exceptions.get(day, {}) | values}
        return self._store(self._touched(stored, exceptions=exceptions), "updated")

    def remove(self, event_id: str) -> None:
        """Delete an event, a series with all that belongs to it, or one occurrence. Raises `NoSuchEvent`."""
        stored, day = self.find(event_id)
        if day is None:
            self._store(self._touched(stored, is_removed=True), "deleted")
            return
        exceptions = {each: values for each, values in stored.exceptions.items() if each != day}
        self._store(self._touched(stored, exceptions=exceptions, cancelled=stored.cancelled | {day}), "updated")

    def touch(self, event_id: str) -> None:
        """A new change key, and a place in the next round, for an event in which nothing changed."""
        self._store(self._touched(self.find(event_id)[0]), "updated")

    def move(self, event_id: str, to: "Calendar") -> str:
        """Put an event, with its exceptions, into another calendar of the account. It keeps its immutable id, which
        is the answer."""
        stored, _ = self.find(event_id)
        self.remove(stored.id)
        changed_at, revision = to.clock.now(), to._next_revision()
        moved = replace(
            stored, revision=revision, changed_at=changed_at, default_id=default_id(to.id, stored.id), previous=None
        )
        to._store(moved, "created")
        return stored.id

    def forget_tombstones(self) -> None:
        """Removed events vanish for good."""
        self.events = {event_id: stored for event_id, stored in self.events.items() if not stored.is_removed}

    def expire_delta_links(self) -> None:
        """Every delta link given out so far is refused."""
        self.oldest_revision = self._next_revision()

    def _completed(self, resource: JsonObject) -> JsonObject:
        event_id = resource.get("id") or immutable_id()
        organizer = {"emailAddress": {"name": self.owner_name, "address": self.owner_address}}
        complete = {
            "id": event_id,
            "iCalUId": ical_uid(event_id),
            "organizer": organizer,
            "isOrganizer": resource.get("organizer", organizer) == organizer,
        } | resource
        complete.setdefault(
            "responseStatus", {"response": "organizer" if complete["isOrganizer"] else "notResponded", "time": NO_TIME}
        )
        recurrence = complete.get("recurrence")
        if isinstance(recurrence, dict) and {"pattern", "range"} <= recurrence.keys():
            first, zone = wall(complete["start"]).date(), complete["start"]["timeZone"]
            complete["recurrence"] = completed(recurrence, first, zone)
        return complete

    def _touched(self, stored: Stored, **values: Any) -> Stored:  # noqa: ANN401 - those of Stored
        now = self.clock.now()
        return replace(stored, revision=self._next_revision(), changed_at=now, previous=stored.resource, **values)

    def _store(self, stored: Stored, change: ChangeType) -> Stored:
        self.events.pop(stored.id, None)
        self.events[stored.id] = stored
        self.on_change(self, stored, change)
        return stored

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision


def extent(event: JsonObject) -> tuple[datetime, datetime]:
    """From when to when an event takes, in UTC."""
    return instant(event["start"]), instant(event["end"])


def _kept(before: Stored, after: JsonObject) -> dict[str, Any]:
    """What a changed series keeps of its exceptions and of the occurrences that were deleted."""
    old, series = before.series, Stored(after, 0, before.created_at, before.changed_at, "").series
    if old is None or series is None or _rhythm(before.resource) != _rhythm(after):
        return {}
    return {
        "exceptions": {day: values for day, values in before.exceptions.items() if series.has(day)},
        "cancelled": frozenset(day for day in before.cancelled if series.has(day)),
    }


def _rhythm(master: JsonObject) -> tuple[object, ...]:
    """The pattern and the time of day."""
    times = [(wall(master[edge]).time(), master[edge]["timeZone"]) for edge in ("start", "end")]
    return (master["recurrence"]["pattern"], master.get("isAllDay"), *times)
