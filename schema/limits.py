"""How much a document asks for, measured before anything of it is validated or executed.

Fragments are measured once and remembered, so that the effort grows with the length of the document, not with what
its fragments multiply to. The measures are upper bounds: `@skip` and `@include` are not looked at.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument

from schema.types.paging import MOST, MOST_FIRST

MOST_CHARACTERS = 32_768
MOST_TOKENS = 2000
DEEPEST = 10
MOST_ALIASES = 30
MOST_DIRECTIVES = 30
MOST_COST = 25_000
MOST_REPEATED = 60
MOST_ITEMS = 100
"""In one list of the input."""
MOST_ERRORS = 100
LONGEST_SECONDS = 30.0
"""Of a query. What is done, as a sync, takes as long as it takes: its providers have deadlines of their own."""

_TYPICAL_LIST = 5
_LARGE_COST = MOST_COST // 10
_INTROSPECTION = ("__schema", "__type")
_DEEPEST_NESTING = 64


class Measure(NamedTuple):
    """`cost` is how many fields the answer may hold, plus what some cost by themselves (`Sizes`)."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0

    def beside(self, other: "Measure") -> "Measure":
        return Measure(
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.cost + other.cost,
        )


def refusal(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def too_deep() -> GraphQLError:
    return refusal(f"The query nests more than {DEEPEST} levels deep.", "QUERY_TOO_DEEP")


def too_long() -> GraphQLError:
    return refusal(
        f"The query is longer than {MOST_CHARACTERS} characters or {MOST_TOKENS} tokens. Use variables for values.",
        "QUERY_TOO_LONG",
    )


def too_slow() -> GraphQLError:
    return refusal(f"The query took more than {LONGEST_SECONDS:.0f} seconds. Ask for less.", "QUERY_TOO_SLOW")


def first_of(errors: Sequence[GraphQLError]) -> Sequence[GraphQLError]:
    """As many as an answer may hold, and that there were more."""
    if len(errors) <= MOST_ERRORS:
        return errors
    more = refusal(f"An answer tells at most {MOST_ERRORS} errors; there were more.", "TOO_MANY_ERRORS")
    return [*errors[:MOST_ERRORS], more]


def check_variables(variables: Mapping[str, object]) -> None:
    """Raises a `GraphQLError` for a list that is too long, and for what nests too deeply."""
    waiting: list[tuple[object, int]] = [(value, 0) for value in variables.values()]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth >= DEEPEST:
                raise refusal(f"The variables nest more than {DEEPEST} levels deep.", "QUERY_TOO_DEEP")
            if isinstance(value, list):
                check_length(value)
            inner = value.values() if isinstance(value, dict) else value
            waiting.extend((each, depth + 1) for each in inner)


def check_length(items: Sized) -> None:
    """Raises a `GraphQLError`."""
    if len(items) > MOST_ITEMS:
        raise refusal(f"A list that is given may have at most {MOST_ITEMS} items.", "BAD_USER_INPUT")


class Sizes(NamedTuple):
    """What fields come to that is not written in the document, by name: how many items a list is taken to have, how
    many it may have (`MOST_FIRST` unless it is here), and what a field costs by itself."""

    items: Mapping[str, int]
    most: Mapping[str, int]
    own: Mapping[str, int]


def sizes_of(schema: GraphQLSchema) -> Sizes:
    """A list has its default `first`, or a typical number of items; `edges` and `nodes` are counted a level above,
    where their `first` is. What is done costs more than what is read: a provider may have to be asked."""
    known = [
        (name, field)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
    ]
    items = {
        name: _length(field)
        for name, field in known
        if name not in {"edges", "nodes"} and ("first" in field.args or _is_list(field.type))
    }
    most = {name: _most(field.args["first"]) for name, field in known if "first" in field.args}
    doing = schema.mutation_type.fields if schema.mutation_type else ()
    return Sizes(items, most, dict.fromkeys((*doing, *_INTROSPECTION), _LARGE_COST))


def _most(first: GraphQLArgument) -> int:
    ours = first.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return int(ours.metadata.get(MOST, MOST_FIRST)) if isinstance(ours, StrawberryArgument) else MOST_FIRST


def _length(known: GraphQLField) -> int:
    first = known.args.get("first")
    default = first.default_value if first is not None else None
    return default if isinstance(default, int) else _TYPICAL_LIST


def _is_list(kind: object) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def check(measure: Measure) -> None:
    """Raises a `GraphQLError` whose code says what there is too much of."""
    if measure.depth > DEEPEST:
        raise too_deep()
    if measure.aliases > MOST_ALIASES:
        raise refusal(f"The query has more than {MOST_ALIASES} aliases.", "TOO_MANY_ALIASES")
    if measure.directives > MOST_DIRECTIVES:
        raise refusal(f"The query has more than {MOST_DIRECTIVES} directives.", "TOO_MANY_DIRECTIVES")
    if measure.cost > MOST_COST:
        raise refusal(
            f"The answer could hold more than {MOST_COST} fields. Ask for fewer items (`first`) or fewer fields.",
            "QUERY_TOO_COSTLY",
        )


def measure(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    sizes: Sizes,
) -> Measure:
    """Raises a `GraphQLError` for a page out of bounds, and for selections that nest without end."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
    for default in defaults.values():
        _check_literal(default)
    return _Measuring(fragments, defaults, variables, sizes).operation(operation)


@dataclass(slots=True)
class _Measuring:
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Mapping[str, object]
    variables: Mapping[str, object]
    sizes: Sizes
    known: dict[str, Measure] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def operation(self, operation: OperationDefinitionNode) -> Measure:
        inside = self.selections(operation.selection_set, 1)
        return inside._replace(directives=inside.directives + len(operation.directives or ()))

    def selections(self, chosen: SelectionSetNode | None, nesting: int) -> Measure:
        if nesting > _DEEPEST_NESTING:
            raise too_deep()
        total = Measure()
        for selection in _within(chosen):
            total = total.beside(self.selection(selection, nesting))
        return total

    def selection(self, node: SelectionNode, nesting: int) -> Measure:
        if isinstance(node, FieldNode):
            measure = self.field(node, nesting)
        elif isinstance(node, FragmentSpreadNode):
            measure = self.fragment(node.name.value, nesting)
        else:
            measure = self.selections(getattr(node, "selection_set", None), nesting + 1)
        return measure._replace(directives=measure.directives + len(node.directives or ()))

    def field(self, node: FieldNode, nesting: int) -> Measure:
        for argument in node.arguments or ():
            _check_literal(argument.value)
        if node.selection_set is not None:
            self.repeat((node.alias or node.name).value)
        inside = self.selections(node.selection_set, nesting + 1)
        aliases = inside.aliases + (node.alias is not None)
        own = self.sizes.own.get(node.name.value, 1)
        if node.name.value in _INTROSPECTION:
            return Measure(1, aliases, inside.directives, own)
        depth = inside.depth + (node.selection_set is not None)
        return Measure(depth, aliases, inside.directives, own + self.items(node) * inside.cost)

    def repeat(self, name: str) -> None:
        """Validation compares all selections of the same name with one another."""
        self.seen[name] += 1
        if self.seen[name] > MOST_REPEATED:
            raise refusal(f"The query has more than {MOST_REPEATED} selections of one name.", "QUERY_TOO_COSTLY")

    def fragment(self, name: str, nesting: int) -> Measure:
        """A fragment that is not there, or that spreads itself, counts nothing: validation refuses it."""
        if name not in self.known:
            self.known[name] = Measure()
            fragment = self.fragments.get(name)
            if fragment is not None:
                self.known[name] = self.selections(fragment.selection_set, nesting + 1)
        return self.known[name]

    def items(self, node: FieldNode) -> int:
        """How many items the field may give: its `first`, which must be in bounds."""
        usual = self.sizes.items.get(node.name.value, 1)
        given = next((one.value for one in node.arguments or () if one.name.value == "first"), None)
        first = self.value(given) if given is not None else usual
        if not isinstance(first, int | float):
            return usual
        most = self.sizes.most.get(node.name.value, MOST_FIRST)
        if not 1 <= first <= most:
            raise refusal(f"`first` must be between 1 and {most}.", "BAD_USER_INPUT")
        return int(first)

    def value(self, node: object) -> object:
        if isinstance(node, VariableNode):
            name = node.name.value
            if name in self.variables:
                return self.variables[name]
            return self.value(self.defaults.get(name))
        return int(node.value[:12]) if isinstance(node, IntValueNode) else node


def _check_literal(node: ValueNode | None) -> None:
    waiting = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, ListValueNode):
            check_length(value.values)
            waiting.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            waiting.extend(each.value for each in value.fields)


def _within(chosen: SelectionSetNode | None) -> Iterable[SelectionNode]:
    return chosen.selections if chosen is not None else ()
