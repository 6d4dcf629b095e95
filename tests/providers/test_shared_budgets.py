"""Vendors' limits that hold for several processes together, whatever becomes of each of them."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, pairwise, repeat
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import RateLimited, StoreUnavailable
from providers.limits import PATIENCE, Budgets, Gate, Limits, Rate
from providers.retry import Time
from providers.shared_budgets import Reservation, Sharing, Spacing
from tests import virtual_time

ROUNDING = 2e-6
MINUTE = Rate(600, seconds=60)


def true_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Shared:
    """What the processes share: one number for each budget, by a clock that differs from theirs."""

    chance: Random = field(default_factory=lambda: Random(0))
    slowest: float = 0.0
    """Seconds that a question or an answer takes at most."""
    due: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    blocks: list[tuple[float, float]] = field(default_factory=list)
    failure: StoreUnavailable | None = None

    async def reserve(self, key: str, span: float, ahead: float, clock_ahead: float) -> Reservation | None:
        asked = true_time() + clock_ahead
        await asyncio.sleep(self.chance.uniform(0, self.slowest))
        self.asked.append(key)
        if self.failure is not None:
            raise self.failure
        now = true_time() + 5e5
        begins = max(self.due.get(key, now), now)
        if begins - now > ahead:
            return None
        self.due[key] = begins + span
        self.blocks.append((begins, begins + span))
        await asyncio.sleep(self.chance.uniform(0, self.slowest))
        return Reservation(asked, begins - now)


@dataclass(frozen=True)
class Process:
    """One that has a clock of its own, and wakes up late now and then."""

    shared: Shared
    clock_ahead: float = 0.0
    sleepy: float = 0.0

    async def reserve(self, key: str, span: float, ahead: float) -> Reservation | None:
        return await self.shared.reserve(key, span, ahead, self.clock_ahead)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds + self.shared.chance.choice((0.0, 0.0, self.sleepy)))

    def budgets(self, limits: Limits, vendor: str = "vendor") -> Budgets:
        time = Time(sleep=self._sleep, monotonic=lambda: true_time() + self.clock_ahead)
        return Budgets(limits, time, Sharing(vendor, self))


async def send(gate: Gate, sent: list[float], pauses: Iterable[float], label: str = "") -> None:
    """A request after each pause, for as long as it takes."""
    for pause in pauses:
        await asyncio.sleep(pause)
        try:
            async with gate.passed(label):
                sent.append(true_time())
        except RateLimited as error:
            await asyncio.sleep((error.retry_after or timedelta()).total_seconds())


def most_within(seconds: float, sent: Sequence[float]) -> int:
    """The brute force: the requests in every window that begins with one."""
    return max(sum(first <= each < first + seconds - ROUNDING for each in sent) for first in sent)


rates = st.builds(Rate, st.integers(1, 60), st.sampled_from([1.0, 5.0, 60.0]))
pauses = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 2.0, 30.0]), min_size=1, max_size=8)
processes = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.1, 10.0]), st.lists(pauses, max_size=3)), max_size=4
)


@settings(max_examples=40, deadline=None)
@given(rates, processes.filter(bool), st.sampled_from([0.0, 0.01, 0.1]), st.integers(0, 9))
def test_no_window_ever_sees_more_requests_of_all_processes_than_the_vendor_allows(
    rate: Rate, work: Sequence[tuple[float, float, Sequence[Sequence[float]]]], slowest: float, seed: int
) -> None:
    """However their clocks differ, however slowly they are answered, and however late they wake up."""
    sent: list[float] = []

    async def run() -> None:
        shared = Shared(Random(seed), slowest)
        limits = Limits(project=rate, account=rate)
        async with asyncio.TaskGroup() as tasks:
            for clock_ahead, sleepy, senders in work:
                budgets = Process(shared, clock_ahead, sleepy).budgets(limits)
                for each in senders:
                    with budgets.gate("ada") as gate:
                        tasks.create_task(send(gate, sent, each))
        assert all(one[1] <= other[0] for one, other in pairwise(shared.blocks)) or len(shared.due) > 1

    virtual_time.run(run())

    assert not sent or most_within(rate.seconds, sent) <= rate.requests


def test_what_many_processes_have_left_over_does_not_add_up() -> None:
    sent: list[float] = []

    async def run() -> None:
        shared = Shared()
        with suppress(TimeoutError):
            async with asyncio.timeout(80), asyncio.TaskGroup() as tasks:
                for number in range(40):
                    with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
                        one_and_then_many = chain([number / 2, 20 - number / 2], repeat(0.0))
                        tasks.create_task(send(gate, sent, one_and_then_many))

    virtual_time.run(run())

    assert 0.9 * MINUTE.requests < most_within(MINUTE.seconds, sent) <= MINUTE.requests


@given(st.integers(1, 100_000), st.sampled_from([1.0, 60.0, 600.0]))
def test_at_least_four_fifths_of_a_limit_can_be_used_for_ever(requests: int, seconds: float) -> None:
    assert 1 / Spacing(Rate(requests, seconds)).interval >= 0.8 * requests / seconds - ROUNDING


@pytest.mark.parametrize("rate", [Rate(20, seconds=1), Rate(200, seconds=1), MINUTE])
def test_processes_that_are_always_busy_use_most_of_what_there_is(rate: Rate) -> None:
    sent: list[float] = []

    async def run() -> None:
        shared = Shared(slowest=0.005)
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * rate.seconds), asyncio.TaskGroup() as tasks:
                for _ in range(3):
                    with Process(shared).budgets(Limits(account=rate)).gate("ada") as gate:
                        for _ in range(10):
                            tasks.create_task(send(gate, sent, repeat(0.02)))

    virtual_time.run(run())

    assert len(sent) >= 2 * 0.75 * rate.requests


# How often the store is asked


def test_a_run_that_finds_little_asks_once_for_its_account() -> None:
    async def run() -> Sequence[str]:
        shared = Shared()
        for _ in range(3):
            with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
                await send(gate, [], [0.3] * 4)
        return shared.asked

    assert len(virtual_time.run(run())) == 3


def test_a_busy_process_asks_about_once_a_second_for_the_project() -> None:
    async def run() -> tuple[int, int]:
        shared, sent = Shared(), list[float]()
        with Process(shared).budgets(Limits(project=Rate(10_000, seconds=60))).gate("ada") as gate:
            await asyncio.gather(*(send(gate, sent, [0.2] * 100) for _ in range(10)))
        return len(shared.asked), len(sent)

    asked, sent = virtual_time.run(run())

    assert sent == 1000
    assert asked <= 30


def test_who_sends_seldom_keeps_nothing_from_the_others() -> None:
    async def run() -> float:
        shared = Shared()
        with Process(shared).budgets(Limits(account=Rate(60, seconds=60))).gate("ada") as gate:
            await send(gate, [], [100.0] * 5)
        return max(end - begin for begin, end in shared.blocks)

    assert virtual_time.run(run()) <= 5


# What a process is told


def test_a_wait_that_is_too_long_is_told_and_asked_about_only_once_by_all_who_wait() -> None:
    async def run() -> tuple[Sequence[object], int]:
        shared = Shared(slowest=0.1)
        key = await self_and_key(shared)
        shared.due[key] = true_time() + 5e5 + 2 * PATIENCE
        shared.asked.clear()
        with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
            tasks = [asyncio.create_task(gate.passed().__aenter__()) for _ in range(20)]
            return await asyncio.gather(*tasks, return_exceptions=True), len(shared.asked)

    refused, asked = virtual_time.run(run())

    assert asked == 1
    for error in refused:
        assert isinstance(error, RateLimited)
        assert error.retry_after is not None
        assert PATIENCE - 1 <= error.retry_after.total_seconds() <= PATIENCE


async def self_and_key(shared: Shared) -> str:
    """The key of Ada's budget, after a first request over it."""
    with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
        await send(gate, [], [0.0])
    return shared.asked[0]


