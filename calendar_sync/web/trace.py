"""Names every request, answers what nobody caught, and writes one line about each to the log."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.web import trace_id
from calendar_sync.web.errors import INTERNAL

logger = logging.getLogger(__name__)

_CLIENTS_OWN = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}", re.ASCII)
_LONGEST_PATH = 200
_BEGINNINGS = {"http.response.start", "websocket.http.response.start", "websocket.accept"}
_INTERNAL_ERROR = 1011


@dataclass(slots=True)
class Exchange:
    """What is known of a request's answer so far. `closed` is the code that a WebSocket was closed with."""

    status: int | None = None
    closed: int | None = None

    @property
    def is_answered(self) -> bool:
        return self.status is not None


class Trace:
    """Gives every request a `trace_id`, a UUID of ours that is the `x-request-id` of the answer and stands in every
    line of the log until then.

    An `x-request-id` that came in is not taken over, since two callers could send the same one or choose one to
    confuse the log; if it is short and plain, it stands beside ours in the request's own line as `client_request_id`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        began, exchange, token = time.perf_counter(), Exchange(), trace_id.begin()
        try:
            await self._serve(scope, receive, _observed(send, exchange), exchange)
        finally:
            _log(scope, exchange, time.perf_counter() - began)
            trace_id.end(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:  # the outermost boundary: nobody is left to handle it, and the caller must not see it
            logger.exception("a request failed unexpectedly")
            scope["state"]["error_code"] = INTERNAL.code
            if scope["type"] == "websocket" and exchange.closed is None:
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR})
            elif exchange.is_answered:
                raise
            else:
                await INTERNAL.response()(scope, receive, send)


def _observed(send: Send, exchange: Exchange) -> Send:
    async def observed(message: Message) -> None:
        if message["type"] in _BEGINNINGS:
            exchange.status = message.get("status", 101)
            message.setdefault("headers", [])
            MutableHeaders(scope=message)["x-request-id"] = trace_id.current_trace_id()
        elif message["type"] == "websocket.close":
            exchange.status = exchange.status or 403
            exchange.closed = message.get("code", 1000)
        await send(message)

    return observed


def _log(scope: Scope, exchange: Exchange, seconds: float) -> None:
    """Of what comes by the thousand (`state.is_routine`) only on request."""
    level = logging.DEBUG if scope["state"].get("is_routine") else logging.INFO
    if not logger.isEnabledFor(level):
        return
    state, theirs = scope["state"], Headers(scope=scope).get("x-request-id", "")
    actor = state.get("actor")
    logger.log(
        level,
        "request",
        extra={
            "method": scope.get("method", "WEBSOCKET"),
            "path": _path_of(scope),
            "status": exchange.status,
            "closed": exchange.closed,
            "ms": round(seconds * 1000, 1),
            "user_id": actor.user_id if actor is not None else None,
            "error_code": state.get("error_code"),
            "client_request_id": theirs if _CLIENTS_OWN.fullmatch(theirs) else None,
        },
    )


@dataclass(slots=True)
class OperationLine:
    """What is known of an operation on a WebSocket so far."""

    kind: str | None = None
    answers: int = 0
    error_code: str | None = None


@contextmanager
def operation_traced(socket: HTTPConnection) -> Iterator[OperationLine]:
    """One operation on a WebSocket, which may stay open for days: it has a `trace_id` and a line in the log of its own,
    where `socket` is the `trace_id` of the request that opened that."""
    line, began, opened_by, token = OperationLine(), time.perf_counter(), trace_id.current_trace_id(), trace_id.begin()
    try:
        yield line
    finally:
        logger.info(
            "operation",
            extra={
                "socket": opened_by,
                "kind": line.kind,
                "answers": line.answers,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "user_id": socket.state.actor.user_id,
                "error_code": line.error_code,
            },
        )
        trace_id.end(token)


def _path_of(scope: Scope) -> str:
    """The path as its route has it, without what the caller put into it."""
    if "endpoint" not in scope:
        return "(none)"
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path[:_LONGEST_PATH]
