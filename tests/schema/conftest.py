from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests import databases
from tests.schema.asking import Asking, asking
from tests.schema.streams import Streaming, streaming
from tests.schema.talking import Talk, talking
from tests.web.door import Door, a_door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Door]:
    """One server for all tests of a module; each brings its own users and feeds."""
    async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("door"))) as door:
        yield door


@pytest_asyncio.fixture(loop_scope="module")
async def ada(door: Door) -> AsyncGenerator[Asking]:
    """A new user, with an API key."""
    async with asking(door) as ada:
        yield ada


@pytest_asyncio.fixture(loop_scope="module")
async def bob(door: Door) -> AsyncGenerator[Asking]:
    """Another one."""
    async with asking(door) as bob:
        yield bob


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Streaming]:
    """A real server of a schema of streams, for all tests of a module."""
    async with streaming(databases.a_migrated_file(tmp_path_factory.mktemp("streams"))) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def key(site: Streaming) -> str:
    """Of a user whom the module's tests share."""
    return await site.key()


@pytest_asyncio.fixture(loop_scope="module")
async def talk(site: Streaming, key: str) -> AsyncGenerator[Talk]:
    """A socket that is acknowledged."""
    async with talking(site.address, key) as talk:
        yield talk
