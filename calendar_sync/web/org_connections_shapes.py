"""What goes over the wire about the organisation's calendars: the body, and the answers as the contract spells them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OrganizationId, OrgCalendarId, UserId
from calendar_sync.domain.org_calendars import (
    DEFAULT_SYNC_INTERVAL,
    LONGEST_SYNC_INTERVAL,
    OrgCalendar,
    OrgCalendarRequest,
)
from calendar_sync.domain.providers import ProviderName
from calendar_sync.web.shapes import Answer


class OrgConnection(Answer):
    """A calendar of the organisation."""

    id: OrgCalendarId = Field(description="Identifier (`mcorg_…`).")
    organization_id: OrganizationId
    provider: ProviderName
    calendar_name: str
    account_email: str | None
    is_active: bool = Field(description="False when the provider refuses the account's credentials.")
    sync_interval_minutes: int = Field(description="How often it is to be synced.")
    last_sync_at: datetime | None = Field(description="When all calendars of the account were last synced.")
    created_by: UserId = Field(description="The administrator whose account it comes by.")
    created_at: datetime
    credential_id: ConnectionId = Field(description="The connection it comes by.")
    calendar_id: CalendarId

    @classmethod
    def of(cls, calendar: OrgCalendar) -> Self:
        return cls(
            id=calendar.id,
            organization_id=calendar.organization_id,
            provider=calendar.provider,
            calendar_name=calendar.calendar_name,
            account_email=calendar.account_email,
            is_active=calendar.is_active,
            sync_interval_minutes=calendar.sync_interval_minutes,
            last_sync_at=calendar.last_sync_at,
            created_by=calendar.created_by,
            created_at=calendar.created_at,
            credential_id=calendar.connection_id,
            calendar_id=calendar.calendar_id,
        )


class OrgConnectionList(Answer):
    connections: list[OrgConnection]


class OrgConnectionRequest(BaseModel):
    """Which calendar is to be the organisation's."""

    model_config = ConfigDict(hide_input_in_errors=True)

    provider: ProviderName = Field(description="`google_calendar`, `outlook_calendar` or `zoom`.")
    credential_id: ConnectionId = Field(description="Your own connection that has the calendar, as listed.")
    calendar_name: str = Field(description="The calendar's name, or the provider's identifier of it.")
    account_email: str = Field(description="The address of the connected account, as listed.")
    sync_interval_minutes: int = Field(
        default=DEFAULT_SYNC_INTERVAL,
        description="How often it is to be synced. Not in the published contract.",
        json_schema_extra={"minimum": 1, "maximum": LONGEST_SYNC_INTERVAL},
    )

    def wanted(self) -> OrgCalendarRequest:
        return OrgCalendarRequest(
            self.provider, self.credential_id, self.calendar_name, self.account_email, self.sync_interval_minutes
        )
