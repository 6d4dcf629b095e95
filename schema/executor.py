"""Executes each event of a subscription as if it were an operation of its own."""

from dataclasses import replace
from typing import Any

from graphql.execution import Executor as GraphQLExecutor

from resolvers.context import Context
from schema.fast import FastExecutor


class Executor(FastExecutor):
    """Gives each event a context of its own: what one event looked up may have changed by the next."""

    def build_per_event_executor(self, payload: Any) -> GraphQLExecutor[Any]:  # noqa: ANN401 - the signature is the library's
        executor = super().build_per_event_executor(payload)
        if isinstance(executor.context_value, Context):
            executor.context_value = replace(executor.context_value)
        return executor
