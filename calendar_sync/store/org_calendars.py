"""Calendars of organisations: which calendar of which connection each of them is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import Conflict, NotFound
from calendar_sync.domain.identifiers import (
    CalendarId,
    ConnectionId,
    OrganizationId,
    OrgCalendarId,
    UserId,
    new_org_calendar_id,
)
from calendar_sync.domain.org_calendars import OrgCalendar
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.scope import within_organization
from calendar_sync.store.statements import upsert_into
from calendar_sync.store.tables import calendars, connections, org_calendars


class OrgCalendars:
    """`tx.org_calendars`. Whoever asks sees all of their organisation: that they may is for the caller to know.

    One goes with its calendar, and so with the connection the calendar came by.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, actor: Actor, calendar: CalendarId, sync_interval_minutes: int, now: datetime) -> OrgCalendar:
        """Make a calendar of the actor's their organisation's. Raises `Conflict` where it is that already."""
        statement = upsert_into(org_calendars, self._connection.dialect).values(
            id=new_org_calendar_id(),
            organization_id=actor.organization_id,
            calendar_id=calendar,
            sync_interval_minutes=sync_interval_minutes,
            created_at=now,
        )
        once = statement.on_conflict_do_nothing(index_elements=["calendar_id"]).returning(org_calendars.c.id)
        added = await self._connection.scalar(once)
        if added is None:
            raise Conflict("This calendar is a calendar of the organisation already.")
        return await self.get(actor, OrgCalendarId(added))

    async def get(self, actor: Actor, calendar: OrgCalendarId) -> OrgCalendar:
        """Raises `NotFound`."""
        statement = within_organization(actor, _WHOLE.where(org_calendars.c.id == calendar), org_calendars)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise _not_found()
        return _org_calendar(row)

    async def list(self, actor: Actor) -> Sequence[OrgCalendar]:
        """Oldest first."""
        statement = within_organization(actor, _WHOLE, org_calendars)
        ordered = statement.order_by(org_calendars.c.created_at, org_calendars.c.id)
        return [_org_calendar(row) for row in await self._connection.execute(ordered)]

    async def delete(self, actor: Actor, calendar: OrgCalendarId) -> None:
        """The calendar and its connection stay; it is the organisation's no more. Raises `NotFound`."""
        statement = delete(org_calendars).where(org_calendars.c.id == calendar)
        deleted = await self._connection.execute(within_organization(actor, statement, org_calendars))
        if deleted.rowcount == 0:
            raise _not_found()


_WHOLE: Select[Any] = (
    select(
        org_calendars.c.id,
        org_calendars.c.organization_id,
        org_calendars.c.calendar_id,
        calendars.c.connection_id,
        calendars.c.provider,
        func.coalesce(calendars.c.name, calendars.c.remote_id).label("calendar_name"),
        connections.c.account_email,
        connections.c.status,
        org_calendars.c.sync_interval_minutes,
        connections.c.last_sync_at,
        calendars.c.user_id,
        org_calendars.c.created_at,
    )
    .join(calendars, calendars.c.id == org_calendars.c.calendar_id)
    .join(connections, connections.c.id == calendars.c.connection_id)
)


def _not_found() -> NotFound:
    return NotFound("org_calendar", "No such calendar of the organisation.")


def _org_calendar(row: Row[Any]) -> OrgCalendar:
    return OrgCalendar(
        id=OrgCalendarId(row.id),
        organization_id=OrganizationId(row.organization_id),
        connection_id=ConnectionId(row.connection_id),
        calendar_id=CalendarId(row.calendar_id),
        provider=ProviderName(row.provider),
        calendar_name=row.calendar_name,
        account_email=row.account_email,
        is_active=row.status == ConnectionStatus.ACTIVE,
        sync_interval_minutes=row.sync_interval_minutes,
        last_sync_at=row.last_sync_at,
        created_by=UserId(row.user_id),
        created_at=row.created_at,
    )
