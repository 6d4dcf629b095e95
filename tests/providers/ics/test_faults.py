"""Whatever goes wrong with a feed has a name, ends in time, and takes no event away."""

import asyncio
import ssl
import tracemalloc
from datetime import timedelta

import pytest
import trustme

from calendar_sync.domain.errors import (
    AddressRefused,
    BadResponse,
    CalendarGone,
    Disconnected,
    Invalid,
    ProviderError,
    RateLimited,
    Unavailable,
)
from providers.guard import UNREACHABLE
from providers.ics.client import MAX_BYTES, NotThere
from providers.ics.provider import IcsProvider
from providers.ics.reading import Reader
from providers.transport import UNTRUSTED
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import FaultKind
from simulators.server import serving
from tests.providers.ics.feeds import Published, published
from tests.providers.loopback import HOST, a_transport, listening, names, ok

MEGABYTE = 1024 * 1024


async def fails_reading(there: Published, error: type[ProviderError]) -> ProviderError:
    """The error with and without a cursor, which must be of one kind; raised before any page."""
    there.feed.fault, fault = None, there.feed.fault
    first = await there.read()
    there.feed.fault = fault
    there.feed.touch()
    with pytest.raises(error):
        await there.read(first.cursor)
    with pytest.raises(error) as raised:
        await there.read()
    assert HOST not in raised.value.message
    assert "feeds/" not in raised.value.message
    return raised.value


# What a feed answers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, BadResponse),
        (206, BadResponse),
        (400, BadResponse),
        (401, Disconnected),
        (403, Unavailable),
        (404, NotThere),
        (410, CalendarGone),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
    ],
)
async def test_every_status_is_named(status: int, error: type[ProviderError]) -> None:
    async with published() as there:
        there.feed.fail("status", status=status)

        await fails_reading(there, error)


@pytest.mark.parametrize("retry_after", ["3600", "Sun, 22 Nov 2026 13:00:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_a_feed_asks_for_is_handed_on(status: int, retry_after: str) -> None:
    async with published() as there:
        there.feed.fail("status", status=status, retry_after=retry_after)

        error = await fails_reading(there, RateLimited)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(hours=1)


@pytest.mark.parametrize(
    "kind",
    [
        "html",
        "empty",
        "half",
        "announced too large",
        "bomb",
        "double gzip",
        "unknown coding",
        "garbled gzip",
        "many headers",
        "long header",
    ],
)
async def test_what_is_no_feed_is_a_bad_response(kind: FaultKind) -> None:
    async with published() as there:
        there.feed.fail(kind)

        await fails_reading(there, BadResponse)


@pytest.mark.parametrize("kind", ["wrong length", "reset"])
async def test_a_connection_that_breaks_is_a_passing_fault(kind: FaultKind) -> None:
    async with published() as there:
        there.feed.fail(kind)

        await fails_reading(there, Unavailable)


async def test_a_passing_fault_is_overcome_within_the_run() -> None:
    async with published() as there:
        there.feed.fail("status", status=503, times=2)
        reading = await there.read()

    assert reading.uids == {"a", "b"}
    assert reading.requests == 3


async def test_a_304_nobody_asked_for_is_a_bad_response() -> None:
    async with published() as there:
        there.feed.fail("status", status=304)
        with pytest.raises(BadResponse):
            await there.read()


async def test_a_bomb_takes_no_more_memory_than_the_largest_feed() -> None:
    async with published() as there:
        there.feed.fail("bomb")
        tracemalloc.start()
        try:
            with pytest.raises(BadResponse, match="too large"):
                await there.read()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < MAX_BYTES + 10 * MEGABYTE


async def test_an_endless_feed_ends_at_the_limit() -> None:
    async with published() as there:
        there.feed.fail("endless")
        with pytest.raises(BadResponse, match="too large"):
            await there.read()


@pytest.mark.parametrize("kind", ["drip", "stall"])
async def test_a_slow_feed_ends_at_the_deadline(kind: FaultKind) -> None:
    async with published(deadline=0.3) as there:
        there.feed.fail(kind)
        with pytest.raises(Unavailable, match="in time"):
            await asyncio.wait_for(there.read(), 3.0)


async def test_a_feed_too_large_to_be_read_in_time_is_given_up() -> None:
    async with published(reader=Reader(seconds=0.0)) as there:
        with pytest.raises(BadResponse, match="too long"):
            await there.read()


# Where a feed leads


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/x.ics", "http://[::1]:{port}/x.ics", "file:///etc/passwd"]
)
async def test_a_feed_leads_nowhere_it_may_not(status: int, location: str) -> None:
    async with published() as there, listening(ok(), host="127.0.0.1") as canary:
        there.feed.fail("redirect", status=status, location=location.format(port=canary.port))

        await fails_reading(there, AddressRefused)

    assert canary.connections == 0


async def test_a_feed_that_leads_in_a_circle_is_a_bad_response() -> None:
    async with published() as there:
        there.feed.fail("redirect", status=302, location="/feeds/team.ics")

        await fails_reading(there, BadResponse)


@pytest.mark.parametrize(("hops", "is_read"), [(5, True), (20, False)])
async def test_a_few_redirects_are_followed_and_twenty_are_not(hops: int, is_read: bool) -> None:
    async with published() as there:
        url = f"{there.origin}/hops/{hops}/feeds/team.ics"
        if is_read:
            assert (await there.read(url=url)).uids == {"a", "b"}
        else:
            with pytest.raises(BadResponse):
                await there.read(url=url)


async def test_a_closed_port_and_a_blocked_address_are_told_in_the_same_words() -> None:
    async with published() as there:
        pass  # the port is closed again

    async with listening(ok(), host="127.0.0.1") as canary:
        refusals = []
        for url in (there.url, f"{canary.url}/x.ics", f"http://{HOST}:22/x.ics"):
            with pytest.raises(AddressRefused) as refused:
                await there.provider.connect({"url": url})
            refusals.append(refused.value.message)

    assert refusals == [UNREACHABLE] * 3
    assert canary.connections == 0


# Connecting


async def test_a_feed_is_read_once_when_it_is_connected() -> None:
    async with published() as there:
        account = await there.provider.connect({"url": f" {there.url} "})

    assert account.credentials == {"url": there.url}
    assert account.email is None
    assert there.feed.name not in account.identity
    assert len(there.asked) == 1


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410])
async def test_an_address_that_gives_no_feed_is_the_fields_fault(status: int) -> None:
    async with published() as there:
        there.feed.fail("status", status=status)
        with pytest.raises(Invalid) as invalid:
            await there.provider.connect({"url": there.url})

    assert invalid.value.field == "credentials.url"
    assert there.origin not in invalid.value.message


