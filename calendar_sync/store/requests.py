"""What asks for runs: people, providers and the schedule. The truth is in the connection's row, the queue follows it.

Requests over a connection are numbered. A run serves all that were there when it began; while one waits for its turn,
asking again changes nothing. A job is put into the queue where no run is under way that would see to it at its end.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import Row, Select, case, func, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import ConnectionStatus, Lease
from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.requests import Asked, Begun, Job
from calendar_sync.domain.schedule import DueReason
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.columns import Moment, among
from calendar_sync.store.connections import connection_of
from calendar_sync.store.tables import connections, organizations

_C = connections.c
_IS_WAITING = _C.requested_seq > _C.done_seq
_ON_DEMAND = (Trigger.USER, Trigger.CONNECT)
_AHEAD = {Trigger.USER: 100, Trigger.CONNECT: 100, Trigger.PUSH: 50, Trigger.SCHEDULE: 0}
"""How many others of an organisation's a request goes ahead of, by who made it."""
_MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the requests over a connection are. `is_left` says that a run began and nobody is at it any more."""

    requested: int
    done: int
    is_left: bool


@dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of a request: whether it raises the number, and whether a job is put into the queue."""

    row: Row[Any]
    seq: int
    is_new: bool
    is_put: bool

    def asked(self, priorities: Mapping[str, int], delay: timedelta) -> Asked:
        row = self.row
        job = _job(row, f"{row.id}:{self.seq}", priorities[row.id], delay) if self.is_put else None
        return Asked(connection_of(row), self.seq, job)


