"""Connections of users to provider accounts, and the calendars they give. Times are aware, UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OrganizationId, UserId
from calendar_sync.domain.providers import Cursor, ProviderName, RemoteCalendar


class ConnectionStatus(StrEnum):
    ACTIVE = "active"
    RECONNECT_REQUIRED = "reconnect_required"
    """The provider refuses the credentials. Data and plans are kept until the account is connected again."""


@dataclass(frozen=True, slots=True)
class Connection:
    """`last_sync_at` is the end of the last run in which every calendar's round completed."""

    id: ConnectionId
    user_id: UserId
    organization_id: OrganizationId
    provider: ProviderName
    account_email: str | None
    status: ConnectionStatus
    last_sync_at: datetime | None
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar of a connection. One that is not selected is listed, but not read; its events are not kept."""

    id: CalendarId
    connection_id: ConnectionId
    user_id: UserId
    organization_id: OrganizationId
    provider: ProviderName
    remote: RemoteCalendar
    is_selected: bool
    cursor: Cursor | None
    expanded_until: datetime | None
    last_synced_at: datetime | None
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one run to write to a connection. It ends when another run raises the connection's epoch."""

    connection_id: ConnectionId
    owner: str
    epoch: int
    until: datetime
