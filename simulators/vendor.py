"""What every simulated vendor is: an ASGI application that logs, goes wrong on demand and can be steered."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.answers import compressed
from simulators.clock import Clock
from simulators.faults import Fault, Faults, halved, send_spoilt
from simulators.log import LoggedRequest, logged
from simulators.switches import Switches

_MOST_LOGGED = 10_000


@dataclass(slots=True, kw_only=True)
class Vendor(ABC):
    """Its heirs say what their `quirks` and `faults` are, how they answer, and whose a request is."""

    clock: Clock = field(default_factory=Clock)
    quirks: Switches
    faults: Faults
    log: list[LoggedRequest] = field(default_factory=list)
    control: Starlette = field(init=False, repr=False)
    """What is under `/_control`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self.control(scope, receive, send)
        else:
            request = Request(scope, receive)
            response, fault = await self.asked(request)
            sent = compressed(request, response) if self.compresses(request) else response
            await send_spoilt(sent, fault, scope, send)

    async def asked(self, request: Request) -> tuple[Response, Fault]:
        """The answer to a request, logged and late where it should be, and the fault that is to spoil it."""
        account = self.account_of(request)
        entry = await logged(request, account)
        self.log.append(entry)
        del self.log[:-_MOST_LOGGED]
        fault = self.faults.take(request, account) or Fault()
        response = fault.refusal(self.faults.named)
        if response is None:
            response = await self.answered(request)
        entry.status = response.status_code
        await asyncio.sleep(fault.delay)
        return (halved(response) if fault.half else response), fault

    @abstractmethod
    def account_of(self, request: Request) -> str:
        """The address of the account whose living token a request shows, or nothing."""

    @abstractmethod
    async def answered(self, request: Request) -> Response:
        """What a well-mannered vendor answers."""

    def compresses(self, _: Request) -> bool:
        """Whether clients that take gzip get it."""
        return True

    def advance(self, **by: float) -> None:
        """Let time pass: `days`, `hours`, `seconds` and so on."""
        self.clock.advance(timedelta(**by))

    def count(self, method: str = "", path: str = "", query: str = "") -> int:
        """How many requests of a method came in, whose path and query contain these."""
        return sum(
            1
            for request in self.log
            if method in {"", request.method} and path in request.path and query in request.query
        )

    def reset(self) -> None:
        """Back to good manners: no quirks, no faults, an empty log. What was made stays."""
        self.quirks.reset()
        self.faults.clear()
        self.log.clear()


def bearer(request: Request) -> str:
    """The token that a request shows (RFC 6750 §2.1)."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")
