"""Events as lists show them, and what only a closer look loads."""

import asyncio
import datetime as dt
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, Protocol
from zoneinfo import ZoneInfo

import strawberry

from calendar_sync.domain.events import Details
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent
from calendar_sync.recurrence.zones import Zones, to_wall
from schema.types.calendar import Calendar
from schema.types.connection import ConnectedAccount
from schema.types.decision import AutoJoinDecision
from schema.types.described import described
from schema.types.enums import AutoJoinStatus, EventStatus, ProviderName, Visibility
from schema.types.loaded import loaded
from schema.types.loading import FirstOf, Info, Loaders
from schema.types.paging import AfterArgument, FirstArgument
from schema.types.people import Attendee, MeetingLink, Person

if TYPE_CHECKING:
    from schema.types.change import EventChangeConnection
    from schema.types.meeting import Meeting

_NOTHING = Details()


class _OfOccurrence(Protocol):
    """`past` is what the occurrence said, where it is told as it was at an earlier time."""

    occurrence: Occurrence
    past: OccurrenceContent | None


def _content(of: _OfOccurrence, loaders: Loaders) -> Awaitable[OccurrenceContent | None]:
    if of.past is None:
        return loaders.contents.load(of.occurrence.id)
    known = asyncio.get_running_loop().create_future()
    known.set_result(of.past)
    return known


def _details(content: OccurrenceContent | None) -> Details:
    return _NOTHING if content is None else content.details


@strawberry.type(description="When an event starts or ends: a `date` if it is all-day, else a `dateTime`.")
class EventTime:
    occurrence: strawberry.Private[Occurrence]
    is_end: strawberry.Private[bool]
    past: strawberry.Private[OccurrenceContent | None]

    @described("The instant; `null` for an all-day event.")
    def date_time(self) -> dt.datetime | None:
        if self.occurrence.all_day:
            return None
        return self.occurrence.ends_at if self.is_end else self.occurrence.starts_at

    @loaded(
        "The day; `null` for a timed event. The end of an all-day event is the day after its last, as in RFC 5545.",
        lambda time, loaders: _content(time, loaders) if time.occurrence.all_day and time.day is None else None,
    )
    def date(self, content: OccurrenceContent | None) -> dt.date | None:
        if content is None:
            return self.day
        return (content.time.end if self.is_end else content.time.start).date()

    @described(
        "What clocks show at that instant, with their offset from UTC, as in `2026-03-01T10:30:00+01:00`. "
        "`null` for an all-day event, whose days are the same everywhere."
    )
    async def local_date_time(
        self,
        info: Info,
        time_zone: Annotated[
            ZoneInfo | None, strawberry.argument(description="Where; left out: in the zone that the event says.")
        ] = None,
    ) -> str | None:
        instant = self.date_time()
        if instant is None:
            return None
        wall = to_wall(instant, time_zone or self._zone(await _content(self, info.context.loaders)))
        return wall.replace(tzinfo=dt.timezone(wall - instant.replace(tzinfo=None))).isoformat()

    @property
    def day(self) -> dt.date | None:
        """What the occurrence itself has of it."""
        return self.occurrence.ends_on if self.is_end else self.occurrence.starts_on

    def _zone(self, content: OccurrenceContent | None) -> dt.tzinfo:
        if content is None:
            return dt.UTC
        if self.is_end and content.time.end_zone is not None:
            return Zones().get(content.time.end_zone)
        return Zones().get(content.time.zone, content.time.zone_rules)

    @loaded(
        "The zone its wall clock is in, an IANA name where it has one.",
        lambda time, loaders: _content(time, loaders) if time.is_end else None,
    )
    def time_zone(self, content: OccurrenceContent | None) -> str:
        return (content.time.end_zone if content else None) or self.occurrence.time_zone


