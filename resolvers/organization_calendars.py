"""The organisation's calendars, for its administrators."""

from typing import Annotated

import strawberry

from calendar_sync.domain.errors import ProviderError, Refusal
from calendar_sync.domain.identifiers import ConnectionId, OrgCalendarId
from calendar_sync.domain.org_calendars import OrgCalendarRequest
from resolvers.context import Info
from resolvers.refusals import camel, told
from resolvers.sync import timed
from schema.types.failures import (
    CreateOrganizationCalendarFailed,
    DeleteOrganizationCalendarFailed,
    SyncOrganizationCalendarFailed,
)
from schema.types.organization_calendar import (
    CreateOrganizationCalendarInput,
    CreateOrganizationCalendarResult,
    DeleteOrganizationCalendarResult,
    OrganizationCalendar,
    OrganizationCalendarCreated,
    OrganizationCalendarDeleted,
    SyncOrganizationCalendarResult,
)

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The organisation's calendar: `mcorg_…`")]

_FIELDS = {
    "credential_id": "input.connectionId",
    **{
        name: f"input.{camel(name)}" for name in ("provider", "calendar_name", "account_email", "sync_interval_minutes")
    },
}


async def organization_calendars(info: Info) -> list[OrganizationCalendar]:
    found = await info.context.services.org_calendars.list(info.context.actor)
    return [OrganizationCalendar.of(calendar) for calendar in found]


async def create_organization_calendar(
    info: Info,
    input: Annotated[CreateOrganizationCalendarInput, strawberry.argument(description="The calendar.")],
) -> CreateOrganizationCalendarResult:
    wanted = OrgCalendarRequest(
        input.provider,
        ConnectionId(input.connection_id),
        input.calendar_name,
        input.account_email,
        input.sync_interval_minutes,
    )
    try:
        created = await info.context.services.org_calendars.create(info.context.actor, wanted)
    except (Refusal, ProviderError) as error:
        return CreateOrganizationCalendarFailed(**told(error, _FIELDS))
    return OrganizationCalendarCreated(organization_calendar=OrganizationCalendar.of(created))


async def delete_organization_calendar(info: Info, id: IdArgument) -> DeleteOrganizationCalendarResult:
    try:
        await info.context.services.org_calendars.delete(info.context.actor, OrgCalendarId(id))
    except Refusal as error:
        return DeleteOrganizationCalendarFailed(**told(error))
    return OrganizationCalendarDeleted(organization_calendar_id=id)


async def sync_organization_calendar(info: Info, id: IdArgument) -> SyncOrganizationCalendarResult:
    try:
        return await timed(info.context.services.org_calendars.sync(info.context.actor, OrgCalendarId(id)))
    except Refusal as error:
        return SyncOrganizationCalendarFailed(**told(error))
