"""Errors as Calendar API v3 sends them: one envelope, told apart by `reason`."""

from typing import Literal

from simulators.google.times import JsonObject

LocationType = Literal["parameter", "header"]


class ApiError(Exception):
    """An answer other than success. `location` is the parameter or header at fault."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: LocationType = "parameter",
        extra: JsonObject | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}
        self._cause: JsonObject = {"domain": domain, "reason": reason, "message": message}
        if location is not None:
            self._cause |= {"locationType": location_type, "location": location}
        self._extra = extra or {}

    def body(self) -> JsonObject:
        message = self._cause["message"]
        return {"error": {"errors": [self._cause], "code": self.code, "message": message, **self._extra}}


def invalid(message: str, location: str | None = None, reason: str = "invalid") -> ApiError:
    return ApiError(400, reason, message, location=location)


def invalid_parameter(message: str, location: str) -> ApiError:
    return invalid(message, location, "invalidParameter")


def required(message: str) -> ApiError:
    return ApiError(400, "required", message)


def time_range_empty(location: str | None = None) -> ApiError:
    return ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar", location=location)


def sync_token_with_restrictions() -> ApiError:
    message = "Sync token cannot be used with other request restrictions."
    return ApiError(400, "syncTokenWithRequestRestrictions", message, domain="calendar", location="syncToken")


def login_required() -> ApiError:
    headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}
    return _unauthenticated("required", "Login Required.", headers)


def invalid_credentials() -> ApiError:
    headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'}
    return _unauthenticated("authError", "Invalid Credentials", headers)


def _unauthenticated(reason: str, message: str, headers: dict[str, str]) -> ApiError:
    status: JsonObject = {"status": "UNAUTHENTICATED"}
    return ApiError(
        401, reason, message, location="Authorization", location_type="header", extra=status, headers=headers
    )


def insufficient_scope(method: str, scopes: tuple[str, ...]) -> ApiError:
    """`method` such as `events.list`; `scopes` are those of which one would do."""
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "method": f"calendar.v3.{method}"},
    }
    challenge = f'Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{" ".join(scopes)}"'
    return ApiError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        extra={"status": "PERMISSION_DENIED", "details": [detail]},
        headers={"WWW-Authenticate": challenge},
    )


def access_not_configured() -> ApiError:
    """The operator has not enabled the API in the project."""
    message = "Google Calendar API has not been used in project 1 before or it is disabled. Enable it, then retry."
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "consumer": "projects/1"},
    }
    extra = {"status": "PERMISSION_DENIED", "details": [detail]}
    return ApiError(403, "accessNotConfigured", message, domain="usageLimits", extra=extra)


def required_access_level() -> ApiError:
    message = "You need to have writer access to this calendar."
    return ApiError(403, "requiredAccessLevel", message, domain="calendar")


def forbidden_for_non_organizer() -> ApiError:
    message = "Shared properties can only be changed by the organizer of the event."
    return ApiError(403, "forbiddenForNonOrganizer", message, domain="calendar")


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Not Found")


def duplicate() -> ApiError:
    return ApiError(409, "duplicate", "The requested identifier already exists.")


def full_sync_required() -> ApiError:
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain="calendar", location="syncToken")


def updated_min_too_long_ago() -> ApiError:
    message = "The requested minimum modification time lies too far in the past."
    return ApiError(410, "updatedMinTooLongAgo", message, domain="calendar", location="updatedMin")


def deleted() -> ApiError:
    return ApiError(410, "deleted", "Resource has been deleted")


def condition_not_met() -> ApiError:
    return ApiError(412, "conditionNotMet", "Precondition Failed", location="If-Match", location_type="header")


_LIMITS = {
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
}


def limited(code: int, reason: str, retry_after: str | None = None) -> ApiError:
    """A rate limit, 403 or 429; `reason` is `rateLimitExceeded`, `userRateLimitExceeded` or `quotaExceeded`."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return ApiError(code, reason, _LIMITS[reason], domain="usageLimits", headers=headers)
