"""Occurrences as they are stored and listed, and how a list is narrowed. Times are aware, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.events import AutoJoinStatus, Details, EventStatus, EventTime
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId, UserId
from calendar_sync.domain.providers import ProviderName


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One concrete instance of an event object; a single event has exactly one.

    For an all-day occurrence `starts_at` and `ends_at` are midnights in its calendar's zone. `series_id` is the event
    object it belongs to, shared by all instances of a series.
    """

    id: OccurrenceId
    series_id: EventId
    calendar_id: CalendarId
    connection_id: ConnectionId
    user_id: UserId
    provider: ProviderName
    uid: str
    original_start: str
    title: str | None
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    time_zone: str
    status: EventStatus
    organizer_email: str | None
    attendee_count: int
    is_recurring: bool
    meeting_link: str | None
    meeting_platform: str | None
    auto_join_status: AutoJoinStatus
    session_id: str | None
    synced_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OccurrenceContent:
    """What an occurrence says in full, beyond what every list shows."""

    time: EventTime
    details: Details


@dataclass(frozen=True, slots=True)
class OccurrenceFilter:
    """All that is set must hold. `starts_after` is inclusive, `starts_before` exclusive, both on the start.

    `overlaps_after`/`overlaps_before` instead keep what is under way at any time in [after, before).
    """

    starts_after: datetime | None = None
    starts_before: datetime | None = None
    overlaps_after: datetime | None = None
    overlaps_before: datetime | None = None
    provider: ProviderName | None = None
    calendar_ids: Sequence[CalendarId] | None = None
    connection_ids: Sequence[ConnectionId] | None = None
    statuses: Sequence[EventStatus] | None = None
    auto_join_status: AutoJoinStatus | None = None
    has_meeting_link: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class OccurrencePage:
    """`total` is counted only when asked for."""

    items: Sequence[Occurrence]
    has_more: bool
    total: int | None = None
