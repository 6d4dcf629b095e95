"""Pages of events: how a list is narrowed, ordered and walked through."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import strawberry

from calendar_sync.domain.occurrences import Occurrence
from schema.types.described import describe, described
from schema.types.enums import AutoJoinStatus, EventStatus, ProviderName, ResponseStatus
from schema.types.event import Event


@strawberry.input(description="A stretch of time. Without one of its ends it is open there.")
class TimeRange:
    since: datetime | None = strawberry.field(default=None, description="Its first instant.")
    until: datetime | None = strawberry.field(default=None, description="The first instant after it.")


@strawberry.input(
    description="Days as the clocks of a time zone have them. A day on which they change has 23 or 25 hours."
)
class DayRange:
    first: date = strawberry.field(description="The first of them.")
    last: date | None = strawberry.field(default=None, description="The last of them; left out: the first is all.")
    time_zone: ZoneInfo = strawberry.field(description="Whose days.")


@strawberry.input(description="Which events to list. All that is set must hold.")
class EventFilter:
    starts: TimeRange | None = strawberry.field(default=None, description="They start in this time.")
    overlaps: TimeRange | None = strawberry.field(default=None, description="They are under way at some time in it.")
    days: DayRange | None = strawberry.field(
        default=None,
        description="They are under way at some time on these days. An all-day event is on its own days, whatever the "
        "zone.",
    )
    provider: ProviderName | None = strawberry.field(default=None, description="They were read from this service.")
    connection_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They were read from one of these accounts; at most 100."
    )
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They are in one of these calendars; at most 100."
    )
    statuses: list[EventStatus] | None = strawberry.field(default=None, description="They have one of these statuses.")
    auto_join_status: AutoJoinStatus | None = strawberry.field(
        default=None, description="Auto-join stands so with them."
    )
    has_meeting_link: bool | None = strawberry.field(
        default=None, description="They have a link to join by, or have none."
    )
    meeting_platform: str | None = strawberry.field(
        default=None, description="Their link is one of this platform: `zoom`, `google_meet`, `teams` …"
    )
    is_all_day: bool | None = strawberry.field(default=None, description="They have days instead of times, or times.")
    is_recurring: bool | None = strawberry.field(
        default=None, description="They are instances of a series, or single events."
    )
    responses: list[ResponseStatus] | None = strawberry.field(
        default=None,
        description="The owner of their calendar answered one of these. Events that the owner is no attendee of have "
        "no answer.",
    )
    organizer_email: str | None = strawberry.field(
        default=None, description="Their organiser has this address, in whatever case."
    )
    attendee_email: str | None = strawberry.field(
        default=None, description="Among their attendees, rooms included, is this address, in whatever case."
    )
    series_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="They are occurrences of one of these: `Event.seriesId`; at most 100."
    )
    ical_uid: str | None = strawberry.field(
        default=None, description="They have this UID of iCalendar: the copies of one meeting in several calendars."
    )
    text: str | None = strawberry.field(
        default=None,
        description="This is part of their title, of their location or of their organiser's name, in whatever case; "
        "at most 200 characters. Quick within some months, and slower the more events there are to look through.",
    )


class EventOrder(StrEnum):
    START_ASC = "start_asc"
    START_DESC = "start_desc"


describe(
    EventOrder,
    "In which order to list events.",
    {
        EventOrder.START_ASC: "The earliest start first.",
        EventOrder.START_DESC: "The latest start first.",
    },
)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether some came before: whether `after` was given.")
    start_cursor: str | None = strawberry.field(description="The place of the first item of the page.")
    end_cursor: str | None = strawberry.field(description="The place of the last one: the `after` of the next page.")


@strawberry.type(description="An event and its place in the list.")
class EventEdge:
    place: strawberry.Private[Callable[[Occurrence], str]]

    @described("The place, for `after`. It holds for the same filter and order, and for nobody else.")
    def cursor(self) -> str:
        return self.place(self.node.occurrence)

    node: Event = strawberry.field(description="The event.")


@strawberry.type(description="A page of events.")
class EventConnection:
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    edges: list[EventEdge] = strawberry.field(description="The events of the page, each with its place.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")

    @described("The events of the page without their places: shorter to write, where pages are walked by `endCursor`.")
    def nodes(self) -> list[Event]:
        return [edge.node for edge in self.edges]

    @described("How many events the whole list has. Counted only when asked for.")
    async def total_count(self) -> int:
        return await self.count()
