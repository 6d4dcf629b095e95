"""One account that is synced by processes that die, and what must be so after each of them.

The first law of `calendar_sync.sync.engine` says that a crash may repeat work and never skips any. Here it is tried:
a process is killed right before and right after each of the durable operations of a sync, and another one, for which
the lease of the dead has run out, leaves the store as if nothing had happened.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

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
from tests.crash.scenarios import Scenario
from tests.sync.world import NOW, Clock, stored

STRIDE = int(os.environ.get("CRASH_EVERY", "4"))
"""Of the points to crash at, each so-manieth is tried; `CRASH_EVERY=1` tries them all."""
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

    # What happens at the provider, and what a sync has to count for it

    def put(self, uid: str, title: str) -> None:
        self.scenario.put(uid, title)
        self.titles[uid] = {title}

    def put_series(self, uid: str, title: str, moved: dict[int, str], cancelled: set[int]) -> None:
        self.titles[uid] = self.scenario.put_series(uid, title, moved, cancelled)

    def remove(self, uid: str) -> None:
        self.scenario.remove(uid)
        del self.titles[uid]

    def fill(self) -> Tally:
        for uid in ("a1", "b2", "c3"):
            self.put(uid, f"First {uid}")
        self.put_series("s5", "Weekly", {1: "Moved"}, {2})
        return Tally(new=4 + len(self.scenario.elsewhere))

    def change(self) -> Tally:
        self.put("e5", "Added")
        self.put("a1", "Renamed")
        self.remove("b2")
        self.put_series("s5", "Every week", {1: "Moved", 3: "Moved too"}, {2, 4})
        return Tally(new=1, updated=2, removed=1)

    def change_unseen(self) -> Tally:
        """After this only a whole reading shows what changed."""
        self.put("f6", "Added later")
        self.put("c3", "Renamed later")
        self.remove("e5")
        return Tally(new=1, updated=1, removed=1)

    @property
    def shown(self) -> set[str]:
        return {*self.scenario.elsewhere, *(title for titles in self.titles.values() for title in titles)}

    # What our processes do

    def sync(self, url: str, after: timedelta = timedelta()) -> Sync:
        return Sync(url, self.scenario.reader, self.actor, Clock(self.at + after))

    async def look(self, url: str, after: timedelta = timedelta()) -> Remains:
        found = await remains(url, self.actor, self.connection, self.at + after)
        found.expect_whole()
        return found

    async def filled(self) -> None:
        """Something to change, synced without a crash."""
        self.fill()
        assert await survives(self.sync(self.url))

    async def crash_everywhere(self) -> Tally:
        """Sync what is new once without a crash, and from the same state once for each point that is tried."""
        self.at += timedelta(hours=1)
        before = await self.look(self.url)
        with self.copy(self.url) as past:
            assert await survives(self.sync(self.url))
            calm = await self.look(self.url)
            calm.expect_at_rest()
            assert calm.titles == self.shown
            for number in count(0, STRIDE):
                torn = before
                if number:
                    with self.copy(past) as url:
                        if await survives(self.sync(url), CrashPoint(number, Side.AFTER)):
                            return calm.counted_since(before)
                        torn = await self.expect_recovery(url, before, calm)
                with self.copy(past) as url:
                    if await survives(self.sync(url), CrashPoint(number + 1, Side.BEFORE)):
                        return calm.counted_since(before)
                    (await self.look(url)).expect_same_as(torn)  # nothing lasts but what is counted
        raise AssertionError

    async def expect_recovery(self, url: str, before: Remains, calm: Remains) -> Remains:
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


@contextmanager
def a_copied_file(url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=databases.scratch()) as folder:
        copy = Path(folder) / "store.db"
        copy.write_bytes(Path(make_url(url).database or "").read_bytes())
        yield databases.sqlite_url(copy)
