"""Events and calendars as the JSON that a client gets to see."""

import re
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from html import escape, unescape
from typing import Literal, NamedTuple

from simulators.microsoft.calendars import Calendar, Stored
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.preferences import Preferences
from simulators.microsoft.times import JsonObject, instant, stamp, wall, whole_second, written

Kind = Literal["event", "occurrence", "exception", "removed"]

_WHEN = ("isAllDay", "isCancelled", "start", "end", "showAs", "sensitivity", "type", "seriesMasterId", "subject", "id")
_USUAL: JsonObject = {
    "categories": [],
    "transactionId": None,
    "reminderMinutesBeforeStart": 15,
    "isReminderOn": True,
    "hasAttachments": False,
    "subject": "",
    "importance": "normal",
    "sensitivity": "normal",
    "isAllDay": False,
    "isCancelled": False,
    "responseRequested": True,
    "showAs": "busy",
    "onlineMeetingUrl": None,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
    "allowNewTimeProposals": True,
    "isDraft": False,
    "hideAttendees": False,
    "recurrence": None,
    "attendees": [],
    "onlineMeeting": None,
    "body": {"contentType": "html", "content": ""},
}


class Row(NamedTuple):
    """Something to show of a stored event; `day` is that of an occurrence or exception."""

    stored: Stored
    kind: Kind
    day: date | None = None


@dataclass(frozen=True, slots=True)
class View:
    """How a client wants to see a calendar; without `sees_bodies` it may know only when events are."""

    calendar: Calendar
    preferences: Preferences
    sees_bodies: bool = True

    def id(self, stored: Stored, day: date | None = None) -> str:
        own = stored.id if self.preferences.prefers_immutable_ids else stored.default_id
        return own if day is None else occurrence_id(own, day)

    def event(self, row: Row) -> JsonObject:
        """An event with all its values."""
        stored, kind, day = row
        if day is None:
            own = {
                "seriesMasterId": None,
                "type": "seriesMaster" if stored.resource.get("recurrence") else "singleInstance",
            }
            return self._told(stored, stored.resource | own | {"id": self.id(stored)})
        resource = stored.exception(day) if kind == "exception" else stored.own(day)
        own = {
            "id": self.id(stored, day),
            "type": kind,
            "seriesMasterId": self.id(stored),
            "originalStart": stored.original_start(day),
            "recurrence": None,
        }
        return self._told(stored, resource | own)

    def thin(self, row: Row) -> JsonObject:
        """An occurrence or exception as rounds have it: when it is and, of an exception, what differs."""
        stored, kind, day = row
        event = self.event(row)
        names = {"id", "seriesMasterId", "type", "start", "end", "@odata.etag"}
        if day is not None and kind == "exception":
            names |= {"originalStart", *stored.exceptions[day]}
        return {name: value for name, value in event.items() if name in names}

    def removed(self, row: Row) -> JsonObject:
        return {"id": self.id(row.stored, row.day), "@removed": {"reason": "deleted"}}

    def _told(self, stored: Stored, resource: JsonObject) -> JsonObject:
        key = change_key(stored)
        told = {
            "@odata.etag": f'W/"{key}"',
            "id": resource["id"],
            "createdDateTime": stamp(stored.created_at),
            "lastModifiedDateTime": stamp(stored.changed_at),
            "changeKey": key,
        }
        told |= _USUAL | {
            "location": _NOWHERE,
            "webLink": f"https://outlook.office365.com/owa/?itemid={resource['id']}",
        }
        told |= {
            "originalStartTimeZone": resource.get("start", {}).get("timeZone"),
            "originalEndTimeZone": resource.get("end", {}).get("timeZone"),
        }
        told |= {name: value for name, value in resource.items() if value is not None or name in _USUAL}
        told.setdefault("seriesMasterId", None)
        told.setdefault("locations", [] if told["location"] == _NOWHERE else [told["location"]])
        told |= {
            edge: self._zoned(told[edge], is_all_day=told["isAllDay"]) for edge in ("start", "end") if edge in told
        }
        if not self.sees_bodies:
            return {name: value for name, value in told.items() if name in _WHEN or name.startswith("@")}
        return told | self._body(told["body"])

    def _zoned(self, when: JsonObject, *, is_all_day: bool) -> JsonObject:
        """A time in the preferred zone; midnight of a whole day stays midnight in every zone, and what is no time
        stays as somebody put it."""
        try:
            shown = wall(when) if is_all_day else instant(when).astimezone(self.preferences.zone)
        except (TypeError, ValueError, KeyError):
            return when
        return {"dateTime": written(shown), "timeZone": self.preferences.zone_name}

    def _body(self, body: JsonObject) -> JsonObject:
        plain = _text(body["content"]) if body["contentType"] == "html" else body["content"]
        wanted = self.preferences.body_type
        content = plain if wanted == "text" else body["content"] if body["contentType"] == "html" else _html(plain)
        return {"bodyPreview": plain[:255], "body": {"contentType": wanted, "content": content}}


_NOWHERE = {"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": {}, "coordinates": {}}


def change_key(stored: Stored) -> str:
    return _key(stored.id, stored.revision)


def etag(stored: Stored) -> str:
    return f'W/"{change_key(stored)}"'


def calendar_resource(calendar: Calendar) -> JsonObject:
    provider = calendar.default_online_meeting_provider
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": calendar.color,
        "hexColor": calendar.hex_color,
        "isDefaultCalendar": calendar.is_default,
        "changeKey": _key(calendar.id, calendar.name, calendar.color),
        "canShare": calendar.can_share,
        "canViewPrivateItems": calendar.can_view_private_items,
        "canEdit": calendar.can_edit,
        "allowedOnlineMeetingProviders": [] if provider == "unknown" else [provider],
        "defaultOnlineMeetingProvider": provider,
        "isTallyingResponses": calendar.is_default,
        "isRemovable": calendar.is_removable,
        "owner": {"name": calendar.owner_name, "address": calendar.owner_address},
    }


def start_of(row: Row) -> str:
    """What a listing is ordered by."""
    if row.day is None:
        return whole_second(instant(row.stored.resource["start"]))
    event = row.stored.exception(row.day) if row.kind == "exception" else row.stored.own(row.day)
    return whole_second(instant(event["start"]))


def _key(*parts: object) -> str:
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest().upper()


def _text(content: str) -> str:
    return unescape(re.sub(r"<(style|head)\b.*?</\1>|<[^>]*>", "", content, flags=re.DOTALL | re.IGNORECASE)).strip()


def _html(text: str) -> str:
    lines = escape(text, quote=False).replace("\n", "<br>\r\n")
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<html><head>{head}</head><body>{lines}</body></html>"
