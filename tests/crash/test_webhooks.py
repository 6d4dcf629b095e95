"""Processes that are killed while they deliver webhooks: each message comes at least once, and in its order."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import WebhookEndpointId
from calendar_sync.domain.webhooks import DeliveryState
from calendar_sync.store.database import Database
from calendar_sync.webhooks.deliverer import Deliverer
from calendar_sync.webhooks.service import EndpointDraft, WebhookService
from providers.guard import parse_networks
from providers.outgoing import Outgoing
from simulators.server import serving
from tests.builders import an_actor
from tests.crash.process import CrashPoint, Operations, Side, ended, start, survives
from tests.webhooks.world import KEYRING, numbered

FLEETING = timedelta(seconds=0.2)
KEYS = ("a", "b", None)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def a_sender() -> AsyncGenerator[Outgoing]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for loopback, without TLS
    async with Outgoing.opened(parse_networks(["127.0.0.0/8"]), trusted=context) as sender:
        yield sender


@dataclass(frozen=True, slots=True)
class Deliver:
    """All that waits, and what others have under way and do not come to an end with."""

    url: str

    async def run(self, operations: Operations) -> None:
        database = operations.open_database(self.url)
        async with a_sender() as sender:
            deliverer = Deliverer(database, KEYRING, sender, now, lease=FLEETING)
            while await self._is_waiting(database):
                if not await deliverer.step():
                    await asyncio.sleep(0.02)  # for a lease to run out
                await deliverer.drained()
        await database.close()

    async def _is_waiting(self, database: Database) -> bool:
        async with database.begin(write=False) as tx:
            return await tx.webhook_deliveries.next_due() is not None


@dataclass
class Endpoint:
    """Which numbers came, in which order; each is answered after a moment."""

    came: list[int] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.came.append(json.loads(await request.body())["data"]["number"])
        await asyncio.sleep(0.01)
        return Response()

    def firsts(self, key: str | None) -> Sequence[int]:
        """The numbers of the key, each where it came first."""
        return [number for number in dict.fromkeys(self.came) if KEYS[number % 3] == key]


@dataclass(frozen=True)
class Trial:
    database: Database
    actor: Actor
    service: WebhookService
    endpoint: WebhookEndpointId
    receiver: Endpoint
    _numbers: "count[int]" = field(default_factory=count)

    async def emit(self, most: int) -> None:
        notices = [numbered(number, KEYS[number % 3]) for number, _ in zip(self._numbers, range(most), strict=False)]
        async with self.database.begin() as tx:
            await tx.webhooks.emit(self.actor.user_id, notices, now())

    async def expect_all_came(self) -> None:
        written = await self.service.deliveries(self.actor, self.endpoint, limit=1000)
        numbers = [json.loads(each.message.payload)["data"]["number"] for each in written]
        assert {each.state for each in written} == {DeliveryState.DELIVERED}
        assert set(self.receiver.came) == set(numbers)
        for key in ("a", "b"):
            assert self.receiver.firsts(key) == sorted(self.receiver.firsts(key))


@asynccontextmanager
async def a_trial(url: str) -> AsyncGenerator[Trial]:
    database, receiver = await Database.open(url), Endpoint()
    actor = await an_actor(database)
    async with serving(receiver.app) as address, a_sender() as sender:
        service = WebhookService(database, KEYRING, sender, now)
        endpoint, _ = await service.create(actor, EndpointDraft(f"{address}/", "", ["*"]))
        yield Trial(database, actor, service, endpoint.id, receiver)
    await database.close()


async def test_a_process_that_dies_at_any_commit_loses_nothing(sqlite_url: str) -> None:
    async with a_trial(sqlite_url) as trial:
        died = 0
        for operation in count(1):
            for side in Side:
                await trial.emit(1)
                died += not await survives(Deliver(sqlite_url), CrashPoint(operation, side))
                assert await survives(Deliver(sqlite_url))
            if died < 2 * operation:
                break
        await trial.expect_all_came()

    assert died == 4  # before and after it was taken, and came to its end


async def test_processes_killed_at_any_moment_lose_nothing(database_url: str) -> None:
    random = Random(7)
    async with a_trial(database_url) as trial:
        for _ in range(4):
            await trial.emit(9)
            doomed = [start(Deliver(database_url)) for _ in range(2)]
            await asyncio.sleep(random.uniform(0.03, 0.25))
            for process in doomed:
                process.kill()
            for process in doomed:
                await ended(process)
        assert await survives(Deliver(database_url))
        await trial.expect_all_came()
