"""The instances of a recurring event: RRULE, RDATE, EXRULE and EXDATE, expanded on the wall clock of its zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from simulators.google.times import JsonObject, instant, is_date, written

MOST_INSTANCES = 730
"""Of an endless series so many instances are listed."""

_COUNT = re.compile(r"COUNT=(\d+)", re.IGNORECASE)
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class InvalidRecurrence(Exception):
    """A line of `recurrence` cannot be understood."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One occurrence as the rule has it. `start` and `end` are `EventDateTime`s, `start` also the original one."""

    id: str
    start: JsonObject
    end: JsonObject


class Series:
    """A recurring event (`recurrence`, `start`, `end`) in a calendar whose zone is `zone`.

    Raises `InvalidRecurrence`.
    """

    def __init__(self, master: JsonObject, zone: ZoneInfo) -> None:
        self.id: str = master["id"]
        start = master["start"]
        self.is_all_day = is_date(start)
        self._zone_name: str = start.get("timeZone") or zone.key
        self.zone = zone if self.is_all_day else ZoneInfo(self._zone_name)
        self.duration = instant(master["end"], zone) - instant(start, zone)
        self._days = (
            date.fromisoformat(master["end"]["date"]) - date.fromisoformat(start["date"])
            if self.is_all_day
            else timedelta()
        )
        self._first = instant(start, zone).astimezone(self.zone).replace(tzinfo=None)
        self._rules = _rules(master["recurrence"], self._first, self.zone)

    def instances(
        self, ends_after: datetime | None = None, starts_before: datetime | None = None, most: int = MOST_INSTANCES
    ) -> list[Instance]:
        """The first `most` instances that end after the one instant and start before the other."""
        return list(islice(self._between(ends_after, starts_before), most))

    def at(self, original: JsonObject) -> Instance | None:
        """The instance that was to start at an `EventDateTime`."""
        if is_date(original) != self.is_all_day:
            return None
        wall = instant(original, self.zone).astimezone(self.zone).replace(tzinfo=None)
        # A wall time in the gap of a clock change comes back an hour later than the rule has it.
        return next((self._instance(each) for each in (wall, wall - timedelta(hours=1)) if self._has(each, wall)), None)

    def named(self, instance_id: str) -> Instance | None:
        """The instance of an id such as `master_20260112T080000Z` or `master_20260112`."""
        suffix = instance_id.removeprefix(f"{self.id}_")
        try:
            if self.is_all_day:
                return self.at({"date": datetime.strptime(suffix, "%Y%m%d").date().isoformat()})  # noqa: DTZ007 - a date
            moment = datetime.strptime(suffix, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None
        return self.at({"dateTime": written(moment, UTC)})

    def _has(self, wall: datetime, wanted: datetime) -> bool:
        if not self._rules.between(wall, wall, inc=True):
            return False
        return self._moment(wall) == self._moment(wanted)

    def _between(self, ends_after: datetime | None, starts_before: datetime | None) -> Iterator[Instance]:
        walls: Iterator[datetime] = iter(self._rules)
        if ends_after is not None:
            earliest = (ends_after - self.duration).astimezone(self.zone).replace(tzinfo=None) - timedelta(days=1)
            walls = self._rules.xafter(max(earliest, self._first), inc=True)
        for wall in walls:
            moment = self._moment(wall)
            if starts_before is not None and moment >= starts_before:
                return
            if ends_after is None or moment + self.duration > ends_after:
                yield self._instance(wall)

    def _moment(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _instance(self, wall: datetime) -> Instance:
        if self.is_all_day:
            day = wall.date()
            return Instance(
                f"{self.id}_{day:%Y%m%d}", {"date": day.isoformat()}, {"date": (day + self._days).isoformat()}
            )
        moment = self._moment(wall)
        return Instance(f"{self.id}_{moment:%Y%m%dT%H%M%SZ}", self._time(moment), self._time(moment + self.duration))

    def _time(self, moment: datetime) -> JsonObject:
        return {"dateTime": written(moment, self.zone), "timeZone": self._zone_name}


def trimmed(recurrence: list[str], until: str) -> list[str]:
    """The lines with their RRULEs ended at `until` (a date, or a date-time in UTC)."""
    return [_with_until(line, until) if line.upper().startswith("RRULE") else line for line in recurrence]


def continued(master: JsonObject, at: datetime, zone: ZoneInfo) -> list[str]:
    """The lines of a series that goes on from `at`: of a COUNT, what is left."""
    lines: list[str] = master["recurrence"]
    rules = [line for line in lines if line.upper().startswith("RRULE")]
    passed = len(Series(master | {"recurrence": rules}, zone).instances(starts_before=at)) if rules else 0
    return [_COUNT.sub(lambda match: f"COUNT={int(match[1]) - passed}", line) for line in lines]


def _with_until(line: str, until: str) -> str:
    head, _, rule = line.partition(":")
    kept = [part for part in rule.split(";") if not part.upper().startswith(("UNTIL=", "COUNT="))]
    return f"{head}:{';'.join([*kept, f'UNTIL={until}'])}"


def _rules(lines: list[str], first: datetime, zone: ZoneInfo) -> rruleset:
    rules = rruleset()
    for line in lines:
        head, colon, value = line.partition(":")
        try:
            if not colon:
                raise ValueError(line)
            _add(rules, head.split(";"), value, _Wall(first, zone))
        except (ValueError, KeyError, TypeError) as err:
            raise InvalidRecurrence(line) from err
    if not any(line.upper().startswith("RRULE") for line in lines):
        rules.rdate(first)
    return rules


@dataclass(frozen=True, slots=True)
class _Wall:
    """The wall clock of a series, which is that of its `zone`; `first` is when it begins."""

    first: datetime
    zone: ZoneInfo

    def times(self, value: str, parameters: list[str]) -> Iterator[datetime]:
        """The dates and times of an RDATE or EXDATE; a date takes the time of day of the first instance."""
        named = [each.partition("=")[2] for each in parameters if each.upper().startswith("TZID=")]
        zone = ZoneInfo(named[0]) if named else self.zone
        for text in value.split(","):
            yield self._time(text.partition("/")[0], zone, self.first.time())

    def rule(self, value: str) -> rrule:
        parts = dict(part.upper().split("=", 1) for part in value.split(";") if part)
        if parts.get("FREQ") not in _FREQUENCIES:
            raise ValueError(value)
        if "UNTIL" in parts:
            parts["UNTIL"] = f"{self._time(parts['UNTIL'], self.zone, time.max):%Y%m%dT%H%M%S}"
        rule = rrulestr(";".join(f"{name}={text}" for name, text in parts.items()), dtstart=self.first)
        if not isinstance(rule, rrule):
            raise ValueError(value)
        return rule

    def _time(self, text: str, zone: ZoneInfo, time_of_day: time) -> datetime:
        if "T" not in text:
            return datetime.combine(datetime.strptime(text, "%Y%m%d"), time_of_day)  # noqa: DTZ007 - a date
        moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - given its zone below
        given = moment.replace(tzinfo=UTC if text.endswith("Z") else zone)
        return given.astimezone(self.zone).replace(tzinfo=None)


def _add(rules: rruleset, head: list[str], value: str, wall: _Wall) -> None:
    name, *parameters = head
    match name.upper():
        case "RRULE":
            rules.rrule(wall.rule(value))
        case "EXRULE":
            rules.exrule(wall.rule(value))
        case "RDATE":
            for moment in wall.times(value, parameters):
                rules.rdate(moment)
        case "EXDATE":
            for moment in wall.times(value, parameters):
                rules.exdate(moment)
        case _:
            raise ValueError(name)
