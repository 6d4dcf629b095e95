"""What the simulators' control interfaces have in common: deeds, as endpoints that speak JSON."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Deed = Callable[[Request, dict[str, Any]], object]


class NotFound(Exception):
    """There is nothing of that name."""


def endpoint(deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    """A deed as an endpoint: its result as JSON, 204 where it has none, 404 and 422 where it cannot be done."""

    async def answer(request: Request) -> Response:
        try:
            given = await request.json() if await request.body() else {}
            result = deed(request, given)
        except NotFound as err:
            return JSONResponse({"error": f"There is no {err}."}, 404)
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            return JSONResponse({"error": repr(err)}, 422)
        return Response(status_code=204) if result is None else JSONResponse(result)

    return answer
