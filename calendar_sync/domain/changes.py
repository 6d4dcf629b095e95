"""What changed, as it is recorded and told: one sequence for each user. Times are aware, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from calendar_sync.domain.events import Event
from calendar_sync.domain.identifiers import CalendarId, EventId, RunId


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"


class ChangeCause(StrEnum):
    """Why the store changed. The first four are those of the run that did it (`Trigger`)."""

    SCHEDULE = "schedule"
    PUSH = "push"
    USER = "user"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    DESELECT = "deselect"
    CALENDAR_GONE = "calendar_gone"


class ChangedField(StrEnum):
    """A field of `Event`, or of its `Details`."""

    UID = "uid"
    TIME = "time"
    RECURRENCE = "recurrence"
    OVERRIDES = "overrides"
    IS_ORPHAN = "is_orphan"
    TITLE = "title"
    DESCRIPTION = "description"
    LOCATION = "location"
    STATUS = "status"
    ORGANIZER = "organizer"
    ATTENDEES = "attendees"
    LINKS = "links"
    URL = "url"
    VISIBILITY = "visibility"
    IS_BUSY = "is_busy"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one event object.

    `before` and `after` are summaries as JSON (`store.payload.summary`); `fields` names what differs between them in
    full.
    """

    event_id: EventId
    calendar_id: CalendarId
    remote_id: str
    kind: ChangeKind
    before: str | None
    after: str | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """`seq` counts the user's changes from 1 on, in the order in which they were committed. `run_id` is `None` for
    what no run did: the user disconnected an account, or chose other calendars. `cause` is `None` for what an older
    version recorded."""

    seq: int
    change: Change
    run_id: RunId | None
    at: datetime
    cause: ChangeCause | None = None

    @property
    def position(self) -> "Position":
        return Position(self.seq, self.at)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a user's sequence: right after change `seq`, which was made `at` then.

    A change that has the number and not the instant is not the one that was seen: the store is another one's copy.
    """

    seq: int
    at: datetime


BEGINNING = Position(0, datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """All that is set must hold."""

    calendar_ids: Sequence[CalendarId] | None = None
    kinds: Sequence[ChangeKind] | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """`end` is the place to read on from: behind all that was looked at, also where nothing of it was wanted."""

    items: Sequence[RecordedChange]
    has_more: bool
    end: Position


@dataclass(frozen=True, slots=True)
class EventState:
    """An event object as it was, or is. The instants are those of its own time: of a series, its first instance."""

    event: Event
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeContent:
    """What a change replaced, and by what. `None`: there was, or is, nothing; or it is not known (any more)."""

    before: EventState | None
    after: EventState | None
