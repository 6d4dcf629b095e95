"""A calendar: its events with their history, and every way they can change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from secrets import token_hex
from typing import Any, Literal
from zoneinfo import ZoneInfo

from simulators.clock import Clock
from simulators.control import NotFound
from simulators.google.series import Instance, InvalidRecurrence, Series, continued, trimmed
from simulators.google.times import JsonObject, instant, is_date, stamp

AccessRole = Literal["freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner"]

_NOT_INHERITED = {"recurrence", "created", "updated"}


class NoSuchEvent(NotFound):
    """There is no event of that id, and never was, as far as the calendar remembers."""


@dataclass(slots=True, eq=False)
class Stored:
    """An event as it is kept.

    The `resource` of an exception has only what differs from its master, `None` where a value is taken away.
    A removed event keeps its resource; it is shown as a tombstone.
    """

    resource: JsonObject
    revision: int
    changed_at: datetime
    is_removed: bool = False
    is_hidden: bool = False
    """An invitation that is listed only with `showHiddenInvitations`."""

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @property
    def master_id(self) -> str | None:
        return self.resource.get("recurringEventId")

    @property
    def is_cancelled(self) -> bool:
        return self.resource.get("status") == "cancelled"


@dataclass(slots=True, eq=False)
class Calendar:
    """`access` says who may do what, by e-mail address. `owner` is the address of its data owner.

    Every change raises `revision`. `on_change` is told the path of the collection that changed.
    """

    id: str
    summary: str
    owner: str
    time_zone: str = "Europe/Zurich"
    description: str | None = None
    location: str | None = None
    access: dict[str, AccessRole] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    """Whose attendee entries are `self`, beside the calendar's id."""
    is_public: bool = False
    is_watchable: bool = True
    created_by: str | None = None
    """The id of the client that made it."""
    is_deleted: bool = False
    clock: Clock = field(default_factory=Clock)
    on_change: Callable[[str, str], None] = lambda path, state: None
    events: dict[str, Stored] = field(default_factory=dict)
    replaced: dict[str, list[tuple[int, JsonObject]]] = field(default_factory=dict)
    """Series as they were, or what was there before they recurred, with the revision at which each was replaced."""
    revision: int = 1
    oldest_revision: int = 0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def path(self) -> str:
        return f"calendars/{self.id}/events"

    # Reading

    def master_of(self, stored: Stored) -> Stored | None:
        """The series that an exception belongs to, unless it is gone or was never here."""
        master = self.events.get(stored.master_id or "")
        return None if master is None or master.is_removed else master

    def effective(self, stored: Stored) -> JsonObject:
        """The event with all its values: an exception's own, and for the rest its master's."""
        master = self.master_of(stored)
        inherited = {} if master is None else {k: v for k, v in master.resource.items() if k not in _NOT_INHERITED}
        return {name: value for name, value in (inherited | stored.resource).items() if value is not None}

    def exceptions(self, master_id: str) -> list[Stored]:
        return [each for each in self.events.values() if each.master_id == master_id and not each.is_removed]

    def series(self, resource: JsonObject) -> Series | None:
        """The expansion of an event, if it recurs and its recurrence can be understood."""
        try:
            return Series(resource, self.zone) if resource.get("recurrence") else None
        except (InvalidRecurrence, KeyError, TypeError, ValueError, AttributeError):
            return None

    def instance(self, event_id: str) -> tuple[Stored, Instance] | None:
        """The series and the instance that an id such as `master_20260112T080000Z` stands for."""
        master = self.events.get(event_id.rpartition("_")[0])
        if master is None or master.is_removed:
            return None
        series = self.series(master.resource)
        found = series.named(event_id) if series else None
        return (master, found) if found else None

    def changes_since(self, revision: int) -> list[Stored]:
        """What changed after a revision, oldest first."""
        return sorted((s for s in self.events.values() if s.revision > revision), key=lambda s: s.revision)

    def revision_at(self, moment: datetime) -> int:
        """The newest revision that was there at a time."""
        later = [each.revision for each in self.events.values() if each.changed_at > moment]
        return min(later) - 1 if later else self.revision

    # Changing

    def add(self, summary: str, start: datetime | date, end: datetime | date | None = None, **more: Any) -> str:  # noqa: ANN401 - JSON
        """Put an event of an hour, or a day, unless `end` is given; `more` are further fields. Gives its id."""
        usual = timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1)
        times = {"start": event_time(start), "end": event_time(end or start + usual)}
        return self.put({"summary": summary, **times, **more}).id

    def put(self, resource: JsonObject) -> Stored:
        """Store an event as it is, valid or not, in the place of the one with its id. What is missing is made up.

        An exception has `recurringEventId` and `originalStartTime`, and of the rest what differs from its master.
        """
        complete = self._completed(resource)
        before = self.events.get(complete["id"])
        stored = Stored(complete, self._next_revision(), self.clock.now())
        stored.is_removed = stored.is_cancelled and stored.master_id is None
        self.events[stored.id] = stored
        if before is not None:
            stored.is_hidden = before.is_hidden
            self._follow(before, stored)
        self._changed()
        return stored

    def change(self, event_id: str, **values: Any) -> Stored:  # noqa: ANN401 - JSON
        """Put new values into an event or, by the id of an instance, into an exception of its series.

        Raises `NoSuchEvent`.
        """
        stored = self.events.get(event_id)
        if stored is not None and stored.is_removed and stored.master_id and not self.master_of(stored):
            raise NoSuchEvent(event_id)
        base = stored.resource if stored is not None else self._new_exception(event_id)
        if set(values) - {"reminders"}:
            base = {name: value for name, value in base.items() if name != "updated"}
        return self.put(base | values)

    def remove(self, event_id: str) -> None:
        """Delete an event, a series with all that belongs to it, or one instance of a series. Raises `NoSuchEvent`."""
        stored = self.events.get(event_id)
        if stored is None or (stored.master_id and self.master_of(stored)):
            self.change(event_id, status="cancelled")
            return
        self._bury(stored)
        for exception in self.exceptions(event_id):
            exception.is_removed = True
        self._changed()

    def split(self, event_id: str, original: JsonObject, **values: Any) -> str:  # noqa: ANN401 - JSON
        """Change "this and following": the series ends before `original`, a new one with `values` begins there.

        Exceptions from there on are reset. Gives the id of the new series.
        """
        master = self.events[event_id]
        at = instant(original, self.zone)
        first = self._instance_at(master, original)
        until = f"{at - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"
        suffix = f"_R{at:%Y%m%dT%H%M%S}"
        if is_date(original):
            until = f"{date.fromisoformat(original['date']) - timedelta(days=1):%Y%m%d}"
            suffix = f"_R{original['date'].replace('-', '')}"
        new_id = f"{event_id}{suffix}"
        following = {k: v for k, v in master.resource.items() if k not in {"created", "updated", "sequence"}}
        recurrence = continued(master.resource, at, self.zone)
        following |= {"id": new_id, "iCalUID": f"{new_id}@google.com", "recurrence": recurrence}
        self.change(event_id, recurrence=trimmed(master.resource["recurrence"], until))
        return self.put(following | {"start": first.start, "end": first.end} | values).id

    def touch(self, event_id: str) -> None:
        """A new etag, and a place in the next increment, for an event in which nothing changed."""
        self._marked(self.events[event_id])
        self._changed()

    def hide_invitation(self, event_id: str) -> None:
        self.events[event_id].is_hidden = True
        self.touch(event_id)

    def forget_tombstones(self) -> None:
        """Removed events vanish for good, as they do some time after their removal."""
        self.events = {event_id: stored for event_id, stored in self.events.items() if not stored.is_removed}

    def expire_sync_tokens(self) -> None:
        """Every sync token given out so far is answered with 410."""
        self.oldest_revision = self._next_revision()

    def _completed(self, resource: JsonObject) -> JsonObject:
        now = stamp(self.clock.now())
        own = {"status": "confirmed", "created": now, "updated": now}
        if resource.get("recurringEventId"):
            own |= {"id": _instance_id(resource, self.zone)}
            if resource["recurringEventId"] in self.events:
                return own | resource
            return own | self._made_up(resource["recurringEventId"]) | resource
        event_id = resource.get("id") or token_hex(13)
        given = {name: value for name, value in resource.items() if value is not None}
        return own | {"id": event_id} | self._made_up(event_id) | given

    def _made_up(self, event_id: str) -> JsonObject:
        return {
            "creator": {"email": self.owner},
            "organizer": {"email": self.id} | ({} if self.id == self.owner else {"displayName": self.summary}),
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
        }

    def _new_exception(self, event_id: str) -> JsonObject:
        found = self.instance(event_id)
        if found is None:
            raise NoSuchEvent(event_id)
        master, instance = found
        times = {"start": instance.start, "end": instance.end}
        return {"id": event_id, "recurringEventId": master.id, "originalStartTime": instance.start, **times}

    def _instance_at(self, master: Stored, original: JsonObject) -> Instance:
        series = self.series(master.resource)
        found = series.at(original) if series else None
        if found is None:
            raise NoSuchEvent(f"{master.id} at {original}")
        return found

    def _follow(self, before: Stored, after: Stored) -> None:
        """What a changed master does to its exceptions: those that no longer occur go, those that inherit change."""
        if before.is_removed:
            self._tell_cascade(after)
        if not (before.resource.get("recurrence") or after.resource.get("recurrence")):
            return
        self.replaced.setdefault(after.id, []).append((after.revision, before.resource))
        differing = {
            name
            for name in before.resource.keys() | after.resource.keys()
            if before.resource.get(name) != after.resource.get(name)
        }
        series = self.series(after.resource)
        for exception in self.exceptions(after.id):
            if series is None or series.at(exception.resource["originalStartTime"]) is None:
                self._bury(exception)
            elif not exception.is_cancelled and differing - _NOT_INHERITED - exception.resource.keys():
                self._marked(exception)

    def _tell_cascade(self, master: Stored) -> None:
        """A removed series that is back says that its exceptions are not."""
        for exception in self.events.values():
            if exception.master_id == master.id and exception.is_removed:
                self._marked(exception)

    def _bury(self, stored: Stored) -> None:
        self._marked(stored).is_removed = True
        if stored.resource.get("recurrence"):
            self.replaced.setdefault(stored.id, []).append((stored.revision, stored.resource))

    def _marked(self, stored: Stored) -> Stored:
        """An event as changed just now."""
        stored.revision = self._next_revision()
        stored.changed_at = self.clock.now()
        return stored

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def _changed(self) -> None:
        self.on_change(self.path, "exists")


def event_time(moment: datetime | date) -> JsonObject:
    """A date, or a time with a zone, as an `EventDateTime`."""
    if not isinstance(moment, datetime):
        return {"date": moment.isoformat()}
    name = moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else "UTC"
    return {"dateTime": moment.astimezone(moment.tzinfo or UTC).isoformat(), "timeZone": name}


def _instance_id(resource: JsonObject, zone: ZoneInfo) -> str:
    original = resource["originalStartTime"]
    if is_date(original):
        return f"{resource['recurringEventId']}_{original['date'].replace('-', '')}"
    return f"{resource['recurringEventId']}_{instant(original, zone):%Y%m%dT%H%M%SZ}"
