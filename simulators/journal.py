"""When each request to a server began and ended, and by which connection it came: what shows that none overlapped."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Entry:
    """One request. Times are seconds since the epoch; `ended` and `status` are `None` while it is under way.

    `account` is whose data it asked for, `client` the address that it came from, port and all: a client that opens
    connections of its own for each of its tasks tells by it which requests belong together.
    """

    account: str
    client: str
    method: str
    began: float
    ended: float | None = None
    status: int | None = None


@dataclass(slots=True)
class Journal:
    """Wraps an application. Every answer is kept back for `latency()` seconds; `whose` says whose data is asked for."""

    app: ASGIApp
    whose: Callable[[Request], str]
    latency: Callable[[], float] = lambda: 0.0
    entries: list[Entry] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        host, port = scope["client"]
        entry = Entry(self.whose(request), f"{host}:{port}", request.method, time.time())
        self.entries.append(entry)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        try:
            await asyncio.sleep(self.latency())
            await self.app(scope, receive, noted)
        finally:
            entry.ended = time.time()
