"""What Microsoft Graph v1.0 sends of calendars, as far as it is read.

Anything may be missing, and what has no value yet may say so by a sentinel: `0001-01-01T00:00:00Z`, `dayOfMonth: 0`.
Words of enumerations come in any case.
"""

from typing import TypedDict


class DateTimeTimeZone(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/datetimetimezone: without an offset, fractions of seven digits"""

    dateTime: str
    timeZone: str


class EmailAddress(TypedDict, total=False):
    name: str | None
    address: str | None


class Recipient(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/recipient"""

    emailAddress: EmailAddress | None


class ResponseStatus(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/responsestatus"""

    response: str | None


class Attendee(Recipient, total=False):
    """https://learn.microsoft.com/graph/api/resources/attendee"""

    type: str | None
    status: ResponseStatus | None


class ItemBody(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/itembody"""

    contentType: str | None
    content: str | None


class Location(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/location"""

    displayName: str | None
    locationUri: str | None


class OnlineMeeting(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/onlinemeetinginfo"""

    joinUrl: str | None


class Pattern(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/recurrencepattern"""

    type: str
    interval: int
    month: int
    dayOfMonth: int
    daysOfWeek: list[str]
    firstDayOfWeek: str
    index: str


class Range(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/recurrencerange"""

    type: str
    endDate: str
    numberOfOccurrences: int


class Recurrence(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/patternedrecurrence"""

    pattern: Pattern
    range: Range


class Event(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/event

    An occurrence has no more than its id, that of its master, its type, start and end.
    """

    id: str
    type: str
    seriesMasterId: str | None
    iCalUId: str | None
    subject: str | None
    body: ItemBody | None
    start: DateTimeTimeZone
    end: DateTimeTimeZone
    originalStart: str | None
    originalStartTimeZone: str | None
    originalEndTimeZone: str | None
    isAllDay: bool
    isCancelled: bool
    recurrence: Recurrence | None
    showAs: str | None
    sensitivity: str | None
    responseStatus: ResponseStatus | None
    organizer: Recipient | None
    attendees: list[Attendee] | None
    location: Location | None
    locations: list[Location] | None
    onlineMeeting: OnlineMeeting | None
    onlineMeetingUrl: str | None
    webLink: str | None


class Calendar(TypedDict, total=False):
    """https://learn.microsoft.com/graph/api/resources/calendar: `hexColor` is empty until somebody chose a colour"""

    id: str
    name: str | None
    hexColor: str | None
    isDefaultCalendar: bool | None
    canEdit: bool | None
