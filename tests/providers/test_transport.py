"""The guarded transport: whole answers or named errors, within bounds, and credentials only where they belong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from calendar_sync.domain.errors import AddressRefused, BadResponse, ProviderError, RateLimited, Unavailable
from providers.guard import UNREACHABLE
from providers.password import PasswordAuth
from providers.transport import Credentials, GuardedClient, Transport, same_origin
from simulators.server import serving
from tests.providers.loopback import HOST, Naps, a_transport, listening, names, ok

METHODS = ["GET", "PROPFIND", "REPORT", "POST"]


class Echo:
    """Answers at any path with the script's next answer, and remembers what it was asked."""

    def __init__(self, *script: Response) -> None:
        self.asked: list[tuple[str, str, bytes, httpx.Headers]] = []
        self.script = list(script)
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=METHODS)])

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked]

    @property
    def authorizations(self) -> list[str | None]:
        return [headers.get("authorization") for *_, headers in self.asked]

    async def _answer(self, request: Request) -> Response:
        asked = (request.method, request.url.path, await request.body(), httpx.Headers(request.headers.raw))
        self.asked.append(asked)
        return self.script.pop(0) if self.script else PlainTextResponse("hello")


@asynccontextmanager
async def asking(echo: Echo, transport: Transport | None = None) -> AsyncIterator[tuple[str, GuardedClient]]:
    async with serving(echo.app, host=HOST) as url, (transport or a_transport()).client() as client:
        yield url, client


def moved(status: int, location: str) -> Response:
    return Response(status_code=status, headers={"location": location})


# Asking


async def test_a_request_gives_the_whole_answer() -> None:
    echo = Echo(PlainTextResponse("hi", headers={"ETag": '"1"'}))

    async with asking(echo) as (url, client):
        response = await client.request("REPORT", f"{url}/a%20b?c=d", {"Depth": "1"}, b"<report/>")

    method, path, body, headers = echo.asked[0]
    assert (method, path, body, headers["depth"]) == ("REPORT", "/a b", b"<report/>", "1")
    assert (response.status, response.body, response.headers["etag"]) == (200, b"hi", '"1"')
    assert (response.url, response.moved_to) == (f"{url}/a%20b?c=d", None)
    assert client.requests == 1


async def test_only_gzip_is_asked_for_and_a_caller_may_name_itself() -> None:
    echo = Echo()

    async with asking(echo) as (url, client):
        await client.request("GET", url)
        await client.request("GET", url, {"user-agent": "feeds"})

    assert [headers["accept-encoding"] for *_, headers in echo.asked] == ["gzip", "gzip"]
    assert [headers["user-agent"] for *_, headers in echo.asked] == ["calendar-sync", "feeds"]


async def test_opening_a_client_sends_nothing_and_connections_are_kept_for_the_run() -> None:
    echo = Echo()

    async with asking(echo) as (url, client):
        assert client.requests == 0
        await client.request("GET", url)
        await client.request("GET", url)

    ports = {headers["host"] for *_, headers in echo.asked}
    assert len(ports) == 1
    assert client.requests == 2


async def test_an_error_status_is_raised_as_its_error_and_a_call_may_see_it_otherwise() -> None:
    echo = Echo(Response(status_code=404), Response(b"details", status_code=404))

    async with asking(echo) as (url, client):
        with pytest.raises(ProviderError):
            await client.request("GET", url)
        response = await client.request("GET", url, classify=lambda _: None)

    assert (response.status, response.body) == (404, b"details")


