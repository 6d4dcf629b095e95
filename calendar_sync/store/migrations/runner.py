"""Runs the migrations: as a whole or not at all, and by one process at a time."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

CURRENT = "0008_request_budgets"
"""The version of this program. A store that has it is known at a glance; Alembic is loaded for the others only."""

NO_STORE = "There is no store at CALENDAR_SYNC_DATABASE_URL yet: run `calendar-sync migrate`."

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
    if not _is_current(connection):
        from calendar_sync.store.migrations import versioning  # noqa: PLC0415 - slow to import, and seldom needed

        versioning.upgrade(connection)


def _expect_current(connection: Connection) -> None:
    if not _is_current(connection):
        from calendar_sync.store.migrations import versioning  # noqa: PLC0415 - slow to import, and seldom needed

        versioning.refuse(connection)


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [CURRENT]
