"""Lists of events, a single one, and auto-join for it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from calendar_sync.domain.errors import NotFound, Refusal
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId
from calendar_sync.domain.occurrences import Days, OccurrenceFilter, OccurrencePage
from resolvers.connections import few
from resolvers.context import Context, Info
from resolvers.cursors import EventList
from resolvers.refusals import bad_input, told
from schema.types.event import Event
from schema.types.event_list import (
    DayRange,
    EventConnection,
    EventEdge,
    EventFilter,
    EventOrder,
    PageInfo,
    TimeRange,
)
from schema.types.failures import SetAutoJoinFailed
from schema.types.mutations import AutoJoinChoice, AutoJoinSet, SetAutoJoinResult
from schema.types.paging import DEFAULT_FIRST, AfterArgument, FirstArgument, FirstEventsArgument
from schema.types.unreadable_event import UnreadableEvent

_LONGEST_TEXT = 200

_Id = TypeVar("_Id", bound=str)

EventArgument = Annotated[strawberry.ID, strawberry.argument(description="The event: `mcevt_…`")]


async def events(
    info: Info,
    first: FirstEventsArgument = DEFAULT_FIRST,
    after: AfterArgument = None,
    filter: Annotated[EventFilter | None, strawberry.argument(description="Which events.")] = None,
    order: Annotated[EventOrder, strawberry.argument(description="In which order.")] = EventOrder.START_ASC,
) -> EventConnection:
    context = info.context
    wanted = EventList(context.actor, _narrowed(filter or EventFilter()), order is EventOrder.START_DESC)
    page = await context.services.events.page(
        context.actor,
        wanted.filter,
        limit=first,
        after=wanted.place(after) if after is not None else None,
        descending=wanted.descending,
    )
    return _connection(context, wanted, page, has_previous=after is not None)


async def event(
    info: Info,
    id: EventArgument,
    as_of: Annotated[
        datetime | None,
        strawberry.argument(
            description="As it was stored at this instant, also if it is gone by now; `null` if it was not there then. "
            "What is not the provider's, auto-join and session, is as of now, and so are calendar and connection. A "
            "time before all that is kept is refused (`HISTORY_COMPACTED`); what was read from an account is forgotten "
            "when that is disconnected."
        ),
    ] = None,
) -> Event | None:
    service, actor = info.context.services.events, info.context.actor
    if as_of is not None:
        past = await service.as_of(actor, OccurrenceId(id), as_of)
        return None if past is None else Event.of(past.occurrence, past.content)
    try:
        return Event.of(await service.get(actor, OccurrenceId(id)))
    except NotFound:
        return None


async def unreadable_events(info: Info, first: FirstArgument = DEFAULT_FIRST) -> list[UnreadableEvent]:
    found = await info.context.services.events.unreadable(info.context.actor, first)
    return [UnreadableEvent.of(problem) for problem in found]


async def set_auto_join(
    info: Info,
    event_id: EventArgument,
    status: Annotated[AutoJoinChoice, strawberry.argument(description="What the user decided.")],
) -> SetAutoJoinResult:
    try:
        found = await info.context.services.events.set_auto_join(
            info.context.actor, OccurrenceId(event_id), status.value
        )
    except Refusal as error:
        return SetAutoJoinFailed(**told(error))
    return AutoJoinSet(event=Event.of(found))


def _connection(context: Context, wanted: EventList, page: OccurrencePage, *, has_previous: bool) -> EventConnection:
    edges = [EventEdge(place=wanted.cursor, node=Event.of(item)) for item in page.items]

    async def count() -> int:
        counted = await context.services.events.page(context.actor, wanted.filter, limit=1, count=True)
        return counted.total or 0

    return EventConnection(
        count=count,
        edges=edges,
        page_info=PageInfo(
            has_next_page=page.has_more,
            has_previous_page=has_previous,
            start_cursor=edges[0].cursor() if edges else None,
            end_cursor=edges[-1].cursor() if edges else None,
        ),
    )


def _narrowed(given: EventFilter) -> OccurrenceFilter:
    starts, overlaps = _ordered("starts", given.starts), _ordered("overlaps", given.overlaps)
    return OccurrenceFilter(
        starts_after=starts.since,
        starts_before=starts.until,
        overlaps_after=overlaps.since,
        overlaps_before=overlaps.until,
        days=_days(given.days),
        provider=given.provider,
        calendar_ids=_each(CalendarId, given.calendar_ids),
        connection_ids=_each(ConnectionId, given.connection_ids),
        statuses=tuple(dict.fromkeys(given.statuses)) if given.statuses is not None else None,
        auto_join_status=given.auto_join_status,
        has_meeting_link=given.has_meeting_link,
        meeting_platform=given.meeting_platform.lower() if given.meeting_platform is not None else None,
        is_all_day=given.is_all_day,
        is_recurring=given.is_recurring,
        responses=tuple(dict.fromkeys(given.responses)) if given.responses is not None else None,
        organizer_email=_address(given.organizer_email),
        attendee_email=_address(given.attendee_email),
        series_ids=_each(EventId, given.series_ids),
        uid=given.ical_uid,
        text=_short(given.text),
    )


def _each(kind: Callable[[str], _Id], ids: Sequence[strawberry.ID] | None) -> Sequence[_Id] | None:
    return None if ids is None else [kind(one) for one in few(ids)]


def _address(text: str | None) -> str | None:
    return None if text is None else text.strip().lower()


def _days(given: DayRange | None) -> Days | None:
    if given is None:
        return None
    last = given.last or given.first
    if last < given.first:
        raise bad_input("filter.days: `last` must not be before `first`.")
    return Days(given.first, last, str(given.time_zone))


def _short(text: str | None) -> str | None:
    if text is not None and len(text) > _LONGEST_TEXT:
        raise bad_input(f"filter.text may have at most {_LONGEST_TEXT} characters.")
    return text or None


def _ordered(name: str, span: TimeRange | None) -> TimeRange:
    if span and span.since and span.until and span.until < span.since:
        raise bad_input(f"filter.{name}: `until` must not be before `since`.")
    return span or TimeRange()