@strawberry.type(description="One concrete occurrence: a single event, or one instance of a series.")
class Event:
    occurrence: strawberry.Private[Occurrence]
    past: strawberry.Private[OccurrenceContent | None]

    id: strawberry.ID = strawberry.field(description="`mcevt_…`; it stays the same when the event is moved.")
    series_id: strawberry.ID = strawberry.field(
        description="`evt_…`: what all occurrences of one series share, and a single event has alone."
    )
    ical_uid: str = strawberry.field(description="The UID of iCalendar, the same in every calendar that holds a copy.")
    title: str | None = strawberry.field(description="What it is called.")
    start: EventTime = strawberry.field(description="When it starts.")
    end: EventTime = strawberry.field(description="When it ends: the first moment, or day, after it.")
    is_all_day: bool = strawberry.field(description="Whether it has days instead of times.")
    time_zone: str = strawberry.field(description="The zone its start is meant in, an IANA name where it has one.")
    status: EventStatus = strawberry.field(description="Whether it takes place.")
    is_recurring: bool = strawberry.field(description="Whether it is an instance of a series.")
    provider: ProviderName = strawberry.field(description="The service it was read from.")
    organizer_email: str | None = strawberry.field(description="The organiser's address.")
    attendee_count: int = strawberry.field(description="How many attend, rooms included.")
    meeting_link: str | None = strawberry.field(description="Where to join: the first of `links`.")
    meeting_platform: str | None = strawberry.field(description="Whose link that is: `zoom`, `google_meet`, `teams` …")
    auto_join_status: AutoJoinStatus = strawberry.field(description="Where auto-join stands with it.")
    session_id: strawberry.ID | None = strawberry.field(description="The session that was planned or held: `mbsess_…`")
    synced_at: dt.datetime = strawberry.field(description="When it was last written here.")
    created_at: dt.datetime = strawberry.field(description="When it was first written here.")

    @described("Whether there is a link to join by.")
    def is_joinable(self) -> bool:
        return self.meeting_link is not None

    @loaded("What its organiser wrote about it, as the provider has it: plain text or HTML.", _content)
    def description(self, content: OccurrenceContent | None) -> str | None:
        return _details(content).description

    @loaded("Where it takes place.", _content)
    def location(self, content: OccurrenceContent | None) -> str | None:
        return _details(content).location

    @loaded("Who called for it.", _content)
    def organizer(self, content: OccurrenceContent | None) -> Person | None:
        return Person.of(_details(content).organizer)

    @loaded("Who attends, by e-mail address and name.", _content)
    def attendees(self, content: OccurrenceContent | None) -> list[Attendee]:
        return [Attendee.of(attendee) for attendee in _details(content).attendees]

    @loaded("All links to join by, the best first.", _content)
    def links(self, content: OccurrenceContent | None) -> list[MeetingLink]:
        return [MeetingLink.of(link) for link in _details(content).links]

    @loaded("Its page at the provider, or what its URL property says.", _content)
    def url(self, content: OccurrenceContent | None) -> str | None:
        return _details(content).url

    @loaded("Who may see it at the provider.", _content)
    def visibility(self, content: OccurrenceContent | None) -> Visibility:
        return _details(content).visibility

    @loaded("Whether it makes its calendar's owner busy.", _content)
    def is_busy(self, content: OccurrenceContent | None) -> bool:
        return _details(content).is_busy

    @described(
        "What was changed of it, the newest change first. Of a series all its instances share the changes. What is "
        "older than this server keeps changes for is not there any more."
    )
    async def history(
        self, info: Info, first: FirstArgument = 20, after: AfterArgument = None
    ) -> Annotated["EventChangeConnection", strawberry.lazy("schema.types.change")]:
        return await info.context.loaders.histories.load(FirstOf(self.occurrence.series_id, first, after))

    @loaded(
        "Whether the bot joins it as things are, which rule decided so, and what was tried.",
        lambda event, loaders: loaders.decisions.load(event.occurrence.id),
    )
    def auto_join_decision(self, decision: AutoJoinDecision | None) -> AutoJoinDecision | None:
        return decision

    @loaded("The calendar it is in.", lambda event, loaders: loaders.calendars.load(event.occurrence.calendar_id))
    def calendar(self, calendar: Calendar | None) -> Calendar | None:
        return calendar

    @loaded(
        "The account it was read from.",
        lambda event, loaders: loaders.connections.load(event.occurrence.connection_id),
    )
    def connection(self, connection: ConnectedAccount | None) -> ConnectedAccount | None:
        return connection

    @described("The real meeting that it is a copy of, with the copies in your other calendars.")
    async def meeting(self, info: Info) -> Annotated["Meeting", strawberry.lazy("schema.types.meeting")]:
        return await info.context.loaders.meetings.load(self.occurrence)

    @classmethod
    def of(cls, occurrence: Occurrence, past: OccurrenceContent | None = None) -> "Event":
        """`past` is what it said, where it is told as it was at an earlier time."""
        return cls(
            occurrence=occurrence,
            past=past,
            id=strawberry.ID(occurrence.id),
            series_id=strawberry.ID(occurrence.series_id),
            ical_uid=occurrence.uid,
            title=occurrence.title,
            start=EventTime(occurrence=occurrence, is_end=False, past=past),
            end=EventTime(occurrence=occurrence, is_end=True, past=past),
            is_all_day=occurrence.all_day,
            time_zone=occurrence.time_zone,
            status=occurrence.status,
            is_recurring=occurrence.is_recurring,
            provider=occurrence.provider,
            organizer_email=occurrence.organizer_email,
            attendee_count=occurrence.attendee_count,
            meeting_link=occurrence.meeting_link,
            meeting_platform=occurrence.meeting_platform,
            auto_join_status=occurrence.auto_join_status,
            session_id=strawberry.ID(occurrence.session_id) if occurrence.session_id else None,
            synced_at=occurrence.synced_at,
            created_at=occurrence.created_at,
        )
