"""Holds a provider at one of its requests, so that a test can do something to the process that waits for the answer."""

import asyncio
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(slots=True)
class Gate:
    """Holds the request of that `number` whose path contains `path`. `reached` once it is there; all others pass."""

    path: str
    number: int = 1
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    _count: int = 0

    def around(self, app: ASGIApp) -> ASGIApp:
        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            if self.path in scope["path"]:
                self._count += 1
                if self._count == self.number:
                    self.reached.set()
                    await self.opened.wait()
            await app(scope, receive, send)

        return gated
