"""What the simulators' control interfaces have in common: deeds, as endpoints that speak JSON."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Fault, Faults
from simulators.log import LoggedRequest
from simulators.switches import Switches

K = TypeVar("K")
T = TypeVar("T")
Deed = Callable[[Request, dict[str, Any]], object]


class NotFound(Exception):
    """There is nothing of that name."""


def found(things: Mapping[K, T], name: K) -> T:
    """Raises `NotFound`."""
    if name not in things:
        raise NotFound(name)
    return things[name]


class Steered(Protocol):
    """What every simulated vendor has."""

    @property
    def log(self) -> list[LoggedRequest]: ...

    @property
    def quirks(self) -> Switches: ...

    @property
    def faults(self) -> Faults: ...

    def settings(self, base: str) -> dict[str, str]: ...

    def advance(self, **by: float) -> None: ...


def routes(state: Steered, deeds: Mapping[tuple[str, str], Deed]) -> list[Route]:
    """The deeds of a vendor, by method and path, and those that every vendor has: `settings`, `log`, `quirks`,
    `faults` and `clock`.
    """
    usual: dict[tuple[str, str], Deed] = {
        ("GET", "/settings"): lambda request, _: state.settings(str(request.base_url).rstrip("/")),
        ("GET", "/log"): lambda *_: [asdict(entry) for entry in state.log],
        ("DELETE", "/log"): lambda *_: state.log.clear(),
        ("GET", "/quirks"): lambda *_: state.quirks.values(),
        ("PATCH", "/quirks"): lambda _, given: state.quirks.change(**given),
        ("DELETE", "/quirks"): lambda *_: state.quirks.reset(),
        ("POST", "/faults"): lambda _, given: state.faults.plan(Fault(**given)),
        ("DELETE", "/faults"): lambda *_: state.faults.clear(),
        ("POST", "/clock"): lambda _, given: state.advance(seconds=given["advance"]),
    }
    return [Route(path, endpoint(deed), methods=[method]) for (method, path), deed in {**usual, **deeds}.items()]


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
