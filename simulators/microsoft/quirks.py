"""What the simulator can be told to do differently, and keeps doing until told otherwise."""

from dataclasses import dataclass
from typing import Literal

from simulators.switches import Switches


@dataclass(slots=True)
class Quirks(Switches):
    """How this Microsoft differs from a well-mannered one. Each may be changed at any time."""

    # Consent
    consent: str = "page"
    """`page` asks the user, `grant` says yes at once, and an error code (`access_denied`, `consent_required`,
    `login_required`, `server_error`, …) is sent to the client instead of a code."""
    withheld_scopes: tuple[str, ...] = ()
    """Scopes that are not granted though they were asked for."""
    names_scopes_in_full: bool = False
    """Granted scopes are told as `https://graph.microsoft.com/Calendars.Read`."""
    tells_email: bool = True
    """ID tokens say `email`; else `preferred_username` only."""

    # Tokens
    access_token_seconds: int = 4203
    code_seconds: int = 600

    # Rounds of calendarView/delta
    short_pages: int | None = None
    """No page has more items than this, whatever is asked for, but for a series that is not cut."""
    splits_series: bool = False
    """A series is cut where a page ends."""
    empty_pages: int = 0
    """So many empty pages come before the first item."""
    endless_pages: Literal["no", "new tokens", "same token"] = "no"
    """Empty pages follow the last one without end, under ever new tokens or under one."""
    omits_delta_link: bool = False
    reverses_items: bool = False
    """What is listed first else comes last: occurrences before their series."""
    repeats_items: bool = False
    """Every item comes twice, on the first pages as it was before its last change."""
    replays: bool = False
    """A round tells what the one before told once more."""
    serves_links_once: bool = False
    """A delta link that was used is answered as one too old."""
    full_occurrences: bool = False
    """Occurrences have all values of their series, as documented, and not only when they are."""
    thin_exceptions: bool = False
    """Exceptions have, but for when they are, only what differs from their series."""
    omits_masters: bool = False
    """A series is listed without its master."""
    removes_occurrences: bool = False
    """A removed series is told of every occurrence, too."""
    list_lag_seconds: float = 0
    """A round tells of a change only so long after it was made."""
    most_days: int = 1825
    """Of a window."""
    delta_link_days: float | None = None
    """Older delta links are refused."""
    delta_error: Literal["SyncStateNotFound", "SyncStateInvalid", "resyncRequired", "InvalidDeltaToken"] = (
        "SyncStateNotFound"
    )
    """How."""
    refuses_window_with_token: bool = False
    """A token with `startDateTime` or `endDateTime` is refused, else those are ignored."""

    # Ids and times
    ignores_id_type: bool = False
    """Ids are the default ones, whatever is preferred."""
    omits_applied_preferences: bool = False

    # Throttling
    most_in_flight: int = 4
    """Requests of one client for one mailbox at a time."""
    requests_per_ten_minutes: int = 10_000
    """Of one client for one mailbox."""
    retry_after: str | None = "1"
    """What a throttled answer says."""
    answer_seconds: float = 0
    """How long every request takes."""

    # Push
    push: Literal["deliver", "lose", "hold"] = "deliver"
    """`hold` keeps notifications until they are released."""
    push_copies: int = 1
    push_delay_seconds: float = 0
    push_retry_seconds: float = 1
    """The first wait after an answer other than success; it doubles."""
    most_in_notification: int = 10
    """Changes that are told together."""
    validation_seconds: float = 10
    """How long an address has to show that it listens."""
    validates_lifecycle_address: bool = True
