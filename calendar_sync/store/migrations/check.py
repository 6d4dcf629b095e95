"""Whether the migrations make exactly the tables that the program works with."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.sql.schema import SchemaItem

from calendar_sync.store.engines import open_engines
from calendar_sync.store.migrations.runner import CURRENT, upgrade
from calendar_sync.store.migrations.versioning import newest
from calendar_sync.store.queue_tables import queue_settings
from calendar_sync.store.tables import metadata


def differences(connection: Connection) -> list[str]:
    """What a further migration would have to do to the migrated store at `connection`, one line each."""
    context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
    found = [str(step) for step in compare_metadata(context, metadata)]
    if newest(connection) != CURRENT:
        found.append(f"the program to expect {newest(connection)}, not {CURRENT}")
    return found


def _is_ours(_: SchemaItem, name: str | None, *__: object) -> bool:
    return name is None or not name.startswith(queue_settings().queue_table)


async def _differences_of_a_new_store(file: Path) -> list[str]:
    engines = open_engines(f"sqlite+aiosqlite:///{file}")
    async with engines.migrating.connect() as connection:
        await upgrade(connection)
        return await connection.run_sync(differences)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_differences_of_a_new_store(Path(folder) / "store.db"))
    for difference in found:
        sys.stderr.write(f"The migrations lack: {difference}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
