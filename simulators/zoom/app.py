"""Zoom as an ASGI application: OAuth, the API, their faults and their control."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from simulators.answers import answer_of, compressed
from simulators.faults import Fault, halved, send_spoilt
from simulators.log import logged
from simulators.zoom.control import Control
from simulators.zoom.errors import refusal
from simulators.zoom.methods import Methods
from simulators.zoom.oauth_endpoints import OAuthEndpoints
from simulators.zoom.state import State

_MOST_LOGGED = 10_000


class ZoomSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        oauth = OAuthEndpoints(self.world, self.authority, self.quirks)
        methods = Methods(self.world, self.authority, self.clock, self.quirks, self.pages, self.limits)
        self._zoom = Starlette(routes=[*oauth.routes(), Mount("/v2", routes=methods.routes())])
        self._control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self._control(scope, receive, send)
        else:
            await self._serve(Request(scope, receive), send)

    async def _serve(self, request: Request, send: Send) -> None:
        account = self.authority.user_of(request.headers.get("authorization", "").removeprefix("Bearer "))
        entry = await logged(request, account)
        self.log.append(entry)
        del self.log[:-_MOST_LOGGED]
        fault = self.faults.take(request, account) or Fault()
        response = fault.refusal(refusal)
        if response is None:
            response = await answer_of(self._zoom, request)
        entry.status = response.status_code
        await asyncio.sleep(fault.delay)
        spoilt = halved(response) if fault.half else response
        await send_spoilt(compressed(request, spoilt), fault, request.scope, send)
