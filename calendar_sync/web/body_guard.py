"""Reads request bodies before anything else does: bounded in size and time, never compressed."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.web.errors import Unreadable

_MOST_BYTES = 1024 * 1024
_MOST_UNKEPT = 512 * 1024
_DEADLINE_SECONDS = 10.0
_CLOSE = {"Connection": "close"}  # the rest of the body may still be on its way


class ClientGone(Exception):
    """The client went away before its body was complete."""


class BodyGuard:
    """Hands on a body that is complete, or answers for it: 408, 413, 415. What is in it is not looked at.

    A body may have `most_bytes`, or for some paths what `most_bytes_at` says.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int = _MOST_BYTES,
        most_bytes_at: Mapping[str, int] | None = None,
        deadline_seconds: float = _DEADLINE_SECONDS,
    ) -> None:
        self.app = app
        self._most_bytes = most_bytes
        self._most_bytes_at = most_bytes_at or {}
        self._deadline = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if not _has_body(headers):
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(headers, receive, self._most_bytes_at.get(scope["path"], self._most_bytes))
        except ClientGone:
            return
        except Unreadable as refusal:
            scope["state"]["error_code"] = refusal.fault.code
            await refusal.fault.response()(scope, receive, send)
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
        if declared.isdecimal() and int(declared[:20]) > most + _MOST_UNKEPT:
            raise _too_large()
        try:
            async with asyncio.timeout(self._deadline):
                return await _read(receive, most)
        except TimeoutError as err:
            raise _unread(408, "REQUEST_TIMEOUT", "The request body did not arrive in time.") from err


async def _read(receive: Receive, most: int) -> bytes:
    """A body that is a little too large is read to its end, unkept: a client that still writes would not see why."""
    body, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        is_last = not message.get("more_body", False)
        if size <= most:
            body += chunk
        if size > (most if is_last else most + _MOST_UNKEPT):
            raise _too_large()
        if is_last:
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
