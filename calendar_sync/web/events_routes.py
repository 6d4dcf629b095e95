"""`/v1/meeting-buddy/calendar/events`: list them, get one, decide on its auto-join."""

import re

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.json_body import read_body, read_values
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import CalendarEvent, CalendarEventList, EventQuery, EventUpdate

_PATH = "/v1/meeting-buddy/calendar/events"
_OCCURRENCE_ID = re.compile(r"mcevt_[a-z2-7]{24}", re.ASCII)


async def list_events(request: Request) -> Response:
    actor = await actor_of(request)
    query = read_values(dict(request.query_params), EventQuery)
    page = await services_of(request).events.page(actor, query.wanted(), limit=query.limit, skip=query.skip, count=True)
    return answer(CalendarEventList.of(page, query))


async def get_event(request: Request) -> Response:
    actor = await actor_of(request)
    return answer(CalendarEvent.of(await services_of(request).events.get(actor, _occurrence_id(request))))


async def update_event(request: Request) -> Response:
    actor = await actor_of(request)
    occurrence = _occurrence_id(request)
    update = await read_body(request, EventUpdate)
    changed = await services_of(request).events.set_auto_join(actor, occurrence, update.auto_join_status)
    return answer(CalendarEvent.of(changed))


def _occurrence_id(request: Request) -> OccurrenceId:
    """What has not the shape of an identifier names nothing, and need not be looked for."""
    text: str = request.path_params["event_id"]
    if not _OCCURRENCE_ID.fullmatch(text):
        raise NotFound("event")
    return OccurrenceId(text)


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        handler=list_events,
        name="listCalendarEvents",
        summary="List calendar events",
        description="Occurrences of the user's events by start, the earliest first. An event of a series is listed "
        "once for each time it takes place. A moment without an offset is UTC, a bare date its midnight.",
        answers={200: CalendarEventList},
        errors={422: ["VALIDATION_ERROR"]},
        query=EventQuery,
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{event_id}}",
        handler=get_event,
        name="getCalendarEvent",
        summary="Get a calendar event",
        description="One occurrence.",
        answers={200: CalendarEvent},
        errors={404: ["EVENT_NOT_FOUND"]},
    ),
    Operation(
        method="PATCH",
        path=f"{_PATH}/{{event_id}}",
        handler=update_event,
        name="updateCalendarEvent",
        summary="Keep the bot out of an event, or let the rules decide again",
        description="Sets `auto_join_status`; nothing else of an event can be changed here.",
        answers={200: CalendarEvent},
        errors={404: ["EVENT_NOT_FOUND"], 422: ["VALIDATION_ERROR"]},
        body=EventUpdate,
    ),
)
