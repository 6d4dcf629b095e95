"""One number for each budget, by the database's own clock, that any number of processes move on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from calendar_sync.store.budgets import SURELY_PAST
from calendar_sync.store.database import Database
from calendar_sync.store.tables import request_budgets
from tests.store.test_cost import counted

HOUR = timedelta(hours=1)
MOMENT = timedelta(minutes=1)
"""Far less than an hour, and longer than a test takes."""


@pytest.fixture
async def shared(postgresql_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(postgresql_url)
    yield database
    await database.close()


async def reserve(
    database: Database, key: str, span: timedelta = HOUR, ahead: timedelta = 1000 * HOUR
) -> timedelta | None:
    async with database.at_once() as tx:
        return await tx.budgets.reserve(key, span, ahead)


class Ledger:
    """The brute force: every hour of a budget that is spoken for, one by one."""

    def __init__(self) -> None:
        self.hours: set[int] = set()

    def reserve(self, hours: int, ahead: int) -> int | None:
        first = next(hour for hour in range(10_000) if hour not in self.hours)
        if first > ahead:
            return None
        self.hours |= set(range(first, first + hours))
        return first


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 20)), max_size=8))
async def test_reservations_follow_one_another_without_a_gap_and_none_begins_too_late(
    shared: Database, wanted: Sequence[tuple[int, int]]
) -> None:
    ledger, key = Ledger(), token_hex(8)
    for hours, ahead in wanted:
        expected = ledger.reserve(hours, ahead)

        found = await reserve(shared, key, hours * HOUR, ahead * HOUR + MOMENT)

        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert abs(found - expected * HOUR) < MOMENT


async def test_of_many_who_reserve_at_once_no_two_get_the_same(shared: Database) -> None:
    key = token_hex(8)

    found = await asyncio.gather(*(reserve(shared, key) for _ in range(15)))

    hours = sorted(round(each / HOUR) for each in found if each is not None)
    assert hours == list(range(15))


async def test_what_nobody_reserved_is_gone_when_its_time_is(shared: Database) -> None:
    """Or a budget that was not used for a day could be used up in a moment."""
    key = token_hex(8)
    await reserve(shared, key, timedelta(milliseconds=1))
    await asyncio.sleep(0.05)

    found = await reserve(shared, key)

    assert found is not None
    assert abs(found) < timedelta(milliseconds=1)


async def test_nobody_waits_for_a_process_that_stops_after_its_reservation(shared: Database) -> None:
    key = token_hex(8)
    async with shared.at_once() as stopped, asyncio.timeout(10):
        await stopped.budgets.reserve(key, HOUR, HOUR)

        assert await reserve(shared, key) is not None


async def test_a_reservation_costs_one_statement(shared: Database) -> None:
    with counted() as cost:
        await reserve(shared, token_hex(8))

    assert cost.statements == 1


async def test_a_pooler_that_knows_of_no_prepared_statements_gets_a_transaction(postgresql_url: str) -> None:
    """Outside of one, it may prepare a statement in one session and execute it in another."""
    key, database = token_hex(8), await Database.open(f"{postgresql_url}&prepared_statement_cache_size=0")
    async with database.at_once() as tx:
        assert await tx.connection.get_isolation_level() == "READ COMMITTED"
        await tx.budgets.reserve(key, HOUR, HOUR)

    found = await reserve(database, key)
    await database.close()

    assert found is not None
    assert found > HOUR - MOMENT


async def count(database: Database) -> int:
    async with database.begin(write=False) as tx:
        return await tx.connection.scalar(select(func.count()).select_from(request_budgets)) or 0


async def test_budgets_that_nobody_uses_leave_nothing_behind(shared: Database) -> None:
    now = datetime.now(UTC)
    async with shared.begin() as tx:
        await tx.budgets.trim(now + 10_000 * HOUR)
        for _ in range(3):
            await tx.budgets.reserve(token_hex(8), timedelta(seconds=1), HOUR)
        await tx.budgets.reserve(token_hex(8), 2 * HOUR, HOUR)

        await tx.budgets.trim(now + SURELY_PAST + MOMENT)

    assert await count(shared) == 1
