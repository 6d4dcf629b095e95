"""What is posted to addresses that users type: to public ones or allowed ones, once, and read as far as it counts."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from calendar_sync.domain.errors import AddressRefused
from calendar_sync.domain.webhooks import Answer
from providers.guard import Resolver
from providers.outgoing import MOST_EXCERPT, ONLY_HTTPS, Outgoing
from simulators.server import serving
from tests.providers.loopback import ALLOWED, HOST, Naps, listening, names, ok

PUBLIC = "93.184.216.34"


@asynccontextmanager
async def a_sender(
    resolve: Resolver | None = None, *, trusted: ssl.SSLContext | None = None, seconds: float = 5.0
) -> AsyncIterator[Outgoing]:
    context = trusted or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    opened = Outgoing.opened(ALLOWED, trusted=context, resolve=resolve, time=Naps().time, timeout=seconds)
    async with opened as sender:
        yield sender


async def posted(answer: bytes, *, seconds: float = 5.0) -> Answer:
    async with listening(answer) as listener, a_sender(seconds=seconds) as sender:
        return await sender.post(listener.url, {}, b"{}")


async def test_the_body_arrives_as_it_is_with_its_headers() -> None:
    requests: list[tuple[str, bytes, str | None]] = []

    async def take(request: Request) -> Response:
        requests.append((request.url.path, await request.body(), request.headers.get("webhook-id")))
        return Response("thanks", 202)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    async with serving(app, host=HOST) as url, a_sender() as sender:
        answer = await sender.post(f"{url}/hooks?token=1", {"webhook-id": "msg_1"}, b'{"a": 1}')

    assert answer == Answer(202, "thanks")
    assert requests == [("/hooks", b'{"a": 1}', "msg_1")]


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with listening(ok()) as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {other.url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer = await posted(moved.encode())

    assert (answer.status, answer.is_taken) == (307, False)
    assert other.connections == 0


async def test_of_a_long_answer_the_beginning_is_kept() -> None:
    answer = await posted(ok(b"x" * 5_000_000))

    assert answer == Answer(200, "x" * MOST_EXCERPT)


async def test_an_answer_whose_body_never_ends_was_given_all_the_same() -> None:
    answer = await posted(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial")

    assert (answer.status, answer.is_taken) == (200, True)


async def test_a_wait_that_is_named_is_told() -> None:
    answer = await posted(b"HTTP/1.1 429 No\r\nRetry-After: 90\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    assert answer == Answer(429, "", timedelta(seconds=90))


@pytest.mark.parametrize(
    ("answer", "error"), [(b"", "broken_off"), (b"no HTTP\r\n\r\n", "broken_off"), (b"HTTP/1.1 ", "broken_off")]
)
async def test_what_is_no_answer_says_so(answer: bytes, error: str) -> None:
    assert await posted(answer) == Answer(None, error=error)


async def test_nobody_is_waited_for_longer_than_the_time_of_an_attempt() -> None:
    async def stall(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async with serving(stall, host=HOST) as url, a_sender(seconds=0.1) as sender:
        assert await sender.post(url, {}, b"{}") == Answer(None, error="timeout")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hooks",
        "https://10.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "https://[::1]/hooks",
        "https://localhost/hooks",
        "https://0x7f000001/hooks",
        f"http://{PUBLIC}/hooks",
        "ftp://hooks.example/x",
        "https://user:password@hooks.example/",
        "https://hooks.example:25/",
        "not an address",
    ],
)
async def test_an_address_that_may_not_be_reached_is_refused_when_it_is_typed_and_when_it_is_dialled(url: str) -> None:
    async with a_sender(names({"hooks.example": [PUBLIC]})) as sender:
        with pytest.raises(AddressRefused):
            await sender.check(url)
        assert (await sender.post(url, {}, b"{}")).error in {"refused_address", "unreachable"}


async def test_a_name_is_looked_up_when_it_is_typed_and_again_at_each_attempt() -> None:
    answers: list[Sequence[str]] = [[PUBLIC], ["127.0.0.1"]]

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    async with a_sender(rebinding) as sender:
        assert await sender.check("https://hooks.example/a#fragment") == "https://hooks.example/a"
        assert await sender.post("https://hooks.example/a", {}, b"{}") == Answer(None, error="unreachable")
    assert answers == []


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], []])
async def test_a_name_that_stands_for_anything_private_is_refused(found: Sequence[str]) -> None:
    async with a_sender(names({"hooks.example": found})) as sender:
        with pytest.raises(AddressRefused):
            await sender.check("https://hooks.example/")


async def test_plain_http_goes_to_allowed_networks_only_whatever_a_name_says() -> None:
    async with a_sender(names({"inside.example": [HOST], "outside.example": [PUBLIC]})) as sender:
        assert await sender.check("http://inside.example:8080/") == "http://inside.example:8080/"
        with pytest.raises(AddressRefused):
            await sender.check("http://outside.example/")
        assert await sender.post("http://outside.example/", {}, b"{}") == Answer(None, error="unreachable")


async def test_where_no_network_is_allowed_there_is_no_plain_http() -> None:
    async with Outgoing.opened(trusted=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as sender:
        with pytest.raises(AddressRefused, match=ONLY_HTTPS):
            await sender.check("http://inside.example/")


@pytest.mark.parametrize(("is_trusted", "status"), [(True, 200), (False, None)])
async def test_tls_is_verified(is_trusted: bool, status: int | None) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("hooks.example").configure_cert(server)
    (authority if is_trusted else trustme.CA()).configure_trust(client)
    app = Starlette(routes=[Route("/", lambda _: Response("ok"), methods=["POST"])])

    async with serving(app, host=HOST, ssl_context=server) as url:
        port = url.rsplit(":", 1)[1]
        async with a_sender(names({"hooks.example": [HOST]}), trusted=client) as sender:
            answer = await sender.post(f"https://hooks.example:{port}/", {}, b"{}")

    assert answer.status == status
    assert answer.error == (None if is_trusted else "unreachable")
