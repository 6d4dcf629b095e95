"""Tells GraphQL what things mean: enums with all their values, and fields that are computed."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

Resolver = TypeVar("Resolver", bound=Callable[..., object])
Words = TypeVar("Words", bound=StrEnum)


def described(description: str) -> Callable[[Resolver], Resolver]:
    """Make a method a field of its type."""
    return cast(Callable[[Resolver], Resolver], strawberry.field(description=description))


def describe(enum: type[Words], description: str, values: Mapping[Words, str]) -> None:
    """Make `enum` an enum of the schema under its own name; its members' names are the values.

    To be called before a type has a field of it. Raises `KeyError` for a member that has no description.
    """
    strawberry.enum(enum, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined] # set just above
    for value in definition.values:
        value.description = values[enum(value.value)]
