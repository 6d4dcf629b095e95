"""Series in the words of RFC 5545 that every calendar program understands.

What comes out has the same instances as what went in (`calendar_sync.recurrence.expand`), and uses of RFC 5545 only:
rules that can be followed, their UNTIL of the kind that it demands; a first instance that is one; exclusions by start.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from icalendar import vRecur

from calendar_sync.domain.events import Event, EventTime, Override, Recurrence
from calendar_sync.recurrence.limits import Budget, Limits, StepsExhausted
from calendar_sync.recurrence.recurrence_set import RecurrenceSet, Slot, readable, slot
from calendar_sync.recurrence.rule import InvalidRule, Rule
from calendar_sync.recurrence.series import instants
from calendar_sync.recurrence.vtimezone import BadTimeZone
from calendar_sync.recurrence.zones import Zones, load_zone, to_instant, to_wall

Span = tuple[datetime, datetime]


def spelled_out(event: Event) -> Event:
    """The same event object without what is this program's own: see the module."""
    event = _in_known_zones(event)
    if event.recurrence is None or event.is_orphan:
        return event
    event = _first_reading(_dated(_whole_days(event)))
    return event if event.is_orphan else _ruled(_excluding(event))


def _in_known_zones(event: Event) -> Event:
    overrides = tuple(replace(one, time=one.time and _in_known_zone(one.time)) for one in event.overrides)
    return replace(event, time=_in_known_zone(event.time), overrides=overrides)


def _in_known_zone(of: EventTime) -> EventTime:
    """A zone that cannot be followed is read as UTC, as expansion does."""
    if not _is_known(of.zone, of.zone_rules):
        of = replace(of, zone="UTC", zone_rules=None)
    return of if of.end_zone is None or _is_known(of.end_zone) else replace(of, end_zone="UTC")


def _is_known(name: str, rules: str | None = None) -> bool:
    try:
        load_zone(name, rules)
    except BadTimeZone:
        return False
    return True


def _whole_days(event: Event) -> Event:
    """Of an all-day series, a period is a date: as long as the others."""
    recurrence = event.recurrence or Recurrence()
    if not (event.time.all_day and recurrence.periods):
        return event
    dates = {*recurrence.dates, *(start for start, _ in recurrence.periods)}
    return replace(event, recurrence=replace(recurrence, dates=tuple(sorted(dates)), periods=()))


def _dated(event: Event) -> Event:
    """A series that its provider expanded, by its dates: the first of them is where it starts."""
    recurrence = event.recurrence or Recurrence()
    if recurrence.listed is None:
        return event
    if not recurrence.dates:
        return replace(event, recurrence=Recurrence(), is_orphan=True)
    first, *others = recurrence.dates
    return replace(
        event,
        time=event.time if slot(first) == _own_slot(event.time) else _starting_at(first, event.time),
        recurrence=replace(recurrence, rules=(), dates=tuple(others), listed=None),
    )


def _own_slot(of: EventTime) -> Slot:
    return of.start, of.fold


def _starting_at(start: datetime, of: EventTime) -> EventTime:
    """As long, measured on the clock of the start."""
    if of.end_zone is None:
        end = start + (of.end - of.start)
        return replace(of, start=start.replace(fold=0), end=end.replace(fold=0), fold=start.fold, end_fold=start.fold)
    zones = Zones()
    starts_at, ends_at = instants(of, zones)
    ends_at += to_instant(start, zones.get(of.zone, of.zone_rules)) - starts_at
    end = to_wall(ends_at, zones.get(of.end_zone))
    return replace(of, start=start.replace(fold=0), end=end.replace(fold=0), fold=start.fold, end_fold=end.fold)


def _first_reading(event: Event) -> Event:
    """No series can start at the second of two equal readings: it starts at the first, and its first is moved."""
    own = event.time
    if not own.fold or event.recurrence is None or event.is_orphan:
        return event
    start, second = own.start, _own_slot(own)
    moves = {slot(one.original_start): one for one in event.overrides}
    first = moves.pop(second, None) or Override(start, own, event.details)
    exceptions = tuple(one.replace(fold=0) if slot(one) == second else one for one in event.recurrence.exceptions)
    return replace(
        event,
        time=replace(own, fold=0, end_fold=0),
        recurrence=replace(event.recurrence, exceptions=exceptions),
        overrides=(replace(first, original_start=start), *moves.values()),
    )


