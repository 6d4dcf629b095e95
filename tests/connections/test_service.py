"""Connecting, choosing and disconnecting accounts, on either database: one's own alone, and secrets kept as such."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

import pytest

from calendar_sync.connections.service import ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import AddressRefused, Invalid, NotFound
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.providers import Account, ProviderName
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import unseal
from tests.builders import an_actor, an_event
from tests.sync.scripted import ScriptedProvider
from tests.sync.world import KEY, World, a_world

OTHER_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    """A user with one connection, whose calendars `main` and `team` hold an event each, synced."""
    async with a_world(database) as world:
        for name in ("main", "team"):
            world.provider.calendar(name).put(an_event(f"{name} 1", title=name))
        await world.sync()
        yield world


async def a_stranger(world: World) -> Actor:
    return await an_actor(world.database, "stranger@example.com", organization="Other")


async def ids(world: World, *names: str) -> list[CalendarId]:
    calendars = await world.connections.calendars(world.actor, world.connection.id)
    return [calendar.id for calendar in calendars if calendar.remote.remote_id in names]


async def event_count(world: World) -> int:
    return (await world.connections.get(world.actor, world.connection.id)).event_count


# Connecting


async def test_an_account_is_active_once_it_is_connected_and_holds_nothing_yet(world: World) -> None:
    overview = await world.connections.connect(world.actor, "caldav", {"username": "another"})

    assert overview.connection.status is ConnectionStatus.ACTIVE
    assert (overview.connection.last_sync_at, overview.event_count) == (None, 0)


async def test_the_same_account_keeps_its_connection_and_another_gets_its_own(world: World) -> None:
    same = await world.connections.connect(world.actor, "caldav", {"username": "someone"})
    other = await world.connections.connect(world.actor, "caldav", {"username": "another"})

    assert same.connection.id == world.connection.id
    assert same.event_count == 2
    assert other.connection.id != same.connection.id
    listed = await world.connections.list(world.actor)
    assert [each.connection.id for each in listed] == [same.connection.id, other.connection.id], "the oldest first"


async def test_two_users_of_the_same_account_have_a_connection_each(world: World) -> None:
    stranger = await a_stranger(world)

    theirs = await world.connections.connect(stranger, "caldav", {"username": "someone"})

    assert theirs.connection.id != world.connection.id
    assert theirs.event_count == 0


async def test_new_credentials_take_the_place_of_the_old_ones_and_neither_is_stored_readably(world: World) -> None:
    for password in ("old canary", "new canary"):
        await world.connections.connect(world.actor, "caldav", {"username": "someone", "password": password})

    async with world.database.begin(write=False) as tx:
        stored = await tx.connections.ciphertext(world.connection.id)
    assert "canary" not in stored
    kept = unseal(Keyring.of(KEY), world.connection.id, stored)
    assert kept == Account("someone", "someone@example.com", {"username": "someone", "password": "new canary"})


@pytest.mark.parametrize(
    ("provider", "credentials", "field"),
    [
        ("nonsense", {}, "provider"),
        ("", {}, "provider"),
        ("google_calendar", {}, "provider"),
        ("caldav", {"username": 5}, "credentials.username"),
        ("caldav", {"username": None}, "credentials.username"),
        ("caldav", {"username": ["someone"]}, "credentials.username"),
    ],
)
async def test_what_cannot_be_connected_names_the_field(
    world: World, provider: str, credentials: Mapping[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        await world.connections.connect(world.actor, provider, credentials)

    assert invalid.value.field == field


class RefusingProvider(ScriptedProvider):
    async def connect(self, credentials: Mapping[str, str]) -> Account:
        raise AddressRefused("The address cannot be reached.")


async def test_an_account_that_its_provider_refuses_leaves_what_there_is_as_it_was(world: World) -> None:
    before = await world.connections.list(world.actor)
    refusing = replace(world.connections, providers={ProviderName.CALDAV: RefusingProvider()})

    with pytest.raises(AddressRefused):
        await refusing.connect(world.actor, "caldav", {"username": "someone"})

    assert await world.connections.list(world.actor) == before


async def test_only_providers_that_are_set_up_are_available(world: World) -> None:
    both = {ProviderName.ICS: ScriptedProvider(), ProviderName.CALDAV: ScriptedProvider()}

    assert world.connections.available_providers() == [ProviderName.CALDAV]
    assert replace(world.connections, providers=both).available_providers() == [ProviderName.CALDAV, ProviderName.ICS]


# Keys


async def test_keys_that_open_what_is_stored_are_accepted_and_others_refused_before_anything_is_done(
    world: World,
) -> None:
    def having(keys: str) -> ConnectionService:
        return replace(world.connections, keyring=Keyring.of(keys))

    await having(KEY).expect_keys()
    await having(f"{OTHER_KEY},{KEY}").expect_keys()
    with pytest.raises(Invalid, match="CALENDAR_SYNC_ENCRYPTION_KEYS"):
        await having(OTHER_KEY).expect_keys()


async def test_any_key_will_do_while_nothing_is_stored(world: World) -> None:
    await world.connections.disconnect(world.actor, world.connection.id)

    await replace(world.connections, keyring=Keyring.of(OTHER_KEY)).expect_keys()


# Disconnecting


async def test_disconnecting_removes_the_connection_its_calendars_and_its_events(world: World) -> None:
    await world.connections.connect(world.actor, "caldav", {"username": "another"})

    await world.connections.disconnect(world.actor, world.connection.id)

    (left,) = await world.connections.list(world.actor)
    assert left.connection.id != world.connection.id
    assert await world.connections.calendars(world.actor) == []
    with pytest.raises(NotFound):
        await world.connections.disconnect(world.actor, world.connection.id)


async def test_an_account_connected_after_it_was_disconnected_is_read_from_the_start(world: World) -> None:
    await world.connections.disconnect(world.actor, world.connection.id)
    await world.connections.connect(world.actor, "caldav", {"username": "someone"})

    result = await world.sync()

    assert (result.tally.new, result.errors) == (2, ())


# Choosing calendars


async def test_events_of_calendars_that_are_not_chosen_go_and_come_back_with_the_next_sync(world: World) -> None:
    await world.connections.select_calendars(world.actor, world.connection.id, await ids(world, "main"))
    assert await event_count(world) == 1

    await world.connections.select_calendars(world.actor, world.connection.id, await ids(world, "main", "team"))
    assert await event_count(world) == 1
    await world.sync()
    assert await event_count(world) == 2


async def test_choosing_what_is_chosen_already_changes_nothing(world: World) -> None:
    chosen = await ids(world, "main", "team")

    calendars = await world.connections.select_calendars(world.actor, world.connection.id, [*chosen, *chosen])

    assert {calendar.id for calendar in calendars if calendar.is_selected} == set(chosen)
    assert await event_count(world) == 2
    assert (await world.sync()).tally.new == 0


async def test_a_calendar_of_another_connection_cannot_be_chosen_and_the_choice_stands(world: World) -> None:
    other = await world.connections.connect(world.actor, "caldav", {"username": "another"})
    with pytest.raises(NotFound, match="calendar"):
        await world.connections.select_calendars(world.actor, other.connection.id, await ids(world, "main"))
    with pytest.raises(NotFound, match="calendar"):
        await world.connections.select_calendars(world.actor, world.connection.id, [CalendarId("cal_none")])

    calendars = await world.connections.calendars(world.actor, world.connection.id)
    assert [calendar.is_selected for calendar in calendars] == [True, True]


async def test_calendars_of_many_connections_come_in_one_answer(world: World) -> None:
    other = await world.connections.connect(world.actor, "caldav", {"username": "another"})
    nobody = ConnectionId("tcred_none")

    found = await world.connections.calendars_of(world.actor, [other.connection.id, world.connection.id, nobody])

    assert {connection: len(calendars) for connection, calendars in found.items()} == {
        other.connection.id: 0,
        world.connection.id: 2,
        nobody: 0,
    }


# Strangers


async def test_another_user_finds_nothing_and_changes_nothing(world: World) -> None:
    stranger, mine = await a_stranger(world), world.connection.id
    chosen = await ids(world, "main")

    for attempt in (
        world.connections.get(stranger, mine),
        world.connections.calendars(stranger, mine),
        world.connections.select_calendars(stranger, mine, chosen),
        world.connections.disconnect(stranger, mine),
    ):
        with pytest.raises(NotFound):
            await attempt

    assert await world.connections.list(stranger) == []
    assert await world.connections.calendars(stranger) == []
    assert await world.connections.calendars_of(stranger, [mine]) == {mine: []}
    assert await event_count(world) == 2
