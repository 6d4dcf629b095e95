"""Dates, times and zones as Graph writes them: `dateTimeTimeZone`, Windows zone names, seven digits of a second."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

JsonObject = dict[str, Any]

NO_TIME = "0001-01-01T00:00:00Z"
NO_DATE = "0001-01-01"
_LEGACY = {"tzone://Microsoft/Utc": "UTC", "tzone://Microsoft/Custom": "UTC"}


def zone_of(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name. Raises `ValueError`."""
    try:
        return ZoneInfo(_LEGACY.get(name) or win_tz.get(name) or name)
    except (ZoneInfoNotFoundError, OSError) as err:
        raise ValueError(f"no such time zone: {name}") from err


def zone_name(zone: ZoneInfo) -> str:
    """What Windows calls a zone, or the zone itself where Windows has no word for it."""
    return tz_win.get(zone.key, zone.key)


def graph_time(moment: datetime | date) -> JsonObject:
    """A date, or a time with a zone, as a `dateTimeTimeZone`. A date is a midnight whose zone says nothing."""
    if not isinstance(moment, datetime):
        return {"dateTime": written(datetime.combine(moment, time())), "timeZone": "UTC"}
    if isinstance(moment.tzinfo, ZoneInfo):
        return {"dateTime": written(moment), "timeZone": zone_name(moment.tzinfo)}
    return {"dateTime": written(moment.astimezone(UTC)), "timeZone": "UTC"}


def written(moment: datetime) -> str:
    """The wall clock, to seven digits of a second and without an offset."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0"


def stamp(moment: datetime) -> str:
    """How `createdDateTime` and its like are written: UTC."""
    return f"{written(moment.astimezone(UTC))}Z"


def whole_second(moment: datetime) -> str:
    """How `originalStart` and `expirationDateTime` are written: UTC, without a fraction."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def wall(when: JsonObject) -> datetime:
    """What the clock on the wall shows. Raises `ValueError`."""
    return datetime.fromisoformat(when["dateTime"]).replace(tzinfo=None)


def instant(when: JsonObject) -> datetime:
    """The instant, in UTC, that a `dateTimeTimeZone` means. Raises `ValueError`."""
    return wall(when).replace(tzinfo=zone_of(when["timeZone"])).astimezone(UTC)


def parsed(text: str) -> datetime:
    """An instant, in UTC; without an offset it is UTC already. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
