"""Subscriptions to the events of a calendar: made, renewed and ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from calendar_sync.domain.errors import BadResponse, Disconnected, Unavailable
from calendar_sync.domain.providers import Account, RemoteCalendar
from calendar_sync.domain.push import Channel, PushClient, Watch
from providers.outlook.provider import OutlookProvider
from providers.vendor import vendor_transport
from simulators.faults import Fault
from simulators.microsoft.push import Subscription
from simulators.server import serving
from tests.providers.outlook.remote import OutlookRemote, a_remote

WEEK = timedelta(minutes=10_080)
GONE = Channel("gone", None, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Endpoint:
    """An address that Graph may notify. It shows that it listens, unless told not to."""

    url: str = ""
    listens: bool = True
    validations: list[str] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        self.validations.append(request.url.path)
        return PlainTextResponse(request.query_params["validationToken"] if self.listens else "What?")


@asynccontextmanager
async def an_endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    async with serving(Starlette(routes=[Route("/notify", endpoint.__call__, methods=["POST"])])) as url:
        endpoint.url = f"{url}/notify"
        yield endpoint


@pytest.fixture
async def remote() -> AsyncIterator[OutlookRemote]:
    async with a_remote() as remote:
        yield remote


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with an_endpoint() as endpoint:
        yield endpoint


@asynccontextmanager
async def opened(remote: OutlookRemote) -> AsyncIterator[PushClient]:
    """By the clock on the wall, which the simulator goes by too."""
    url, account = remote.provider.url, Account("ada", None, {}, remote.provider.grant)
    async with OutlookProvider(vendor_transport(url), api_url=f"{url}/v1.0").open(account) as client:
        assert isinstance(client, PushClient)
        yield client


def a_watch(remote: OutlookRemote, endpoint: Endpoint, lasting: timedelta = timedelta(days=3)) -> Watch:
    until = datetime.now(UTC).replace(microsecond=0) + lasting
    return Watch(RemoteCalendar(remote.calendar.id), "ours", "s3cret", endpoint.url, until)


def subscriptions(remote: OutlookRemote) -> list[Subscription]:
    return list(remote.simulator.push.subscriptions.values())


async def test_a_calendar_is_watched_for_changes_and_for_what_befalls_the_subscription(
    remote: OutlookRemote, endpoint: Endpoint
) -> None:
    watch = a_watch(remote, endpoint)
    async with opened(remote) as client:
        channel = await client.watch(watch)

    (made,) = subscriptions(remote)
    assert channel == Channel(made.id, None, watch.until)
    assert made.calendar is remote.calendar
    assert made.change_types == {"created", "updated", "deleted"}
    assert (made.notification_url, made.lifecycle_url, made.client_state) == (endpoint.url, endpoint.url, "s3cret")
    assert made.has_immutable_ids
    assert endpoint.validations == ["/notify", "/notify"]


async def test_no_more_is_asked_for_than_graph_gives(remote: OutlookRemote, endpoint: Endpoint) -> None:
    async with opened(remote) as client:
        channel = await client.watch(a_watch(remote, endpoint, timedelta(days=30)))
        assert channel is not None
        renewed = await client.renew(channel, channel.expires_at + timedelta(days=30))
    assert renewed is not None
    for each in (channel, renewed):
        assert WEEK - timedelta(hours=1) < each.expires_at - datetime.now(UTC) < WEEK


async def test_a_subscription_is_renewed_under_its_id(remote: OutlookRemote, endpoint: Endpoint) -> None:
    async with opened(remote) as client:
        channel = await client.watch(a_watch(remote, endpoint))
        assert channel is not None
        renewed = await client.renew(channel, channel.expires_at + timedelta(days=1))
    assert renewed == Channel(channel.id, None, channel.expires_at + timedelta(days=1))
    assert subscriptions(remote)[0].expires == channel.expires_at + timedelta(days=1)


async def test_one_that_is_gone_is_not_renewed_and_ends_without_an_error(remote: OutlookRemote) -> None:
    async with opened(remote) as client:
        assert await client.renew(GONE, datetime.now(UTC) + timedelta(days=1)) is None
        await client.unwatch(GONE)


async def test_a_subscription_is_ended(remote: OutlookRemote, endpoint: Endpoint) -> None:
    async with opened(remote) as client:
        channel = await client.watch(a_watch(remote, endpoint))
        assert channel is not None
        await client.unwatch(channel)
    assert not subscriptions(remote)


async def test_an_address_that_does_not_listen_is_not_watched_from(remote: OutlookRemote, endpoint: Endpoint) -> None:
    endpoint.listens = False
    async with opened(remote) as client:
        with pytest.raises(BadResponse, match="did not hear") as refused:
            await client.watch(a_watch(remote, endpoint))
    assert endpoint.url not in refused.value.message


async def test_a_token_that_is_refused_is_renewed_once(remote: OutlookRemote, endpoint: Endpoint) -> None:
    remote.simulator.faults.plan(Fault(method="POST", reason="InvalidAuthenticationToken"))
    async with opened(remote) as client:
        assert await client.watch(a_watch(remote, endpoint))
        remote.simulator.faults.plan(Fault(method="DELETE", reason="InvalidAuthenticationToken", times=2))
        with pytest.raises(Disconnected):
            await client.unwatch(GONE)


async def test_a_subscription_is_asked_for_once_where_it_is_not_known_whether_it_was_made(
    remote: OutlookRemote, endpoint: Endpoint
) -> None:
    remote.simulator.faults.plan(Fault(method="POST", drop=True))
    async with opened(remote) as client:
        with pytest.raises(Unavailable):
            await client.watch(a_watch(remote, endpoint))
    assert remote.simulator.count(method="POST") == 1


@pytest.mark.parametrize("body", ["[]", "{}", '{"id": 7, "expirationDateTime": "soon"}', '{"id": "x"}', "<p>"])
async def test_an_answer_that_is_none_is_a_bad_response(remote: OutlookRemote, endpoint: Endpoint, body: str) -> None:
    remote.simulator.faults.plan(Fault(method="POST", status=201, body=body, content_type="application/json"))
    async with opened(remote) as client:
        with pytest.raises(BadResponse):
            await client.watch(a_watch(remote, endpoint))
