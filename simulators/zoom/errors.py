"""Errors as Zoom's API and its token endpoint send them."""

from starlette.responses import JSONResponse, Response

from simulators.zoom.meetings import JsonObject


class ApiError(Exception):
    """An answer other than success: a status, Zoom's own number for it and a message."""

    def __init__(self, status: int, code: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> Response:
        return JSONResponse({"code": self.code, "message": self.message}, self.status, self.headers)


class OAuthError(Exception):
    """The token endpoint refuses."""

    def __init__(self, status: int, error: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason

    def response(self) -> Response:
        body: JsonObject = {"reason": self.reason, "error": self.error}
        return JSONResponse(body, self.status, {"Cache-Control": "no-store"})


def invalid_token() -> ApiError:
    return ApiError(401, 124, "Invalid access token.")


def expired_token() -> ApiError:
    return ApiError(401, 124, "Access token is expired.")


def missing_scopes(*scopes: str) -> ApiError:
    return ApiError(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(scopes)}].")


def no_such_meeting(meeting_id: str) -> ApiError:
    return ApiError(404, 3001, f"Meeting does not exist: {meeting_id}.")


def no_such_user() -> ApiError:
    return ApiError(404, 1001, "User does not exist.")


def invalid_field(message: str) -> ApiError:
    return ApiError(400, 300, message)


def invalid_page_token() -> ApiError:
    return invalid_field("The next page token is invalid or expired.")


def invalid_grant(status: int) -> OAuthError:
    return OAuthError(status, "invalid_grant", "Invalid Token!")


def invalid_client() -> OAuthError:
    return OAuthError(401, "invalid_client", "Invalid client_id or client_secret")


_PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
_PER_DAY = "You have reached the maximum daily rate limit for this API. Refer to the response header for details."
_API = {
    "invalidToken": invalid_token(),
    "expiredToken": expired_token(),
    "missingScopes": missing_scopes("meeting:read:list_meetings"),
    "noSuchMeeting": no_such_meeting("1"),
    "noSuchUser": no_such_user(),
    "invalidPageToken": invalid_page_token(),
    "badRequest": invalid_field("Request Body should be a valid JSON object."),
    "perSecondLimit": ApiError(429, 429, _PER_SECOND, X_RateLimit_Type="QPS", X_RateLimit_Category="Medium"),
    "perDayLimit": ApiError(429, 429, _PER_DAY, X_RateLimit_Type="Daily-limit", X_RateLimit_Category="Medium"),
    "internalError": ApiError(500, 500, "Internal server error."),
}
_TOKENS = {
    "invalid_grant": invalid_grant(400),
    "invalid_client": invalid_client(),
    "invalid_request": OAuthError(400, "invalid_request", "Bad Request"),
}


def limited(*, daily: bool, label: str, limit: int, retry_after: str | None) -> ApiError:
    headers = {
        "X-RateLimit-Category": label,
        "X-RateLimit-Type": "Daily-limit" if daily else "QPS",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        **({} if retry_after is None else {"Retry-After": retry_after}),
    }
    return ApiError(429, 429, _PER_DAY if daily else _PER_SECOND, **headers)


def refusal(reason: str, status: int | None) -> Response:
    """The answer that a reason names, of the API or of the token endpoint. Raises `ValueError`."""
    error = _API.get(reason) or _TOKENS.get(reason)
    if error is None:
        raise ValueError(f"no such reason: {reason}")
    response = error.response()
    response.status_code = status or response.status_code
    return response
