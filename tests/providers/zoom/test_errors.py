"""What each of Zoom's refusals means, by code and status."""

import json
from datetime import timedelta

import httpx
import pytest

from calendar_sync.domain.errors import BadResponse, Disconnected, ProviderError, RateLimited, Unavailable
from providers.bearer import TokenRefused
from providers.responses import Response
from providers.zoom.errors import MeetingGone, Refused, ScopeMissing, classify


def an_answer(status: int, code: object = None, wait: timedelta | None = None) -> Response:
    body = json.dumps({"code": code, "message": "No."}).encode()
    return Response(status, httpx.Headers(), body, "https://vendor.example/secret", retry_after=wait)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 124, TokenRefused),
        (401, None, TokenRefused),
        (400, 124, TokenRefused),
        (400, 4711, ScopeMissing),
        (401, 4711, ScopeMissing),
        (429, 429, RateLimited),
        (429, None, RateLimited),
        (404, 3001, MeetingGone),
        (404, 1001, Disconnected),
        (400, 300, Refused),
        (400, None, Refused),
        (403, 200, BadResponse),
        (404, None, BadResponse),
        (410, None, BadResponse),
        (500, 500, Unavailable),
        (503, None, Unavailable),
        (204, None, BadResponse),
        (304, None, BadResponse),
    ],
)
def test_a_refusal_is_named_by_what_to_do_next(status: int, code: int | None, error: type[ProviderError]) -> None:
    found = classify(an_answer(status, code))
    assert type(found) is error
    assert "vendor.example" not in found.message


def test_a_limit_says_how_long_zoom_asks_to_wait() -> None:
    found = classify(an_answer(429, 429, timedelta(hours=3)))
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(hours=3)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"x"', b'{"code": "no"}', b'{"code": [1]}', b"\xff", b"[" * 9999],
    ids=lambda body: body[:30].decode(errors="replace") or "nothing",
)
def test_a_refusal_without_a_code_is_known_by_its_status(body: bytes) -> None:
    found = classify(Response(500, httpx.Headers(), body, "https://vendor.example/"))
    assert isinstance(found, Unavailable)


def test_an_answer_is_none() -> None:
    assert classify(Response(200, httpx.Headers(), b"{}", "https://vendor.example/")) is None
