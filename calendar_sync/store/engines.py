"""Connections to SQLite and PostgreSQL, each set up as the store needs them."""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import cast
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy import URL, Connection, NullPool, event, make_url
from sqlalchemy.engine.interfaces import AdaptedConnection, DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from calendar_sync.domain.errors import Invalid
from calendar_sync.store import one_trip
from calendar_sync.store.row_security import SETTING

SQLITE_LOCK_TIMEOUT = 5.0
"""Seconds to wait for a writer in another process. Those of this one queue and never meet at the lock."""
POSTGRESQL_LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer of the same rows."""
MIGRATION_LOCK_TIMEOUT = 60.0
"""Seconds to wait for another process that is migrating the same SQLite file."""
POSTGRESQL_CONNECTIONS = 10
"""Connections to PostgreSQL of one process: six processes fit in the 100 that it lets in where nothing else is set."""
SCOPE = "calendar_sync_scope"
"""The execution option by which a transaction on PostgreSQL says whom it serves (`store.row_security`)."""

_READERS = 8
_WAIT_FOR_TURN = 30.0  # seconds, for a connection of the pool
_SURELY_THERE = 1.0  # seconds after it was used
_LONGEST_PAUSE = 20  # seconds within a transaction: a process that is frozen there holds others up no longer


@dataclass(frozen=True, slots=True)
class Engines:
    """`writing` and `reading` are one and the same on PostgreSQL.

    On SQLite, which takes one writer at a time, the writers of this process queue for its one writing connection
    instead of meeting at the lock of the file, and a reading connection cannot write.
    """

    writing: AsyncEngine
    reading: AsyncEngine
    migrating: AsyncEngine
    file: Path | None = None

    @property
    def keeps_statements(self) -> bool:
        """Whether a statement may be prepared before it is executed, where no transaction keeps to one session."""
        return self.writing.url.query.get("prepared_statement_cache_size") != "0"

    async def dispose(self) -> None:
        for engine in dict.fromkeys((self.writing, self.reading, self.migrating)):
            await engine.dispose()


def open_engines(url: str, lock_timeout: float | None = None, connections: int = POSTGRESQL_CONNECTIONS) -> Engines:
    """`connections` are the most to PostgreSQL; further transactions wait for one to be free, half a minute at most.

    Raises `Invalid` for an address that is neither a SQLite file nor a PostgreSQL database.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite+aiosqlite":
        return _on_sqlite(sqlite_path(url), SQLITE_LOCK_TIMEOUT if lock_timeout is None else lock_timeout)
    if parsed.drivername == "postgresql+asyncpg":
        waits = POSTGRESQL_LOCK_TIMEOUT if lock_timeout is None else lock_timeout
        return _on_postgresql(parsed, waits, connections)
    raise Invalid("The database must be sqlite+aiosqlite:///… or postgresql+asyncpg://….", field="database_url")


def sqlite_path(url: str) -> Path:
    """The file of a SQLite address, absolute. Raises `Invalid` where it names none."""
    name = _parsed(url).database
    if name is None or name in {"", ":memory:"} or name.startswith("file:"):
        raise Invalid("A SQLite database must be a file.", field="database_url")
    return Path(name).absolute()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as err:
        raise Invalid("The database address cannot be read.", field="database_url") from err


class _SQLite(sqlite3.Connection):
    """Undoes its transaction when it is closed.

    SQLite itself keeps the transaction, and the lock, for as long as a cursor is around: one that was left behind
    by a task that was cancelled, until the garbage collector finds it.
    """

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        super().close()


