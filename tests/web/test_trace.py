import logging
from collections.abc import AsyncGenerator
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.web.errors import exception_handlers
from calendar_sync.web.trace import Trace
from calendar_sync.web.trace_id import current_trace_id

CANARY = "canary-91c7"


async def show_trace_id(_: Request) -> Response:
    return PlainTextResponse(current_trace_id())


async def fail(_: Request) -> Response:
    raise RuntimeError(CANARY)


async def fail_midway(_: Request) -> Response:
    async def body() -> AsyncGenerator[bytes]:
        yield b"half"
        raise RuntimeError(CANARY)

    return StreamingResponse(body())


def asking() -> httpx.AsyncClient:
    routes = [Route("/things/{thing}", show_trace_id), Route("/fail", fail), Route("/midway", fail_midway)]
    app = Starlette(routes=routes, middleware=[Middleware(Trace)], exception_handlers=exception_handlers())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def the_request_line(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (record,) = [record for record in caplog.records if record.getMessage() == "request"]
    return record


async def test_every_answer_carries_a_uuid_that_handlers_see_too() -> None:
    async with asking() as client:
        first, second = await client.get("/things/1"), await client.get("/things/1")

    assert str(UUID(first.headers["x-request-id"])) == first.text
    assert first.text != second.text
    assert current_trace_id() == "-"


async def test_an_incoming_request_id_is_noted_but_not_taken_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asking() as client:
        response = await client.get("/things/1", headers={"x-request-id": "theirs-1"})

    assert response.text != "theirs-1"
    assert the_request_line(caplog).__dict__["client_request_id"] == "theirs-1"


@pytest.mark.parametrize("theirs", ["x" * 65, "a b", "<script>", '"', "é"])
async def test_an_odd_incoming_request_id_is_not_even_noted(theirs: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asking() as client:
        await client.get("/things/1", headers={b"x-request-id": theirs.encode()})

    assert the_request_line(caplog).__dict__["client_request_id"] is None


async def test_a_request_is_one_line_without_what_the_caller_wrote(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asking() as client:
        await client.get(f"/things/{CANARY}?token={CANARY}")

    line = the_request_line(caplog).__dict__
    assert (line["method"], line["path"], line["status"]) == ("GET", "/things/{thing}", 200)
    assert line["ms"] >= 0
    assert CANARY not in str(line)


async def test_of_an_unknown_path_nothing_is_logged_but_that(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with asking() as client:
        response = await client.get(f"/{CANARY}")

    line = the_request_line(caplog).__dict__
    assert (line["path"], line["status"], line["error_code"]) == ("(none)", 404, "NOT_FOUND")
    assert response.json()["error"]["trace_id"] == response.headers["x-request-id"]


async def test_an_unexpected_error_is_masked_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with asking() as client:
        response = await client.get("/fail")

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (500, "INTERNAL_ERROR", "server_error")
    assert error["trace_id"] == response.headers["x-request-id"]
    assert CANARY not in response.text
    assert caplog.text.count(f"RuntimeError: {CANARY}") == 1


async def test_an_answer_that_breaks_off_is_not_made_to_look_whole(caplog: pytest.LogCaptureFixture) -> None:
    async with asking() as client:
        with pytest.raises(RuntimeError):
            await client.get("/midway")

    assert "a request failed unexpectedly" in caplog.text


async def asked_by_websocket(app: ASGIApp) -> list[Message]:
    """What is sent to a client that opens one."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await Trace(app)({"type": "websocket", "path": "/", "headers": []}, receive, send)
    return sent


async def test_a_websocket_is_named_where_it_is_opened_and_a_line_once_it_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4401})

    accepted, _ = await asked_by_websocket(app)

    ((name, value),) = accepted["headers"]
    line = the_request_line(caplog).__dict__
    assert (name, str(UUID(value.decode()))) == (b"x-request-id", value.decode())
    assert (line["method"], line["status"], line["closed"]) == ("WEBSOCKET", 101, 4401)


async def test_a_websocket_that_fails_unexpectedly_is_closed_as_such(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "headers": []})
        raise RuntimeError(CANARY)

    sent = await asked_by_websocket(app)

    line = the_request_line(caplog).__dict__
    assert sent[1:] == [{"type": "websocket.close", "code": 1011}]
    assert (line["closed"], line["error_code"]) == (1011, "INTERNAL_ERROR")
    assert caplog.text.count(f"RuntimeError: {CANARY}") == 1
