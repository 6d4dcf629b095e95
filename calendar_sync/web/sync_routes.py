"""`POST /v1/meeting-buddy/calendar/sync`."""

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import SyncAnswer


async def sync_calendars(request: Request) -> Response:
    actor = await actor_of(request)
    return answer(SyncAnswer.of(await services_of(request).sync.sync(actor)))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/meeting-buddy/calendar/sync",
        handler=sync_calendars,
        name="syncCalendars",
        summary="Sync all connected calendars now",
        description="Answers when the sync is done. What could not be synced stands in `errors`, and the answer is "
        "200 all the same. A sync that is under way already is joined. A request body is not read.",
        answers={200: SyncAnswer},
    ),
)
