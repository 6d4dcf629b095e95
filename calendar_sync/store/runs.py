"""The record of every sync run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, Select, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, RunId, new_run_id
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import (
    CalendarProgress,
    CalendarState,
    RunProgress,
    RunStatus,
    SyncFailure,
    SyncRun,
    Tally,
    Trigger,
)
from calendar_sync.store.columns import among, storable
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import connections, runs
from calendar_sync.store.webhook_notices import tell_of_run


class Runs:
    """`tx.runs`. The counts of a run are stored as they stand with each page, so that one cut short has them too."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def start(self, connection: Connection, trigger: Trigger, now: datetime, *, serves: int = 0) -> RunId:
        """Begin the record of a run that serves the requests over the connection up to the number `serves`."""
        run = new_run_id()
        statement = insert(runs).values(
            id=run,
            connection_id=connection.id,
            user_id=connection.user_id,
            serves=serves,
            trigger=trigger,
            status=RunStatus.RUNNING,
            started_at=now,
            **_columns(RunProgress()),
        )
        await self._connection.execute(statement)
        return run

    async def progress(self, run: RunId, progress: RunProgress) -> None:
        """What the run has done in all so far; in the transaction of the page that it says it of.

        It does not wait then.
        """
        await self._set(run, waiting_until=None, **_columns(progress))

    async def wait(self, run: RunId, until: datetime | None) -> None:
        """The run waits for its provider until then; `None`: no more."""
        await self._set(run, waiting_until=until)

    async def finish(self, run: RunId, *, status: RunStatus, progress: RunProgress, now: datetime) -> None:
        await self._set(run, status=status, finished_at=now, waiting_until=None, **_columns(progress))
        await tell_of_run(self._connection, run, now)

    async def abandon_running(self, connection: ConnectionId, now: datetime) -> None:
        """Close the record of runs over the connection that did not do so themselves. What they stored holds."""
        statement = update(runs).where(runs.c.connection_id == connection, runs.c.status == RunStatus.RUNNING)
        await self._connection.execute(
            statement.values(status=RunStatus.ABANDONED, finished_at=now, waiting_until=None)
        )

    async def get(self, actor: Actor, run: RunId) -> SyncRun:
        """Raises `NotFound`."""
        row = (await self._connection.execute(within(actor, _RUNS.where(runs.c.id == run), runs))).first()
        if row is None:
            raise NotFound("sync_run")
        return run_of(row)

    async def by_ids(self, actor: Actor, ids: Iterable[RunId]) -> Mapping[RunId, SyncRun]:
        """Those of the actor's that are there."""
        rows = await self._connection.execute(named_within(actor, _RUNS.where(among(runs.c.id, ids)), runs))
        return {RunId(row.id): run_of(row) for row in rows}

    async def list(
        self,
        actor: Actor,
        connection: ConnectionId | None = None,
        *,
        limit: int,
        before: datetime | None = None,
    ) -> Sequence[SyncRun]:
        """Runs over the actor's connections, or one of them, the last started first; those started before `before`."""
        statement = within(actor, _NEWEST_FIRST, runs)
        if connection is not None:
            statement = statement.where(runs.c.connection_id == connection)
        if before is not None:
            statement = statement.where(runs.c.started_at < before)
        return [run_of(row) for row in await self._connection.execute(statement.limit(limit))]

    async def that_served(self, connection: ConnectionId, seq: int) -> SyncRun | None:
        """The first run that came to its end and serves the request of that number over the connection."""
        ended = runs.c.status.not_in((RunStatus.RUNNING, RunStatus.ABANDONED))
        serving = _RUNS.where(runs.c.connection_id == connection, runs.c.serves >= seq, ended)
        row = (await self._connection.execute(serving.order_by(runs.c.started_at, runs.c.id).limit(1))).first()
        return None if row is None else run_of(row)

    async def trim(self, before: datetime, at_most: int) -> int:
        """Delete that many runs that began earlier, but the latest over each connection; how many there were."""
        later = runs.alias()
        has_later = exists().where(
            later.c.connection_id == runs.c.connection_id, later.c.started_at > runs.c.started_at
        )
        old = select(runs.c.id).where(runs.c.started_at < before, has_later).order_by(runs.c.started_at).limit(at_most)
        found = (await self._connection.scalars(old.with_for_update(skip_locked=True))).all()
        await self._connection.execute(delete(runs).where(among(runs.c.id, found)))
        return len(found)

    async def _set(self, run: RunId, **values: object) -> None:
        await self._connection.execute(update(runs).where(runs.c.id == run).values(**values))


_RUNS: Select[Any] = select(runs, connections.c.provider, connections.c.account_email).join(
    connections, connections.c.id == runs.c.connection_id
)
_NEWEST_FIRST = _RUNS.order_by(runs.c.started_at.desc(), runs.c.id.desc())


def _columns(progress: RunProgress) -> dict[str, object]:
    return {
        "new_events": progress.tally.new,
        "updated_events": progress.tally.updated,
        "removed_events": progress.tally.removed,
        "pages": progress.pages,
        "requests": progress.requests,
        "synced_calendars": progress.synced_calendars,
        "failures": _failures_text(progress.failures),
        "calendars": orjson.dumps(progress.calendars).decode(),
    }


def _failures_text(failures: Sequence[SyncFailure]) -> str:
    return orjson.dumps([asdict(failure) | {"message": storable(failure.message)} for failure in failures]).decode()


def _failure(raw: dict[str, str | None]) -> SyncFailure:
    calendar = raw["calendar_id"]
    return SyncFailure(None if calendar is None else CalendarId(calendar), str(raw["code"]), str(raw["message"]))


def _calendar(raw: dict[str, Any]) -> CalendarProgress:
    return CalendarProgress(
        CalendarId(raw["calendar_id"]),
        CalendarState(raw["state"]),
        raw["pages"],
        raw["events_seen"],
        Tally(**raw["tally"]),
    )


def run_of(row: Row[Any]) -> SyncRun:
    """A row of the table with its connection's `provider` and `account_email`."""
    return SyncRun(
        id=RunId(row.id),
        connection_id=ConnectionId(row.connection_id),
        provider=ProviderName(row.provider),
        account_email=row.account_email,
        trigger=Trigger(row.trigger),
        status=RunStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        synced_calendars=row.synced_calendars,
        tally=Tally(row.new_events, row.updated_events, row.removed_events),
        pages=row.pages,
        requests=row.requests,
        failures=tuple(_failure(raw) for raw in orjson.loads(row.failures)),
        calendars=tuple(_calendar(raw) for raw in orjson.loads(row.calendars)),
        waiting_until=row.waiting_until,
    )
