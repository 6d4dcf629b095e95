"""Microsoft pushes to the server as it runs: it asks whether the address is ours, tells changes, and ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import Trigger
from simulators.microsoft.accounts import Account
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.push import Subscription
from simulators.server import serving
from tests.push.world import TOMORROW, PushedServer, a_user_of, started
from tests.web.door import CONNECTIONS


@dataclass(repr=False, kw_only=True)
class OutlookWorld(PushedServer):
    simulator: MicrosoftSimulator
    ada: Account

    @property
    def subscriptions(self) -> list[Subscription]:
        return list(self.simulator.push.subscriptions.values())


@asynccontextmanager
async def an_outlook_world(database_url: str) -> AsyncGenerator[OutlookWorld]:
    """With an account connected, one event in it, synced, and its subscription open."""
    simulator = MicrosoftSimulator()
    simulator.quirks.change(consent="grant", push_retry_seconds=0.05)
    simulator.add_client("client", "canary-client-secret")
    ada = simulator.add_account("ada@example.com")
    async with serving(simulator) as url:
        known = {name.lower(): value for name, value in simulator.settings(url).items()}
        async with a_user_of(database_url, known) as user:
            outlook = ProviderName.OUTLOOK_CALENDAR
            world = OutlookWorld(simulator=simulator, ada=ada, provider=outlook, push=simulator.push, **user)
            async with started(world):
                ada.calendar.add("Lunch", TOMORROW)
                await world.connect()
                assert (await world.sync())["new_events"] == 1
                await world.settled()
                simulator.log.clear()
                yield world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncGenerator[OutlookWorld]:
    async with an_outlook_world(sqlite_url) as world:
        yield world


async def test_a_change_is_stored_without_anybody_asking(world: OutlookWorld) -> None:
    world.ada.calendar.add("Dinner", TOMORROW)
    await world.settled()

    assert await world.titles() == ["Dinner", "Lunch"]
    assert {run.trigger for run in await world.runs()} == {Trigger.PUSH, Trigger.USER}
    assert {status for each in world.simulator.push.sent for status in each.statuses} == {202}


async def test_changes_late_doubled_and_out_of_order_end_in_what_outlook_shows(world: OutlookWorld) -> None:
    world.simulator.quirks.change(push="hold")
    for number in range(5):
        world.ada.calendar.add(f"Meeting {number}", TOMORROW)
    world.simulator.push.release(newest_first=True)
    await world.settled()
    assert await world.titles() == ["Lunch", *(f"Meeting {number}" for number in range(5))]


async def test_a_subscription_past_half_its_life_is_extended_in_place(world: OutlookWorld) -> None:
    (before,) = world.subscriptions
    before.expires = ends = before.expires - timedelta(days=4)
    await world.age(timedelta(days=4))
    await world.sync()

    assert world.subscriptions == [before]
    assert before.expires > ends
    assert [request.method for request in world.simulator.log if "/subscriptions" in request.path] == ["PATCH"]


async def test_one_that_has_to_be_reauthorized_is_renewed_at_once(world: OutlookWorld) -> None:
    (subscription,) = world.subscriptions
    world.simulator.push.lifecycle(subscription, "reauthorizationRequired")
    await world.settled()
    assert [request.method for request in world.simulator.log if "/subscriptions" in request.path] == ["PATCH"]


async def test_one_that_was_removed_is_opened_anew_and_what_it_did_not_tell_is_read(world: OutlookWorld) -> None:
    (removed,) = world.subscriptions
    world.simulator.quirks.change(push="lose")
    world.ada.calendar.add("Dinner", TOMORROW)
    world.simulator.push.lifecycle(removed, "subscriptionRemoved")
    await world.settled()

    (opened,) = world.subscriptions
    assert opened.id != removed.id
    assert await world.titles() == ["Dinner", "Lunch"]


async def test_missed_changes_are_read(world: OutlookWorld) -> None:
    world.simulator.quirks.change(push="lose")
    world.ada.calendar.add("Dinner", TOMORROW)
    world.simulator.push.lifecycle(world.subscriptions[0], "missed")
    await world.settled()
    assert await world.titles() == ["Dinner", "Lunch"]


async def test_forged_changes_change_nothing(world: OutlookWorld) -> None:
    for state in ("forged", None):
        world.simulator.push.forge(world.subscriptions[0], state)
    await world.settled()
    assert (await world.pushed(), world.simulator.log) == (0, [])


async def test_who_disconnects_ends_the_subscription(world: OutlookWorld) -> None:
    (connection,) = (await world.client.get(CONNECTIONS)).json()["connections"]
    assert (await world.client.delete(f"{CONNECTIONS}/{connection['credential_id']}")).status_code == 204
    assert (world.subscriptions, await world.rows()) == ([], [])
