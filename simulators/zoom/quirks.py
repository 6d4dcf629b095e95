"""What the simulator can be told to do differently, and keeps doing until told otherwise."""

from dataclasses import dataclass
from typing import Literal

from simulators.switches import Switches

RetryAfter = Literal["usual", "iso", "seconds", "date", "absent"]


@dataclass(slots=True)
class Quirks(Switches):
    """How this Zoom differs from a well-mannered one. Each may be changed at any time."""

    # Consent
    consent: str = "page"
    """`page` asks the user, `grant` says yes at once, and an error code (`access_denied`, …) is sent to the client
    instead of a code."""
    withheld_scopes: tuple[str, ...] = ()
    """Scopes of the app that a consent leaves out."""

    # Tokens
    access_token_seconds: int = 3599
    code_seconds: int = 300
    refresh_token_days: float = 90
    dead_grant_status: Literal[400, 401] = 400

    # Lists
    short_pages: int | None = None
    """No page has more rows than this, whatever is asked for."""
    page_token_seconds: int = 900
    empty_pages: int = 0
    """So many empty pages come before the first row."""
    endless_pages: Literal["no", "new tokens", "same token"] = "no"
    """Empty pages follow the last one without end, under ever new tokens or under one."""
    empty_listings: int = 0
    """The next so many lists of meetings are complete, and empty."""
    most_occurrences: int = 110
    """So many occurrences that are not over are worked out."""

    # Limits, by label: Light, Medium
    per_second: int | None = None
    per_day: int | None = None
    retry_after: RetryAfter = "usual"
    """How Retry-After is written; usually an ISO-8601 time where the day's limit is met, else seconds."""
