"""The occurrences of a recurring event, expanded on the wall clock of its `recurrenceTimeZone`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice

from simulators.microsoft.patterns import falling
from simulators.microsoft.times import JsonObject, instant, wall, written, zone_name, zone_of


class InvalidRecurrence(Exception):
    """A `recurrence` cannot be understood."""


class Window:
    """From `start` to `end`, in UTC: an event is inside if it ends after the one and starts before the other."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start = start
        self.end = end

    def has(self, start: datetime, end: datetime) -> bool:
        return start < self.end and (end > self.start or start == end == self.start)


class Series:
    """A recurring event (`recurrence`, `start`, `end`, `isAllDay`) with a completed recurrence.

    Raises `InvalidRecurrence`.
    """

    def __init__(self, master: JsonObject) -> None:
        try:
            self._read(master)
            next(self.days(), None)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as err:
            raise InvalidRecurrence(str(master.get("recurrence"))) from err

    def _read(self, master: JsonObject) -> None:
        bounds = master["recurrence"]["range"]
        self._pattern: JsonObject = master["recurrence"]["pattern"]
        self._first = date.fromisoformat(bounds["startDate"])
        self._last = date.fromisoformat(bounds["endDate"]) if bounds["type"] == "endDate" else date.max
        self._number = int(bounds["numberOfOccurrences"]) if bounds["type"] == "numbered" else None
        self._is_all_day = bool(master.get("isAllDay"))
        start, end = master["start"], master["end"]
        self._zone = zone_of(start["timeZone"] if self._is_all_day else bounds["recurrenceTimeZone"])
        self._duration = wall(end) - wall(start) if self._is_all_day else instant(end) - instant(start)
        self._time = (wall(start) if self._is_all_day else instant(start).astimezone(self._zone)).time()

    def days(self) -> Iterator[date]:
        """The days on which an occurrence starts, in the series' own zone."""
        for day in islice(falling(self._pattern, self._first), self._number):
            if day > self._last:
                return
            yield day

    def inside(self, window: Window) -> list[date]:
        """The days of those occurrences that are inside a window."""
        inside = []
        for day in self.days():
            start, end = self.extent(day)
            if start >= window.end:
                break
            if window.has(start, end):
                inside.append(day)
        return inside

    def has(self, day: date) -> bool:
        return next((each for each in self.days() if each >= day), None) == day

    def extent(self, day: date) -> tuple[datetime, datetime]:
        """From when to when the occurrence of a day takes, in UTC."""
        start, end = self.times(day)
        return instant(start), instant(end)

    def times(self, day: date) -> tuple[JsonObject, JsonObject]:
        """`start` and `end` of the occurrence of a day."""
        name, begins = zone_name(self._zone), datetime.combine(day, self._time)
        if self._is_all_day:
            ends = begins + self._duration
        else:
            begins = begins.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
            ends = (begins.astimezone(UTC) + self._duration).astimezone(self._zone)
        return {"dateTime": written(begins), "timeZone": name}, {"dateTime": written(ends), "timeZone": name}
