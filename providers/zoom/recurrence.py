"""How a recurring meeting repeats, in the words of RFC 5545, and which span its list of occurrences covers."""

from datetime import UTC, datetime, timedelta

from calendar_sync.domain.events import Window
from providers.zoom.times import instant
from providers.zoom.wire import Recurrence

_FREQUENCIES = {1: "DAILY", 2: "WEEKLY", 3: "MONTHLY"}
_STEPS = {1: timedelta(days=1), 2: timedelta(weeks=1), 3: timedelta(days=31)}
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)


def rule_of(recurrence: Recurrence) -> tuple[str, ...]:
    """An RRULE value, for description only; none for a kind of repetition that is not known.

    Raises what comes of an answer that is not formed as it should be.
    """
    frequency = _FREQUENCIES.get(recurrence.get("type", 0))
    if frequency is None:
        return ()
    parts = [f"FREQ={frequency}", *_end(recurrence), f"INTERVAL={int(recurrence.get('repeat_interval', 1))}"]
    if frequency == "WEEKLY" and recurrence.get("weekly_days"):
        days = sorted(int(day) for day in str(recurrence["weekly_days"]).split(","))
        parts.append(f"BYDAY={','.join(_DAYS[day - 1] for day in days)}")
    if frequency == "MONTHLY":
        parts += _monthly(recurrence)
    return (";".join(parts),)


def listed_span(recurrence: Recurrence | None, count: int, last: datetime) -> Window:
    """What a list of `count` occurrences, the last of which originally starts at `last`, covers.

    All time where it is all there will be: then one that is added or taken off is a change. Else Zoom has not worked
    out more yet, and only what it has is covered.
    """
    is_whole = recurrence is None or _is_whole(recurrence, count, last)
    return Window(_BEGINNING, _END if is_whole else last + timedelta(seconds=1))


def _is_whole(recurrence: Recurrence, count: int, last: datetime) -> bool:
    if recurrence.get("end_times"):
        return count >= int(recurrence["end_times"])
    if not recurrence.get("end_date_time"):
        return False
    step = _STEPS.get(recurrence.get("type", 0), timedelta()) * int(recurrence.get("repeat_interval", 1))
    return last + step >= instant(recurrence["end_date_time"])


def _monthly(recurrence: Recurrence) -> list[str]:
    if recurrence.get("monthly_week") and recurrence.get("monthly_week_day"):
        return [f"BYDAY={int(recurrence['monthly_week'])}{_DAYS[recurrence['monthly_week_day'] - 1]}"]
    return [f"BYMONTHDAY={int(recurrence['monthly_day'])}"] if recurrence.get("monthly_day") else []


def _end(recurrence: Recurrence) -> list[str]:
    if recurrence.get("end_times"):
        return [f"COUNT={int(recurrence['end_times'])}"]
    if recurrence.get("end_date_time"):
        return [f"UNTIL={instant(recurrence['end_date_time']):%Y%m%dT%H%M%SZ}"]
    return []
