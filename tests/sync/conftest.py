import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from calendar_sync.store.database import Database
from tests.databases import a_migrated_file, scratch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store() -> AsyncGenerator[Database]:
    """One for all tests of a module, for what no database has a part in; each brings its own users."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        database = await Database.open(a_migrated_file(Path(folder)))
        yield database
        await database.close()
