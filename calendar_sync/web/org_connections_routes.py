"""`/v1/meeting-buddy/calendar/org-connections`: the organisation's calendars, for its administrators."""

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.connections.org_calendars import expect_admin
from calendar_sync.domain.identifiers import OrgCalendarId
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.json_body import read_body
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.org_connections_shapes import OrgConnection, OrgConnectionList, OrgConnectionRequest
from calendar_sync.web.shapes import SyncAnswer

_PATH = "/v1/meeting-buddy/calendar/org-connections"
_ADMINS_ONLY = {403: ["INSUFFICIENT_PERMISSIONS"]}
_NAMING_ONE = {**_ADMINS_ONLY, 404: ["ORG_CALENDAR_NOT_FOUND"]}


async def list_org_connections(request: Request) -> Response:
    actor = await actor_of(request)
    found = await services_of(request).org_calendars.list(actor)
    return answer(OrgConnectionList(connections=[OrgConnection.of(calendar) for calendar in found]))


async def connect_org_calendar(request: Request) -> Response:
    """Nobody else is told what is wrong with a body."""
    actor = await actor_of(request)
    expect_admin(actor)
    wanted = await read_body(request, OrgConnectionRequest)
    return answer(OrgConnection.of(await services_of(request).org_calendars.create(actor, wanted.wanted())), status=201)


async def disconnect_org_calendar(request: Request) -> Response:
    actor = await actor_of(request)
    await services_of(request).org_calendars.delete(actor, _org_calendar_id(request))
    return Response(status_code=204)


async def sync_org_calendar(request: Request) -> Response:
    actor = await actor_of(request)
    return answer(SyncAnswer.of(await services_of(request).org_calendars.sync(actor, _org_calendar_id(request))))


def _org_calendar_id(request: Request) -> OrgCalendarId:
    return OrgCalendarId(request.path_params["connection_id"])


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=list_org_connections,
        name="listOrgCalendarConnections",
        summary="List the organisation's calendars",
        description="The oldest first, whichever administrator's account they come by.",
        answers={200: OrgConnectionList},
        errors=_ADMINS_ONLY,
    ),
    Operation(
        method="POST",
        path=_PATH,
        handler=connect_org_calendar,
        name="connectOrgCalendar",
        summary="Make a calendar the organisation's",
        description="Chooses one calendar of an account that you have connected, by its name, in upper or lower case, "
        "or by the provider's identifier of it. An account in which it is not known yet is synced first. Events stay "
        "with the user whose account it is. A calendar can be the organisation's once.",
        answers={201: OrgConnection},
        errors={
            **_ADMINS_ONLY,
            409: ["CONFLICT"],
            422: ["VALIDATION_ERROR", "PROVIDER_DISCONNECTED"],
            503: ["PROVIDER_UNAVAILABLE"],
        },
        body=OrgConnectionRequest,
    ),
    Operation(
        method="DELETE",
        path=f"{_PATH}/{{connection_id}}",
        handler=disconnect_org_calendar,
        name="disconnectOrgCalendar",
        summary="Let go of a calendar of the organisation",
        description="The account it comes by stays connected and keeps its events. Where that is disconnected, its "
        "calendars are the organisation's no more either.",
        answers={204: None},
        errors=_NAMING_ONE,
    ),
    Operation(
        method="POST",
        path=f"{_PATH}/{{connection_id}}/sync",
        handler=sync_org_calendar,
        name="syncOrgCalendar",
        summary="Sync a calendar of the organisation now",
        description="Syncs the account it comes by, with all its calendars, and answers when that is done, as "
        "`…/calendar/sync` does. A request body is not read.",
        answers={200: SyncAnswer},
        errors=_NAMING_ONE,
    ),
)
