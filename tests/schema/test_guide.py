"""The guide says what is so."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from schema import limits
from schema.root import schema
from schema.types.paging import MOST_FIRST

GUIDE = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text()
EXAMPLES = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_an_operation_of_this_schema(example: str) -> None:
    document = parse(example)

    assert validate(schema._schema, document) == []
    limits.check(limits.measure(document, document.definitions[0], {}, limits.sizes_of(schema._schema)))  # type: ignore[arg-type] # an operation


@pytest.mark.parametrize(
    "number",
    [
        limits.MOST_CHARACTERS,
        limits.MOST_TOKENS,
        limits.DEEPEST,
        limits.MOST_ALIASES,
        limits.MOST_DIRECTIVES,
        limits.MOST_COST,
        limits.MOST_REPEATED,
        MOST_FIRST,
    ],
)
def test_the_limits_are_the_ones_it_names(number: int) -> None:
    assert re.search(rf"\b{number:,}\b", GUIDE)
