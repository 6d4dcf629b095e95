"""Google as an ASGI application: OAuth, the API, their faults and their control."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from simulators.answers import answer_of, compressed
from simulators.faults import Fault, halved, send_spoilt
from simulators.google.batch import Batch
from simulators.google.calendar_methods import CalendarMethods
from simulators.google.calls import Gate
from simulators.google.channel_methods import ChannelMethods
from simulators.google.consent import Consent
from simulators.google.control import Control
from simulators.google.event_methods import EventMethods
from simulators.google.faults import refusal
from simulators.google.state import State
from simulators.google.token_endpoints import TokenEndpoints
from simulators.log import logged

_MOST_LOGGED = 10_000


class GoogleSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        self._google = Starlette(routes=self._routes())
        self._control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self._control(scope, receive, send)
        else:
            await self._serve(Request(scope, receive), send)

    def _routes(self) -> list[BaseRoute]:
        gate = Gate(self.world, self.authority)
        channels = ChannelMethods(self.clock, self.quirks, self.push)
        calendars = CalendarMethods(self.clock, self.quirks, self.pages)
        events = EventMethods(self.clock, self.quirks, self.pages)
        return [
            *Batch(self._in_batch).routes(),
            *Consent(self.world, self.authority, self.clock, self.quirks).routes(),
            *TokenEndpoints(self.authority, self.clock, self.quirks).routes(),
            Mount("/calendar/v3", routes=[*channels.routes(gate), *calendars.routes(gate), *events.routes(gate)]),
        ]

    async def _serve(self, request: Request, send: Send) -> None:
        response, fault = await self._asked(request)
        await asyncio.sleep(fault.delay)
        says_so = "gzip" in request.headers.get("user-agent", "") or not self.quirks.gzip_needs_user_agent
        sent = compressed(request, response) if says_so else response
        await send_spoilt(sent, fault, request.scope, send)

    async def _in_batch(self, request: Request) -> Response:
        response, fault = await self._asked(request)
        await asyncio.sleep(fault.delay)
        return response

    async def _asked(self, request: Request) -> tuple[Response, Fault]:
        """The answer to a request, logged and counted, and the fault that is to spoil it."""
        token = self.authority.authenticate(request.headers.get("authorization", "").removeprefix("Bearer "))
        account = "" if token is None else token.account.email
        entry = await logged(request, account)
        self.log.append(entry)
        del self.log[:-_MOST_LOGGED]
        fault = self.faults.take(request, account) or Fault()
        excess = None if token is None else self.quota.spend(token.client.id, account)
        response = fault.refusal(refusal)
        if response is None and excess is not None:
            response = JSONResponse(excess.body(), excess.code, excess.headers)
        if response is None:
            response = await answer_of(self._google, request)
        entry.status = response.status_code
        return (halved(response) if fault.half else response), fault
