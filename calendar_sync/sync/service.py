"""The one way to sync, whoever asks: at most one run per connection, joined by all who ask while it is under way."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.requests import Asked
from calendar_sync.domain.sync import SyncResult, SyncRun, Tally, Trigger
from calendar_sync.store.database import Database
from calendar_sync.sync.engine import unfollowed
from calendar_sync.sync.lease import CLAIM
from calendar_sync.sync.queue import SyncQueue
from calendar_sync.sync.watch import Watch

PATIENCE = timedelta(seconds=50)
"""How long a sync is waited for: less than the minute after which clients of the REST contract give up."""


@dataclass(slots=True)
class SyncService:
    """Has connections synced, by whichever worker is free, and tells what came of it.

    `spacing` is that of the runs that nobody waits for (`LeasedRuns`); `patience` how long `sync` waits. `on_change` is
    called whenever syncs were asked for.
    """

    database: Database
    queue: SyncQueue
    clock: Callable[[], datetime]
    spacing: timedelta = timedelta()
    patience: timedelta = PATIENCE
    on_change: Callable[[], None] = unfollowed
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.database, self.clock, self.ask_again)

    async def sync(
        self, actor: Actor, connections: Sequence[ConnectionId] | None = None, *, trigger: Trigger = Trigger.USER
    ) -> SyncResult:
        """Sync these connections of the actor, or all of them, and wait for the result.

        A connection that is being synced already, by this process or another, is not synced again: its run is waited
        for and its result returned. Failures of providers are in the result, and so are the connections whose runs
        take too long to be waited for: they go on. Raises `NotFound` for a connection that is not the actor's, and
        `StoreUnavailable`.
        """
        chosen = await self._chosen(actor, connections)
        asked = await self._ask([connection.id for connection in chosen], trigger)
        ended = await asyncio.gather(*map(self._served, asked))
        late = [each.connection for each, run in zip(asked, ended, strict=True) if isinstance(run, Late)]
        return result_of([run for run in ended if isinstance(run, SyncRun)], late, late)

    async def begin(
        self, actor: Actor, connections: Sequence[ConnectionId] | None = None, *, trigger: Trigger = Trigger.USER
    ) -> SyncResult:
        """The same without waiting: once this returns, that they are to be synced is stored, and all are pending."""
        chosen = await self._chosen(actor, connections)
        asked = await self._ask([connection.id for connection in chosen], trigger)
        return result_of([], pending=[each.connection for each in asked])

    async def request(self, connections: Collection[ConnectionId], trigger: Trigger) -> None:
        """Have the connections synced after now, without waiting. Once this returns, that is stored.

        Requests that meet a run under way, however many, leave exactly one run to follow it. Raises
        `StoreUnavailable`.
        """
        await self._ask(connections, trigger)

    async def ask_again(self, connections: Sequence[ConnectionId]) -> None:
        """Put them into the queue again, if they wait for a run that nobody is at. Raises `StoreUnavailable`."""
        async with self.database.begin() as tx:
            await self.queue.put(tx, await tx.requests.left_over(connections, self.clock()))

    async def _ask(self, connections: Collection[ConnectionId], trigger: Trigger) -> Sequence[Asked]:
        now = self.clock()
        async with self.database.begin() as tx:
            asked = await tx.requests.ask(connections, trigger, now, until=now + CLAIM, spacing=self.spacing)
            await self.queue.put(tx, [each.job for each in asked if each.job is not None])
        self.on_change()
        return asked

    async def _served(self, asked: Asked) -> "SyncRun | Late | None":
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                return await self.watch.served(asked)
        except TimeoutError:
            return Late()

    async def runs(
        self, actor: Actor, *, connection: ConnectionId | None = None, limit: int, before: datetime | None = None
    ) -> Sequence[SyncRun]:
        """Runs over the actor's connections, newest first, those started earlier than `before`."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.runs.list(actor, connection, limit=limit, before=before)

    async def run(self, actor: Actor, run: RunId) -> SyncRun:
        """Raises `NotFound`."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.runs.get(actor, run)

    async def runs_by_ids(self, actor: Actor, runs: Sequence[RunId]) -> Mapping[RunId, SyncRun]:
        """Those of the actor's that are kept."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.runs.by_ids(actor, runs)

    async def settled(self) -> None:
        """Wait until all that was asked for is done, by whichever worker."""
        while True:
            async with self.database.begin(write=False) as tx:
                waiting = await tx.requests.waiting()
            if not waiting:
                return
            await asyncio.gather(*map(self.watch.served, waiting))

    async def close(self) -> None:
        """Those who still wait are told that the server is stopping."""
        await self.watch.close()

    async def _chosen(self, actor: Actor, wanted: Sequence[ConnectionId] | None) -> Sequence[Connection]:
        async with self.database.begin(write=False, actor=actor) as tx:
            if wanted is None:
                return await tx.connections.list(actor)
            return [await tx.connections.get(actor, connection) for connection in dict.fromkeys(wanted)]


class Late:
    """In place of a run that has not come to its end in time."""


def result_of(
    runs: Sequence[SyncRun], late: Sequence[Connection] = (), pending: Sequence[Connection] = ()
) -> SyncResult:
    """The sum of the runs, with one line for each thing that went wrong, and for each that was waited for in vain."""
    accounts = Counter([*(run.provider for run in runs), *(connection.provider for connection in late)])
    return SyncResult(
        runs=tuple(runs),
        synced_calendars=sum(run.synced_calendars for run in runs),
        tally=sum((run.tally for run in runs), Tally()),
        errors=tuple(
            f"{_label(run, several=accounts[run.provider] > 1)}: {message}"
            for run in runs
            for message in dict.fromkeys(failure.message for failure in run.failures)
        )
        + tuple(f"{_label(each, several=accounts[each.provider] > 1)}: {_STILL_WAITED_FOR}" for each in late),
        pending=tuple(pending),
    )


_STILL_WAITED_FOR = "The sync has not ended yet; it goes on, and what it finds is stored."


def _label(account: SyncRun | Connection, *, several: bool) -> str:
    named = several and account.account_email
    return f"{account.provider} ({account.account_email})" if named else str(account.provider)
