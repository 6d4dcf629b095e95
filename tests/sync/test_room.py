"""A process takes no more out of the queue than it has room for: what it leaves there, another one can take."""

import asyncio
from dataclasses import dataclass, field

from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.requests import Job
from calendar_sync.store.database import Database
from calendar_sync.sync.queue import MemoryQueue, StoredQueue, SyncQueue, Taken
from calendar_sync.sync.slots import YOUNG, Slots
from tests import virtual_time

PLACES, JOBS = 8, 30
ACME, BRAND = OrganizationId("org_acme"), OrganizationId("org_brand")
SOON = 2**-20
"""Enough time for everything that can be done now."""


@dataclass
class Told:
    """Slots, and the room that they have told of, each time."""

    slots: Slots
    told: list[int] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots.on_room = lambda: self.told.append(self.slots.room)

    async def begin(self, organization: OrganizationId, seconds: float = 1000, *, away: bool = False) -> None:
        async def run() -> None:
            async with self.slots.run_of(organization):
                if away:
                    async with self.slots.away():
                        await asyncio.sleep(1)
                await asyncio.sleep(seconds)

        self.tasks.append(asyncio.create_task(run()))
        await asyncio.sleep(SOON)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def test_there_is_room_for_as_many_runs_as_there_are_places_less_those_that_are_young() -> None:
    async def main() -> None:
        office = Told(Slots(3))
        assert office.slots.room == 3
        await office.begin(ACME)
        assert office.slots.room == 2
        await office.begin(ACME)
        await office.begin(BRAND)
        assert office.slots.room == 0
        assert not office.told
        await office.close()
        assert office.told == [1, 2, 3]

    virtual_time.run(main())


def test_beside_runs_that_are_long_under_way_there_is_room_for_others_and_it_is_told_at_once() -> None:
    async def main() -> None:
        office = Told(Slots(2))
        await office.begin(ACME)
        await office.begin(ACME)
        await asyncio.sleep(YOUNG - 0.1)
        assert office.slots.room == 0
        await asyncio.sleep(0.2)
        assert office.told == [1, 2]
        await office.begin(BRAND)
        await asyncio.sleep(2 * YOUNG)
        assert office.slots.room == 1, "one that waits to begin fills a place, however long it waits"
        await office.close()

    virtual_time.run(main())


def test_a_run_that_is_away_leaves_room_until_it_is_back() -> None:
    async def main() -> None:
        office = Told(Slots(1))
        await office.begin(ACME, away=True)
        assert (office.slots.room, office.told) == (1, [1])
        await asyncio.sleep(1)
        assert office.slots.room == 0
        await office.close()

    virtual_time.run(main())


def test_there_is_no_room_beyond_the_runs_that_may_be_under_way() -> None:
    async def main() -> None:
        office = Told(Slots(2, begun=3))
        for _ in range(3):
            await office.begin(ACME, away=True)
        assert office.slots.room == 0
        await office.close()
        assert office.slots.room == 2

    virtual_time.run(main())


class Taking:
    """Takes jobs out of a queue; the run of each lasts until `ending`. `asked` counts how often it asked for more."""

    def __init__(self, queue: SyncQueue) -> None:
        self.queue, self.slots, self.taken = queue, Slots(PLACES), set[ConnectionId]()
        self.full, self.all, self.ending = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.asked = asyncio.Semaphore(0)
        self._work = asyncio.create_task(queue.work(self._do, self._room))

    def _room(self) -> int:
        self.asked.release()
        return self.slots.room

    async def _do(self, job: Taken) -> None:
        self.taken.add(job.connection)
        await asyncio.create_task(self._run(job))
        await self.queue.wake()

    async def _run(self, job: Taken) -> None:
        async with self.slots.run_of(job.organization):
            for number, reached in ((PLACES, self.full), (JOBS, self.all)):
                if len(self.taken) >= number:
                    reached.set()
            await self.ending.wait()

    async def close(self) -> None:
        self.queue.stop()
        await self._work


async def test_a_process_takes_as_many_jobs_as_it_has_places_and_others_once_those_are_done(
    database: Database, database_url: str
) -> None:
    queue = MemoryQueue() if database_url.startswith("sqlite") else StoredQueue(database)
    names = [ConnectionId(f"con_{number}") for number in range(JOBS)]
    async with database.begin() as tx:
        await queue.put(tx, [Job(name, ACME, name) for name in names])

    async with asyncio.timeout(30):
        taking = Taking(queue)
        await taking.full.wait()
        taking.asked = asyncio.Semaphore(0)
        await queue.wake()
        await taking.asked.acquire()
        assert len(taking.taken) == PLACES

        taking.ending.set()
        await taking.all.wait()
        await taking.close()
    assert taking.taken == set(names)
