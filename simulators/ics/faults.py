"""Answers that break a rule of HTTP, of iCalendar or of good manners."""

import gzip
from collections.abc import AsyncIterator, Callable, Mapping

import anyio
import anyio.lowlevel
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from simulators.ics.feeds import Fault, FaultKind
from simulators.server import abort

_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_MEGABYTE = 1024 * 1024


def faulty(fault: Fault, body: bytes) -> Response:
    """What is sent instead of `body`."""
    if fault.kind == "status":
        headers = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
        return Response(status_code=fault.status, headers=headers)
    if fault.kind == "redirect":
        return Response(status_code=fault.status, headers={"location": fault.location})
    return _FAULTS[fault.kind](body)


def _sent(body: bytes) -> Response:
    return Response(body, media_type="text/calendar")


def _streamed(body: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(body, media_type="text/calendar")


def _coded(body: bytes, coding: str) -> Response:
    return Response(body, headers={"content-type": "text/calendar", "content-encoding": coding})


class _CutOff(Response):
    """Sends less than it announces and cuts the connection; without an announcement it cuts before any answer."""

    def __init__(self, body: bytes, announced: int | None) -> None:
        super().__init__(body, media_type="text/calendar")
        self._announced = announced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._announced is None:
            abort(scope)
            return
        headers = [(b"content-type", b"text/calendar"), (b"content-length", str(self._announced).encode())]
        start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await anyio.sleep(0.01)  # so that the server writes what it has before the connection goes
        abort(scope)


async def _drip(body: bytes) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        yield body[at : at + 1]
        await anyio.sleep(0.05)


async def _stall() -> AsyncIterator[bytes]:
    yield b""
    await anyio.sleep_forever()


async def _endless(body: bytes) -> AsyncIterator[bytes]:
    head, _, tail = body.partition(b"BEGIN:VEVENT")
    yield head
    while True:
        yield (b"BEGIN:VEVENT" + tail.replace(b"END:VCALENDAR", b"")) * 50
        await anyio.lowlevel.checkpoint()


def _bomb() -> bytes:
    """A gigabyte of spaces in a megabyte: a thousand gzip members of a megabyte each."""
    return gzip.compress(b" " * _MEGABYTE) * 1024


_FAULTS: Mapping[FaultKind, Callable[[bytes], Response]] = {
    "reset": lambda _: _CutOff(b"", announced=None),
    "html": lambda _: Response(_LOGIN_PAGE, media_type="text/html"),
    "empty": lambda _: _sent(b""),
    "half": lambda body: _sent(body[: len(body) // 2]),
    "wrong length": lambda body: _CutOff(body[: len(body) // 2], announced=len(body)),
    "announced too large": lambda body: _CutOff(body, announced=10_000_000_000),
    "drip": lambda body: _streamed(_drip(body)),
    "stall": lambda _: _streamed(_stall()),
    "endless": lambda body: _streamed(_endless(body)),
    "bomb": lambda _: _coded(_bomb(), "gzip"),
    "double gzip": lambda body: _coded(gzip.compress(gzip.compress(body)), "gzip, gzip"),
    "unknown coding": lambda body: _coded(body, "br"),
    "garbled gzip": lambda body: _coded(gzip.compress(body)[:10] + b"\xff" * 64, "gzip"),
    "many headers": lambda _: Response(headers={f"x-{number}": "y" for number in range(1000)}),
    "long header": lambda _: Response(headers={"x-long": "y" * 90_000}),
}
