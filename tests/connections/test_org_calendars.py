"""An organisation's calendars: chosen by name from an administrator's own account, and theirs to sync and let go of."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from calendar_sync.connections.org_calendars import OrgCalendarService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import (
    Conflict,
    Disconnected,
    Invalid,
    NotFound,
    NotPermitted,
    RateLimited,
    Unavailable,
)
from calendar_sync.domain.identifiers import ConnectionId, OrgCalendarId
from calendar_sync.domain.org_calendars import OrgCalendar, OrgCalendarRequest
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.schedule import DueReason
from calendar_sync.domain.sync import SyncResult, Tally
from calendar_sync.store.database import Database
from calendar_sync.sync.overview import ScheduleService
from calendar_sync.sync.pace import Pace
from tests.connections.office import Office, an_office
from tests.connections.world import on_one_database
from tests.sync.scripted import ScriptedProvider
from tests.sync.world import a_world

UNKNOWN = OrgCalendarId(f"mcorg_{'a' * 24}")


@pytest.fixture
async def office(database: Database) -> AsyncGenerator[Office]:
    async with an_office(database) as office:
        yield office


# Choosing


async def test_a_calendar_of_an_account_that_was_never_synced_is_found_by_syncing_it(office: Office) -> None:
    created = await office.create()

    assert (created.calendar_name, created.account_email, created.provider) == (
        "Team",
        "ada@example.com",
        "google_calendar",
    )
    assert (created.connection_id, created.created_by) == (office.connection, office.admin.user_id)
    assert created.organization_id == office.admin.organization_id
    assert created.is_active
    assert created.last_sync_at is not None
    assert await office.service.list(office.admin) == [created]


async def test_one_that_is_known_is_chosen_without_a_sync(office: Office) -> None:
    await office.sync()
    office.google.simulator.log.clear()

    await office.create()

    assert list(office.google.simulator.log) == []


async def test_one_that_was_made_since_the_last_sync_is_found_too(office: Office) -> None:
    await office.sync()
    office.google.ada.add_calendar("Brand new")

    assert (await office.create("Brand new")).calendar_name == "Brand new"


@on_one_database
@pytest.mark.parametrize("name", ["Team", "tEAM", "  team ", "team@example.com", "TEAM@example.com"])
async def test_it_is_named_or_identified_in_upper_or_lower_case(office: Office, name: str) -> None:
    assert (await office.create(name)).calendar_name == "Team"


@on_one_database
async def test_calendars_of_the_same_name_are_told_apart_by_their_identifier(office: Office) -> None:
    office.google.ada.add_calendar("TEAM", id="other@example.com")

    refused = await office.refusal(office.wanted("team"))

    assert refused.field == "calendar_name"
    assert refused.message == (
        "Several calendars have this name; say which by its identifier: other@example.com, team@example.com."
    )
    other = await office.create("other@example.com")
    assert other.calendar_id != (await office.create("team@example.com")).calendar_id


@on_one_database
async def test_an_exact_identifier_wins_over_a_name_that_reads_the_same(office: Office) -> None:
    office.google.ada.add_calendar("team@example.com", id="impostor@example.com")

    assert (await office.create("team@example.com")).calendar_name == "Team"


@on_one_database
async def test_the_same_calendar_is_chosen_once(office: Office) -> None:
    created = await office.create()

    for again in ("Team", "team@example.com"):
        with pytest.raises(Conflict):
            await office.create(again)
    assert await office.service.list(office.admin) == [created]


async def test_of_two_who_choose_it_at_once_one_does(office: Office) -> None:
    await office.sync()

    outcomes = await asyncio.gather(office.create(), office.create(), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {Conflict, OrgCalendar}
    assert len(await office.service.list(office.admin)) == 1


async def test_an_account_that_is_disconnected_meanwhile_is_not_there(office: Office) -> None:
    async def disconnecting(actor: Actor, connections: Sequence[ConnectionId]) -> SyncResult:
        for connection in connections:
            await office.google.process.connections.disconnect(actor, connection)
        return SyncResult((), 0, Tally(), ())

    refused = await replace(office, service=replace(office.service, sync_connections=disconnecting)).refusal(
        office.wanted()
    )

    assert refused.field == "credential_id"


@on_one_database
async def test_the_address_is_compared_whatever_its_case(office: Office) -> None:
    created = await office.service.create(office.admin, office.wanted(account_email=" ADA@Example.com "))

    assert created.account_email == "ada@example.com"


# What does not fit together


@on_one_database
@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (ProviderName.APPLE_CALENDAR, "The provider must be one of google_calendar, outlook_calendar, zoom."),
        (ProviderName.CALDAV, "The provider must be one of google_calendar, outlook_calendar, zoom."),
        (ProviderName.ICS, "The provider must be one of google_calendar, outlook_calendar, zoom."),
        (ProviderName.ZOOM, "The account is one of google_calendar."),
    ],
)
async def test_the_provider_must_be_the_account_s(office: Office, provider: ProviderName, message: str) -> None:
    refused = await office.refusal(office.wanted(provider=provider))

    assert (refused.field, refused.message) == ("provider", message)
    assert await office.runs() == 0, "nothing is synced for it"


@on_one_database
@pytest.mark.parametrize("address", ["", "eve@example.com"])
async def test_the_address_must_be_the_account_s(office: Office, address: str) -> None:
    refused = await office.refusal(office.wanted(account_email=address))

    assert (refused.field, refused.message) == (
        "account_email",
        "This is not the address of the account, which is ada@example.com.",
    )
    assert await office.runs() == 0


async def test_the_account_must_be_one_s_own(office: Office) -> None:
    colleague, stranger = await office.colleague(), await office.stranger()

    for actor in (colleague, stranger):
        with pytest.raises(Invalid) as refused:
            await office.service.create(actor, office.wanted())
        assert refused.value.field == "credential_id"
    for none in ("tcred_none", "x", "\0"):
        assert (await office.refusal(office.wanted(credential_id=ConnectionId(none)))).field == "credential_id"


@on_one_database
@pytest.mark.parametrize("name", ["", "Tea", "Holidays"])
async def test_an_unknown_name_is_told_which_there_are(office: Office, name: str) -> None:
    refused = await office.refusal(office.wanted(name))

    assert refused.field == "calendar_name"
    assert refused.message == (
        "None of the account's calendars that are read has this name; they are: ada@example.com, Team."
    )


@on_one_database
async def test_of_very_many_names_some_are_told(office: Office) -> None:
    for number in range(30):
        office.google.ada.add_calendar(f"Room {number:02}")

    message = (await office.refusal(office.wanted("Room"))).message

    assert message.endswith("Room 18, ….")


@on_one_database
async def test_a_calendar_that_is_not_selected_is_not_there_to_choose(office: Office) -> None:
    await office.sync()
    connections = office.google.process.connections
    await connections.select_calendars(office.admin, office.connection, [])

    refused = await office.refusal(office.wanted())

    assert (refused.field, refused.message) == ("calendar_name", "No calendar of the account is read.")


@on_one_database
@pytest.mark.parametrize("minutes", [-1, 0, 1441])
async def test_an_interval_has_its_bounds(office: Office, minutes: int) -> None:
    refused = await office.refusal(office.wanted(sync_interval_minutes=minutes))

    assert refused.field == "sync_interval_minutes"


@on_one_database
@pytest.mark.parametrize("minutes", [1, 1440])
async def test_an_interval_within_them_is_kept(office: Office, minutes: int) -> None:
    wanted = office.wanted(sync_interval_minutes=minutes)

    assert (await office.service.create(office.admin, wanted)).sync_interval_minutes == minutes


async def next_sync(office: Office) -> tuple[timedelta, DueReason]:
    """In how long it is due, and why."""
    service = ScheduleService(office.service.database, office.google.process.clock, Pace())
    found = (await service.schedules(office.admin, [office.connection]))[office.connection]
    assert found.next_sync_at is not None
    return found.next_sync_at - office.google.process.clock(), found.reason


async def test_a_shorter_interval_holds_at_once_and_ends_with_the_next_sync_after_it_was_let_go(office: Office) -> None:
    await office.sync()
    minute = timedelta(minutes=1)
    created = await office.service.create(office.admin, office.wanted(sync_interval_minutes=1))
    due_in, reason = await next_sync(office)
    assert (reason, due_in <= minute) == (DueReason.ORGANIZATION_INTERVAL, True)

    await office.sync()
    due_in, reason = await next_sync(office)
    assert (reason, due_in <= 1.25 * minute) == (DueReason.ORGANIZATION_INTERVAL, True)

    await office.service.delete(office.admin, created.id)
    assert (await next_sync(office))[1] is DueReason.ORGANIZATION_INTERVAL
    await office.sync()
    due_in, reason = await next_sync(office)
    assert (reason, due_in > 3 * minute) == (DueReason.INTERVAL, True)


async def test_a_longer_interval_holds_from_the_next_sync_on(office: Office) -> None:
    await office.sync()
    before = await next_sync(office)
    await office.service.create(office.admin, office.wanted(sync_interval_minutes=600))
    due_in, reason = await next_sync(office)
    assert (reason, due_in <= before[0]) == (DueReason.INTERVAL, True)

    await office.sync()
    assert (await next_sync(office))[0] > timedelta(hours=7)


@on_one_database
async def test_a_provider_that_fails_is_told_apart_from_a_wrong_name(database: Database) -> None:
    provider = ScriptedProvider(ProviderName.GOOGLE_CALENDAR)
    provider.calendar("team")
    async with a_world(database, provider) as world:
        service, admin = (
            OrgCalendarService(database, world.service.sync, world.clock, Pace().spread),
            replace(world.actor, is_admin=True),
        )
        wanted = OrgCalendarRequest(provider.name, world.connection.id, "Team", "someone@example.com")

        provider.before_listing = RateLimited("Google wants to be asked less often.")
        with pytest.raises(Unavailable, match="asked less often"):
            await service.create(admin, wanted)
        provider.before_listing = None

        assert (await service.create(admin, wanted)).calendar_name == "team"


@on_one_database
async def test_a_grant_that_ended_asks_for_a_reconnect_unless_the_calendar_is_known(office: Office) -> None:
    await office.sync()
    office.google.simulator.authority.withdraw(office.google.simulator.authority.clients["client"], office.google.ada)

    with pytest.raises(Disconnected):
        await office.create("Made since")
    assert not (await office.create()).is_active


# Who may


async def test_nobody_but_administrators_may(office: Office) -> None:
    created = await office.create()
    member = await office.colleague(is_admin=False)
    owner = replace(office.admin, is_admin=False)
    service = office.service

    for actor in (member, owner):
        for attempt in (
            partial(service.list, actor),
            partial(service.create, actor, office.wanted()),
            partial(service.delete, actor, created.id),
            partial(service.delete, actor, UNKNOWN),
            partial(service.sync, actor, created.id),
        ):
            with pytest.raises(NotPermitted):
                await attempt()
    assert await service.list(office.admin) == [created]


async def test_another_organisation_s_is_not_there(office: Office) -> None:
    created = await office.create()
    stranger = await office.stranger()
    runs = await office.runs()

    assert await office.service.list(stranger) == []
    for attempt in (office.service.delete, office.service.sync):
        for calendar in (created.id, UNKNOWN):
            with pytest.raises(NotFound):
                await attempt(stranger, calendar)
    assert await office.service.list(office.admin) == [created]
    assert await office.runs() == runs


async def test_every_administrator_syncs_and_lets_go_of_all_of_their_organisation(office: Office) -> None:
    created = await office.create()
    colleague = await office.colleague()

    result = await office.service.sync(colleague, created.id)

    assert (result.synced_calendars, list(result.errors)) == (2, [])
    assert [run.connection_id for run in result.runs] == [office.connection]
    assert await office.service.list(colleague) == await office.service.list(office.admin)
    await office.service.delete(colleague, created.id)
    assert await office.service.list(office.admin) == []
    assert [each.id for each in await office.google.listed()] == [office.connection]


async def test_disconnecting_the_account_ends_it(office: Office) -> None:
    created = await office.create()

    await office.google.process.connections.disconnect(office.admin, office.connection)

    assert await office.service.list(office.admin) == []
    with pytest.raises(NotFound):
        await office.service.sync(office.admin, created.id)
