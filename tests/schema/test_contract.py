"""The schema as a document: what clients rely on, and that it explains itself."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_specified_scalar_type,
)

from calendar_sync.domain import errors
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.events import AutoJoinStatus, EventStatus, ResponseStatus, Visibility
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import RunStatus, Trigger
from resolvers.refusals import code_of
from schema.root import sdl
from schema.types.failures import ErrorCode

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(sdl())


def ours(contract: GraphQLSchema) -> list[GraphQLNamedType]:
    return [
        kind
        for kind in contract.type_map.values()
        if not kind.name.startswith("__") and not is_specified_scalar_type(kind)
    ]


def test_the_exported_schema_is_this_one_byte_for_byte() -> None:
    assert (ROOT / "schema.graphql").read_bytes() == sdl().encode()


def test_everything_is_described(contract: GraphQLSchema) -> None:
    bare = [name for kind in ours(contract) for name, description in described_parts(kind) if not description]

    assert bare == []


def described_parts(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Everything in a type that can have a description, with it."""
    yield kind.name, kind.description
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{kind.name}.{name}", value.description) for name, value in kind.values.items())
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{kind.name}.{name}", field.description) for name, field in kind.fields.items())
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, known in kind.fields.items():
            yield f"{kind.name}.{name}", known.description
            yield from ((f"{kind.name}.{name}({arg})", given.description) for arg, given in known.args.items())


def test_syncing_answers_what_is_promised(contract: GraphQLSchema) -> None:
    assert contract.mutation_type is not None
    result = contract.mutation_type.fields["syncCalendars"].type
    fields = {name: str(field.type) for name, field in contract.type_map["SyncResult"].fields.items()}  # type: ignore[attr-defined] # an object type

    assert str(result) == "SyncResult!"
    assert (
        fields.items()
        >= {
            "syncedCalendars": "Int!",
            "newEvents": "Int!",
            "updatedEvents": "Int!",
            "errors": "[String!]!",
        }.items()
    )


def test_what_is_named_a_connection_is_one_of_relay(contract: GraphQLSchema) -> None:
    connections = [kind for kind in ours(contract) if kind.name.endswith("Connection")]

    assert connections
    for connection in connections:
        assert isinstance(connection, GraphQLObjectType)
        assert {"edges", "pageInfo"} <= set(connection.fields)


def test_every_failure_can_be_caught_as_one(contract: GraphQLSchema) -> None:
    failed = [kind for kind in ours(contract) if kind.name.endswith("Failed")]

    assert failed
    for kind in failed:
        assert isinstance(kind, GraphQLObjectType)
        assert [interface.name for interface in kind.interfaces] == ["Failure"]


@pytest.mark.parametrize(
    "words",
    [
        ProviderName,
        ConnectionStatus,
        EventStatus,
        ResponseStatus,
        Visibility,
        AutoJoinStatus,
        Trigger,
        RunStatus,
    ],
)
def test_the_words_of_the_domain_are_those_of_the_schema(contract: GraphQLSchema, words: type[StrEnum]) -> None:
    kind = contract.type_map[words.__name__]

    assert isinstance(kind, GraphQLEnumType)
    assert set(kind.values) == set(words.__members__)


def test_every_error_has_its_code_in_the_schema() -> None:
    raised = {kind.code for kind in subclasses(errors.CalendarSyncError) if kind is not errors.NotAuthenticated}
    looked_for = {code_of(errors.NotFound(kind)) for kind in ("event", "connection", "calendar", "org_calendar")}

    assert raised | looked_for <= set(ErrorCode.__members__)


def subclasses(kind: type[errors.CalendarSyncError]) -> Iterator[type[errors.CalendarSyncError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def test_an_unknown_code_from_the_store_is_an_internal_error() -> None:
    assert ErrorCode.of("OF_ANOTHER_VERSION") is ErrorCode.INTERNAL_ERROR


@pytest.mark.parametrize("package", ["schema/__init__.py", "resolvers/__init__.py"])
def test_packages_import_nothing_themselves(package: str) -> None:
    """Types and resolvers need one another: an import here would make a circle."""
    assert "import" not in (ROOT / package).read_text().partition('"""\n')[2]
