"""The scalars beside GraphQL's own: instants, calendar days, times of day and time zones."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def scalars() -> Mapping[object, ScalarDefinition]:
    """For `StrawberryConfig(scalar_map=…)`."""
    return {
        datetime: strawberry.scalar(
            name="DateTime",
            description="An instant (RFC 3339). Answers are in UTC, as in `2026-03-01T09:30:00Z`; input may have any "
            "offset, but must have one.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=_instant_text,
            parse_value=_instant,
        ),
        date: strawberry.scalar(
            name="Date",
            description="A day of the calendar, as in `2026-03-01`, of no time zone.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=date.isoformat,
            parse_value=_day,
        ),
        time: strawberry.scalar(
            name="TimeOfDay",
            description="What a clock shows, in hours and minutes, as in `09:00`, of no day and no time zone.",
            serialize=lambda value: value.isoformat("minutes"),
            parse_value=_time_of_day,
        ),
        ZoneInfo: strawberry.scalar(
            name="TimeZone",
            description="A time zone by its name in the IANA database, as in `Europe/Berlin`, `America/New_York` or "
            "`UTC`. Upper and lower case matter.",
            specified_by_url="https://www.iana.org/time-zones",
            serialize=str,
            parse_value=_zone,
        ),
    }


def _instant_text(value: datetime) -> str:
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat().removesuffix("+00:00") + "Z"


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise GraphQLError("A DateTime is an instant with its offset, as in 2026-03-01T09:30:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise GraphQLError("There is no such DateTime.") from err


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise GraphQLError("A Date is a day, as in 2026-03-01.")
    try:
        return date.fromisoformat(value)
    except ValueError as err:
        raise GraphQLError("There is no such Date.") from err


def _time_of_day(value: object) -> time:
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value):
        raise GraphQLError("A TimeOfDay is from 00:00 to 23:59, as in 09:00.")
    return time.fromisoformat(value)


def _zone(value: object) -> ZoneInfo:
    if not isinstance(value, str) or value not in _zones():
        raise GraphQLError("A TimeZone is a name of the IANA database, as in Europe/Berlin.")
    return ZoneInfo(value)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
