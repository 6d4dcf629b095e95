"""From logical lines to calendars, their time zones and their events, without a look at any value.

Components are cut apart before anything is parsed, so that what is wrong with one event stays with it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_LINE = 64 * 1024
"""Characters of one unfolded line; longer ones are attachments and other blobs."""

_TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})
_PARAMETER = re.compile(r'([^=;"]+)=((?:"[^"]*"|[^;"])*)')
_ESCAPED_IN_PARAMETER = re.compile(r"\^[n'^]")
_PARAMETER_ESCAPES = {"^n": "\n", "^'": '"', "^^": "^"}


class Property(NamedTuple):
    """A property as written: its parameters (the text between name and value, undivided) and its raw value."""

    parameter_text: str
    value: str
    is_cut: bool = False
    """The line was longer than `LONGEST_LINE` and the rest is not here."""

    def parameters(self) -> dict[str, str]:
        """Upper-case names to values, unquoted and unescaped (RFC 6868). Of a name given twice, the first holds."""
        found: dict[str, str] = {}
        if self.parameter_text:
            for name, value in _PARAMETER.findall(self.parameter_text):
                found.setdefault(name.strip().upper(), _parameter_value(value))
        return found


Properties = Mapping[str, Sequence[Property]]
"""Properties of one component by upper-case name."""


def _parameter_value(text: str) -> str:
    plain = text.replace('"', "").strip()
    return _ESCAPED_IN_PARAMETER.sub(lambda m: _PARAMETER_ESCAPES[m[0]], plain) if "^" in plain else plain


@dataclass(slots=True)
class VCalendar:
    """One VCALENDAR of a stream: its own lines and, uncut, those of its events and time zones."""

    lines: list[str] = field(default_factory=list)
    events: list[Sequence[str]] = field(default_factory=list)
    time_zones: list[Sequence[str]] = field(default_factory=list)
    is_complete: bool = False
    """END:VCALENDAR was seen."""


def calendars(lines: Sequence[str]) -> list[VCalendar]:
    """Cut a stream into its calendars. Lines outside every VCALENDAR are ignored.

    An event or zone that is not ended reaches to the next one, or to the end of its calendar.
    """
    cutter = _Cutter()
    for number, line in enumerate(lines):
        start = line[:6].upper() if line[0] in "BbEe" else ""
        if start == "BEGIN:":
            cutter.begin(line[6:].strip().upper(), number, lines)
        elif start.startswith("END:"):
            cutter.end(line[4:].strip().upper(), number, lines)
        elif cutter.depth == 1:
            cutter.found[-1].lines.append(line)
    return cutter.found


@dataclass(slots=True)
class _Cutter:
    """Where in the stream it is: `depth` components are open, the second of them since line `since`."""

    found: list[VCalendar] = field(default_factory=list)
    depth: int = 0
    kind: str = ""
    since: int = 0

    def begin(self, name: str, number: int, lines: Sequence[str]) -> None:
        if name == "VCALENDAR":
            self._cut(number, lines)
            self.found.append(VCalendar())
            self.depth = 1
        elif self.depth == 1 or (self.depth and name in {"VEVENT", "VTIMEZONE"}):
            self._cut(number, lines)
            self.kind, self.since, self.depth = name, number, 2
        elif self.depth:
            self.depth += 1

    def end(self, name: str, number: int, lines: Sequence[str]) -> None:
        if name == "VCALENDAR" and self.depth:
            self._cut(number, lines)
            self.found[-1].is_complete, self.depth = True, 0
        elif self.depth > 1 and name == self.kind:
            self._cut(number + 1, lines)
        elif self.depth > 2:
            self.depth -= 1

    def _cut(self, until: int, lines: Sequence[str]) -> None:
        if self.depth < 2:
            return
        if self.kind == "VEVENT":
            self.found[-1].events.append(lines[self.since : until])
        elif self.kind == "VTIMEZONE":
            self.found[-1].time_zones.append(lines[self.since : until])
        self.depth = 1


def own_lines(component: Sequence[str]) -> Iterator[str]:
    """The property lines of a component as cut: without its frame, and without what is nested in it (alarms)."""
    depth = 0
    for line in component[1:]:
        if line[0] in "BbEe":
            start = line[:6].upper()
            if start == "BEGIN:":
                depth += 1
                continue
            if start.startswith("END:"):
                depth -= 1
                continue
        if depth == 0:
            yield line


def parse_properties(lines: Iterable[str], wanted: Collection[str]) -> dict[str, list[Property]]:
    """The properties named in `wanted` (upper case). One without a value is as none; what is no property is ignored."""
    found: dict[str, list[Property]] = {}
    for line in lines:
        head, _, value = line.partition(":")
        name, _, parameters = head.partition(";")
        name = name.upper()
        if name not in wanted:
            continue
        if '"' in head or len(line) > LONGEST_LINE or (name in _TIMES and ":" in value):
            found.setdefault(name, []).append(_careful(line, name))
        elif value:
            found.setdefault(name, []).append(Property(parameters, value))
    return found


def _careful(line: str, name: str) -> Property:
    """A line that is too long, or has a colon where there should be none, or one in quotes."""
    is_cut = len(line) > LONGEST_LINE
    head, value = _split_quoted(line[:LONGEST_LINE])
    _, _, parameters = head.partition(";")
    if name in _TIMES and ":" in value:
        parameters, value = _split_last(parameters, value)
    return Property(parameters, value, is_cut)


def _split_last(parameters: str, value: str) -> tuple[str, str]:
    """Outlook writes `TZID=tzone://Microsoft/Utc:20260105T090000` and such without quotes."""
    rest, _, time = value.rpartition(":")
    return (f"{parameters}:{rest}", time) if len(time) >= 8 and time[:8].isdigit() else (parameters, value)


def _split_quoted(line: str) -> tuple[str, str]:
    """Split at the first colon outside quotes."""
    position, quoted = 0, False
    while (colon := line.find(":", position)) >= 0:
        quoted ^= line.count('"', position, colon) % 2 == 1
        if not quoted:
            return line[:colon], line[colon + 1 :]
        position = colon + 1
    head, _, value = line.partition(":")
    return head, value
