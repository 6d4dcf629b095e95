"""Google passes the suite of every provider, well-mannered and otherwise."""

from collections.abc import AsyncIterator

import pytest

from tests.providers.contract import ProviderContract, Remote
from tests.providers.google.remote import a_remote


class TestGoogle(ProviderContract):
    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_remote() as remote:
            yield remote


class TestGoogleWithOtherManners(ProviderContract):
    """Pages of one item; removed events come with all they had."""

    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_remote() as remote:
            remote.simulator.quirks.change(short_pages=1, bare_tombstones=False)
            yield remote
