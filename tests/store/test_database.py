"""Opening the store, its transactions, and what is said when a database cannot serve."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from calendar_sync.domain.errors import Invalid, StoreUnavailable
from calendar_sync.store.database import Database
from calendar_sync.store.failures import reason_of, reported
from tests.builders import NOW, an_actor
from tests.databases import PostgreSQL, a_migrated_file, sqlite_url


async def organizations(database: Database) -> list[str]:
    async with database.begin(write=False) as tx:
        return list((await tx.connection.execute(text("SELECT name FROM organizations ORDER BY name"))).scalars())


async def test_a_transaction_is_committed_on_leaving(database: Database) -> None:
    async with database.begin() as tx:
        await tx.accounts.create_organization("Acme", NOW)
    assert await organizations(database) == ["Acme"]


async def test_a_transaction_is_undone_on_an_exception_which_passes_unchanged(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as tx:
            await tx.accounts.create_organization("Acme", NOW)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await fail()
    assert await organizations(database) == []


async def test_a_transaction_that_reads_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.begin(write=False) as tx:
            await tx.accounts.create_organization("Acme", NOW)

    with pytest.raises(StoreUnavailable, match="read-only"):
        await write()
    assert await organizations(database) == []


async def test_a_transaction_that_reads_sees_one_state_throughout(database: Database) -> None:
    async with database.begin(write=False) as reading:
        before = await reading.accounts.organization_by_name("Acme")
        await an_actor(database)
        assert await reading.accounts.organization_by_name("Acme") is before is None
    assert await organizations(database) == ["Acme"]


async def test_writers_of_one_process_take_turns(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.begin() as tx:
            await tx.accounts.create_organization(f"Acme {number:02}", NOW)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert await organizations(database) == [f"Acme {number:02}" for number in range(20)]


async def test_a_violated_constraint_is_no_failure_of_the_database(database: Database) -> None:
    async def violate() -> None:
        async with database.begin() as tx:
            await tx.connection.execute(
                text("INSERT INTO users (id, organization_id, is_admin, created_at) VALUES ('u', 'none', :no, :now)"),
                {"no": False, "now": None},
            )

    with pytest.raises(IntegrityError):
        await violate()


async def test_no_parameter_of_a_statement_stands_in_an_error(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as tx:
            await tx.connection.execute(text("SELECT :secret FROM nowhere"), {"secret": "canary"})

    with pytest.raises(DBAPIError) as failed:
        await fail()
    assert "canary" not in str(failed.value)


async def test_a_migrated_store_is_ready(database: Database) -> None:
    await database.ready()


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "sqlite:///x.db", "mysql+aiomysql://x/y", "nonsense"]
)
async def test_an_address_that_is_no_store_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        await Database.open(url)
    assert refused.value.field == "database_url"


async def test_a_directory_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="directory") as refused:
        await Database.open(sqlite_url(tmp_path / "missing" / "store.db"))
    assert str(tmp_path) not in refused.value.message


async def test_a_file_is_created_by_a_migration_and_by_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "odd name #1 ü.db"
    database = await Database.open(sqlite_url(file))
    with pytest.raises(StoreUnavailable, match="calendar-sync migrate"):
        await database.ready()
    assert list(tmp_path.iterdir()) == []
    await database.migrate()
    await database.ready()
    await database.close()
    assert list(tmp_path.iterdir()) == [file]


async def test_a_file_that_vanished_does_not_come_back_empty(tmp_path: Path) -> None:
    database = await Database.open(a_migrated_file(tmp_path))
    (tmp_path / "store.db").unlink()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await an_actor(database)
    await database.close()
    assert not (tmp_path / "store.db").exists()


async def test_a_store_that_was_never_migrated_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()
    database = await Database.open(sqlite_url(tmp_path / "store.db"))
    with pytest.raises(StoreUnavailable, match="migrate"):
        await database.ready()
    await database.close()


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"My grandmother's recipes" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await Database.open(sqlite_url(file))
    assert file.read_bytes() == b"My grandmother's recipes" * 1000


async def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    url = a_migrated_file(tmp_path)
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(StoreUnavailable, match="damaged"):
        await Database.open(url)


async def test_a_file_that_another_process_has_locked_is_waited_for_and_then_said_to_be_locked(tmp_path: Path) -> None:
    database = await Database.open(a_migrated_file(tmp_path), lock_timeout=0.05)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await an_actor(database)
    assert await organizations(database) == []
    other.execute("ROLLBACK")
    await an_actor(database)
    other.close()
    await database.close()


def broken(statements: list[str], uri: str) -> sqlite3.Error:
    connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error as error:
        return error
    finally:
        connection.close()
    raise AssertionError("SQLite took it all.")


def test_a_full_and_a_read_only_file_are_said_to_be_so(tmp_path: Path) -> None:
    a_migrated_file(tmp_path)
    uri = f"file:{tmp_path}/store.db"
    fill = ["PRAGMA max_page_count = 1", "CREATE TABLE more (x)", "INSERT INTO more VALUES (zeroblob(1000000))"]
    full, read_only = broken(fill, uri), broken(["CREATE TABLE more (x)"], f"{uri}?mode=ro")
    assert reason_of(DBAPIError("", None, full)) == "The disk or the database is full; nothing was written."
    assert reason_of(DBAPIError("", None, read_only)) == "The database is read-only; nothing was written."
    assert reason_of(DBAPIError("", None, broken(["SELECT nonsense"], uri))) is None


def test_too_many_transactions_at_once_are_said_to_be() -> None:
    with pytest.raises(StoreUnavailable, match="more to do"), reported():
        raise PoolTimeout


WRITE = """
import asyncio, sys
from datetime import UTC, datetime
from calendar_sync.store.database import Database
async def main():
    database = await Database.open(sys.argv[1])
    for number in range(100_000):
        async with database.begin() as tx:
            await tx.accounts.create_organization(f"{number:06}", datetime.now(UTC))
        print(number, flush=True)
