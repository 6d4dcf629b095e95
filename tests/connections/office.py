"""An administrator with an account at a simulated Google, who makes its calendars the organisation's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from calendar_sync.connections.org_calendars import OrgCalendarService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.org_calendars import OrgCalendar, OrgCalendarRequest
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.database import Database
from calendar_sync.sync.pace import Pace
from tests.builders import an_actor
from tests.connections.world import AtGoogle, at_google


@dataclass(frozen=True)
class Office:
    """An administrator with a Google account that is connected and was not synced yet."""

    google: AtGoogle
    service: OrgCalendarService
    admin: Actor
    connection: ConnectionId

    def wanted(
        self,
        calendar_name: str = "Team",
        *,
        provider: ProviderName = ProviderName.GOOGLE_CALENDAR,
        credential_id: ConnectionId | None = None,
        account_email: str = "ada@example.com",
        sync_interval_minutes: int = 5,
    ) -> OrgCalendarRequest:
        return OrgCalendarRequest(
            provider, credential_id or self.connection, calendar_name, account_email, sync_interval_minutes
        )

    async def create(self, calendar_name: str = "Team") -> OrgCalendar:
        return await self.service.create(self.admin, self.wanted(calendar_name))

    async def refusal(self, wanted: OrgCalendarRequest) -> Invalid:
        """Of what nothing came."""
        with pytest.raises(Invalid) as refused:
            await self.service.create(self.admin, wanted)
        assert await self.service.list(self.admin) == []
        return refused.value

    async def sync(self) -> None:
        assert not (await self.google.process.sync.sync(self.admin)).errors

    async def runs(self) -> int:
        return len(await self.google.process.sync.runs(self.admin, limit=100))

    async def colleague(self, *, is_admin: bool = True) -> Actor:
        return await an_actor(self.service.database, "colleague@example.com", is_admin=is_admin)

    async def stranger(self) -> Actor:
        return await an_actor(self.service.database, "x@example.com", organization="Other", is_admin=True)


@asynccontextmanager
async def an_office(database: Database) -> AsyncGenerator[Office]:
    async with at_google(database) as google:
        google.ada.add_calendar("Team", id="team@example.com")
        process = google.process
        service = OrgCalendarService(database, process.sync.sync, process.clock, Pace(chance=lambda: 0.5).spread)
        connection = (await google.connect()).connection.id
        yield Office(google, service, replace(google.actor, is_admin=True), connection)
