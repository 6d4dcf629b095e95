"""The use case of following what is being done over one's connections, as it is done, by whichever process."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId, RunId, UserId
from calendar_sync.domain.schedule import SyncProgress, SyncState
from calendar_sync.domain.sync import RunStatus, SyncRun
from calendar_sync.live import Live
from calendar_sync.store.database import Database
from calendar_sync.store.schedules import StoredProgress

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Standing = Mapping[ConnectionId, StoredProgress]
"""How it stands with all connections of a user."""


@dataclass(slots=True)
class ProgressService:
    """One for a process. However many follow, the store is asked one question for all of them at a time."""

    database: Database
    clock: Callable[[], datetime]
    _live: Live[UserId, Standing] = field(init=False)

    def __post_init__(self) -> None:
        self._live = Live(self._look)

    def wake(self) -> None:
        """This process has changed what is stored of a run, or asked for one. Costs nothing while nobody follows."""
        self._live.wake()

    async def follow(
        self, actor: Actor, connections: Collection[ConnectionId] | None = None
    ) -> AsyncGenerator[SyncProgress]:
        """How it stands with these connections of the actor, or all of them, and each change from then on.

        What another process does is told within half a second. Of changes that come faster than they are taken, only
        the last is told; but the end of a run that was told of always is. One that is connected meanwhile is told of
        too, and one that is disconnected a last time, without a state. Close it when done (`aclosing`). Raises
        `NotFound` for a connection that is not the actor's, and `StoreUnavailable`.
        """
        await self._expect(actor, connections or ())
        told: dict[ConnectionId, SyncProgress] = {}
        before: Standing = {}
        async with aclosing(self._live.follow(actor.user_id)) as standings:
            async for standing in standings:
                now = {name: each for name, each in standing.items() if connections is None or name in connections}
                for change in _changes(before, now):
                    last = told.get(change.connection_id)
                    if change == last:
                        continue
                    if (ended := await self._ended(actor, last, change)) is not None:
                        yield ended
                    told[change.connection_id] = change
                    yield change
                before = now

    async def close(self) -> None:
        """All that is followed ends."""
        await self._live.close()

    async def _look(self, users: Collection[UserId]) -> Mapping[UserId, Standing]:
        async with self.database.begin(write=False) as tx:  # for everybody: each is given their own below
            return await tx.schedules.progress(users, self.clock())

    async def _expect(self, actor: Actor, connections: Collection[ConnectionId]) -> None:
        async with self.database.begin(write=False, actor=actor) as tx:
            for connection in connections:
                await tx.connections.get(actor, connection)

    async def _ended(self, actor: Actor, before: SyncProgress | None, now: SyncProgress) -> SyncProgress | None:
        """How the run came to its end that was told of last, where another has begun since."""
        run = None if before is None else before.run
        if run is None or run.status is not RunStatus.RUNNING or now.run is None or now.run.id == run.id:
            return None
        ended = await self._run(actor, run.id)
        if ended is None:
            return None
        # No run begins that was not asked for: between the two the connection was queued.
        return SyncProgress(run.connection_id, SyncState.QUEUED, ended.finished_at, now.run.trigger, ended)

    async def _run(self, actor: Actor, run: RunId) -> SyncRun | None:
        async with self.database.begin(write=False, actor=actor) as tx:
            try:
                return await tx.runs.get(actor, run)
            except NotFound:  # disconnected since
                return None


def _changes(before: Standing, now: Standing) -> Sequence[SyncProgress]:
    """In the order in which they came to be."""
    gone = [SyncProgress(name) for name in before if name not in now]
    return gone + sorted((each.read() for name, each in now.items() if before.get(name) != each), key=_moment)


def _moment(progress: SyncProgress) -> datetime:
    ended = None if progress.run is None else progress.run.finished_at
    return max(progress.since or _LONG_AGO, ended or _LONG_AGO)
