"""Executes what is plain in a selection at once: attributes, and what loaders have at hand. The rest as always.

graphql-core resolves each field of each object for itself, with a path, an info object, a look whether it has to be
awaited, and a guard for errors. For what is plain, a plan is made once for a selection set, and then only read: a
thousand objects by the same few closures. A plan never decides anything about errors. Whatever is not as it usually is
(a null where none may be, a value of another kind, an exception) makes it give up, and graphql-core executes the same
selection from the start: reading has no effects, so that can always be done. That the answers are the same is shown by
`tests/schema/test_fast.py`.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
    TypeNameMetaFieldDef,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.types.loaded import Loaded

Waiting = list[Future[Any]]
"""What has to be there before the plan is read again."""
Read = Callable[[Any, Waiting], Any]
"""From the object to the answer's value. Raises whatever it likes when something is not plain."""
Data = dict[str, Any]

_AS_THEY_ARE: Mapping[object, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}


class NotPlain(Exception):
    """Let graphql-core do it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Of one selection set. `fields` keeps it alive, since plans are found by its identity."""

    fields: GroupedFieldSet
    read: Read
    plain: GroupedFieldSet
    rest: GroupedFieldSet


class FastExecutor(StrawberryGraphQLCoreExecutionContext):
    """Of one operation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as graphql-core has it
        super().__init__(*args, **kwargs)
        self._plans: dict[tuple[GraphQLObjectType, int], Plan] = {}

    def build_per_event_executor(self, payload: object) -> Executor[Any]:
        """With plans and selections of its own: what is found by identity must not outlive an event."""
        executor = cast(FastExecutor, super().build_per_event_executor(payload))
        executor._plans, executor._relevant_sub_fields = {}, {}
        return executor

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,  # noqa: ANN401 - as graphql-core has it
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any | None,  # noqa: ANN401 - as graphql-core has it
    ) -> Awaitable[Data] | Data:
        """The fields of one object, in their order."""

        def slowly(fields: GroupedFieldSet) -> Awaitable[Data] | Data:
            return super(FastExecutor, self).execute_fields(parent_type, source_value, path, fields, position_context)

        if path is None:  # what is asked of the roots is never plain
            return slowly(grouped_field_set)
        plan = self._plan(parent_type, grouped_field_set)
        if not plan.plain:
            return slowly(grouped_field_set)
        waiting: Waiting = []
        try:
            data = plan.read(source_value, waiting)
        except Exception:  # noqa: BLE001 - graphql-core will meet it, too, and tell it as it should be told
            return slowly(grouped_field_set)
        others = slowly(plan.rest) if plan.rest else {}
        if not waiting and not self.is_awaitable(others):
            return _merged(data, cast(Data, others))
        return self._later(plan, source_value, waiting, data, others, slowly)

    async def _later(
        self,
        plan: Plan,
        source: object,
        waiting: Waiting,
        data: Data,
        others: Awaitable[Data] | Data,
        slowly: Callable[[GroupedFieldSet], Awaitable[Data] | Data],
    ) -> Data:
        """Once all is there that is waited for. What was looked up may need more to be looked up."""
        found = await others if self.is_awaitable(others) else cast(Data, others)
        try:
            while waiting:
                await asyncio.wait(waiting)
                waiting = []
                data = plan.read(source, waiting)
        except Exception:  # noqa: BLE001 - as above
            plain = slowly(plan.plain)
            return _merged(data, await plain if self.is_awaitable(plain) else cast(Data, plain), found)
        return _merged(data, found)

    def _plan(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet) -> Plan:
        key = (parent_type, id(fields))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._planned(parent_type, fields)
        return plan

    def _planned(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet) -> Plan:
        there = {name: each for name, each in fields.items() if self._field(parent_type, each) is not None}
        reads = {name: self._read(parent_type, each) for name, each in there.items()}
        plain = {name: each for name, each in there.items() if reads[name] is not None}
        rest = {name: each for name, each in there.items() if reads[name] is None}
        return Plan(fields, _object({name: read or _nothing for name, read in reads.items()}), plain, rest)

    def _read(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> Read | None:
        """`None` for a field that is not plain."""
        field = self._field(parent_type, details)
        if field is None or field.args or self._is_wrapped():
            return None
        if field is TypeNameMetaFieldDef:
            return lambda _, __: parent_type.name
        complete = self._complete(field.type, details)
        return None if complete is None else self._resolve(field, complete)

    def _field(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> GraphQLField | None:
        return self.schema.get_field(parent_type, details[0].node.name.value)

    def _is_wrapped(self) -> bool:
        return self.middleware_manager is not None and bool(self.middleware_manager.middlewares)

    def _resolve(self, field: GraphQLField, complete: Read) -> Read | None:
        """By an attribute, by a method that needs nothing but its object, or by what a loader finds."""
        ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(ours, StrawberryField) or ours.extensions:
            return None
        if isinstance(known := ours.metadata.get(Loaded.KEY), Loaded):
            return _look_up(known, lambda: self.context_value.loaders, complete)
        resolver = ours.base_resolver
        if resolver is None:
            name = ours.python_name
            return lambda source, waiting: complete(getattr(source, name), waiting)
        if resolver.is_async or set(resolver.signature.parameters) != {"self"}:
            return None
        method = cast(Callable[[Any], Any], resolver.wrapped_func)
        return lambda source, waiting: complete(method(source), waiting)

    def _complete(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Read | None:
        if isinstance(kind, GraphQLNonNull):
            return self._complete_there(kind.of_type, details)
        there = self._complete_there(kind, details)
        return there and (lambda value, waiting: None if value is None else there(value, waiting))

    def _complete_there(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Read | None:
        """For a value that is not null; a null is not plain."""
        if isinstance(kind, GraphQLList):
            item = self._complete(kind.of_type, details)
            return item and _list(item)
        if isinstance(kind, GraphQLObjectType) and kind.is_type_of is None:
            return self._complete_object(kind, details)
        if kind in _AS_THEY_ARE:
            return _as_it_is(_AS_THEY_ARE[kind])
        if isinstance(kind, GraphQLEnumType):
            return _named(kind)
        return _coerced(kind) if isinstance(kind, GraphQLScalarType) else None

    def _complete_object(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Read | None:
        ours = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        try:
            fields = self.collect_subfields(kind, details).grouped_field_set
        except GraphQLError:  # a directive's argument cannot be: told where the object is
            return None
        reads = {name: self._read(kind, each) for name, each in fields.items()}
        if ours is None or None in reads.values():
            return None
        origin, read = ours.origin, _object(cast(Mapping[str, Read], reads))

        def complete(value: object, waiting: Waiting) -> Data:
            if type(value) is not origin:
                raise NotPlain
            return cast(Data, read(value, waiting))

        return complete


def _object(reads: Mapping[str, Read]) -> Read:
    steps = tuple(reads.items())
    return lambda source, waiting: {name: read(source, waiting) for name, read in steps}


def _nothing(_source: object, _waiting: Waiting) -> None:
    """Keeps the place of a field that is not plain."""


def _list(item: Read) -> Read:
    def complete(values: object, waiting: Waiting) -> Sequence[Any]:
        if type(values) is not list:
            raise NotPlain
        return [item(value, waiting) for value in values]

    return complete


def _as_it_is(kind: type) -> Read:
    def complete(value: object, _waiting: Waiting) -> object:
        if not isinstance(value, kind):
            raise NotPlain
        return value

    return complete


def _named(kind: GraphQLEnumType) -> Read:
    names: dict[Any, str] = {}

    def complete(value: Any, _waiting: Waiting) -> str:  # noqa: ANN401 - whatever the enum takes
        name = names.get(value)
        if name is None:
            name = names[value] = kind.coerce_output_value(value)
        return name

    return complete


def _coerced(kind: GraphQLScalarType) -> Read:
    coerce = kind.coerce_output_value

    def complete(value: Any, _waiting: Waiting) -> object:  # noqa: ANN401 - whatever the scalar takes
        if isinstance(value, Exception) or hasattr(value, "__await__") or (coerced := coerce(value)) is None:
            raise NotPlain
        return coerced

    return complete


def _look_up(known: Loaded, loaders: Callable[[], Any], complete: Read) -> Read:
    load, read = known.load, known.read

    def look_up(source: object, waiting: Waiting) -> Any:  # noqa: ANN401 - what the field comes to
        coming = load(source, loaders())
        if coming is None:
            return complete(read(source, None), waiting)
        if not isinstance(coming, Future):
            raise NotPlain
        if coming.done():
            return complete(read(source, coming.result()), waiting)
        coming.add_done_callback(_seen)
        waiting.append(coming)
        return None

    return look_up


def _seen(coming: Future[Any]) -> None:
    """A failure is told by whoever reads it; when nobody comes to that, it is not to be logged as lost."""
    if not coming.cancelled():
        coming.exception()


def _merged(data: Data, *others: Data) -> Data:
    """In the order of `data`, which has a place for each."""
    for other in others:
        data.update(other)
    return data
