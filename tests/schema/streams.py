"""A schema of streams that end, fail, wait and never end, behind the real server on a loopback port."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import strawberry
from graphql import GraphQLError
from starlette.routing import Route, WebSocketRoute
from strawberry.schema.config import StrawberryConfig

from calendar_sync.app import create_app
from calendar_sync.domain.errors import Conflict
from calendar_sync.server import Server, config_of, listen
from calendar_sync.services import Services
from calendar_sync.settings import Settings
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.graphiql import graphiql
from calendar_sync.web.sockets import Sockets
from calendar_sync.web.trace_id import current_trace_id
from resolvers.context import Info
from schema.execution import Schema
from schema.http import GraphQLEndpoint
from schema.socket import SocketEndpoint

CANARY = "canary-5d02"
OURS = "https://calendars.example"


@dataclass
class Stage:
    """What the streams do is seen and held up here."""

    sent: int = 0
    following: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    contexts: list[object] = field(default_factory=list)


def a_schema(stage: Stage) -> Schema:  # noqa: C901 - a list of fields
    @strawberry.type
    class Number:
        value: int

        @strawberry.field
        def if_odd(self, info: Info) -> int | None:
            stage.contexts.append(info.context)
            if self.value % 2 == 0:
                raise RuntimeError(CANARY)
            return self.value

    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self) -> str:
            return "world"

        @strawberry.field
        async def waiting(self) -> int:
            stage.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                stage.ended.set()
            return 0

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def work(self) -> bool:
            stage.begun.set()
            await stage.gate.wait()
            stage.done.set()
            return True

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def count(self, to: int) -> AsyncGenerator[int]:
            for number in range(1, to + 1):
                yield number

        @strawberry.subscription
        async def numbers(self, to: int) -> AsyncGenerator[Number]:
            for number in range(1, to + 1):
                yield Number(value=number)

        @strawberry.subscription
        async def breaking(self, how: str) -> AsyncGenerator[int]:
            yield 1
            if how == "told":
                raise Conflict("It contradicts what is there.")
            if how == "coded":
                raise GraphQLError("It is compacted away.", extensions={"code": "CURSOR_COMPACTED"})
            raise RuntimeError(CANARY)

        @strawberry.subscription
        async def never(self) -> AsyncGenerator[int]:
            stage.following += 1
            stage.begun.set()
            try:
                await asyncio.Event().wait()
                yield 0
            finally:
                stage.following -= 1
                stage.ended.set()

        @strawberry.subscription
        async def torrent(self) -> AsyncGenerator[str]:
            try:
                while True:
                    stage.sent += 1
                    yield "x" * 10_000
                    await asyncio.sleep(0)
            finally:
                stage.ended.set()

    return Schema(query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig())


@dataclass(frozen=True)
class Streaming:
    """The server of such a schema."""

    address: str
    server: Server
    stage: Stage
    schema: Schema
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def services(self) -> Services:
        services: Services = self.server.lifespan.state["services"]
        return services

    @property
    def sockets(self) -> Sockets:
        sockets: Sockets = self.server.lifespan.state["sockets"]
        return sockets

    async def key(self, email: str | None = None) -> str:
        """A new key, of a new user unless one is named."""
        return (await self.services.access.create_key(email or await self.user()))[1]

    async def user(self) -> str:
        email = f"user{next(self._numbers)}@example.com"
        await self.services.access.create_user(email)
        return email


@asynccontextmanager
async def streaming(
    database_url: str,
    *,
    init_within: float = 10,
    check_every: float = 30,
    ping_every: float = 20,
    patience: float | None = None,
    **settings: object,
) -> AsyncGenerator[Streaming]:
    """On a migrated store; further keywords are settings. Pages of `OURS` are its own."""
    chosen = Settings.model_validate({"database_url": database_url, "public_url": f"{OURS}/somewhere", **settings})
    stage = Stage()
    schema = a_schema(stage)
    app = create_app(chosen)
    app.router.routes[:2] = [
        Route("/graphql", GraphQLEndpoint(schema, services_of, actor_of, current_trace_id, graphiql)),
        WebSocketRoute("/graphql", SocketEndpoint(schema, OURS, init_within=init_within, check_every=check_every)),
    ]
    config = config_of(app)
    config.ws_ping_interval, config.ws_ping_timeout = ping_every, patience or ping_every
    server = Server(config, works=False)
    with listen("127.0.0.1", 0) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        try:
            host, port = listener.getsockname()[:2]
            yield Streaming(f"{host}:{port}", server, stage, schema)
        finally:
            server.should_exit = True
            await running
