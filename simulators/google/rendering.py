"""Events and calendars as the JSON that one account gets to see."""

from dataclasses import dataclass
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from simulators.google.accounts import Entry
from simulators.google.calendars import AccessRole, Calendar, Stored
from simulators.google.series import Instance
from simulators.google.times import JsonObject, in_zone, instant

_BUSY = (
    "id",
    "status",
    "created",
    "updated",
    "start",
    "end",
    "recurrence",
    "recurringEventId",
    "originalStartTime",
    "iCalUID",
    "sequence",
    "eventType",
    "transparency",
)
_TIMES = ("start", "end", "originalStartTime")


@dataclass(frozen=True, slots=True)
class View:
    """How somebody with `role` looks at a calendar: in which zone, and how much of the list of attendees."""

    calendar: Calendar
    role: AccessRole
    zone: ZoneInfo
    max_attendees: int | None = None
    bare_tombstones: bool = True

    def event(self, stored: Stored) -> JsonObject:
        """An event as it is stored: a master, a single one, an exception or a tombstone."""
        if stored.is_removed:
            return self.tombstone(stored)
        mark = etag(self.calendar.id, stored.id, stored.revision)
        if stored.is_cancelled and stored.master_id:
            return self.hole(stored.id, stored.master_id, stored.resource["originalStartTime"], mark)
        return {"kind": "calendar#event", "etag": mark} | self._told(self.calendar.effective(stored))

    def tombstone(self, stored: Stored) -> JsonObject:
        """An event that is no more: of all fields only the id is guaranteed."""
        mark = etag(self.calendar.id, stored.id, stored.revision)
        kept = {"id": stored.id} if self.bare_tombstones else self._told(self.calendar.effective(stored))
        return {"kind": "calendar#event", "etag": mark} | kept | {"status": "cancelled"}

    def instance(self, master: Stored, instance: Instance) -> JsonObject:
        """An occurrence that is as the rule has it."""
        own = {"recurringEventId": master.id, "originalStartTime": instance.start}
        times = {"start": instance.start, "end": instance.end}
        resource = {name: value for name, value in master.resource.items() if name != "recurrence"}
        mark = etag(self.calendar.id, master.id, master.revision)
        return {"kind": "calendar#event", "etag": mark} | self._told(resource | {"id": instance.id} | own | times)

    def hole(self, event_id: str, master_id: str, original: JsonObject, mark: str) -> JsonObject:
        """An occurrence that does not take place: of all fields only these are guaranteed."""
        return {
            "kind": "calendar#event",
            "etag": mark,
            "id": event_id,
            "status": "cancelled",
            "recurringEventId": master_id,
            "originalStartTime": self._zoned(original),
        }

    def _zoned(self, when: JsonObject) -> JsonObject:
        """A time in the zone of the answer; one that is no time stays as somebody put it."""
        try:
            return in_zone(when, self.zone, self.calendar.zone)
        except (TypeError, ValueError, KeyError):
            return when

    def _told(self, resource: JsonObject) -> JsonObject:
        told = {k: v for k, v in resource.items() if v is not None}
        for name in _TIMES:
            if name in told:
                told[name] = self._zoned(told[name])
        if self._hides(told):
            return {name: told[name] for name in _BUSY if name in told} | {"visibility": "private"}
        for name in ("creator", "organizer"):
            if name in told:
                told[name] = self._marked(told[name])
        if "attendees" in told:
            told |= self._attendees(told["attendees"])
        return {"htmlLink": f"https://www.google.com/calendar/event?eid={told['id']}"} | told

    def _hides(self, event: JsonObject) -> bool:
        if self.role == "freeBusyReader":
            return True
        is_private = event.get("visibility") in {"private", "confidential"}
        return is_private and self.role in {"reader", "writerWithoutPrivateAccess"}

    def _attendees(self, attendees: list[JsonObject]) -> JsonObject:
        """The list as far as `max_attendees` lets it be seen."""
        marked = [self._marked(each) for each in attendees]
        if self.max_attendees is None or len(marked) <= self.max_attendees:
            return {"attendees": marked}
        return {"attendees": [each for each in marked if "self" in each], "attendeesOmitted": True}

    def _marked(self, person: Any) -> Any:  # noqa: ANN401 - somebody may have put what is no person
        """A person, with `self` if it is whose calendar this is."""
        if not isinstance(person, dict):
            return person
        plain = {name: value for name, value in person.items() if name != "self"}
        is_self = plain.get("email") in {self.calendar.id, *self.calendar.addresses}
        return plain | ({"self": True} if is_self else {})


def start_of(event: JsonObject, zone: ZoneInfo) -> tuple[bool, str, str]:
    """What events are ordered by: known times first."""
    when = event.get("start") or event.get("originalStartTime")
    return (when is None, "" if when is None else instant(when, zone).isoformat(), event["id"])


def calendar_resource(calendar: Calendar) -> JsonObject:
    resource = {
        "kind": "calendar#calendar",
        "etag": etag(calendar.id, calendar.summary, calendar.time_zone),
        **_described(calendar),
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    return resource | ({} if calendar.id == calendar.owner else {"dataOwner": calendar.owner})


def list_entry(entry: Entry, role: AccessRole | None) -> JsonObject:
    """An entry of the calendar list; one that was taken off has nothing but its id."""
    kind = {"kind": "calendar#calendarListEntry", "etag": etag(entry.calendar.id, "entry", entry.revision)}
    if entry.is_removed or role is None:
        return kind | {"id": entry.calendar.id, "deleted": True}
    resource: JsonObject = kind | _described(entry.calendar)
    resource |= {
        "colorId": "14",
        "backgroundColor": entry.background_color,
        "foregroundColor": "#000000",
        "accessRole": role,
        "defaultReminders": [{"method": "popup", "minutes": 10}] if entry.is_primary else [],
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    optional = {
        "summaryOverride": entry.summary_override,
        "selected": entry.is_selected or None,
        "hidden": entry.is_hidden or None,
        "primary": entry.is_primary or None,
        "dataOwner": None if entry.calendar.id == entry.calendar.owner else entry.calendar.owner,
    }
    return resource | {name: value for name, value in optional.items() if value is not None}


def _described(calendar: Calendar) -> JsonObject:
    described = {
        "id": calendar.id,
        "summary": calendar.summary,
        "description": calendar.description,
        "location": calendar.location,
        "timeZone": calendar.time_zone,
    }
    return {name: value for name, value in described.items() if value is not None}


def etag(*parts: object) -> str:
    digest = md5("\0".join(str(part) for part in parts).encode(), usedforsecurity=False).digest()
    return f'"{int.from_bytes(digest[:8]) % 10**16:016}"'
