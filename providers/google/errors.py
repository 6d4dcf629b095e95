"""What Google's refusals mean: told apart by the envelope's `reason`, then by status.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

import json
from dataclasses import dataclass

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    CursorExpired,
    Disconnected,
    ProviderError,
    RateLimited,
)
from providers import responses
from providers.bearer import TokenRefused
from providers.responses import Response

_LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
_EXPIRED = frozenset({"fullSyncRequired", "updatedMinTooLongAgo"})
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
_NOT_PUSHED = "pushNotSupportedForRequestedResource"
_ADDRESS = frozenset({"push.webhookUrlUnauthorized", "webhookUrlUnauthorized"})
_NOT_SET_UP = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})


class NotPushed(BadResponse):
    """Google does not notify of changes in this calendar: one of holidays, or another that is public."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    """`{"error": {"errors": [{"reason", "location"}], "details": [{"reason"}]}}`"""

    reasons: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()

    @classmethod
    def of(cls, body: bytes) -> "_Envelope":
        try:
            error = json.loads(body)["error"]
            causes = [each for each in (*error.get("errors", ()), *error.get("details", ())) if isinstance(each, dict)]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return cls()
        return cls(_texts(causes, "reason"), _texts(causes, "location"))


def _texts(causes: list[dict[str, object]], name: str) -> frozenset[str]:
    return frozenset(text for each in causes if isinstance(text := each.get(name), str))


def classify(response: Response) -> ProviderError | None:
    """The error an answer stands for, or `None` when it is the answer that was wanted."""
    if response.status in {200, 204}:
        return None
    envelope = _Envelope.of(response.body)
    return _about_push(envelope) or _refusal(response, envelope)


def _about_push(envelope: _Envelope) -> ProviderError | None:
    if envelope.reasons & _ADDRESS:  # by 401, although the token is good
        return BadResponse("Google does not take the address of this server for notifications.")
    if _NOT_PUSHED in envelope.reasons:
        return NotPushed("Google does not notify of changes in this calendar.")
    return None


def _refusal(response: Response, envelope: _Envelope) -> ProviderError:
    if response.status == 401:
        return TokenRefused()
    if response.status == 429 or envelope.reasons & _LIMITS:
        return RateLimited("Google asks for fewer requests.", retry_after=response.retry_after)
    if _is_expired(response.status, envelope):
        return CursorExpired()
    if response.status == 403:
        return _forbidden(envelope)
    return responses.classify(response) or BadResponse("Google did not give what was asked for.")


def _is_expired(status: int, envelope: _Envelope) -> bool:
    """A 410 without its envelope, and a 400 for the sync token itself, mean nothing else."""
    if status == 400:
        return "syncToken" in envelope.locations and "invalid" in envelope.reasons
    return bool(envelope.reasons & _EXPIRED) or (status == 410 and "deleted" not in envelope.reasons)


def _forbidden(envelope: _Envelope) -> ProviderError:
    if envelope.reasons & _SCOPE:
        return Disconnected("Google was not allowed to show the calendars, please reconnect and allow it")
    if envelope.reasons & _NOT_SET_UP:
        return BadResponse("The operator of this server has not enabled the Google Calendar API in its project.")
    if "notACalendarUser" in envelope.reasons:
        return BadResponse("The Google account has no calendar.")
    return CalendarGone("Google no longer lets this account read the calendar.")
