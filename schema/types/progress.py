"""What is being done over an account, told as it is done."""

from datetime import datetime

import strawberry

from calendar_sync.domain import schedule as domain
from calendar_sync.domain.identifiers import ConnectionId
from schema.types.connection import ConnectedAccount
from schema.types.described import described
from schema.types.enums import SyncState, Trigger
from schema.types.loading import Info
from schema.types.sync import SyncRun


@strawberry.type(description="How it stands with the syncing of one account.")
class SyncProgress:
    connection_id: strawberry.ID = strawberry.field(description="The account: `tcred_…`")
    state: SyncState | None = strawberry.field(
        description="Where the account is; `null` once it is disconnected, which is the last that is told of it unless "
        "it is connected again."
    )
    since: datetime | None = strawberry.field(
        description="While it is running, when that began; while it is queued, since when it waits. `null` else."
    )
    trigger: Trigger | None = strawberry.field(description="While it is running or queued, who asked for that.")
    run: SyncRun | None = strawberry.field(
        description="The run under way, else the last one; `null` where there was none, and once it is disconnected."
    )

    @described("The account; `null` once it is disconnected.")
    async def connection(self, info: Info) -> ConnectedAccount | None:
        return await info.context.loaders.connections.load(ConnectionId(self.connection_id))

    @classmethod
    def of(cls, progress: domain.SyncProgress) -> "SyncProgress":
        return cls(
            connection_id=strawberry.ID(progress.connection_id),
            state=progress.state,
            since=progress.since,
            trigger=progress.trigger,
            run=None if progress.run is None else SyncRun.of(progress.run),
        )
