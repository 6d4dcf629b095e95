"""Slots of a length in which nobody is busy, within working hours on the clock of a zone.

Working hours begin at the first instant at which the clock shows their start or later, and end likewise. So hours that
begin in a gap begin when the clock goes on, a time that comes twice is the first one, and a night's hours are longer or
shorter by what the clock is set.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as clock
from enum import StrEnum
from heapq import merge
from itertools import groupby
from typing import Final

from calendar_sync.domain.free_busy import Interval, clipped, united, without

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=2)
"""More than a day's working hours can last, however clocks are set."""


class Weekday(StrEnum):
    """In the order of `date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From `start` to `end` o'clock on these days; an end that is not after the start is on the day after."""

    weekdays: frozenset[Weekday]
    start: clock
    end: clock


@dataclass(frozen=True, slots=True)
class SlotRules:
    """Slots last `length` and start every `step` from where working hours begin. For `before` a slot and for `after` it
    nobody is busy either; that time may be outside of working hours."""

    length: timedelta
    step: timedelta
    before: timedelta = timedelta()
    after: timedelta = timedelta()


def slots(
    window: Interval, hours: Sequence[WorkingHours], zone: tzinfo, busy: Iterable[Interval], rules: SlotRules
) -> Iterator[Interval]:
    """All slots in the window by their start, each made only when it is asked for.

    A slot may go on from working hours into others that begin where they end. `busy` reaches beyond the window as far
    as `rules` ask for free time around a slot.
    """
    spans = list(working_spans(window, hours, zone))
    starts = [span.start for span in spans]
    blocked = united(Interval(one.start - rules.after, one.end + rules.before) for one in busy if one.start < one.end)
    for free in without(united(clipped(spans, window)), blocked):
        near = spans[bisect_left(starts, free.start - _LONGEST) : bisect_left(starts, free.end)]
        for start, _ in groupby(merge(*(_starts(span, free, rules) for span in near))):
            yield Interval(start, start + rules.length)


def _starts(span: Interval, free: Interval, rules: SlotRules) -> Iterator[datetime]:
    """Of the slots that begin in the span, on its grid, and are in what is free."""
    steps = max(-(-(free.start - span.start) // rules.step), 0)
    start = span.start + steps * rules.step
    while start < span.end and start + rules.length <= free.end:
        yield start
        start += rules.step


def working_spans(window: Interval, hours: Sequence[WorkingHours], zone: tzinfo) -> Iterator[Interval]:
    """The working hours of each day that are under way at some time in the window, by their start."""
    by_start = sorted(hours, key=lambda each: each.start)
    day = window.start.astimezone(zone).date() - _DAY
    last = window.end.astimezone(zone).date()
    while day <= last:
        name = tuple(Weekday)[day.weekday()]
        for each in by_start:
            if name in each.weekdays:
                until = day if each.end > each.start else day + _DAY
                start = first_instant(datetime.combine(day, each.start), zone)
                end = first_instant(datetime.combine(until, each.end), zone)
                if max(start, window.start) < min(end, window.end):
                    yield Interval(start, end)
        day += _DAY


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant (UTC) at which clocks in `zone` show the naive `wall`, or later where they skip it."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    # In a gap: the one reading is an instant before it, the other an instant after it (PEP 495).
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late
