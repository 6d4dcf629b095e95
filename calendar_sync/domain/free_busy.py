"""When somebody is busy: intervals of instants, all half-open, and how events take them.

The kinds are those of RFC 5545 §3.2.9 (FBTYPE), read as RFC 4791 §7.10 reads events: what is transparent or called off
takes no time, and neither does what was declined.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from calendar_sync.domain.events import EventStatus, ResponseStatus


class BusyKind(StrEnum):
    """How sure it is that the time is taken."""

    BUSY = "busy"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class BusyBlock:
    start: datetime
    end: datetime
    kind: BusyKind


@dataclass(frozen=True, slots=True)
class Claim:
    """What events that start together and say the same claim of their owners' time: up to when the last of them ends.

    `days` are the first day of what is all-day and the day after its last. Its instants are their midnights in the zone
    of its calendar.
    """

    starts_at: datetime
    ends_at: datetime
    days: tuple[date, date] | None
    kind: BusyKind


_UNSURE: Final = {ResponseStatus.NEEDS_ACTION, ResponseStatus.TENTATIVE}


def busy_kind(status: EventStatus, is_busy: bool, response: ResponseStatus | None) -> BusyKind | None:
    """How an event takes the time of its calendar's owner, whose `response` is `None` where nobody asked them."""
    if not is_busy or status is EventStatus.CANCELLED or response is ResponseStatus.DECLINED:
        return None
    return BusyKind.TENTATIVE if status is EventStatus.TENTATIVE or response in _UNSURE else BusyKind.BUSY


def united(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time, in order, without overlaps, gaps of no length and intervals of none."""
    found: list[Interval] = []
    for one in sorted(one for one in intervals if one.start < one.end):
        if found and one.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def without(intervals: Iterable[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """What of `intervals` is in none of `taken`; both as `united` gives them."""
    found: list[Interval] = []
    at = 0
    for one in intervals:
        start = one.start
        while at < len(taken) and taken[at].start < one.end:
            if start < taken[at].start:
                found.append(Interval(start, taken[at].start))
            start = max(start, taken[at].end)
            if taken[at].end > one.end:
                break  # it may reach into the next one
            at += 1
        if start < one.end:
            found.append(Interval(start, one.end))
    return found


def clipped(intervals: Iterable[Interval], window: Interval) -> Iterator[Interval]:
    """What of the intervals is within the window."""
    for one in intervals:
        cut = Interval(max(one.start, window.start), min(one.end, window.end))
        if cut.start < cut.end:
            yield cut


def busy_blocks(taken: Iterable[tuple[Interval, BusyKind]], window: Interval) -> list[BusyBlock]:
    """When the window is taken, in order and each moment once: by what is busy rather than by what is tentative."""
    by_kind: dict[BusyKind, list[Interval]] = {kind: [] for kind in BusyKind}
    for interval, kind in taken:
        by_kind[kind].append(interval)
    busy = united(clipped(by_kind[BusyKind.BUSY], window))
    tentative = without(united(clipped(by_kind[BusyKind.TENTATIVE], window)), busy)
    blocks = [BusyBlock(one.start, one.end, BusyKind.BUSY) for one in busy]
    blocks += [BusyBlock(one.start, one.end, BusyKind.TENTATIVE) for one in tentative]
    return sorted(blocks, key=lambda block: block.start)