@pytest.mark.parametrize("kind", ["html", "empty", "half", "bomb", "unknown coding"])
async def test_an_address_that_gives_something_else_is_the_fields_fault(kind: FaultKind) -> None:
    async with published() as there:
        there.feed.fail(kind)
        with pytest.raises(Invalid) as invalid:
            await there.provider.connect({"url": there.url})

    assert invalid.value.field == "credentials.url"


@pytest.mark.parametrize(("status", "error"), [(500, Unavailable), (503, Unavailable), (429, RateLimited)])
async def test_a_server_with_a_fault_of_its_own_is_not_the_fields_fault(
    status: int, error: type[ProviderError]
) -> None:
    async with published() as there:
        there.feed.fail("status", status=status)
        with pytest.raises(error):
            await there.provider.connect({"url": there.url})


@pytest.mark.parametrize("credentials", [{}, {"url": ""}, {"url": "   "}, {"username": "ann"}])
async def test_an_address_is_needed(credentials: dict[str, str]) -> None:
    with pytest.raises(Invalid) as invalid:
        await IcsProvider(a_transport()).connect(credentials)

    assert invalid.value.field == "credentials.url"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/feed.ics",
        "javascript:alert(1)",
        "data:text/calendar,BEGIN:VCALENDAR",
        "https://ann:secret@example.com/feed.ics",
        "webcal://127.0.0.1/feed.ics",
        "169.254.169.254/latest/meta-data",
        "https://example.com:5432/feed.ics",
        "https://exa mple.com/",
    ],
)
async def test_an_address_that_may_not_be_asked_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        await IcsProvider(a_transport()).connect({"url": url})

    assert "secret" not in refused.value.message


async def test_webcal_without_tls_is_read_in_a_network_that_the_operator_allows() -> None:
    async with published() as there:
        account = await there.provider.connect({"url": there.url.replace("http", "webcal")})

        assert account == await there.provider.connect({"url": there.url})


async def test_webcal_without_tls_is_refused_elsewhere() -> None:
    async with published(transport=a_transport(resolve=names({"feeds.example": [HOST]}))) as there:
        with pytest.raises(AddressRefused):
            await there.provider.connect({"url": there.url.replace("http", "webcal").replace(HOST, "feeds.example")})

    assert there.asked == []


async def test_a_certificate_nobody_trusts_is_never_accepted() -> None:
    simulator, context = IcsSimulator(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    simulator.feed("team").put("a")
    trustme.CA().issue_cert(HOST).configure_cert(context)

    async with serving(simulator.app, host=HOST, ssl_context=context) as origin:
        there = Published(simulator, simulator.feed("team"), origin, IcsProvider(a_transport()))
        with pytest.raises(AddressRefused) as refused:
            await there.provider.connect({"url": there.url})
        with pytest.raises(Unavailable) as unavailable:
            await there.read()

    assert refused.value.message == unavailable.value.message == UNTRUSTED
    assert simulator.requests == []
