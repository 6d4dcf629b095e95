from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests import databases
from tests.web.door import Door, a_door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Door]:
    """One server for all tests of a module; each brings its own users and feeds."""
    async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("door"))) as door:
        yield door
