"""Google pushes to the server as it runs: channels come and go with what they are for, and no change is lost."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from calendar_sync.domain.sync import Trigger
from calendar_sync.sync.channels import FIRST_WAIT
from tests.push.world import TOMORROW, WEBHOOKS, PushWorld, a_push_world, a_pushed_world, message
from tests.web.door import CONNECTIONS


@pytest.fixture
async def world(sqlite_url: str) -> AsyncGenerator[PushWorld]:
    async with a_pushed_world(sqlite_url) as world:
        yield world


async def test_a_change_is_stored_without_anybody_asking(world: PushWorld) -> None:
    world.ada.primary.add("Dinner", TOMORROW)
    await world.settled()

    assert await world.titles() == ["Dinner", "Lunch"]
    assert [run.trigger for run in await world.runs()] == [Trigger.PUSH, Trigger.USER]


async def test_a_calendar_has_one_channel_and_it_costs_nothing_while_it_lives(world: PushWorld) -> None:
    await world.sync()
    await world.settled()

    assert len(world.channels) == 1
    assert world.simulator.count("POST") == 0
    assert len(world.simulator.log) == 2


async def test_the_token_of_a_channel_is_stored_nowhere(world: PushWorld) -> None:
    (channel,) = world.channels
    (row,) = await world.rows()
    assert channel.token
    assert len(channel.token) >= 43
    assert channel.token not in repr(row)


async def test_a_change_between_the_opening_of_the_channel_and_the_first_reading_is_not_lost(sqlite_url: str) -> None:
    async with a_push_world(sqlite_url) as world:
        world.simulator.quirks.change(sync_message="before")
        await world.connect()
        world.ada.primary.add("Lunch", TOMORROW)
        await world.sync()
        await world.settled()
        paths = [request.path for request in world.simulator.log if "/calendars/" in request.path]
        assert paths[0].endswith("/watch")
        assert await world.titles() == ["Lunch"]


async def test_every_calendar_that_is_read_has_a_channel_and_no_other(world: PushWorld) -> None:
    team = world.ada.add_calendar("Team")
    await world.sync()
    assert {channel.path for channel in world.channels} == {world.ada.primary.path, team.path}

    world.ada.unsubscribe(team)
    await world.sync()
    assert {channel.path for channel in world.channels} == {world.ada.primary.path}
    assert len(await world.rows()) == 1


async def test_a_channel_past_half_its_life_is_replaced_by_another_before_it_is_stopped(world: PushWorld) -> None:
    (before,) = world.channels
    await age(world, timedelta(days=4))
    await world.sync()
    (after,) = world.channels

    assert after.id != before.id
    posted = [request.path.rpartition("/")[2] for request in world.simulator.log if request.method == "POST"]
    assert posted == ["watch", "stop"]
    answer = await world.client.post(WEBHOOKS, headers=message(before))
    assert answer.status_code == 404


async def age(world: PushWorld, by: timedelta) -> None:
    """As if the channels had been opened so long before."""
    from sqlalchemy import update

    from calendar_sync.store import tables

    async with world.services.database.begin() as tx:
        for row in await world.rows():
            times = {name: getattr(row, name) - by for name in ("created_at", "renew_at", "expires_at")}
            await tx.connection.execute(update(tables.channels).where(tables.channels.c.id == row.id).values(**times))
