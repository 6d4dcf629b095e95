"""Documents that are valid for a schema, made up from it: whatever a client might ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from hypothesis import strategies as st

_DEEPEST = 4
_MOST = 40
_DIRECTIVES = ["", "", "", "@include(if: $yes)", "@skip(if: $no)", "@include(if: $no)", "@skip(if: $odd)"]

_DECLARED = {"yes": "Boolean! = true", "no": "Boolean! = false", "odd": "Boolean = false"}

variables = st.fixed_dictionaries(
    {}, optional={"yes": st.booleans(), "no": st.booleans(), "odd": st.sampled_from([True, False, None])}
)
"""Of the documents. `null` for `odd` is an error wherever it is used."""


@dataclass
class _Writing:
    """`arguments` is what stands in the parentheses of fields that need some, by type and field, `Query.event`."""

    draw: st.DrawFn
    schema: GraphQLSchema
    arguments: Mapping[str, str]
    fragments: list[str] = field(default_factory=list)
    written: int = 0

    def selections(self, kind: GraphQLNamedType, depth: int) -> str:
        count = self.draw(st.integers(1, 1 if self.is_enough(depth) else 5))
        self.written += count
        return " ".join(self.selection(kind, depth) for _ in range(count))

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        form = self.draw(st.sampled_from(["field"] * 7 + ["inline", "spread"]))
        directive = self.draw(st.sampled_from(_DIRECTIVES))
        if form == "field" or self.is_enough(depth):
            return self.field(kind, depth, directive)
        within = self.draw(st.sampled_from(self.within(kind)))
        inside = self.selections(within, depth + 1)
        if form == "inline":
            return f"... on {within.name} {directive} {{ {inside} }}"
        self.fragments.append(f"fragment F{len(self.fragments)} on {within.name} {{ {inside} }}")
        return f"...F{len(self.fragments) - 1} {directive}"

    def is_enough(self, depth: int) -> bool:
        return depth >= _DEEPEST or self.written >= _MOST

    def within(self, kind: GraphQLNamedType) -> list[GraphQLNamedType]:
        """What a fragment there can be on."""
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return [kind, *self.schema.get_possible_types(kind)]
        return [kind]

    def field(self, kind: GraphQLNamedType, depth: int, directive: str) -> str:
        fields = getattr(kind, "fields", {})
        names = sorted(
            name for name in fields if not self.is_enough(depth) or _is_leaf(get_named_type(fields[name].type))
        )
        name = self.draw(st.sampled_from(["__typename", *names]))
        # The type is part of it: fields of the same name of two types could be of two kinds.
        response = f"{self.draw(st.sampled_from(['a', 'b']))}_{kind.name}_{name}: {name}"
        if name == "__typename":
            return f"{response} {directive}"
        given = self.arguments.get(f"{kind.name}.{name}", "")
        of = get_named_type(fields[name].type)
        inside = "" if _is_leaf(of) else f"{{ {self.selections(of, depth + 1)} }}"
        return f"{response}{given} {directive} {inside}"


@st.composite
def documents(draw: st.DrawFn, schema: GraphQLSchema, arguments: Mapping[str, str]) -> str:
    """A query with its fragments. See `_Writing.arguments`, and `variables`."""
    assert isinstance(schema.query_type, GraphQLObjectType)
    writing = _Writing(draw, schema, arguments)
    inside = writing.selections(schema.query_type, 0)
    text = " ".join([f"{{ {inside} }}", *writing.fragments])
    declared = ", ".join(f"${name}: {kind}" for name, kind in _DECLARED.items() if f"${name})" in text)
    return f"query ({declared}) {text}" if declared else text


def _is_leaf(kind: GraphQLNamedType) -> bool:
    return isinstance(kind, GraphQLScalarType | GraphQLEnumType)
