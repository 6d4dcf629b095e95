"""What a REST operation is: the one description that both its route and its entry in `/openapi.json` are made of."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` and `errors` are by status: the model of the body (`None` for an empty one), and the codes in the
    envelope. `is_open` says that it needs no credentials."""

    method: str
    path: str
    handler: Handler
    name: str
    summary: str
    description: str
    answers: Mapping[int, type[BaseModel] | None]
    errors: Mapping[int, Sequence[str]] = field(default_factory=dict)
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    is_open: bool = False


def routes_of(operations: Sequence[Operation]) -> list[BaseRoute]:
    """One route a path, so that a method which is not offered is answered with all that are."""
    by_path = groupby(sorted(operations, key=_path), key=_path)
    return [_route(path, {operation.method: operation.handler for operation in group}) for path, group in by_path]


def _path(operation: Operation) -> str:
    return operation.path


def _route(path: str, handlers: Mapping[str, Handler]) -> BaseRoute:
    async def endpoint(request: Request) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(handlers))


def answer(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")
