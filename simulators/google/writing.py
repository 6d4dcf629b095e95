"""What a client writes: bodies checked and completed as Google does on insert, update and patch."""

import re
from secrets import choice
from string import ascii_lowercase
from zoneinfo import ZoneInfo

from simulators.google.calendars import Calendar
from simulators.google.errors import forbidden_for_non_organizer, invalid, required, time_range_empty
from simulators.google.event_query import EVENT_TYPES
from simulators.google.series import InvalidRecurrence, Series
from simulators.google.times import JsonObject, instant, is_date, wall_or_instant

_READ_ONLY = frozenset(
    {
        "kind",
        "etag",
        "created",
        "updated",
        "creator",
        "organizer",
        "htmlLink",
        "hangoutLink",
        "recurringEventId",
        "originalStartTime",
        "attendeesOmitted",
        "locked",
    }
)
_OWN = frozenset({"reminders", "colorId", "transparency", "visibility", "attendees", "extendedProperties", "status"})
"""What an attendee may change in their copy of somebody else's event."""

_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")


def inserted(body: JsonObject, calendar: Calendar, creator: str, *, with_conference: bool) -> JsonObject:
    """A new event from the body of `events.insert`. Raises `ApiError`."""
    event = _writable(body, with_conference=with_conference)
    event_id = event.get("id")
    if event_id is not None and not (isinstance(event_id, str) and _EVENT_ID.fullmatch(event_id)):
        raise invalid("Invalid resource id value.", "resource.id")
    event_type = event.get("eventType", "default")
    if event_type not in EVENT_TYPES or event_type == "fromGmail":
        raise invalid("Event type cannot be created.", "resource.eventType")
    return checked({name: value for name, value in event.items() if value is not None}, calendar) | {
        "creator": {"email": creator}
    }


def patched(event: JsonObject, body: JsonObject, calendar: Calendar, *, with_conference: bool) -> JsonObject:
    """An event as `events.patch` leaves it: objects are merged, arrays replaced, `null` takes away."""
    changes = _writable(body, with_conference=with_conference)
    return _changed(event, _merged(event, changes), calendar)


def updated(event: JsonObject, body: JsonObject, calendar: Calendar, *, with_conference: bool) -> JsonObject:
    """An event as `events.update` leaves it: what the body does not say is gone, but for what nobody can write."""
    kept = {name: event[name] for name in (*_READ_ONLY, "id", "iCalUID", "eventType", "sequence") if name in event}
    if not with_conference:
        kept |= {name: event[name] for name in ("conferenceData",) if name in event}
    return _changed(event, kept | _writable(body, with_conference=with_conference), calendar)


def _changed(event: JsonObject, result: JsonObject, calendar: Calendar) -> JsonObject:
    result = checked({name: value for name, value in result.items() if value is not None}, calendar)
    differing = {name for name in event.keys() | result.keys() if event.get(name) != result.get(name)}
    is_organizer = event.get("organizer", {}).get("email") == calendar.id
    if differing - _OWN and not is_organizer and not event.get("guestsCanModify"):
        raise forbidden_for_non_organizer()
    if differing & {"start", "end", "recurrence"}:
        result["sequence"] = event.get("sequence", 0) + 1
    return result


def checked(event: JsonObject, calendar: Calendar) -> JsonObject:
    """An event whose times, recurrence and attendees are right; times get their zone. Raises `ApiError`."""
    recurs = bool(event.get("recurrence"))
    times = {name: _time(event, name, calendar, recurs=recurs) for name in ("start", "end")}
    if is_date(times["start"]) != is_date(times["end"]):
        raise invalid("Invalid start time.")
    if instant(times["end"], calendar.zone) < instant(times["start"], calendar.zone):
        raise time_range_empty()
    if recurs:
        try:
            Series({"id": "new", **event, **times}, calendar.zone)
        except (InvalidRecurrence, AttributeError) as err:
            raise invalid("Invalid recurrence rule.") from err
    if any("email" not in attendee for attendee in event.get("attendees", [])):
        raise required("Missing attendee email.")
    return event | times


def _time(event: JsonObject, name: str, calendar: Calendar, *, recurs: bool) -> JsonObject:
    when = {key: value for key, value in (event.get(name) or {}).items() if value is not None}
    if not {"date", "dateTime"} & when.keys():
        raise required(f"Missing {name} time.")
    if {"date", "dateTime"} <= when.keys():
        raise invalid(f"Invalid {name} time.")
    try:
        ZoneInfo(when.get("timeZone", "UTC"))
        instant(when, calendar.zone)
    except (ValueError, KeyError) as err:
        raise invalid(f"Invalid {name} time.") from err
    if is_date(when):
        return {"date": when["date"]}
    lacks_offset = wall_or_instant(when["dateTime"]).tzinfo is None
    if "timeZone" not in when and (recurs or lacks_offset):
        raise required(f"Missing time zone definition for {name} time.")
    return {"timeZone": calendar.time_zone} | when


def _writable(body: JsonObject, *, with_conference: bool) -> JsonObject:
    event = {name: value for name, value in body.items() if name not in _READ_ONLY}
    if "conferenceData" not in event:
        return event
    conference = event.pop("conferenceData")
    if not with_conference:
        return event
    if conference and "createRequest" in conference:
        conference = _meet(conference["createRequest"])
    link = next((e["uri"] for e in (conference or {}).get("entryPoints", []) if e["entryPointType"] == "video"), None)
    return event | {"conferenceData": conference, "hangoutLink": link}


def _meet(request: JsonObject) -> JsonObject:
    """The conference that a `createRequest` makes: here at once, in truth soon."""
    code = "-".join("".join(choice(ascii_lowercase) for _ in range(size)) for size in (3, 4, 3))
    uri = f"https://meet.google.com/{code}"
    return {
        "createRequest": request | {"status": {"statusCode": "success"}},
        "conferenceId": code,
        "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
        "entryPoints": [{"entryPointType": "video", "uri": uri, "label": uri.removeprefix("https://")}],
    }


def _merged(value: JsonObject, changes: JsonObject) -> JsonObject:
    merged = dict(value)
    for name, change in changes.items():
        before = merged.get(name)
        merged[name] = _merged(before, change) if isinstance(before, dict) and isinstance(change, dict) else change
    return merged
