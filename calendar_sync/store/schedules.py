"""When connections are due and why, and in which state each is between two syncs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId, RunId, UserId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.schedule import Backlog, DueReason, SyncProgress, SyncState
from calendar_sync.domain.sync import RunStatus, SyncRun, Trigger
from calendar_sync.store.columns import among
from calendar_sync.store.runs import run_of
from calendar_sync.store.scope import within, within_organization
from calendar_sync.store.tables import calendars, connections, org_calendars, runs

_C = connections.c
_BY_THEIR_PROVIDER = (DueReason.RATE_LIMITED, DueReason.BACKING_OFF, DueReason.RECONNECT_REQUIRED)


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides when a connection is due. The intervals are the shortest that administrators set for a calendar of
    it, and the shortest that its calendars publish, `None` unless all that are read do."""

    status: ConnectionStatus
    failed_in_a_row: int
    wanted: timedelta | None
    published: timedelta | None


@dataclass(frozen=True, slots=True)
class RunUnderWay:
    id: RunId
    trigger: Trigger
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """How it stands with one connection. `requested_at` and `requested_by` are those of the last request."""

    connection_id: ConnectionId
    state: SyncState
    reason: DueReason
    next_sync_at: datetime | None
    requested_at: datetime | None
    requested_by: Trigger
    run: RunUnderWay | None
    terms: Terms


@dataclass(frozen=True, slots=True)
class StoredProgress:
    """What is being done over one connection, unread: it is the same as another one as long as nothing has changed."""

    connection_id: ConnectionId
    _row: Row[Any]

    def read(self) -> SyncProgress:
        row = self._row
        state, run = SyncState(row.state), None if row.id is None else run_of(row)
        since, trigger = since_when(state, run, row.requested_at, Trigger(row.requested_by))
        return SyncProgress(self.connection_id, state, since, trigger, run)


def since_when(
    state: SyncState, run: RunUnderWay | SyncRun | None, requested_at: datetime | None, requested_by: Trigger
) -> tuple[datetime | None, Trigger | None]:
    """Since when a connection is running or queued, and who asked for that."""
    if state is SyncState.RUNNING and run is not None:
        return run.started_at, run.trigger
    if state is SyncState.QUEUED:
        return requested_at, requested_by
    return None, None


class Schedules:
    """`tx.schedules`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def terms(self, connection: ConnectionId) -> Terms:
        """Raises `NotFound`."""
        statement: Select[Any] = select(*_TERMS).where(_C.id == connection)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise NotFound("connection")
        return _terms(row)

    async def list(self, actor: Actor, chosen: Collection[ConnectionId], now: datetime) -> Sequence[StoredSchedule]:
        """Those of the actor's own connections."""
        statement = within(actor, _schedules(now).where(among(_C.id, chosen)), connections)
        return [_schedule(row) for row in await self._connection.execute(statement)]

    async def progress(
        self, users: Collection[UserId], now: datetime
    ) -> Mapping[UserId, Mapping[ConnectionId, StoredProgress]]:
        """What is being done over all connections of each of the users, in one query."""
        found: dict[UserId, dict[ConnectionId, StoredProgress]] = {user: {} for user in users}
        for row in await self._connection.execute(_progress(now).where(among(_C.user_id, users))):
            connection = ConnectionId(row.connection)
            found[UserId(row.owner)][connection] = StoredProgress(connection, row)
        return found

    async def bring_forward(self, connection: ConnectionId, at: datetime, reason: DueReason) -> None:
        """The next sync is due then at the latest, unless it waits for the sake of its provider."""
        sooner = update(connections).where(
            _C.id == connection, _C.next_sync_at > at, _C.next_sync_reason.not_in(_BY_THEIR_PROVIDER)
        )
        await self._connection.execute(sooner.values(next_sync_at=at, next_sync_reason=reason))

    async def backlog(self, actor: Actor, now: datetime) -> Sequence[Backlog]:
        """Of the actor's organisation, one for each provider that it has connections to."""
        states = within_organization(
            actor,
            select(_C.provider, _state(now).label("state"), _C.next_sync_at, _C.requested_at),
            connections,
        ).subquery()
        is_waiting = states.c.state == SyncState.WAITING
        is_overdue = and_(is_waiting, states.c.next_sync_at <= now)
        is_queued = states.c.state == SyncState.QUEUED
        counted = select(
            states.c.provider,
            func.count().filter(states.c.state == SyncState.RUNNING).label("running"),
            func.count().filter(is_queued).label("queued"),
            func.count().filter(is_overdue).label("overdue"),
            func.count().filter(is_waiting).label("all_waiting"),
            func.count().filter(states.c.state == SyncState.PAUSED).label("paused"),
            func.min(case((is_queued, states.c.requested_at))).label("queued_since"),
            func.min(case((is_overdue, states.c.next_sync_at))).label("overdue_since"),
        ).group_by(states.c.provider)
        return [_backlog(row) for row in await self._connection.execute(counted.order_by(states.c.provider))]


