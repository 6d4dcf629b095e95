"""The names in Calendar API v3's resources, written as `fields` selections."""

from simulators.google.fields import Selection, parse

_EVENT = """
    anyoneCanAddSelf, attachments(fileId, fileUrl, iconLink, mimeType, title), attendees(additionalGuests,
    asyncOperation, comment, displayName, email, id, optional, organizer, resource, responseStatus, self),
    attendeesOmitted, birthdayProperties(contact, customTypeName, type), colorId, conferenceData(conferenceId,
    conferenceSolution(iconUri, key(type), name), createRequest(conferenceSolutionKey(type), requestId,
    status(statusCode)), entryPoints(accessCode, entryPointFeatures, entryPointType, label, meetingCode,
    passcode, password, pin, regionCode, uri), notes, parameters(addOnParameters(parameters(*))), signature),
    created, creator(displayName, email, id, self), description, end(date, dateTime, timeZone),
    endTimeUnspecified, etag, eventLabelId, eventType, extendedProperties(private(*), shared(*)),
    focusTimeProperties(autoDeclineMode, chatStatus, declineMessage), gadget(display, height, iconLink, link,
    preferences(*), title, type, width), guestsCanInviteOthers, guestsCanModify, guestsCanSeeOtherGuests,
    hangoutLink, htmlLink, iCalUID, id, kind, location, locked, organizer(displayName, email, id, self),
    originalStartTime(date, dateTime, timeZone), outOfOfficeProperties(autoDeclineMode, declineMessage),
    privateCopy, recurrence, recurringEventId, reminders(overrides(method, minutes), useDefault), sequence,
    source(title, url), start(date, dateTime, timeZone), status, summary, transparency, updated, visibility,
    workingLocationProperties(customLocation(label), homeOffice, officeLocation(buildingId, deskId, floorId,
    floorSectionId, label), type)
"""
_CALENDAR = """
    autoAcceptInvitations, conferenceProperties(allowedConferenceSolutionTypes), dataOwner, description, etag,
    id, kind, labelProperties(eventLabels(backgroundColor, id, name)), location, summary, timeZone,
    workingHours(availableTimes(dayOfWeek, periodEnd, periodStart), workingHoursEnabled)
"""
_ENTRY = """
    accessRole, autoAcceptInvitations, backgroundColor, colorId,
    conferenceProperties(allowedConferenceSolutionTypes), dataOwner, defaultReminders(method, minutes), deleted,
    description, etag, foregroundColor, hidden, id, kind, location, notificationSettings(notifications(method,
    type)), primary, selected, summary, summaryOverride, timeZone
"""
_CHANNEL = """
    address, expiration, id, kind, params(*), payload, resourceId, resourceUri, token, type
"""


def _known(text: str, items: str | None = None) -> Selection:
    known = parse("".join(text.split()))
    return known if items is None else known | {"items": _known(items)}


EVENT = _known(_EVENT)
EVENTS = _known(
    "accessRole,defaultReminders(method,minutes),description,etag,items,kind,"
    "nextPageToken,nextSyncToken,summary,timeZone,updated",
    _EVENT,
)
CALENDAR = _known(_CALENDAR)
CALENDAR_LIST_ENTRY = _known(_ENTRY)
CALENDAR_LIST = _known("etag,items,kind,nextPageToken,nextSyncToken", _ENTRY)
CHANNEL = _known(_CHANNEL)
