"""Whether the migrations make exactly the tables that the program works with."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from calendar_sync.store.engines import open_engines
from calendar_sync.store.migrations.runner import CURRENT, upgrade
from calendar_sync.store.migrations.versioning import newest
from calendar_sync.store.tables import metadata


def differences(connection: Connection) -> list[str]:
    """What a further migration would have to do to the migrated store at `connection`, one line each."""
    found = [str(step) for step in compare_metadata(MigrationContext.configure(connection), metadata)]
    if newest(connection) != CURRENT:
        found.append(f"the program to expect {newest(connection)}, not {CURRENT}")
    return found


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
