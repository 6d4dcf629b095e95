"""What a status and a Retry-After mean."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from providers.responses import Response, classify, parse_retry_after
from providers.retry import RetryPolicy
from tests.providers.loopback import NOW


def a_response(status: int, retry_after: timedelta | None = None) -> Response:
    return Response(status, httpx.Headers(), b"", "https://example.com/", retry_after=retry_after)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sunday, 22-Nov-26 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("2026-11-22T12:01:00Z", 60),
        ("2026-11-22T12:01:00", 60),
        ("99999999", 86400),
        ("9" * 5000, 86400),
        ("Sun, 22 Nov 2036 12:00:00 GMT", 86400),
    ],
)
def test_retry_after_is_read_in_every_form_and_at_most_a_day(value: str, wait: int) -> None:
    assert parse_retry_after(value, NOW) == timedelta(seconds=wait)


@pytest.mark.parametrize("value", [None, "", "-5", "1.5", "soon", "Sun, 99 Nov 2026 12:00:00 GMT", "٣", "1e9"])
def test_a_retry_after_that_says_nothing_is_none(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(st.text(max_size=40) | st.datetimes().map(lambda moment: f"{moment:%a, %d %b %Y %H:%M:%S} GMT"))
def test_whatever_retry_after_says_the_wait_is_bounded(value: str) -> None:
    wait = parse_retry_after(value, NOW)

    assert wait is None or timedelta() <= wait <= timedelta(days=1)


@pytest.mark.parametrize("status", [200, 201, 204, 207, 304])
def test_answers_are_no_errors(status: int) -> None:
    assert classify(a_response(status)) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (206, BadResponse),
        (302, BadResponse),
        (400, BadResponse),
        (401, Disconnected),
        (403, BadResponse),
        (404, CalendarGone),
        (408, Unavailable),
        (410, CalendarGone),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        (599, Unavailable),
    ],
)
def test_each_status_is_named_by_what_to_do_next(status: int, error: type[ProviderError]) -> None:
    assert type(classify(a_response(status))) is error


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_names_a_wait_limits_the_rate(status: int) -> None:
    error = classify(a_response(status, timedelta(minutes=5)))

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(minutes=5)


@given(attempt=st.integers(1, 9), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_are_jittered_and_end(attempt: int, chance: float) -> None:
    policy = RetryPolicy(attempts=6, first=1.0, longest=8.0)

    pause = policy.pause(attempt, "GET", a_response(503), chance)

    if attempt >= 6:
        assert pause is None
    else:
        assert pause == min(8.0, 2.0 ** (attempt - 1)) * chance


@pytest.mark.parametrize(
    ("method", "response", "repeated"),
    [
        ("GET", a_response(502), True),
        ("PROPFIND", a_response(503), True),
        ("REPORT", a_response(504), True),
        ("GET", None, True),
        ("GET", a_response(500), False),
        ("GET", a_response(404), False),
        ("GET", a_response(200), False),
        ("GET", a_response(503, timedelta(seconds=5)), True),
        ("GET", a_response(503, timedelta(seconds=6)), False),
        ("GET", a_response(429), True),
        ("GET", a_response(429, timedelta(seconds=1)), True),
        ("POST", a_response(503), False),
        ("POST", None, False),
        ("POST", a_response(429), True),
        ("POST", a_response(429, timedelta(seconds=1)), True),
        ("GET", a_response(429, timedelta(days=1)), False),
    ],
)
def test_only_what_may_pass_and_may_be_repeated_is_sent_again(
    method: str, response: Response | None, repeated: bool
) -> None:
    assert (RetryPolicy().pause(1, method, response, 0.5) is not None) == repeated


@pytest.mark.parametrize(("response", "repeated"), [(a_response(403), True), (a_response(503), False)])
def test_what_a_vendor_refuses_for_its_limit_is_sent_again_by_any_method(response: Response, repeated: bool) -> None:
    pause = RetryPolicy().pause(1, "POST", response, 0.5, is_limited=True)

    assert (pause is not None) == repeated, "a fault of the server's may have come after it was carried out"


def test_a_wait_of_no_time_is_a_back_off_after_all() -> None:
    assert RetryPolicy().pause(2, "GET", a_response(429, timedelta()), 0.5) == 0.5


def test_a_wait_the_server_names_is_obeyed_to_the_second() -> None:
    assert RetryPolicy().pause(1, "GET", a_response(503, timedelta(seconds=3)), 0.1) == 3.0
