"""What can go wrong, named by what the caller should do about it.

CalendarSyncError
├── Refusal                       the caller asked for something that cannot be: mend the request
│   ├── NotFound                  it names something that is not there (or not theirs)
│   ├── Conflict                  it contradicts what is there
│   ├── Invalid                   a field has a wrong value; `field` names it
│   │   └── RangeTooLarge         it asks for a longer time than is answered at once
│   ├── NotAuthenticated          no credentials, or wrong, expired or revoked ones
│   ├── NotPermitted              the credentials do not reach this far
│   ├── CursorCompacted           what follows that place in the changes is no longer kept: start over from now
│   ├── CursorUnknown             that place is not in the past of this store: start over from now
│   ├── HistoryCompacted          what was then is no longer kept: ask for a time after `since`
│   ├── ConsentFailed             the way by a provider's consent page did not lead to an account: start it again
│   └── TooManyRequests           come back after `retry_after`
├── ProviderError                 an outside service did not do what was asked
│   ├── CursorExpired             start over from nothing
│   ├── RateLimited               come back after `retry_after`
│   ├── Unavailable               try again with back-off
│   ├── Disconnected              ask the user to reconnect the account
│   ├── CalendarGone              stop syncing this calendar
│   ├── AddressRefused            the address may not be reached, or is not what it should be: ask for another
│   └── BadResponse               a bug, theirs or ours: report it, keep what is stored
├── DoubtfulSnapshot              a complete reading that would remove most of a calendar: read it again first
├── LeaseLost                     another run has taken this connection over: stop writing
└── StoreUnavailable              the database is locked, full, read-only or away: nothing was written, try again

The text of an error is for the person who asked: one sentence, no address, token or traceback in it. HTTP status
codes belong to the edges (`calendar_sync.web.errors`).
"""

from datetime import datetime, timedelta
from typing import ClassVar


class CalendarSyncError(Exception):
    """Anything this program raises on purpose. `code` is the machine's word for it, in REST and GraphQL alike."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refusal(CalendarSyncError):
    """The caller must mend the request."""

    code = "OPERATION_NOT_ALLOWED"


class NotFound(Refusal):
    """`kind` says what was looked for: `event`, `meeting`, `connection`, `calendar`, `org_calendar`, `user`, `api_key`,
    `sync_run`, `export_feed`, `auto_join_rule`, `webhook_endpoint`, `webhook_delivery`."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, message: str | None = None) -> None:
        super().__init__(message or f"No such {kind.replace('_', ' ')}.")
        self.kind = kind


class Conflict(Refusal):
    code = "CONFLICT"


class Invalid(Refusal):
    """`field` is the path of the offending field, dotted, as the caller wrote it."""

    code = "VALIDATION_ERROR"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class RangeTooLarge(Invalid):
    code = "RANGE_TOO_LARGE"


class NotAuthenticated(Refusal):
    """`reason` is the documented code of the REST contract."""

    code = "AUTHENTICATION_REQUIRED"

    def __init__(self, message: str, *, reason: str = "AUTHENTICATION_REQUIRED") -> None:
        super().__init__(message)
        self.reason = reason


class NotPermitted(Refusal):
    code = "INSUFFICIENT_PERMISSIONS"


class CursorCompacted(Refusal):
    code = "CURSOR_COMPACTED"

    def __init__(self) -> None:
        super().__init__("What follows this cursor is no longer kept. List events again, from latestChangeCursor on.")


class CursorUnknown(Refusal):
    """The store is not the one that the cursor is of, or an older copy of it: it was restored from a backup."""

    code = "CURSOR_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("This server never came to this cursor. List events again, from latestChangeCursor on.")


class HistoryCompacted(Refusal):
    """`since` is the earliest time that can be asked for."""

    code = "HISTORY_COMPACTED"

    def __init__(self, since: datetime) -> None:
        super().__init__(f"What was then is no longer kept. History is kept since {since.isoformat()}.")
        self.since = since


class ConsentFailed(Refusal):
    code = "CONSENT_FAILED"


class TooManyRequests(Refusal):
    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderError(CalendarSyncError):
    """An outside service did not do what was asked. Nothing stored is removed because of it."""

    code = "PROVIDER_UNAVAILABLE"


class CursorExpired(ProviderError):
    code = "PROVIDER_CURSOR_EXPIRED"

    def __init__(self, message: str = "The provider no longer knows the position of the last sync.") -> None:
        super().__init__(message)


class RateLimited(ProviderError):
    """`retry_after` is what the provider asked for, or `None` where it did not say."""

    code = "PROVIDER_RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ProviderError):
    code = "PROVIDER_UNAVAILABLE"


class Disconnected(ProviderError):
    code = "PROVIDER_DISCONNECTED"

    def __init__(self, message: str = "Token expired, please reconnect") -> None:
        super().__init__(message)


class CalendarGone(ProviderError):
    code = "PROVIDER_CALENDAR_GONE"


class AddressRefused(ProviderError):
    code = "ADDRESS_REFUSED"


class BadResponse(ProviderError):
    code = "PROVIDER_BAD_RESPONSE"


class DoubtfulSnapshot(CalendarSyncError):
    """`removed` of the `upcoming` event objects a calendar holds would go."""

    code = "DOUBTFUL_SNAPSHOT"

    def __init__(self, *, removed: int, upcoming: int) -> None:
        super().__init__(f"The provider no longer lists {removed} of {upcoming} upcoming events.")
        self.removed = removed
        self.upcoming = upcoming


class LeaseLost(CalendarSyncError):
    code = "SYNC_TAKEN_OVER"

    def __init__(self, message: str = "Another run has taken this connection over.") -> None:
        super().__init__(message)


class StoreUnavailable(CalendarSyncError):
    code = "STORE_UNAVAILABLE"

    def __init__(self, message: str = "The store is not available just now; nothing was written.") -> None:
        super().__init__(message)
