"""Microsoft as an ASGI application: sign-in, Graph, their faults and their control."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from simulators.answers import answer_of, compressed
from simulators.faults import Fault, halved, send_spoilt
from simulators.log import logged
from simulators.microsoft.authority import AccessToken
from simulators.microsoft.batch import Batch
from simulators.microsoft.calendar_methods import CalendarMethods
from simulators.microsoft.calls import Gate
from simulators.microsoft.consent import Consent
from simulators.microsoft.control import Control
from simulators.microsoft.errors import no_segment
from simulators.microsoft.event_methods import EventMethods
from simulators.microsoft.faults import refusal
from simulators.microsoft.state import State
from simulators.microsoft.subscription_methods import SubscriptionMethods
from simulators.microsoft.token_endpoints import TokenEndpoints

_MOST_LOGGED = 10_000


class MicrosoftSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        self._microsoft = Starlette(routes=self._routes())
        self._control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/_control/"):
            await self._control(scope, receive, send)
        else:
            await self._serve(Request(scope, receive), send)

    def _routes(self) -> list[BaseRoute]:
        gate = Gate(self.world, self.authority, self.quirks)
        events = EventMethods(self.quirks, self.rounds)
        subscriptions = SubscriptionMethods(self.clock, self.quirks, self.push)
        graph = [*CalendarMethods().routes(gate), *events.routes(gate), *subscriptions.routes(gate)]
        return [
            *Batch(self.authority, self._in_batch).routes(),
            Mount("/v1.0", routes=graph),
            *Consent(self.world, self.authority, self.clock, self.quirks).routes(),
            *TokenEndpoints(self.world, self.authority, self.clock, self.quirks).routes(),
        ]

    async def _serve(self, request: Request, send: Send) -> None:
        response, fault = await self._asked(request)
        await send_spoilt(compressed(request, response), fault, request.scope, send)

    async def _in_batch(self, request: Request) -> Response:
        response, _ = await self._asked(request)
        return response

    async def _asked(self, request: Request) -> tuple[Response, Fault]:
        """The answer to a request, logged and counted, and the fault that is to spoil it."""
        token = self.authority.authenticate(request.headers.get("authorization", "").removeprefix("Bearer "))
        entry = await logged(request, "" if token is None else token.account.email)
        self.log.append(entry)
        del self.log[:-_MOST_LOGGED]
        fault = self.faults.take(request, entry.account) or Fault()
        response = fault.refusal(refusal) or await self._answered(request, token)
        await asyncio.sleep(fault.delay)
        entry.status = response.status_code
        return (halved(response) if fault.half else response), fault

    async def _answered(self, request: Request, token: AccessToken | None) -> Response:
        """What a well-mannered Microsoft answers."""
        if token is None or request.scope["path"].endswith("/$batch"):
            return await self._plain(request)
        with self.throttle.in_flight(token.client.id, token.account.email) as excess:
            if excess is not None:
                return JSONResponse(excess.body(), excess.status, excess.headers)
            await asyncio.sleep(self.quirks.answer_seconds)
            return await self._plain(request)

    async def _plain(self, request: Request) -> Response:
        response = await answer_of(self._microsoft, request)
        if response.status_code == 404 and not response.headers.get("content-type", "").startswith("application/json"):
            error = no_segment(request.scope["path"].rpartition("/")[2])
            return JSONResponse(error.body(), error.status)
        return response
