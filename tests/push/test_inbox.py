"""Notifications that come together are stored together, or not at all and said so."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.identifiers import ChannelId
from calendar_sync.store.channels import Channels
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from calendar_sync.sync.inbox import Inbox, Notification
from calendar_sync.sync.queue import MemoryQueue
from calendar_sync.sync.service import SyncService
from tests.push.graph import Subscription, a_subscription
from tests.store.test_cost import counted
from tests.sync.world import Clock


@dataclass
class Box:
    inbox: Inbox
    subscription: Subscription

    def notification(self, number: int) -> Notification:
        here = self.subscription
        return Notification(here.id, here.client_state, by_remote_id=True, number=str(number))


async def a_box(database: Database) -> Box:
    """Of a process without a worker: nothing is synced, what is asked for stays asked for."""
    service = SyncService(database, MemoryQueue(), Clock())
    return Box(Inbox(database, service, lambda: datetime.now(UTC)), await a_subscription(database))


@pytest.fixture
async def box(database: Database) -> AsyncGenerator[Box]:
    box = await a_box(database)
    yield box
    await box.inbox.close()


async def test_a_burst_costs_a_few_statements_and_asks_once(box: Box) -> None:
    with counted() as cost:
        taken = await asyncio.gather(*(box.inbox.take([box.notification(number)]) for number in range(2000)))

    assert sum(taken) == 2000
    assert await box.subscription.pending() == (1, 0)
    assert cost.statements <= 20


async def test_the_same_again_is_answered_from_memory(box: Box) -> None:
    assert await box.inbox.take([box.notification(1)]) == 1
    with counted() as cost:
        assert await box.inbox.take([box.notification(1)]) == 1
    assert cost.statements == 0


async def test_who_goes_away_does_not_take_the_others_along(box: Box) -> None:
    tasks = [asyncio.create_task(box.inbox.take([box.notification(number)])) for number in range(10)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    assert tasks[0].cancelled()
    assert [task.result() for task in tasks[1:]] == [1] * 9


async def test_a_fault_is_told_to_those_it_struck_and_to_nobody_else(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Channels, "addressees", fail)
        with pytest.raises(ZeroDivisionError):
            await box.inbox.take([box.notification(1)])
    assert await box.inbox.take([box.notification(1)]) == 1


async def test_a_server_that_stops_tells_those_who_wait_to_come_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dawdle(*_: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Channels, "addressees", dawdle)
        waiting = [asyncio.create_task(box.inbox.take([box.notification(number)])) for number in range(2)]
        await asyncio.sleep(0)
        await box.inbox.close()
        await asyncio.wait(waiting)
    assert {type(task.exception()) for task in waiting} == {StoreUnavailable}


async def test_what_was_not_stored_is_not_taken_and_comes_again(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url, lock_timeout=0.05)
    box = await a_box(database)
    other = sqlite3.connect(sqlite_path(sqlite_url), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    outcomes = await asyncio.gather(
        *(box.inbox.take([box.notification(number)]) for number in range(20)), return_exceptions=True
    )

    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    other.execute("ROLLBACK")
    other.close()
    assert await box.subscription.pending() == (0, 0)
    assert await box.inbox.take([box.notification(0)]) == 1
    assert await box.subscription.pending() == (1, 0)
    await database.close()


def test_a_secret_does_not_show() -> None:
    assert "secret" not in repr(Notification(ChannelId("ch_1"), "secret"))
