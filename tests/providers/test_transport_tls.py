"""TLS is verified, always; nothing is sent to a server that is not who it should be."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from calendar_sync.domain.errors import AddressRefused, Unavailable
from providers.transport import UNTRUSTED, Transport, Unreachable
from simulators.server import serving
from tests.providers.loopback import HOST, a_transport, listening, names, ok


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def a_server_context(authority: trustme.CA, name: str = HOST, days: int = 30) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> Transport:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return a_transport(ssl_context=context, resolve=names({"feeds.example": [HOST]}))


@asynccontextmanager
async def a_server(context: ssl.SSLContext, location: str | None = None) -> AsyncIterator[tuple[str, list[str]]]:
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(request.url.path)
        return PlainTextResponse("hello") if location is None else RedirectResponse(location)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    async with serving(app, host=HOST, ssl_context=context) as url:
        yield url, asked


async def test_a_server_with_a_trusted_certificate_is_read(authority: trustme.CA) -> None:
    async with a_server(a_server_context(authority)) as (url, _), trusting(authority).client() as client:
        assert (await client.request("GET", url)).body == b"hello"


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(authority: trustme.CA) -> None:
    async with (
        a_server(a_server_context(authority, "feeds.example")) as (url, _),
        trusting(authority).client() as client,
    ):
        named = url.replace(HOST, "feeds.example")
        assert (await client.request("GET", named)).body == b"hello"
        with pytest.raises(Unreachable):
            await client.request("GET", url)


@pytest.mark.parametrize("fault", ["another name", "expired", "another authority"])
async def test_a_wrong_certificate_is_refused_and_nothing_is_asked(authority: trustme.CA, fault: str) -> None:
    context = {
        "another name": lambda: a_server_context(authority, "other.example"),
        "expired": lambda: a_server_context(authority, days=-1),
        "another authority": lambda: a_server_context(trustme.CA()),
    }[fault]()

    async with a_server(context) as (url, asked), trusting(authority).client() as client:
        with pytest.raises(Unreachable) as refused:
            await client.request("GET", url)

    assert refused.value.message == UNTRUSTED
    assert asked == []


async def test_a_tls_connection_that_is_tampered_with_breaks(authority: trustme.CA) -> None:
    async def tamper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        os.write(writer.get_extra_info("socket").fileno(), b"this is no TLS record")
        writer.close()

    server = await asyncio.start_server(tamper, HOST, 0, ssl=a_server_context(authority))
    port = server.sockets[0].getsockname()[1]
    async with server, trusting(authority).client() as client:
        with pytest.raises(Unavailable, match="broke off"):
            await client.request("GET", f"https://{HOST}:{port}/")


async def test_https_to_a_server_that_speaks_http_is_unreachable(authority: trustme.CA) -> None:
    async with serving(Starlette(), host=HOST) as url, trusting(authority).client() as client:
        with pytest.raises(Unreachable):
            await client.request("GET", url.replace("http", "https"))


async def test_a_redirect_never_leads_from_https_to_http(authority: trustme.CA) -> None:
    async with (
        listening(ok()) as plain,
        a_server(a_server_context(authority), plain.url) as (url, _),
        trusting(authority).client() as client,
    ):
        with pytest.raises(AddressRefused, match="not encrypted"):
            await client.request("GET", url)

    assert plain.connections == 0


def test_authorities_are_trusted_by_default() -> None:
    context = Transport().ssl_context

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs()
