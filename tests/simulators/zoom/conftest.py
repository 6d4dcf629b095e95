from collections.abc import AsyncIterator

import pytest

from tests.simulators.zoom.world import Zoom, a_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with a_zoom() as zoom:
        yield zoom
