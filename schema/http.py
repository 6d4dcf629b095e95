"""GraphQL over HTTP: reads a request, has it executed, and answers in the media type and with the status it should.

The GraphQL foundation's specification is followed. A client that accepts `application/graphql-response+json` gets that,
with 400 for what could not be executed; any other gets `application/json` with 200 for whatever is a GraphQL request.
In both, missing or wrong credentials are 401 and too many requests 429, with the codes that REST has for them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from graphql import GraphQLFormattedError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotAuthenticated, ProviderError, StoreUnavailable, TooManyRequests
from calendar_sync.services import Services
from resolvers.context import Context
from resolvers.refusals import code_of, told
from schema.execution import Schema

MOST_BYTES = 256 * 1024

_SOON = "2"
_JSON = "application/json"
_GRAPHQL = "application/graphql-response+json"


class Operation(NamedTuple):
    """What a request asks to execute."""

    query: str
    variables: dict[str, object] | None
    name: str | None


class BadRequest(Exception):
    """What came is no GraphQL request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """An ASGI app for one path. It answers POST, and GET from a browser with `page` if there is one.

    `actor_of` says on whose behalf a request is made; it raises `NotAuthenticated`, `TooManyRequests`, or
    `StoreUnavailable` or a `ProviderError` when that cannot be told just now. `trace_id` is the identifier of the
    request being served. Bodies are expected to be bounded in size and time by the server in front of it; beyond
    256 KiB they are refused here.
    """

    schema: Schema
    services_of: Callable[[HTTPConnection], Services]
    actor_of: Callable[[HTTPConnection], Awaitable[Actor]]
    trace_id: Callable[[], str]
    page: Callable[[Request], Response] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        is_browser = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
        response = self._page(request) if is_browser else await self._answer(request)
        await response(scope, receive, send)

    def _page(self, request: Request) -> Response:
        if self.page is None:
            return self._refused(request, 404, "NOT_FOUND", "There is no page here: send operations by POST.")
        return self.page(request)

    async def _answer(self, request: Request) -> Response:
        try:
            operation = await _operation(request)
            context = Context(self.services_of(request), await self._caller(request), self.trace_id())
        except BadRequest as error:
            return self._refused(request, error.status, error.code, error.message)
        except NotAuthenticated as error:
            return self._refused(request, 401, code_of(error), error.message, _challenge(error))
        except TooManyRequests as error:
            retry_after = {"Retry-After": str(told(error)["retry_after_seconds"])}
            return self._refused(request, 429, code_of(error), error.message, retry_after)
        except (StoreUnavailable, ProviderError) as error:  # nobody can be told apart just now
            return self._refused(request, 503, code_of(error), error.message, {"Retry-After": _SOON})
        result = await self.schema.execute(operation.query, operation.variables, context, None, operation.name)
        return _response(request, result)

    async def _caller(self, request: Request) -> Actor | None:
        """`None` for a request without credentials: it may still ask about the schema."""
        try:
            return await self.actor_of(request)
        except NotAuthenticated as error:
            if code_of(error) == NotAuthenticated.code:
                return None
            raise

    def _refused(
        self, request: Request, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        error: GraphQLFormattedError = {
            "message": message,
            "extensions": {"code": code, "trace_id": self.trace_id()},
        }
        if status == 405:
            headers = {"Allow": "GET, POST" if self.page else "POST"}
        return _encoded(request, {"errors": [error]}, status, headers)


async def _operation(request: Request) -> Operation:
    """Raises `BadRequest`."""
    if request.method != "POST":
        raise BadRequest(405, "METHOD_NOT_ALLOWED", "GraphQL operations are sent by POST.")
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type.strip().lower() != _JSON or charset not in {"", "charset=utf-8"}:
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json in UTF-8.")
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise BadRequest(413, "PAYLOAD_TOO_LARGE", "The request body is too large.")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise BadRequest(400, "BAD_JSON", "The request body is not valid JSON in UTF-8.") from err
    if isinstance(given, list):
        raise BadRequest(400, "BATCH_NOT_SUPPORTED", "A request holds one operation: send each by itself.")
    if not isinstance(given, dict):
        raise BadRequest(400, "BAD_JSON", "The request body must be a JSON object.")
    return operation_in(given)


def operation_in(given: dict[str, object]) -> Operation:
    """Raises `BadRequest`."""
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest(400, "BAD_REQUEST", "`query` must be a GraphQL document.")
    if not isinstance(variables, dict | None):
        raise BadRequest(400, "BAD_REQUEST", "`variables` must be an object.")
    if not isinstance(name, str | None):
        raise BadRequest(400, "BAD_REQUEST", "`operationName` must be a text.")
    if not isinstance(given.get("extensions"), dict | None):
        raise BadRequest(400, "BAD_REQUEST", "`extensions` must be an object.")
    return Operation(query, variables, name or None)


def _response(request: Request, result: ExecutionResult) -> Response:
    content: dict[str, object] = {} if isinstance(result, PreExecutionError) else {"data": result.data}
    if result.errors:
        content = {"errors": [error.formatted for error in result.errors], **content}
    refusals = [error.original_error for error in result.errors or ()]
    unknown = next((error for error in refusals if isinstance(error, NotAuthenticated)), None)
    if unknown is not None:
        return _encoded(request, content, 401, _challenge(unknown))
    is_refused = isinstance(result, PreExecutionError) and _media_type(request) == _GRAPHQL
    return _encoded(request, content, 400 if is_refused else 200)


def _encoded(
    request: Request, content: Mapping[str, object], status: int, headers: Mapping[str, str] | None = None
) -> Response:
    errors = content.get("errors")
    if isinstance(errors, Sequence):
        request.state.error_code = errors[0]["extensions"]["code"]
    return Response(
        orjson.dumps(content),
        status,
        {**(headers or {}), "Vary": "Accept", "Content-Type": f"{_media_type(request)}; charset=utf-8"},
    )


def _media_type(request: Request) -> str:
    return _GRAPHQL if _GRAPHQL in request.headers.get("accept", "").lower() else _JSON


def _challenge(error: NotAuthenticated) -> Mapping[str, str]:
    is_missing = code_of(error) == NotAuthenticated.code
    return {"WWW-Authenticate": "Bearer" if is_missing else 'Bearer error="invalid_token"'}
