"""What each of Google's refusals means, by reason and status."""

import json
from datetime import timedelta

import httpx
import pytest

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    CursorExpired,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from providers.bearer import TokenRefused
from providers.google.errors import classify
from providers.responses import Response


def an_answer(status: int, reason: str = "", location: str = "", wait: timedelta | None = None) -> Response:
    cause = {"domain": "global", "reason": reason, "message": "No.", "location": location}
    body = json.dumps({"error": {"errors": [cause], "code": status, "message": "No."}}).encode()
    return Response(status, httpx.Headers(), body, "https://vendor.example/secret", retry_after=wait)


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "invalid", BadResponse),
        (400, "syncTokenWithRequestRestrictions", BadResponse),
        (401, "authError", TokenRefused),
        (403, "userRateLimitExceeded", RateLimited),
        (403, "rateLimitExceeded", RateLimited),
        (403, "quotaExceeded", RateLimited),
        (429, "rateLimitExceeded", RateLimited),
        (429, "", RateLimited),
        (403, "insufficientPermissions", Disconnected),
        (403, "accessNotConfigured", BadResponse),
        (403, "notACalendarUser", BadResponse),
        (403, "forbidden", CalendarGone),
        (403, "requiredAccessLevel", CalendarGone),
        (404, "notFound", CalendarGone),
        (410, "fullSyncRequired", CursorExpired),
        (410, "updatedMinTooLongAgo", CursorExpired),
        (410, "", CursorExpired),
        (410, "deleted", CalendarGone),
        (500, "backendError", Unavailable),
        (502, "", Unavailable),
        (503, "", Unavailable),
        (408, "", Unavailable),
        (206, "", BadResponse),
        (304, "", BadResponse),
    ],
)
def test_a_refusal_is_named_by_what_to_do_next(status: int, reason: str, error: type[ProviderError]) -> None:
    found = classify(an_answer(status, reason))
    assert type(found) is error
    assert "vendor.example" not in found.message


def test_a_sync_token_that_is_invalid_has_expired() -> None:
    assert isinstance(classify(an_answer(400, "invalid", "syncToken")), CursorExpired)


def test_a_limit_says_how_long_google_asks_to_wait() -> None:
    found = classify(an_answer(403, "rateLimitExceeded", wait=timedelta(minutes=1)))
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(minutes=1)


def test_a_missing_scope_is_also_said_in_the_details() -> None:
    body = {"error": {"code": 403, "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}
    answer = Response(403, httpx.Headers(), json.dumps(body).encode(), "https://vendor.example/")
    assert isinstance(classify(answer), Disconnected)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"x"', b'{"error": "no"}', b'{"error": {"errors": [7, null]}}', b"\xff", b"[" * 9999],
    ids=lambda body: body[:30].decode(errors="replace") or "nothing",
)
def test_a_refusal_without_its_envelope_is_known_by_its_status(body: bytes) -> None:
    found = classify(Response(500, httpx.Headers(), body, "https://vendor.example/"))
    assert isinstance(found, Unavailable)


def test_an_answer_is_none() -> None:
    for status in (200, 204):
        assert classify(Response(status, httpx.Headers(), b"{}", "https://vendor.example/")) is None
