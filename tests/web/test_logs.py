import io
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.access.keys import PlainKey
from calendar_sync.web import trace_id
from calendar_sync.web.logs import JsonLines, configure_logging, redact

quickly = settings(max_examples=50, deadline=None)

CANARY = "canary-5f3a"


@contextmanager
def a_log() -> Generator[tuple[logging.Logger, io.StringIO]]:
    """A logger of its own, so that tests do not change the process's."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("calendar_sync.test")
    logger.addHandler(handler)
    yield logger, stream


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://calendar.example.com/private-{CANARY}/basic.ics",
        f"GET https://ada:{CANARY}@dav.example.com/",
        f"webcal://example.com/?token={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"authorization='Basic {CANARY}'",
        f'{{"password": "{CANARY}", "url": "x"}}',
        f"app_specific_password={CANARY}&x=1",
        f"refresh_token: {CANARY}",
        f"x-api-key: {CANARY}",
        f"code={CANARY}&state={CANARY}",
        f"Set-Cookie: {CANARY}",
        f"cs_abcdefghijkl_{CANARY}",
        f"/calendars/csf_{CANARY}.ics",
        f"eyJhbGciOiJSUzI1NiJ9.{CANARY}.{CANARY}",
        f"{CANARY}@example.com could not be found",
    ],
)
def test_what_could_be_a_secret_is_not_logged(text: str) -> None:
    assert CANARY not in redact(text)


def test_a_key_of_ours_is_recognised_wherever_it_stands() -> None:
    key = PlainKey.new()

    assert key.secret not in redact(f"what is {key.text}, please?")


def test_the_host_of_an_address_stays() -> None:
    assert redact("GET https://dav.example.com/ada/") == "GET https://dav.example.com/…"


@quickly
@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_a_line_is_one_json_object_with_the_extras_as_fields() -> None:
    with a_log() as (logger, stream):
        logger.info(
            "request\nwith a newline", extra={"status": 200, "user_id": None, "ms": 1.5, "who": "ada@example.com"}
        )

    (text,) = stream.getvalue().splitlines()
    line = json.loads(text)
    assert line["message"] == "request\nwith a newline"
    assert (line["status"], line["ms"], line["who"]) == (200, 1.5, "…@example.com")
    assert "user_id" not in line
    assert (line["level"], line["trace_id"]) == ("info", "-")


def test_a_line_carries_the_trace_id_of_the_request() -> None:
    token = trace_id.begin()
    try:
        with a_log() as (logger, stream):
            logger.info("hello")
        assert json.loads(stream.getvalue())["trace_id"] == trace_id.current_trace_id()
    finally:
        trace_id.end(token)


def test_a_traceback_is_in_the_same_line_and_redacted() -> None:
    with a_log() as (logger, stream):
        try:
            raise RuntimeError(f"no answer from https://example.com/{CANARY}")
        except RuntimeError:
            logger.exception("it failed")

    (text,) = stream.getvalue().splitlines()
    assert "RuntimeError" in json.loads(text)["exception"]
    assert CANARY not in text


def test_a_huge_message_makes_a_short_line() -> None:
    with a_log() as (logger, stream):
        logger.warning("x" * 10_000_000)

    assert len(stream.getvalue()) < 2048


@pytest.mark.usefixtures("process_logging")
def test_libraries_that_log_addresses_are_quiet_and_uvicorn_has_no_access_log() -> None:
    stream = io.StringIO()
    configure_logging("debug", stream)

    logging.getLogger("httpx").info("HTTP Request: GET https://example.com/%s", CANARY)
    logging.getLogger("httpcore.connection").debug(CANARY)
    logging.getLogger("uvicorn.access").info(CANARY)
    logging.getLogger("uvicorn.error").warning("heard")

    (text,) = stream.getvalue().splitlines()
    assert json.loads(text)["message"] == "heard"
