"""Events as lists show them, and what only a closer look loads."""

import datetime as dt

import strawberry

from calendar_sync.domain.events import Details as DomainDetails
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.occurrences import Occurrence
from schema.types.calendar import Calendar
from schema.types.connection import ConnectedAccount
from schema.types.decision import AutoJoinDecision
from schema.types.described import described
from schema.types.enums import AutoJoinStatus, EventStatus, ProviderName, Visibility
from schema.types.loading import Info
from schema.types.people import Attendee, MeetingLink, Person


@strawberry.type(description="When an event starts or ends: a `date` if it is all-day, else a `dateTime`.")
class EventTime:
    occurrence: strawberry.Private[Occurrence]
    is_end: strawberry.Private[bool]

    @described("The instant; `null` for an all-day event.")
    def date_time(self) -> dt.datetime | None:
        if self.occurrence.all_day:
            return None
        return self.occurrence.ends_at if self.is_end else self.occurrence.starts_at

    @described(
        "The day; `null` for a timed event. The end of an all-day event is the day after its last, as in RFC 5545."
    )
    async def date(self, info: Info) -> dt.date | None:
        if not self.occurrence.all_day:
            return None
        content = await info.context.loaders.contents.load(self.occurrence.id)
        if content is None:
            return None
        return (content.time.end if self.is_end else content.time.start).date()

    @described("The zone its wall clock is in, an IANA name where it has one.")
    async def time_zone(self, info: Info) -> str:
        if not self.is_end:
            return self.occurrence.time_zone
        content = await info.context.loaders.contents.load(self.occurrence.id)
        return (content.time.end_zone if content else None) or self.occurrence.time_zone


@strawberry.type(description="One concrete occurrence: a single event, or one instance of a series.")
class Event:
    occurrence: strawberry.Private[Occurrence]

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

    @described("What its organiser wrote about it, as the provider has it: plain text or HTML.")
    async def description(self, info: Info) -> str | None:
        return (await self._details(info)).description

    @described("Where it takes place.")
    async def location(self, info: Info) -> str | None:
        return (await self._details(info)).location

    @described("Who called for it.")
    async def organizer(self, info: Info) -> Person | None:
        return Person.of((await self._details(info)).organizer)

    @described("Who attends, by e-mail address and name.")
    async def attendees(self, info: Info) -> list[Attendee]:
        return [Attendee.of(attendee) for attendee in (await self._details(info)).attendees]

    @described("All links to join by, the best first.")
    async def links(self, info: Info) -> list[MeetingLink]:
        return [MeetingLink.of(link) for link in (await self._details(info)).links]

    @described("Its page at the provider, or what its URL property says.")
    async def url(self, info: Info) -> str | None:
        return (await self._details(info)).url

    @described("Who may see it at the provider.")
    async def visibility(self, info: Info) -> Visibility:
        return (await self._details(info)).visibility

    @described("Whether it makes its calendar's owner busy.")
    async def is_busy(self, info: Info) -> bool:
        return (await self._details(info)).is_busy

    @described("Whether the bot joins it as things are, which rule decided so, and what was tried.")
    async def auto_join_decision(self, info: Info) -> AutoJoinDecision | None:
        return await info.context.loaders.decisions.load(self.occurrence.id)

    @described("The calendar it is in.")
    async def calendar(self, info: Info) -> Calendar | None:
        return await info.context.loaders.calendars.load(CalendarId(self.occurrence.calendar_id))

    @described("The account it was read from.")
    async def connection(self, info: Info) -> ConnectedAccount | None:
        return await info.context.loaders.connections.load(ConnectionId(self.occurrence.connection_id))

    async def _details(self, info: Info) -> DomainDetails:
        content = await info.context.loaders.contents.load(self.occurrence.id)
        return content.details if content else DomainDetails()

    @classmethod
    def of(cls, occurrence: Occurrence) -> "Event":
        return cls(
            occurrence=occurrence,
            id=strawberry.ID(occurrence.id),
            series_id=strawberry.ID(occurrence.series_id),
            ical_uid=occurrence.uid,
            title=occurrence.title,
            start=EventTime(occurrence=occurrence, is_end=False),
            end=EventTime(occurrence=occurrence, is_end=True),
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
