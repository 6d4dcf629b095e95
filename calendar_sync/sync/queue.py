"""The queue of connections that wait for a run, kept by PgQueuer: in PostgreSQL for any number of processes, or in the
memory of the one process that serves a SQLite file.

It only dispatches. Which runs are asked for stands in the connections' rows (`store.requests`), so that a job that is
lost, late or there twice does no harm.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import orjson
from pgqueuer.adapters.inmemory import InMemoryDriver, InMemoryQueries
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import EntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job as QueuedJob
from pgqueuer.domain.types import JobId, QueueEntrypoint
from pgqueuer.ports import RepositoryPort
from pgqueuer.ports.repository import EntrypointExecutionParameter

from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.requests import Job
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.queue_driver import Pooled, Within
from calendar_sync.store.queue_tables import queue_settings, trim_log

HEARTBEAT = timedelta(seconds=6)
"""How long a job whose process gives no sign of life is left to it."""
ASK_EVERY = timedelta(seconds=0.25)
"""How often a process asks PostgreSQL for jobs while it has nothing to do. Its own wake it at once."""
_SYNC = "sync"
_BATCH = 10
_MOST_TRIMMED = 5_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that this process took from the queue."""

    connection: ConnectionId
    organization: OrganizationId


Do = Callable[[Taken], Awaitable[None]]
Room = Callable[[], int]


class SyncQueue(ABC):
    """Any process may put; those that `work` take. Each process works once at a time."""

    is_of_this_process: ClassVar[bool] = False
    """Whether other processes have no part in it, and what is in it is lost with this one."""

    def __init__(self) -> None:
        self._working: QueueManager | None = None

    @abstractmethod
    async def put(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        """Put them into the queue once the transaction is committed. One that is there already may only go ahead."""

    async def work(self, do: Do, room: Room) -> None:
        """Take jobs, never more than there is `room` for, and do them until `stop`; then wait for those under way.

        `do` must not raise. Raises `StoreUnavailable`, after those under way have come to their end, too.
        """
        working = self._working = _Manager(self._repository(), queue_settings().channel)
        working.room, working.handed_out = room, set()

        async def sync(job: QueuedJob) -> None:
            working.handed_out.discard(job.id)
            await do(_taken(job))

        parameters = EntrypointExecutorParameters(concurrency_limit=0, func=sync)
        working.register_executor(_SYNC, EntrypointExecutor(parameters))
        try:
            await working.run(
                dequeue_timeout=self._ask_every,
                batch_size=_BATCH,
                heartbeat_timeout=HEARTBEAT,
                log_aggregation_interval=timedelta(),
            )
        finally:
            self._working = None

    def stop(self) -> None:
        """Take no more jobs."""
        if self._working is not None:
            self._working.shutdown.set()

    async def wake(self) -> None:
        """Ask for jobs at once, for there is room or there are some."""
        if self._working is not None:
            await self._working.queries.driver.notify(queue_settings().channel, _changed())

    @abstractmethod
    async def trim(self) -> int:
        """Delete what is kept of jobs that were done long ago; how many entries. Raises `StoreUnavailable`."""

    @property
    def _ask_every(self) -> timedelta:
        return ASK_EVERY

    @abstractmethod
    def _repository(self) -> RepositoryPort: ...


class StoredQueue(SyncQueue):
    """In the PostgreSQL database itself."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def put(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        if jobs:
            await _enqueue(Queries(Within(tx.connection), qbe=_environment(), qbq=_builder()), jobs)
            tx.after_commit.append(self.wake)

    async def trim(self) -> int:
        trimmed = 0
        while True:
            async with self._database.begin() as tx:
                some = await trim_log(tx.connection, _MOST_TRIMMED)
            trimmed += some
            if some < _MOST_TRIMMED:
                return trimmed

    def _repository(self) -> RepositoryPort:
        return _StoredQueries(Pooled(self._database), qbe=_environment(), qbq=_builder())


class MemoryQueue(SyncQueue):
    """In this process, for this process. What was in it when the process ends is found in the store by the next."""

    is_of_this_process = True

    def __init__(self) -> None:
        super().__init__()
        self._queries = InMemoryQueries(InMemoryDriver(), qbe=_environment(), qbq=_builder())

    async def put(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        async def enqueue() -> None:
            await _enqueue(self._queries, jobs)

        if jobs:
            tx.after_commit.append(enqueue)

    async def trim(self) -> int:
        await self._queries.clear_queue_log()
        return 0

    @property
    def _ask_every(self) -> timedelta:
        return timedelta(seconds=5)  # whatever is put wakes it, and what is put off wakes it when it is due

    def _repository(self) -> RepositoryPort:
        return self._queries


async def _enqueue(queries: Queries | InMemoryQueries, jobs: Sequence[Job]) -> None:
    await queries.enqueue(
        [_SYNC] * len(jobs),
        [orjson.dumps([job.connection, job.organization]) for job in jobs],
        [job.priority for job in jobs],
        [job.delay for job in jobs],
        [job.key for job in jobs],
        on_conflict="update_priority",
    )


def _taken(job: QueuedJob) -> Taken:
    connection, organization = orjson.loads(job.payload or b"")
    return Taken(ConnectionId(connection), OrganizationId(organization))


def _changed() -> str:
    """What PgQueuer's own trigger would say."""
    settings = queue_settings()
    event = {
        "channel": settings.channel,
        "operation": "insert",
        "sent_at": datetime.now(UTC),
        "table": settings.queue_table,
        "type": "table_changed_event",
    }
    return orjson.dumps(event).decode()


class _Manager(QueueManager):
    """Takes as many jobs as there is room for."""

    room: Room
    handed_out: set[JobId]
    """The jobs that were taken and have not come to be done: what they will fill looks like room still."""

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[QueuedJob]:
        while not self.shutdown.is_set() and (at_most := min(batch_size, self._free())) > 0:
            jobs = await self.queries.dequeue(
                batch_size=at_most,
                entrypoints={QueueEntrypoint(_SYNC): EntrypointExecutionParameter(concurrency_limit=0)},
                queue_manager_id=self.queue_manager_id,
                global_concurrency_limit=global_concurrency_limit,
                heartbeat_timeout=heartbeat_timeout,
            )
            if not jobs:
                break
            self.handed_out.update(job.id for job in jobs if job.id not in self.job_context)
            for job in jobs:
                yield job

    def _free(self) -> int:
        return self.room() - len(self.handed_out)


class _StoredQueries(Queries):
    """Asks for jobs and nothing else. When to ask again needs no question: soon."""

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        return 0

    async def queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        return 0

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        return None


def _environment() -> QueryBuilderEnvironment:
    return QueryBuilderEnvironment(queue_settings())


def _builder() -> QueryQueueBuilder:
    return QueryQueueBuilder(queue_settings())
