"""The application: GraphQL and REST over the same services, in one list of routes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette

from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings


class State(TypedDict):
    """What every request finds in `request.state`."""

    services: Services


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. The store must be at the current version when its lifespan starts."""
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[State]:
        async with open_services(chosen) as services:
            yield State(services=services)

    return Starlette(lifespan=lifespan)
