"""A user with endpoints, whose deliveries are made by processes that a test moves step by step."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import WebhookEndpointId
from calendar_sync.domain.webhooks import Answer, DeliveryState, Notice, WebhookDelivery, WebhookEventType
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.webhooks.deliverer import MOST_EACH, Deliverer
from calendar_sync.webhooks.service import EndpointDraft, WebhookService
from tests.builders import an_actor
from tests.sync.world import KEY, NOW

KEYRING = Keyring.of(KEY)
OK = Answer(200, "ok")
BUSY = Answer(503, "busy")
EVENT = WebhookEventType.EVENT_UPDATED


@dataclass
class StandingClock:
    """Time that moves only when a test says so."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass(frozen=True)
class Post:
    """What came to an endpoint, and when."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]

    @property
    def number(self) -> int:
        """That of a notice of `numbered`."""
        return int(json.loads(self.body)["data"]["number"])


@dataclass
class ScriptedSender:
    """The network and the endpoints behind it: notes what is posted, and answers as it is told."""

    clock: Callable[[], datetime]
    answer: Answer | Callable[[Post], Answer] = OK
    posts: list[Post] = field(default_factory=list)

    async def check(self, url: str) -> str:
        return url

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        post = Post(url, headers, body, self.clock())
        self.posts.append(post)
        return self.answer if isinstance(self.answer, Answer) else self.answer(post)

    @property
    def numbers(self) -> Sequence[int]:
        return [post.number for post in self.posts]


@dataclass
class Office:
    database: Database
    actor: Actor
    clock: StandingClock
    sender: ScriptedSender
    service: WebhookService
    deliverer: Deliverer

    async def endpoint(self, *event_types: str, url: str = "https://hooks.example/a") -> WebhookEndpointId:
        draft = EndpointDraft(url, "", event_types or ("*",))
        return (await self.service.create(self.actor, draft))[0].id

    async def emit(self, *notices: Notice) -> None:
        async with self.database.begin() as tx:
            await tx.webhooks.emit(self.actor.user_id, notices, self.clock())

    async def step(self) -> int:
        """Deliver what is due, to the end."""
        taken = await self.deliverer.step()
        await self.deliverer.drained()
        return taken

    async def run_until_quiet(self, most: int = 100) -> None:
        """Deliver whatever there is to deliver, at the time when it is due."""
        for _ in range(most):
            async with self.database.begin(write=False) as tx:
                due_at = await tx.webhook_deliveries.next_due()
            if due_at is None:
                return
            self.clock.now = max(self.clock.now, due_at)
            await self.step()
        raise AssertionError("It goes on and on.")

    async def log(self, endpoint: WebhookEndpointId, state: DeliveryState | None = None) -> Sequence[WebhookDelivery]:
        return await self.service.deliveries(self.actor, endpoint, state=state, limit=1000)

    async def states(self, endpoint: WebhookEndpointId) -> Sequence[DeliveryState]:
        """In the order in which the messages were written, as far as times tell."""
        return [each.state for each in reversed(await self.log(endpoint))]


def a_deliverer(office: Office, *, most_each: int = MOST_EACH, chance: float = 0.0) -> Deliverer:
    """Another process."""
    return Deliverer(office.database, KEYRING, office.sender, office.clock, most_each=most_each, chance=lambda: chance)


async def an_office(database: Database, actor: Actor | None = None, answer: Answer = OK) -> Office:
    clock = StandingClock()
    sender = ScriptedSender(clock, answer)
    return Office(
        database,
        actor or await an_actor(database, None),
        clock,
        sender,
        WebhookService(database, KEYRING, sender, clock),
        Deliverer(database, KEYRING, sender, clock, chance=lambda: 0.0),
    )


def numbered(number: int, key: str | None = None, type: WebhookEventType = EVENT) -> Notice:
    return Notice(type, {"number": number}, key)


@dataclass
class Receiver:
    """A server of somebody who follows the standard: what is not signed with one of `secrets` is an error."""

    secrets: Sequence[str] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hooks", self._take, methods=["POST"])])

    @property
    def messages(self) -> Sequence[str]:
        return [message for message, _ in self.received]

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        for secret in self.secrets:
            told = Webhook(secret).verify(body, dict(request.headers))
            self.received.append((request.headers["webhook-id"], told))
        self.came.set()
        return Response("thanks", self.status, dict(self.headers))
