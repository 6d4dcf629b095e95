from collections.abc import AsyncIterator

import pytest

from tests.simulators.microsoft.world import Microsoft, a_microsoft


@pytest.fixture
async def microsoft() -> AsyncIterator[Microsoft]:
    async with a_microsoft() as microsoft:
        yield microsoft
