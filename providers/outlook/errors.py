"""What Microsoft Graph's refusals mean: told apart by the envelope's `code`, then by status.

https://learn.microsoft.com/graph/errors. Codes come in any case.
"""

import json
import re

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    CursorExpired,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from providers import responses
from providers.bearer import TokenRefused
from providers.responses import Response

_WANTED = frozenset({200, 201, 204})
_LIMITS = frozenset({"applicationthrottled", "toomanyrequests", "activitylimitreached"})
_EXPIRED = frozenset({"syncstatenotfound", "syncstateinvalid", "resyncrequired", "invaliddeltatoken"})
_WITHOUT_MAILBOX = frozenset({"mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi"})
_NOT_ALLOWED = frozenset({"authorization_requestdenied"})
_OF_A_TOKEN = re.compile(r"\b(?:delta|skip) ?token\b|\bsync ?state\b", re.IGNORECASE)
_NOT_HEARD = "subscription validation request failed"

NO_MAILBOX = "The Microsoft account has no mailbox in Exchange Online, and so no calendar to read."
NOT_ALLOWED = "Microsoft was not allowed to show the calendars, please reconnect and allow it"


class AccessDenied(CalendarGone):
    """What was asked for is not for this account: a calendar no longer, or all of them for want of the scope."""


class Missing(CalendarGone):
    """There is nothing by that id (404)."""


class Overtaxed(Unavailable):
    """The answer took Graph too long to make (504). A smaller page may not."""


def classify(response: Response) -> ProviderError | None:
    """The error an answer stands for, or `None` when it is the answer that was wanted."""
    if response.status in _WANTED:
        return None
    if response.status == 401:
        return _unauthenticated(response)
    return _by_code(response) or _by_status(response)


def _by_code(response: Response) -> ProviderError | None:
    code, message = _error(response.body)
    if response.status == 429 or code in _LIMITS:
        return RateLimited("Microsoft asks for fewer requests.", retry_after=response.retry_after)
    if _is_expired(response.status, code, message):
        return CursorExpired()
    if _NOT_HEARD in message.lower():
        return BadResponse("Microsoft did not hear from this server at its address for notifications.")
    if code in _WITHOUT_MAILBOX:
        return BadResponse(NO_MAILBOX)
    return Disconnected(NOT_ALLOWED) if code in _NOT_ALLOWED else None


def _by_status(response: Response) -> ProviderError:
    match response.status:
        case 403:
            return AccessDenied("Microsoft no longer lets this account read the calendar.")
        case 404:
            return Missing("Outlook no longer has this calendar.")
        case 504:
            return Overtaxed("Microsoft could not make its answer in time.")
    return responses.classify(response) or BadResponse("Microsoft did not give what was asked for.")


def _error(body: bytes) -> tuple[str, str]:
    """`{"error": {"code", "message"}}`, the code in lower case."""
    try:
        error = json.loads(body)["error"]
        code, message = error.get("code"), error.get("message")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""
    return (code.lower() if isinstance(code, str) else ""), (message if isinstance(message, str) else "")


def _unauthenticated(response: Response) -> ProviderError:
    """A claims challenge is one that no token answers which comes without the user (conditional access)."""
    if "insufficient_claims" in response.headers.get("www-authenticate", "").lower():
        return Disconnected("Microsoft asks the user to sign in once more, please reconnect")
    return TokenRefused()


def _is_expired(status: int, code: str, message: str) -> bool:
    """A 410 is said of nothing else; some tokens that are not understood are a mere `BadRequest`."""
    return status == 410 or code in _EXPIRED or (status == 400 and bool(_OF_A_TOKEN.search(message)))
