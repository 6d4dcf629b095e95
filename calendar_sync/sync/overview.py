"""The use case of seeing what is due, running and waiting: to a user of theirs, to an administrator of all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotPermitted
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.schedule import Backlog, DueReason, SyncSchedule, SyncState
from calendar_sync.store.channels import Push
from calendar_sync.store.database import Database
from calendar_sync.store.schedules import StoredSchedule, since_when
from calendar_sync.sync.due import rhythm_of
from calendar_sync.sync.pace import Pace


@dataclass(frozen=True, slots=True)
class ScheduleService:
    """`push_addresses` are those at which providers notify this server."""

    database: Database
    clock: Callable[[], datetime]
    pace: Pace
    push_addresses: Collection[str] = ()

    async def schedules(
        self, actor: Actor, connections: Collection[ConnectionId]
    ) -> Mapping[ConnectionId, SyncSchedule]:
        """Of those that are the actor's own, in two queries however many they are."""
        now = self.clock()
        async with self.database.begin(write=False, actor=actor) as tx:
            found = await tx.schedules.list(actor, connections, now)
            pushes = await tx.channels.pushes([each.connection_id for each in found], self.push_addresses, now)
        return {each.connection_id: self._schedule(each, pushes.get(each.connection_id), now) for each in found}

    async def backlog(self, actor: Actor) -> Sequence[Backlog]:
        """How the connections of the actor's organisation stand, by provider, in one query.

        Raises `NotPermitted` for whoever is no administrator.
        """
        if not actor.is_admin:
            raise NotPermitted("Only an administrator of the organisation may see how its accounts stand.")
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.schedules.backlog(actor, self.clock())

    def _schedule(self, stored: StoredSchedule, push: Push | None, now: datetime) -> SyncSchedule:
        is_paused = stored.state is SyncState.PAUSED
        since, trigger = since_when(stored.state, stored.run, stored.requested_at, stored.requested_by)
        return SyncSchedule(
            connection_id=stored.connection_id,
            state=stored.state,
            reason=DueReason.RECONNECT_REQUIRED if is_paused else stored.reason,
            since=since,
            next_sync_at=stored.next_sync_at if stored.state is SyncState.WAITING else None,
            failed_in_a_row=stored.terms.failed_in_a_row,
            interval=self.pace.in_force(rhythm_of(stored.terms, push, now)).length,
            pushed_until=push.ends_at if push is not None and push.is_complete else None,
            run=stored.run.id if stored.run is not None and stored.state is SyncState.RUNNING else None,
            trigger=trigger,
        )
