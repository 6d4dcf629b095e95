"""Runs the migrations: as a whole or not at all, and by one process at a time."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store.tables import metadata

_NEWER = "The store was made by a newer version of calendar-sync: install that version, or a later one."
_OLDER = "The store is of an older version: run `calendar-sync migrate`."
NO_STORE = "There is no store at CALENDAR_SYNC_DATABASE_URL yet: run `calendar-sync migrate`."
_FOREIGN = "The database holds tables of another program: give calendar-sync a database of its own."

_LOCK = 4_927_301_185_520  # any number, the same in every process: PostgreSQL's advisory lock of migrations


async def upgrade(connection: AsyncConnection) -> None:
    """Bring the store to the current version, in one transaction, alone. Raises `StoreUnavailable`."""
    async with connection.begin():  # on SQLite this takes the write lock
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)


async def expect_current(connection: AsyncConnection) -> None:
    """Raise `StoreUnavailable` unless the store is of this program's version."""
    async with connection.begin():
        await connection.run_sync(_expect_current)


def _upgrade(connection: Connection) -> None:
    config = _config(connection)
    if not _is_current(connection, config):
        command.upgrade(config, "head")


def _expect_current(connection: Connection) -> None:
    config = _config(connection)
    if not _is_current(connection, config):
        has_any = MigrationContext.configure(connection).get_current_heads()
        raise StoreUnavailable(_OLDER if has_any else NO_STORE)


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "calendar_sync.store:migrations")
    return config


def _is_current(connection: Connection, config: Config) -> bool:
    scripts = ScriptDirectory.from_config(config)
    found = set(MigrationContext.configure(connection).get_current_heads())
    if found - {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnavailable(_NEWER)
    if not found and metadata.tables.keys() & set(inspect(connection).get_table_names()):
        raise StoreUnavailable(_FOREIGN)
    return found == set(scripts.get_heads())