def _state(now: datetime) -> ColumnElement[str]:
    """The `SyncState` of a connection. A lease is taken for a run and for nothing else."""
    return case(
        (_C.lease_until >= now, SyncState.RUNNING.value),
        (_C.status == ConnectionStatus.RECONNECT_REQUIRED, SyncState.PAUSED.value),
        (_C.requested_seq > _C.done_seq, SyncState.QUEUED.value),
        else_=SyncState.WAITING.value,
    )


_WANTED = (
    select(func.min(org_calendars.c.sync_interval_minutes))
    .join(calendars, calendars.c.id == org_calendars.c.calendar_id)
    .where(calendars.c.connection_id == _C.id)
    .correlate(connections)
    .scalar_subquery()
)
_PUBLISHED = (
    select(func.min(func.coalesce(calendars.c.poll_interval_seconds, 0)))
    .where(calendars.c.connection_id == _C.id, calendars.c.gone_at.is_(None), calendars.c.is_selected)
    .correlate(connections)
    .scalar_subquery()
)
_TERMS = (
    _C.status,
    _C.failed_in_a_row,
    _WANTED.label("wanted_minutes"),
    _PUBLISHED.label("published_seconds"),
)


_IS_LATEST = and_(runs.c.connection_id == _C.id, runs.c.started_at == _C.last_started_at)


def _schedules(now: datetime) -> Select[Any]:
    under_way = and_(_IS_LATEST, runs.c.status == RunStatus.RUNNING)
    return select(
        _C.id,
        _state(now).label("state"),
        _C.next_sync_at,
        _C.next_sync_reason,
        _C.requested_at,
        _C.requested_by,
        *_TERMS,
        runs.c.id.label("run_id"),
        runs.c.trigger,
        runs.c.started_at,
    ).select_from(connections.outerjoin(runs, under_way))


def _progress(now: datetime) -> Select[Any]:
    """Of each connection, with its latest run."""
    return select(
        _C.id.label("connection"),
        _C.user_id.label("owner"),
        _state(now).label("state"),
        _C.requested_at,
        _C.requested_by,
        _C.provider,
        _C.account_email,
        runs,
    ).select_from(connections.outerjoin(runs, _IS_LATEST))


def _terms(row: Row[Any]) -> Terms:
    wanted, published = row.wanted_minutes, row.published_seconds
    return Terms(
        status=ConnectionStatus(row.status),
        failed_in_a_row=row.failed_in_a_row,
        wanted=None if wanted is None else timedelta(minutes=wanted),
        published=timedelta(seconds=published) if published else None,
    )


def _schedule(row: Row[Any]) -> StoredSchedule:
    return StoredSchedule(
        connection_id=ConnectionId(row.id),
        state=SyncState(row.state),
        reason=DueReason(row.next_sync_reason),
        next_sync_at=row.next_sync_at,
        requested_at=row.requested_at,
        requested_by=Trigger(row.requested_by),
        run=None if row.run_id is None else RunUnderWay(RunId(row.run_id), Trigger(row.trigger), row.started_at),
        terms=_terms(row),
    )


def _backlog(row: Row[Any]) -> Backlog:
    return Backlog(
        provider=ProviderName(row.provider),
        running=row.running,
        queued=row.queued,
        overdue=row.overdue,
        waiting=row.all_waiting - row.overdue,
        paused=row.paused,
        queued_since=row.queued_since,
        overdue_since=row.overdue_since,
    )
