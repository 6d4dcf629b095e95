"""Connections to PostgreSQL: how many there are, and that a session keeps nothing of the transactions it served."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store import engines
from calendar_sync.store.database import Database
from tests.builders import a_connection, an_actor
from tests.databases import PostgreSQL


@pytest.fixture
async def url(postgresql: PostgreSQL) -> AsyncGenerator[str]:
    """Of a database that nobody else has open."""
    with postgresql.a_migrated_database() as url:
        yield url


async def scalar(database: Database, statement: str) -> object:
    async with database.begin(write=False) as tx:
        found: object = await tx.connection.scalar(text(statement))
    return found


async def test_a_process_opens_no_more_connections_than_it_may(url: str) -> None:
    database = await Database.open(url, connections=3)
    sessions = 0

    async def work() -> None:
        nonlocal sessions
        async with database.begin() as tx:
            found = await tx.connection.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            )
            sessions = max(sessions, found or 0)

    await asyncio.gather(*(work() for _ in range(12)))
    await database.close()
    assert sessions == 3


async def test_a_connection_that_is_waited_for_in_vain_is_told_of(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_WAIT_FOR_TURN", 0.05)
    database = await Database.open(url, connections=1)
    async with database.begin():
        with pytest.raises(StoreUnavailable, match="more to do than it can"):
            await an_actor(database)
    await an_actor(database)
    await database.close()


async def test_a_session_says_at_its_beginning_only_what_a_pooler_lets_through(url: str) -> None:
    """PgBouncer ends a connection that says more than these (`ignore_startup_parameters`)."""
    database = await Database.open(url)
    said = await scalar(database, "SELECT string_agg(name, ' ') FROM pg_settings WHERE source = 'client'")
    await database.close()
    assert set(str(said).split()) == {"application_name", "client_encoding", "TimeZone"}


@pytest.mark.parametrize("setting", ["calendar_sync.organization_id", "lock_timeout", "jit"])
async def test_what_a_transaction_sets_ends_with_it(url: str, setting: str) -> None:
    database = await Database.open(url, connections=1)
    async with database.begin() as tx:
        inside = await tx.connection.scalar(text(f"SELECT current_setting('{setting}')"))
        await tx.connection.commit()
        raw = await tx.connection.get_raw_connection()
        outside = await raw.driver_connection.fetchval(f"SELECT current_setting('{setting}')")  # type: ignore[union-attr]
    await database.close()
    assert (inside, outside) in {("*", ""), ("30s", "0"), ("off", "on")}


PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"


async def test_where_the_address_says_so_no_statement_is_prepared_under_a_name(url: str) -> None:
    """As a pooler needs it that does not know of prepared statements."""
    counts = {}
    for address in (url, f"{url}&prepared_statement_cache_size=0"):
        database = await Database.open(address, connections=1)
        await a_connection(database, await an_actor(database, f"{len(address)}@example.com"))
        counts[address] = await scalar(database, PREPARED)
        await database.close()
    assert counts[f"{url}&prepared_statement_cache_size=0"] == 0
    assert counts[url] != 0
