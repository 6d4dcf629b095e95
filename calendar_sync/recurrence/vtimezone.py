"""A time zone that is known only by its VTIMEZONE text (RFC 5545 §3.6.5)."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from icalendar import Component, TimezoneDaylight, TimezoneStandard

from calendar_sync.domain.errors import Invalid
from calendar_sync.recurrence.counted import series_starts
from calendar_sync.recurrence.limits import LAST_WALL, Budget, StepsExhausted
from calendar_sync.recurrence.pattern import Pattern
from calendar_sync.recurrence.rule import InvalidRule, Rule

_FROM: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - a wall clock
_TO: Final = datetime(2200, 1, 1)  # noqa: DTZ001 - a wall clock
_MAX_STEPS: Final = 10_000
_MAX_TEXT: Final = 65_536


class BadTimeZone(Invalid):
    """A time zone that cannot be followed; the message says why in one sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="time_zone")


class RuledZone(tzinfo):
    """A zone as a table of changes: at `instants` (naive UTC, ascending) the offset becomes the one beside it.

    Before the first change `before` holds.
    """

    def __init__(self, name: str, before: timedelta, changes: list[tuple[datetime, timedelta]]) -> None:
        self._name = name
        self._offsets = [before, *(offset for _, offset in changes)]
        self._instants = [instant for instant, _ in changes]
        steps = list(zip(self._instants, self._offsets, self._offsets[1:], strict=False))
        self._walls = (
            [instant + max(old, new) for instant, old, new in steps],
            [instant + min(old, new) for instant, old, new in steps],
        )

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        if dt is None:
            return None
        return self._offsets[bisect_right(self._walls[dt.fold], dt.replace(tzinfo=None))]

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        return self._name

    def fromutc(self, dt: datetime) -> datetime:
        offset = self._offsets[bisect_right(self._instants, dt.replace(tzinfo=None))]
        wall = dt + offset
        return wall if self.utcoffset(wall.replace(fold=0)) == offset else wall.replace(fold=1)

    def __repr__(self) -> str:
        return f"RuledZone({self._name!r})"


def ruled_zone(name: str, text: str) -> RuledZone:
    """The zone that a VTIMEZONE says, exact from 1900 to 2200. Raises `BadTimeZone`."""
    if len(text) > _MAX_TEXT:
        raise BadTimeZone("The event's time zone is defined at absurd length.")
    try:
        changes = sorted(_changes(text))
    except (InvalidRule, StepsExhausted) as err:
        raise BadTimeZone("The event's time zone changes by a rule that cannot be followed.") from err
    except Exception as err:
        # The parser raises whatever a malformed text leads it into.
        raise BadTimeZone("The event's time zone is defined in a way that cannot be read.") from err
    if not changes:
        raise BadTimeZone("The event's time zone defines no offset.")
    return RuledZone(name, changes[0][1], [(instant, new) for instant, _, new in changes])


def _changes(text: str) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """Every change as its naive UTC instant, the offset before and the offset from then on."""
    budget = Budget(_MAX_STEPS)
    for observance in Component.from_ical(text).walk():
        if isinstance(observance, TimezoneStandard | TimezoneDaylight):
            old, new = observance.TZOFFSETFROM, observance.TZOFFSETTO
            if max(abs(old), abs(new)) >= timedelta(days=1):
                raise ValueError("offset")
            for onset in _onsets(observance, old, budget):
                yield onset - old, old, new


def _onsets(observance: TimezoneStandard | TimezoneDaylight, offset: timedelta, budget: Budget) -> Iterator[datetime]:
    """When an observance begins, on the wall clock of the `offset` before it."""
    first = observance.DTSTART.replace(tzinfo=None)
    yield first
    for value in observance.rrules:
        rule = Rule.parse(value.to_ical().decode())
        last = min(_TO, _until(rule, offset))
        yield from series_starts(Pattern.of(rule, first, budget), _FROM, last, budget)
    for moment, _ in observance.rdates:
        yield datetime.combine(moment, moment.time() if isinstance(moment, datetime) else time())


def _until(rule: Rule, offset: timedelta) -> datetime:
    if rule.until is None:
        return LAST_WALL
    if not isinstance(rule.until, datetime):
        return datetime.combine(rule.until, time.max)
    return rule.until if rule.until.tzinfo is None else rule.until.replace(tzinfo=None) + offset
