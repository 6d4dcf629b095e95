"""Runs the migrations: as a whole or not at all, by one process at a time, and without holding anybody up for long.

On PostgreSQL a statement that waits for a table keeps everybody out who asks for that table after it. So it waits for
half a second, less than PostgreSQL takes to look for a deadlock; then all is undone, and tried again a little later.
"""

import asyncio
import random
import time

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store import failures
from calendar_sync.store.migrations.grants import grant_to_applications
from calendar_sync.store.row_security import EVERYBODY, SETTING

CURRENT = "0015_webhooks"
"""The version of this program. A store that has it is known at a glance; Alembic is loaded for the others only."""

PATIENCE = 60.0
"""Seconds after which a migration gives up that long transactions, or another migration, kept from its tables."""

NO_STORE = "There is no store at CALENDAR_SYNC_DATABASE_URL yet: run `calendar-sync migrate`."
_IN_USE = (
    "Other transactions hold tables that must be changed, or another process is migrating: nothing was changed. "
    "Run `calendar-sync migrate` again when they have ended."
)

_LOCK = 4_927_301_185_520  # any number, the same in every process: PostgreSQL's advisory lock of migrations
_BEGIN = text("SELECT set_config('lock_timeout', '500ms', true), set_config(:setting, :everybody, true)")
_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_WRITE = text("UPDATE alembic_version SET version_num = version_num")  # a SQLite file lets begin who may only read
_LONGEST_PAUSE = 2.0  # seconds between the tries


async def upgrade(connection: AsyncConnection, role: str | None = None, patience: float = PATIENCE) -> None:
    """Bring the store to the current version, in one transaction, alone.

    On PostgreSQL `role` may use all its tables then, as may those that were named before (`grants`). Raises
    `StoreUnavailable`, also after so many seconds of `patience`, or `Invalid` for a role that is not suitable.
    """
    ends, pause = time.monotonic() + patience, 0.1
    while not await _upgraded(connection, role):
        if time.monotonic() + pause > ends:
            raise StoreUnavailable(_IN_USE)
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that two do not meet again
        pause = min(2 * pause, _LONGEST_PAUSE)


async def expect_current(connection: AsyncConnection) -> None:
    """Raise `StoreUnavailable` unless the store is of this program's version."""
    async with connection.begin():
        await connection.run_sync(_expect_current)


async def expect_usable(connection: AsyncConnection) -> None:
    """The same for a program that is running: a newer version, made under it, is as good (decision 15)."""
    async with connection.begin():
        await connection.run_sync(_expect_usable)


async def _upgraded(connection: AsyncConnection, role: str | None) -> bool:
    """`False` where others held what is needed, and everything was undone."""
    try:
        async with connection.begin():  # on SQLite this takes the write lock
            await connection.run_sync(_upgrade, role)
    except DBAPIError as err:
        if connection.dialect.name == "postgresql" and failures.is_conflict(err):
            return False
        raise
    return True


def _upgrade(connection: Connection, role: str | None) -> None:
    is_shared = connection.dialect.name == "postgresql"
    if is_shared:
        connection.execute(_BEGIN, {"setting": SETTING, "everybody": EVERYBODY})
        connection.execute(_ALONE, {"lock": _LOCK})
    if not _is_current(connection):
        from calendar_sync.store.migrations import versioning  # noqa: PLC0415 - slow to import, and seldom needed

        versioning.upgrade(connection)
    if is_shared:
        grant_to_applications(connection, role)
    else:
        connection.execute(_WRITE)


def _expect_current(connection: Connection) -> None:
    if not _is_current(connection):
        from calendar_sync.store.migrations import versioning  # noqa: PLC0415 - slow to import, and seldom needed

        versioning.refuse(connection)


def _expect_usable(connection: Connection) -> None:
    if not _is_current(connection):
        from calendar_sync.store.migrations import versioning  # noqa: PLC0415 - slow to import, and seldom needed

        versioning.refuse_unless_newer(connection)


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [CURRENT]
