"""When a recurring meeting takes place: Zoom's `recurrence` object, on the wall clock of the meeting's zone."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

DAILY: Final = 1
WEEKLY: Final = 2
MONTHLY: Final = 3
_LAST_YEAR = 2100


@dataclass(frozen=True, slots=True)
class Recurrence:
    """As Zoom's API has it: Sunday is day 1; `monthly_week` -1 is the last. Without an end it has none."""

    type: Literal[1, 2, 3]
    repeat_interval: int = 1
    weekly_days: str | None = None
    monthly_day: int | None = None
    monthly_week: Literal[-1, 1, 2, 3, 4] | None = None
    monthly_week_day: int | None = None
    end_times: int | None = None
    end_date_time: str | None = None

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}

    def starts(self, first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The starts from `first` (aware) on, as instants in UTC."""
        wall = first.astimezone(zone)
        days = (day for day in self._days(wall.date()) if day >= wall.date())
        starts: Iterator[datetime] = (datetime.combine(day, wall.time(), zone).astimezone(UTC) for day in days)
        if self.end_date_time is not None:
            end = datetime.fromisoformat(self.end_date_time)
            starts = takewhile(lambda start: start <= end, starts)
        return islice(starts, self.end_times)

    def _days(self, first: date) -> Iterator[date]:
        if self.type == DAILY:
            return _every(first, timedelta(days=self.repeat_interval))
        return self._weekly(first) if self.type == WEEKLY else self._monthly(first)

    def _weekly(self, first: date) -> Iterator[date]:
        wanted = sorted({int(day) for day in self.weekly_days.split(",")}) if self.weekly_days else [_weekday(first)]
        sunday = first - timedelta(days=_weekday(first) - 1)
        for week in _every(sunday, timedelta(weeks=self.repeat_interval)):
            yield from (week + timedelta(days=day - 1) for day in wanted)

    def _monthly(self, first: date) -> Iterator[date]:
        months = first.year * 12 + first.month - 1
        for number in range(months, _LAST_YEAR * 12, self.repeat_interval):
            day = self._day_of(number // 12, number % 12 + 1, first.day)
            if day is not None:
                yield day

    def _day_of(self, year: int, month: int, usual: int) -> date | None:
        """The day in a month; `None` where the month has no such day."""
        length = monthrange(year, month)[1]
        if self.monthly_week is None:
            wanted = self.monthly_day or usual
            return date(year, month, wanted) if wanted <= length else None
        days = [date(year, month, day) for day in range(1, length + 1)]
        fitting = [day for day in days if _weekday(day) == self.monthly_week_day]
        return fitting[-1] if self.monthly_week == -1 else fitting[self.monthly_week - 1]


def _every(first: date, step: timedelta) -> Iterator[date]:
    while first.year < _LAST_YEAR:
        yield first
        first += step


def _weekday(day: date) -> int:
    """1 for Sunday, 7 for Saturday."""
    return day.isoweekday() % 7 + 1
