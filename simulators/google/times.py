"""Dates and times as Calendar API v3 writes them: RFC 3339, and the `EventDateTime` object."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

JsonObject = dict[str, Any]

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)


def rfc3339(text: str) -> datetime:
    """An instant, whose offset is mandatory. Raises `ValueError`."""
    moment = wall_or_instant(text)
    if moment.tzinfo is None:
        raise ValueError("the offset is missing")
    return moment


def wall_or_instant(text: str) -> datetime:
    """A date and time of which the offset may be missing. Raises `ValueError`."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"not an RFC 3339 date-time: {text}")
    return datetime.fromisoformat(text.upper())


def stamp(moment: datetime) -> str:
    """How `created` and `updated` are written: UTC, with milliseconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def written(moment: datetime, zone: tzinfo) -> str:
    """An instant in a zone, to the second; UTC is written as `Z`."""
    local = moment.astimezone(zone).replace(microsecond=0)
    return local.isoformat() if local.utcoffset() else f"{local:%Y-%m-%dT%H:%M:%S}Z"


def instant(when: JsonObject, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, that an `EventDateTime` means; a date begins at midnight of the calendar's `zone`."""
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), time(), zone).astimezone(UTC)
    moment = wall_or_instant(when["dateTime"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(when["timeZone"]) if "timeZone" in when else zone)
    return moment.astimezone(UTC)


def is_date(when: JsonObject) -> bool:
    return "date" in when


def shifted(when: JsonObject, by: timedelta, zone: ZoneInfo) -> JsonObject:
    """An `EventDateTime` so much later."""
    if is_date(when):
        return {"date": (date.fromisoformat(when["date"]) + by).isoformat()}
    return when | {"dateTime": written(instant(when, zone) + by, UTC)}


def in_zone(when: JsonObject, zone: ZoneInfo, calendar_zone: ZoneInfo) -> JsonObject:
    """An `EventDateTime` as an answer has it: with the offset of the response's `zone`, its own `timeZone` kept."""
    if is_date(when):
        return {"date": when["date"]}
    return when | {"dateTime": written(instant(when, calendar_zone), zone)}
