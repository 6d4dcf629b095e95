"""Zoom as an ASGI application: OAuth, the API, their faults and their control."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from simulators.answers import answer_of
from simulators.vendor import bearer
from simulators.zoom.control import Control
from simulators.zoom.methods import Methods
from simulators.zoom.oauth_endpoints import OAuthEndpoints
from simulators.zoom.state import State


class ZoomSimulator(State):
    """An ASGI application; see `simulators.server` for how to serve it."""

    def __init__(self) -> None:
        super().__init__()
        oauth = OAuthEndpoints(self.world, self.authority, self.quirks)
        methods = Methods(self.world, self.authority, self.clock, self.quirks, self.pages, self.limits)
        self._zoom = Starlette(routes=[*oauth.routes(), Mount("/v2", routes=methods.routes())])
        self.control = Starlette(routes=[Mount("/_control", routes=Control(self).routes())])

    def account_of(self, request: Request) -> str:
        return self.authority.user_of(bearer(request))

    async def answered(self, request: Request) -> Response:
        return await answer_of(self._zoom, request)
