"""Any number of processes over one PostgreSQL keep to a vendor's limits together."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from secrets import token_hex
from time import monotonic

import pytest
from pydantic import SecretStr

from calendar_sync import vendor_apis
from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.providers import ProviderName
from calendar_sync.request_budgets import StoredReservations
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from providers.google.provider import GoogleProvider
from providers.limits import Budgets, Gate, Limits, Rate
from providers.retry import Time
from providers.shared_budgets import SharedBudget, Sharing
from tests.crash.process import Operations, ended, start
from tests.databases import PostgreSQL

PROJECT = Rate(240, seconds=4)
ACCOUNT = Rate(90, seconds=1)
LASTS = 5.0
SENDERS = 8
KEYS = urlsafe_b64encode(b"k" * 32).decode()


@pytest.fixture
async def shared(postgresql_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(postgresql_url)
    yield database
    await database.close()


@dataclass(frozen=True)
class Sending:
    """A process that sends as much over one account as it may, and writes down when it did."""

    url: str
    vendor: str
    log: Path
    all_there: Barrier

    async def run(self, operations: Operations) -> None:
        sent: list[float] = []
        database = await Database.open(self.url)
        budgets = Budgets(
            Limits(project=PROJECT, account=ACCOUNT), Time(), Sharing(self.vendor, StoredReservations(database))
        )
        with budgets.gate("ada") as gate:
            self.all_there.wait(60)
            with suppress(TimeoutError):
                async with asyncio.timeout(LASTS), asyncio.TaskGroup() as senders:
                    for _ in range(SENDERS):
                        senders.create_task(self._send(gate, sent))
        await database.close()
        self.log.write_text(json.dumps(sent))

    async def _send(self, gate: Gate, sent: list[float]) -> None:
        while True:
            async with gate.passed():
                sent.append(monotonic())
                await asyncio.sleep(0.01)


def most_within(seconds: float, sent: Sequence[float]) -> int:
    return max(sum(first <= each < first + seconds for each in sent) for first in sent)


async def test_three_processes_never_send_more_than_the_limits_nor_much_less(
    postgresql_url: str, tmp_path: Path
) -> None:
    vendor, all_there = token_hex(8), get_context("forkserver").Barrier(3)
    logs = [tmp_path / f"{number}.json" for number in range(3)]
    processes = [start(Sending(postgresql_url, vendor, log, all_there)) for log in logs]

    assert all(await asyncio.gather(*(ended(each) for each in processes)))

    sent = sorted(each for log in logs for each in json.loads(log.read_text()))
    assert most_within(PROJECT.seconds, sent) <= PROJECT.requests
    assert most_within(ACCOUNT.seconds, sent) <= ACCOUNT.requests
    assert len(sent) >= 0.7 * LASTS * PROJECT.requests / PROJECT.seconds
    assert all(log.read_text() != "[]" for log in logs), "each had a part"


# A store that is in trouble


async def test_a_store_that_does_not_answer_is_away(shared: Database) -> None:
    key, reservations = token_hex(8), StoredReservations(shared, patience=0.2)
    async with shared.begin() as held:
        await held.budgets.reserve(key, timedelta(seconds=1), timedelta(seconds=1))
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await reservations.reserve(key, 1.0, 1.0)

    assert await reservations.reserve(key, 1.0, 10.0) is not None


async def test_a_store_that_is_gone_lets_no_request_through(postgresql: PostgreSQL) -> None:
    with postgresql.a_migrated_database() as url:
        database = await Database.open(url)
        budgets = Budgets(Limits(account=ACCOUNT), Time(), Sharing("vendor", StoredReservations(database)))
        with budgets.gate("ada") as gate:
            async with gate.passed():
                pass
    with budgets.gate("bob") as gate, pytest.raises(StoreUnavailable):
        async with gate.passed():
            pytest.fail("It was let through.")
    await database.close()


# In the server


async def test_a_server_on_postgresql_shares_its_budgets_and_one_on_sqlite_does_not(
    postgresql_url: str, sqlite_url: str
) -> None:
    for url, is_shared in ((postgresql_url, True), (sqlite_url, False)):
        async with open_services(Settings(database_url=url, encryption_keys=SecretStr(KEYS))) as services:
            google = services.connections.providers[ProviderName.GOOGLE_CALENDAR]
            assert isinstance(google, GoogleProvider)
            assert isinstance(google._transport.budgets._project, SharedBudget) == is_shared


def test_as_many_runs_over_a_mailbox_as_microsoft_takes_requests_at_a_time(sqlite_url: str) -> None:
    most = vendor_apis.most_runs(Settings(database_url=sqlite_url, microsoft_concurrent_requests_per_mailbox=2))

    assert most[ProviderName.OUTLOOK_CALENDAR] == 2
    assert {most[name] for name in ProviderName if name is not ProviderName.OUTLOOK_CALENDAR} == {4}
