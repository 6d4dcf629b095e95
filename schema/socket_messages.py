"""What is said over a WebSocket in `graphql-transport-ws`, and what it is closed with.

The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.types import ExecutionResult

from schema.http import BadRequest, Operation, operation_in

PROTOCOL = "graphql-transport-ws"

GOING_AWAY, TRY_AGAIN_LATER = 1001, 1013
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, UNKNOWN_PROTOCOL = 4400, 4401, 4403, 4406
NO_INIT, DUPLICATE_ID, SECOND_INIT = 4408, 4409, 4429

_LONGEST_REASON = 123
"""Bytes, of which a closing frame has no more."""


class Closing(Exception):
    """The socket is to be closed, and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")


class Init(NamedTuple):
    """Who the client is, in what a browser cannot send as headers."""

    payload: Mapping[str, object]


class Ping(NamedTuple):
    pass


class Pong(NamedTuple):
    pass


class Subscribe(NamedTuple):
    """An operation of any kind is to be executed; its answers carry the id."""

    id: str
    operation: Operation


class Complete(NamedTuple):
    """The client wants no more of an operation."""

    id: str


def message_in(text: str | None) -> Init | Ping | Pong | Subscribe | Complete:
    """What a client said; `None` stands for bytes. Raises `Closing`."""
    try:
        given = orjson.loads(text or "")
    except orjson.JSONDecodeError as err:
        raise Closing(BAD_REQUEST, "A message must be one JSON text.") from err
    if not isinstance(given, dict):
        raise Closing(BAD_REQUEST, "A message must be a JSON object.")
    payload = given.get("payload")
    if not isinstance(payload, dict | None):
        raise Closing(BAD_REQUEST, "`payload` must be an object.")
    match given.get("type"):
        case "connection_init":
            return Init(payload or {})
        case "ping":
            return Ping()
        case "pong":
            return Pong()
        case "subscribe":
            return Subscribe(_id_of(given), _operation(payload or {}))
        case "complete":
            return Complete(_id_of(given))
        case _:
            raise Closing(BAD_REQUEST, "`type` is none that a client sends.")


def _id_of(given: Mapping[str, object]) -> str:
    name = given.get("id")
    if not isinstance(name, str) or not name:
        raise Closing(BAD_REQUEST, "`id` must be a text of at least one character.")
    return name


def _operation(payload: dict[str, object]) -> Operation:
    try:
        return operation_in(payload)
    except BadRequest as err:
        raise Closing(BAD_REQUEST, err.message) from err


ACK: Mapping[str, object] = {"type": "connection_ack"}
PONG: Mapping[str, object] = {"type": "pong"}


def next_(name: str, result: ExecutionResult) -> Mapping[str, object]:
    payload: dict[str, object] = {"data": result.data}
    if result.errors:
        payload = {"errors": _formatted(result.errors), **payload}
    return {"id": name, "type": "next", "payload": payload}


def error(name: str, errors: Sequence[GraphQLError]) -> Mapping[str, object]:
    return {"id": name, "type": "error", "payload": _formatted(errors)}


def complete(name: str) -> Mapping[str, object]:
    return {"id": name, "type": "complete"}


def _formatted(errors: Sequence[GraphQLError]) -> list[GraphQLFormattedError]:
    return [one.formatted for one in errors]
