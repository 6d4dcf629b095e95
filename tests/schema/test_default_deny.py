"""Without credentials nothing is answered but what the schema is: whoever adds a field need not think of it."""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from schema.root import sdl
from tests.schema.asking import error_of
from tests.web.door import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")


LITERALS = {"Int": "1", "Boolean": "true", "DateTime": '"2026-03-01T09:00:00Z"', "TimeZone": '"UTC"'}


def root_fields() -> Iterator[str]:
    """A minimal operation for every root field there is."""
    contract = build_schema(sdl())
    for operation, kind in (("query", contract.query_type), ("mutation", contract.mutation_type)):
        assert isinstance(kind, GraphQLObjectType)
        for name, known in kind.fields.items():
            yield f"{operation} {{ {name}{arguments(known)}{selection(known)} }}"


def arguments(known: GraphQLField) -> str:
    given = [f"{name}: {literal(one.type)}" for name, one in known.args.items() if is_required_argument(one)]
    return f"({', '.join(given)})" if given else ""


def literal(kind: GraphQLInputType) -> str:
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type)
    if isinstance(kind, GraphQLList):
        return "[]"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        name, field = next(iter(kind.fields.items()))
        wanted = {name: field} if kind.is_one_of else kind.fields
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in wanted.items()) + "}"
    return LITERALS.get(str(kind), '"x"')


def selection(known: GraphQLField) -> str:
    return "" if is_leaf_type(get_named_type(known.type)) else " { __typename }"


OPERATIONS = sorted(root_fields())


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_root_field_answers_without_credentials(door: Door, operation: str) -> None:
    async with door.asking() as stranger:
        answer = await stranger.post("/graphql", json={"query": operation})

    assert answer.status_code == 401
    assert answer.json().get("data") is None
    assert answer.headers["www-authenticate"] == "Bearer"
    error = error_of(answer)
    assert error["extensions"]["code"] == "AUTHENTICATION_REQUIRED"
    assert error["message"] == "Authentication is required to access this resource."


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_of_these_operations_is_a_good_one(door: Door, operation: str) -> None:
    """So that the test above cannot pass for another reason."""
    async with door.asking(await door.key()) as client:
        answer = await client.post("/graphql", json={"query": operation})

    assert answer.status_code == 200
    assert "GRAPHQL_" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename me { id } }",
        "{ __typename ... { me { id } } }",
        "{ __typename ... on Query { me { id } } }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A alias: me { id } }",
        "query A { __typename ...F } fragment F on Query { me @skip(if: false) { id } }",
        "{ __schema { __typename } providers { name } }",
    ],
)
async def test_no_wrapping_gets_past_it(door: Door, query: str) -> None:
    async with door.asking() as stranger:
        answer = await stranger.post("/graphql", json={"query": query})

    assert answer.status_code == 401
    assert error_of(answer)["extensions"]["code"] == "AUTHENTICATION_REQUIRED"


@pytest.mark.parametrize("query", [get_introspection_query(), "{ __typename }", '{ __type(name: "Event") { name } }'])
async def test_the_schema_itself_is_public(door: Door, query: str) -> None:
    async with door.asking() as stranger:
        answer = await stranger.post("/graphql", json={"query": query})

    assert answer.status_code == 200
    assert "errors" not in answer.json()
