"""Google's errors by their names, for the faults that refuse with one."""

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from simulators.faults import Fault
from simulators.google.errors import (
    ApiError,
    access_not_configured,
    full_sync_required,
    insufficient_scope,
    invalid_credentials,
    limited,
    required_access_level,
    updated_min_too_long_ago,
)
from simulators.google.scopes import SCOPE

__all__ = ["Fault", "refusal"]

_SIMPLE: dict[str, tuple[int, str, str]] = {
    "backendError": (500, "Backend Error", "global"),
    "internalError": (500, "Internal Error", "global"),
    "notFound": (404, "Not Found", "global"),
    "forbidden": (403, "Forbidden", "global"),
    "deleted": (410, "Resource has been deleted", "global"),
    "notACalendarUser": (403, "The user must be signed up for Google Calendar.", "calendar"),
}
_LIMITS = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded")
_MADE: dict[str, Callable[[], ApiError]] = {
    "fullSyncRequired": full_sync_required,
    "updatedMinTooLongAgo": updated_min_too_long_ago,
    "authError": invalid_credentials,
    "accessNotConfigured": access_not_configured,
    "insufficientPermissions": lambda: insufficient_scope("events.list", (f"{SCOPE}calendar.readonly",)),
    "requiredAccessLevel": required_access_level,
}
_OAUTH = {
    "invalid_grant": (400, "Token has been expired or revoked."),
    "invalid_client": (401, "Unauthorized"),
    "unauthorized_client": (401, "Unauthorized"),
    "internal_failure": (500, "Internal Error"),
    "temporarily_unavailable": (503, "Try again later."),
}


def refusal(reason: str, status: int | None) -> Response:
    """The answer that a reason names: of the token endpoint, or of the API. Raises `ValueError`."""
    if reason in _OAUTH:
        usual, description = _OAUTH[reason]
        return JSONResponse({"error": reason, "error_description": description}, status or usual)
    error = _error(reason, status)
    return JSONResponse(error.body(), error.code, error.headers)


def _error(reason: str, status: int | None) -> ApiError:
    if reason in _LIMITS:
        return limited(status or 403, reason)
    if reason in _MADE:
        return _MADE[reason]()
    if reason in _SIMPLE:
        usual, message, domain = _SIMPLE[reason]
        return ApiError(status or usual, reason, message, domain=domain)
    raise ValueError(f"no such reason: {reason}")