async def test_an_error_page_that_cannot_be_read_does_not_hide_its_status() -> None:
    page = Response(b"...", status_code=503, headers={"content-encoding": "br", "retry-after": "600"})

    async with asking(Echo(page)) as (url, client):
        with pytest.raises(RateLimited):
            await client.request("GET", url)


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = Echo(moved(302, "/elsewhere?key=secret"))

    async with serving(echo.app, host=HOST) as url:
        credentials = Credentials(PasswordAuth("ann", "secret"), url)
        async with a_transport().client(credentials=credentials) as client:
            caplog.set_level(logging.WARNING, "httpcore")
            await client.request("GET", f"{url}/private-secret/basic.ics?key=secret")

    assert len(echo.asked) == 2
    assert "secret" not in caplog.text


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PROPFIND", "REPORT"])
async def test_redirects_keep_method_and_body(status: int, method: str) -> None:
    echo = Echo(moved(status, "/dav/"))

    async with asking(echo) as (url, client):
        response = await client.request(method, f"{url}/.well-known/caldav", {"Depth": "0"}, b"<propfind/>")

    assert [(asked[0], asked[2], asked[3]["depth"]) for asked in echo.asked] == [(method, b"<propfind/>", "0")] * 2
    assert echo.paths == ["/.well-known/caldav", "/dav/"]
    assert response.url == f"{url}/dav/"
    assert client.requests == 2


@pytest.mark.parametrize(
    ("statuses", "kept"),
    [([301], 1), ([308], 1), ([302], 0), ([307], 0), ([301, 308], 2), ([301, 302], 1), ([302, 301], 0)],
)
async def test_only_what_moved_for_good_is_reported_as_moved(statuses: list[int], kept: int) -> None:
    echo = Echo(*(moved(status, f"/{hop}") for hop, status in enumerate(statuses, start=1)))

    async with asking(echo) as (url, client):
        response = await client.request("GET", f"{url}/0")

    assert response.moved_to == (f"{url}/{kept}" if kept else None)


async def test_a_request_that_changes_something_is_not_redirected() -> None:
    async with asking(Echo(moved(307, "/other"))) as (url, client):
        with pytest.raises(BadResponse):
            await client.request("POST", url, content=b"token")

    assert client.requests == 1


async def test_five_redirects_are_followed_and_no_more() -> None:
    async with asking(Echo(*(moved(302, f"/{hop}") for hop in range(5)))) as (url, client):
        assert (await client.request("GET", url)).status == 200
    async with asking(Echo(*(moved(302, "/again") for _ in range(20)))) as (url, client):
        with pytest.raises(BadResponse, match="again and again"):
            await client.request("GET", url)
        assert client.requests == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://127.0.0.2:22/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://user:pw@127.0.0.2:{port}/",
    ],
)
async def test_a_redirect_is_checked_like_an_address_that_was_typed(location: str) -> None:
    echo = Echo()

    async with listening(ok(), host="127.0.0.1") as canary, asking(echo) as (url, client):
        echo.script.append(moved(302, location.format(port=canary.port)))
        with pytest.raises((AddressRefused, Unavailable)):
            await client.request("GET", url)

    assert canary.connections == 0


async def test_a_redirect_to_nonsense_is_a_bad_response() -> None:
    async with asking(Echo(moved(302, "http://x:port/"))) as (url, client):
        with pytest.raises(BadResponse):
            await client.request("GET", url)


async def test_a_redirect_without_a_location_is_a_bad_response() -> None:
    async with asking(Echo(Response(status_code=302))) as (url, client):
        with pytest.raises(BadResponse):
            await client.request("GET", url)


# Credentials


@asynccontextmanager
async def two_servers(here: Echo, there: Echo) -> AsyncIterator[tuple[str, str]]:
    async with serving(here.app, host=HOST) as first, serving(there.app, host=HOST) as second:
        yield first, second


async def test_a_password_goes_with_every_request_to_its_origin() -> None:
    echo = Echo(moved(301, "/dav/"))

    async with serving(echo.app, host=HOST) as url:
        credentials = Credentials(PasswordAuth("ann", "pw"), f"{url}/somewhere/")
        async with a_transport().client(credentials=credentials) as client:
            await client.request("PROPFIND", url)

    assert echo.authorizations == ["Basic YW5uOnB3"] * 2


async def test_a_password_is_not_sent_to_another_origin() -> None:
    here, there = Echo(), Echo()

    async with two_servers(here, there) as (first, second):
        here.script.append(moved(302, second))
        async with a_transport().client(credentials=Credentials(PasswordAuth("ann", "pw"), first)) as client:
            await client.request("GET", first, {"Authorization": "Bearer t", "Cookie": "c=d", "Depth": "1"})
            await client.request("GET", second)

    assert here.authorizations == ["Basic YW5uOnB3"]
    assert there.authorizations == [None, None]
    assert "cookie" not in there.asked[0][3]
    assert there.asked[0][3]["depth"] == "1"


