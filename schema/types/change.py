"""What changed: created, updated and removed events, with what they were and what they became."""

import datetime as dt
from collections.abc import Awaitable

import strawberry

from calendar_sync.domain.changes import ChangeContent, EventState, RecordedChange
from schema.types.calendar import Calendar
from schema.types.described import described
from schema.types.enums import ChangeCause, ChangedField, ChangeKind, EventStatus, Visibility
from schema.types.event import Event
from schema.types.event_list import PageInfo
from schema.types.loaded import loaded
from schema.types.loading import FirstOf, Info, Loaders
from schema.types.paging import FirstArgument
from schema.types.people import Attendee, MeetingLink, Person
from schema.types.sync import SyncRun

DEFAULT_OCCURRENCES = 5


@strawberry.type(description="When an event started or ended: a `date` if it was all-day, else a `dateTime`.")
class SnapshotTime:
    date_time: dt.datetime | None = strawberry.field(description="The instant; `null` for an all-day event.")
    date: dt.date | None = strawberry.field(
        description="The day; `null` for a timed event. The end of an all-day event is the day after its last."
    )
    time_zone: str = strawberry.field(description="The zone its wall clock is in, an IANA name where it has one.")

    @classmethod
    def of(cls, wall: dt.datetime, instant: dt.datetime, zone: str, all_day: bool) -> "SnapshotTime":
        return cls(date_time=None if all_day else instant, date=wall.date() if all_day else None, time_zone=zone)


@strawberry.type(
    description="What an event said, as a whole: a single event, or a series with its own time and words. What single "
    "instances of a series say differently is in `Event`, of which `EventChange.occurrences` has the present ones."
)
class EventSnapshot:
    title: str | None = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="What its organiser wrote about it: plain text or HTML.")
    location: str | None = strawberry.field(description="Where it takes place.")
    status: EventStatus = strawberry.field(description="Whether it takes place.")
    start: SnapshotTime = strawberry.field(description="When it starts; of a series, its first instance.")
    end: SnapshotTime = strawberry.field(description="When that ends: the first moment, or day, after it.")
    is_all_day: bool = strawberry.field(description="Whether it has days instead of times.")
    is_recurring: bool = strawberry.field(description="Whether it is a series.")
    recurrence_rules: list[str] = strawberry.field(
        description="How it repeats: RRULE values (RFC 5545 3.3.10), as in `FREQ=WEEKLY;BYDAY=MO`. Empty for what does "
        "not, and for a series that its provider lists date by date."
    )
    organizer: Person | None = strawberry.field(description="Who called for it.")
    attendees: list[Attendee] = strawberry.field(description="Who attends, by e-mail address and name.")
    links: list[MeetingLink] = strawberry.field(description="All links to join by, the best first.")
    url: str | None = strawberry.field(description="Its page at the provider, or what its URL property says.")
    visibility: Visibility = strawberry.field(description="Who may see it at the provider.")
    is_busy: bool = strawberry.field(description="Whether it makes its calendar's owner busy.")

    @classmethod
    def of(cls, state: EventState | None) -> "EventSnapshot | None":
        if state is None:
            return None
        event, time, details = state.event, state.event.time, state.event.details
        return cls(
            title=details.title,
            description=details.description,
            location=details.location,
            status=details.status,
            start=SnapshotTime.of(time.start, state.starts_at, time.zone, time.all_day),
            end=SnapshotTime.of(time.end, state.ends_at, time.end_zone or time.zone, time.all_day),
            is_all_day=time.all_day,
            is_recurring=event.is_recurring,
            recurrence_rules=list(event.recurrence.rules) if event.recurrence is not None else [],
            organizer=Person.of(details.organizer),
            attendees=[Attendee.of(attendee) for attendee in details.attendees],
            links=[MeetingLink.of(link) for link in details.links],
            url=details.url,
            visibility=details.visibility,
            is_busy=details.is_busy,
        )


def _content(change: "EventChange", loaders: Loaders) -> Awaitable[ChangeContent | None]:
    return loaders.changes.load(change.recorded.seq)


def _calendar(change: "EventChange", loaders: Loaders) -> Awaitable[Calendar | None]:
    return loaders.calendars.load(change.recorded.change.calendar_id)


def _run(change: "EventChange", loaders: Loaders) -> Awaitable[SyncRun | None] | None:
    run = change.recorded.run_id
    return None if run is None else loaders.runs.load(run)


