"""Microsoft's errors by their names, for the faults that refuse with one."""

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from simulators.microsoft.authority import OAuthError
from simulators.microsoft.errors import (
    GraphError,
    access_denied,
    insufficient_claims,
    invalid_token,
    item_not_found,
    lost_state,
    no_mailbox,
    resource_not_found,
    throttled,
)

_MADE: dict[str, Callable[[], GraphError]] = {
    "InvalidAuthenticationToken": invalid_token,
    "insufficient_claims": insufficient_claims,
    "ErrorAccessDenied": access_denied,
    "ErrorItemNotFound": item_not_found,
    "MailboxNotEnabledForRESTAPI": no_mailbox,
    "ResourceNotFound": resource_not_found,
    "ApplicationThrottled": lambda: throttled("Application is over its MailboxConcurrency limit.", None),
    "SyncStateNotFound": lambda: lost_state("SyncStateNotFound"),
    "SyncStateInvalid": lambda: lost_state("SyncStateInvalid"),
    "resyncRequired": lambda: lost_state("resyncRequired"),
    "InvalidDeltaToken": lambda: lost_state("InvalidDeltaToken"),
}
_SIMPLE: dict[str, tuple[int, str]] = {
    "BadRequest": (400, "Badly formed content."),
    "ErrorInvalidRequest": (400, "The request is invalid."),
    "CompactTokenParsingFailed": (401, "CompactToken parsing failed with error code: 80049217"),
    "unauthenticated": (401, "The caller is not authenticated."),
    "Authorization_RequestDenied": (403, "Insufficient privileges to complete the operation."),
    "accessDenied": (403, "The caller doesn't have permission to perform the action."),
    "itemNotFound": (404, "The resource could not be found."),
    "TooManyRequests": (429, "Too many requests."),
    "activityLimitReached": (429, "The request has been throttled."),
    "ErrorInternalServerError": (500, "An internal server error occurred. The operation failed."),
    "ErrorMailboxStoreUnavailable": (503, "The mailbox database is temporarily unavailable."),
    "serviceNotAvailable": (503, "The service is temporarily unavailable."),
    "UnknownError": (504, ""),
    "bandwidthLimitExceeded": (509, "The bandwidth limit is exceeded."),
}
_OAUTH: dict[str, OAuthError] = {
    error.error: error
    for error in (
        OAuthError("invalid_grant", 50173, "The provided grant has expired due to it being revoked."),
        OAuthError("interaction_required", 50076, "You must use multi-factor authentication.", suberror="basic_action"),
        OAuthError("consent_required", 65001, "The user or administrator has not consented to use the application."),
        OAuthError("login_required", 50058, "A silent sign-in request was sent but no user is signed in."),
        OAuthError("invalid_client", 7000215, "Invalid client secret provided.", status=401),
        OAuthError("unauthorized_client", 700016, "The application was not found in the directory."),
        OAuthError("temporarily_unavailable", 90033, "A transient error has occurred.", status=503),
        OAuthError("server_error", 90033, "A transient error has occurred.", status=500),
    )
}


def refusal(reason: str, status: int | None) -> Response:
    """The answer that a name stands for: of the token endpoint, or of Graph. Raises `ValueError`."""
    if reason in _OAUTH:
        refused = _OAUTH[reason]
        return JSONResponse(refused.body(), status or refused.status)
    error = _error(reason)
    return JSONResponse(error.body(), status or error.status, error.headers)


def _error(reason: str) -> GraphError:
    if reason in _MADE:
        return _MADE[reason]()
    if reason in _SIMPLE:
        status, message = _SIMPLE[reason]
        return GraphError(status, reason, message)
    raise ValueError(f"no such reason: {reason}")
