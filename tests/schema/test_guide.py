"""The guide says what is so."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from schema import limits
from schema.http import MOST_BYTES
from schema.root import schema
from schema.types.paging import MOST_CHANGES, MOST_EVENTS, MOST_FIRST

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "graphql.md").read_text()
ON_LIMITS = (DOCS / "limits.md").read_text()
LIMITS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([A-Z_]+)` \|$", ON_LIMITS, re.MULTILINE)
EXAMPLES = re.findall(r"```graphql\n(.*?)```", GUIDE + ON_LIMITS, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_an_operation_of_this_schema(example: str) -> None:
    document = parse(example)

    assert validate(schema._schema, document) == []
    limits.check(limits.measure(document, document.definitions[0], {}, limits.sizes_of(schema._schema)))  # type: ignore[arg-type] # an operation


def test_the_limits_are_the_ones_it_names() -> None:
    assert {what: limit for what, limit, _ in LIMITS} == {
        "the body of a request": f"{MOST_BYTES // 1024} KiB",
        "operations in a request": "1",
        "the document": f"{limits.MOST_CHARACTERS:,} characters, {limits.MOST_TOKENS:,} tokens",
        "levels of fields in fields": f"{limits.DEEPEST}",
        "aliases": f"{limits.MOST_ALIASES}",
        "directives": f"{limits.MOST_DIRECTIVES}",
        "selections of one name": f"{limits.MOST_REPEATED}",
        "cost": f"{limits.MOST_COST:,}",
        "`first`": f"1 to {MOST_FIRST}",
        "`first` of `events`": f"1 to {MOST_EVENTS:,}",
        "`first` of `changes`": f"1 to {MOST_CHANGES}",
        "items of a list in the input": f"{limits.MOST_ITEMS}",
        "levels of the variables": f"{limits.DEEPEST}",
        "the time that a query takes": f"{limits.LONGEST_SECONDS:.0f} s",
        "errors in an answer": f"{limits.MOST_ERRORS}",
    }


def test_their_codes_are_told_where_codes_are() -> None:
    assert [code for _, _, code in LIMITS if f"`{code}`" not in GUIDE] == []


def test_the_example_costs_what_is_said() -> None:
    document = parse(EXAMPLES[-1])

    found = limits.measure(document, document.definitions[0], {}, limits.sizes_of(schema._schema))  # type: ignore[arg-type] # an operation

    assert f"costs {found.cost:,}," in ON_LIMITS
