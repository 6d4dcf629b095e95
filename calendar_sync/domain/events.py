"""Events as every provider's answer is understood here: an event object, its exceptions and its occurrences.

An *event object* (`Event`) is a single event, or a series with all its exceptions. An *occurrence* is one concrete
instance of it. Field values are normalised by whoever builds them, so that equal meaning gives equal objects: the
content hash is taken over exactly these fields, and nothing that is export noise (DTSTAMP, etag, SEQUENCE) is here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class EventStatus(StrEnum):
    """RFC 5545 §3.8.1.11, in the words of the REST contract."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class ResponseStatus(StrEnum):
    """What an attendee answered (RFC 5545 PARTSTAT; Google `responseStatus`; Graph `responseStatus.response`)."""

    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class Visibility(StrEnum):
    """RFC 5545 CLASS; Google `visibility`; Graph `sensitivity`."""

    DEFAULT = "default"
    PUBLIC = "public"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True)
class Person:
    """`email` is lower case, without `mailto:`; either part may be missing."""

    email: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attendee:
    email: str | None
    name: str | None = None
    response: ResponseStatus = ResponseStatus.NEEDS_ACTION
    is_optional: bool = False
    is_resource: bool = False
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class MeetingLink:
    """Where a meeting can be joined: the unwrapped address and the platform's name (`zoom`, `google_meet`, …)."""

    url: str
    platform: str


@dataclass(frozen=True, slots=True)
class EventTime:
    """From when to when, on the wall clock of `zone`.

    `start` and `end` are naive wall-clock times. An all-day event has both at midnight and `end` exclusive; its zone
    says which midnights those are for whoever asks for instants. `zone` is an IANA name; a zone that has none carries
    its RFC 5545 VTIMEZONE text in `zone_rules`. `end_zone` is set only where it differs from `zone`. `fold` is 1 for
    the second of two equal wall-clock starts when a clock is set back (PEP 495); `end_fold` likewise.
    """

    start: datetime
    end: datetime
    zone: str
    all_day: bool = False
    end_zone: str | None = None
    zone_rules: str | None = None
    fold: int = 0
    end_fold: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What one instance says, besides when it is. Texts are stripped; an empty one is `None`.

    `attendees` are sorted by e-mail and name. `links` are in order of preference, the first the one to join by.
    """

    title: str | None = None
    description: str | None = None
    location: str | None = None
    status: EventStatus = EventStatus.CONFIRMED
    organizer: Person | None = None
    attendees: tuple[Attendee, ...] = ()
    links: tuple[MeetingLink, ...] = ()
    url: str | None = None
    visibility: Visibility = Visibility.DEFAULT
    is_busy: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """The span (aware instants, `end` exclusive) in which occurrences are kept."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a series repeats (RFC 5545 §3.8.5).

    `rules` and `exception_rules` are RRULE and EXRULE values without the property name, upper case; their UNTIL is
    kept as written. `dates` and `exceptions` (RDATE, EXDATE) are original starts as `Override.original_start` has
    them, sorted; a period RDATE keeps its own end in `periods`. `excluded_days` are EXDATEs given as bare dates on a
    timed series: they exclude every instance starting on that local day.

    `listed` is set where the provider expanded the series itself (Graph `calendarView`, Zoom `occurrences`): `dates`
    are then all its instances that start in that span, the first no more than the others, and `rules` only describe.
    Two listings of different spans say the same where they agree on what both cover.
    """

    rules: tuple[str, ...] = ()
    exception_rules: tuple[str, ...] = ()
    dates: tuple[datetime, ...] = ()
    exceptions: tuple[datetime, ...] = ()
    periods: tuple[tuple[datetime, datetime], ...] = ()
    excluded_days: tuple[date, ...] = ()
    listed: Window | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """One exception to a series (RFC 5545 RECURRENCE-ID; Google `originalStartTime`).

    `original_start` is the naive wall clock in the zone of the series (midnight on an all-day series). Without `time`
    the instance is a hole: it was cancelled. `this_and_future` (RANGE=THISANDFUTURE) carries its shift and its
    details on to later instances.
    """

    original_start: datetime
    time: EventTime | None
    details: Details
    this_and_future: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An event object of a calendar.

    `remote_id` names it within its calendar (Google id, Graph id, CalDAV href, feed UID); `uid` is the iCalendar UID,
    the same in every calendar that holds a copy. A series has `recurrence`. An orphan (an exception whose master is
    not in this calendar) is a plain event with `is_orphan` set, or, when there are several, a series with `overrides`
    only: `recurrence` empty and `is_orphan` set, so that its own `time` is not an instance. One that waits for its
    series keeps the start it had there in an override, though it is a single event.
    """

    remote_id: str
    uid: str
    time: EventTime
    details: Details
    recurrence: Recurrence | None = None
    overrides: tuple[Override, ...] = ()
    is_orphan: bool = False

    @property
    def is_recurring(self) -> bool:
        return self.recurrence is not None


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of an event object, as expanded.

    `original_start` is `""` for a single event, else the series' own wall clock of the instance before it was moved:
    `2026-01-05T09:00:00`, `2026-01-05` on an all-day series, and a trailing `/1` for the second of two equal
    wall-clock times. `starts_at` and `ends_at` are instants (aware, UTC).
    """

    original_start: str
    starts_at: datetime
    ends_at: datetime
    time: EventTime
    details: Details


class AutoJoinStatus(StrEnum):
    """Where auto-join stands with an occurrence, in the words of the REST contract."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    JOINED = "joined"
    SKIPPED = "skipped"
    FAILED = "failed"
    DISABLED = "disabled"
