"""Any store becomes one of this version, whoever else is at it; a newer one is refused."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.store.database import Database
from calendar_sync.store.migrations import check
from tests.builders import an_actor
from tests.databases import PostgreSQL, sqlite_url

MIGRATE = """
import asyncio, sys
from calendar_sync.store.database import Database
async def main():
    database = await Database.open(sys.argv[1])
    await database.migrate()
    await database.ready()
    await database.close()
asyncio.run(main())
"""


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[str]:
    """The address of a store that is not there yet."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "store.db")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.an_empty_database() as url:
        yield url


async def migrate(url: str) -> None:
    database = await Database.open(url)
    try:
        await database.migrate()
        await database.ready()
    finally:
        await database.close()


async def execute(url: str, statement: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database, database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(check.differences) == []
    await engine.dispose()


def test_the_check_passes_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0
    assert capsys.readouterr() == ("", "")


async def test_a_table_that_no_migration_makes_is_a_difference(empty_url: str) -> None:
    await migrate(empty_url)
    engine = create_async_engine(empty_url)
    async with engine.connect() as connection:
        await connection.execute(text("DROP TABLE event_problems"))
        (missing,) = await connection.run_sync(check.differences)
    await engine.dispose()
    assert "event_problems" in missing


async def test_migrating_again_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    database = await Database.open(empty_url)
    await an_actor(database)
    await database.migrate()
    async with database.begin(write=False) as tx:
        assert await tx.accounts.organization_by_name("Acme") is not None
    await database.close()


async def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_url, stderr=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    outcomes = [(await process.communicate())[1] for process in processes]
    assert outcomes == [b"", b""]
    assert [process.returncode for process in processes] == [0, 0]


async def test_a_migration_that_fails_half_way_leaves_nothing_behind(empty_url: str) -> None:
    """Its last table is there already, so all the others are made and taken back."""
    await execute(empty_url, "CREATE VIEW event_problems AS SELECT 1 AS one")
    with pytest.raises(Exception, match="event_problems"):
        await migrate(empty_url)
    await execute(empty_url, "DROP VIEW event_problems")
    await migrate(empty_url)


INSERT_AS_THE_FIRST_VERSION_DID = """
INSERT INTO connections (id, user_id, organization_id, provider, identity_hash, credentials, status, requested_seq,
    done_seq, epoch, created_at)
VALUES ('tcred_old', '{user}', '{organization}', 'ics', 'x', 'sealed', 'active', 0, 0, 0, CURRENT_TIMESTAMP)
"""


async def test_a_server_of_the_first_version_may_go_on_writing_to_the_store_of_this_one(empty_url: str) -> None:
    """So that servers can be replaced one after the other."""
    await migrate(empty_url)
    database = await Database.open(empty_url)
    actor = await an_actor(database)
    old = INSERT_AS_THE_FIRST_VERSION_DID.format(user=actor.user_id, organization=actor.organization_id)
    await execute(empty_url, old)

    async with database.begin(write=False) as tx:
        stored = await tx.credentials.read(ConnectionId("tcred_old"))
    await database.close()
    assert stored is not None
    assert (stored.ciphertext, stored.version) == ("sealed", 0)


async def test_a_store_of_the_first_version_keeps_what_it_has(empty_url: str) -> None:
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade_to, "0001_initial")
        for statement in A_USER:
            await connection.execute(text(statement))
        await connection.execute(text(INSERT_AS_THE_FIRST_VERSION_DID.format(user="usr_1", organization="org_1")))
    await engine.dispose()

    await migrate(empty_url)

    database = await Database.open(empty_url)
    async with database.begin(write=False) as tx:
        stored = await tx.credentials.read(ConnectionId("tcred_old"))
    await database.close()
    assert stored is not None
    assert (stored.ciphertext, stored.version) == ("sealed", 0)


A_USER = (
    "INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', CURRENT_TIMESTAMP)",
    "INSERT INTO users (id, organization_id, is_admin, created_at) VALUES ('usr_1', 'org_1', false, CURRENT_TIMESTAMP)",
)


def upgrade_to(connection: Connection, revision: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "calendar_sync.store:migrations")
    command.upgrade(config, revision)


async def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(empty_url: str) -> None:
    await migrate(empty_url)
    await execute(empty_url, "UPDATE alembic_version SET version_num = '9999_from_the_future'")
    database = await Database.open(empty_url)
    for refused in (database.migrate, database.ready):
        with pytest.raises(StoreUnavailable, match="newer version"):
            await refused()
    await database.close()


async def test_a_store_that_was_never_migrated_is_told_to_be(empty_url: str) -> None:
    database = await Database.open(empty_url)
    await execute(empty_url, "CREATE TABLE of_nobody (x INTEGER)")
    with pytest.raises(StoreUnavailable, match="calendar-sync migrate"):
        await database.ready()
    await database.close()


async def test_a_database_of_another_program_is_left_alone(empty_url: str) -> None:
    await execute(empty_url, "CREATE TABLE users (name TEXT)")
    with pytest.raises(StoreUnavailable, match="another program"):
        await migrate(empty_url)


async def test_a_migrated_sqlite_file_lets_readers_and_the_writer_work_at_once(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.db")
    await migrate(url)
    database = await Database.open(url)
    async with database.begin() as writing, database.begin(write=False) as reading:
        await writing.accounts.organization_by_name("Acme")
        pragmas = {
            name: (await reading.connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout", "query_only")
        }
    await database.close()
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 5000,
        "query_only": 1,
    }
