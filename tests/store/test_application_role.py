"""The role that a server is let in as on PostgreSQL: it may do what a running server does, and nothing else."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from calendar_sync.domain.errors import Invalid, StoreUnavailable
from calendar_sync.store.database import Database
from calendar_sync.store.tables import metadata
from tests.databases import OWNER, PostgreSQL, sqlite_url

IN_USE = {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.fixture
def role(postgresql: PostgreSQL) -> Generator[str]:
    """One that owns nothing and was granted nothing, of a name that has to be quoted."""
    name = f'web "{token_hex(4)}'
    postgresql.execute(f"CREATE ROLE {quoted(name)} LOGIN")
    yield name
    postgresql.execute(f"DROP ROLE {quoted(name)}")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Owned:
    """A migrated database, as its owner sees it."""

    database: Database
    url: str

    async def execute(self, statement: str, **values: str) -> None:
        async with self.database.begin() as tx:
            await tx.connection.execute(text(statement), values)

    async def privileges(self, role: str) -> dict[str, set[str]]:
        """What the role was granted, by table and sequence; for nobody to be found who was granted nothing."""
        statement = text(
            "SELECT relname, privilege_type FROM pg_class, aclexplode(relacl) AS granted "
            "WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = :role)"
        )
        found: dict[str, set[str]] = {}
        async with self.database.begin() as tx:
            for name, privilege in await tx.connection.execute(statement, {"role": role}):
                found.setdefault(name, set()).add(privilege)
        return found

    async def names(self, kind: str) -> set[str]:
        """Of all tables (`r`) or sequences (`S`)."""
        statement = text(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind::text = :kind"
        )
        async with self.database.begin() as tx:
            return set((await tx.connection.execute(statement, {"kind": kind})).scalars())


@pytest.fixture
async def owned(postgresql: PostgreSQL) -> AsyncGenerator[Owned]:
    with postgresql.an_empty_database() as url:
        database = await Database.open(url)
        await database.migrate()
        yield Owned(database, url)
        await database.close()


async def expect_what_a_server_needs(owned: Owned, role: str) -> None:
    tables, sequences = await owned.names("r"), await owned.names("S")
    assert metadata.tables.keys() < tables
    assert sequences
    wanted = dict.fromkeys(tables, IN_USE) | {"alembic_version": {"SELECT"}}
    assert await owned.privileges(role) == wanted | {name: {"USAGE", "SELECT"} for name in sequences}


async def test_the_role_may_use_every_table_and_change_none(role: str, owned: Owned) -> None:
    assert await owned.privileges(role) == {}
    for _ in range(2):
        await owned.database.migrate(role)
        await expect_what_a_server_needs(owned, role)
    assert await owned.privileges("public") == {}


async def test_a_role_that_was_named_once_may_use_what_later_migrations_add(role: str, owned: Owned) -> None:
    await owned.database.migrate(role)
    await owned.execute("CREATE TABLE added_later (id BIGSERIAL)")

    await owned.database.migrate()

    await expect_what_a_server_needs(owned, role)
    await owned.execute("DROP TABLE added_later")


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE event_problems",
        "DROP TABLE event_problems",
        "ALTER TABLE events DISABLE ROW LEVEL SECURITY",
        "DROP POLICY organization ON events",
        "CREATE TABLE mine (x INTEGER)",
        "UPDATE alembic_version SET version_num = 'x'",
        "SET ROLE postgres",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
async def test_the_role_may_not(statement: str, postgresql_url: str) -> None:
    database = await Database.open(postgresql_url)

    async def execute() -> None:
        async with database.begin() as tx:
            await tx.connection.execute(text(statement))

    with pytest.raises((StoreUnavailable, ProgrammingError), match=r"permission|owner"):
        await execute()
    await database.close()


async def test_the_role_finds_nothing_to_migrate(postgresql_url: str) -> None:
    database = await Database.open(postgresql_url)
    await database.migrate()
    await database.close()


async def test_a_role_that_is_not_there_is_told_of(owned: Owned) -> None:
    with pytest.raises(Invalid, match="no such role") as refused:
        await owned.database.migrate("nobody at all")
    assert refused.value.field == "application_role"


@pytest.mark.parametrize("option", ["SUPERUSER", "BYPASSRLS"])
async def test_a_role_that_row_level_security_does_not_bind_is_refused(option: str, role: str, owned: Owned) -> None:
    await owned.execute(f"ALTER ROLE {quoted(role)} {option}")
    with pytest.raises(Invalid, match="BYPASSRLS"):
        await owned.database.migrate(role)
    assert await owned.privileges(role) == {}


async def test_one_who_could_act_as_the_one_that_migrates_is_refused(role: str, owned: Owned) -> None:
    await owned.execute(f"GRANT {OWNER} TO {quoted(role)}")
    with pytest.raises(Invalid, match="migrates"):
        await owned.database.migrate(role)


async def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    database = await Database.open(sqlite_url(tmp_path / "store.db"))
    with pytest.raises(Invalid, match="PostgreSQL only"):
        await database.migrate("web")
    assert not (tmp_path / "store.db").exists()
    await database.close()


async def test_it_is_known_whether_the_database_keeps_organisations_apart(owned: Owned, postgresql_url: str) -> None:
    bound = await Database.open(postgresql_url)
    assert await bound.keeps_apart()
    assert not await owned.database.keeps_apart()
    await bound.close()