async def test_a_password_is_sent_on_where_the_provider_knows_the_host() -> None:
    here, there = Echo(), Echo()
    judged: list[tuple[str, str]] = []

    def may_reuse(home: httpx.URL, url: httpx.URL) -> bool:
        judged.append((str(home), str(url)))
        return True

    async with two_servers(here, there) as (first, second):
        here.script.append(moved(302, f"{second}/home"))
        credentials = Credentials(PasswordAuth("ann", "pw"), first, may_reuse)
        async with a_transport().client(credentials=credentials) as client:
            await client.request("PROPFIND", first)

    assert there.authorizations == ["Basic YW5uOnB3"]
    assert judged == [(first, f"{second}/home")]


async def test_a_digest_challenge_is_answered_over_the_wire() -> None:
    challenge = Response(status_code=401, headers={"www-authenticate": 'Digest realm="dav", nonce="n", qop="auth"'})
    echo = Echo(challenge)

    async with serving(echo.app, host=HOST) as url:
        credentials = Credentials(PasswordAuth("ann", "pw"), url)
        async with a_transport().client(credentials=credentials) as client:
            response = await client.request("PROPFIND", f"{url}/dav/", content=b"<propfind/>")

    basic, digest = echo.authorizations
    assert basic is not None
    assert basic.startswith("Basic ")
    assert digest is not None
    assert digest.startswith("Digest ")
    assert [body for _, _, body, _ in echo.asked] == [b"<propfind/>"] * 2
    assert response.status == 200


async def test_a_server_of_ours_that_is_down_is_not_blamed_on_http() -> None:
    async with listening() as listener:
        url = listener.url
    async with a_transport().client(credentials=Credentials(PasswordAuth("ann", "pw"), url)) as client:
        with pytest.raises(Unavailable, match=UNREACHABLE):
            await client.request("GET", url)


async def test_no_password_goes_to_a_public_server_over_http() -> None:
    address = "http://feeds.example:8000"
    transport = a_transport(resolve=names({"feeds.example": ["93.184.216.34"]}))

    async with transport.client(credentials=Credentials(PasswordAuth("ann", "pw"), address)) as client:
        with pytest.raises(Unavailable, match="use https"):
            await client.request("GET", address)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://A.example:443/x", True),
        ("http://a.example:80", "http://a.example", True),
        ("http://a.example", "https://a.example", True),
        ("https://a.example", "http://a.example", False),
        ("http://a.example:8080", "https://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.a.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(httpx.URL(one), httpx.URL(other)) is same


# Passing faults


async def test_a_passing_fault_is_waited_out() -> None:
    naps = Naps()
    echo = Echo(Response(status_code=503), Response(status_code=502))

    async with asking(echo, a_transport(naps=naps)) as (url, client):
        response = await client.request("GET", url)

    assert response.status == 200
    assert naps.taken == [0.25, 0.5]
    assert client.requests == 3


async def test_a_lasting_fault_is_told_after_three_tries() -> None:
    async with asking(Echo(*(Response(status_code=503) for _ in range(9)))) as (url, client):
        with pytest.raises(Unavailable):
            await client.request("GET", url)

    assert client.requests == 3


async def test_a_short_wait_the_server_names_is_waited() -> None:
    naps = Naps()
    echo = Echo(Response(status_code=429, headers={"retry-after": "2"}))

    async with asking(echo, a_transport(naps=naps)) as (url, client):
        assert (await client.request("GET", url)).status == 200

    assert naps.taken == [2.0]


@pytest.mark.parametrize("retry_after", ["600", "Sun, 22 Nov 2026 12:10:00 GMT"])
async def test_a_long_wait_is_handed_to_the_caller(retry_after: str) -> None:
    async with asking(Echo(Response(status_code=429, headers={"retry-after": retry_after}))) as (url, client):
        with pytest.raises(RateLimited) as limited:
            await client.request("GET", url)

    assert limited.value.retry_after is not None
    assert limited.value.retry_after.total_seconds() == 600
    assert client.requests == 1


async def test_no_wait_goes_beyond_the_deadline() -> None:
    naps = Naps()
    script = [Response(status_code=503, headers={"retry-after": "4"})]

    async with asking(Echo(*script), a_transport(naps=naps)) as (url, client):
        with pytest.raises(RateLimited):
            await client.request("GET", url, deadline=2.0)

    assert naps.taken == []


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"SSH-2.0-OpenSSH\r\n"])
async def test_a_connection_that_breaks_is_tried_again_and_then_unavailable(answer: bytes) -> None:
    async with listening(answer) as server, a_transport().client() as client:
        with pytest.raises(Unavailable, match="broke off"):
            await client.request("GET", server.url)

    assert server.connections == 3


