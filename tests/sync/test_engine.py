"""The loop lets others have their turn at the end of each page, with the page stored and nothing held."""

import asyncio
from dataclasses import replace

from calendar_sync.domain.sync import Tally
from calendar_sync.store.database import Database
from tests.builders import an_event
from tests.sync.world import World, a_world


async def test_after_each_page_a_run_makes_way_with_what_it_read_stored_and_no_transaction_open(
    database: Database,
) -> None:
    async with a_world(database) as world:
        for number in range(5):
            world.provider.calendar("main").put(an_event(f"e{number}"))
        stored: list[int] = []

        async def turn() -> None:
            async with asyncio.timeout(5):
                await _write(world, f"Brand {len(stored)}")
                stored.append(len(await world.stored()))

        world.service.runs_under_lease = replace(world.service.runs_under_lease, turn=turn)

        result = await world.sync()

        assert (world.provider.page_size, stored) == (2, [2, 4, 5])
        assert (result.tally, result.errors) == (Tally(new=5), ())


async def _write(world: World, name: str) -> None:
    """As another run would in its turn; on SQLite, one that had a transaction open would not let it."""
    async with world.database.begin() as tx:
        await tx.accounts.create_organization(name, now=world.clock())
