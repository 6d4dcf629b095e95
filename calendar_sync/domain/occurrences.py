"""Occurrences as they are stored and listed, and how a list is narrowed. Times are aware, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from calendar_sync.domain.events import AutoJoinStatus, Details, EventStatus, EventTime, ResponseStatus
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId, UserId
from calendar_sync.domain.providers import ProviderName


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One concrete instance of an event object; a single event has exactly one.

    For an all-day occurrence `starts_at` and `ends_at` are midnights in its calendar's zone. `series_id` is the event
    object it belongs to, shared by all instances of a series. `starts_on` and `ends_on` (exclusive) are the days of an
    all-day occurrence; `None` too where it was stored before days were.
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
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class OccurrenceContent:
    """What an occurrence says in full, beyond what every list shows."""

    time: EventTime
    details: Details


@dataclass(frozen=True, slots=True)
class PastOccurrence:
    """An occurrence as it was stored at an earlier instant, and all that it said.

    Auto-join and session are as of now, or none where it is gone by now; `synced_at` is when it was last written then.
    """

    occurrence: Occurrence
    content: OccurrenceContent


@dataclass(frozen=True, slots=True)
class Days:
    """From the beginning of the day `first` to the end of the day `last`, as the zone (an IANA name) has them."""

    first: date
    last: date
    zone: str


@dataclass(frozen=True, slots=True)
class OccurrenceFilter:
    """All that is set must hold. `starts_after` is inclusive, `starts_before` exclusive, both on the start.

    `overlaps_after`/`overlaps_before` instead keep what is under way at any time in [after, before). `days` keeps what
    is under way at some time of these days; of what is all-day, what has one of them, wherever its calendar is.

    `text` is part of the title, of the place or of the organiser's name, in whatever case; addresses are compared
    without regard to case. `responses` are what the calendar's owner answered.
    """

    starts_after: datetime | None = None
    starts_before: datetime | None = None
    overlaps_after: datetime | None = None
    overlaps_before: datetime | None = None
    days: Days | None = None
    provider: ProviderName | None = None
    calendar_ids: Sequence[CalendarId] | None = None
    connection_ids: Sequence[ConnectionId] | None = None
    statuses: Sequence[EventStatus] | None = None
    auto_join_status: AutoJoinStatus | None = None
    has_meeting_link: bool | None = None
    meeting_platform: str | None = None
    is_all_day: bool | None = None
    is_recurring: bool | None = None
    responses: Sequence[ResponseStatus] | None = None
    organizer_email: str | None = None
    attendee_email: str | None = None
    series_ids: Sequence[EventId] | None = None
    uid: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class OccurrencePage:
    """`total` is counted only when asked for."""

    items: Sequence[Occurrence]
    has_more: bool
    total: int | None = None
