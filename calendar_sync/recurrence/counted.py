"""COUNT, and DTSTART as the first instance whether or not the rule makes it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from calendar_sync.recurrence.limits import LAST_START, Budget
from calendar_sync.recurrence.pattern import Pattern
from calendar_sync.recurrence.rule import Frequency

_SECOND = timedelta(seconds=1)


def series_starts(pattern: Pattern, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
    """The starts of an RRULE from `low` to `high`, both included, in order.

    DTSTART is the first of them and counts for COUNT (RFC 5545 §3.8.5.3: it "always counts as the first occurrence").
    UNTIL is left to the caller, as it takes a zone. Raises `StepsExhausted`.
    """
    if low <= pattern.first <= high:
        yield pattern.first
    count = pattern.rule.count
    yield from _counted(pattern, pattern.first + _SECOND, None if count is None else count - 1, low, high, budget)


def excluded_starts(pattern: Pattern, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
    """The same for an EXRULE, which takes DTSTART away only where the rule makes it."""
    yield from _counted(pattern, pattern.first, pattern.rule.count, low, high, budget)


def _counted(
    pattern: Pattern, since: datetime, count: int | None, low: datetime, high: datetime, budget: Budget
) -> Iterator[datetime]:
    """Those of the first `count` starts from `since` on that lie from `low` to `high`."""
    if count is None:
        yield from pattern.starts(max(low, since), high, budget)
    elif is_regular(pattern):
        last = _nth_regular(pattern, since, count, budget)
        yield from pattern.starts(max(low, since), min(high, last), budget)
    else:
        for start in islice(pattern.starts(since, high, budget), count):
            if start >= low:
                yield start


def last_start(pattern: Pattern, until: datetime, budget: Budget) -> datetime:
    """A moment, at most `until`, after which the RRULE starts nothing. Raises `StepsExhausted`."""
    count = pattern.rule.count
    if count is None:
        return until
    if is_regular(pattern):
        return min(until, _nth_regular(pattern, pattern.first + _SECOND, count - 1, budget))
    return max(series_starts(pattern, pattern.first, until, budget), default=pattern.first)


def is_regular(pattern: Pattern) -> bool:
    """Whether every period has equally many starts, so that COUNT is a matter of arithmetic."""
    frequency, days = pattern.rule.frequency, pattern.days
    if frequency is Frequency.YEARLY or days.months or days.year_days or days.weeks:
        return False
    if frequency is Frequency.MONTHLY:
        numbers = [nth for _, nth in days.weekdays]
        return _always_there(numbers or days.month_days, 4 if numbers else 28) and not (numbers and days.month_days)
    if frequency is Frequency.WEEKLY:
        return not days.month_days
    return days.are_any and not pattern.clock


def _always_there(numbers: Sequence[int], most: int) -> bool:
    """Whether each month has all of these, each a different day: counted from the same end, and not too far."""
    return (min(numbers) > 0 or max(numbers) < 0) and all(0 < abs(number) <= most for number in numbers)


def _nth_regular(pattern: Pattern, since: datetime, count: int, budget: Budget) -> datetime:
    """A moment up to which there are `count` starts from `since` on, or all there can be."""
    anchor, interval = pattern.number(pattern.first), pattern.rule.interval
    in_first_period = [start for start in _paid(pattern.period(anchor), budget) if start >= since]
    if count <= len(in_first_period):
        return in_first_period[count - 1] if count else since - _SECOND
    last_number = pattern.number(LAST_START)
    if anchor + interval > last_number:
        return LAST_START
    per_period = sum(1 for _ in _paid(pattern.period(anchor + interval), budget))
    if not per_period:
        return LAST_START
    further, index = divmod(count - len(in_first_period) - 1, per_period)
    number = anchor + (further + 1) * interval
    if number > last_number:
        return LAST_START
    return next(islice(pattern.period(number), index, None))


def _paid(starts: Iterable[datetime], budget: Budget) -> Iterator[datetime]:
    for start in starts:
        budget.spend()
        yield start
