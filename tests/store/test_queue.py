"""The queue hands each job to one worker, the most urgent first: in memory, and in PostgreSQL to any process."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import make_url, text

from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.requests import Job
from calendar_sync.store.database import Database
from calendar_sync.sync import queue as queues
from calendar_sync.sync.queue import MemoryQueue, StoredQueue, SyncQueue, Taken
from tests.crash.process import Operations, ended, start

ACME = OrganizationId("org_acme")
SHORT = timedelta(seconds=0.4)
"""In the place of `HEARTBEAT`."""
PATIENCE = 20.0


def a_job(name: str, priority: int = 0, *, key: str = "", delay: timedelta = timedelta()) -> Job:
    return Job(ConnectionId(name), ACME, key or name, priority, delay)


async def put(database: Database, queue: SyncQueue, *jobs: Job) -> None:
    async with database.begin() as tx:
        await queue.put(tx, jobs)


@dataclass
class Worker:
    """Has room for `most` at a time, which end once they may."""

    queue: SyncQueue
    most: int
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    most_under_way: int = 0
    _taken: asyncio.Queue[Taken] = field(default_factory=asyncio.Queue)

    async def do(self, taken: Taken) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self._taken.put_nowait(taken)
        await self.may_end.wait()
        self.under_way -= 1
        await self.queue.wake()

    async def next(self) -> Taken:
        async with asyncio.timeout(PATIENCE):
            return await self._taken.get()

    async def names(self, count: int) -> list[str]:
        return [(await self.next()).connection for _ in range(count)]

    @property
    def has_more(self) -> bool:
        return not self._taken.empty()


@asynccontextmanager
async def working(queue: SyncQueue, *, most: int = 100, at_once: bool = True) -> AsyncGenerator[Worker]:
    """A worker that is let come to its end on leaving; what it takes ends `at_once`, or once the test says so."""
    worker = Worker(queue, most)
    if at_once:
        worker.may_end.set()
    task = asyncio.create_task(queue.work(worker.do, lambda: worker.most - worker.under_way))
    try:
        yield worker
    finally:
        worker.may_end.set()
        queue.stop()
        await task


@pytest.fixture
def queue(database: Database, database_url: str) -> SyncQueue:
    return StoredQueue(database) if make_url(database_url).get_backend_name() == "postgresql" else MemoryQueue()


# The same of both


async def test_a_job_is_taken_and_says_whose_it_is(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, a_job("a"))
    async with working(queue) as worker:
        assert await worker.next() == Taken(ConnectionId("a"), ACME)


async def test_what_a_transaction_put_that_was_undone_is_not_there(database: Database, queue: SyncQueue) -> None:
    with suppress(ZeroDivisionError):
        async with database.begin() as tx:
            await queue.put(tx, [a_job("undone", 100)])
            raise ZeroDivisionError
    await put(database, queue, a_job("done"))
    async with working(queue) as worker:
        assert await worker.names(1) == ["done"]
    assert not worker.has_more


async def test_the_most_urgent_is_next_and_of_equals_the_first(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, a_job("behind", -3), a_job("one"), a_job("two"))
    await put(database, queue, a_job("three"), a_job("ahead", 100))
    async with working(queue, most=1) as worker:
        assert await worker.names(5) == ["ahead", "one", "two", "three", "behind"]


async def test_two_with_one_key_are_one_which_only_goes_ahead(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, a_job("a"), a_job("b", 5))
    await put(database, queue, a_job("a", 10))
    await put(database, queue, a_job("a", 1))
    async with working(queue, most=1) as worker:
        assert await worker.names(2) == ["a", "b"]
    assert not worker.has_more


async def test_two_with_other_keys_are_two_also_of_one_connection(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, a_job("a", key="a:1"), a_job("a", key="a:2"))
    async with working(queue) as worker:
        assert await worker.names(2) == ["a", "a"]


async def test_a_key_may_come_again_once_its_job_is_done(database: Database, queue: SyncQueue) -> None:
    for _ in range(2):
        await put(database, queue, a_job("a"))
        async with working(queue) as worker:
            assert await worker.names(1) == ["a"]


async def test_no_more_are_taken_than_there_is_room_for(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, *(a_job(str(number)) for number in range(25)))
    async with working(queue, most=3, at_once=False) as worker:
        await worker.names(3)
        worker.may_end.set()
        await worker.names(22)
    assert worker.most_under_way == 3


async def test_one_that_is_put_off_is_taken_when_its_time_has_come(database: Database, queue: SyncQueue) -> None:
    wait = timedelta(seconds=1)
    await put(database, queue, a_job("first"))
    async with working(queue) as worker:
        await worker.names(1)
        since = time.monotonic()
        await put(database, queue, a_job("later", 100, delay=wait), a_job("now"))
        assert await worker.names(2) == ["now", "later"]
    assert time.monotonic() - since >= wait.total_seconds()


async def test_who_puts_wakes_the_worker_of_the_same_process(
    database: Database, queue: SyncQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "ASK_EVERY", timedelta(hours=1))
    await put(database, queue, a_job("first"))
    async with working(queue) as worker:
        await worker.names(1)
        await put(database, queue, a_job("second"))
        assert await worker.names(1) == ["second"]


async def test_who_stops_takes_no_more_and_waits_for_what_is_under_way(database: Database, queue: SyncQueue) -> None:
    await put(database, queue, a_job("a"), a_job("b"))
    async with working(queue, most=1, at_once=False) as worker:
        await worker.names(1)
        queue.stop()
    assert (worker.under_way, worker.has_more) == (0, False)
    async with working(queue) as next_one:
        assert await next_one.names(1) == ["b"]
    assert not next_one.has_more


async def test_to_put_nothing_does_nothing(database: Database, queue: SyncQueue) -> None:
    async with database.begin() as tx:
        await queue.put(tx, [])
        assert tx.after_commit == []


# In PostgreSQL


@pytest.fixture
async def stored(postgresql_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(postgresql_url)
    yield database
    await database.close()


async def count(database: Database, what: str = "sync_queue") -> int:
    async with database.begin(write=False) as tx:
        return int(await tx.connection.scalar(text(f"SELECT count(*) FROM {what}")) or 0)  # noqa: S608


async def until(is_so: Callable[[int], bool], database: Database, what: str = "sync_queue") -> None:
    """Wait for what a worker does in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not is_so(await count(database, what)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


def is_none(number: int) -> bool:
    return number == 0


async def test_a_job_is_part_of_the_transaction_that_puts_it(stored: Database) -> None:
    queue = StoredQueue(stored)
    with suppress(ZeroDivisionError):
        async with stored.begin() as tx:
            await queue.put(tx, [a_job("undone")])
            assert await tx.connection.scalar(text("SELECT count(*) FROM sync_queue")) == 1
            assert await count(stored) == 0, "for others"
            raise ZeroDivisionError
    assert await count(stored) == 0
    await put(stored, queue, a_job("done"))
    assert await count(stored) == 1


async def test_of_several_workers_one_takes_each_job(stored: Database) -> None:
    names = [str(number) for number in range(60)]
    await put(stored, StoredQueue(stored), *map(a_job, names))
    async with working(StoredQueue(stored), most=5) as one, working(StoredQueue(stored), most=5) as other:
        await until(is_none, stored)
    taken = Counter[str]()
    for worker in (one, other):
        while worker.has_more:
            taken[(await worker.next()).connection] += 1
    assert taken == Counter(names)


async def test_a_job_that_takes_long_is_left_to_its_worker(stored: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "HEARTBEAT", SHORT)
    await put(stored, StoredQueue(stored), a_job("long"))
    async with working(StoredQueue(stored), most=1, at_once=False) as busy:
        await busy.names(1)
        async with working(StoredQueue(stored)) as idle:
            for number in range(6):
                await asyncio.sleep(SHORT.total_seconds() / 2)
                await put(stored, StoredQueue(stored), a_job(str(number)))
                assert await idle.names(1) == [str(number)]
    assert not busy.has_more


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes jobs and never comes to their end."""

    database_url: str

    async def run(self, operations: Operations) -> None:
        async def hang(_: Taken) -> None:
            await asyncio.Event().wait()

        await StoredQueue(operations.open_database(self.database_url)).work(hang, lambda: 1)


async def test_the_job_of_a_process_that_was_killed_is_taken_by_another_one(
    stored: Database, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "HEARTBEAT", SHORT)
    await put(stored, StoredQueue(stored), a_job("a"))
    doomed = start(Hang(postgresql_url))
    await until(bool, stored, "sync_queue WHERE status = 'picked'")
    doomed.kill()
    assert not await ended(doomed)
    async with working(StoredQueue(stored)) as worker:
        assert await worker.names(1) == ["a"]
    assert await count(stored) == 0


async def test_a_job_that_is_done_is_deleted_and_its_log_trimmed_in_time(
    stored: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "_MOST_TRIMMED", 4)
    queue = StoredQueue(stored)
    await put(stored, queue, a_job("a"), a_job("b"))
    async with working(queue) as worker:
        await worker.names(2)
    assert await count(stored) == 0
    logged = await count(stored, "sync_queue_log")
    assert logged == 6, "that each was queued, picked and done"
    assert await queue.trim() == 0

    async with stored.begin() as tx:
        await tx.connection.execute(text("UPDATE sync_queue_log SET created = created - interval '11 minutes'"))
    await put(stored, queue, a_job("fresh"))
    assert [await queue.trim() for _ in range(2)] == [6, 0]
    assert await count(stored, "sync_queue_log") == 1
