"""The simulator's switches over HTTP, as JSON, under `/_control/`.

==================  ========================================================================================
`GET log`           every request so far; `DELETE log` forgets them
`GET quirks`        the switches of `Quirks`; `PATCH quirks` sets some, `DELETE quirks` all to good manners
`POST faults`       plans a `Fault`; `DELETE faults` drops those still planned
`POST expire`       forgets every sync token given out so far
`POST users`        adds a user: `{"name", "password", "addresses": []}`
==================  ========================================================================================
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.caldav.log import LoggedRequest
from simulators.caldav.quirks import Fault, Faults, Quirks
from simulators.caldav.store import Store


@dataclass(frozen=True, slots=True)
class Control:
    store: Store
    quirks: Quirks
    faults: Faults
    log: list[LoggedRequest]

    def routes(self) -> Sequence[Route]:
        return [
            Route("/log", self._log, methods=["GET", "DELETE"]),
            Route("/quirks", self._quirks, methods=["GET", "PATCH", "DELETE"]),
            Route("/faults", self._faults, methods=["POST", "DELETE"]),
            Route("/expire", self._expire, methods=["POST"]),
            Route("/users", self._users, methods=["POST"]),
        ]

    async def _log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.log.clear()
        return JSONResponse([asdict(entry) for entry in self.log])

    async def _quirks(self, request: Request) -> Response:
        try:
            if request.method == "PATCH":
                self.quirks.change(**await request.json())
        except (ValueError, TypeError) as err:
            return JSONResponse({"error": str(err)}, 422)
        if request.method == "DELETE":
            self.quirks.reset()
        return JSONResponse(asdict(self.quirks))

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
            return Response(status_code=204)
        try:
            given = await request.json()
            headers = tuple((str(name), str(value)) for name, value in given.pop("headers", {}).items())
            self.faults.plan(Fault(headers=headers, **given))
        except (ValueError, TypeError, AttributeError) as err:
            return JSONResponse({"error": str(err)}, 422)
        return Response(status_code=201)

    async def _expire(self, _: Request) -> Response:
        self.store.expire_tokens()
        return Response(status_code=204)

    async def _users(self, request: Request) -> Response:
        try:
            given = await request.json()
            user = self.store.add_user(given["name"], given["password"], *given.get("addresses", ()))
        except (ValueError, TypeError, KeyError) as err:
            return JSONResponse({"error": repr(err)}, 422)
        user.add_calendar("work")
        return Response(status_code=201)
