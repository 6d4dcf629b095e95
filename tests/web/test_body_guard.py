import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from calendar_sync.web.body_guard import BodyGuard
from calendar_sync.web.trace import Trace

MEBIBYTE = 1024 * 1024


async def echo_length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def an_app(deadline_seconds: float = 10) -> Starlette:
    """`/small` takes a quarter of a mebibyte; both paths say how long the body was."""
    guard = Middleware(BodyGuard, most_bytes_at={"/small": MEBIBYTE // 4}, deadline_seconds=deadline_seconds)
    routes = [Route(path, echo_length, methods=["GET", "POST"]) for path in ("/", "/small")]
    return Starlette(routes=routes, middleware=[Middleware(Trace), guard])


def asking(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def code_of(response: httpx.Response) -> str:
    code: str = response.json()["error"]["code"]
    return code


async def test_a_body_is_handed_on_whole() -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(10):
            yield b"0123456789"

    async with asking(an_app()) as client:
        assert (await client.post("/", content=b"x" * MEBIBYTE)).text == str(MEBIBYTE)
        assert (await client.post("/", content=chunks())).text == "100"
        assert (await client.get("/")).text == "0"


async def test_a_declared_length_that_is_too_much_is_refused_unread() -> None:
    read = 0

    async def chunks() -> AsyncGenerator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * MEBIBYTE

    async with asking(an_app()) as client:
        response = await client.post("/", content=chunks(), headers={"content-length": str(100 * MEBIBYTE)})

    assert (response.status_code, code_of(response), read) == (413, "PAYLOAD_TOO_LARGE", 0)
    assert response.headers["connection"] == "close"


async def test_an_undeclared_length_is_counted_and_refused_as_soon_as_it_is_too_much() -> None:
    read = 0

    async def chunks() -> AsyncGenerator[bytes]:
        nonlocal read
        for _ in range(1600):
            read += 1
            yield b"x" * 65_536

    async with asking(an_app()) as client:
        response = await client.post("/", content=chunks())

    assert response.status_code == 413
    assert read * 65_536 < 2 * MEBIBYTE


@pytest.mark.parametrize("length", [pytest.param("9" * 5_000, id="5,000 digits"), "-1", "abc"])
async def test_an_absurd_length_is_no_way_around(length: str) -> None:
    async with asking(an_app()) as client:
        response = await client.post("/", content=b"x" * (MEBIBYTE + 1), headers={"content-length": length})

    assert response.status_code == 413


async def test_a_body_that_does_not_arrive_is_waited_for_no_longer_than_the_deadline() -> None:
    async def stalled() -> AsyncGenerator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with asking(an_app(deadline_seconds=0.05)) as client:
        response = await client.post("/", content=stalled(), headers={"content-length": "100000"})

    assert (response.status_code, code_of(response)) == (408, "REQUEST_TIMEOUT")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_a_compressed_body_is_an_unsupported_media_type(encoding: str) -> None:
    async with asking(an_app()) as client:
        response = await client.post("/", content=b"x", headers={"content-encoding": encoding})

    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-encoding"] == "identity"


async def test_a_path_may_have_a_limit_of_its_own() -> None:
    async with asking(an_app()) as client:
        fitting = await client.post("/small", content=b"x" * (MEBIBYTE // 4))
        too_large = await client.post("/small", content=b"x" * (MEBIBYTE // 4 + 1))

    assert (fitting.status_code, too_large.status_code) == (200, 413)


async def test_a_client_that_goes_away_is_no_error() -> None:
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"5")], "state": {}}
    await BodyGuard(an_app())(scope, receive, send)

    assert sent == []
