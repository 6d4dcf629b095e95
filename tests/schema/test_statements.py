"""No list costs a query for each of its items: whatever can be read, as many rows cost as many statements as few.

What is asked is made from the schema, so that a list that is added is looked at, too.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_required_argument,
)
from sqlalchemy import Engine, event

from calendar_sync.domain.identifiers import RunId
from calendar_sync.domain.providers import Upsert
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from resolvers.context import Context
from schema.fast import FastExecutor
from schema.root import schema
from schema.types.paging import MOST_EVENTS
from tests.builders import NOW, WINDOW, a_calendar, a_connection, an_actor, an_all_day_time, an_event
from tests.schema.plenty import KEYS, Plenty, plenty
from tests.schema.test_fast import executed

REAL = schema._schema
FEW, MANY = 2, 20
YEAR = '{since: "2035-01-01T00:00:00Z", until: "2036-01-01T00:00:00Z"}'
ARGUMENTS: Mapping[str, str] = {
    "Query.event": '(id: "$event")',
    "Query.connection": '(id: "$connection")',
    "Query.syncRun": '(id: "$syncRun")',
    "Query.meeting": '(id: "$meeting")',
    "Query.previewAutoJoinRule": "(input: {action: NEVER_JOIN, priority: 1, includeAllDay: true})",
    "Query.webhookDeliveries": '(endpointId: "$endpoint")',
    "Query.freeBusy": f"(window: {YEAR})",
    "Query.availability": f'(window: {YEAR}, slot: {{minutes: 60}}, timeZone: "Europe/Berlin")',
}
"""Of the fields that need some: `$…` is one of `Plenty.known`."""
CONSTANT = {"Query.providers", "Meeting.differences", "Availability.slots"}
"""Lists that are as long for everybody."""
LIKE_ANOTHER = {"AutoJoinPreview.joined": "AutoJoinPreview.left"}
"""Lists that are not asked for, since they are empty where the other is not: they are read in the same way."""


@dataclass
class Asked:
    """All that can be asked below one field of the root. `lists` are the paths to lists, as `place` writes them."""

    missing: list[str] = field(default_factory=list)
    lists: dict[str, str] = field(default_factory=dict)

    def field(self, kind: GraphQLNamedType, name: str, within: str, above: frozenset[str]) -> str:
        known: GraphQLField = kind.fields[name]  # type: ignore[attr-defined] # it has fields
        key, of = f"{kind.name}_{name}", get_named_type(known.type)
        full, place = f"{kind.name}.{name}", f"{within}/{key}"
        if full in LIKE_ANOTHER:
            return ""
        if full not in ARGUMENTS and any(map(is_required_argument, known.args.values())):
            self.missing.append(f"{full} needs arguments: name some in ARGUMENTS of tests/schema/test_statements.py.")
            return ""
        given = ARGUMENTS.get(full, "(first: 100)" if "first" in known.args else "")
        inside = "" if _is_leaf(of) else self.selections(of, place, above)
        if not inside and not _is_leaf(of):
            return ""
        if isinstance(get_nullable_type(known.type), GraphQLList) and full not in CONSTANT:
            self.lists[place] = full
        return f"{key}: {name}{given} {inside}"

    def selections(self, kind: GraphQLNamedType, within: str, above: frozenset[str]) -> str:
        """Empty where it would go round in circles."""
        if kind.name in above:
            return ""
        if is_abstract_type(kind):
            possible = [(each, self.selections(each, within, above)) for each in REAL.get_possible_types(kind)]
            return "{ " + " ".join(f"... on {each.name} {inside}" for each, inside in possible if inside) + " }"
        names = kind.fields  # type: ignore[attr-defined] # an object type
        return "{ " + " ".join(self.field(kind, name, within, above | {kind.name}) for name in names) + " }"


def _is_leaf(kind: GraphQLNamedType) -> bool:
    return isinstance(kind, GraphQLScalarType | GraphQLEnumType)


@dataclass(frozen=True)
class Cost:
    statements: int
    lengths: Mapping[str, int]
    """Of the longest list at each place."""


async def cost(document: str, context: Context, has: Plenty) -> Cost:
    for name, identifier in has.known.items():
        document = document.replace(f'"${name}"', f'"{identifier}"')
    with counted() as statements:
        result = await executed(FastExecutor, REAL, document, {}, context)
    assert result.errors is None, result.errors
    lengths: dict[str, int] = {}
    for place, length in lists_in(result.data, ""):
        lengths[place] = max(length, lengths.get(place, 0))
    return Cost(len(statements), lengths)


def lists_in(value: Any, place: str) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, below in value.items():
            yield from lists_in(below, f"{place}/{key}")
    elif isinstance(value, list):
        yield place, len(value)
        for below in value:
            yield from lists_in(below, place)


@contextmanager
def counted() -> Generator[list[str]]:
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_many_rows_cost_as_many_statements_as_few(database_url: str) -> None:
    settings = Settings.model_validate({"database_url": database_url, "encryption_keys": KEYS})
    assert isinstance(REAL.query_type, GraphQLObjectType)
    wrong: list[str] = []
    async with open_services(settings) as services:
        little, much = [await plenty(services.database, rows) for rows in (FEW, MANY)]
        for name in REAL.query_type.fields:
            asked = Asked()
            document = f"{{ {asked.field(REAL.query_type, name, '', frozenset({'Query'}))} }}"
            wrong += asked.missing
            if asked.missing:
                continue
            few, many = [await cost(document, Context(services, has.actor, "t"), has) for has in (little, much)]
            wrong += [
                f"{full} is no longer for a user with {MANY} of everything than for one with {FEW}: give both of them "
                f"something for it in tests/schema/plenty.py, or name it in CONSTANT ({place})."
                for place, full in asked.lists.items()
                if many.lengths.get(place, 0) <= few.lengths.get(place, 0)
            ]
            if many.statements != few.statements:
                wrong.append(f"Query.{name}: {many.statements} statements with many rows, {few.statements} with few.")

    assert wrong == []


async def test_whatever_the_longest_page_of_events_says_is_looked_up_at_once(sqlite_url: str) -> None:
    """The page, and what its events say in full, their calendars and their accounts: one statement each and no more."""
    inside = "title attendees { email } description location end { date timeZone } calendar { name } connection { id }"
    async with open_services(Settings.model_validate({"database_url": sqlite_url})) as services:
        actor = await an_actor(services.database)
        calendar = await a_calendar(services.database, await a_connection(services.database, actor))
        async with services.database.begin() as tx:
            changes = [Upsert(an_event(f"{number}", time=an_all_day_time())) for number in range(MOST_EVENTS)]
            await tx.events.apply(calendar, changes, RunId("run_1"), WINDOW, NOW)
        paid = []
        for first in (1, MOST_EVENTS):
            with counted() as statements:
                query = f"{{ events(first: {first}) {{ nodes {{ {inside} }} edges {{ cursor node {{ url }} }} }} }}"
                result = await schema.execute(query, None, Context(services, actor, "t"))
            assert result.errors is None
            assert result.data is not None
            assert len(result.data["events"]["nodes"]) == first
            paid.append(len(statements))

    assert paid == [paid[0]] * 2
