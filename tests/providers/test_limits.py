"""Vendors' limits: never exceeded, waited for without holding others up, kept in bounded memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calendar_sync.domain.errors import RateLimited
from providers.deadline import Deadline
from providers.limits import PATIENCE, Bucket, Budgets, Limits, Rate
from providers.retry import Time
from providers.transport import Transport
from providers.vendor import vendor_transport
from simulators.microsoft.app import MicrosoftSimulator
from simulators.server import serving
from tests.providers.google.remote import a_remote
from tests.providers.loopback import ALLOWED, HOST, NOW
from tests.providers.outlook.remote import Grant

ROUNDING = 2e-6
SLOW = Rate(1, seconds=10)
"""One request every ten seconds."""


@dataclass
class Waiting:
    """A clock that moves only by being slept on; sleepers stay asleep where `is_still`."""

    now: float = 1000.0
    is_still: bool = False
    slept: list[float] = field(default_factory=list)
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    away: list[str] = field(default_factory=list)

    @property
    def time(self) -> Time:
        return Time(now=lambda: NOW, sleep=self._sleep, chance=lambda: 0.5, monotonic=lambda: self.now, away=self._away)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        if self.is_still:
            await asyncio.Event().wait()
        self.now += seconds

    @asynccontextmanager
    async def _away(self) -> AsyncGenerator[None]:
        self.away.append("left")
        yield
        self.away.append("back")


async def passing(budgets: Budgets, account: str, times: int = 1, label: str = "") -> None:
    with budgets.gate(account) as gate:
        for _ in range(times):
            async with gate.passed(label):
                pass


# One rate

rates = st.builds(Rate, st.integers(1, 60), st.sampled_from([1.0, 60.0, 600.0]))


@given(rates, st.lists(st.floats(0, 3), min_size=1, max_size=150))
def test_no_window_ever_sees_more_requests_than_the_vendor_allows(rate: Rate, gaps: Sequence[float]) -> None:
    bucket, now, sent = Bucket(rate), 0.0, list[float]()
    for gap in gaps:
        now += gap * rate.interval
        sent.append(now + bucket.wait(now))
        bucket.spend(now)

    assert sent == sorted(sent)
    for first in sent:
        assert sum(first <= each < first + rate.seconds - ROUNDING for each in sent) <= rate.requests


@given(st.integers(10, 10_000))
def test_nine_tenths_of_a_limit_can_be_used_for_ever(requests: int) -> None:
    rate = Rate(requests, seconds=60)

    assert rate.seconds / rate.interval >= 0.9 * requests


def test_a_tenth_may_come_at_once_and_the_next_waits_one_interval() -> None:
    bucket = Bucket(Rate(600, seconds=60))
    waits = []
    for _ in range(61):
        waits.append(bucket.wait(5.0))
        bucket.spend(5.0)

    assert waits[:60] == [0.0] * 60
    assert waits[60] == pytest.approx(60 / 541, abs=1e-6)


# An account's gate


async def test_the_wait_is_slept_away_from_the_run_and_a_free_pass_is_not() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(account=SLOW), waiting.time)

    await passing(budgets, "ada")
    assert (waiting.slept, waiting.away) == ([], [])
    await passing(budgets, "ada")
    assert (waiting.slept, waiting.away) == ([10.0], ["left", "back"])


async def test_a_wait_that_is_too_long_is_told_and_spends_nothing() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(account=Rate(1, seconds=PATIENCE + 1)), waiting.time)
    await passing(budgets, "ada")

    for _ in range(3):
        with pytest.raises(RateLimited) as limited:
            await passing(budgets, "ada")
        assert limited.value.retry_after == timedelta(seconds=PATIENCE + 1)

    assert waiting.slept == []


async def test_an_account_that_waits_for_its_own_budget_takes_nothing_from_the_others() -> None:
    waiting = Waiting(is_still=True)
    budgets = Budgets(Limits(project=Rate(20, seconds=60), account=SLOW), waiting.time)
    await passing(budgets, "busy")
    slowed = [asyncio.create_task(passing(budgets, "busy")) for _ in range(3)]
    await waiting.asleep.wait()

    await passing(budgets, "idle")

    assert waiting.slept == [10.0, 20.0, 30.0], "the idle account did not sleep, though the project bursts by two only"
    for task in slowed:
        task.cancel()
    await asyncio.gather(*slowed, return_exceptions=True)


async def test_all_accounts_together_keep_to_the_projects_limit() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(project=Rate(10, seconds=10)), waiting.time)

    for number in range(5):
        await passing(budgets, f"account {number}")

    assert waiting.slept == pytest.approx([1.0] * 4)


async def test_kinds_of_requests_that_the_vendor_counts_apart_are_counted_apart() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(account=SLOW, labels={"light": SLOW}), waiting.time)

    await passing(budgets, "ada", label="light")
    await passing(budgets, "ada")
    assert waiting.slept == []
    await passing(budgets, "ada", label="heavy")

    assert waiting.slept == [10.0], "a kind that is not known counts as any other request"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.booleans()), max_size=30), st.integers(1, 4))
async def test_an_account_never_has_more_requests_under_way_than_allowed(
    requests: Sequence[tuple[str, int, bool]], most: int
) -> None:
    budgets = Budgets(Limits(concurrent=most), Time())
    under_way = {"a": 0, "b": 0}

    async def send(account: str, steps: int) -> None:
        with budgets.gate(account) as gate:
            async with gate.passed():
                under_way[account] += 1
                assert under_way[account] <= most
                try:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                finally:
                    under_way[account] -= 1

    tasks = [asyncio.create_task(send(account, steps)) for account, steps, _ in requests]
    await asyncio.sleep(0)
    for task, (_, _, is_cancelled) in zip(tasks, requests, strict=True):
        if is_cancelled:
            task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert not [error for error in ended if isinstance(error, AssertionError)]
    async with asyncio.timeout(5), AsyncExitStack() as held:
        for account in "ab":
            gate = held.enter_context(budgets.gate(account))
            for _ in range(most):
                await held.enter_async_context(gate.passed())


async def test_one_accounts_requests_under_way_do_not_hold_up_another_account() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(concurrent=1), waiting.time)
    with budgets.gate("ada") as gate, budgets.gate("ada") as same:
        async with gate.passed():
            second = asyncio.create_task(same.passed().__aenter__())
            await asyncio.sleep(0)
            assert waiting.away == ["left"], "who waits for a place lets others run"
            await passing(budgets, "bob")
            assert not second.done()
        await second


# Memory


async def test_a_hundred_thousand_accounts_read_in_turn_leave_few_in_mind() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(account=Rate(600, seconds=60), concurrent=4), waiting.time)
    most = 0
    for number in range(100_000):
        with budgets.gate(f"account {number}"):
            most = max(most, len(budgets))
        waiting.now += 0.1

    assert most < 3000


def read_many(budgets: Budgets) -> None:
    for number in range(5000):
        with budgets.gate(f"account {number}"):
            pass


async def test_an_account_is_kept_in_mind_while_it_is_read() -> None:
    budgets = Budgets(Limits(concurrent=1), Waiting().time)
    with budgets.gate("ada") as gate:
        async with gate.passed():
            read_many(budgets)
            second = asyncio.create_task(passing(budgets, "ada"))
            await asyncio.sleep(0)
            assert not second.done()
        await second


async def test_an_account_is_kept_in_mind_while_its_budget_is_spent() -> None:
    waiting = Waiting()
    budgets = Budgets(Limits(account=SLOW), waiting.time)
    await passing(budgets, "ada")
    read_many(budgets)

    await passing(budgets, "ada")

    assert waiting.slept == [10.0]


# Through the transport


async def test_every_sending_passes_the_gate_retries_and_redirects_too() -> None:
    waiting, answers = Waiting(), [503, 307, 200]

    async def answer(_: Request) -> Response:
        return Response(status_code=answers.pop(0), headers={"location": "/elsewhere"})

    app = Starlette(routes=[Route("/", answer), Route("/elsewhere", answer)])
    transport = Transport(allowed_networks=ALLOWED, time=waiting.time, limits=Limits(account=SLOW))
    async with serving(app, host=HOST) as url, transport.client(account="ada") as client:
        assert (await client.request("GET", f"{url}/")).status == 200

    assert client.requests == 3
    backoff, *budget = waiting.slept
    assert (backoff, budget) == (0.25, [9.75, 10.0])


@pytest.mark.parametrize("status", [403, 429])
async def test_a_client_that_keeps_to_googles_quota_is_never_refused(status: int) -> None:
    async with a_remote() as remote:
        remote.simulator.quirks.change(requests_per_minute_and_user=20, quota_status=status)

        async def sleep(seconds: float) -> None:
            waiting.now += seconds
            remote.simulator.advance(seconds=seconds)

        waiting = Waiting()
        time = replace(waiting.time, sleep=sleep)
        url = f"{remote.provider.url}/calendar/v3/users/me/calendarList"
        transport = vendor_transport(url, time=time, limits=Limits(account=Rate(20, seconds=60)))
        for _ in range(10):
            async with transport.client(account="ada") as client:
                for _ in range(10):
                    headers = {"Authorization": f"Bearer {remote.provider.grant.fresh()}"}
                    await client.request("GET", url, headers)

        assert [request.status for request in remote.simulator.log] == [200] * 100


async def test_users_of_one_mailbox_together_keep_to_graphs_four_requests_at_a_time() -> None:
    simulator = MicrosoftSimulator()
    simulator.quirks.change(answer_seconds=0.02)
    app = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada")
    async with serving(simulator) as url:
        address = f"{url}/v1.0/me/calendars"
        headers = {"Authorization": f"Bearer {Grant(simulator, app, ada).fresh()}"}
        transport = vendor_transport(url, limits=Limits(concurrent=4))

        async def ask() -> None:
            async with transport.client(account="ada") as client:
                for _ in range(3):
                    assert (await client.request("GET", address, headers)).status == 200
                assert client.requests == 3

        await asyncio.gather(*(ask() for _ in range(12)))

        assert 1 < simulator.throttle.peaks["client", ada.email] <= 4


async def waiting_beside(deadline: Deadline, reached: list[bool], but_for: float = 0.0) -> None:
    async with deadline.kept():
        async with deadline.stopped(but_for=but_for):
            await asyncio.sleep(0.05)
        reached.append(deadline.allows(0.001))
        await asyncio.Event().wait()


@pytest.mark.parametrize(("counted", "is_time_left"), [(0.0, True), (3600.0, False)])
async def test_only_a_back_off_uses_up_the_servers_time_not_what_we_wait_for_ourselves(
    counted: float, is_time_left: bool
) -> None:
    reached: list[bool] = []

    with pytest.raises(TimeoutError):
        await waiting_beside(Deadline(0.04), reached, counted)

    assert reached == [is_time_left]
