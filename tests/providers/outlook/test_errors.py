"""What each of Graph's refusals means, by code and status."""

import json
from datetime import timedelta

import httpx
import pytest

from calendar_sync.domain.errors import (
    BadResponse,
    CursorExpired,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from providers.bearer import TokenRefused
from providers.outlook.errors import AccessDenied, Missing, Overtaxed, classify
from providers.responses import Response


def an_answer(status: int, code: str = "", message: str = "No.", **headers: str) -> Response:
    body = {"error": {"code": code, "message": message, "innerError": {"request-id": "1"}}}
    told = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return Response(status, told, json.dumps(body).encode(), "https://vendor.example/secret")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "InvalidAuthenticationToken", TokenRefused),
        (401, "CompactToken validation failed", TokenRefused),
        (401, "unauthenticated", TokenRefused),
        (403, "ErrorAccessDenied", AccessDenied),
        (403, "accessDenied", AccessDenied),
        (403, "Authorization_RequestDenied", Disconnected),
        (404, "ErrorItemNotFound", Missing),
        (404, "itemNotFound", Missing),
        (404, "ResourceNotFound", Missing),
        (404, "MailboxNotEnabledForRESTAPI", BadResponse),
        (400, "ErrorInvalidRequest", BadResponse),
        (400, "InvalidDeltaToken", CursorExpired),
        (410, "SyncStateNotFound", CursorExpired),
        (400, "syncStateNotFound", CursorExpired),
        (404, "SyncStateInvalid", CursorExpired),
        (410, "resyncRequired", CursorExpired),
        (410, "", CursorExpired),
        (429, "ApplicationThrottled", RateLimited),
        (429, "", RateLimited),
        (503, "TooManyRequests", RateLimited),
        (403, "activityLimitReached", RateLimited),
        (500, "ErrorInternalServerError", Unavailable),
        (503, "serviceNotAvailable", Unavailable),
        (504, "UnknownError", Overtaxed),
        (509, "", Unavailable),
        (304, "", BadResponse),
        (418, "", BadResponse),
    ],
)
def test_a_refusal_is_named_by_what_to_do_next(status: int, code: str, error: type[ProviderError]) -> None:
    found = classify(an_answer(status, code))
    assert type(found) is error
    assert "vendor.example" not in found.message


@pytest.mark.parametrize("status", [200, 201, 204])
def test_what_was_wanted_is_no_error(status: int) -> None:
    assert classify(an_answer(status)) is None


@pytest.mark.parametrize("message", ["The deltaToken is malformed.", "Badly formed token: skip token.", "Sync state."])
def test_a_bad_request_that_speaks_of_a_token_is_an_expired_cursor(message: str) -> None:
    assert isinstance(classify(an_answer(400, "BadRequest", message)), CursorExpired)
    assert isinstance(classify(an_answer(400, "BadRequest", "The token of the hour.")), BadResponse)


def test_a_claims_challenge_asks_for_the_user_and_not_for_another_token() -> None:
    challenge = 'Bearer realm="", error="insufficient_claims", claims="eyJh"'
    found = classify(an_answer(401, "InvalidAuthenticationToken", www_authenticate=challenge))
    assert type(found) is Disconnected
    assert "reconnect" in found.message


def test_a_limit_says_how_long_microsoft_asks_to_wait() -> None:
    refusal = Response(429, httpx.Headers(), b"", "https://vendor.example/", retry_after=timedelta(seconds=1))
    found = classify(refusal)
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"x"', b'{"error": "no"}', b'{"error": {"code": 7}}', b"\xff", b"[" * 9999],
    ids=lambda body: body[:30].decode(errors="replace") or "nothing",
)
def test_a_refusal_without_its_envelope_is_known_by_its_status(body: bytes) -> None:
    found = [classify(Response(status, httpx.Headers(), body, "https://x.example/")) for status in (404, 410, 503)]
    assert [type(each) for each in found] == [Missing, CursorExpired, Unavailable]
