"""Google as an ASGI application: OAuth, the API, their faults and their control."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount

from simulators.answers import answer_of
from simulators.google.batch import Batch
from simulators.google.calendar_methods import CalendarMethods
from simulators.google.calls import Gate
from simulators.google.channel_methods import ChannelMethods
from simulators.google.consent import Consent
from simulators.google.control import Control
from simulators.google.event_methods import EventMethods
from simulators.google.state import State
from simulators.google.token_endpoints import TokenEndpoints
from simulators.vendor import bearer


class GoogleSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        self._google = Starlette(routes=self._routes())
        self.control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

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

    async def _in_batch(self, request: Request) -> Response:
        response, _ = await self.asked(request)
        return response

    def account_of(self, request: Request) -> str:
        token = self.authority.authenticate(bearer(request))
        return "" if token is None else token.account.email

    async def answered(self, request: Request) -> Response:
        token = self.authority.authenticate(bearer(request))
        excess = None if token is None else self.quota.spend(token.client.id, token.account.email)
        if excess is not None:
            return JSONResponse(excess.body(), excess.code, excess.headers)
        return await answer_of(self._google, request)

    def compresses(self, request: Request) -> bool:
        return "gzip" in request.headers.get("user-agent", "") or not self.quirks.gzip_needs_user_agent
