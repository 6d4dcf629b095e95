"""Stands before execution: refuses what is too much or not permitted, and remembers documents that are in order."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from calendar_sync.domain.accounts import Actor
from resolvers.context import Context
from schema import limits

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"\\u(0000|\{0+\})")

# What the parser says of them; it has no other sign for it.
_TOO_MANY_TOKENS = f"contains more than {limits.MOST_TOKENS} tokens"
_TOO_DEEP = "nested too deeply"


@dataclass(slots=True)
class KnownDocuments:
    """Documents that were valid, the latest used last. Bounded in number and length, since anyone may send any: a
    parsed document takes up to 200 times its text."""

    capacity: int = 100
    longest: int = 4096
    _documents: OrderedDict[str, DocumentNode] = field(default_factory=OrderedDict)

    def get(self, query: str) -> DocumentNode | None:
        document = self._documents.get(query)
        if document is not None:
            self._documents.move_to_end(query)
        return document

    def add(self, query: str, document: DocumentNode) -> None:
        if len(query) > self.longest:
            return
        self._documents[query] = document
        if len(self._documents) > self.capacity:
            self._documents.popitem(last=False)


class Guard(SchemaExtension):
    """Of one operation."""

    def __init__(self, known: KnownDocuments, sizes: limits.Sizes) -> None:
        self._known = known
        self._sizes = sizes
        self._is_known: bool
        self._document: DocumentNode
        self._operation: OperationDefinitionNode

    def on_parse(self) -> Iterator[None]:
        query = self.execution_context.query or ""
        document = self._known.get(query)
        self._is_known = document is not None
        self._document = self.execution_context.graphql_document = document or parsed(query)
        # The name as the request has it: `operation_name` guesses the first of several.
        self._operation = chosen(self._document, self.execution_context._provided_operation_name)
        if OperationType(self._operation.operation.value) not in self.execution_context.allowed_operations:
            raise needs_socket()
        yield

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        variables = execution.variables or {}
        refuse_unstorable(variables)
        limits.check_variables(variables)
        limits.check(limits.measure(self._document, self._operation, variables, self._sizes))
        if not is_about_the_schema(self._document, self._operation):
            require_actor(execution.context)
        if self._is_known:
            execution.pre_execution_errors = []
        yield
        for error in execution.pre_execution_errors or ():
            error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
        if not self._is_known and not execution.pre_execution_errors:
            self._known.add(execution.query or "", self._document)

    async def on_execute(self) -> AsyncIterator[None]:
        is_query = OperationType(self._operation.operation.value) is OperationType.QUERY
        try:
            async with asyncio.timeout(limits.LONGEST_SECONDS if is_query else None):
                yield
        except TimeoutError as err:
            raise limits.too_slow() from err


def parsed(query: str) -> DocumentNode:
    """Raises a `GraphQLError`."""
    if len(query) > limits.MOST_CHARACTERS:
        raise limits.too_long()
    if _ESCAPED_NUL.search(query):
        raise unstorable()
    try:
        return parse(query, max_tokens=limits.MOST_TOKENS)
    except GraphQLError as err:
        if _TOO_MANY_TOKENS in err.message:
            raise limits.too_long() from err
        if _TOO_DEEP in err.message:
            raise limits.too_deep() from err
        raise


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to execute. Raises a `GraphQLError` when that is not clear."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is not None:
        operations = [one for one in operations if one.name is not None and one.name.value == name]
    if not operations:
        raise limits.refusal("The document has no such operation.", "BAD_USER_INPUT")
    if len(operations) > 1:
        raise limits.refusal("The document has several operations: name one as `operationName`.", "BAD_USER_INPUT")
    return operations[0]


def needs_socket() -> GraphQLError:
    return limits.refusal(
        "A subscription has more than one answer: open a WebSocket at this address, in the subprotocol "
        "graphql-transport-ws.",
        "SUBSCRIPTION_NEEDS_WEBSOCKET",
    )


def require_actor(context: Context) -> Actor:
    """Raises `NotAuthenticated`."""
    return context.actor


def is_about_the_schema(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether every root field is one of introspection (`__schema`, `__type`, `__typename`)."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    waiting, seen = [operation.selection_set], set[str]()
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                if not selection.name.value.startswith("__"):
                    return False
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in fragments and name not in seen:
                    seen.add(name)
                    waiting.append(fragments[name].selection_set)
            else:
                inner = getattr(selection, "selection_set", None)
                waiting.extend([inner] if isinstance(inner, SelectionSetNode) else [])
    return True


def refuse_unstorable(variables: Mapping[str, object]) -> None:
    """Raises a `GraphQLError` for a text that no store could keep: one with NUL or half a surrogate pair."""
    waiting: list[object] = [variables]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise unstorable()
        if isinstance(value, dict):
            waiting.extend([*value.keys(), *value.values()])
        elif isinstance(value, list):
            waiting.extend(value)


def unstorable() -> GraphQLError:
    return limits.refusal("A text must not contain NUL or half a surrogate pair.", "BAD_USER_INPUT")
