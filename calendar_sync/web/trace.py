"""Names every request, answers what nobody caught, and writes one line about each to the log."""

import logging
import re
import time
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.web import trace_id
from calendar_sync.web.errors import INTERNAL

logger = logging.getLogger(__name__)

_CLIENTS_OWN = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}", re.ASCII)
_LONGEST_PATH = 200


@dataclass(slots=True)
class Exchange:
    """What is known of a request's answer so far."""

    status: int | None = None

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
            if exchange.is_answered or scope["type"] != "http":
                raise
            scope["state"]["error_code"] = INTERNAL.code
            await INTERNAL.response()(scope, receive, send)


def _observed(send: Send, exchange: Exchange) -> Send:
    async def observed(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            exchange.status = message["status"]
            MutableHeaders(scope=message)["x-request-id"] = trace_id.current_trace_id()
        elif message["type"] == "websocket.accept":
            exchange.status = 101
        elif message["type"] == "websocket.close":
            exchange.status = exchange.status or 403
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
            "ms": round(seconds * 1000, 1),
            "user_id": actor.user_id if actor is not None else None,
            "error_code": state.get("error_code"),
            "client_request_id": theirs if _CLIENTS_OWN.fullmatch(theirs) else None,
        },
    )


def _path_of(scope: Scope) -> str:
    """The path as its route has it, without what the caller put into it."""
    if "endpoint" not in scope:
        return "(none)"
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path[:_LONGEST_PATH]
