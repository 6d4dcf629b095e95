"""The application: GraphQL and REST over the same services, in one list of routes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from calendar_sync.web import rest
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.graphiql import graphiql
from calendar_sync.web.sockets import Sockets
from calendar_sync.web.trace_id import current_trace_id
from schema.http import GraphQLEndpoint
from schema.root import schema
from schema.socket import SocketEndpoint

_LOOPBACK = {"127.0.0.1", "::1", "[::1]", "localhost"}


class State(TypedDict):
    """What every request finds in `request.state`."""

    services: Services
    sockets: Sockets


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. The store must be at the current version when its lifespan starts."""
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[State]:
        async with open_services(chosen) as services, Sockets() as sockets:
            yield State(services=services, sockets=sockets)

    socket = SocketEndpoint(schema, origin_of(chosen))
    return Starlette(
        routes=[Route("/graphql", _graphql(chosen)), WebSocketRoute("/graphql", socket), *rest.routes()],
        middleware=rest.middleware(chosen),
        exception_handlers=rest.exception_handlers(),
        lifespan=lifespan,
    )


def _graphql(settings: Settings) -> GraphQLEndpoint:
    return GraphQLEndpoint(
        schema=schema,
        services_of=services_of,
        actor_of=actor_of,
        trace_id=current_trace_id,
        page=graphiql if _shows_graphiql(settings) else None,
    )


def origin_of(settings: Settings) -> str:
    """What a browser calls the pages that are ours: their address without its path, and without a usual port."""
    return "/".join(str(settings.public_url).split("/", 3)[:3])


def _shows_graphiql(settings: Settings) -> bool:
    if settings.graphiql == "auto":
        return settings.public_url.host in _LOOPBACK
    return settings.graphiql == "on"
