"""A provider that asks for fewer requests gets fewer, and no account pays for another's limit."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import RateLimited
from calendar_sync.domain.identifiers import connection_id
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Account
from calendar_sync.domain.sync import Tally
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.pauses import told
from calendar_sync.sync.queue import MemoryQueue
from calendar_sync.sync.slots import Slots
from providers.google.provider import GoogleProvider
from providers.limits import Limits, Rate
from providers.retry import RetryPolicy, Time
from providers.vendor import vendor_transport
from simulators.faults import Fault
from simulators.google.app import GoogleSimulator
from simulators.server import serving
from tests.builders import an_event
from tests.providers.google.remote import Grant
from tests.sync.google_world import a_google_world
from tests.sync.process import SyncProcess
from tests.sync.world import KEY, Clock, World, a_world

SLOTS = 8
THROTTLED = 20
FOREVER = 10_000


@dataclass
class Sleep:
    """A sleep that lasts until the test ends it."""

    asleep: int = 0
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, _: float) -> None:
        async with self._more:
            self.asleep += 1
            self._more.notify_all()
        await self.awake.wait()
        self.asleep -= 1

    async def of(self, number: int) -> None:
        """So many sleep."""
        async with asyncio.timeout(30), self._more:
            await self._more.wait_for(lambda: self.asleep == number)


@dataclass
class Many:
    """One process over a simulated Google, and users who have an account with one event each."""

    database: Database
    simulator: GoogleSimulator
    service: SyncProcess
    sleep: Sleep
    grants: dict[str, TokenSource]

    async def add(self, name: str) -> Actor:
        account = self.simulator.add_account(f"{name}@example.com", name)
        when = {"dateTime": "2026-03-09T09:00:00Z"}
        account.primary.put({"id": "lunch", "summary": "Lunch", "start": when, "end": when})
        self.grants[account.email] = Grant(self.simulator, self.simulator.authority.clients["client"], account)
        clock = self.service.runs_under_lease.clock
        async with self.database.begin() as tx:
            organization = await tx.accounts.create_organization(name, now=clock())
            user = await tx.accounts.create_user(organization, account.email, is_admin=False, now=clock())
            actor = Actor(user.id, organization)
            provider = next(iter(self.service.runs_under_lease.providers))
            identifier = connection_id(actor.user_id, provider, account.subject)
            await tx.connections.save(
                id=identifier,
                actor=actor,
                provider=provider,
                identity=account.subject,
                email=account.email,
                ciphertext=seal(Keyring.of(KEY), identifier, Account(account.subject, account.email, {})),
                now=clock(),
            )
        return actor


@asynccontextmanager
async def many(database: Database, limits: Limits = Limits()) -> AsyncGenerator[Many]:
    simulator, slots, sleep = GoogleSimulator(), Slots(SLOTS), Sleep()
    simulator.add_client("client", "secret", "https://app.example/callback")
    grants: dict[str, TokenSource] = {}

    def tokens(connection: Connection) -> TokenSource:
        return grants[connection.account_email or ""]

    async with serving(simulator) as url:
        time = Time(sleep=sleep, away=slots.away, told=told, monotonic=lambda: 0.0)
        provider = GoogleProvider(vendor_transport(url, time=time, limits=limits), api_url=f"{url}/calendar/v3")
        day = timedelta(days=30)
        runs = LeasedRuns(
            database, MemoryQueue(), Keyring.of(KEY), {provider.name: provider}, Clock(), day, day, "process", tokens
        )
        service = SyncProcess(runs, slots)
        try:
            yield Many(database, simulator, service, sleep, grants)
        finally:
            await service.close()


THROTTLES = {
    "a short wait": Fault(status=429, reason="rateLimitExceeded", retry_after="3"),
    "a limit without a wait": Fault(reason="userRateLimitExceeded"),
    "a server that is away": Fault(status=503),
}


@pytest.mark.parametrize("fault", THROTTLES.values(), ids=THROTTLES)
async def test_twenty_throttled_accounts_do_not_slow_the_one_that_is_not(database: Database, fault: Fault) -> None:
    async with many(database) as world:
        throttled = [await world.add(f"throttled{number}") for number in range(THROTTLED)]
        healthy = await world.add("healthy")
        for number in range(THROTTLED):
            world.simulator.faults.plan(replace(fault, account=f"throttled{number}@example.com"))
        waiting = [asyncio.create_task(world.service.sync(actor)) for actor in throttled]
        await world.sleep.of(THROTTLED)

        result = await world.service.sync(healthy)

        assert (result.tally, result.errors) == (Tally(new=1), ())
        assert world.sleep.asleep == THROTTLED
        world.sleep.awake.set()
        assert [(each.tally, each.errors) for each in await asyncio.gather(*waiting)] == [
            (Tally(new=1), ())
        ] * THROTTLED


async def test_accounts_that_wait_for_their_own_budgets_do_not_wait_for_one_another(database: Database) -> None:
    async with many(database, Limits(account=Rate(1, seconds=5))) as world:
        actors = [await world.add(f"user{number}") for number in range(THROTTLED)]
        waiting = [asyncio.create_task(world.service.sync(actor)) for actor in actors]

        await world.sleep.of(THROTTLED)  # the second request of each, though only so many have a slot

        world.sleep.awake.set()
        assert [each.errors for each in await asyncio.gather(*waiting)] == [()] * THROTTLED


# Storms

IN_TEN_YEARS = "Fri, 22 Nov 2036 12:00:00 GMT"
SHORT = ["1", "5", "0", "Sun, 22 Nov 2026 12:00:02 GMT", "Sun, 22 Nov 2026 11:00:00 GMT", "2026-11-22T12:00:02Z"]
NONSENSE = ["-5", "soon", "", "1e9", "Sun, 99 Nov 2026 12:00:00 GMT", None]
LONG = ["6", "3600", "315360000", "9" * 400, IN_TEN_YEARS, "2026-11-23T00:00:00Z"]


@pytest.mark.parametrize(
    ("status", "retry_after", "tries"),
    [
        *((429, each, 3) for each in SHORT + NONSENSE),
        *((429, each, 1) for each in LONG),
        *((403, "1", 3), (403, None, 3), (403, "3600", 1)),
    ],
)
async def test_a_storm_of_refusals_costs_few_calls_and_leaves_no_trace(
    one_database: Database, status: int, retry_after: str | None, tries: int
) -> None:
    async with a_google_world(one_database) as world:
        world.put("lunch", "Lunch")
        refused = Fault(reason="rateLimitExceeded", status=status, retry_after=retry_after, times=FOREVER)
        world.remote.simulator.faults.plan(refused)

        runs = [await world.sync() for _ in range(3)]

        assert len(world.remote.simulator.log) == sum(run.requests for run in runs) == 3 * tries
        assert {failure.code for run in runs for failure in run.failures} == {RateLimited.code}
        assert all(0 <= nap <= RetryPolicy().patience.total_seconds() for nap in world.remote.provider.naps.taken)
        world.remote.simulator.faults.clear()
        assert (await world.clean_sync()).tally == Tally(new=1)


# What is told and when it is asked again


@pytest.fixture
async def one_database(sqlite_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    async with a_world(database) as world:
        world.provider.calendar("main").put(an_event("e1"))
        yield world


async def is_due(world: World, at: datetime) -> bool:
    async with world.database.begin(write=False) as tx:
        due_at = await tx.requests.next_due()
    return due_at is not None and due_at <= at


LIMITED = RateLimited("The server asks for fewer requests.", retry_after=timedelta(hours=1))


@pytest.mark.parametrize("where", ["the list of calendars", "a calendar"])
async def test_a_long_wait_is_told_with_its_end_and_the_next_sync_is_due_soon_after(world: World, where: str) -> None:
    if where == "a calendar":
        world.provider.fail_at = (0, LIMITED)
    else:
        world.provider.before_listing = LIMITED

    (run,) = (await world.sync()).runs

    (failure,) = run.failures
    assert failure.code == RateLimited.code
    assert failure.message == "The server asks for fewer requests until 2026-03-02 13:01 UTC."
    assert not await is_due(world, world.clock.now + timedelta(minutes=60) - timedelta(seconds=1))
    assert await is_due(world, world.clock.now + timedelta(minutes=76))


async def test_who_asks_for_a_sync_before_that_gets_one(world: World) -> None:
    world.provider.fail_at = (0, LIMITED)
    await world.sync()

    assert (await world.sync()).tally == Tally(new=1)


async def test_a_limit_without_a_wait_is_tried_again_after_longer_than_the_interval(world: World) -> None:
    world.provider.fail_at = (0, RateLimited("The server asks for fewer requests."))

    (run,) = (await world.sync()).runs

    assert [failure.message for failure in run.failures] == ["The server asks for fewer requests."]
    interval = world.service.runs_under_lease.pace.interval
    assert not await is_due(world, world.clock.now + interval)
    assert await is_due(world, world.clock.now + interval * 3)


async def test_the_first_limit_ends_the_run_because_it_is_the_accounts(world: World) -> None:
    world.provider.calendar("second").put(an_event("e2"))
    world.provider.fail_at = (0, LIMITED)

    await world.sync()

    assert len(world.provider.readings) == 1
