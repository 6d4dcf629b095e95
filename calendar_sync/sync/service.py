"""The one way to sync, whoever asks: at most one run per connection, joined by all who ask while it is under way."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import NotFound, StoreUnavailable
from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.sync import SyncResult, SyncRun, Tally, Trigger
from calendar_sync.sync.lease import LeasedRuns

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class SyncService:
    """Syncs connections on demand and tells what runs did. Each run is within `concurrency` (`Slots`, as a rule).

    `spacing` is how many seconds lie at least between the beginnings of two runs over a connection that were asked for
    with `request`: providers push several times for one deed of a user, and a flood must not use up their limits.
    """

    runs_under_lease: LeasedRuns
    concurrency: AbstractAsyncContextManager[object]
    spacing: float = 0.0
    _under_way: dict[ConnectionId, asyncio.Task[SyncRun]] = field(default_factory=dict)
    _following: dict[ConnectionId, asyncio.Task[None]] = field(default_factory=dict)
    _asked: set[ConnectionId] = field(default_factory=set)

    async def sync(
        self, actor: Actor, connections: Sequence[ConnectionId] | None = None, *, trigger: Trigger = Trigger.USER
    ) -> SyncResult:
        """Sync these connections of the actor, or all of them, and wait for the result.

        A connection that is being synced already, by this process or another, is not synced again: its run is waited
        for and its result returned. Failures of providers are in the result. Raises `NotFound` for a connection that
        is not the actor's, and `StoreUnavailable`.
        """
        chosen = await self._chosen(actor, connections)
        runs = await asyncio.gather(*(self._joined(connection, trigger) for connection in chosen))
        return result_of([run for run in runs if run is not None])

    async def request(self, connections: Collection[ConnectionId], trigger: Trigger) -> None:
        """Have the connections synced after now, without waiting. Once this returns, that is stored.

        Requests that meet a run under way, however many, leave exactly one run to follow it. Raises
        `StoreUnavailable`.
        """
        for connection in await self.runs_under_lease.request(connections):
            self.follow(connection, trigger)

    @property
    def following(self) -> int:
        """Of how many connections this process looks after the requests."""
        return len(self._following)

    def follow(self, connection: Connection, trigger: Trigger) -> None:
        """Sync the connection, without waiting, until every request that is stored for it is served."""
        self._asked.add(connection.id)
        if connection.id not in self._following:
            task = asyncio.create_task(self._follow(connection, trigger), name=f"follow {connection.id}")
            self._following[connection.id] = task

    async def _follow(self, connection: Connection, trigger: Trigger) -> None:
        """Ends in the very step that finds nothing asked for: a request is either seen here or starts a new one."""
        try:
            while connection.id in self._asked:
                self._asked.discard(connection.id)
                while await self.runs_under_lease.is_requested(connection.id):
                    await asyncio.gather(self._joined(connection, trigger), asyncio.sleep(self.spacing))
        except StoreUnavailable as error:  # the request is stored, and due: the schedule comes back to it
            _log.warning("A sync is put off: %s", error.message, extra={"connection": connection.id})
        finally:
            self._following.pop(connection.id, None)

    async def runs(
        self, actor: Actor, *, connection: ConnectionId | None = None, limit: int, before: datetime | None = None
    ) -> Sequence[SyncRun]:
        """Runs over the actor's connections, newest first, those started earlier than `before`."""
        async with self.runs_under_lease.database.begin(write=False) as tx:
            return await tx.runs.list(actor, connection, limit=limit, before=before)

    async def run(self, actor: Actor, run: RunId) -> SyncRun:
        """Raises `NotFound`."""
        async with self.runs_under_lease.database.begin(write=False) as tx:
            return await tx.runs.get(actor, run)

    async def settled(self) -> None:
        """Wait until nothing that was asked for here, with `request` or otherwise, is left to do."""
        while tasks := [*self._following.values(), *self._under_way.values()]:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End the runs under way here: the page being stored is finished or undone, and the connection handed back."""
        tasks = [*self._following.values(), *self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _chosen(self, actor: Actor, wanted: Sequence[ConnectionId] | None) -> Sequence[Connection]:
        async with self.runs_under_lease.database.begin(write=False) as tx:
            if wanted is None:
                return await tx.connections.list(actor)
            return [await tx.connections.get(actor, connection) for connection in dict.fromkeys(wanted)]

    async def _joined(self, connection: Connection, trigger: Trigger) -> SyncRun | None:
        """The run's result, or `None` where the connection was disconnected meanwhile. Raises `StoreUnavailable`."""
        task = self._under_way.get(connection.id)
        if task is None:
            task = asyncio.create_task(self._run(connection, trigger), name=f"sync {connection.id}")
            self._under_way[connection.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(connection.id, None))
        try:
            return await asyncio.shield(task)  # whoever stops waiting does not stop the run for the others
        except NotFound:
            return None
        except asyncio.CancelledError:
            if task.cancelled():
                raise StoreUnavailable("The server is stopping; what was synced so far is stored.") from None
            raise

    async def _run(self, connection: Connection, trigger: Trigger) -> SyncRun:
        async with self.concurrency:
            return await self.runs_under_lease.run_or_join(connection, trigger)


def result_of(runs: Sequence[SyncRun]) -> SyncResult:
    """The sum of the runs, with one line for each thing that went wrong."""
    accounts = Counter(run.provider for run in runs)
    return SyncResult(
        runs=tuple(runs),
        synced_calendars=sum(run.synced_calendars for run in runs),
        tally=sum((run.tally for run in runs), Tally()),
        errors=tuple(
            f"{_label(run, several=accounts[run.provider] > 1)}: {message}"
            for run in runs
            for message in dict.fromkeys(failure.message for failure in run.failures)
        ),
    )


def _label(run: SyncRun, *, several: bool) -> str:
    return f"{run.provider} ({run.account_email})" if several and run.account_email else str(run.provider)
