"""The time zones of one calendar: what a TZID means in it, and where its floating times and dates live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from providers.icalendar.components import VCalendar, own_lines, parse_properties
from providers.icalendar.vtimezone import Observance, canonical_text, fixed_rules, observances
from providers.icalendar.zone_names import LONGEST_NAME, fixed_offset, iana_name
from providers.icalendar.zone_rules import iana_zone_with, rule_zone

MOST_ZONES = 200
"""Names looked up for one calendar: to find the zone that rules describe takes milliseconds."""

_ZONE_PROPERTIES = frozenset({"TZID", "X-LIC-LOCATION"})


@dataclass(frozen=True, slots=True)
class Zone:
    """`name` and `rules` as in `EventTime.zone` and `EventTime.zone_rules`; `clock` for arithmetic."""

    name: str
    rules: str | None
    clock: tzinfo

    def wall(self, instant: datetime) -> datetime:
        """What its clocks show at an aware instant: naive, with `fold`."""
        return instant.astimezone(self.clock).replace(tzinfo=None)

    def instant(self, wall: datetime) -> datetime:
        """The aware instant at which its clocks show `wall` (naive; `fold` counts)."""
        return wall.replace(tzinfo=self.clock)


@lru_cache(maxsize=1024)
def iana_zone(name: str) -> Zone:
    """The zone of a canonical IANA name."""
    return Zone(name, None, ZoneInfo(name))


def utc() -> Zone:
    return iana_zone("UTC")


class Zones:
    """Resolves TZIDs by the first of these that knows them: the names of `zone_names`, the calendar's own VTIMEZONE
    (the IANA zone it describes, else its rules), an offset in the name (`GMT+0100`), the zone the calendar says it is
    in, the zone of the user.
    """

    def __init__(self, calendar: VCalendar, *, declared: str | None, default: str) -> None:
        """`declared` is the calendar's X-WR-TIMEZONE or the like, as written; `default` the zone of the user."""
        self._definitions = _definitions(calendar)
        self._resolved: dict[str, Zone] = {}
        self.declared = self._find(declared) if declared else None
        """The zone the calendar says it is in."""
        self.home = self.declared or iana_zone(iana_name(default) or "UTC")
        """Where floating times and dates are meant."""

    def named(self, tzid: str) -> Zone:
        zone = self._resolved.get(tzid)
        if zone is None:
            zone = (self._find(tzid) if len(self._resolved) < MOST_ZONES else None) or self.home
            self._resolved[tzid] = zone
        return zone

    def _find(self, tzid: str) -> Zone | None:
        name = iana_name(tzid)
        if name is not None:
            return iana_zone(name)
        definition = self._definitions.get(_key(tzid))
        zone = _defined(tzid, definition) if definition is not None else None
        offset = fixed_offset(tzid) if zone is None else None
        return zone if offset is None else _ruled(tzid, fixed_rules(offset))


def _definitions(calendar: VCalendar) -> Mapping[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for lines in calendar.time_zones:
        properties = parse_properties(own_lines(lines), _ZONE_PROPERTIES)
        for tzid in properties.get("TZID", ()):
            found[_key(tzid.value)] = lines
    return found


def _key(tzid: str) -> str:
    return tzid.strip().strip('"').casefold()


def _defined(tzid: str, definition: Sequence[str]) -> Zone | None:
    """The zone of a VTIMEZONE: where it says it is, the IANA zone with its rules, or those rules themselves."""
    location = parse_properties(own_lines(definition), _ZONE_PROPERTIES).get("X-LIC-LOCATION")
    name = iana_name(location[0].value) if location else None
    if name is not None:
        return iana_zone(name)
    try:
        return _ruled(tzid, observances(definition))
    except (ValueError, OverflowError):
        return None


def _ruled(tzid: str, rules: tuple[Observance, ...]) -> Zone:
    name = iana_zone_with(rules)
    if name is not None:
        return iana_zone(name)
    return Zone(tzid.strip()[:LONGEST_NAME], canonical_text(rules), rule_zone(rules))
