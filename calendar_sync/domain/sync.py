"""What a sync did: counts, and the record of each run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, RunId
from calendar_sync.domain.providers import Change, ProviderName, Removal, UpsertException


@dataclass(frozen=True, slots=True)
class Tally:
    """How many event objects (a series with all its exceptions is one) a sync found new, changed and gone.

    Within one run each object counts at most once, by comparing the store before the run with the store now.
    """

    new: int = 0
    updated: int = 0
    removed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.new + other.new, self.updated + other.updated, self.removed + other.removed)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.new - other.new, self.updated - other.updated, self.removed - other.removed)


@dataclass(frozen=True, slots=True)
class Transition:
    """What one transaction did to one event object: its content hash before and after, `None` for "not there"."""

    before: str | None
    after: str | None


def in_sequence(earlier: Mapping[str, Transition], later: Mapping[str, Transition]) -> dict[str, Transition]:
    """What two steps of one transaction did together."""
    return {**earlier, **{name: _joined(earlier.get(name), step) for name, step in later.items()}}


class CalendarState(StrEnum):
    """How far a run is with a calendar."""

    WAITING = "waiting"
    """Its turn has not come."""
    READING = "reading"
    """A part of it is read."""
    SYNCED = "synced"
    """Its round completed."""
    FAILED = "failed"
    """It could not be read to its end: the run has a `SyncFailure` of it, or of the whole connection."""
    SKIPPED = "skipped"
    """The run left it out: it is gone, or no longer selected, or the run ended before its turn came."""


_IS_TO_COME = (CalendarState.WAITING, CalendarState.READING)


@dataclass(frozen=True, slots=True)
class CalendarProgress:
    """What a run has done with one calendar so far.

    `pages` were read of it, and on them `events_seen` event objects, changed or not, each counted once; what they say
    is gone is not among them.
    """

    calendar_id: CalendarId
    state: CalendarState = CalendarState.WAITING
    pages: int = 0
    events_seen: int = 0
    tally: Tally = Tally()


@dataclass(slots=True)
class RunLedger:
    """Keeps a run's counts exact, by calendar, however often an object is met in it.

    It remembers, for the objects that changed only, the hash before the run and the hash now. What a transaction did
    is `preview`ed inside it, to be stored with it, and `record`ed once it is committed.
    """

    _calendars: dict[CalendarId, CalendarProgress] = field(default_factory=dict)
    _objects: dict[tuple[CalendarId, str], Transition] = field(default_factory=dict)
    _seen: dict[CalendarId, set[str]] = field(default_factory=dict)
    """Only of those that are being read."""

    @property
    def tally(self) -> Tally:
        return sum((each.tally for each in self._calendars.values()), Tally())

    def calendars(self, *ahead: CalendarProgress) -> tuple[CalendarProgress, ...]:
        """How far the run is with each calendar, once what is `ahead` is recorded."""
        return tuple((self._calendars | {each.calendar_id: each for each in ahead}).values())

    def expect(self, calendars: Iterable[CalendarId]) -> None:
        """These are to be read, in this order."""
        for calendar in calendars:
            self._calendars.setdefault(calendar, CalendarProgress(calendar))

    def read(self, calendar: CalendarId, page: Iterable[Change]) -> None:
        """One more page of it was read, whatever becomes of it."""
        known, seen = self._of(calendar), self._seen.setdefault(calendar, set())
        seen.update(_object_of(change) for change in page if not isinstance(change, Removal))
        self._calendars[calendar] = replace(
            known, state=CalendarState.READING, pages=known.pages + 1, events_seen=max(known.events_seen, len(seen))
        )

    def preview(
        self, calendar: CalendarId, transitions: Mapping[str, Transition], state: CalendarState | None = None
    ) -> CalendarProgress:
        """How far the calendar will be once these transitions are recorded, and this `state`, if it is another."""
        known = self._of(calendar)
        tally = known.tally
        for remote_id, step in transitions.items():
            before = self._objects.get((calendar, remote_id))
            tally += _count(_joined(before, step)) - _count(before)
        return replace(known, state=state or known.state, tally=tally)

    def record(
        self, calendar: CalendarId, transitions: Mapping[str, Transition], state: CalendarState | None = None
    ) -> None:
        self._calendars[calendar] = self.preview(calendar, transitions, state)
        for remote_id, step in transitions.items():
            key = (calendar, remote_id)
            self._objects[key] = _joined(self._objects.get(key), step)
        if self._calendars[calendar].state not in _IS_TO_COME:
            self._seen.pop(calendar, None)

    def close(self) -> None:
        """The run has ended: what it has not come to, it skipped."""
        for calendar, known in self._calendars.items():
            if known.state in _IS_TO_COME:
                self._calendars[calendar] = replace(known, state=CalendarState.SKIPPED)

    def _of(self, calendar: CalendarId) -> CalendarProgress:
        return self._calendars.get(calendar) or CalendarProgress(calendar)


def _object_of(change: Change) -> str:
    return change.series_id if isinstance(change, UpsertException) else change.remote_id


def _joined(earlier: Transition | None, later: Transition) -> Transition:
    return Transition(earlier.before, later.after) if earlier else later


def _count(step: Transition | None) -> Tally:
    if step is None or step.before == step.after:
        return Tally()
    if step.before is None:
        return Tally(new=1)
    return Tally(removed=1) if step.after is None else Tally(updated=1)


class Trigger(StrEnum):
    """Who asked for a run."""

    SCHEDULE = "schedule"
    PUSH = "push"
    USER = "user"
    CONNECT = "connect"


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Every calendar's round completed."""
    PARTIAL = "partial"
    """Some calendars completed, others have an error."""
    FAILED = "failed"
    """No calendar completed."""
    ABANDONED = "abandoned"
    """Its process ended before it did, or another run took the connection over. What it stored holds."""


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """Why a calendar, or the whole connection where `calendar_id` is `None`, could not be synced.

    `code` is that of the error (`calendar_sync.domain.errors`), `message` one sentence for the user.
    """

    calendar_id: CalendarId | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """What a run has done so far: its counts are the sums over its calendars."""

    calendars: Sequence[CalendarProgress] = ()
    requests: int = 0
    failures: Sequence[SyncFailure] = ()

    @property
    def tally(self) -> Tally:
        return sum((each.tally for each in self.calendars), Tally())

    @property
    def pages(self) -> int:
        return sum(each.pages for each in self.calendars)

    @property
    def synced_calendars(self) -> int:
        return sum(each.state is CalendarState.SYNCED for each in self.calendars)


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run over one connection. Times are aware, UTC.

    `calendars` is empty until the first calendar is listed anew or has changed, and in what older versions recorded.
    `waiting_until` is when the run goes on that is told by its provider, or its budget, to wait.
    """

    id: RunId
    connection_id: ConnectionId
    provider: ProviderName
    account_email: str | None
    trigger: Trigger
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    synced_calendars: int
    tally: Tally
    pages: int
    requests: int
    failures: Sequence[SyncFailure]
    calendars: Sequence[CalendarProgress] = ()
    waiting_until: datetime | None = None

    @property
    def events_seen(self) -> int:
        return sum(each.events_seen for each in self.calendars)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one request to sync came to, over all connections it covered.

    `errors` are `<provider>: <reason>`, with the account in parentheses where the user has several of a provider.
    `pending` are those whose sync goes on.
    """

    runs: Sequence[SyncRun]
    synced_calendars: int
    tally: Tally
    errors: Sequence[str]
    pending: Sequence[Connection] = ()
