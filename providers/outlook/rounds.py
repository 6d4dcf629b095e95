"""A round of `calendarView/delta`: its rows, as they come, put together to changes.

Single events are told at once. A series is told when the round is over, as what the round brought of it: its rows may
stand on any page and in any order, a deleted occurrence is only ever left out, and of a row sent twice the last holds.

What is not known of Graph: whether an exception that is moved out of the span comes as the whole series again (as it
does here, and for every other change of a series) or only as an `@removed` with its own id, which says of which series
it was to nobody. In that case it stays at its place until the next new round, a month later at most.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import cast

from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.providers import Change, Removal, Upsert
from providers.icalendar.values import Unreadable
from providers.outlook import wire
from providers.outlook.details import details
from providers.outlook.series import SeriesRows, series_event
from providers.outlook.times import event_time
from providers.outlook.uids import names_occurrence, uid_of
from providers.quarantine import understood, unnamed

_LONGEST_ID = 1_100
_OTHERWISE = "It is not written as Outlook writes events."


class Kind(Enum):
    SINGLE = auto()
    MASTER = auto()
    INSTANCE = auto()
    REMOVED = auto()


def kind_of(row: wire.Event) -> Kind:
    """What a row is; one of a type that is not known, by what it has."""
    if "@removed" in row:
        return Kind.REMOVED
    match str(row.get("type") or "").lower():
        case "seriesmaster":
            return Kind.MASTER
        case "occurrence" | "exception":
            return Kind.INSTANCE
        case "singleinstance":
            return Kind.SINGLE
    return Kind.INSTANCE if row.get("seriesMasterId") else Kind.MASTER if row.get("recurrence") else Kind.SINGLE


class Round:
    """`span` is what the round is about, `me` the account's address, lower case."""

    def __init__(self, span: Window, me: str | None) -> None:
        self.span = span
        self._me = me
        self._masters: dict[str, wire.Event] = {}
        self._instances: dict[str, wire.Event] = {}
        self._settled: set[str] = set()

    def note(self, rows: Iterable[object]) -> list[Change]:
        """The changes of what is no series; the rows of series are kept. What is not understood is a `Quarantine`."""
        return [change for change in map(self._noted, rows) if change is not None]

    def _noted(self, row: object) -> Change | None:
        if not isinstance(row, dict) or not _is_id(row.get("id")):
            return unnamed(row, _OTHERWISE)
        event = cast(wire.Event, row)
        return understood(lambda: self._change(event), event["id"], row, _OTHERWISE)

    def series(self) -> Sequence[SeriesRows]:
        """What came of each series; nothing of those that are gone, or recur no more."""
        instances: defaultdict[str, list[wire.Event]] = defaultdict(list)
        for row in self._instances.values():
            instances[str(row["seriesMasterId"])].append(row)
        names = (self._masters.keys() | instances.keys()) - self._settled
        return [SeriesRows(name, self._masters.get(name), instances[name]) for name in sorted(names)]

    def told(self, rows: SeriesRows) -> Change:
        """The series with these instances, all that it has in the span; an event whose master came as a single one."""
        source = [rows.master, *rows.instances]
        return understood(lambda: self._told(rows), rows.id, source, _OTHERWISE)

    def _told(self, rows: SeriesRows) -> Change:
        if rows.master is not None and kind_of(rows.master) is Kind.SINGLE:
            return self._single(rows.master)
        return Upsert(series_event(rows, self.span, self._me)) if rows.instances else self._gone(rows.id)

    def _single(self, row: wire.Event) -> Upsert:
        """Whoever is invited to one occurrence of a series has it as a single event."""
        uid, is_orphan = uid_of(row, row["id"]), names_occurrence(row)
        return Upsert(Event(row["id"], uid, event_time(row), details(row, self._me), is_orphan=is_orphan))

    def _change(self, row: wire.Event) -> Change | None:
        name, kind = row["id"], kind_of(row)
        self._masters.pop(name, None)
        self._instances.pop(name, None)
        self._settled.discard(name)
        match kind:
            case Kind.MASTER:
                self._masters[name] = row
            case Kind.INSTANCE:
                if not _is_id(row.get("seriesMasterId")):
                    raise Unreadable("It does not say which series it belongs to.")
                self._instances[name] = row
            case Kind.SINGLE | Kind.REMOVED:
                self._settled.add(name)
                return self._single(row) if kind is Kind.SINGLE else self._gone(name)
        return None

    def _gone(self, name: str) -> Removal:
        """From the span, or for good: Graph says the same of both, and of what was never in it. The past stays."""
        return Removal(name, since=self.span.start)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID
