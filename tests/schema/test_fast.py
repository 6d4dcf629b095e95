"""What is executed by a plan comes to what graphql-core comes to: in data, order of keys, and errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLSchema, MiddlewareManager, execute, parse, validate
from graphql.execution import ExecutionResult, Executor
from hypothesis import HealthCheck, given, settings
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import OrganizationId, UserId
from resolvers.context import Context
from schema.fast import FastExecutor
from schema.root import schema
from tests.schema import oddities
from tests.schema.asking import asking, hour
from tests.schema.selections import documents, variables
from tests.web.door import TOMORROW, Door

pytestmark = pytest.mark.asyncio(loop_scope="module")

REAL, ODD = schema._schema, oddities.schema._schema
WINTER = '{since: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z"}'
ARGUMENTS = {
    "Query.event": '(id: "$event")',
    "Query.connection": '(id: "$connection")',
    "Query.syncRun": '(id: "$run")',
    "Query.events": "(first: 10)",
    "Query.previewAutoJoinRule": '(input: {matchMode: KEYWORD, keywords: ["planning"]})',
    "Query.meeting": '(id: "$meeting")',
    "Query.webhookDeliveries": f'(endpointId: "whe_{"a" * 24}")',
    "Query.freeBusy": f"(window: {WINTER})",
    "Query.availability": f'(window: {WINTER}, slot: {{minutes: 60}}, timeZone: "Europe/Berlin", first: 10)',
}
BOUNDED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def answers(
    schema: GraphQLSchema, document: str, values: Mapping[str, object], context: Callable[[], object]
) -> tuple[ExecutionResult, ExecutionResult]:
    """By a plan, and by graphql-core alone."""
    assert validate(schema, parse(document)) == []
    fast, plain = [
        await executed(way, schema, document, values, context())
        for way in (FastExecutor, StrawberryGraphQLCoreExecutionContext)
    ]
    return fast, plain


async def executed(
    way: type[Executor[Any]], schema: GraphQLSchema, document: str, values: Mapping[str, object], context: object
) -> ExecutionResult:
    result = execute(
        schema,
        parse(document),
        context_value=context,
        variable_values=dict(values),
        middleware=MiddlewareManager(),
        executor_class=way,
    )
    return result if isinstance(result, ExecutionResult) else await result


def told(result: ExecutionResult) -> bytes:
    """With keys and errors in their order."""
    return orjson.dumps([result.data, [error.formatted for error in result.errors or ()]])


def nulled(result: ExecutionResult) -> bytes:
    """Where there is null for an error. Of fields that are awaited, chance has it which is the first to fail."""
    places = {orjson.dumps(place_of(error.path or [], result.data)) for error in result.errors or ()}
    return orjson.dumps([result.data, sorted(map(bytes.decode, places))])


def place_of(path: Sequence[str | int], data: Any) -> Sequence[str | int]:  # noqa: ANN401 - JSON
    """As much of the path as there is in the data."""
    for number, key in enumerate(path):
        if data is None:
            return path[:number]
        data = data[key]
    return path


@dataclass(frozen=True)
class Asker:
    """Whose questions are compared, with the identifiers that stand in them."""

    door: Door = field(repr=False)
    actor: Actor
    known: Mapping[str, str]

    def context(self) -> Context:
        return Context(self.door.services, self.actor, "trace")

    def named(self, document: str) -> str:
        for name, identifier in self.known.items():
            document = document.replace(f"${name}", identifier)
        return document


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asker(door: Door) -> Asker:
    """Of a timed event, a series, one that says much, one of a whole day, and one that cannot be read."""
    async with asking(door) as one:
        feed = door.feed()
        feed.put("timed", start=hour(0))
        feed.put("series", start=hour(1), more=["RRULE:FREQ=DAILY;COUNT=3"])
        feed.put("day", start=(TOMORROW + timedelta(days=1)).date())
        feed.put(
            "much",
            start=hour(2),
            more=[
                "LOCATION:https://us02web.zoom.us/j/85012345678",
                "DESCRIPTION:What it is about",
                "ORGANIZER;CN=Ada:mailto:ada@example.com",
                "ATTENDEE;CN=Grace;PARTSTAT=ACCEPTED:mailto:grace@example.com",
                "ATTENDEE:mailto:lin@example.com",
                "CLASS:PRIVATE",
            ],
        )
        feed.put("unreadable", more=["RRULE:FREQ=NEVER"])
        connection = await one.connect(feed)
        await one.sync()
        found = await one.data(
            "{ me { id organizationId } events(first: 1) { nodes { id meeting { id } } } syncRuns { id } }"
        )
    actor = Actor(UserId(found["me"]["id"]), OrganizationId(found["me"]["organizationId"]))
    (first,), run = found["events"]["nodes"], found["syncRuns"][0]["id"]
    known = {"event": first["id"], "meeting": first["meeting"]["id"], "run": run, "connection": connection}
    return Asker(door, actor, known)


@settings(BOUNDED, max_examples=30)
@given(document=documents(REAL, ARGUMENTS), values=variables)
async def test_whatever_is_asked_is_answered_as_by_graphql_core(
    asker: Asker, document: str, values: Mapping[str, object]
) -> None:
    fast, plain = await answers(REAL, asker.named(document), values, asker.context)

    compared = nulled if fast.errors and plain.errors else told  # of several that fail, chance says which is told
    assert compared(fast) == compared(plain)


@settings(BOUNDED, max_examples=50)
@given(document=documents(ODD, {}), values=variables, thing=oddities.things)
async def test_so_it_is_whatever_is_wrong_with_what_the_objects_hold(
    document: str, values: Mapping[str, object], thing: oddities.Thing
) -> None:
    fast, plain = await answers(ODD, document, values, lambda: oddities.Context(thing))

    compared = nulled if oddities.is_awaited(document, thing) else told
    assert compared(fast) == compared(plain)
