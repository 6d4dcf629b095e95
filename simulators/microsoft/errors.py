"""Errors as Graph sends them: one envelope, told apart by `code`."""

from datetime import UTC, datetime
from uuid import uuid4

from simulators.microsoft.times import JsonObject


class GraphError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, request_id: str | None = None) -> JsonObject:
        request = request_id or str(uuid4())
        inner = {
            "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
            "request-id": request,
            "client-request-id": request,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    return GraphError(400, code, message)


def invalid_parameter(message: str) -> GraphError:
    return bad_request(message, "ErrorInvalidParameter")


def no_window() -> GraphError:
    return invalid_parameter(
        "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime."
    )


def window_too_long(most_days: int) -> GraphError:
    return bad_request(
        "Your request can't be completed. The range between the start and end dates is greater than the allowed range. "
        f"Maximum number of days: {most_days}",
        "ErrorInvalidRequest",
    )


def unsupported_with_delta() -> GraphError:
    return bad_request(
        "The following parameters are not supported with change tracking over the 'CalendarView' resource: '$orderby, "
        "$filter, $select, $expand, $search, $top'.",
        "ErrorInvalidUrlQuery",
    )


def unsupported_zone(name: str) -> GraphError:
    return bad_request(
        f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.",
        "TimeZoneNotSupportedException",
    )


def invalid_token(message: str = "Access token has expired or is not yet valid.") -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, _challenge("invalid_token"))


def insufficient_claims() -> GraphError:
    """Continuous access evaluation: only the user can help, at a sign-in that carries `claims`."""
    claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="
    message = "Continuous access evaluation resulted in challenge with result: InteractionRequired"
    return GraphError(401, "InvalidAuthenticationToken", message, _challenge(f'insufficient_claims", claims="{claims}'))


def _challenge(error: str) -> dict[str, str]:
    authority = "https://login.microsoftonline.com/common/oauth2/authorize"
    return {"WWW-Authenticate": f'Bearer realm="", authorization_uri="{authority}", error="{error}"'}


def access_denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    return bad_request("Id is malformed.", "ErrorInvalidIdMalformed")


def no_mailbox() -> GraphError:
    message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    return GraphError(404, "MailboxNotEnabledForRESTAPI", message)


def resource_not_found() -> GraphError:
    return GraphError(404, "ResourceNotFound", "The object was not found.")


def no_segment(path: str) -> GraphError:
    return bad_request(f"Resource not found for the segment '{path}'.")


_DELTA: dict[str, tuple[int, str]] = {
    "SyncStateNotFound": (410, "The sync state generation is not found; generation=0;"),
    "SyncStateInvalid": (410, "The sync state is invalid."),
    "resyncRequired": (410, "Resync required. Replace any local items with the server's version."),
    "InvalidDeltaToken": (400, "The delta token is invalid."),
}


def lost_state(code: str) -> GraphError:
    """A delta token that is served no more; `code` is `SyncStateNotFound`, `SyncStateInvalid`, `resyncRequired` or
    `InvalidDeltaToken`."""
    status, message = _DELTA[code]
    return GraphError(status, code, message)


def throttled(message: str, retry_after: str | None = "1") -> GraphError:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return GraphError(429, "ApplicationThrottled", message, headers)
