"""Calendars of the organisation, and what its administrators do with them."""

from datetime import datetime
from typing import Annotated

import strawberry

from calendar_sync.domain.org_calendars import DEFAULT_SYNC_INTERVAL, OrgCalendar
from schema.types.enums import ProviderName
from schema.types.failures import (
    CreateOrganizationCalendarFailed,
    DeleteOrganizationCalendarFailed,
    SyncOrganizationCalendarFailed,
)
from schema.types.sync import SyncResult


@strawberry.type(
    description="A calendar that an administrator who has it made the organisation's. Only administrators see it; its "
    "events stay with the one whose account it comes by."
)
class OrganizationCalendar:
    id: strawberry.ID = strawberry.field(description="`mcorg_…`")
    organization_id: strawberry.ID = strawberry.field(description="The organisation: `org_…`")
    connection_id: strawberry.ID = strawberry.field(description="The connected account it comes by: `tcred_…`")
    calendar_id: strawberry.ID = strawberry.field(description="The calendar of that account: `cal_…`")
    provider: ProviderName = strawberry.field(description="The service it is kept at.")
    calendar_name: str = strawberry.field(description="Its name, or the provider's identifier where it has none.")
    account_email: str | None = strawberry.field(description="The account's e-mail address, where the provider tells.")
    is_active: bool = strawberry.field(description="Whether the account can be read.")
    sync_interval_minutes: int = strawberry.field(description="How often it is to be synced.")
    last_sync_at: datetime | None = strawberry.field(
        description="When all calendars of the account were last read completely."
    )
    created_by: strawberry.ID = strawberry.field(description="The administrator whose account it is: `usr_…`")
    created_at: datetime = strawberry.field(description="When it was made the organisation's.")

    @classmethod
    def of(cls, calendar: OrgCalendar) -> "OrganizationCalendar":
        return cls(
            id=strawberry.ID(calendar.id),
            organization_id=strawberry.ID(calendar.organization_id),
            connection_id=strawberry.ID(calendar.connection_id),
            calendar_id=strawberry.ID(calendar.calendar_id),
            provider=calendar.provider,
            calendar_name=calendar.calendar_name,
            account_email=calendar.account_email,
            is_active=calendar.is_active,
            sync_interval_minutes=calendar.sync_interval_minutes,
            last_sync_at=calendar.last_sync_at,
            created_by=strawberry.ID(calendar.created_by),
            created_at=calendar.created_at,
        )


@strawberry.input(description="A calendar of an account that you have connected, to become the organisation's.")
class CreateOrganizationCalendarInput:
    provider: ProviderName = strawberry.field(
        description="The service: `GOOGLE_CALENDAR`, `OUTLOOK_CALENDAR` or `ZOOM`."
    )
    connection_id: strawberry.ID = strawberry.field(description="Your connected account: `tcred_…`")
    calendar_name: str = strawberry.field(
        description="The calendar's name, in upper or lower case, or the provider's identifier of it."
    )
    account_email: str = strawberry.field(description="The account's e-mail address; empty where it has none.")
    sync_interval_minutes: int = strawberry.field(
        default=DEFAULT_SYNC_INTERVAL, description="How often it is to be synced: every 1 to 1440 minutes."
    )


@strawberry.type(description="The calendar is the organisation's.")
class OrganizationCalendarCreated:
    organization_calendar: OrganizationCalendar = strawberry.field(description="The calendar.")


@strawberry.type(description="The calendar is the organisation's no more; the account it came by stays connected.")
class OrganizationCalendarDeleted:
    organization_calendar_id: strawberry.ID = strawberry.field(description="What it was called.")


CreateOrganizationCalendarResult = Annotated[
    OrganizationCalendarCreated | CreateOrganizationCalendarFailed,
    strawberry.union(
        "CreateOrganizationCalendarResult", description="The calendar, or why it was not made the organisation's."
    ),
]
DeleteOrganizationCalendarResult = Annotated[
    OrganizationCalendarDeleted | DeleteOrganizationCalendarFailed,
    strawberry.union("DeleteOrganizationCalendarResult", description="What was let go of, or why it was not."),
]
SyncOrganizationCalendarResult = Annotated[
    SyncResult | SyncOrganizationCalendarFailed,
    strawberry.union("SyncOrganizationCalendarResult", description="What the sync came to, or why there was none."),
]