async def test_what_changes_something_is_sent_once() -> None:
    async with listening(b"") as server, a_transport().client() as client:
        with pytest.raises(Unavailable):
            await client.request("POST", server.url)

    assert server.connections == 1


# Bounds


@asynccontextmanager
async def dripping(first: bytes, then: bytes) -> AsyncIterator[str]:
    """A server that sends `first`, and `then` every ten milliseconds for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            while not writer.is_closing():
                await asyncio.sleep(0.01)
                writer.write(then)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with server:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "drips headers", "stalls", "drips", "never begins"],
)
async def test_however_slow_a_server_is_the_deadline_ends_it(first: bytes, then: bytes) -> None:
    started = asyncio.get_running_loop().time()

    async with dripping(first, then) as url, a_transport().client() as client:
        with pytest.raises(Unavailable):
            await client.request("GET", url, deadline=0.3)

    assert asyncio.get_running_loop().time() - started < 2.0


async def test_an_answer_announced_as_too_large_is_not_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"

    async with listening(answer) as server, a_transport().client() as client:
        with pytest.raises(BadResponse, match="too large"):
            await client.request("GET", server.url, max_bytes=1000)


async def test_an_answer_of_unknown_length_is_read_up_to_the_limit() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(100_000)

    async with listening(answer) as server, a_transport().client() as client:
        assert len((await client.request("GET", server.url, max_bytes=100_000)).body) == 100_000
        with pytest.raises(BadResponse, match="too large"):
            await client.request("GET", server.url, max_bytes=99_999)


@pytest.mark.parametrize(
    "headers",
    [b"".join(b"X-%d: y\r\n" % number for number in range(250)), b"X: " + b"y" * 70_000, b"X: " + b"y" * 200_000],
    ids=["many", "long", "endless"],
)
async def test_headers_are_bounded(headers: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + headers.rstrip(b"\r\n") + b"\r\n\r\n"

    async with listening(answer) as server, a_transport().client() as client:
        with pytest.raises((BadResponse, Unavailable)):
            await client.request("GET", server.url)


async def test_an_answer_with_204_has_an_empty_body() -> None:
    async with asking(Echo(Response(status_code=204))) as (url, client):
        assert (await client.request("GET", url)).body == b""


async def test_many_requests_at_once_are_answered_each() -> None:
    async with asking(Echo()) as (url, client):
        responses = await asyncio.gather(*(client.request("GET", f"{url}/{number}") for number in range(30)))

    assert [response.url for response in responses] == [f"{url}/{number}" for number in range(30)]
    assert client.requests == 30


async def test_a_request_that_is_given_up_leaves_the_client_usable() -> None:
    async def hang(request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def answer(request: Request) -> Response:
        return RedirectResponse("/there") if request.url.path == "/here" else PlainTextResponse("hello")

    app = Starlette(routes=[Route("/hang", hang), Route("/{path:path}", answer)])
    async with serving(app, host=HOST) as url, a_transport().client() as client:
        for _ in range(20):  # more than the client has connections
            with pytest.raises(Unavailable):
                await client.request("GET", f"{url}/hang", deadline=0.02)
        assert (await client.request("GET", f"{url}/here")).body == b"hello"
