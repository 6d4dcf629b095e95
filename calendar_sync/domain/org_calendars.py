"""Calendars of an organisation: each is one calendar of an account that one of its administrators connected."""

from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OrganizationId, OrgCalendarId, UserId
from calendar_sync.domain.providers import ProviderName

DEFAULT_SYNC_INTERVAL = 5
"""In minutes, as the longest one."""
LONGEST_SYNC_INTERVAL = 24 * 60


@dataclass(frozen=True, slots=True)
class OrgCalendar:
    """`account_email`, `is_active` and `last_sync_at` are those of the connection it comes by. Times are aware, UTC.

    `created_by` is the administrator whose connection that is; the events of the calendar are theirs alone.
    """

    id: OrgCalendarId
    organization_id: OrganizationId
    connection_id: ConnectionId
    calendar_id: CalendarId
    provider: ProviderName
    calendar_name: str
    account_email: str | None
    is_active: bool
    sync_interval_minutes: int
    last_sync_at: datetime | None
    created_by: UserId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OrgCalendarRequest:
    """Which calendar is to be the organisation's, as an administrator says it.

    `credential_id` is a connection of theirs, `calendar_name` the name of one of its calendars or the provider's
    identifier of it, in upper or lower case. `provider` and `account_email` must be those of the connection.
    """

    provider: ProviderName
    credential_id: ConnectionId
    calendar_name: str
    account_email: str
    sync_interval_minutes: int = DEFAULT_SYNC_INTERVAL
