"""Outlook passes the suite of every provider, well-mannered and otherwise."""

from collections.abc import AsyncIterator

import pytest

from tests.providers.contract import ProviderContract, Remote
from tests.providers.outlook.remote import a_remote


class TestOutlook(ProviderContract):
    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_remote() as remote:
            yield remote


class TestOutlookWithOtherManners(ProviderContract):
    """Pages of one row in reverse, series without masters, ids that are those of places."""

    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_remote() as remote:
            remote.simulator.quirks.change(short_pages=1, reverses_items=True, omits_masters=True, ignores_id_type=True)
            yield remote
