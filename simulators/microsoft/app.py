"""Microsoft as an ASGI application: sign-in, Graph, their faults and their control."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount

from simulators.answers import answer_of
from simulators.microsoft.batch import Batch
from simulators.microsoft.calendar_methods import CalendarMethods
from simulators.microsoft.calls import Gate
from simulators.microsoft.consent import Consent
from simulators.microsoft.control import Control
from simulators.microsoft.errors import no_segment
from simulators.microsoft.event_methods import EventMethods
from simulators.microsoft.state import State
from simulators.microsoft.subscription_methods import SubscriptionMethods
from simulators.microsoft.token_endpoints import TokenEndpoints
from simulators.vendor import bearer


class MicrosoftSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        self._microsoft = Starlette(routes=self._routes())
        self.control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

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

    async def _in_batch(self, request: Request) -> Response:
        response, _ = await self.asked(request)
        return response

    def account_of(self, request: Request) -> str:
        token = self.authority.authenticate(bearer(request))
        return "" if token is None else token.account.email

    async def answered(self, request: Request) -> Response:
        token = self.authority.authenticate(bearer(request))
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
