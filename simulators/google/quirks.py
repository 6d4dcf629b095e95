"""What the simulator can be told to do differently, and keeps doing until told otherwise."""

from dataclasses import dataclass
from typing import Literal

from simulators.switches import Switches


@dataclass(slots=True)
class Quirks(Switches):
    """How this Google differs from a well-mannered one. Each may be changed at any time."""

    # Consent
    consent: str = "page"
    """`page` asks the user, `grant` says yes at once, and an error code (`access_denied`,
    `admin_policy_enforced`, `org_internal`, …) is sent to the client instead of a code."""
    unticked_scopes: tuple[str, ...] = ()
    """Scopes that `grant` leaves out, as users do by unticking them."""
    issuer: str = "https://accounts.google.com"
    names_issuer: bool = False
    """The answer to the client says `iss` (RFC 9207)."""

    # Tokens
    access_token_seconds: int = 3599
    code_seconds: int = 600
    rotates_refresh_tokens: bool = False
    """A refresh gives a new refresh token, and the old one dies."""
    most_refresh_tokens: int = 100
    """Of one account for one client; the oldest dies silently."""

    # Listing
    short_pages: int | None = None
    """No page has more items than this, whatever is asked for."""
    empty_pages: int = 0
    """So many empty pages come before the first item."""
    repeats_pages: bool = False
    """Every page comes twice, under two page tokens."""
    endless_pages: Literal["no", "new tokens", "same token"] = "no"
    """Empty pages follow the last one without end, under ever new tokens or under one."""
    omits_sync_token: bool = False
    """The last page has no `nextSyncToken`."""
    exceptions_first: bool = False
    """Exceptions are listed before their masters, on an earlier page where there are several."""
    bare_tombstones: bool = True
    """A removed event has its id only; else all that it had."""
    lists_cascades: bool = False
    """An increment lists the exceptions of a removed series, too."""
    bounds_increments: bool = False
    """The increments of a listing between `timeMin` and `timeMax` stay between them."""
    list_lag_seconds: float = 0
    """Listings show a change only so long after it was made."""
    sync_token_days: float | None = None
    """Older sync tokens are answered with 410."""
    updated_min_days: float = 28
    """An earlier `updatedMin` is answered with 410."""
    gzip_needs_user_agent: bool = False
    """Answers are compressed only for clients that say `gzip` in their User-Agent."""

    # Quotas
    requests_per_minute: int | None = None
    """Of one client, for all its users."""
    requests_per_minute_and_user: int | None = None
    quota_status: Literal[403, 429] = 403

    # Push
    push: Literal["deliver", "lose", "hold"] = "deliver"
    """`hold` keeps notifications until they are released."""
    push_copies: int = 1
    push_delay_seconds: float = 0
    push_retry_seconds: float = 1
    """The first wait after a 500, 502, 503 or 504; it doubles."""
    sync_message: Literal["before", "after", "lose"] = "after"
    """Whether the first notification of a channel comes before or after the answer that opens it."""
    refuses_addresses: bool = False
    """Addresses are unauthorised, as those of unverified domains were."""
