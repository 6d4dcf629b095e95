"""A run sends one request after the other: so many runs over an account are so many requests at a time."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from calendar_sync.store.database import Database
from simulators.vendor import Vendor
from tests.sync.google_world import a_google_world
from tests.sync.outlook_world import an_outlook_world
from tests.sync.test_zoom import Filled
from tests.sync.vendor_world import CalendarWorld, VendorWorld
from tests.sync.zoom_world import a_zoom_world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class UnderWay:
    """The requests that a vendor has begun to answer, each of which takes it a while."""

    now: int = 0
    most: int = 0
    answered: int = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = Vendor.__call__

        async def watched(vendor: Vendor, scope: Scope, receive: Receive, send: Send) -> None:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.005)
            await answer(vendor, scope, receive, send)
            self.now -= 1
            self.answered += 1

        monkeypatch.setattr(Vendor, "__call__", watched)


WORLDS = {"google": a_google_world, "outlook": an_outlook_world, "zoom": partial(a_zoom_world, Filled)}


@pytest.mark.parametrize("open_world", WORLDS.values(), ids=WORLDS)
async def test_no_two_requests_of_a_run_overlap(
    open_world: Callable[[Database], AbstractAsyncContextManager[VendorWorld[Any]]],
    store: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    under_way = UnderWay()
    async with open_world(store) as world:
        if isinstance(world, CalendarWorld):
            for name in ("Team", "Family", "Sports"):
                world.remote.account.add_calendar(name)
        under_way.watch(monkeypatch)

        run = await world.run()

        assert not run.failures
        assert under_way.answered == run.requests >= 3
        assert under_way.most == 1
