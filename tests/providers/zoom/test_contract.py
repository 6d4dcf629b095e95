"""Zoom passes the suite of every provider, well-mannered and otherwise."""

from collections.abc import AsyncIterator

import pytest

from tests.providers.contract import ProviderContract, Remote
from tests.providers.zoom.remote import a_contract_remote


class TestZoom(ProviderContract):
    requests_when_unchanged = 2
    cursors_are_the_services = False

    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_contract_remote() as remote:
            yield remote


class TestZoomInSmallPages(ProviderContract):
    """Pages of one row, after an empty one."""

    requests_when_unchanged = 3
    cursors_are_the_services = False

    @pytest.fixture
    async def remote(self) -> AsyncIterator[Remote]:
        async with a_contract_remote() as remote:
            remote.simulator.quirks.change(short_pages=1, empty_pages=1)
            yield remote
