"""Syncing, and what was done by it."""

import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from calendar_sync.domain import sync as domain
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId, RunId
from resolvers.connections import few
from resolvers.context import Info
from schema.types.paging import FirstArgument
from schema.types.schedule import SyncBacklog
from schema.types.sync import SyncResult, SyncRun

DEFAULT_RUNS = 20


async def sync_calendars(
    info: Info,
    connection_ids: Annotated[
        list[strawberry.ID] | None,
        strawberry.argument(description="Only these accounts, `tcred_…`, at most 100. By default all of yours."),
    ] = None,
) -> SyncResult:
    chosen = [ConnectionId(one) for one in few(connection_ids)] if connection_ids is not None else None
    return await timed(info.context.services.sync.sync(info.context.actor, chosen))


async def timed(syncing: Awaitable[domain.SyncResult]) -> SyncResult:
    """What it comes to, and how long that takes from now on."""
    started_at, clock = datetime.now(UTC), time.monotonic()
    result = await syncing
    return SyncResult.of(result, started_at, round((time.monotonic() - clock) * 1000))


async def sync_runs(
    info: Info,
    connection_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only those over this account: `tcred_…`")
    ] = None,
    first: FirstArgument = DEFAULT_RUNS,
    before: Annotated[
        datetime | None,
        strawberry.argument(description="Only those started earlier: the `startedAt` of the last one already seen."),
    ] = None,
) -> list[SyncRun]:
    found = await info.context.services.sync.runs(
        info.context.actor,
        connection=ConnectionId(connection_id) if connection_id is not None else None,
        limit=first,
        before=before,
    )
    return [SyncRun.of(run) for run in found]


async def sync_run(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The run: `run_…`")]
) -> SyncRun | None:
    try:
        return SyncRun.of(await info.context.services.sync.run(info.context.actor, RunId(id)))
    except NotFound:
        return None


async def sync_backlog(info: Info) -> SyncBacklog:
    return SyncBacklog.of(await info.context.services.schedules.backlog(info.context.actor))
