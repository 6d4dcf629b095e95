"""Turns errors into what a caller is told: a code, a sentence, and the input that is to blame."""

import re
from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import TypedDict

from graphql import GraphQLError

from calendar_sync.domain.errors import (
    CalendarSyncError,
    Invalid,
    NotAuthenticated,
    NotFound,
    RateLimited,
    TooManyRequests,
)
from schema.types.failures import ErrorCode


class Told(TypedDict):
    """The fields of a `Failure`."""

    code: ErrorCode
    message: str
    field: str | None
    retry_after_seconds: int | None


def bad_input(message: str, *, code: str = "BAD_USER_INPUT") -> GraphQLError:
    """To raise where an argument has a value that its type allows and its meaning does not."""
    return GraphQLError(message, extensions={"code": code})


def code_of(error: CalendarSyncError) -> str:
    """The code that REST answers too."""
    if isinstance(error, NotFound):
        return f"{error.kind.upper()}_NOT_FOUND"
    return error.reason if isinstance(error, NotAuthenticated) else error.code


def told(error: CalendarSyncError, fields: Mapping[str, str] | None = None) -> Told:
    """`fields` says what the caller calls the fields that the use case names; it defaults to the same."""
    field = error.field if isinstance(error, Invalid) else None
    return Told(
        code=ErrorCode.of(code_of(error)),
        message=error.message,
        field=(fields or {}).get(field, field) if field else None,
        retry_after_seconds=_seconds(error.retry_after) if isinstance(error, RateLimited | TooManyRequests) else None,
    )


def camel(name: str) -> str:
    """`app_specific_password` as GraphQL spells it: `appSpecificPassword`."""
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def _seconds(delay: timedelta | None) -> int | None:
    return max(1, ceil(delay.total_seconds())) if delay is not None else None