def _excluding(event: Event) -> Event:
    """Instances that are no more are excluded by their starts, in one way: by EXDATE."""
    recurrence = event.recurrence or Recurrence()
    set_of_all = _set_of(event)
    seconds = {slot(start) for start in (*recurrence.dates, *(start for start, _ in recurrence.periods)) if start.fold}
    named = {_named(one.original_start, seconds): one for one in event.overrides}
    holes = {place for place, one in named.items() if one.time is None}
    days = frozenset(recurrence.excluded_days)
    gone = {slot(start) for start in recurrence.exceptions} | holes | {*_of_spans(set_of_all, _whole(days))}
    gone |= {*_of_spans(set_of_all, _cancelled_for_a_while(event))} - named.keys()
    gone |= {place for place in named if place[0].date() in days}
    # What later instances are like is said by one that is itself excluded, too.
    kept = {place: one for place, one in named.items() if one.this_and_future or place not in gone}
    return replace(
        event,
        recurrence=replace(recurrence, exceptions=tuple(_starts(gone)), excluded_days=()),
        overrides=tuple(
            replace(one, original_start=start) for start, one in zip(_starts(kept), _sorted(kept), strict=True)
        ),
    )


def _set_of(event: Event) -> RecurrenceSet:
    return RecurrenceSet.of(event, Zones().get(event.time.zone, event.time.zone_rules))


def _named(original: datetime, seconds: set[Slot]) -> Slot:
    """The second of two equal readings only where the series does start there."""
    return slot(original) if slot(original) in seconds else (original.replace(fold=0), 0)


def _starts(slots: Iterable[Slot]) -> Iterator[datetime]:
    return (start.replace(fold=fold) for start, fold in sorted(slots))


def _sorted(overrides: Mapping[Slot, Override]) -> Iterator[Override]:
    return (overrides[place] for place in sorted(overrides))


def _whole(days: Iterable[date]) -> Iterator[Span]:
    return ((datetime.combine(day, time.min), datetime.combine(day, time.max)) for day in sorted(days))


def _cancelled_for_a_while(event: Event) -> Iterator[Span]:
    """Between an instance from which on all are cancelled, and one from which on they are something else."""
    changes = _changes(event)
    for one, following in pairwise(changes):
        if one.time is None:
            yield one.original_start, following.original_start - timedelta(microseconds=1)


def _changes(event: Event) -> list[Override]:
    return sorted((one for one in event.overrides if one.this_and_future), key=lambda one: slot(one.original_start))


def _of_spans(starts: RecurrenceSet, spans: Iterable[Span]) -> Iterator[Slot]:
    """Every start of the series in these spans."""
    every = replace(starts, exceptions=frozenset(), excluded_days=frozenset())
    budget = Budget(Limits().max_steps)
    with suppress(StepsExhausted):
        for low, high in spans:
            yield from map(slot, every.starts(low, high, budget))


def _ruled(event: Event) -> Event:
    """Rules as they are followed, none beyond an instance from which on all are cancelled for good."""
    recurrence, starts = event.recurrence or Recurrence(), _set_of(event)
    changes = _changes(event)
    end = changes[-1].original_start if changes and changes[-1].time is None else None
    before = end or datetime.max  # noqa: DTZ901 - a wall clock
    is_never = {event.time.start} if before <= event.time.start else set()
    return replace(
        event,
        recurrence=replace(
            recurrence,
            rules=tuple(_rules(recurrence.rules, starts, end)),
            exception_rules=tuple(_rules(recurrence.exception_rules, starts)),
            dates=tuple(one for one in recurrence.dates if one < before),
            periods=tuple(one for one in recurrence.periods if one[0] < before),
            exceptions=tuple(_starts({*map(slot, recurrence.exceptions), *map(slot, is_never)})),
        ),
        overrides=tuple(one for one in event.overrides if one.time is not None),
    )


def _rules(texts: Iterable[str], starts: RecurrenceSet, end: datetime | None = None) -> Iterator[str]:
    """Those that can be followed, UNTIL as RFC 5545 §3.3.10 demands it: a date for all-day series, else in UTC.

    None makes a start at `end` or later.
    """
    for text in texts:
        try:
            rule, written = readable(text, starts.time), vRecur.from_ical(text)
        except (InvalidRule, ValueError):
            continue
        if rule.until is not None or end is not None:
            written["UNTIL"] = [_until(rule, starts, end)]
        if "UNTIL" in written or rule.count is None:
            written.pop("COUNT", None)
        yield written.to_ical().decode()


def _until(rule: Rule, starts: RecurrenceSet, end: datetime | None) -> date | datetime:
    """Of UNTIL, the end and COUNT, of which RFC 5545 allows one, the earliest."""
    last = starts.last_wall(rule)
    is_as_written = rule.count is None and (end is None or last < end)
    if end is not None:
        last = min(last, end - timedelta(seconds=1))
    if rule.count is not None:
        with suppress(StepsExhausted):
            last = min(last, replace(starts, rules=(rule,), dates=()).last_start(Budget(Limits().max_steps)) or last)
    if starts.time.all_day:
        return last.date()
    if is_as_written and isinstance(rule.until, datetime) and rule.until.tzinfo is not None:
        return rule.until.astimezone(UTC)
    return to_instant(last.replace(microsecond=0), starts.zone)
