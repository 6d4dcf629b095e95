"""When connections are synced and why then. Times are aware, UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import SyncRun, Trigger


class DueReason(StrEnum):
    """What decided when the next sync of a connection is due."""

    INTERVAL = "interval"
    """The usual interval of this server."""
    PUSHED = "pushed"
    """Its provider pushes, so that it is polled more seldom."""
    CHANNEL_RENEWAL = "channel_renewal"
    """A channel by which its provider pushes has to be renewed."""
    ORGANIZATION_INTERVAL = "organization_interval"
    """The interval that an administrator set for a calendar of it."""
    FEED_INTERVAL = "feed_interval"
    """The feed asks to be read more seldom than usual (RFC 7986 §5.7)."""
    BACKING_OFF = "backing_off"
    """The last runs came to nothing."""
    RATE_LIMITED = "rate_limited"
    """Its provider said how long to wait (RFC 9110 §10.2.3, Retry-After)."""
    REQUESTED = "requested"
    """Somebody asked, and no run has served them yet."""
    CONNECTED = "connected"
    """It was connected, or connected anew, and not synced since."""
    RECONNECT_REQUIRED = "reconnect_required"
    """Its provider refuses the credentials: not before it is connected anew."""


@dataclass(frozen=True, slots=True)
class NextSync:
    """When the next sync is due (`None`: not by the clock), and why. So many runs came to nothing one after another."""

    at: datetime | None
    reason: DueReason
    failed_in_a_row: int = 0


class SyncState(StrEnum):
    """Where a connection is between two syncs."""

    RUNNING = "running"
    """It is being synced."""
    QUEUED = "queued"
    """A sync was asked for, and waits for a process that has room."""
    WAITING = "waiting"
    """The next sync is not due yet, or nobody has looked since it is."""
    PAUSED = "paused"
    """It is to be connected anew, and not synced before."""


@dataclass(frozen=True, slots=True)
class SyncSchedule:
    """How it stands with the syncing of one connection.

    While it is running or queued, `since` is when that began, `trigger` who asked for it, `run` the run under way.
    While it is waiting, it is due at `next_sync_at`. `reason` is why it is due then, or why it came to be what it is.
    `interval` is the one in force, before chance. `pushed_until` is when the first channel ends unless it is renewed,
    `None` unless every calendar is pushed.
    """

    connection_id: ConnectionId
    state: SyncState
    reason: DueReason
    since: datetime | None
    next_sync_at: datetime | None
    failed_in_a_row: int
    interval: timedelta
    pushed_until: datetime | None
    run: RunId | None
    trigger: Trigger | None


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """What is being done over one connection, as it stood at one moment.

    `run` is the run under way, else the last one, if there was any. `since` and `trigger` are those of `SyncSchedule`.
    Once it is disconnected, there is no `state` and no `run`.
    """

    connection_id: ConnectionId
    state: SyncState | None = None
    since: datetime | None = None
    trigger: Trigger | None = None
    run: SyncRun | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many of an organisation's connections to one provider are in which state.

    `overdue` are those of the waiting whose time has come, `waiting` only those whose time has not. The moments are
    those of the one that has been so the longest.
    """

    provider: ProviderName
    running: int
    queued: int
    overdue: int
    waiting: int
    paused: int
    queued_since: datetime | None
    overdue_since: datetime | None
