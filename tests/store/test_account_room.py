"""Only so many runs over one account at a time, whoever connected it and wherever they run."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from tests.builders import NOW, a_connection, an_actor
from tests.store.test_cost import counted, plan_of

TTL = timedelta(seconds=30)


def everywhere(most: int) -> Mapping[ProviderName, int]:
    return dict.fromkeys(ProviderName, most)


async def connected(
    database: Database, number: int, *, identity: str = "shared", provider: ProviderName = ProviderName.CALDAV
) -> Sequence[Connection]:
    """So many users who connected one account."""
    actors = [await an_actor(database, f"{identity}-{provider}-{each}@example.com") for each in range(number)]
    found = [await a_connection(database, actor, provider=provider, identity=identity) for actor in actors]
    async with database.begin() as tx:
        await tx.requests.ask([each.id for each in found], Trigger.SCHEDULE, NOW, until=NOW)
    return found


async def leased(database: Database, connection: Connection, most: int, after: timedelta = timedelta()) -> bool:
    """Whether a run over it could begin."""
    async with database.begin() as tx:
        if not await tx.connections.account_has_room(connection.id, everywhere(most), NOW + after):
            return False
        await asyncio.sleep(0.01)  # for the others to look meanwhile
        return await tx.requests.begin(connection.id, "one", TTL, NOW + after) is not None


@pytest.mark.parametrize("most", [1, 2, 4])
async def test_of_all_who_begin_at_once_as_many_may_as_there_is_room_for(database: Database, most: int) -> None:
    connections = await connected(database, 8)

    assert sum(await asyncio.gather(*(leased(database, each, most) for each in connections))) == most


async def test_room_is_free_again_when_a_lease_is_given_back_or_has_run_out(database: Database) -> None:
    first, second, third = await connected(database, 3)
    assert await leased(database, first, 1)
    assert not await leased(database, second, 1)
    assert await leased(database, second, 1, after=TTL + timedelta(microseconds=1))

    async with database.begin() as tx:
        await tx.connections.interrupt(second.id)

    assert await leased(database, third, 1, after=TTL + timedelta(microseconds=1))


async def test_a_connection_does_not_take_its_own_room(database: Database) -> None:
    """Whether its lease can be taken over is for `begin` to say."""
    first, _ = await connected(database, 2)
    assert await leased(database, first, 1)

    async with database.begin() as tx:
        assert await tx.connections.account_has_room(first.id, everywhere(1), NOW)


async def test_accounts_do_not_take_one_anothers_room(database: Database) -> None:
    for each in await connected(database, 2):
        assert await leased(database, each, 2)

    (other,) = await connected(database, 1, identity="other")
    (elsewhere,) = await connected(database, 1, provider=ProviderName.ICS)

    assert await leased(database, other, 1)
    assert await leased(database, elsewhere, 1)


async def test_where_there_is_room_for_all_nobody_waits_for_anybody(database: Database) -> None:
    first, second = await connected(database, 2)
    async with database.begin(write=False) as one, database.begin(write=False) as other, asyncio.timeout(10):
        assert await one.connections.account_has_room(first.id, everywhere(2), NOW)
        assert await other.connections.account_has_room(second.id, everywhere(2), NOW)


async def test_a_connection_that_is_gone_takes_no_room(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.connections.account_has_room(ConnectionId("tcred_none"), everywhere(1), NOW)


async def test_the_other_connections_are_found_by_an_index(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    first, *_ = await connected(database, 3)
    async with database.begin() as tx:
        with counted() as cost:
            await tx.connections.account_has_room(first.id, everywhere(1), NOW)
    await database.close()

    steps = [step for statement, rows in cost.sent for step in plan_of(sqlite_path(sqlite_url), statement, rows)]
    by_account = "INDEX ix_connections_provider_identity_hash (provider=? AND identity_hash=?)"
    assert cost.statements == 2
    assert sum(by_account in step for step in steps) == 2, steps
