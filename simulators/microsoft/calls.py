"""A call to Graph: who makes it, what it may see, and how its answer is sent."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.microsoft.accounts import Account, World
from simulators.microsoft.authority import AccessToken, Authority
from simulators.microsoft.calendars import Calendar
from simulators.microsoft.errors import (
    GraphError,
    access_denied,
    bad_request,
    invalid_token,
    item_not_found,
    no_mailbox,
)
from simulators.microsoft.parameters import Parameters
from simulators.microsoft.preferences import Preferences, preferences
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.scopes import allows, reads_shared
from simulators.microsoft.times import JsonObject


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call that is allowed to be made."""

    request: Request
    token: AccessToken
    preferences: Preferences
    body: JsonObject

    @property
    def account(self) -> Account:
        return self.token.account

    @property
    def parameters(self) -> Parameters:
        return Parameters(self.request.query_params)

    @property
    def origin(self) -> str:
        """Where the simulator was reached, without a trailing slash."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def url(self) -> str:
        """The address that was called, without parameters."""
        return f"{self.origin}{self.request.url.path}"

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def context(self, entity: str) -> JsonObject:
        return {"@odata.context": f"{self.origin}/v1.0/$metadata#{entity}"}

    def mailbox(self) -> Account:
        """The account, if it has one and the path means it. Raises `GraphError`."""
        if not self.account.has_mailbox:
            raise no_mailbox()
        user = self.request.path_params.get("user", self.account.email).lower()
        if user not in {self.account.email.lower(), self.account.object_id, "me-token-to-replace"}:
            raise access_denied()
        return self.account

    def calendar(self) -> Calendar:
        """The calendar of the path, or the default one. Raises `GraphError`."""
        mailbox = self.mailbox()
        if "calendar_id" not in self.request.path_params:
            return mailbox.calendar
        calendar = mailbox.calendars.get(self.path("calendar_id"))
        if calendar is None:
            raise item_not_found()
        if calendar.owner_address != mailbox.email and not reads_shared(self.token.scopes):
            raise access_denied()
        return calendar


Method = Callable[[Call], Awaitable[JsonObject | None]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets calls through to methods."""

    world: World
    authority: Authority
    quirks: Quirks

    def endpoint(self, method: Method, any_of: frozenset[str], status: int = 200) -> Endpoint:
        """A method as an endpoint, for those who were granted any of these scopes. `status` is that of its success;
        without an answer it is 204."""

        async def answer(request: Request) -> Response:
            request_id = str(uuid4())
            marks = {
                "request-id": request_id,
                "client-request-id": request.headers.get("client-request-id", request_id),
            }
            try:
                call = await self._call(request, any_of)
                result = await method(call)
            except GraphError as err:
                return JSONResponse(err.body(request_id), err.status, {**marks, **err.headers})
            if result is None:
                return Response(status_code=204, headers=marks)
            applied = {"Preference-Applied": call.preferences.applied} if call.preferences.applied else {}
            return JSONResponse(result, status, {**marks, **applied}, _JSON)

        return answer

    async def _call(self, request: Request, any_of: frozenset[str]) -> Call:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value:
            raise invalid_token("Access token is empty.")
        token = self.authority.authenticate(value)
        if token is None:
            raise invalid_token()
        if not allows(token.scopes, any_of):
            raise access_denied()
        preferred = preferences(request.headers.getlist("prefer"), self.quirks)
        return Call(request, token, preferred, await _body(request))


_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


async def _body(request: Request) -> JsonObject:
    content = await request.body()
    if not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError as err:
        raise bad_request("Unable to read JSON request payload.") from err
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload.")
    return body
