"""What Google Calendar API v3 sends, as far as it is read, and the `fields` that ask for no more.

Everything but an id may be missing: absent booleans are false, a cancelled event has little more than its id.
"""

from typing import TypedDict


class EventDateTime(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#start"""

    date: str
    dateTime: str
    timeZone: str


class Person(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#organizer"""

    email: str
    displayName: str


class Attendee(Person, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#attendees"""

    responseStatus: str
    optional: bool
    resource: bool
    self: bool


class EntryPoint(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#conferenceData.entryPoints"""

    entryPointType: str
    uri: str


class ConferenceData(TypedDict, total=False):
    entryPoints: list[EntryPoint]


class Event(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events#resource"""

    id: str
    status: str
    iCalUID: str
    summary: str
    description: str
    location: str
    start: EventDateTime
    end: EventDateTime
    recurrence: list[str]
    recurringEventId: str
    originalStartTime: EventDateTime
    organizer: Person
    attendees: list[Attendee]
    hangoutLink: str
    conferenceData: ConferenceData
    htmlLink: str
    transparency: str
    visibility: str


class Events(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/events/list#response"""

    timeZone: str
    items: list[object]
    nextPageToken: str
    nextSyncToken: str


class CalendarListEntry(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/calendarList#resource"""

    id: str
    summary: str
    summaryOverride: str
    description: str
    timeZone: str
    backgroundColor: str
    primary: bool
    deleted: bool
    accessRole: str


class CalendarList(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list#response"""

    items: list[CalendarListEntry]
    nextPageToken: str


class Calendar(TypedDict, total=False):
    """https://developers.google.com/workspace/calendar/api/v3/reference/calendars#resource"""

    id: str


EVENT_FIELDS = (
    "timeZone,nextPageToken,nextSyncToken,items("
    "id,status,iCalUID,summary,description,location,start,end,recurrence,recurringEventId,originalStartTime,"
    "organizer(email,displayName),attendees(email,displayName,responseStatus,optional,resource,self),"
    "hangoutLink,conferenceData/entryPoints(entryPointType,uri),htmlLink,transparency,visibility)"
)
CALENDAR_LIST_FIELDS = (
    "nextPageToken,items(id,summary,summaryOverride,description,timeZone,backgroundColor,primary,deleted,accessRole)"
)
