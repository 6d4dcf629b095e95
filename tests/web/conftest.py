import logging
from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio

from tests import databases
from tests.web.door import Door, a_door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Door]:
    """One server for all tests of a module; each brings its own users and feeds."""
    async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("door"))) as door:
        yield door


@pytest.fixture
def process_logging() -> Generator[None]:
    """Puts the process's logging back as it was."""
    names = ("httpx", "httpcore", "uvicorn", "uvicorn.error", "uvicorn.access")
    root, libraries = logging.getLogger(), [logging.getLogger(name) for name in names]
    before = root.handlers[:], root.level, [(library.level, library.propagate) for library in libraries]
    yield
    root.handlers[:], level = before[:2]
    root.setLevel(level)
    for library, (library_level, propagate) in zip(libraries, before[2], strict=True):
        library.setLevel(library_level)
        library.propagate = propagate
