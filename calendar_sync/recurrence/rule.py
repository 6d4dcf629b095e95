"""A recurrence rule: what an RRULE or EXRULE value (RFC 5545 §3.3.10) says, read and judged."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from calendar_sync.domain.errors import Invalid


class InvalidRule(Invalid):
    """A recurrence rule that cannot be followed; the message says why in one sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="rrule")


class Frequency(IntEnum):
    """FREQ, from coarse to fine, so that frequencies compare."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


class WeekdayNumber(NamedTuple):
    """One entry of BYDAY: `weekday` counts from Monday as 0; `nth` is as in `-2TU`, or 0 for every such day."""

    weekday: int
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """The parts of a rule. Lists are sorted and free of repeats; an empty one was not given.

    `until` keeps its kind: a date, a naive wall-clock time or an aware instant. `week_start` counts from Monday as 0.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    seconds: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    weekdays: tuple[WeekdayNumber, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    @staticmethod
    def parse(text: str) -> "Rule":
        """The rule that `text`, an RRULE or EXRULE value without the property name, says.

        Raises `InvalidRule` where a part is missing, contradicted, unknown, out of its range or absurdly large.
        Lenient where the meaning is plain: letter case and blanks, a trailing `;`, a second 60 (taken as 59), UNTIL
        beside COUNT (the earlier ends the series), `COUNT=-1` for no count (Confluence writes it), BYSETPOS with no
        other BY part (it picks from the one start of each period), and parts that begin with `X-` (not read).
        """
        return _read(text)


_MAX_TEXT: Final = 16_384
_MAX_LIST: Final = 400
_MAX_NUMBER: Final = 999_999_999
_WEEKDAYS: Final = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_WEEKDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z)?)?")
_SINGLES: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "RSCALE", "SKIP")
_LISTS: Final = ("MONTH", "WEEKNO", "YEARDAY", "MONTHDAY", "DAY", "HOUR", "MINUTE", "SECOND", "SETPOS")
_KNOWN: Final = frozenset({*_SINGLES, *(f"BY{name}" for name in _LISTS)})


@lru_cache(maxsize=1024)
def _read(text: str) -> Rule:
    parts = _parts(text)
    _refuse_other_calendars(parts)
    return Rule(
        frequency=_frequency(parts),
        interval=_single(parts, "INTERVAL") or 1,
        count=None if parts.get("COUNT") == "-1" else _single(parts, "COUNT"),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        seconds=tuple(sorted({min(second, 59) for second in _numbers(parts, "BYSECOND", 0, 60)})),
        minutes=_numbers(parts, "BYMINUTE", 0, 59),
        hours=_numbers(parts, "BYHOUR", 0, 23),
        weekdays=tuple(sorted({_weekday(day) for day in _list(parts, "BYDAY")})),
        month_days=_signed(parts, "BYMONTHDAY", 31),
        year_days=_signed(parts, "BYYEARDAY", 366),
        weeks=_signed(parts, "BYWEEKNO", 53),
        months=_numbers(parts, "BYMONTH", 1, 12),
        positions=_signed(parts, "BYSETPOS", 366),
        week_start=_week_start(parts),
    )


def _parts(text: str) -> dict[str, str]:
    if len(text) > _MAX_TEXT:
        raise InvalidRule("The recurrence rule is longer than any rule can be.")
    parts: dict[str, str] = {}
    for part in text.upper().strip(" ;").split(";"):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name.startswith("X-"):
            continue
        if name not in _KNOWN:
            raise InvalidRule(f"The recurrence rule has a part that is not known: {name[:20]!r}.")
        if not value:
            raise InvalidRule(f"{name} of the recurrence rule has no value.")
        if parts.setdefault(name, value) != value:
            raise InvalidRule(f"The recurrence rule gives {name} twice.")
    return parts


def _refuse_other_calendars(parts: dict[str, str]) -> None:
    """RFC 7529: only what means the same as without it is followed."""
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise InvalidRule("The recurrence rule counts in a calendar (RSCALE) other than the Gregorian one.")
    if parts.get("SKIP", "OMIT") != "OMIT":
        raise InvalidRule("The recurrence rule moves invalid dates (SKIP), which is not supported.")


def _frequency(parts: dict[str, str]) -> Frequency:
    try:
        return Frequency[parts["FREQ"]]
    except KeyError:
        raise InvalidRule("The recurrence rule does not say how often it repeats (FREQ).") from None


def _single(parts: dict[str, str], name: str) -> int | None:
    return _number(name, parts[name], 1, _MAX_NUMBER) if name in parts else None


def _numbers(parts: dict[str, str], name: str, low: int, high: int) -> tuple[int, ...]:
    return tuple(sorted({_number(name, item, low, high) for item in _list(parts, name)}))


def _signed(parts: dict[str, str], name: str, high: int) -> tuple[int, ...]:
    numbers = _numbers(parts, name, -high, high)
    if 0 in numbers:
        raise InvalidRule(f"{name} of the recurrence rule must not be 0.")
    return numbers


def _list(parts: dict[str, str], name: str) -> list[str]:
    if name not in parts:
        return []
    if parts[name].count(",") >= _MAX_LIST:
        raise InvalidRule(f"{name} of the recurrence rule lists more than {_MAX_LIST} values.")
    return [item.strip() for item in parts[name].split(",")]


def _number(name: str, text: str, low: int, high: int) -> int:
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise InvalidRule(f"{name} of the recurrence rule must be a number from {low} to {high}.")
    return int(text)


def _weekday(text: str) -> WeekdayNumber:
    match = _WEEKDAY.fullmatch(text)
    nth = int(match[1] or 0) if match else 0
    if match is None or abs(nth) > 53 or (match[1] and not nth):
        raise InvalidRule("BYDAY of the recurrence rule must list weekdays such as MO, 2TU or -1FR.")
    return WeekdayNumber(_WEEKDAYS[match[2]], nth)


def _week_start(parts: dict[str, str]) -> int:
    try:
        return _WEEKDAYS[parts.get("WKST", "MO")]
    except KeyError:
        raise InvalidRule("WKST of the recurrence rule must be a weekday.") from None


def _until(text: str) -> date | datetime:
    match = _UNTIL.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        year, month, day = (int(match[group]) for group in (1, 2, 3))
        if match[4] is None:
            return date(year, month, day)
        hour, minute, second = int(match[4]), int(match[5]), min(int(match[6]), 59)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC if match[7] else None)
    except ValueError:
        raise InvalidRule("UNTIL of the recurrence rule is not a date or a time.") from None
