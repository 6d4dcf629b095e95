"""One run per connection, across processes: the right to write to a connection is a lease in its row.

A run takes the lease by raising the connection's epoch and writes only while that epoch stands. A process that dies
loses its lease by time; one that was paused and wakes finds the epoch raised and writes nothing more.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Connection, ConnectionStatus, Lease
from calendar_sync.domain.errors import CalendarSyncError, LeaseLost, NotFound, StoreUnavailable, Unavailable
from calendar_sync.domain.events import Window
from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Account, Provider, ProviderClient, ProviderName
from calendar_sync.domain.requests import Begun
from calendar_sync.domain.sync import RunProgress, RunStatus, SyncFailure
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import unseal
from calendar_sync.sync.due import Ended, schedule_next
from calendar_sync.sync.engine import RunUnderWay, fenced, no_turns, unfollowed
from calendar_sync.sync.pace import Pace
from calendar_sync.sync.pauses import Pauses
from calendar_sync.sync.queue import SyncQueue
from calendar_sync.sync.runner import Outcome, run_connection

LEASE = timedelta(seconds=7.5)
"""What a process that died holds up its connections for, by default: with the looks at it, less than ten seconds."""
CLAIM = timedelta(minutes=5)
"""After how long the schedule looks after a request that nothing came of, though a job was put into the queue."""
_WAIT_FOR_ROOM = timedelta(seconds=1)
_RENEWALS = 3  # tries to renew it before it runs out


@dataclass(frozen=True, slots=True)
class _Started:
    id: RunId
    begun: Begun

    @property
    def connection(self) -> Connection:
        return self.begun.connection


@dataclass(frozen=True, slots=True)
class LeasedRuns:
    """Runs connections under their lease. `owner` names this process, `tokens` gives those of accounts by OAuth.

    `push_addresses` are those at which providers can notify this server; the others are only polled. `lease` is how
    long a process that gives no sign of life keeps a connection from the others. What is asked for during a run is put
    into the `queue` at its end, to begin `spacing` after that run began at the soonest: providers push several times
    for one deed of a user, and a flood must not use up their limits. `turn` is awaited after each page. `most_runs`
    over one account of a provider are under way at a time, in all processes; one that is not named has no such limit.
    `on_change` is called whenever what is stored of a run may have changed.
    """

    database: Database
    queue: SyncQueue
    keyring: Keyring
    providers: Mapping[ProviderName, Provider]
    clock: Callable[[], datetime]
    past: timedelta
    future: timedelta
    owner: str
    tokens: Callable[[Connection], TokenSource | None] = lambda _: None
    push_addresses: Mapping[ProviderName, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    lease: timedelta = LEASE
    spacing: timedelta = timedelta()
    turn: Callable[[], Awaitable[None]] = no_turns
    most_runs: Mapping[ProviderName, int] = field(default_factory=dict)
    on_change: Callable[[], None] = unfollowed

    async def run(self, connection: ConnectionId) -> None:
        """Do the run that is asked for over the connection, and record what it did.

        Nothing is done where none is asked for (any more), another process is at it, or there is no such connection.
        Raises `StoreUnavailable`.
        """
        while started := await self._start(connection):
            self.on_change()
            try:
                with suppress(LeaseLost, NotFound):
                    await self._do(started)
                    return
            finally:
                self.on_change()

    async def _start(self, connection: ConnectionId) -> _Started | None:
        now = self.clock()
        async with self.database.begin() as tx:
            if not await tx.connections.account_has_room(connection, self.most_runs, now):
                later = await tx.requests.put_off(connection, _WAIT_FOR_ROOM)
                await self.queue.put(tx, [] if later is None else [later])
                return None
            begun = await tx.requests.begin(connection, self.owner, self.lease, now)
            if begun is None:
                return None
            await tx.runs.abandon_running(connection, now)
            return _Started(await tx.runs.start(begun.connection, begun.trigger, now, serves=begun.serves), begun)

    async def _do(self, started: _Started) -> None:
        lease = started.begun.lease
        try:
            async with self._renewed(lease):
                await _to_its_end(self._finish(started, *await self._read(started)))
        except (asyncio.CancelledError, StoreUnavailable):  # whoever comes next need not wait for the lease to run out
            await _to_its_end(self._hand_back(lease, timedelta()))
            raise
        except Exception:
            await _to_its_end(self._hand_back(lease, self.pace.interval))
            raise

    async def _read(self, started: _Started) -> tuple[Outcome, RunProgress]:
        try:
            async with self._provider(started).open(self._account(started)) as client:
                run = self._under_way(started, client)
                with Pauses(run).told():
                    address = self.push_addresses.get(started.connection.provider)
                    outcome = await run_connection(started.connection, run, address)
                run.ledger.close()
                return outcome, replace(run.progress(), failures=outcome.failures)
        except (LeaseLost, StoreUnavailable):
            raise
        except CalendarSyncError as error:  # the stored account cannot be opened
            failures = (SyncFailure(None, error.code, error.message),)
            return Outcome(failures), RunProgress(failures=failures)

    def _under_way(self, started: _Started, client: ProviderClient) -> RunUnderWay:
        now = self.clock()
        return RunUnderWay(
            id=started.id,
            lease=started.begun.lease,
            database=self.database,
            client=client,
            window=Window(now - self.past, now + self.future),
            cause=ChangeCause(started.begun.trigger),
            clock=self.clock,
            turn=self.turn,
            on_change=self.on_change,
        )

    def _provider(self, started: _Started) -> Provider:
        name = started.connection.provider
        if name not in self.providers:
            raise Unavailable(f"This server is not set up to read {name}.")
        return self.providers[name]

    def _account(self, started: _Started) -> Account:
        account = unseal(self.keyring, started.connection.id, started.begun.ciphertext)
        tokens = self.tokens(started.connection)
        return account if tokens is None else replace(account, credentials={}, tokens=tokens)

    async def _finish(self, started: _Started, outcome: Outcome, progress: RunProgress) -> None:
        now, lease, ended = self.clock(), started.begun.lease, _status(progress)
        async with fenced(self.database, lease) as tx:
            await tx.runs.finish(started.id, status=ended, progress=progress, now=now)
            if outcome.failures:
                await self._mark(tx, started, outcome)
            synced_at = None if outcome.failures else now
            is_asked = await tx.connections.release(lease, started.begun.serves, synced_at)
            is_asked = is_asked and not outcome.retry_after  # else at once, or when the provider can be asked again
            until = await self._followed_up(tx, started, now) if is_asked else None
            address = self.push_addresses.get(started.connection.provider)
            plan = Ended(outcome, ended is RunStatus.FAILED, now, until)
            await schedule_next(tx, started.connection.id, plan, self.pace, address)

    async def _mark(self, tx: Transaction, started: _Started, outcome: Outcome) -> None:
        connection = started.connection.id
        # Where the account was connected anew meanwhile, it was its old credentials that were refused.
        is_refused = outcome.reconnect and await tx.connections.ciphertext(connection) == started.begun.ciphertext
        status = ConnectionStatus.RECONNECT_REQUIRED if is_refused else ConnectionStatus.ACTIVE
        await tx.connections.mark(connection, status, outcome.failures[0].message, self.clock())
        for failure in outcome.failures:
            if failure.calendar_id is not None:
                await tx.calendars.failed(failure.calendar_id, failure.message)

    async def _followed_up(self, tx: Transaction, started: _Started, now: datetime) -> datetime | None:
        """Put what was asked for meanwhile into the queue; until when the schedule leaves it there."""
        job = await tx.requests.follow_up(started.connection.id, self.spacing, now)
        await self.queue.put(tx, [] if job is None else [job])
        return None if job is None else now + CLAIM

    async def _hand_back(self, lease: Lease, wait: timedelta) -> None:
        with suppress(LeaseLost, StoreUnavailable):
            async with fenced(self.database, lease) as tx:
                await tx.runs.abandon_running(lease.connection_id, self.clock())
                await tx.connections.release(lease, None)
                await tx.connections.schedule(lease.connection_id, self.clock() + wait)
                if not wait and (job := await tx.requests.put_off(lease.connection_id, wait)):
                    await self.queue.put(tx, [job])

    @asynccontextmanager
    async def _renewed(self, lease: Lease) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._renew(lease), name=f"lease {lease.connection_id}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / _RENEWALS)
            with suppress(StoreUnavailable):
                async with self.database.begin() as tx:
                    try:
                        await tx.connections.renew(lease, self.lease, self.clock())
                    except LeaseLost:
                        return  # the run's next write is refused


async def _to_its_end(last_step: Coroutine[None, None, None]) -> None:
    """Not even cancellations, however many, leave it half done: it is short, and whoever cancels closes the store."""
    task, cut_short = asyncio.create_task(last_step), None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancelled:
            cut_short = cancelled
    task.result()
    if cut_short is not None:
        raise cut_short


def _status(ended: RunProgress) -> RunStatus:
    if not ended.failures:
        return RunStatus.SUCCEEDED
    return RunStatus.PARTIAL if ended.synced_calendars else RunStatus.FAILED
