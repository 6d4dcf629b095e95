"""A migration on PostgreSQL gives way to whoever is at work, and neither stops nor disturbs those who come after it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from secrets import token_hex

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store.database import Database
from calendar_sync.store.migrations import versioning
from tests.builders import an_actor
from tests.databases import PostgreSQL
from tests.store.test_migrations import upgrade_to

BEFORE = "0006_sync_queue"


@pytest.fixture
async def url(postgresql: PostgreSQL) -> AsyncGenerator[str]:
    """Of a store that the next migration changes every table of."""
    with postgresql.an_empty_database() as url:
        await at(url, lambda connection: connection.run_sync(upgrade_to, BEFORE))
        yield url


async def at(url: str, work: Callable[[AsyncConnection], Awaitable[object]]) -> object:
    async with connected(url) as connection:
        done = await work(connection)
        await connection.commit()
        return done


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def scalar(statement: str) -> Callable[[AsyncConnection], Awaitable[object]]:
    return lambda connection: connection.scalar(text(statement))


_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def is_waited_for(url: str) -> None:
    """Return once the migration stands at a table that it does not get."""
    while not await at(url, scalar(f"{_LOCKS} AND NOT granted")):  # noqa: ASYNC110 - the event is PostgreSQL's
        await asyncio.sleep(0.01)


async def is_given_up(url: str) -> None:
    """Return once it holds nothing, and waits for nothing."""
    while await at(url, scalar(_LOCKS)):  # noqa: ASYNC110 - the event is PostgreSQL's
        await asyncio.sleep(0.01)


async def policies(url: str) -> object:
    return await at(url, scalar("SELECT count(*) FROM pg_policies"))


READ = "SELECT count(*) FROM occurrences"


async def test_a_migration_that_a_long_transaction_keeps_off_gives_up_and_changes_nothing(url: str) -> None:
    database = await Database.open(url)
    async with connected(url) as reading:
        await reading.execute(text(READ))
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            await database.migrate(patience=0.5)
    assert await policies(url) == 0
    assert await at(url, scalar("SELECT version_num FROM alembic_version")) == BEFORE

    await database.migrate()
    await database.ready()
    await database.close()


async def test_a_migration_waits_its_turn_while_everybody_else_is_served(url: str) -> None:
    database = await Database.open(url)
    async with connected(url) as reading:
        await reading.execute(text(READ))
        migrating = asyncio.create_task(database.migrate())
        for _ in range(2):  # it comes again
            await is_waited_for(url)
            async with asyncio.timeout(5):
                assert await at(url, scalar(READ)) == 0
            await is_given_up(url)
        assert not migrating.done()
    await migrating
    await database.ready()
    await database.close()
    assert await policies(url) != 0


async def test_two_that_migrate_while_a_long_transaction_runs_both_succeed_in_the_end(url: str) -> None:
    databases = [await Database.open(url) for _ in range(2)]
    async with connected(url) as reading:
        await reading.execute(text(READ))
        migrating = asyncio.gather(*(database.migrate() for database in databases))
        await is_waited_for(url)
    await migrating
    for database in databases:
        await database.ready()
        await database.close()


@pytest.fixture
def owned_url(postgresql: PostgreSQL) -> Generator[str]:
    """Of an empty database whose owner is no superuser."""
    owner = f"owner_{token_hex(4)}"
    postgresql.execute(f"CREATE ROLE {owner} LOGIN")
    with postgresql.an_empty_database() as url:
        name = make_url(url).database
        postgresql.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
        yield postgresql.url(str(name), owner)
    postgresql.execute(f"DROP ROLE {owner}")


async def test_a_migration_by_an_owner_who_is_no_superuser_changes_the_rows_of_everybody(
    owned_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row-level security is forced on the owner, too."""
    database = await Database.open(owned_url)
    await database.migrate()
    for name in ("Acme", "Other"):
        await an_actor(database, f"someone@{name}", organization=name)
    await at(owned_url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = 'x'")))
    changed = []

    def upgrade(connection: Connection) -> None:
        changed.append(connection.execute(text("UPDATE users SET is_admin = true")).rowcount)

    monkeypatch.setattr(versioning, "upgrade", upgrade)
    await database.migrate()
    await database.close()
    assert changed == [2]
