"""Whether the migrations make exactly the tables that the program works with, and take nothing from older servers."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.sql.schema import SchemaItem

from calendar_sync.store.engines import open_engines
from calendar_sync.store.migrations.expansion import contractions
from calendar_sync.store.migrations.runner import CURRENT
from calendar_sync.store.migrations.versioning import alembic_config, newest
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


def faults(connection: Connection) -> list[str]:
    """What is wrong with the migrations, one line each. Leaves the empty store at `connection` migrated."""
    narrowed = [
        f"A migration is no expansion: {line}." for line in contractions(connection, alembic_config(connection))
    ]
    return narrowed + [f"The migrations lack: {difference}" for difference in differences(connection)]


async def _faults(file: Path) -> list[str]:
    engines = open_engines(f"sqlite+aiosqlite:///{file}")
    async with engines.migrating.begin() as connection:
        return await connection.run_sync(faults)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_faults(Path(folder) / "store.db"))
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
