"""Where the instances of a series originally start: its rules and dates, less what is excluded (RFC 5545 §3.8.5).

All starts are naive, on the wall clock of the series.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import Final, Self

from calendar_sync.domain.events import Event, EventTime, Recurrence
from calendar_sync.recurrence.counted import excluded_starts, last_start, series_starts
from calendar_sync.recurrence.limits import LAST_START, LAST_WALL, Budget
from calendar_sync.recurrence.pattern import Pattern
from calendar_sync.recurrence.rule import Frequency, InvalidRule, Rule
from calendar_sync.recurrence.zones import later, to_instant, to_wall

_DAY: Final = timedelta(days=1)
_DAY_EDGES: Final = (time(0, 0, 0), time(23, 59, 59))

Slot = tuple[datetime, int]
"""A naive start and its fold, which comparing naive datetimes leaves out."""


def slot(start: datetime) -> Slot:
    return start, start.fold


@dataclass(frozen=True, slots=True)
class RecurrenceSet:
    """`dates` are the starts that no rule makes, sorted. `problems` says of each rule not followed why."""

    time: EventTime
    zone: tzinfo
    rules: tuple[Rule, ...]
    exception_rules: tuple[Rule, ...]
    dates: tuple[datetime, ...]
    exceptions: frozenset[Slot]
    excluded_days: frozenset[date]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, event: Event, zone: tzinfo) -> Self:
        """The set of a series; `zone` is that of its DTSTART."""
        recurrence = event.recurrence or Recurrence()
        problems: list[str] = []
        is_listed = recurrence.listed is not None
        rules = () if is_listed else _readable(recurrence.rules, event.time, problems)
        dates = {slot(date) for date in (*recurrence.dates, *(start for start, _ in recurrence.periods))}
        if not rules and not event.is_orphan and not is_listed:
            dates.add((event.time.start, event.time.fold))
        return cls(
            event.time,
            zone,
            rules,
            _readable(recurrence.exception_rules, event.time, problems),
            tuple(start.replace(fold=fold) for start, fold in sorted(dates)),
            frozenset(slot(start) for start in recurrence.exceptions),
            frozenset(recurrence.excluded_days),
            tuple(problems),
        )

    def starts(self, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
        """The starts from `low` to `high`, both included, in order; one that two sources have may come twice.

        Raises `StepsExhausted`.
        """
        sources = [self._rule_starts(rule, low, high, budget) for rule in self.rules]
        if self.dates:
            sources.append(start for start in self.dates if low <= start <= high)
        starts = sources[0] if len(sources) == 1 else merge(*sources)
        for rule in self.exception_rules:
            starts = _without(starts, self._rule_starts(rule, low, high, budget, excluding=True))
        if not self.exceptions and not self.excluded_days:
            return starts
        return (start for start in starts if not self.exclude(start))

    def last_start(self, budget: Budget) -> datetime | None:
        """A wall-clock time after which nothing starts; `None` if a rule has no end. Raises `StepsExhausted`."""
        lasts = list(self.dates[-1:])
        for rule in self.rules:
            until = self.last_wall(rule)
            if rule.count is None and until >= LAST_START:
                return None
            lasts.append(last_start(self._pattern(rule, budget), later(until, _DAY), budget))
        return max(lasts, default=self.time.start)

    def exclude(self, start: datetime) -> bool:
        """Whether EXDATE takes this start away."""
        return slot(start) in self.exceptions or start.date() in self.excluded_days

    def _rule_starts(
        self, rule: Rule, low: datetime, high: datetime, budget: Budget, *, excluding: bool = False
    ) -> Iterator[datetime]:
        pattern = self._pattern(rule, budget)
        of_pattern = excluded_starts if excluding else series_starts
        last = self.last_wall(rule)
        if self.time.all_day or not isinstance(rule.until, datetime) or rule.until.tzinfo is None:
            return of_pattern(pattern, low, min(high, last), budget)
        return self._until(of_pattern(pattern, low, min(high, later(last, _DAY)), budget), rule.until, last)

    def _pattern(self, rule: Rule, budget: Budget) -> Pattern:
        return Pattern.of(rule, self.time.start.replace(fold=self.time.fold), budget, all_day=self.time.all_day)

    def last_wall(self, rule: Rule) -> datetime:
        """The last wall-clock time that UNTIL allows; on an all-day series, within the last day it allows.

        UNTIL as an instant on an all-day series is a day's edge as some write it (that day), or is Exchange's, which
        gives the local midnight of the last day in UTC.
        """
        until = rule.until
        if until is None:
            return LAST_WALL
        if not isinstance(until, datetime):
            return datetime.combine(until, time.max)
        if until.tzinfo is None:
            return until
        if self.time.all_day and until.time() in _DAY_EDGES:
            return datetime.combine(until.date(), time.max)
        return to_wall(until, self.zone)

    def _until(self, starts: Iterator[datetime], until: datetime, wall: datetime) -> Iterator[datetime]:
        """Near a change of the clocks only instants tell which starts are past UNTIL."""
        near = later(wall, -_DAY)
        return (start for start in starts if start < near or to_instant(start, self.zone) <= until)


def _readable(texts: Iterable[str], of: EventTime, problems: list[str]) -> tuple[Rule, ...]:
    """The rules that can be followed; of each other, the reason goes to `problems`."""
    rules: list[Rule] = []
    for text in texts:
        try:
            rules.append(readable(text, of))
        except InvalidRule as err:
            problems.append(err.message)
    return tuple(rules)


def readable(text: str, of: EventTime) -> Rule:
    """The rule of a series that starts at `of`. Raises `InvalidRule` where it cannot be followed."""
    rule = Rule.parse(text)
    if of.all_day and rule.frequency > Frequency.DAILY:
        raise InvalidRule("The recurrence rule repeats within a day, which an all-day event cannot.")
    return rule


def _without(starts: Iterator[datetime], excluded: Iterator[datetime]) -> Iterator[datetime]:
    """Both in order."""
    out = next(excluded, None)
    for start in starts:
        while out is not None and out < start:
            out = next(excluded, None)
        if start != out:
            yield start
