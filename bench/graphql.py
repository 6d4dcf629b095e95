"""1,000 events with 15 fields each by GraphQL, beside the same rows by REST, and where the time goes.

The server is a process of its own on loopback and SQLite. REST gives at most 100 rows an answer, so it is asked ten
times. The parts are CPU time, measured in this process over the same store; what is left of the server's own CPU time
is HTTP. Each is done several times, and the least counts: other work on the machine can only add.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import psutil

from bench.feed import EXPORTED, StaticFeed, feed
from bench.idle import serving
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.server import prepare
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from calendar_sync.web.shapes import CalendarEventList, EventQuery
from resolvers.context import Context
from schema.root import schema
from schema.types.event import Event
from simulators.server import ServerThread

EVENTS = 1000
LIMIT = 3.0
"""How many times as long as REST it may take."""

_PAGE = 100
_COLUMNS = ("wall", "CPU", "rows", "objects", "execution", "JSON", "HTTP")
_ROUNDS = 7
_PATH = "/v1/meeting-buddy/calendar/events"
_FIELDS = """id title isAllDay timeZone status provider organizerEmail attendeeCount isRecurring meetingLink
    meetingPlatform isJoinable autoJoinStatus start { dateTime } end { dateTime }"""
QUERY = f"{{ events(first: {EVENTS}) {{ nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }}"

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one way to get the events: by the clock of the client, and of the server's processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Parts:
    """Milliseconds of CPU time of what is done in the server."""

    rows: float
    objects: float
    execution: float
    json: float

    @property
    def sum(self) -> float:
        return self.rows + self.objects + self.execution + self.json

    def line(self, what: str, took: Took) -> str:
        numbers = (took.wall, took.cpu, self.rows, self.objects, self.execution, self.json, took.cpu - self.sum)
        return f"{what:26}" + "".join(f"{number:10.1f}" for number in numbers)


async def graphql_table(folder: Path) -> str:
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'graphql.db'}",
        allowed_private_networks="127.0.0.0/8",  # type: ignore[arg-type] # as the environment gives it
    )
    await prepare(settings)
    async with open_services(settings) as services:
        actor, key = await _filled(services)
        in_graphql, in_rest = await _parts_of_graphql(services, actor), await _parts_of_rest(services, actor, _PAGE)
        in_one_page = await _parts_of_rest(services, actor, EVENTS)
    async with (
        serving(settings) as (process, address),
        httpx.AsyncClient(base_url=address, headers={"X-API-Key": key}, trust_env=False, timeout=60) as client,
    ):
        graphql, rest = (
            await _took(process, lambda: _by_graphql(client)),
            await _took(process, lambda: _by_rest(client)),
        )
    return "\n".join(
        [
            f"{'milliseconds':26}" + "".join(f"{name:>10}" for name in _COLUMNS),
            in_graphql.line("GraphQL, 1 request", graphql),
            in_rest.line(f"REST, {EVENTS // _PAGE} requests of {_PAGE}", rest),
            f"GraphQL / REST, at most {LIMIT:.0f}: {graphql.wall / rest.wall:.2f} by the clock, "
            f"{graphql.cpu / rest.cpu:.2f} in CPU time",
            f"the same without HTTP, had REST a page of {EVENTS}: {in_graphql.sum / in_one_page.sum:.2f} in CPU time",
        ]
    )


async def _filled(services: Services) -> tuple[Actor, str]:
    """A user with the events, and their key."""
    user = await services.access.create_user("graphql@example.com")
    actor = Actor(user.id, user.organization_id)
    with ServerThread(StaticFeed(feed(EVENTS, exported=EXPORTED).encode())) as address:
        await services.connections.connect(actor, "ics", {"url": f"{address}/bench.ics"})
        assert not (await services.sync.sync(actor)).errors
    _, key = await services.access.create_key("graphql@example.com")
    return actor, key


async def _by_graphql(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/graphql", json={"query": QUERY})).raise_for_status()
    assert b'"errors"' not in answer.content[:20], answer.text[:500]


async def _by_rest(client: httpx.AsyncClient) -> None:
    for skip in range(0, EVENTS, _PAGE):
        (await client.get(_PATH, params={"limit": _PAGE, "skip": skip})).raise_for_status()


async def _took(process: psutil.Process, work: Work) -> Took:
    await work()
    before = process.cpu_times()
    wall = [await _milliseconds(work, time.perf_counter) for _ in range(_ROUNDS)]
    after = process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Took(min(wall), 1000 * cpu / _ROUNDS)


async def _parts_of_graphql(services: Services, actor: Actor) -> Parts:
    page = await services.events.page(actor, OccurrenceFilter(), limit=EVENTS)
    result = await schema.execute(QUERY, None, Context(services, actor, "bench"))
    rows = await _least(lambda: services.events.page(actor, OccurrenceFilter(), limit=EVENTS))
    objects = await _least(_at_once(lambda: [Event.of(each) for each in page.items]))
    whole = await _least(lambda: schema.execute(QUERY, None, Context(services, actor, "bench")))
    return Parts(rows, objects, whole - rows - objects, await _least(_at_once(lambda: orjson.dumps(result.data))))


async def _parts_of_rest(services: Services, actor: Actor, size: int) -> Parts:
    """Of all pages of that size."""
    query, pages = EventQuery(limit=min(size, _PAGE)), range(0, EVENTS, size)

    async def read() -> Sequence[CalendarEventList]:
        return [
            CalendarEventList.of(
                await services.events.page(actor, OccurrenceFilter(), limit=size, skip=skip, count=True), query
            )
            for skip in pages
        ]

    async def read_rows() -> None:
        for skip in pages:
            await services.events.page(actor, OccurrenceFilter(), limit=size, skip=skip, count=True)

    shapes = await read()
    rows, both = await _least(read_rows), await _least(read)
    return Parts(rows, both - rows, 0, await _least(_at_once(lambda: [each.model_dump_json() for each in shapes])))


def _at_once(work: Callable[[], object]) -> Work:
    async def done() -> object:
        return work()

    return done


async def _least(work: Work) -> float:
    return min([await _milliseconds(work, time.process_time) for _ in range(_ROUNDS)])


async def _milliseconds(work: Work, clock: Callable[[], float]) -> float:
    began = clock()
    await work()
    return 1000 * (clock() - began)
