"""The enums of the domain, described. Types of the schema take them from here."""

from calendar_sync.domain.changes import ChangeCause, ChangedField, ChangeKind
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.events import AutoJoinStatus, EventStatus, ResponseStatus, Visibility
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.schedule import DueReason, SyncState
from calendar_sync.domain.sync import CalendarState, RunStatus, Trigger
from schema.types.described import describe

__all__ = [
    "AutoJoinStatus",
    "CalendarState",
    "ChangeCause",
    "ChangeKind",
    "ChangedField",
    "ConnectionStatus",
    "DueReason",
    "EventStatus",
    "ProviderName",
    "ResponseStatus",
    "RunStatus",
    "SyncState",
    "Trigger",
    "Visibility",
]

describe(
    ProviderName,
    "An outside service that has calendars.",
    {
        ProviderName.GOOGLE_CALENDAR: "Google Calendar.",
        ProviderName.OUTLOOK_CALENDAR: "Outlook and Microsoft 365.",
        ProviderName.ZOOM: "Meetings of a Zoom account.",
        ProviderName.APPLE_CALENDAR: "iCloud, by an app-specific password or by a published calendar.",
        ProviderName.CALDAV: "Any CalDAV server (RFC 4791): Nextcloud, Fastmail, Radicale, SOGo …",
        ProviderName.ICS: "A calendar published as an iCalendar feed (RFC 5545).",
    },
)
describe(
    ConnectionStatus,
    "Whether an account can be read.",
    {
        ConnectionStatus.ACTIVE: "Its provider accepts the credentials.",
        ConnectionStatus.RECONNECT_REQUIRED: "Its provider refuses the credentials: connect the account again. "
        "What was read so far is kept.",
    },
)
describe(
    EventStatus,
    "Whether an event takes place (RFC 5545 STATUS).",
    {
        EventStatus.CONFIRMED: "It takes place.",
        EventStatus.TENTATIVE: "It may take place.",
        EventStatus.CANCELLED: "It was called off.",
    },
)
describe(
    Visibility,
    "Who may see an event at its provider (RFC 5545 CLASS).",
    {
        Visibility.DEFAULT: "Whoever may see the calendar.",
        Visibility.PUBLIC: "Everybody.",
        Visibility.PRIVATE: "Its attendees.",
        Visibility.CONFIDENTIAL: "Its attendees; others see that there is something.",
    },
)
describe(
    AutoJoinStatus,
    "Where auto-join stands with an event.",
    {
        AutoJoinStatus.PENDING: "The rules have not decided yet.",
        AutoJoinStatus.SCHEDULED: "A session is planned.",
        AutoJoinStatus.JOINED: "The session was joined.",
        AutoJoinStatus.SKIPPED: "The rules decided against it.",
        AutoJoinStatus.FAILED: "The session could not be joined.",
        AutoJoinStatus.DISABLED: "A user keeps the bot out.",
    },
)
describe(
    ResponseStatus,
    "What an attendee answered (RFC 5545 PARTSTAT).",
    {
        ResponseStatus.NEEDS_ACTION: "Nothing yet.",
        ResponseStatus.ACCEPTED: "Yes.",
        ResponseStatus.TENTATIVE: "Maybe.",
        ResponseStatus.DECLINED: "No.",
    },
)
describe(
    Trigger,
    "Who asked for a sync.",
    {
        Trigger.SCHEDULE: "It was due.",
        Trigger.PUSH: "The provider told of a change.",
        Trigger.USER: "A user did, by GraphQL or REST.",
        Trigger.CONNECT: "The account had just been connected.",
    },
)
describe(
    RunStatus,
    "How a sync run ended.",
    {
        RunStatus.RUNNING: "It has not ended yet.",
        RunStatus.SUCCEEDED: "Every calendar was read completely.",
        RunStatus.PARTIAL: "Some calendars were read completely, others have an error.",
        RunStatus.FAILED: "No calendar was read completely.",
        RunStatus.ABANDONED: "Its process ended before it did, or another run took over. What it stored holds.",
    },
)
describe(
    CalendarState,
    "How far a sync run is with a calendar.",
    {
        CalendarState.WAITING: "Its turn has not come.",
        CalendarState.READING: "A part of it is read.",
        CalendarState.SYNCED: "It was read completely.",
        CalendarState.FAILED: "It could not be read completely. What was read before is stored, and nothing removed.",
        CalendarState.SKIPPED: "It was left out: it is gone or no longer selected, or the run ended before its turn.",
    },
)
describe(
    SyncState,
    "Where an account is between two syncs.",
    {
        SyncState.RUNNING: "It is being synced.",
        SyncState.QUEUED: "A sync was asked for, or due, and waits for a process that has room.",
        SyncState.WAITING: "The next sync is at `nextSyncAt`.",
        SyncState.PAUSED: "It has to be connected anew, and is left alone until it is.",
    },
)
describe(
    DueReason,
    "What decides when an account is synced next.",
    {
        DueReason.INTERVAL: "The usual interval of this server.",
        DueReason.PUSHED: "Its provider tells of changes, so that it is asked more seldom.",
        DueReason.CHANNEL_RENEWAL: "Its provider tells of changes for a limited time, which has to be renewed.",
        DueReason.ORGANIZATION_INTERVAL: "The interval that an administrator set for a calendar of the organisation.",
        DueReason.FEED_INTERVAL: "The feed asks to be read more seldom than usual, at the most once a day.",
        DueReason.BACKING_OFF: "The last runs came to nothing: twice the interval after the first, then twice that, up "
        "to an hour.",
        DueReason.RATE_LIMITED: "Its provider said how long to wait.",
        DueReason.REQUESTED: "A user asked for a sync, or the provider told of a change.",
        DueReason.CONNECTED: "It was connected, or connected anew, and not synced since.",
        DueReason.RECONNECT_REQUIRED: "Its provider refuses the credentials.",
    },
)
describe(
    ChangeKind,
    "What happened to an event: to a single one, or to a series with all its exceptions.",
    {
        ChangeKind.CREATED: "It was not there before.",
        ChangeKind.UPDATED: "Something of what it says has changed.",
        ChangeKind.REMOVED: "It is gone: this is its tombstone.",
    },
)
describe(
    ChangeCause,
    "What made the server take notice of a change.",
    {
        ChangeCause.SCHEDULE: "A sync that was due.",
        ChangeCause.PUSH: "A sync, since the provider told of changes.",
        ChangeCause.USER: "A sync that a user asked for.",
        ChangeCause.CONNECT: "A sync of an account that had just been connected.",
        ChangeCause.DISCONNECT: "The account was disconnected. What its events were is forgotten.",
        ChangeCause.DESELECT: "The calendar is no longer selected.",
        ChangeCause.CALENDAR_GONE: "The provider no longer has the calendar.",
    },
)
describe(
    ChangedField,
    "What of an event has changed, by its name in `EventSnapshot` where it is there.",
    {
        ChangedField.UID: "Its iCalendar UID.",
        ChangedField.TIME: "`start` or `end`, or their zone. A series that is moved changes here.",
        ChangedField.RECURRENCE: "How it repeats, or which days are left out.",
        ChangedField.OVERRIDES: "Exceptions: instances that were moved, changed or cancelled.",
        ChangedField.IS_ORPHAN: "Whether exceptions are known without the series they belong to.",
        ChangedField.TITLE: "`title`",
        ChangedField.DESCRIPTION: "`description`",
        ChangedField.LOCATION: "`location`",
        ChangedField.STATUS: "`status`",
        ChangedField.ORGANIZER: "`organizer`",
        ChangedField.ATTENDEES: "`attendees`, or what they answered.",
        ChangedField.LINKS: "`links`",
        ChangedField.URL: "`url`",
        ChangedField.VISIBILITY: "`visibility`",
        ChangedField.IS_BUSY: "`isBusy`",
    },
)
