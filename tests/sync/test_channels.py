"""Channels are opened, renewed and closed by runs; whatever is wrong with them, the sync is not."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from calendar_sync.domain.errors import LeaseLost, StoreUnavailable
from calendar_sync.domain.identifiers import ChannelId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.push import Channel, Watch
from calendar_sync.domain.sync import RunStatus
from calendar_sync.store.channels import Channels, ChannelState, StoredChannel
from calendar_sync.store.database import Database
from calendar_sync.sync.channels import FIRST_WAIT, LIFE, LONGEST_WAIT, UNSUPPORTED_WAIT
from calendar_sync.sync.queue import MemoryQueue
from providers.google.push import GooglePush
from simulators.google.faults import Fault
from tests.databases import a_migrated_file, scratch
from tests.sync.google_world import GoogleWorld, a_google_world
from tests.sync.process import SyncProcess

NOBODY = "http://127.0.0.1:9/notifications"
WATCH = "/calendar/v3/calendars/"


@pytest.fixture
async def world() -> AsyncGenerator[GoogleWorld]:
    """Google pushes to where nobody listens."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        database = await Database.open(a_migrated_file(Path(folder)))
        async with a_google_world(database) as world:
            move_to(world, NOBODY)
            yield world
        await database.close()


def move_to(world: GoogleWorld, address: str) -> None:
    addresses = {ProviderName.GOOGLE_CALENDAR: address}
    world.service.runs_under_lease = replace(world.service.runs_under_lease, push_addresses=addresses)


async def rows(world: GoogleWorld) -> Sequence[StoredChannel]:
    async with world.database.begin(write=False) as tx:
        return await tx.channels.of_connection(world.connection.id)


async def states(world: GoogleWorld) -> list[ChannelState]:
    return sorted(row.state for row in await rows(world))


def asked(world: GoogleWorld) -> list[str]:
    """`watch` and `stop` since this was called last."""
    posts = [each.path.rpartition("/")[2] for each in world.remote.simulator.log if each.method == "POST"]
    world.remote.simulator.log.clear()
    return posts


async def synced(world: GoogleWorld) -> list[str]:
    """What a run that succeeds asks about channels."""
    run = await world.sync()
    assert (run.status, run.failures) == (RunStatus.SUCCEEDED, ())
    return asked(world)


async def test_a_channel_is_replaced_once_half_of_its_life_is_over_and_not_before(world: GoogleWorld) -> None:
    assert await synced(world) == ["watch"]
    world.clock.advance(LIFE / 2 - timedelta(minutes=1))
    assert await synced(world) == []
    world.clock.advance(timedelta(minutes=2))
    assert await synced(world) == ["watch", "stop"]
    assert await states(world) == [ChannelState.OPEN]


async def test_one_that_is_over_is_forgotten_and_opened_anew(world: GoogleWorld) -> None:
    await synced(world)
    world.clock.advance(LIFE * 2)
    assert await synced(world) == ["watch"]
    assert await states(world) == [ChannelState.OPEN]


async def test_channels_follow_the_server_to_another_address(world: GoogleWorld) -> None:
    await synced(world)
    move_to(world, f"{NOBODY}/elsewhere")
    assert await synced(world) == ["watch", "stop"]
    assert [row.address for row in await rows(world)] == [f"{NOBODY}/elsewhere"]


async def test_a_calendar_that_is_no_longer_read_loses_its_channel(world: GoogleWorld) -> None:
    await synced(world)
    await world.connections.select_calendars(world.actor, world.connection.id, [])
    assert await synced(world) == ["stop"]
    assert await rows(world) == []


async def test_what_google_does_not_push_of_is_asked_for_once_a_week(world: GoogleWorld) -> None:
    world.remote.account.add_calendar("Holidays", is_watchable=False)
    assert await synced(world) == ["watch", "watch"]
    assert await states(world) == [ChannelState.OPEN, ChannelState.REFUSED]
    for _ in range(3):
        world.clock.advance(timedelta(minutes=30))
        assert await synced(world) == []
    world.clock.advance(UNSUPPORTED_WAIT)
    assert await synced(world) == ["watch", "watch"]


