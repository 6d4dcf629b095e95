"""A process takes no more out of the queue than it has room for: what it leaves there, another one can take."""

import asyncio

from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.requests import Job
from calendar_sync.store.database import Database
from calendar_sync.sync.queue import MemoryQueue, StoredQueue, SyncQueue, Taken
from calendar_sync.sync.slots import Slots

PLACES, JOBS = 8, 30


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
        await queue.put(tx, [Job(name, OrganizationId("org_acme"), name) for name in names])

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
