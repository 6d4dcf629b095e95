"""A rule set to the clock of its DTSTART: the starts it makes, in order, from any point on.

All times are naive, on the wall clock of the series. Time is cut into *periods* (years, months, weeks, …, seconds, as
FREQ says) that are numbered through, so that the period a window begins in is found by arithmetic.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Final, Self

from calendar_sync.recurrence.days import DayParts
from calendar_sync.recurrence.limits import LAST_START, Budget
from calendar_sync.recurrence.rule import Frequency, Rule

_SECONDS: Final = {Frequency.DAILY: 86_400, Frequency.HOURLY: 3_600, Frequency.MINUTELY: 60, Frequency.SECONDLY: 1}


Clock = tuple[tuple[int, int, frozenset[int]], ...]
"""What BYHOUR, BYMINUTE and BYSECOND leave open of a finer frequency: the unit in seconds, its cycle, its values."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`offsets` are the starts within a day or, for finer frequencies, within a period.

    `positions` are BYSETPOS where it is not settled in `offsets` already; `cost` is the steps of one period.
    """

    rule: Rule
    first: datetime
    days: DayParts
    clock: Clock
    offsets: tuple[timedelta, ...]
    positions: tuple[int, ...]
    cost: int

    @classmethod
    def of(cls, rule: Rule, first: datetime, budget: Budget, *, all_day: bool = False) -> Self:
        """`rule` for a series whose DTSTART is `first`. An all-day series ignores BYHOUR, BYMINUTE and BYSECOND."""
        days = DayParts.of(rule, first)
        seconds = [0] if all_day else _offsets(rule, first, budget)
        positions = rule.positions
        if rule.frequency >= Frequency.DAILY and positions:
            # Every period that has starts at all has the same ones, so they can be picked once.
            seconds, positions = _picked(seconds, positions), ()
        offsets = tuple(timedelta(seconds=second) for second in seconds)
        return cls(rule, first, days, _clock(rule), offsets, positions, days.effort(rule.frequency))

    def starts(self, low: datetime, high: datetime, budget: Budget) -> Iterator[datetime]:
        """The starts from `low` to `high`, both included, in order and never before DTSTART.

        DTSTART itself is among them only if the rule makes it. Raises `StepsExhausted`.
        """
        low, high = max(low, self.first), min(high, LAST_START)
        if not self.offsets or low > high:
            return
        for number in self._periods(self._aligned_down(self.number(low)), self.number(high), budget):
            budget.spend(self.cost)
            for start in self.period(number):
                budget.spend()
                if start > high:
                    return
                if start >= low:
                    yield start

    def number(self, moment: datetime) -> int:
        """The number of the period that holds `moment`."""
        frequency, day = self.rule.frequency, moment.toordinal()
        if frequency is Frequency.YEARLY:
            return moment.year
        if frequency is Frequency.MONTHLY:
            return moment.year * 12 + moment.month - 1
        if frequency is Frequency.WEEKLY:
            return (day - 1 - self.rule.week_start) // 7
        return (day * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second) // _SECONDS[frequency]

    def period(self, number: int) -> Iterable[datetime]:
        """The starts of one period in order, those before DTSTART too; of a day or less, if it is open."""
        if self.rule.frequency >= Frequency.DAILY:
            day, second = divmod(number * _SECONDS[self.rule.frequency], 86_400)
            begin = datetime.fromordinal(day) + timedelta(seconds=second)
            return [begin + offset for offset in self.offsets]
        days = self._days(number)
        if self.positions:
            return self._at_positions(days)
        return (midnight + offset for midnight in map(datetime.fromordinal, days) for offset in self.offsets)

    def _periods(self, number: int, last: int, budget: Budget) -> Iterator[int]:
        """The periods of the series from `number` to `last`; of days and less, those that the rule leaves open."""
        frequency, interval = self.rule.frequency, self.rule.interval
        if frequency < Frequency.DAILY or (self.days.are_any and not self.clock):
            yield from range(number, last + 1, interval)
            return
        unit, days, clock = _SECONDS[frequency], self.days, self.clock
        open_day = 0
        while number <= last:
            budget.spend()
            day, second = divmod(number * unit, 86_400)
            if day != open_day and not days.include(day):
                number = self._aligned_up((day + 1) * 86_400 // unit)
                continue
            open_day = day
            for size, cycle, allowed in clock:
                if second // size % cycle not in allowed:
                    number = self._aligned_up((day * 86_400 + (second // size + 1) * size) // unit)
                    break
            else:
                yield number
                number += interval

    def _aligned_up(self, number: int) -> int:
        """The first period of the series that is not before `number`."""
        return number + (self.number(self.first) - number) % self.rule.interval

    def _aligned_down(self, number: int) -> int:
        return number - (number - self.number(self.first)) % self.rule.interval

    def _days(self, number: int) -> list[int]:
        """The days of a period, in order; of a year, a month or a week."""
        frequency = self.rule.frequency
        if frequency is Frequency.YEARLY:
            return self.days.of_year(number)
        if frequency is Frequency.MONTHLY:
            return self.days.of_month(number // 12, number % 12 + 1)
        return self.days.of_week(number * 7 + 1 + self.rule.week_start)

    def _at_positions(self, days: list[int]) -> Iterator[datetime]:
        """BYSETPOS over the days and times of one period, without making them all."""
        times = len(self.offsets)
        for index in _picked(range(len(days) * times), self.positions):
            yield datetime.fromordinal(days[index // times]) + self.offsets[index % times]


def _offsets(rule: Rule, first: datetime, budget: Budget) -> list[int]:
    """The seconds, within a day or a finer period, at which the rule's starts lie."""
    hours = rule.hours or (first.hour,) if rule.frequency <= Frequency.DAILY else (0,)
    minutes = rule.minutes or (first.minute,) if rule.frequency <= Frequency.HOURLY else (0,)
    seconds = rule.seconds or (first.second,) if rule.frequency <= Frequency.MINUTELY else (0,)
    budget.spend(len(hours) * len(minutes) * len(seconds))
    return [hour * 3600 + minute * 60 + second for hour, minute, second in product(hours, minutes, seconds)]


def _clock(rule: Rule) -> Clock:
    parts = ((3600, 24, rule.hours), (60, 60, rule.minutes), (1, 60, rule.seconds))
    limiting = parts[: max(rule.frequency - Frequency.DAILY, 0)]
    return tuple((size, cycle, frozenset(allowed)) for size, cycle, allowed in limiting if allowed)


def _picked(items: "range | list[int]", positions: tuple[int, ...]) -> list[int]:
    """The items at `positions`, which count from 1 or, back from the end, from -1; in order, each once."""
    size = len(items)
    indices = {position - 1 if position > 0 else size + position for position in positions}
    return [items[index] for index in sorted(indices) if 0 <= index < size]
