"""A subscription as a transport would run it: straight from the schema."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from strawberry.types import ExecutionResult

from calendar_sync.domain.accounts import Actor
from resolvers.context import Context
from schema.root import schema
from tests.schema.asking import Asking


async def actor_of(asking: Asking) -> Actor:
    return await asking.door.services.access.authenticate(bearer=None, api_key=asking.client.headers["x-api-key"])


async def results(asking: Asking, query: str, **variables: object) -> AsyncGenerator[ExecutionResult]:
    """What comes of it, errors included. Close it when done."""
    context = Context(asking.door.services, await actor_of(asking), "trace")
    async with aclosing(await schema.subscribe(query, variables, context)) as given:
        async for each in given:
            yield each


async def followed(asking: Asking, query: str, **variables: object) -> AsyncGenerator[Any]:
    """What the only field of it gives, each time. Close it when done."""
    async with aclosing(results(asking, query, **variables)) as given:
        async for each in given:
            assert each.errors is None, each.errors
            assert each.data is not None
            (value,) = each.data.values()
            yield value