def test_when_the_store_is_away_all_who_wait_are_told_at_once_and_the_next_asks_again() -> None:
    async def run() -> tuple[Sequence[object], int, list[float]]:
        shared, sent = Shared(slowest=0.1, failure=StoreUnavailable()), list[float]()
        with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
            tasks = [asyncio.create_task(gate.passed().__aenter__()) for _ in range(20)]
            told = await asyncio.gather(*tasks, return_exceptions=True)
            asked, shared.failure = len(shared.asked), None
            await send(gate, sent, [0.0])
        return told, asked, sent

    told, asked, sent = virtual_time.run(run())

    assert (asked, len(sent)) == (1, 1)
    assert all(isinstance(error, StoreUnavailable) for error in told)


def test_who_is_cancelled_while_the_store_is_asked_holds_nobody_up() -> None:
    async def run() -> list[float]:
        shared, sent = Shared(slowest=0.1), list[float]()
        with Process(shared).budgets(Limits(account=MINUTE)).gate("ada") as gate:
            first = asyncio.create_task(send(gate, [], [0.0]))
            second = asyncio.create_task(send(gate, sent, [0.0]))
            await asyncio.sleep(0.001)
            first.cancel()
            await second
        return sent

    assert len(virtual_time.run(run())) == 1


def test_a_request_waits_until_it_has_room_in_both_its_budgets_at_once() -> None:
    """The account's room expires while the project's is waited for."""
    sent: list[float] = []

    async def run() -> None:
        shared = Shared()
        limits = Limits(project=Rate(2, seconds=20), account=Rate(10, seconds=1))
        with Process(shared).budgets(limits).gate("ada") as gate:
            await send(gate, sent, [0.0] * 3)

    virtual_time.run(run())

    assert len(sent) == 3
    assert sent[-1] >= 10


# Whose budgets they are


async def keys_of(vendor: str, account: str, label: str = "") -> set[str]:
    shared = Shared()
    limits = Limits(project=MINUTE, account=MINUTE, labels={"light": MINUTE})
    with Process(shared).budgets(limits, vendor).gate(account) as gate:
        await send(gate, [], [0.0], label)
    return set(shared.asked)


def test_budgets_are_the_same_in_all_processes_and_apart_for_vendors_accounts_and_labels() -> None:
    async def run() -> list[set[str]]:
        asked = [("a", "ada"), ("a", "ada"), ("a", "bob"), ("b", "ada"), ("a", "ada", "light")]
        return [await keys_of(*each) for each in asked]

    ada, again, bob, elsewhere, light = virtual_time.run(run())

    assert ada == again
    assert len(ada) == 2
    assert len(ada & bob) == 1, "the project's"
    assert len(ada & light) == 1, "the project's"
    assert not ada & elsewhere


def test_what_is_kept_names_nobody() -> None:
    keys = virtual_time.run(keys_of("google_calendar", "ada@example.com"))

    assert all(len(key) == 32 and int(key, 16) >= 0 for key in keys)


def test_accounts_that_are_read_no_more_are_forgotten() -> None:
    async def run() -> int:
        budgets = Process(Shared()).budgets(Limits(account=MINUTE))
        for number in range(3000):
            with budgets.gate(f"account {number}") as gate:
                await send(gate, [], [0.1])
        return len(budgets)

    assert virtual_time.run(run()) < 1500