async def test_a_refusal_is_told_once_and_tried_again_ever_more_seldom(
    world: GoogleWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.remote.simulator.quirks.change(refuses_addresses=True)
    caplog.set_level(logging.WARNING)
    waits = []
    for _ in range(10):
        assert await synced(world) == ["watch"]
        assert await synced(world) == []
        (refused,) = await rows(world)
        waits.append(refused.expires_at - refused.created_at)
        world.clock.advance(waits[-1])

    assert waits[:3] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert waits[-1] == LONGEST_WAIT
    assert [record.getMessage() for record in caplog.records if "push" in record.getMessage()] == [
        "No push for now: Google does not take the address of this server for notifications."
    ]
    assert world.remote.provider.grant.renewals == 0, "the token was good"

    world.remote.simulator.quirks.change(refuses_addresses=False)
    assert await synced(world) == ["watch"]
    assert await states(world) == [ChannelState.OPEN]


FAULTS: dict[str, Fault] = {
    "away": Fault(method="POST", path=WATCH, status=503, times=9),
    "at its limit": Fault(method="POST", path=WATCH, reason="rateLimitExceeded", retry_after="3600", times=9),
    "talking nonsense": Fault(method="POST", path=WATCH, status=200, body="{}", times=9),
    "cut off": Fault(method="POST", path=WATCH, drop=True, times=9),
    "of no such calendar": Fault(method="POST", path=WATCH, reason="notFound", times=9),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_of_push_is_no_fault_of_the_sync(world: GoogleWorld, fault: Fault) -> None:
    world.put("one", "Lunch")
    world.remote.simulator.faults.plan(fault)

    assert "watch" in await synced(world)

    assert await states(world) == [ChannelState.REFUSED]
    assert await world.stored()


async def test_a_limit_is_the_account_s_and_stops_asking_for_the_other_calendars(world: GoogleWorld) -> None:
    for number in range(3):
        world.remote.account.add_calendar(f"Team {number}")
    world.remote.simulator.faults.plan(FAULTS["at its limit"])
    assert await synced(world) == ["watch"]
    assert await states(world) == [ChannelState.REFUSED] * 4


async def test_a_channel_that_cannot_be_replaced_serves_to_its_end(world: GoogleWorld) -> None:
    await synced(world)
    world.clock.advance(LIFE / 2 + timedelta(minutes=1))
    world.remote.simulator.faults.plan(FAULTS["of no such calendar"])
    await synced(world)
    assert await states(world) == [ChannelState.OPEN, ChannelState.REFUSED]


async def test_the_row_is_there_before_google_is_asked(world: GoogleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ChannelState] = []

    async def watch(self: GooglePush, watched: Watch) -> Channel | None:
        seen.extend(await states(world))
        return await original(self, watched)

    original = GooglePush.watch
    monkeypatch.setattr(GooglePush, "watch", watch)
    await synced(world)
    assert seen == [ChannelState.OPENING]


async def test_a_channel_that_comes_too_late_for_its_run_is_ended(
    world: GoogleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken_over(self: Channels, channel: ChannelId, remote: Channel, renew_at: datetime) -> None:
        monkeypatch.undo()
        raise LeaseLost

    monkeypatch.setattr(Channels, "opened", taken_over)
    assert await synced(world) == ["watch", "stop", "watch"]
    assert await states(world) == [ChannelState.OPEN]


async def test_what_a_process_that_ended_had_asked_for_is_cleared_up(
    world: GoogleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_asked = asyncio.Event()

    async def watch(*_: object) -> Channel | None:
        is_asked.set()
        await asyncio.Event().wait()
        return None

    with monkeypatch.context() as patch:
        patch.setattr(GooglePush, "watch", watch)
        cut_short = asyncio.create_task(world.service.sync(world.actor))
        await is_asked.wait()
        await world.service.close()
        await asyncio.wait([cut_short])
        assert isinstance(cut_short.exception(), StoreUnavailable)
    assert await states(world) == [ChannelState.OPENING]
    world.service = SyncProcess(replace(world.service.runs_under_lease, queue=MemoryQueue()))
    await world.sync()
    assert await states(world) == [ChannelState.OPEN]


async def test_a_live_channel_makes_polls_rarer_until_it_has_to_be_renewed(world: GoogleWorld) -> None:
    await synced(world)
    async with world.database.begin(write=False) as tx:
        due_at = await tx.requests.next_due()
    assert due_at is not None
    interval = world.service.runs_under_lease.pace.interval
    assert interval * 4 < due_at - world.clock.now < interval * 8
