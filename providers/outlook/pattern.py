"""A `recurrencePattern` and its range as an RRULE (RFC 5545 §3.3.10).

It describes a series to readers and is never expanded: that is Graph's doing, which differs in details (the 31st of a
month of 30 days is its last).
"""

from collections.abc import Callable, Mapping, Sequence

from providers.outlook.wire import Pattern, Range, Recurrence

_DAYS = {
    "monday": "MO",
    "tuesday": "TU",
    "wednesday": "WE",
    "thursday": "TH",
    "friday": "FR",
    "saturday": "SA",
    "sunday": "SU",
}
_POSITIONS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}


def rules_of(recurrence: Recurrence | None) -> tuple[str, ...]:
    """One rule; none where the pattern is not known, or not formed as one."""
    try:
        return () if recurrence is None else (_rule(recurrence),)
    except (LookupError, TypeError, ValueError, AttributeError):
        return ()


def _rule(recurrence: Recurrence) -> str:
    pattern = recurrence["pattern"]
    frequency, *rest = _PATTERNS[pattern["type"].lower()](pattern)
    interval = int(pattern.get("interval") or 1)
    shown = [f"INTERVAL={interval}"] if interval != 1 else []
    return ";".join([f"FREQ={frequency}", *shown, *rest, *_end(recurrence.get("range") or {})])


def _end(end: Range) -> Sequence[str]:
    match (end.get("type") or "").lower():
        case "enddate":
            return [f"UNTIL={end['endDate'].replace('-', '')}"]
        case "numbered":
            return [f"COUNT={int(end['numberOfOccurrences'])}"]
        case _:
            return []


def _daily(_: Pattern) -> Sequence[str]:
    return ["DAILY"]


def _weekly(pattern: Pattern) -> Sequence[str]:
    first = _DAYS.get((pattern.get("firstDayOfWeek") or "").lower())
    return ["WEEKLY", _days(pattern), *([f"WKST={first}"] if first else [])]


def _absolute_monthly(pattern: Pattern) -> Sequence[str]:
    return ["MONTHLY", f"BYMONTHDAY={int(pattern['dayOfMonth'])}"]


def _relative_monthly(pattern: Pattern) -> Sequence[str]:
    return ["MONTHLY", _days(pattern), _position(pattern)]


def _absolute_yearly(pattern: Pattern) -> Sequence[str]:
    return ["YEARLY", _month(pattern), f"BYMONTHDAY={int(pattern['dayOfMonth'])}"]


def _relative_yearly(pattern: Pattern) -> Sequence[str]:
    return ["YEARLY", _month(pattern), _days(pattern), _position(pattern)]


def _days(pattern: Pattern) -> str:
    written = {_DAYS[day.lower()] for day in pattern["daysOfWeek"]}
    return f"BYDAY={','.join(day for day in _DAYS.values() if day in written)}"


def _position(pattern: Pattern) -> str:
    return f"BYSETPOS={_POSITIONS[(pattern.get('index') or 'first').lower()]}"


def _month(pattern: Pattern) -> str:
    return f"BYMONTH={int(pattern['month'])}"


_PATTERNS: Mapping[str, Callable[[Pattern], Sequence[str]]] = {
    "daily": _daily,
    "weekly": _weekly,
    "absolutemonthly": _absolute_monthly,
    "relativemonthly": _relative_monthly,
    "absoluteyearly": _absolute_yearly,
    "relativeyearly": _relative_yearly,
}
