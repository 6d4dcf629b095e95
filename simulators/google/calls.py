"""A call to the API: who makes it, what it may see, and how its answer is sent."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.google.accounts import Account, World
from simulators.google.authority import AccessToken, Authority
from simulators.google.calendars import AccessRole, Calendar
from simulators.google.errors import (
    ApiError,
    insufficient_scope,
    invalid_credentials,
    login_required,
    not_found,
    required_access_level,
)
from simulators.google.fields import Selection, projected, selected
from simulators.google.parameters import Parameters
from simulators.google.scopes import METHODS, covered, only_busy
from simulators.google.times import JsonObject

_WRITERS = ("writerWithoutPrivateAccess", "writer", "owner")


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call of a method such as `events.list`."""

    method: str
    request: Request
    token: AccessToken
    body: JsonObject
    world: World

    @property
    def account(self) -> Account:
        return self.token.account

    @property
    def parameters(self) -> Parameters:
        return Parameters(self.request.query_params)

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def calendar(self) -> tuple[Calendar, AccessRole]:
        """The calendar of the path, and what the caller is there. Raises `ApiError`."""
        calendar_id = self.path("calendar_id")
        calendar = self.world.calendar(self.account.email if calendar_id == "primary" else calendar_id)
        role = None if calendar is None else self.account.role(calendar)
        if calendar is None or role is None:
            raise not_found()
        granted = [scope for scope in self.token.scopes if scope in METHODS[self.method]]
        if not covered(granted, calendar, role, self.token.client.id):
            raise insufficient_scope(self.method, METHODS[self.method])
        return calendar, "freeBusyReader" if only_busy(self.token.scopes) else role

    def writable_calendar(self) -> Calendar:
        """The same, where the caller may write. Raises `ApiError`."""
        calendar, role = self.calendar()
        if role not in _WRITERS:
            raise required_access_level()
        return calendar


Method = Callable[[Call], Awaitable[JsonObject | None]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets calls through to methods."""

    world: World
    authority: Authority

    def endpoint(self, name: str, method: Method, known: Selection) -> Endpoint:
        """A method as an endpoint. `known` are the names in its answer, which is empty where the method gives none."""

        async def answer(request: Request) -> Response:
            try:
                call = await self._call(name, request)
                wanted = selected(request.query_params["fields"], known) if "fields" in request.query_params else {}
                return _answered(request, await method(call), wanted)
            except ApiError as err:
                return JSONResponse(err.body(), err.code, err.headers)

        return answer

    async def _call(self, name: str, request: Request) -> Call:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise login_required()
        token = self.authority.authenticate(value)
        if token is None:
            raise invalid_credentials()
        if not set(token.scopes) & set(METHODS[name]):
            raise insufficient_scope(name, METHODS[name])
        return Call(name, request, token, await _body(request), self.world)


def _answered(request: Request, result: JsonObject | None, wanted: Selection) -> Response:
    if result is None:
        return Response(status_code=204)
    headers = {"ETag": result["etag"]} if "etag" in result else {}
    if headers and request.method == "GET" and request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return JSONResponse(projected(result, wanted), headers=headers, media_type="application/json; charset=UTF-8")


async def _body(request: Request) -> JsonObject:
    content = await request.body()
    if not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError as err:
        raise ApiError(400, "parseError", "Parse Error") from err
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return body