def _on_sqlite(path: Path, lock_timeout: float) -> Engines:
    def pooled(size: int) -> AsyncEngine:
        return create_async_engine(
            _file(path, "rw"),
            connect_args={"timeout": lock_timeout, "factory": _SQLite, "async_creator_fn": one_trip.connect},
            pool_size=size,
            max_overflow=0,
            pool_timeout=_WAIT_FOR_TURN,
            pool_use_lifo=True,  # few calls go by few connections, and the others' caches stay empty
            hide_parameters=True,
        )

    writing, reading = pooled(1), pooled(_READERS)
    migrating = create_async_engine(
        _file(path, "rwc"),
        connect_args={"timeout": MIGRATION_LOCK_TIMEOUT, "factory": _SQLite, "async_creator_fn": one_trip.connect},
        poolclass=NullPool,
        hide_parameters=True,
    )
    _prepare(writing, _PRAGMAS, "BEGIN IMMEDIATE")
    _prepare(reading, (*_PRAGMAS, "PRAGMA query_only = ON"), "BEGIN")
    _prepare(migrating, (*_PRAGMAS, "PRAGMA journal_mode = WAL"), "BEGIN IMMEDIATE")
    for engine in (writing, reading):
        _follow(engine, path)
    return Engines(writing, reading, migrating, path)


# FULL: what was acknowledged survives a power cut. WAL is a property of the file: the migration sets it.
_PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL", "PRAGMA temp_store = MEMORY")


def _file(path: Path, mode: str) -> URL:
    """Only a migration creates the file (`rwc`): a file that vanished must never come back empty."""
    return URL.create(
        "sqlite+aiosqlite", database=f"file:{quote(path.as_posix())}", query={"mode": mode, "uri": "true"}
    )


def _prepare(engine: AsyncEngine, pragmas: Sequence[str], begin: str) -> None:
    """Take transactions out of the driver's hands, which would begin them late and without the lock."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(pragma)
            cursor.close()
        except BaseException:  # SQLAlchemy knows it as a connection only once it is set up, and would leave it open
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _follow(engine: AsyncEngine, path: Path) -> None:
    """Open the file anew where it was taken away or replaced: to the system, an open file outlives its name.

    What is written to a file without a name is lost, and nobody would be told.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["file"] = _identity(path)

    @event.listens_for(engine.sync_engine, "checkout")
    def on_checkout(_: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        if entry.info["file"] != _identity(path):
            raise DisconnectionError


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _on_postgresql(url: URL, lock_timeout: float, connections: int) -> Engines:
    """What a transaction needs is set with the transaction, so that the next one may have another session.

    Hence PgBouncer may stand between in transaction mode: from version 1.21 on with `max_prepared_statements` above 0,
    before with `?prepared_statement_cache_size=0` in the address. Neither could be tried here.
    """
    keeps_statements = url.query.get("prepared_statement_cache_size") != "0"
    session = {
        "timeout": 10,
        "server_settings": {"application_name": "calendar-sync", "timezone": "UTC"},
        **({} if keeps_statements else _NOTHING_PREPARED),
    }
    engine = create_async_engine(
        url,
        connect_args=session,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_WAIT_FOR_TURN,
        hide_parameters=True,
    )
    _expect_answers(engine)
    _say_whom_it_serves(engine, f"{lock_timeout}s")
    migrating = create_async_engine(url, connect_args=session, poolclass=NullPool, hide_parameters=True)
    return Engines(engine, engine, migrating)


# asyncpg's own cache, and statements without a name: each is forgotten with the next.
_NOTHING_PREPARED = {"statement_cache_size": 0, "prepared_statement_name_func": str}


def _say_whom_it_serves(engine: AsyncEngine, lock_timeout: str) -> None:
    """One statement at the beginning of each transaction, for all that ends with it. Compiling (`jit`) never pays."""
    settings = (
        f"set_config('{SETTING}', $1, true), set_config('lock_timeout', $2, true), set_config('jit', 'off', true), "
        f"set_config('idle_in_transaction_session_timeout', '{_LONGEST_PAUSE}s', true)"
    )

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":  # there is nothing to begin
            return
        scope = connection.get_execution_options().get(SCOPE, "")
        connection.exec_driver_sql(f"SELECT {settings}", (scope, lock_timeout))


def _expect_answers(engine: AsyncEngine) -> None:
    """Replace a connection that was lost while nobody used it: as `pool_pre_ping`, in one round trip, not in three.

    One that was in use a moment ago is taken as it is.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def on_checkin(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def on_checkout(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if time.monotonic() - entry.info.get("used_at", -inf) < _SURELY_THERE:
            return
        try:
            cast(AdaptedConnection, connection).run_async(lambda driver: driver.execute("SELECT"))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as err:
            raise DisconnectionError from err
