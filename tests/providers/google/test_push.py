"""Channels at Google: what is asked for, and what its answers and refusals mean."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from calendar_sync.domain.errors import BadResponse, CalendarGone, Disconnected, RateLimited, Unavailable
from calendar_sync.domain.providers import ProviderClient, RemoteCalendar
from calendar_sync.domain.push import Channel, PushClient, Watch
from simulators.google.faults import Fault
from tests.providers.google.remote import CREDENTIALS, GoogleRemote, a_remote

WEEK = timedelta(days=7)
NOBODY = "http://127.0.0.1:9/notifications"


@pytest.fixture
async def remote() -> AsyncGenerator[GoogleRemote]:
    async with a_remote() as remote:
        yield remote


async def watched(remote: GoogleRemote, watch: Watch | None = None) -> Channel | None:
    async with remote.provider.open(await remote.provider.connect(CREDENTIALS)) as client:
        return await pushing(client).watch(watch or a_watch())


async def ended(remote: GoogleRemote, channel: Channel) -> None:
    async with remote.provider.open(await remote.provider.connect(CREDENTIALS)) as client:
        await pushing(client).unwatch(channel)


def pushing(client: ProviderClient) -> PushClient:
    assert isinstance(client, PushClient)
    return client


def a_watch(channel: str = "ch_1", calendar: str = "primary", lasts: timedelta = timedelta(days=6)) -> Watch:
    until = (datetime.now(UTC) + lasts).replace(microsecond=0)
    return Watch(RemoteCalendar(calendar), channel, "a-secret", NOBODY, until)


async def test_a_channel_is_opened_as_asked(remote: GoogleRemote) -> None:
    watch = a_watch()
    channel = await watched(remote, watch)

    assert channel is not None
    (opened,) = remote.simulator.push.channels.values()
    assert channel == Channel("ch_1", opened.resource_id, watch.until)
    assert (opened.token, opened.address, opened.expiration) == ("a-secret", NOBODY, watch.until)


async def test_a_channel_lasts_a_week_at_most(remote: GoogleRemote) -> None:
    channel = await watched(remote, a_watch(lasts=timedelta(days=30)))
    assert channel is not None
    assert abs(channel.expires_at - datetime.now(UTC) - WEEK) < timedelta(minutes=1)


async def test_a_calendar_with_a_strange_name_is_watched(remote: GoogleRemote) -> None:
    remote.account.add_calendar("Holidays", id="en.usa#holiday@group.v.calendar.google.com")
    assert await watched(remote, a_watch(calendar="en.usa#holiday@group.v.calendar.google.com")) is not None


async def test_a_calendar_of_which_google_does_not_push_has_no_channel(remote: GoogleRemote) -> None:
    calendar = remote.account.add_calendar("Holidays", is_watchable=False)
    assert await watched(remote, a_watch(calendar=calendar.id)) is None


async def test_a_channel_is_ended_and_one_that_is_gone_is_no_error(remote: GoogleRemote) -> None:
    channel = await watched(remote)
    assert channel is not None
    for _ in range(2):
        await ended(remote, channel)
    assert remote.simulator.push.channels == {}


async def test_channels_are_not_renewed_but_replaced(remote: GoogleRemote) -> None:
    async with remote.provider.open(await remote.provider.connect(CREDENTIALS)) as client:
        assert await pushing(client).renew(Channel("ch_1", "r", datetime.now(UTC)), datetime.now(UTC)) is None
    assert remote.simulator.log == []


async def test_an_address_that_is_refused_is_not_taken_for_a_token_that_is(remote: GoogleRemote) -> None:
    """Both are answered with 401."""
    remote.simulator.quirks.change(refuses_addresses=True)
    with pytest.raises(BadResponse, match="address of this server"):
        await watched(remote)
    assert remote.provider.grant.renewals == 0


async def test_a_token_that_is_refused_is_renewed(remote: GoogleRemote) -> None:
    await watched(remote)
    remote.simulator.authority.expire_access_tokens(remote.account)
    assert await watched(remote, a_watch("ch_2")) is not None
    assert remote.provider.grant.renewals == 1


MEANINGS = [
    (Fault(reason="notFound"), CalendarGone),
    (Fault(reason="rateLimitExceeded", times=9), RateLimited),
    (Fault(status=503), Unavailable),
    (Fault(drop=True), Unavailable),
    (Fault(status=200, body="[]"), BadResponse),
    (Fault(status=200, body='{"id": "ch_1", "resourceId": "r"}'), BadResponse),
    (Fault(status=200, body='{"id": "ch_1", "resourceId": "r", "expiration": "soon"}'), BadResponse),
    (Fault(status=200, body='{"id": "ch_1", "resourceId": "r", "expiration": "9e99"}'), BadResponse),
    (Fault(status=200, body='{"id": "ch_1", "resourceId": "r", "expiration": "99999999999999999999"}'), BadResponse),
    (Fault(status=200, body='{"id": "ch_1", "resourceId": 7, "expiration": "1767600000000"}'), BadResponse),
]


@pytest.mark.parametrize(("fault", "error"), MEANINGS)
async def test_what_goes_wrong_has_its_name(remote: GoogleRemote, fault: Fault, error: type[Exception]) -> None:
    remote.simulator.faults.plan(fault)
    with pytest.raises(error):
        await watched(remote)


async def test_a_dead_grant_asks_for_a_reconnect(remote: GoogleRemote) -> None:
    await watched(remote)
    await remote.revoke()
    with pytest.raises(Disconnected):
        await watched(remote, a_watch("ch_2"))
