"""`/v1/meeting-buddy/calendar/connections`: list accounts, connect one, disconnect one."""

import re

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.connections.oauth import AuthorizationRequired
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.json_body import read_body
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import Authorization, CalendarConnection, CalendarConnectionList, ConnectionRequest

_PATH = "/v1/meeting-buddy/calendar/connections"
_CONNECTION_ID = re.compile(r"tcred_[a-z2-7]{24}", re.ASCII)


async def list_connections(request: Request) -> Response:
    actor = await actor_of(request)
    overviews = await services_of(request).connections.list(actor)
    return answer(CalendarConnectionList(connections=[CalendarConnection.of(overview) for overview in overviews]))


async def connect(request: Request) -> Response:
    """201 with the connection, or 200 with the address to send the user to."""
    actor = await actor_of(request)
    wanted = await read_body(request, ConnectionRequest)
    found = await services_of(request).connections.start(actor, wanted.provider, wanted.credentials)
    if isinstance(found, AuthorizationRequired):
        return answer(Authorization.of(found))
    return answer(CalendarConnection.of(found), status=201)


async def disconnect(request: Request) -> Response:
    actor = await actor_of(request)
    await services_of(request).connections.disconnect(actor, _connection_id(request))
    return Response(status_code=204)


def _connection_id(request: Request) -> ConnectionId:
    """What has not the shape of an identifier names nothing, and need not be looked for."""
    text: str = request.path_params["credential_id"]
    if not _CONNECTION_ID.fullmatch(text):
        raise NotFound("connection")
    return ConnectionId(text)


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=list_connections,
        name="listCalendarConnections",
        summary="List connected accounts",
        description="The accounts the user has connected.",
        answers={200: CalendarConnectionList},
    ),
    Operation(
        method="POST",
        path=_PATH,
        handler=connect,
        name="connectCalendar",
        summary="Connect an account",
        description="Checks the credentials with the provider and stores them encrypted; of Google, Outlook and Zoom "
        "answers where to send the user to allow it, who then comes back to `…/oauth/callback`. Connecting an account "
        "again renews its credentials and keeps its events. Its first sync follows by `POST …/sync` or on schedule.",
        answers={200: Authorization, 201: CalendarConnection},
        errors={
            422: ["VALIDATION_ERROR", "PROVIDER_DISCONNECTED", "ADDRESS_REFUSED"],
            502: ["PROVIDER_BAD_RESPONSE"],
            503: ["PROVIDER_UNAVAILABLE", "PROVIDER_RATE_LIMITED"],
        },
        body=ConnectionRequest,
    ),
    Operation(
        method="DELETE",
        path=f"{_PATH}/{{credential_id}}",
        handler=disconnect,
        name="disconnectCalendar",
        summary="Disconnect an account",
        description="Removes the connection, its credentials and all events that came through it.",
        answers={204: None},
        errors={404: ["CONNECTION_NOT_FOUND"]},
    ),
)
