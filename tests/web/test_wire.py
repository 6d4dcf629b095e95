"""What only shows on a real connection: bodies that come late, never or without end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import httpx
import pytest
import pytest_asyncio

from tests import databases
from tests.web.door import CONNECTIONS, SYNC
from tests.web.live import LiveServer, a_live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[LiveServer]:
    async with a_live_server(databases.a_migrated_file(tmp_path_factory.mktemp("live"))) as server:
        yield server


async def answer_to(server: LiveServer, request: bytes, *, keep_sending: bytes = b"") -> bytes:
    """Everything that comes back until the server closes, while `keep_sending` is sent over and over."""
    reader, writer = await asyncio.open_connection(*server.host_and_port)
    writer.write(request)
    sending = asyncio.create_task(_send_on(writer, keep_sending))
    answer = bytearray()
    with suppress(ConnectionError):  # a reset, when more is sent than anyone reads
        while some := await reader.read(65_536):
            answer += some
    sending.cancel()
    writer.transport.abort()
    return bytes(answer)


async def _send_on(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    while chunk and not writer.is_closing():
        writer.write(chunk)
        await writer.drain()


def post(path: str, server: LiveServer, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", f"X-API-Key: {server.key}", "Content-Type: application/json"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


async def test_a_body_announced_too_large_is_refused_and_the_connection_closed(server: LiveServer) -> None:
    answer = await answer_to(server, post(CONNECTIONS, server, "Content-Length: 100000000"))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"PAYLOAD_TOO_LARGE" in answer


async def test_a_body_without_end_is_refused_and_the_connection_closed(server: LiveServer) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    answer = await answer_to(server, post(CONNECTIONS, server, "Transfer-Encoding: chunked"), keep_sending=chunk)

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_the_server_goes_on_serving(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.post(SYNC, headers={"api-key": server.key})).status_code == 200


async def test_graphql_is_behind_the_same_door(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False) as client:
        answer = await client.post("/graphql", json={"query": "{ me { id } }"}, headers={"api-key": server.key})
        too_large = await client.post("/graphql", json={"query": "x" * 300_000})

    assert {"x-request-id", "x-ratelimit-remaining", "x-content-type-options"} <= set(answer.headers)
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
