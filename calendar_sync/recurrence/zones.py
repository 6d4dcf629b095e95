"""Between wall clocks and instants: the zone of an event time, and how its gaps and repeated hours are read.

A wall-clock time that a zone skips is read with the offset before the gap, so it comes out later by the length of the
gap; one that occurs twice is the first, unless its `fold` is 1 (RFC 5545 §3.3.5, PEP 495).
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from calendar_sync.recurrence.limits import FIRST_WALL, LAST_WALL
from calendar_sync.recurrence.vtimezone import BadTimeZone, ruled_zone

_MAX_ZONES: Final = 64
_MAX_RULED_ZONES: Final = 8
"""Zones cost time to load, those known by their text most; one event has no use for more."""
_ZERO: Final = timedelta()
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_EPOCH_WALL: Final = _EPOCH.replace(tzinfo=None)


@lru_cache(maxsize=256)
def load_zone(name: str, rules: str | None = None) -> tzinfo:
    """The zone of an `EventTime`: by its VTIMEZONE text where it has one, else by its IANA name.

    Raises `BadTimeZone` where the name is not known or the text cannot be followed.
    """
    if rules is not None:
        return ruled_zone(name, rules)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        # Names that are no file name, or that name a directory, fail as such.
        raise BadTimeZone("The event is in a time zone that is not known.") from err


def to_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The instant (UTC) at which clocks in `zone` show `wall`. At the ends of the calendar the offset is left out."""
    return resolve(wall, zone)[0]


def resolve(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instant (UTC) that `wall` means in `zone`, and what clocks there show at it: not `wall`, if they skip it."""
    # A zone reads the fields of what it is given, so naive times need not be made aware first, which costs more.
    offset = zone.utcoffset(wall) or _ZERO
    try:
        instant = _EPOCH + (wall - _EPOCH_WALL - offset)
        if instant.astimezone(zone).utcoffset() == offset:
            return instant, wall
    except OverflowError:
        return wall.replace(tzinfo=UTC), wall
    return instant, to_wall(instant, zone)


def to_wall(instant: datetime, zone: tzinfo) -> datetime:
    """What clocks in `zone` show at `instant`: naive, with `fold` 1 for the second of two equal readings."""
    try:
        return instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return instant.astimezone(UTC).replace(tzinfo=None)


def later(moment: datetime, by: timedelta) -> datetime:
    """`moment + by`, or the end of the calendar that it would cross."""
    try:
        return moment + by
    except OverflowError:
        edge = LAST_WALL if by > timedelta() else FIRST_WALL
        return edge.replace(tzinfo=moment.tzinfo)


class Zones:
    """The zones one event is in. What cannot be followed is read as UTC, never in silence: `problems` says so."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._known: dict[tuple[str, str | None], tzinfo] = {}

    def get(self, name: str, rules: str | None = None) -> tzinfo:
        zone = self._known.get((name, rules))
        if zone is None:
            zone = self._known[name, rules] = self._load(name, rules)
        return zone

    def _load(self, name: str, rules: str | None) -> tzinfo:
        try:
            ruled = sum(1 for _, text in self._known if text is not None)
            if len(self._known) >= _MAX_ZONES or ruled >= _MAX_RULED_ZONES:
                raise BadTimeZone("The event is in more time zones than can be followed.")
            return load_zone(name, rules)
        except BadTimeZone as err:
            if err.message not in self.problems:
                self.problems.append(err.message)
            return UTC
