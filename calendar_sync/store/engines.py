"""Connections to SQLite and PostgreSQL, each set up as the store needs them."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, NullPool, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from calendar_sync.domain.errors import Invalid

SQLITE_LOCK_TIMEOUT = 5.0
"""Seconds to wait for a writer in another process. Those of this one queue and never meet at the lock."""
POSTGRESQL_LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer of the same rows."""
MIGRATION_LOCK_TIMEOUT = 60.0
"""Seconds to wait for another process that is migrating the same SQLite file."""

_READERS = 8
_WAIT_FOR_TURN = 30.0  # seconds, for a connection of the pool


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

    async def dispose(self) -> None:
        for engine in dict.fromkeys((self.writing, self.reading, self.migrating)):
            await engine.dispose()


def open_engines(url: str, lock_timeout: float | None = None) -> Engines:
    """Raises `Invalid` for an address that is neither a SQLite file nor a PostgreSQL database."""
    parsed = _parsed(url)
    if parsed.drivername == "sqlite+aiosqlite":
        return _on_sqlite(sqlite_path(url), SQLITE_LOCK_TIMEOUT if lock_timeout is None else lock_timeout)
    if parsed.drivername == "postgresql+asyncpg":
        return _on_postgresql(parsed, POSTGRESQL_LOCK_TIMEOUT if lock_timeout is None else lock_timeout)
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
            connect_args={"timeout": lock_timeout, "factory": _SQLite},
            pool_size=size,
            max_overflow=0,
            pool_timeout=_WAIT_FOR_TURN,
            hide_parameters=True,
        )

    writing, reading = pooled(1), pooled(_READERS)
    migrating = create_async_engine(
        _file(path, "rwc"),
        connect_args={"timeout": MIGRATION_LOCK_TIMEOUT, "factory": _SQLite},
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


def _on_postgresql(url: URL, lock_timeout: float) -> Engines:
    settings = {"application_name": "calendar-sync", "timezone": "UTC", "jit": "off"}
    engine = create_async_engine(
        url,
        connect_args={"timeout": 10, "server_settings": settings | {"lock_timeout": f"{lock_timeout}s"}},
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=_WAIT_FOR_TURN,
        hide_parameters=True,
    )
    migrating = create_async_engine(
        url, connect_args={"timeout": 10, "server_settings": settings}, poolclass=NullPool, hide_parameters=True
    )
    return Engines(engine, engine, migrating)
