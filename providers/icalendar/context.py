"""One VEVENT in its calendar: its properties, its identity and everything needed to read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from providers.icalendar.components import Properties, VCalendar, own_lines, parse_properties
from providers.icalendar.details import DETAIL_PROPERTIES
from providers.icalendar.values import Unreadable, text
from providers.icalendar.zones import Zones

MOST_CHARACTERS = 512 * 1024
"""Characters of one event in the properties that are read."""

_LONGEST_UID = 500
_TIME_PROPERTIES = frozenset({"DTSTART", "DTEND", "DURATION", "X-MICROSOFT-CDO-ALLDAYEVENT"})
_SERIES_PROPERTIES = frozenset({"RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"})
_IDENTITY_PROPERTIES = frozenset({"UID", "SEQUENCE", "LAST-MODIFIED", "DTSTAMP"})
_EVENT_PROPERTIES = DETAIL_PROPERTIES | _TIME_PROPERTIES | _SERIES_PROPERTIES | _IDENTITY_PROPERTIES
_CALENDAR_PROPERTIES = frozenset({"X-WR-TIMEZONE", "TIMEZONE-ID", "METHOD"})
_MAY_BE_CUT = frozenset({"DESCRIPTION", "X-ALT-DESC", "SUMMARY", "LOCATION", "URL"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the events of one calendar share."""

    zones: Zones
    my_addresses: frozenset[str]
    is_cancellation: bool
    """METHOD:CANCEL: what it lists is cancelled (RFC 5546 §3.2.5)."""

    @classmethod
    def of(cls, calendar: VCalendar, default_zone: str, my_addresses: frozenset[str]) -> "Reading":
        properties = parse_properties(calendar.lines, _CALENDAR_PROPERTIES)
        declared = next(
            (one.value for name in ("X-WR-TIMEZONE", "TIMEZONE-ID") for one in properties.get(name, ())), None
        )
        methods = {one.value.strip().upper() for one in properties.get("METHOD", ())}
        zones = Zones(calendar, declared=declared, default=default_zone)
        return cls(zones, frozenset(map(str.lower, my_addresses)), "CANCEL" in methods)


@dataclass(frozen=True, slots=True)
class Component:
    """A VEVENT. `lines` are its text as received, frame and alarms included."""

    lines: Sequence[str]
    properties: Properties
    reading: Reading
    uid: str

    @classmethod
    def of(cls, lines: Sequence[str], reading: Reading) -> "Component":
        properties = parse_properties(own_lines(lines), _EVENT_PROPERTIES)
        return cls(lines, properties, reading, _uid(properties))

    @property
    def is_exception(self) -> bool:
        return "RECURRENCE-ID" in self.properties

    @property
    def revision(self) -> tuple[int, str, str]:
        """Sorts revisions of the same component: SEQUENCE, then LAST-MODIFIED, then DTSTAMP."""
        sequence = self.first("SEQUENCE")
        number = int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 12 else 0
        return number, self.first("LAST-MODIFIED"), self.first("DTSTAMP")

    def first(self, name: str) -> str:
        """The raw value of a property, stripped; empty if there is none."""
        written = self.properties.get(name)
        return written[0].value.strip() if written else ""

    def check_size(self) -> None:
        """Raises `Unreadable` for what no calendar program writes."""
        written = [one for properties in self.properties.values() for one in properties]
        if sum(len(one.parameter_text) + len(one.value) for one in written) > MOST_CHARACTERS:
            raise Unreadable("It is larger than 512 kB.")
        cut = {name for name, properties in self.properties.items() if any(one.is_cut for one in properties)}
        if cut - _MAY_BE_CUT:
            raise Unreadable("It has a property longer than 64 kB.")


def _uid(properties: Properties) -> str:
    """The UID; one that is missing, or too long to be kept, is made from the content (start, title and place)."""
    uid = (text(properties["UID"][0].value) if "UID" in properties else None) or ""
    if uid and len(uid.encode()) <= _LONGEST_UID:
        return uid
    names = (
        uid,
        *(properties[name][0].value if name in properties else "" for name in ("DTSTART", "SUMMARY", "LOCATION")),
    )
    return blake2b("\0".join(names).encode(), digest_size=20).hexdigest()
