"""What a provider must be able to do. `tests/providers/contract.py` says the same in tests.

Terms, one of ours for each of theirs:

==============  ==================  ====================  ==========================  =======================
ours            Google              Graph                 CalDAV                      ICS
==============  ==================  ====================  ==========================  =======================
`Cursor`        syncToken           @odata.deltaLink      sync-token, else ctag       ETag, Last-Modified, hash
`ChangePage`    page                page                  multistatus                 the feed
`Removal`       status: cancelled   @removed              404 in a multistatus        absence
`CursorExpired` 410                 410                   DAV:valid-sync-token        never
==============  ==================  ====================  ==========================  =======================
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol

from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.oauth import TokenSource

Cursor = NewType("Cursor", str)
"""A provider's position in a calendar's changes. Kept, never read, by all but the provider that wrote it."""


class ProviderName(StrEnum):
    """The providers a user can connect, as the REST contract spells them."""

    GOOGLE_CALENDAR = "google_calendar"
    OUTLOOK_CALENDAR = "outlook_calendar"
    ZOOM = "zoom"
    APPLE_CALENDAR = "apple_calendar"
    CALDAV = "caldav"
    ICS = "ics"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a provider, as it is connected.

    `identity` names the account within its provider and never changes (the same account gives the same identity, in
    whatever spelling it was typed); it is not shown to anyone. `credentials` are what the provider needs to read it
    again: secrets, stored encrypted. An account that is read by OAuth has `tokens` instead when it is opened.
    """

    identity: str
    email: str | None
    credentials: Mapping[str, str] = field(repr=False)
    tokens: TokenSource | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar as its provider lists it. `None` means that the provider does not say.

    `time_zone` is an IANA name, the zone in which its all-day and floating times are meant. `poll_interval` is how
    often the provider wants to be asked (X-PUBLISHED-TTL, REFRESH-INTERVAL); zero: it has no such wish.
    """

    remote_id: str
    name: str | None = None
    description: str | None = None
    color: str | None = None
    time_zone: str | None = None
    is_primary: bool = False
    is_read_only: bool = False
    poll_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Upsert:
    """The event object is now so; where its `exceptions_apart` come as changes of their own, those known stay."""

    event: Event
    exceptions_apart: bool = False

    @property
    def remote_id(self) -> str:
        return self.event.remote_id


@dataclass(frozen=True, slots=True)
class UpsertException:
    """The exception to a series is now so: told apart from its series, before it, after it or without it.

    `remote_id` names the exception, `series_id` the event object it belongs to. `original_start` is the start that
    the series gave the instance: an aware instant, or a bare date on an all-day series; the series itself says on
    which clock it repeats. `instance` is the exception as an event of its own, whose time and details hold; `None` is
    a hole: the instance was cancelled. While the series is not there, its exceptions are shown as orphans; holes wait
    for it unseen. `Removal` of the exception gives the instance back to the series, `Removal` of the series takes its
    exceptions along.
    """

    remote_id: str
    series_id: str
    original_start: datetime | date
    instance: Event | None


@dataclass(frozen=True, slots=True)
class Removal:
    """The provider no longer has this event object, or exception told apart (or never had: unknown ids are ignored).

    Where `since` is set, only what is not over by then goes: of a provider that speaks of a window alone, an object
    outside it was changed or removed, and which of both is not told. The past of a series stays as history.
    """

    remote_id: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What has this name exists but cannot be understood. What is stored of it stays; the reason and text are kept.

    `reason` is one sentence for the user; `source` is the provider's text of the object, cut at 64 kB.
    """

    remote_id: str
    reason: str
    source: str


Change = Upsert | UpsertException | Removal | Quarantine


class Snapshot(StrEnum):
    """What the reading that this page ends has listed completely, so that what it left out is gone."""

    NONE = "none"
    """Nothing: it was an increment."""
    WHOLE = "whole"
    """The whole calendar, past events included."""
    UPCOMING = "upcoming"
    """What lies ahead: a feed that rolls, or a bounded window. Past events that it left out stay."""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of a calendar's changes, in the provider's order; of one object named twice, the last holds.

    `cursor` is set on the last page of a reading, and only there: the point the next reading starts from.
    `snapshot` on that page says what the reading listed completely. `calendar` is set where the page also told
    something of the calendar itself (a feed carries its own name).
    """

    changes: Sequence[Change]
    cursor: Cursor | None = None
    snapshot: Snapshot = Snapshot.NONE
    calendar: RemoteCalendar | None = None


class ProviderClient(Protocol):
    """Reads one account. Opened for one sync run and closed after it."""

    @property
    def requests(self) -> int:
        """How many requests it has sent to the provider so far, retries and redirects included."""
        ...

    def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        """Yield every calendar the account can read. A listing that ends without an error is complete."""
        ...

    def changes(self, calendar: RemoteCalendar, since: Cursor | None, window: Window) -> AsyncGenerator[ChangePage]:
        """Yield what changed after `since`, or the whole calendar when there is none, as at least one page.

        The occurrences wanted are those in `window`; a provider that lists by time must cover it. A plain `def`:
        calling it returns the generator. Raises `CursorExpired` when `since` is too old, and any other
        `ProviderError` at any time; what was yielded before stays true.
        """
        ...


class Provider(Protocol):
    """One outside service."""

    @property
    def name(self) -> ProviderName: ...

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """Check what a user typed against the service and say which account it is.

        Raises `Invalid` (with the field, as `credentials.url`), `AddressRefused`, `Disconnected` when the service
        refuses the credentials, or any other `ProviderError`.
        """
        ...

    def open(self, account: Account) -> AbstractAsyncContextManager[ProviderClient]:
        """A client for the account. Opening sends nothing."""
        ...