asyncio.run(main())
"""


async def test_what_was_acknowledged_outlasts_a_process_that_is_killed(database: Database, database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITE, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(25):
        await process.stdout.readline()
    process.kill()
    told = 25 + len((await process.stdout.read()).splitlines())
    await process.wait()
    stored = await organizations(database)
    assert stored[:told] == [f"{number:06}" for number in range(told)]
    assert len(stored) <= told + 1
    await an_actor(database)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+asyncpg://postgres@127.0.0.1:1/x", "cannot be reached"),
        ("postgresql+asyncpg://postgres@/x?host=/nowhere", "cannot be reached"),
        ("postgresql+asyncpg://postgres@/nothing?host={socket}", "does not exist"),
        ("postgresql+asyncpg://nobody@/postgres?host={socket}", "refuses the user"),
    ],
)
async def test_a_server_that_does_not_let_us_in_is_told_in_one_sentence(
    url: str, reason: str, postgresql: PostgreSQL
) -> None:
    with pytest.raises(StoreUnavailable, match=reason):
        await Database.open(url.format(socket=postgresql.socket))


async def test_a_server_that_ended_our_connections_is_used_again(postgresql_url: str) -> None:
    database = await Database.open(postgresql_url)

    async def be_ended() -> None:
        async with database.begin() as tx:
            await tx.accounts.create_organization("Lost", NOW)
            async with database.begin() as other:
                await other.connection.execute(text("SET LOCAL application_name = 'the one that stays'"))
                await other.connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            await tx.accounts.create_organization("Lost too", NOW)

    with pytest.raises(StoreUnavailable):
        await be_ended()
    await an_actor(database)
    assert await organizations(database) == ["Acme"]
    await database.close()


async def test_a_row_that_another_transaction_holds_is_waited_for_and_then_said_to_be_locked(
    postgresql_url: str,
) -> None:
    database = await Database.open(postgresql_url, lock_timeout=0.05)
    await an_actor(database)

    async def write_what_is_held() -> None:
        async with database.begin() as holding, database.begin() as waiting:
            for tx in (holding, waiting):
                await tx.connection.execute(text("UPDATE organizations SET name = 'Other'"))

    with pytest.raises(StoreUnavailable, match="locked"):
        await write_what_is_held()
    await database.close()
