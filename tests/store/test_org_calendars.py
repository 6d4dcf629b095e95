"""Calendars of organisations: one organisation's alone, each once, gone with the connection they come by."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar, Connection, ConnectionStatus
from calendar_sync.domain.errors import Conflict, NotFound
from calendar_sync.domain.identifiers import OrgCalendarId
from calendar_sync.domain.org_calendars import OrgCalendar
from calendar_sync.domain.providers import ProviderName, RemoteCalendar
from calendar_sync.domain.sync import Trigger
from calendar_sync.store import tables
from calendar_sync.store.database import Database
from tests.builders import NOW, a_calendar, a_connection, an_actor

LATER = NOW + timedelta(hours=1)


@dataclass(frozen=True)
class Office:
    """An administrator with a Google account that has one calendar, `main`."""

    database: Database
    admin: Actor
    connection: Connection
    calendar: Calendar

    async def add(self, calendar: Calendar | None = None, *, minutes: int = 5) -> OrgCalendar:
        async with self.database.begin() as tx:
            return await tx.org_calendars.add(self.admin, (calendar or self.calendar).id, minutes, NOW)

    async def listed(self, actor: Actor | None = None) -> list[OrgCalendar]:
        async with self.database.begin(write=False) as tx:
            return list(await tx.org_calendars.list(actor or self.admin))


async def an_office(database: Database, email: str = "admin@example.com", organization: str = "Acme") -> Office:
    admin = await an_actor(database, email, organization=organization, is_admin=True)
    connection = await a_connection(database, admin, provider=ProviderName.GOOGLE_CALENDAR, email=email)
    return Office(database, admin, connection, await a_calendar(database, connection))


@pytest.fixture
async def office(database: Database) -> Office:
    return await an_office(database)


async def test_a_calendar_of_the_organisation_says_what_it_is_and_comes_by(office: Office) -> None:
    added = await office.add(minutes=30)

    assert added == OrgCalendar(
        id=added.id,
        organization_id=office.admin.organization_id,
        connection_id=office.connection.id,
        calendar_id=office.calendar.id,
        provider=ProviderName.GOOGLE_CALENDAR,
        calendar_name="main",
        account_email="admin@example.com",
        is_active=True,
        sync_interval_minutes=30,
        last_sync_at=None,
        created_by=office.admin.user_id,
        created_at=NOW,
    )
    assert await office.listed() == [added]


async def test_it_follows_its_connection_and_its_calendar(office: Office) -> None:
    added = await office.add()
    async with office.database.begin() as tx:
        await tx.requests.ask([office.connection.id], Trigger.USER, NOW, until=LATER)
        begun = await tx.requests.begin(office.connection.id, "process", timedelta(seconds=9), NOW)
        assert begun is not None
        await tx.connections.release(begun.lease, begun.serves, synced_at=LATER)
        await tx.connections.mark(office.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
        await tx.calendars.describe(office.calendar.id, RemoteCalendar("main", name="Renamed"))

    assert await office.listed() == [replace(added, is_active=False, last_sync_at=LATER, calendar_name="Renamed")]


async def test_a_calendar_without_a_name_is_called_by_its_identifier(office: Office) -> None:
    async with office.database.begin() as tx:
        listed = await tx.calendars.reconcile(office.connection, [RemoteCalendar("main"), RemoteCalendar("x1")], NOW)
    nameless = next(calendar for calendar in listed if calendar.remote.remote_id == "x1")

    assert (await office.add(nameless)).calendar_name == "x1"


async def test_the_same_calendar_is_added_once(office: Office) -> None:
    added = await office.add()

    with pytest.raises(Conflict):
        await office.add(minutes=7)
    assert await office.listed() == [added]


async def test_they_are_listed_oldest_first(office: Office) -> None:
    team = await a_calendar(office.database, office.connection, "team")
    async with office.database.begin() as tx:
        later = await tx.org_calendars.add(office.admin, team.id, 5, LATER)
    earlier = await office.add()

    assert await office.listed() == [earlier, later]


async def test_letting_go_leaves_the_connection_and_the_calendar(office: Office) -> None:
    added = await office.add()
    async with office.database.begin() as tx:
        await tx.org_calendars.delete(office.admin, added.id)
        with pytest.raises(NotFound) as missing:
            await tx.org_calendars.delete(office.admin, added.id)

        assert missing.value.kind == "org_calendar"
        assert await tx.connections.get(office.admin, office.connection.id) == office.connection
        assert await tx.calendars.list(office.admin) == [office.calendar]
    assert await office.listed() == []
    assert (await office.add()).id != added.id


async def test_disconnecting_takes_it_along(office: Office) -> None:
    await office.add()
    async with office.database.begin() as tx:
        await tx.connections.delete(office.admin, office.connection.id)

    async with office.database.begin(write=False) as tx:
        assert await tx.connection.scalar(select(func.count()).select_from(tables.org_calendars)) == 0


async def test_a_calendar_that_the_provider_no_longer_lists_stays_the_organisation_s(office: Office) -> None:
    added = await office.add()
    async with office.database.begin() as tx:
        await tx.calendars.reconcile(office.connection, [RemoteCalendar("another")], LATER)

    assert await office.listed() == [added]


async def test_all_of_an_organisation_see_the_same_and_another_organisation_nothing(office: Office) -> None:
    added = await office.add()
    colleague = await an_actor(office.database, "colleague@example.com", is_admin=True)
    stranger = await an_office(office.database, "stranger@example.com", "Other")

    assert await office.listed(colleague) == [added]
    assert await stranger.listed() == []
    async with office.database.begin() as tx:
        assert await tx.org_calendars.get(colleague, added.id) == added
        for attempt in (tx.org_calendars.get, tx.org_calendars.delete):
            with pytest.raises(NotFound):
                await attempt(stranger.admin, added.id)
    assert await office.listed() == [added]


async def test_whatever_is_asked_for_can_be_looked_for(office: Office) -> None:
    async with office.database.begin(write=False) as tx:
        for text in ("", "mcorg_", "\0", "\ud800", "x" * 10_000):
            with pytest.raises(NotFound):
                await tx.org_calendars.get(office.admin, OrgCalendarId(text))
