"""Which days a rule names: its BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY and BYDAY parts, all of which must hold.

Days are proleptic Gregorian ordinals (`date.toordinal`), on which 1 is a Monday. A day that two parts name is in the
set when both do, whichever of them RFC 5545 calls expanding and limiting: the set is the same.
"""

from calendar import isleap, monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from calendar_sync.recurrence.rule import Frequency, Rule, WeekdayNumber


@dataclass(frozen=True, slots=True)
class DayParts:
    """The day parts of a rule, with what they leave to DTSTART filled in. An empty part names every day."""

    months: tuple[int, ...]
    month_days: tuple[int, ...]
    year_days: tuple[int, ...]
    weeks: tuple[int, ...]
    weekdays: tuple[WeekdayNumber, ...]
    week_start: int

    @classmethod
    def of(cls, rule: Rule, first: datetime) -> Self:
        """The day parts of `rule` for a series whose DTSTART is `first`.

        RFC 5545 §3.3.10: what the rule does not say is taken from DTSTART. A number before a weekday counts within
        the month or, on a yearly rule without BYMONTH, within the year; elsewhere it has no meaning and is left out.
        """
        months, month_days, weekdays = rule.months, rule.month_days, rule.weekdays
        names_days = bool(weekdays or month_days or rule.year_days)
        if not names_days and (rule.weeks or rule.frequency is Frequency.WEEKLY):
            if rule.frequency <= Frequency.WEEKLY:
                weekdays = (WeekdayNumber(first.weekday()),)
        elif not names_days and rule.frequency <= Frequency.MONTHLY:
            month_days = (first.day,)
            if rule.frequency is Frequency.YEARLY:
                months = months or (first.month,)
        if rule.frequency >= Frequency.WEEKLY or (rule.frequency is Frequency.YEARLY and rule.weeks):
            weekdays = tuple(sorted({WeekdayNumber(weekday) for weekday, _ in weekdays}))
        return cls(months, month_days, rule.year_days, rule.weeks, weekdays, rule.week_start)

    @property
    def are_any(self) -> bool:
        """Whether every day there is will do."""
        return not (self.months or self.month_days or self.year_days or self.weeks or self.weekdays)

    @property
    def _narrow_weeks(self) -> bool:
        return bool(self.months or self.month_days or self.year_days or self.weeks)

    def effort(self, frequency: Frequency) -> int:
        """About how many days are looked at to find those of one period; single days are counted one by one."""
        if frequency >= Frequency.DAILY:
            return 0
        if frequency is Frequency.WEEKLY:
            return 1 if not self._narrow_weeks else 8
        weekdays_of_month = sum(1 if nth else 5 for _, nth in self.weekdays)
        of_month = 1 + (len(self.month_days) + weekdays_of_month or 31)
        if frequency is Frequency.MONTHLY:
            return of_month
        if self.months:
            return of_month * len(self.months)
        weekdays_of_year = sum(1 if nth else 53 for _, nth in self.weekdays)
        return 12 + 12 * len(self.month_days) + weekdays_of_year + len(self.year_days) + 21 * len(self.weeks)

    def of_year(self, year: int) -> list[int]:
        """The days of a calendar year, in order."""
        if self.months:
            return [day for month in self.months for day in self.of_month(year, month)]
        first, length = _new_year(year), 365 + isleap(year)
        named: list[set[int]] = []
        if self.month_days:
            named.append({day for month in range(1, 13) for day in _month_days(year, month, self.month_days)})
        if self.weekdays:
            named.append(_weekdays(first, length, self.weekdays))
        if self.year_days:
            named.append(_counted(first, length, self.year_days))
        if self.weeks:
            named.append(self._days_of_weeks(year) & set(range(first, first + length)))
        return sorted(set.intersection(*named)) if named else list(range(first, first + length))

    def of_month(self, year: int, month: int) -> list[int]:
        """The days of a calendar month, in order."""
        if self.months and month not in self.months:
            return []
        first, length = date(year, month, 1).toordinal(), monthrange(year, month)[1]
        if self.month_days:
            days = _counted(first, length, self.month_days)
            if self.weekdays:
                days &= _weekdays(first, length, self.weekdays)
        elif self.weekdays:
            days = _weekdays(first, length, self.weekdays)
        else:
            days = set(range(first, first + length))
        return sorted(day for day in days if self._in_year_days(day) and self._in_weeks(day))

    def of_week(self, first: int) -> list[int]:
        """The days of the week that begins on the day `first`, in order."""
        if self._narrow_weeks:
            return [day for day in range(max(first, 1), first + 7) if self.include(day)]
        return [day for day in sorted(first + (day - self.week_start) % 7 for day, _ in self.weekdays) if day > 0]

    def include(self, day: int) -> bool:
        """Whether all parts name this day; numbers before weekdays are not looked at."""
        if self.are_any:
            return True
        if self.weekdays and ((day - 1) % 7, 0) not in self.weekdays:
            return False
        moment = date.fromordinal(day)
        if self.months and moment.month not in self.months:
            return False
        if self.month_days:
            from_end = moment.day - monthrange(moment.year, moment.month)[1] - 1
            if moment.day not in self.month_days and from_end not in self.month_days:
                return False
        return self._in_year_days(day) and self._in_weeks(day)

    def _in_year_days(self, day: int) -> bool:
        if not self.year_days:
            return True
        year = date.fromordinal(day).year
        return day - _new_year(year) + 1 in self.year_days or day - _new_year(year + 1) in self.year_days

    def _in_weeks(self, day: int) -> bool:
        if not self.weeks:
            return True
        year = date.fromordinal(day).year + 1
        while day < _first_week(year, self.week_start):
            year -= 1
        from_start = (day - _first_week(year, self.week_start)) // 7 + 1
        from_end = (day - _first_week(year + 1, self.week_start)) // 7
        return from_start in self.weeks or from_end in self.weeks

    def _days_of_weeks(self, year: int) -> set[int]:
        """All days of the named weeks of `year` and, as its own days can lie in them, of the years beside it."""
        days: set[int] = set()
        for owner in (year - 1, year, year + 1):
            first, end = _first_week(owner, self.week_start), _first_week(owner + 1, self.week_start)
            for week in self.weeks:
                start = first + 7 * (week - 1) if week > 0 else end + 7 * week
                if first <= start < end:
                    days.update(range(start, start + 7))
        return days


def _new_year(year: int) -> int:
    """January 1; also of the years just outside the calendar."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + 1


def _first_week(year: int, week_start: int) -> int:
    """The first day of week 1: of the first week with at least four days in the year."""
    january_4 = _new_year(year) + 3
    return january_4 - (january_4 - 1 - week_start) % 7


def _counted(first: int, length: int, numbers: Iterable[int]) -> set[int]:
    """Days counted from the first (1, 2, …) or the last (-1, -2, …) of a span."""
    days = (first + number - 1 if number > 0 else first + length + number for number in numbers)
    return {day for day in days if first <= day < first + length}


def _month_days(year: int, month: int, numbers: Iterable[int]) -> set[int]:
    return _counted(date(year, month, 1).toordinal(), monthrange(year, month)[1], numbers)


def _weekdays(first: int, length: int, weekdays: Iterable[WeekdayNumber]) -> set[int]:
    days: set[int] = set()
    for weekday, nth in weekdays:
        all_of_them = range(first + (weekday - first + 1) % 7, first + length, 7)
        if nth == 0:
            days.update(all_of_them)
        elif abs(nth) <= len(all_of_them):
            days.add(all_of_them[nth - 1 if nth > 0 else nth])
    return days
