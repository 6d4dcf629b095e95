"""The one table from what went wrong to its HTTP status, and the envelope it is answered in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from calendar_sync.domain import errors
from calendar_sync.web.shapes import ErrorBody, ErrorEnvelope
from calendar_sync.web.trace_id import current_trace_id

STATUS: Mapping[type[errors.CalendarSyncError], int] = MappingProxyType(
    {
        errors.CalendarSyncError: 500,
        errors.Refusal: 403,
        errors.NotFound: 404,
        errors.Conflict: 409,
        errors.Invalid: 422,
        errors.RangeTooLarge: 422,
        errors.NotAuthenticated: 401,
        errors.NotPermitted: 403,
        errors.ConsentFailed: 400,
        errors.CursorCompacted: 410,
        errors.CursorUnknown: 410,
        errors.HistoryCompacted: 410,
        errors.TooManyRequests: 429,
        # What the user typed is refused by the provider, or may not be reached. Never 401: that is about our own key.
        errors.Disconnected: 422,
        errors.AddressRefused: 422,
        # The provider fails while we wait for it: a gateway's answers.
        errors.ProviderError: 502,
        errors.CursorExpired: 502,
        errors.CalendarGone: 502,
        errors.BadResponse: 502,
        errors.DoubtfulSnapshot: 502,
        errors.Unavailable: 503,
        errors.RateLimited: 503,
        errors.LeaseLost: 503,
        errors.StoreUnavailable: 503,
    }
)
"""By class. One that is not here answers as its nearest ancestor; 500 is masked."""

_HTTP: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        404: ("NOT_FOUND", "There is nothing at this address."),
        405: ("METHOD_NOT_ALLOWED", "This address does not answer to this method."),
        413: ("PAYLOAD_TOO_LARGE", "The request body is too large."),
    }
)
_RETRY_AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as it is answered."""

    status: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        body = ErrorBody(
            code=self.code,
            message=self.message,
            type="client_error" if self.status < 500 else "server_error",
            status=self.status,
            details=dict(self.details),
            trace_id=current_trace_id(),
            timestamp=datetime.now(UTC),
        )
        return Response(
            ErrorEnvelope(error=body).model_dump_json(),
            status_code=self.status,
            headers=dict(self.headers),
            media_type="application/json",
        )


INTERNAL = Fault(500, "INTERNAL_ERROR", "Something went wrong on our side; it was logged under this trace_id.")


class Unreadable(Exception):
    """A request that is broken as HTTP or as JSON, before anything was asked by it."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fault = Fault(status, code, message, headers=headers or {})


def fault_of(error: Exception) -> Fault:
    """`INTERNAL` for whatever is not meant for the caller's eyes."""
    if isinstance(error, Unreadable):
        return error.fault
    if isinstance(error, HTTPException):
        code, message = _HTTP.get(error.status_code, ("BAD_REQUEST", "The request cannot be answered."))
        return Fault(error.status_code, code, message, headers=dict(error.headers or {}))
    if not isinstance(error, errors.CalendarSyncError):
        return INTERNAL
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status == 500:
        return INTERNAL
    return Fault(status, _code_of(error), error.message, _details_of(error), _headers_of(error, status))


def _code_of(error: errors.CalendarSyncError) -> str:
    if isinstance(error, errors.NotFound):
        return f"{error.kind.upper()}_NOT_FOUND"
    return error.reason if isinstance(error, errors.NotAuthenticated) else error.code


def _details_of(error: errors.CalendarSyncError) -> Mapping[str, object]:
    return {"field": error.field} if isinstance(error, errors.Invalid) else {}


def _headers_of(error: errors.CalendarSyncError, status: int) -> Mapping[str, str]:
    if isinstance(error, errors.NotAuthenticated):
        is_missing = error.reason == errors.NotAuthenticated.code
        return {"WWW-Authenticate": "Bearer" if is_missing else 'Bearer error="invalid_token"'}
    if status in {429, 503}:
        asked = error.retry_after if isinstance(error, errors.TooManyRequests | errors.RateLimited) else None
        wait = _RETRY_AFTER if asked is None else asked
        return {"Retry-After": str(max(1, ceil(wait.total_seconds())))}
    return {}


def exception_handlers() -> dict[object, ExceptionHandler]:
    """For `Starlette(exception_handlers=…)`. What they pass on is masked and logged by `calendar_sync.web.trace`."""
    return dict.fromkeys((errors.CalendarSyncError, Unreadable, HTTPException), _answer)


async def _answer(request: Request, error: Exception) -> Response:
    fault = fault_of(error)
    if fault is INTERNAL:
        raise error
    request.state.error_code = fault.code
    return fault.response()
