"""What a server answered, and what its status means to a caller."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)

_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: `body` is decoded, `url` is where it came from after redirects.

    `moved_to` is the address to ask from now on: set where the request's own address, and what followed on it, said
    so for good (301, 308). `retry_after` is what the server asked for, at most a day.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    moved_to: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


Classify = Callable[[Response], ProviderError | None]
"""The error an answer stands for, or `None` when it is the answer that was wanted."""


def classify(response: Response) -> ProviderError | None:
    """What a status means where a provider knows no better. 304 is an answer; a redirect that got here is not."""
    status = response.status
    if (response.is_success and status != 206) or status == 304:
        return None
    if status == 429 or (status == 503 and response.retry_after is not None):
        return RateLimited("The server asks for fewer requests.", retry_after=response.retry_after)
    if status == 401:
        return Disconnected("The server no longer accepts the user name and password.")
    if status in {404, 410}:
        return CalendarGone("The server has nothing at this address any more.")
    if status >= 500 or status in {408, 425}:
        return Unavailable(f"The server has a fault of its own (status {status}).")
    return BadResponse(f"The server did not give what was asked for (status {status}).")


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110 §10.2.3): seconds or an HTTP-date, and ISO 8601 as Zoom sends it.

    A time gone by is no wait at all; more than a day is a day; what is neither is `None`.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        seconds = int(text) if len(text) <= 9 else _LONGEST_WAIT.total_seconds()
        return min(timedelta(seconds=seconds), _LONGEST_WAIT)
    at = _http_date(text) or _iso_date(text)
    return None if at is None else min(max(at - now, timedelta()), _LONGEST_WAIT)


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
