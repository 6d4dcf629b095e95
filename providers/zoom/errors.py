"""What Zoom's refusals mean: told apart by the answer's `code`, then by status.

https://developers.zoom.us/docs/api/errors/
"""

import json

from calendar_sync.domain.errors import BadResponse, Disconnected, ProviderError, RateLimited, Unavailable
from providers import responses
from providers.bearer import TokenRefused
from providers.responses import Response

_NOT_GIVEN = "Zoom did not give what was asked for."


class ScopeMissing(Disconnected):
    """The user, or the app at Zoom's Marketplace, does not allow this question."""

    def __init__(self) -> None:
        super().__init__("Zoom was not allowed to show the meetings, please reconnect and allow it")


class MeetingGone(BadResponse):
    """There is no such meeting, or it is not this user's to look at."""


class Refused(BadResponse):
    """Zoom does not take a parameter: a token of a page that is too old, for one."""


def classify(response: Response) -> ProviderError | None:
    """The error an answer stands for, or `None` when it is the answer that was wanted."""
    if response.status == 200:
        return None
    if response.status == 429:
        return RateLimited("Zoom asks for fewer requests.", retry_after=response.retry_after)
    return _by_code(_code(response.body)) or _by_status(response)


def _by_code(code: int | None) -> ProviderError | None:
    match code:
        case 124:
            return TokenRefused()
        case 1001:
            return Disconnected("Zoom no longer knows the account, please reconnect")
        case 3001:
            return MeetingGone("Zoom no longer has the meeting.")
        case 4711:
            return ScopeMissing()
    return None


def _by_status(response: Response) -> ProviderError:
    """There is one calendar, and an address that is not there says nothing about it."""
    if response.status == 401:
        return TokenRefused()
    if response.status == 400:
        return Refused(_NOT_GIVEN)
    found = responses.classify(response)
    passing = isinstance(found, RateLimited | Unavailable)
    return found if found is not None and passing else BadResponse(_NOT_GIVEN)


def _code(body: bytes) -> int | None:
    """`{"code": N, "message": "…"}`"""
    try:
        code = json.loads(body)["code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return code if isinstance(code, int) else None
