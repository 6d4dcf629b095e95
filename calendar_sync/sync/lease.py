"""One run per connection, across processes: the right to write to a connection is a lease in its row.

A run takes the lease by raising the connection's epoch and writes only while that epoch stands. A process that dies
loses its lease by time; one that was paused and wakes finds the epoch raised and writes nothing more.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection, ConnectionStatus, Lease
from calendar_sync.domain.errors import CalendarSyncError, LeaseLost, StoreUnavailable, Unavailable
from calendar_sync.domain.events import Window
from calendar_sync.domain.identifiers import ConnectionId, RunId
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Account, Provider, ProviderName
from calendar_sync.domain.sync import RunStatus, SyncFailure, SyncRun, Tally, Trigger
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import unseal
from calendar_sync.sync.engine import RunUnderWay, fenced
from calendar_sync.sync.pace import Pace
from calendar_sync.sync.runner import Outcome, run_connection

LEASE = timedelta(seconds=9)
"""What a process that died holds up its connections for, by default: with the looks at it, less than ten seconds."""
_RENEWALS = 3  # tries to renew it before it runs out
_LOOK_EVERY = 0.2  # seconds, at a run that another process has under way


@dataclass(frozen=True, slots=True)
class _Started:
    id: RunId
    connection: Connection
    ciphertext: str
    requested: int


@dataclass(frozen=True, slots=True)
class _Done:
    tally: Tally = field(default_factory=Tally)
    pages: int = 0
    requests: int = 0
    synced_calendars: int = 0


@dataclass(frozen=True, slots=True)
class LeasedRuns:
    """Runs connections under their lease. `owner` names this process, `tokens` gives those of accounts by OAuth.

    `away` is entered to wait for another process's run. `push_addresses` are those at which providers can notify this
    server; the others are only polled. `lease` is how long a process that gives no sign of life keeps a connection from
    the others.
    """

    database: Database
    keyring: Keyring
    providers: Mapping[ProviderName, Provider]
    clock: Callable[[], datetime]
    past: timedelta
    future: timedelta
    owner: str
    tokens: Callable[[Connection], TokenSource | None] = lambda _: None
    away: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    push_addresses: Mapping[ProviderName, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    lease: timedelta = LEASE

    async def run_or_join(self, connection: Connection, trigger: Trigger) -> SyncRun:
        """Sync the connection, or wait for the run that another process has under way, and return what the run did.

        Raises `NotFound` when the connection was disconnected meanwhile, and `StoreUnavailable`.
        """
        asked = self.clock()
        while True:
            lease = await self._acquire(connection.id)
            with suppress(LeaseLost):
                found = await (self._run(lease, connection, trigger) if lease else self._join(connection, asked))
                if found is not None:
                    return found

    async def request(self, connections: Collection[ConnectionId]) -> Sequence[Connection]:
        """Note that they have to be synced after now; however often, one run to come serves them all.

        Returns those of which it was not noted yet.
        """
        async with self.database.begin() as tx:
            return await tx.connections.request(connections, self.clock())

    async def is_requested(self, connection: ConnectionId) -> bool:
        """Whether a request stands that no run has served yet. `False` once it is disconnected."""
        async with self.database.begin(write=False) as tx:
            requested, done = await tx.connections.pending(connection)
            return requested > done

    async def _acquire(self, connection: ConnectionId) -> Lease | None:
        async with self.database.begin() as tx:
            return await tx.connections.acquire(connection, self.owner, self.lease, self.clock())

    async def _join(self, connection: Connection, asked: datetime) -> SyncRun | None:
        """The result of the run under way elsewhere, or `None` when there is none (any more) and the lease is free."""
        while True:
            async with self.database.begin(write=False) as tx:
                await tx.connections.get(_owner_of(connection), connection.id)
                latest = await tx.runs.latest(connection.id)
                is_leased = await tx.connections.is_leased(connection.id, self.clock())
            if latest is not None and latest.finished_at is not None and latest.finished_at >= asked:
                return latest
            if not is_leased:
                return None
            async with self.away():
                await asyncio.sleep(_LOOK_EVERY)

    async def _run(self, lease: Lease, connection: Connection, trigger: Trigger) -> SyncRun:
        try:
            started = await self._start(lease, connection, trigger)
            async with self._renewed(lease):
                outcome, done = await self._read(started, lease)
                return await self._finish(started, lease, outcome, done)
        except BaseException:  # cancelled, above all: whoever comes next need not wait for the lease to run out
            await asyncio.shield(self._hand_back(lease))
            raise

    async def _start(self, lease: Lease, connection: Connection, trigger: Trigger) -> _Started:
        async with fenced(self.database, lease) as tx:
            current = await tx.connections.get(_owner_of(connection), connection.id)
            requested = await tx.connections.start(lease)
            ciphertext = await tx.connections.ciphertext(connection.id)
            await tx.runs.abandon_running(connection.id, self.clock())
            run = await tx.runs.start(current, trigger, self.clock())
            return _Started(run, current, ciphertext, requested)

    async def _read(self, started: _Started, lease: Lease) -> tuple[Outcome, _Done]:
        now = self.clock()
        try:
            async with self._provider(started).open(self._account(started)) as client:
                run = RunUnderWay(
                    id=started.id,
                    lease=lease,
                    database=self.database,
                    client=client,
                    window=Window(now - self.past, now + self.future),
                    clock=self.clock,
                )
                address = self.push_addresses.get(started.connection.provider)
                outcome = await run_connection(started.connection, run, address)
                return outcome, _Done(run.ledger.tally, run.pages, client.requests, run.synced_calendars)
        except (LeaseLost, StoreUnavailable):
            raise
        except CalendarSyncError as error:  # the stored account cannot be opened
            return Outcome((SyncFailure(None, error.code, error.message),)), _Done()

    def _provider(self, started: _Started) -> Provider:
        name = started.connection.provider
        if name not in self.providers:
            raise Unavailable(f"This server is not set up to read {name}.")
        return self.providers[name]

    def _account(self, started: _Started) -> Account:
        account = unseal(self.keyring, started.connection.id, started.ciphertext)
        tokens = self.tokens(started.connection)
        return account if tokens is None else replace(account, credentials={}, tokens=tokens)

    async def _finish(self, started: _Started, lease: Lease, outcome: Outcome, done: _Done) -> SyncRun:
        now = self.clock()
        async with fenced(self.database, lease) as tx:
            await tx.runs.finish(
                started.id,
                status=_status(outcome, done),
                failures=outcome.failures,
                tally=done.tally,
                pages=done.pages,
                requests=done.requests,
                synced_calendars=done.synced_calendars,
                now=now,
            )
            if outcome.failures:
                # Where the account was connected anew meanwhile, it was its old credentials that were refused.
                latest = await tx.connections.ciphertext(lease.connection_id)
                is_refused = outcome.reconnect and latest == started.ciphertext
                status = ConnectionStatus.RECONNECT_REQUIRED if is_refused else ConnectionStatus.ACTIVE
                await tx.connections.mark(lease.connection_id, status, outcome.failures[0].message)
            else:
                await tx.connections.synced(started.connection.id, now)
            for failure in outcome.failures:
                if failure.calendar_id is not None:
                    await tx.calendars.failed(failure.calendar_id, failure.message)
            await tx.connections.release(lease, started.requested)
            await tx.connections.schedule(lease.connection_id, await self._next_sync(tx, started, outcome, now))
            return await tx.runs.get(_owner_of(started.connection), started.id)

    async def _next_sync(self, tx: Transaction, started: _Started, outcome: Outcome, now: datetime) -> datetime:
        connection = started.connection
        requested, done = await tx.connections.pending(connection.id)
        if requested > done and not outcome.retry_after:
            return now
        failed = await tx.runs.failed_in_a_row(connection.id) if outcome.failures else 0
        address = self.push_addresses.get(connection.provider)
        until = None if address is None else await tx.channels.live_until(connection.id, address, now)
        pushed = None if until is None else until - now
        wanted = await tx.org_calendars.sync_interval(connection.id)
        return now + self.pace.wait(failed=failed, retry_after=outcome.retry_after, pushed=pushed, wanted=wanted)

    async def _hand_back(self, lease: Lease) -> None:
        with suppress(LeaseLost, StoreUnavailable):
            async with fenced(self.database, lease) as tx:
                await tx.runs.abandon_running(lease.connection_id, self.clock())
                await tx.connections.release(lease, None)

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


def _owner_of(connection: Connection) -> Actor:
    return Actor(connection.user_id, connection.organization_id)


def _status(outcome: Outcome, done: _Done) -> RunStatus:
    if not outcome.failures:
        return RunStatus.SUCCEEDED
    return RunStatus.PARTIAL if done.synced_calendars else RunStatus.FAILED
