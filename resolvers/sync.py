"""Syncing, and what was done by it."""

import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from calendar_sync.domain import sync as domain
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId, RunId
from resolvers.connections import few
from resolvers.context import Info
from schema.types.paging import FirstArgument
from schema.types.progress import SyncProgress
from schema.types.schedule import SyncBacklog
from schema.types.sync import SyncResult, SyncRun

DEFAULT_RUNS = 20


ConnectionsArgument = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only these accounts, `tcred_…`, at most 100. By default all of yours."),
]


async def sync_calendars(
    info: Info,
    connection_ids: ConnectionsArgument = None,
    wait: Annotated[
        bool,
        strawberry.argument(
            description="Whether to answer when it is done. With `false` the answer comes as soon as it is stored that "
            "the accounts are to be read: they are `pending`, and `syncProgress` or `syncRuns` tell the rest."
        ),
    ] = True,
) -> SyncResult:
    services, actor = info.context.services, info.context.actor
    sync = services.sync.sync if wait else services.sync.begin
    return await timed(sync(actor, _chosen(connection_ids)))


async def sync_progress(info: Info, connection_ids: ConnectionsArgument = None) -> AsyncGenerator[SyncProgress, None]:
    services, actor = info.context.services, info.context.actor
    async with aclosing(services.progress.follow(actor, _chosen(connection_ids))) as changes:
        async for change in changes:
            yield SyncProgress.of(change)


def _chosen(connections: Sequence[strawberry.ID] | None) -> Sequence[ConnectionId] | None:
    return None if connections is None else [ConnectionId(one) for one in few(connections)]


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
