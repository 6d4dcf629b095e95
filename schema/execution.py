"""The schema as it is executed: guarded before, and its errors told by code and sentence after."""

import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from calendar_sync.domain.errors import CalendarSyncError
from resolvers.refusals import code_of
from schema import limits
from schema.executor import Executor
from schema.guard import Guard, KnownDocuments, chosen, parsed

logger = logging.getLogger(__name__)

_LONGEST_MESSAGE = 400
_MASKED = "Something went wrong on our side; it was logged under this trace_id."
_ONE_ANSWER = (OperationType.QUERY, OperationType.MUTATION)


class Schema(strawberry.Schema):
    """Executes operations in a `resolvers.context.Context`. Each error has `extensions.code` and `.trace_id`."""

    def __init__(self, query: type, mutation: type, config: StrawberryConfig, subscription: type | None = None) -> None:
        super().__init__(
            query=query, mutation=mutation, subscription=subscription, config=config, execution_context_class=Executor
        )
        self._known = KnownDocuments()
        self.extensions = (partial(Guard, self._known, limits.sizes_of(self._schema)),)

    async def execute(  # noqa: PLR0917 - the signature is Strawberry's
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,  # noqa: ANN401
        root_value: Any | None = None,  # noqa: ANN401
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """The one answer to a query or mutation."""
        result = await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types or _ONE_ANSWER,
            operation_extensions,
        )
        return _with_errors_told(result, context_value)

    async def subscribe(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,  # noqa: ANN401
        root_value: Any | None = None,  # noqa: ANN401
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> AsyncGenerator[ExecutionResult]:
        """An answer for each event, executed in a context of its own: an error in one does not end the others.

        Where the events themselves end by an error, that is the last result, and a `PreExecutionError` like one that
        keeps them from beginning. Close it when done (`aclosing`).
        """
        events = await super().subscribe(
            query, variable_values, context_value, root_value, operation_name, operation_extensions
        )
        return _told_each(events, context_value)

    def operation_type(self, query: str, operation_name: str | None) -> OperationType | None:
        """What is asked for; `None` where that is not clear, which `execute` refuses in words."""
        try:
            document = self._known.get(query) or parsed(query)
            return OperationType(chosen(document, operation_name).operation.value)
        except GraphQLError:
            return None

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `execute` logs what is unexpected, in a line of bounded length."""


async def _told_each(
    events: AsyncGenerator[ExecutionResult, None],
    context: Any | None,  # noqa: ANN401
) -> AsyncGenerator[ExecutionResult]:
    try:
        async with aclosing(events):
            async for result in events:
                is_end = result.data is None and not any(error.path for error in result.errors or ())
                told = PreExecutionError(None, result.errors) if is_end else result
                yield _with_errors_told(told, context)
    except Exception as error:  # noqa: BLE001 - as Strawberry does where it executes: whatever the guard raises
        cause = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
        yield _with_errors_told(PreExecutionError(None, [cause]), context)


def _with_errors_told(result: ExecutionResult, context: Any | None) -> ExecutionResult:  # noqa: ANN401
    if result.errors and context is not None:
        result.errors = [_told(error, context.trace_id) for error in limits.first_of(result.errors)]
    return result


def _told(error: GraphQLError, trace_id: str) -> GraphQLError:
    """The error as the caller may see it."""
    code, message = _code_and_message(error)
    return GraphQLError(
        message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…",
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions={"code": code, "trace_id": trace_id},
    )


def _code_and_message(error: GraphQLError) -> tuple[str, str]:
    original = error.original_error
    if isinstance(original, CalendarSyncError) and code_of(original) != CalendarSyncError.code:
        return code_of(original), original.message
    if original is not None and not isinstance(original, GraphQLError):
        logger.error("a GraphQL operation failed unexpectedly", exc_info=original, extra={"field": _place(error)})
        return CalendarSyncError.code, _MASKED
    known = (error.extensions or {}).get("code")
    if isinstance(known, str):
        return known, error.message
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED", error.message
    return "BAD_USER_INPUT", error.message


def _place(error: GraphQLError) -> str | None:
    return ".".join(str(part) for part in error.path) if error.path else None
