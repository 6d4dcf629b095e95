"""Channels: who is notified by them, and how long they are live."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete

from calendar_sync.domain.connections import Calendar, ConnectionStatus
from calendar_sync.domain.identifiers import ChannelId, new_channel_id
from calendar_sync.domain.push import Channel
from calendar_sync.store import tables
from calendar_sync.store.channels import Addressee, ChannelState, Push, StoredChannel, hashed
from calendar_sync.store.database import Database
from tests.builders import NOW, a_calendar
from tests.store.conftest import Place, a_place

HERE = "https://calendars.example/webhooks"
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


async def an_opening_channel(place: Place, calendar: Calendar | None = None, address: str = HERE) -> ChannelId:
    channel = new_channel_id()
    async with place.database.begin() as tx:
        await tx.channels.add(channel, calendar or place.calendar, address, hashed(channel), NOW + WEEK, NOW)
    return channel


async def a_channel(
    place: Place, calendar: Calendar | None = None, *, renew_at: datetime = NOW + WEEK / 2, address: str = HERE
) -> ChannelId:
    """An open one, of which the remote name is `remote-` and ours, and the token ours."""
    channel = await an_opening_channel(place, calendar, address)
    async with place.database.begin() as tx:
        await tx.channels.opened(channel, Channel(f"remote-{channel}", "r", NOW + WEEK), renew_at)
    return channel


async def found(place: Place, *names: str, now: datetime = NOW) -> Mapping[str, Addressee]:
    """By our names and the providers' alike."""
    async with place.database.begin(write=False) as tx:
        return await tx.channels.addressees(names, names, now)


async def stored(place: Place) -> list[StoredChannel]:
    async with place.database.begin(write=False) as tx:
        return list(await tx.channels.of_connection(place.connection.id))


async def push(place: Place, *addresses: str, now: datetime = NOW) -> Push | None:
    """To `HERE` unless other addresses are named."""
    async with place.database.begin(write=False) as tx:
        found = await tx.channels.pushes([place.connection.id], addresses or (HERE,), now)
    assert found.keys() <= {place.connection.id}
    return found.get(place.connection.id)


async def test_an_open_channel_is_found_by_both_its_names(place: Place) -> None:
    channel = await a_channel(place)
    for name in (channel, f"remote-{channel}"):
        addressee = (await found(place, name))[name]
        assert addressee == Addressee(
            channel, f"remote-{channel}", "r", hashed(channel), place.connection.id, is_served=False
        )


async def test_one_that_is_being_opened_is_found_for_it_may_be_so_already(place: Place) -> None:
    channel = await an_opening_channel(place)
    assert (await found(place, channel))[channel].resource_id is None


async def test_what_is_over_refused_or_unknown_is_not_found(place: Place) -> None:
    channel, beside = await a_channel(place), await a_calendar_beside(place)
    async with place.database.begin() as tx:
        await tx.channels.refuse(beside, NOW + WEEK, NOW)
    refused = next(row.id for row in await stored(place) if row.state is ChannelState.REFUSED)
    assert await found(place, channel, now=NOW + WEEK) == {}
    assert await found(place, refused, "ch_unknown", "") == {}


async def a_calendar_beside(place: Place) -> Calendar:
    return await a_calendar(place.database, place.connection, "beside")


async def test_only_a_connection_for_which_no_run_waits_needs_one(place: Place) -> None:
    channel = await a_channel(place)
    served = [(await found(place, channel))[channel].is_served]
    await place.ask()
    served.append((await found(place, channel))[channel].is_served)
    await place.begun()
    served.append((await found(place, channel))[channel].is_served)
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, None)
    served.append((await found(place, channel))[channel].is_served)
    assert served == [False, True, False, True]


async def test_a_refusal_takes_the_place_of_the_one_before_and_goes_when_a_channel_opens(place: Place) -> None:
    for until in (NOW + HOUR, NOW + WEEK):
        async with place.database.begin() as tx:
            await tx.channels.refuse(place.calendar, until, NOW)
        assert [(row.state, row.expires_at) for row in await stored(place)] == [(ChannelState.REFUSED, until)]
    channel = await a_channel(place)
    assert [row.id for row in await stored(place)] == [channel]


async def test_push_is_complete_while_every_calendar_that_is_read_has_a_live_channel(place: Place) -> None:
    assert await push(place) is None
    await a_channel(place)
    assert await push(place) == Push(True, NOW + WEEK / 2, NOW + WEEK)

    beside = await a_calendar_beside(place)
    assert await push(place) == Push(False, NOW + WEEK / 2, NOW + WEEK), "the live one is to be renewed all the same"
    await a_channel(place, beside, renew_at=NOW + HOUR)
    assert await push(place) == Push(True, NOW + HOUR, NOW + WEEK)
    await a_channel(place, beside, renew_at=NOW + HOUR * 2)
    assert await push(place) == Push(True, NOW + HOUR * 2, NOW + WEEK), "the last of several counts"

    assert await push(place, now=NOW + WEEK) is None
    assert await push(place, "https://elsewhere.example/") is None
    assert await push(place, "https://elsewhere.example/", HERE) is not None


async def test_a_calendar_that_is_not_read_needs_no_channel(place: Place) -> None:
    await a_calendar_beside(place)
    await a_channel(place)
    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [place.calendar.id])
    assert await push(place) == Push(True, NOW + WEEK / 2, NOW + WEEK)


async def test_push_is_told_of_each_connection_by_itself(database: Database) -> None:
    one, other, without = [await a_place(database, f"{name}@example.com") for name in ("one", "other", "without")]
    await a_channel(one)
    await a_channel(other, renew_at=NOW + HOUR)
    async with database.begin(write=False) as tx:
        found = await tx.channels.pushes([place.connection.id for place in (one, other, without)], [HERE], NOW)
    assert {id: each.renew_at for id, each in found.items()} == {
        one.connection.id: NOW + WEEK / 2,
        other.connection.id: NOW + HOUR,
    }


async def test_a_channel_can_be_told_to_be_renewed_and_forgotten(place: Place) -> None:
    one, other = await a_channel(place), await a_channel(place)
    async with place.database.begin() as tx:
        await tx.channels.renew_soon([one], NOW)
        await tx.channels.forget([other, ChannelId("ch_unknown")])
    assert [(row.id, row.renew_at) for row in await stored(place)] == [(one, NOW)]


async def test_channels_go_with_their_connection(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    for each in (place, other):
        await a_channel(each)
    async with database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id)
    assert (len(await stored(place)), len(await stored(other))) == (0, 1)
    async with database.begin() as tx:
        await tx.connection.execute(delete(tables.calendars))
    assert await stored(other) == []
