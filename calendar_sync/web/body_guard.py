"""Reads request bodies before anything else does: bounded in size and time, never compressed."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.domain.errors import Invalid
from calendar_sync.web.errors import Unreadable, fault_of
from calendar_sync.web.json_body import json_object, require_json

_MOST_BYTES = 1024 * 1024
_MOST_BYTES_OF_JSON = 256 * 1024
_DEADLINE_SECONDS = 10.0
_CLOSE = {"Connection": "close"}  # the rest of the body may still be on its way


class ClientGone(Exception):
    """The client went away before its body was complete."""


class BodyGuard:
    """Hands on a body that is complete, or answers for it: 408, 413, 415.

    Bodies posted to `json_paths` are small JSON objects, or are refused here with 400, 413 or 415, because whoever
    serves those paths trusts what it is given.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        json_paths: frozenset[str] = frozenset(),
        deadline_seconds: float = _DEADLINE_SECONDS,
    ) -> None:
        self.app = app
        self._json_paths = json_paths
        self._deadline = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        is_json = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._json_paths
        if not (is_json or _has_body(headers)):
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(headers, receive, _MOST_BYTES_OF_JSON if is_json else _MOST_BYTES)
            if is_json:
                require_json(headers.get("content-type", ""))
                json_object(body)
        except ClientGone:
            return
        except (Unreadable, Invalid) as refusal:
            fault = fault_of(refusal)
            scope["state"]["error_code"] = fault.code
            await fault.response()(scope, receive, send)
        else:
            await self.app(scope, _replayed(body, receive), send)

    async def _body(self, headers: Headers, receive: Receive, most: int) -> bytes:
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise _unread(
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                "The request body must not be compressed.",
                {"Accept-Encoding": "identity"},
            )
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:20]) > most:
            raise _too_large()
        try:
            async with asyncio.timeout(self._deadline):
                return await _read(receive, most)
        except TimeoutError as err:
            raise _unread(408, "REQUEST_TIMEOUT", "The request body did not arrive in time.") from err


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _too_large() -> Unreadable:
    return _unread(413, "PAYLOAD_TOO_LARGE", "The request body is too large.")


def _unread(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Unreadable:
    return Unreadable(status, code, message, headers={**_CLOSE, **(headers or {})})
