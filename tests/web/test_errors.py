from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from dirty_equals import IsNow, IsStr
from starlette.exceptions import HTTPException

from calendar_sync.domain import errors
from calendar_sync.web import trace_id
from calendar_sync.web.errors import INTERNAL, STATUS, Unreadable, fault_of

SOON = timedelta(seconds=90, milliseconds=1)


def every_error_class(root: type[errors.CalendarSyncError]) -> Iterator[type[errors.CalendarSyncError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from every_error_class(child)


def test_every_error_of_the_domain_has_a_status() -> None:
    assert set(STATUS) == set(every_error_class(errors.CalendarSyncError))


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Refusal("No."), 403, "OPERATION_NOT_ALLOWED"),
        (errors.NotFound("event"), 404, "EVENT_NOT_FOUND"),
        (errors.NotFound("connection"), 404, "CONNECTION_NOT_FOUND"),
        (errors.NotFound("sync_run"), 404, "SYNC_RUN_NOT_FOUND"),
        (errors.Conflict("It is there."), 409, "CONFLICT"),
        (errors.Invalid("Too long.", field="name"), 422, "VALIDATION_ERROR"),
        (errors.RangeTooLarge("Too long.", field="window"), 422, "RANGE_TOO_LARGE"),
        (errors.NotAuthenticated("Who?"), 401, "AUTHENTICATION_REQUIRED"),
        (errors.NotAuthenticated("No.", reason="API_KEY_EXPIRED"), 401, "API_KEY_EXPIRED"),
        (errors.NotPermitted("No."), 403, "INSUFFICIENT_PERMISSIONS"),
        (errors.TooManyRequests("Slow down.", retry_after=SOON), 429, "RATE_LIMIT_EXCEEDED"),
        (errors.Disconnected(), 422, "PROVIDER_DISCONNECTED"),
        (errors.AddressRefused("Not there."), 422, "ADDRESS_REFUSED"),
        (errors.Unavailable("It is down."), 503, "PROVIDER_UNAVAILABLE"),
        (errors.RateLimited("It is busy."), 503, "PROVIDER_RATE_LIMITED"),
        (errors.BadResponse("It is odd."), 502, "PROVIDER_BAD_RESPONSE"),
        (errors.CursorExpired(), 502, "PROVIDER_CURSOR_EXPIRED"),
        (errors.CalendarGone("It went."), 502, "PROVIDER_CALENDAR_GONE"),
        (errors.DoubtfulSnapshot(removed=9, upcoming=10), 502, "DOUBTFUL_SNAPSHOT"),
        (errors.LeaseLost(), 503, "SYNC_TAKEN_OVER"),
        (errors.StoreUnavailable(), 503, "STORE_UNAVAILABLE"),
        (Unreadable(400, "BAD_JSON", "No JSON."), 400, "BAD_JSON"),
        (HTTPException(404), 404, "NOT_FOUND"),
        (HTTPException(405), 405, "METHOD_NOT_ALLOWED"),
        (HTTPException(418), 418, "BAD_REQUEST"),
    ],
)
def test_an_error_is_answered_with_its_status_and_code(error: Exception, status: int, code: str) -> None:
    fault = fault_of(error)

    assert (fault.status, fault.code) == (status, code)


@pytest.mark.parametrize("error", [ValueError("secret"), errors.CalendarSyncError("secret")])
def test_what_is_not_meant_for_the_caller_is_masked(error: Exception) -> None:
    assert fault_of(error) is INTERNAL
    assert b"secret" not in INTERNAL.response().body


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.TooManyRequests("Slow down.", retry_after=SOON), "91"),
        (errors.TooManyRequests("Slow down.", retry_after=timedelta(0)), "1"),
        (errors.RateLimited("It is busy.", retry_after=SOON), "91"),
        (errors.RateLimited("It is busy."), "2"),
        (errors.Unavailable("It is down."), "2"),
        (errors.StoreUnavailable(), "2"),
    ],
)
def test_whoever_should_come_back_is_told_when(error: Exception, seconds: str) -> None:
    assert fault_of(error).headers["Retry-After"] == seconds


def test_the_envelope_is_the_documented_one() -> None:
    token = trace_id.begin()
    try:
        response = fault_of(errors.Invalid("limit: too large.", field="limit")).response()
        trace = trace_id.current_trace_id()
    finally:
        trace_id.end(token)

    envelope = orjson.loads(response.body)
    assert envelope == {
        "success": False,
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "limit: too large.",
            "type": "client_error",
            "status": 422,
            "details": {"field": "limit"},
            "trace_id": trace,
            "timestamp": IsStr(regex=r".+Z"),
        },
    }
    assert str(UUID(trace)) == trace
    assert datetime.fromisoformat(envelope["error"]["timestamp"]) == IsNow(tz=UTC, delta=5)


def test_an_error_of_ours_is_a_server_error() -> None:
    assert orjson.loads(INTERNAL.response().body)["error"]["type"] == "server_error"