@strawberry.type(
    description="One change of one event: of a single one, or of a series with all its exceptions. Changes of one user "
    "stand in one sequence, in the order in which they were stored, without gaps."
)
class EventChange:
    recorded: strawberry.Private[RecordedChange]

    id: strawberry.ID = strawberry.field(description="The change itself. Opaque, and the same as `cursor`.")
    cursor: str = strawberry.field(description="The place right after it: go on from there with `after`.")
    kind: ChangeKind = strawberry.field(description="What happened.")
    at: dt.datetime = strawberry.field(description="When it was stored.")
    cause: ChangeCause | None = strawberry.field(
        description="What made the server take notice; `null` for what an older version of it recorded."
    )
    run_id: strawberry.ID | None = strawberry.field(
        description="The sync that found it: `run_…`; `null` for what a user did without one."
    )
    calendar_id: strawberry.ID = strawberry.field(description="The calendar it is in: `cal_…`")
    series_id: strawberry.ID = strawberry.field(
        description="The event: `evt_…`, which its occurrences have as their `seriesId`."
    )
    changed_fields: list[ChangedField] = strawberry.field(
        description="What differs between `before` and `after`. Empty where one of them is missing."
    )

    @loaded("The sync that found it; `null` also when its record is no longer kept.", _run)
    def run(self, run: SyncRun | None) -> SyncRun | None:
        return run

    @loaded("The calendar it is in; `null` once that is gone.", _calendar)
    def calendar(self, calendar: Calendar | None) -> Calendar | None:
        return calendar

    @loaded("The account it was read from: `tcred_…`; `null` once the calendar is gone, or the account.", _calendar)
    def connection_id(self, calendar: Calendar | None) -> strawberry.ID | None:
        return None if calendar is None else calendar.connection_id

    @loaded("The UID of iCalendar; `null` where what the event was is not known any more.", _content)
    def ical_uid(self, content: ChangeContent | None) -> str | None:
        state = None if content is None else content.after or content.before
        return None if state is None else state.event.uid

    @loaded(
        "What the event was; `null` for a new one, once its account is disconnected, and where an older version of the "
        "server recorded the change.",
        _content,
    )
    def before(self, content: ChangeContent | None) -> EventSnapshot | None:
        return EventSnapshot.of(None if content is None else content.before)

    @loaded(
        "What this change made of it, even if it was changed again since; `null` for one that is gone, and once its "
        "account is disconnected.",
        _content,
    )
    def after(self, content: ChangeContent | None) -> EventSnapshot | None:
        return EventSnapshot.of(None if content is None else content.after)

    @described("The occurrences that it has by now, from the first that is stored; none once it is gone.")
    async def occurrences(self, info: Info, first: FirstArgument = DEFAULT_OCCURRENCES) -> list[Event]:
        return list(await info.context.loaders.occurrences_of.load(FirstOf(self.recorded.change.event_id, first)))

    @classmethod
    def of(cls, recorded: RecordedChange, cursor: str) -> "EventChange":
        change = recorded.change
        return cls(
            recorded=recorded,
            id=strawberry.ID(cursor),
            cursor=cursor,
            kind=change.kind,
            at=recorded.at,
            cause=recorded.cause,
            run_id=strawberry.ID(recorded.run_id) if recorded.run_id is not None else None,
            calendar_id=strawberry.ID(change.calendar_id),
            series_id=strawberry.ID(change.event_id),
            changed_fields=[ChangedField(name) for name in change.fields if name in _KNOWN],
        )


_KNOWN = frozenset(ChangedField)
"""What a newer version recorded beside them, this one cannot tell."""


@strawberry.type(description="A change and its place.")
class EventChangeEdge:
    cursor: str = strawberry.field(description="The place right after the change, for `after`.")
    node: EventChange = strawberry.field(description="The change.")


@strawberry.type(description="A page of changes.")
class EventChangeConnection:
    nodes: list[EventChange] = strawberry.field(description="The changes of the page.")
    page_info: PageInfo = strawberry.field(
        description="Where the page ends. Of `changes` there is an `endCursor` also when the page is empty: the place "
        "to go on from when there is more."
    )

    @described("The changes of the page, each with its place.")
    def edges(self) -> list[EventChangeEdge]:
        return [EventChangeEdge(cursor=node.cursor, node=node) for node in self.nodes]
