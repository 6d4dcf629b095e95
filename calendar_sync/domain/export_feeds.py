"""Feeds by which a user's calendars leave again: iCalendar at a secret address. Times are aware, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.identifiers import CalendarId, EventId, ExportFeedId, OrganizationId, UserId


@dataclass(frozen=True, slots=True)
class ExportFeed:
    """`calendar_ids` are those of the user's calendars that it shows as far as they are read; `None`: all of them.

    One that `is_busy_only` says when the user is busy, and nothing else. `last_read_at` is exact to a few minutes.
    """

    id: ExportFeedId
    user_id: UserId
    organization_id: OrganizationId
    name: str
    is_busy_only: bool
    calendar_ids: Sequence[CalendarId] | None
    created_at: datetime
    last_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExportFeedRequest:
    """What a user wants a feed to be. `calendar_ids` as in `ExportFeed`."""

    name: str
    calendar_ids: Sequence[CalendarId] | None = None
    is_busy_only: bool = False


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An event object that a feed shows: what tells whether it changed, without what it says."""

    id: EventId
    uid: str
    content_hash: str
    created_at: datetime
    updated_at: datetime
