from collections.abc import AsyncIterator

import pytest

from tests.simulators.google.world import Google, a_google


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with a_google() as google:
        yield google
