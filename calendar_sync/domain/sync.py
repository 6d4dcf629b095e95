"""What a sync did: counts, and the record of each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calendar_sync.domain.identifiers import CalendarId, ConnectionId, RunId
from calendar_sync.domain.providers import ProviderName


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


@dataclass(slots=True)
class RunLedger:
    """Keeps a run's counts exact, however often an object is met in it.

    It remembers, for the objects that changed only, the hash before the run and the hash now. What a transaction did
    is `preview`ed inside it, to be stored with it, and `record`ed once it is committed.
    """

    _objects: dict[tuple[CalendarId, str], Transition] = field(default_factory=dict)
    tally: Tally = Tally()

    def preview(self, calendar: CalendarId, transitions: Mapping[str, Transition]) -> Tally:
        """What the tally will be once these transitions are recorded."""
        tally = self.tally
        for remote_id, step in transitions.items():
            known = self._objects.get((calendar, remote_id))
            tally += _count(_joined(known, step)) - _count(known)
        return tally

    def record(self, calendar: CalendarId, transitions: Mapping[str, Transition]) -> None:
        self.tally = self.preview(calendar, transitions)
        for remote_id, step in transitions.items():
            key = (calendar, remote_id)
            self._objects[key] = _joined(self._objects.get(key), step)


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
class SyncRun:
    """One run over one connection. Times are aware, UTC."""

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


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one request to sync came to, over all connections it covered.

    `errors` are `<provider>: <reason>`, with the account in parentheses where the user has several of a provider.
    """

    runs: Sequence[SyncRun]
    synced_calendars: int
    tally: Tally
    errors: Sequence[str]
