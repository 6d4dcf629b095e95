"""A process may die at any of its durable operations; the next one leaves the store as if nothing had happened."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import make_url

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.sync import Tally
from calendar_sync.store.database import Database
from calendar_sync.sync.lease import LEASE
from tests import databases
from tests.builders import an_actor
from tests.crash.errands import Sync
from tests.crash.process import CrashPoint, Side, survives
from tests.crash.remains import Remains, remains
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.sync.world import NOW, stored

Copies = Callable[[str], AbstractContextManager[str]]
"""Gives the address of a copy of a store that nobody has open."""


@dataclass
class Trial:
    """A connected account, and a store with all that was synced of it so far without a crash."""

    scenario: Scenario
    copy: Copies
    url: str
    actor: Actor
    connection: Connection
    at: datetime = NOW
    titles: dict[str, set[str]] = field(default_factory=dict)

    # What happens at the provider

    def put(self, uid: str, title: str) -> None:
        self.scenario.put(uid, title)
        self.titles[uid] = {title}

    def put_series(self, uid: str, title: str, moved: dict[int, str], cancelled: set[int]) -> None:
        self.scenario.put_series(uid, title, moved, cancelled)
        self.titles[uid] = {title, *moved.values()}

    def remove(self, uid: str) -> None:
        self.scenario.remove(uid)
        del self.titles[uid]

    @property
    def shown(self) -> set[str]:
        return {*self.scenario.elsewhere, *(title for titles in self.titles.values() for title in titles)}

    # What our processes do

    def sync(self, url: str, after: timedelta = timedelta()) -> Sync:
        return Sync(url, self.scenario.reader, self.actor, self.at + after)

    async def look(self, url: str, after: timedelta = timedelta()) -> Remains:
        found = await remains(url, self.actor, self.connection, self.at + after)
        found.expect_whole()
        return found

    async def crash_everywhere(self) -> Tally:
        """Sync what is new once without a crash, and from the same state once for each point to crash at."""
        self.at += timedelta(hours=1)
        before = await self.look(self.url)
        with self.copy(self.url) as past:
            assert await survives(self.sync(self.url))
            calm = await self.look(self.url)
            calm.expect_at_rest()
            assert calm.titles == self.shown
            torn = before
            for number in count(1):
                with self.copy(past) as url:
                    if await survives(self.sync(url), CrashPoint(number, Side.BEFORE)):
                        return calm.counted_since(before)
                    (await self.look(url)).expect_same_as(torn)  # nothing lasts but what is counted
                with self.copy(past) as url:
                    assert not await survives(self.sync(url), CrashPoint(number, Side.AFTER))
                    torn = await self._expect_recovery(url, before, calm)
        raise AssertionError

    async def _expect_recovery(self, url: str, before: Remains, calm: Remains) -> Remains:
        """What the dead process left, after which the next one came to the same end as if it had not died."""
        torn = await self.look(url)
        later = LEASE + timedelta(seconds=1)
        assert await survives(self.sync(url, later))
        mended = await self.look(url, later)
        mended.expect_same_as(calm)
        mended.expect_at_rest()
        counted = torn.counted_since(before) + mended.counted_since(torn)
        # A series on one page and its exception on the next were one change each if the first process died in between.
        told_in_two = torn.changed_since(before) & mended.changed_since(torn)
        assert len(told_in_two) <= self.scenario.tells_in_parts
        assert counted - calm.counted_since(before) == Tally(updated=len(told_in_two))
        return torn


async def a_trial(scenario: Scenario, copy: Copies, url: str) -> Trial:
    database = await Database.open(url)
    actor = await an_actor(database)
    provider = scenario.reader.provider(scenario.reader.address)
    connection = await stored(database, actor, provider.name, NOW, scenario.account)
    await database.close()
    return Trial(scenario, copy, url, actor, connection)


async def crash_in_every_sync(trial: Trial) -> None:
    for uid in ("a1", "b2", "c3", "d4"):
        trial.put(uid, f"First {uid}")
    trial.put_series("s5", "Weekly", {1: "Moved"}, {2})
    elsewhere = len(trial.scenario.elsewhere)
    assert await trial.crash_everywhere() == Tally(new=5 + elsewhere)

    trial.put("e5", "Added")
    trial.put("a1", "Renamed")
    trial.remove("b2")
    trial.put_series("s5", "Weekly", {1: "Moved", 3: "Moved too"}, {2, 4})
    assert await trial.crash_everywhere() == Tally(new=1, updated=2, removed=1)

    if trial.scenario.forget():
        trial.put("f6", "Added later")
        trial.put("c3", "Renamed later")
        trial.remove("d4")
        assert await trial.crash_everywhere() == Tally(new=1, updated=1, removed=1)


@contextmanager
def a_copied_file(url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=databases.scratch()) as folder:
        copy = Path(folder) / "store.db"
        copy.write_bytes(Path(make_url(url).database or "").read_bytes())
        yield databases.sqlite_url(copy)


@pytest.mark.parametrize("provider", SCENARIOS)
async def test_a_sync_that_dies_anywhere_is_made_good_by_the_next_one(provider: str, sqlite_url: str) -> None:
    async with SCENARIOS[provider]() as scenario:
        await crash_in_every_sync(await a_trial(scenario, a_copied_file, sqlite_url))
