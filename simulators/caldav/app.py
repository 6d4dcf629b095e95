"""The server as an ASGI application, with its log, its faults and its control."""

import asyncio
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from simulators.caldav.auth import Authentication
from simulators.caldav.control import Control
from simulators.caldav.log import LoggedRequest, logged
from simulators.caldav.methods import ALLOWED, Methods, plain
from simulators.caldav.quirks import Fault, Faults, Quirks
from simulators.caldav.store import Store, User

_DAV_CLASSES = "1, 3, access-control, calendar-access"
_MOST_LOGGED = 10_000


@dataclass(slots=True)
class CalDavSimulator:
    """An ASGI application. Everything in it may be read and changed while it serves."""

    store: Store = field(default_factory=Store)
    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=Faults)
    log: list[LoggedRequest] = field(default_factory=list)
    _authentication: Authentication = field(init=False)
    _methods: Methods = field(init=False)
    _control: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self._authentication = Authentication(self.store, self.quirks)
        self._methods = Methods(self.store, self.quirks)
        control = Control(self.store, self.quirks, self.faults, self.log)
        self._control = Starlette(routes=[Mount("/_control", routes=control.routes())])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self._control(scope, receive, send)
        else:
            await self._serve(Request(scope, receive), send)

    def add_user(self, name: str, password: str, *addresses: str) -> User:
        return self.store.add_user(name, password, *addresses)

    def expire_tokens(self) -> None:
        """Forget every sync token given out so far."""
        self.store.expire_tokens()

    def count(self, method: str = "") -> int:
        """How many requests of a method, or of all, came in."""
        return sum(1 for request in self.log if method in {"", request.method})

    def reset(self) -> None:
        """Back to good manners: no quirks, no faults, an empty log. Users and calendars stay."""
        self.quirks.reset()
        self.faults.clear()
        self.log.clear()

    async def _serve(self, request: Request, send: Send) -> None:
        path = request.scope["raw_path"].decode("ascii", "replace")
        entry = await logged(request, path)
        self.log.append(entry)
        del self.log[:-_MOST_LOGGED]
        fault = self.faults.take(request.method, path) or Fault()
        await asyncio.sleep(fault.delay)
        response = await self._answer(request, path, fault)
        entry.status = response.status_code
        if fault.cut_after is None:
            await response(request.scope, request.receive, send)
        else:
            await _send_part(response, fault.cut_after, send)

    async def _answer(self, request: Request, path: str, fault: Fault) -> Response:
        if fault.status is not None:
            return Response(fault.body, fault.status, headers=dict(fault.headers))
        if path.rstrip("/") == "/.well-known/caldav":
            if self.quirks.well_known_status in {301, 302, 303, 307, 308}:
                return Response(status_code=self.quirks.well_known_status, headers={"Location": "/"})
            if self.quirks.well_known_status != 207:
                return plain(self.quirks.well_known_status)
            path = "/"
        if request.method == "OPTIONS":
            return Response(status_code=200, headers={"Allow": ALLOWED, "DAV": _DAV_CLASSES})
        user = self._authentication.user(request.method, request.headers.get("authorization"))
        return self._challenge() if user is None else await self._methods.answer(request, path, user)

    def _challenge(self) -> Response:
        response = plain(401)
        for challenge in self._authentication.challenges():
            response.headers.append("WWW-Authenticate", challenge)
        return response


async def _send_part(response: Response, size: int, send: Send) -> None:
    """The head of an answer and the beginning of its body; then the server ends the connection."""
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body)[:size], "more_body": True})
