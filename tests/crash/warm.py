"""Imported by the process that all others are forked from: one sync, so that they find everything loaded and ready."""

import asyncio
import tempfile
from pathlib import Path

from calendar_sync.store.database import Database
from tests.builders import an_actor
from tests.crash.errands import Sync
from tests.crash.process import Operations
from tests.crash.scenarios import caldav
from tests.databases import a_migrated_file, scratch
from tests.sync.world import NOW, Clock, stored


async def _sync_once(url: str) -> None:
    async with caldav() as scenario:
        scenario.put_series("warm", "Warm", {1: "Moved"}, {2})
        database = await Database.open(url)
        actor = await an_actor(database)
        await stored(database, actor, scenario.reader.provider(scenario.reader.address).name, NOW, scenario.account)
        await database.close()
        await Sync(url, scenario.reader, actor, Clock()).run(Operations(None))


with tempfile.TemporaryDirectory(dir=scratch()) as _folder:
    asyncio.run(_sync_once(a_migrated_file(Path(_folder))))