class Requests:
    """`tx.requests`. For background work, which serves every user."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ask(
        self,
        wanted: Collection[ConnectionId],
        trigger: Trigger,
        now: datetime,
        *,
        until: datetime,
        spacing: timedelta = timedelta(),
    ) -> Sequence[Asked]:
        """Ask for a run over each. A user joins the run under way, if there is one; all others get one to follow it.

        Only a user may ask for one that is to be connected anew. `until` is when the schedule looks after a request
        that nothing came of. A run that nobody waits for begins `spacing` after the last one at the soonest.
        """
        statement = select(connections).where(among(_C.id, wanted))
        if trigger not in _ON_DEMAND:
            statement = statement.where(_C.status == ConnectionStatus.ACTIVE)
        # In one order, so that two who ask for the same do not wait for one another.
        locked = statement.order_by(_C.id).with_for_update(key_share=True)
        decided = [_decided(row, trigger, now) for row in await self._connection.execute(locked)]
        await self._raise([each.row.id for each in decided if each.is_new], trigger, now)
        put = [each.row.id for each in decided if each.is_new and each.is_put]
        await self._hold(put, until, next_sync_reason=DueReason.REQUESTED)
        priorities = await self._priorities([each.row for each in decided if each.is_put], trigger)
        spacing = timedelta() if trigger in _ON_DEMAND else spacing
        return [each.asked(priorities, remaining(each.row.last_started_at, spacing, now)) for each in decided]

    async def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[Asked]:
        """Ask for a run over each connection that is due, the longest due first, and none that another claims.

        Those are due, too, whose run was begun by a process that died. They are claimed again after `until`, in case
        that nothing comes of it.
        """
        were_begun = select(connections).where(_C.lease_until < now).order_by(_C.lease_until)
        left = await self._claimed(were_begun, limit)
        due = select(connections).where(
            _C.next_sync_at <= now, _C.status == ConnectionStatus.ACTIVE, _C.lease_until.is_(None)
        )
        rows = left + await self._claimed(due.order_by(_C.next_sync_at, _C.id), limit - len(left))
        idle = {row.id for row in rows if row.requested_seq <= row.done_seq}
        raised = {
            "requested_seq": case((_IS_WAITING, _C.requested_seq), else_=_C.requested_seq + 1),
            "requested_by": case((_IS_WAITING, _C.requested_by), else_=Trigger.SCHEDULE.value),
            "requested_at": case((_IS_WAITING, _C.requested_at), else_=literal(now, Moment())),
        }
        await self._hold([row.id for row in rows], until, lease_owner=None, lease_until=None, **raised)
        first = {row.id: _AHEAD[Trigger.USER] for row in left}  # it was their turn already
        priorities = {**await self._priorities(rows, Trigger.SCHEDULE), **first}
        return [_claim(row, row.id in idle, priorities[row.id]) for row in rows]

    async def recall(self, now: datetime) -> None:
        """Make due what was asked for: for a queue that a process keeps in memory, and lost with it."""
        await self._connection.execute(update(connections).where(_IS_WAITING).values(next_sync_at=now))

    async def next_due(self) -> datetime | None:
        """When the next sync is due, of all connections; or the lease ends of a run whose process may have died."""
        next_sync = select(func.min(_C.next_sync_at)).where(
            _C.status == ConnectionStatus.ACTIVE, _C.lease_until.is_(None)
        )
        found = await self._connection.scalar(next_sync)
        lease_ends = await self._connection.scalar(select(func.min(_C.lease_until)))
        return min((at for at in (found, lease_ends) if at is not None), default=None)

    async def begin(self, connection: ConnectionId, owner: str, ttl: timedelta, now: datetime) -> Begun | None:
        """Take the lease for `ttl` and begin the run that is asked for.

        `None` where nothing is asked for, another process is at it, or there is no such connection.
        """
        is_free = or_(_C.lease_until.is_(None), _C.lease_until < now)
        statement = (
            update(connections)
            .where(_C.id == connection, is_free, _IS_WAITING)
            .values(
                lease_owner=owner,
                lease_until=now + ttl,
                epoch=_C.epoch + 1,
                started_seq=_C.requested_seq,
                last_started_at=now,
            )
            .returning(*connections.c)
        )
        row = (await self._connection.execute(statement)).first()
        if row is None:
            return None
        lease = Lease(connection, owner, row.epoch, now + ttl)
        return Begun(lease, connection_of(row), row.started_seq, Trigger(row.requested_by), row.credentials)

    async def follow_up(self, connection: ConnectionId, spacing: timedelta, now: datetime) -> Job | None:
        """The job for what was asked for during the run that ends in this transaction, if anything was."""
        row = await self._waiting(connection)
        if row is None:
            return None
        priorities = await self._priorities([row], Trigger(row.requested_by))
        wait = remaining(row.last_started_at, spacing, now)
        return _job(row, f"{row.id}:{row.requested_seq}", priorities[row.id], wait)

    async def waiting(self) -> Sequence[Asked]:
        """What is asked for and not done, over all connections."""
        rows = await self._connection.execute(select(connections).where(_IS_WAITING).order_by(_C.id))
        return [Asked(connection_of(row), row.requested_seq, None) for row in rows]

    async def put_off(self, connection: ConnectionId, delay: timedelta) -> Job | None:
        """A job in place of one that was taken and could not be begun, if a run is asked for still."""
        row = await self._waiting(connection)
        if row is None:
            return None
        # The one that was taken is in the queue for a moment longer: the same key would be swallowed.
        return _job(row, f"{row.id}:{row.requested_seq}:{token_hex(8)}", _AHEAD[Trigger(row.requested_by)], delay)

    async def left_over(self, wanted: Collection[ConnectionId], now: datetime) -> Sequence[Job]:
        """The jobs for those that wait for a run, and none is under way; one may be in the queue already."""
        waiting = select(connections).where(among(_C.id, wanted), _IS_WAITING).order_by(_C.id)
        rows = [row for row in await self._connection.execute(waiting) if not _runs(row, now)]
        priorities = await self._priorities(rows, Trigger.USER)
        return [_job(row, f"{row.id}:{row.requested_seq}", priorities[row.id], timedelta()) for row in rows]

    async def standings(self, wanted: Collection[ConnectionId], now: datetime) -> Mapping[ConnectionId, Standing]:
        """Of those that there are."""
        statement = select(_C.id, _C.requested_seq, _C.done_seq, _C.lease_until).where(among(_C.id, wanted))
        return {
            ConnectionId(row.id): Standing(
                row.requested_seq, row.done_seq, row.lease_until is not None and row.lease_until < now
            )
            for row in await self._connection.execute(statement)
        }

    async def _waiting(self, connection: ConnectionId) -> Row[Any] | None:
        return (await self._connection.execute(select(connections).where(_C.id == connection, _IS_WAITING))).first()

    async def _claimed(self, statement: Select[Any], limit: int) -> list[Row[Any]]:
        locked = statement.limit(limit).with_for_update(key_share=True, skip_locked=True)
        return list(await self._connection.execute(locked))

    async def _raise(self, those: Collection[str], trigger: Trigger, now: datetime) -> None:
        if those:
            asked = update(connections).where(among(_C.id, those))
            raised = {"requested_seq": _C.requested_seq + 1, "requested_by": trigger, "requested_at": now}
            await self._connection.execute(asked.values(**raised))

    async def _hold(self, those: Collection[str], until: datetime, **values: object) -> None:
        """Leave them out of what is due until then."""
        if those:
            held = update(connections).where(among(_C.id, those))
            await self._connection.execute(held.values(next_sync_at=until, **values))

    async def _priorities(self, rows: Sequence[Row[Any]], trigger: Trigger) -> Mapping[str, int]:
        """Each organisation's requests queue behind one another, so that a busy one waits for itself.

        A user's waits for other users' only, all others for every request of the organisation.
        """
        places = Counter(await self._outstanding(rows, trigger)) if rows else Counter()
        priorities: dict[str, int] = {}
        for row in rows:
            priorities[row.id] = _AHEAD[trigger] - places[row.organization_id]
            places[row.organization_id] += 1
        return priorities

    async def _outstanding(self, beside: Sequence[Row[Any]], trigger: Trigger) -> Mapping[OrganizationId, int]:
        """How many more connections of each organisation wait or are under way, up to a number that is enough."""
        is_another = not_(among(_C.id, [row.id for row in beside]))
        waiting = select(literal(1)).where(_C.organization_id == organizations.c.id, _IS_WAITING, is_another)
        if trigger in _ON_DEMAND:
            waiting = waiting.where(_C.requested_by.in_(_ON_DEMAND))
        few = waiting.correlate(organizations).limit(_MOST_COUNTED).subquery()
        counted = select(func.count()).select_from(few).scalar_subquery()
        statement = select(organizations.c.id, counted).where(
            among(organizations.c.id, {row.organization_id for row in beside})
        )
        return {OrganizationId(name): count for name, count in await self._connection.execute(statement)}


def remaining(begun: datetime | None, spacing: timedelta, now: datetime) -> timedelta:
    """How long until `spacing` has passed since then."""
    return timedelta() if begun is None else max(begun + spacing - now, timedelta())


def _runs(row: Row[Any], now: datetime) -> bool:
    return bool(row.lease_until is not None and row.lease_until >= now and row.started_seq > row.done_seq)


def _rests(row: Row[Any], now: datetime) -> bool:
    """Whether the provider said how long to wait, and that is not over."""
    return bool(row.next_sync_reason == DueReason.RATE_LIMITED and row.next_sync_at and row.next_sync_at > now)


def _decided(row: Row[Any], trigger: Trigger, now: datetime) -> _Decided:
    runs = _runs(row, now)
    if runs and trigger in _ON_DEMAND:
        return _Decided(row, row.started_seq, is_new=False, is_put=False)
    # A request that a run had begun to serve waits again once that run was given up.
    waits = row.requested_seq > row.done_seq and (row.requested_seq > row.started_seq or not runs)
    # A user's goes ahead of where it waits already; all others wait for as long as the provider wants to be left alone.
    is_put = not runs and (trigger in _ON_DEMAND or not (waits or _rests(row, now)))
    return _Decided(row, row.requested_seq + (not waits), is_new=not waits, is_put=is_put)


def _claim(row: Row[Any], is_new: bool, priority: int) -> Asked:
    # The epoch tells it from the job of a run that died, which the queue may hold for a moment longer.
    seq = row.requested_seq + is_new
    return Asked(connection_of(row), seq, _job(row, f"{row.id}:{seq}:{row.epoch}", priority, timedelta()))


def _job(row: Row[Any], key: str, priority: int, delay: timedelta) -> Job:
    return Job(ConnectionId(row.id), OrganizationId(row.organization_id), key, priority, delay)
