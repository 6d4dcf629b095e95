"""What is told of what happens in the store, as `data` of messages: small, and the same words as in GraphQL's feed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import ConnectionId, RunId, UserId
from calendar_sync.domain.webhooks import Notice, WebhookEventType
from calendar_sync.store.tables import connections, runs
from calendar_sync.store.webhook_outbox import emit

_OF_CHANGE = {
    "created": WebhookEventType.EVENT_CREATED,
    "updated": WebhookEventType.EVENT_UPDATED,
    "removed": WebhookEventType.EVENT_REMOVED,
}
_PARTS = ("seq", "kind", "event_id", "calendar_id", "run_id")
_OF_RUN = ("connection_id", "trigger", "status", "started_at", "finished_at", "synced_calendars")
_COUNTS = ("new_events", "updated_events", "removed_events", "pages", "requests")


async def tell_of_changes(
    connection: AsyncConnection, user: UserId, rows: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """`rows` are those of `event_changes`. An event's changes are told one after the other."""
    await emit(connection, user, map(_of_change, rows), at)


async def tell_of_connection(
    connection: AsyncConnection, which: ConnectionId, type: WebhookEventType, at: datetime
) -> None:
    """That it was connected, has to be connected anew, or is about to go."""
    statement = select(
        connections.c.user_id, connections.c.provider, connections.c.account_email, connections.c.status
    ).where(connections.c.id == which)
    row = (await connection.execute(statement)).first()
    if row is None:
        return
    data = {"connection_id": which, "provider": row.provider, "account_email": row.account_email, "status": row.status}
    await emit(connection, UserId(row.user_id), [Notice(type, data, which)], at)


async def tell_of_run(connection: AsyncConnection, run: RunId, at: datetime) -> None:
    """That it came to its end, which is stored. Runs are told of in any order."""
    row = (await connection.execute(select(runs).where(runs.c.id == run))).first()
    if row is None:
        return
    data = {
        "run_id": run,
        **{name: getattr(row, name) for name in (*_OF_RUN, *_COUNTS)},
        "errors": orjson.Fragment(row.failures),
    }
    await emit(connection, UserId(row.user_id), [Notice(WebhookEventType.SYNC_COMPLETED, data, None)], at)


def _of_change(row: Mapping[str, Any]) -> Notice:
    """`before` and `after` are JSON already."""
    summaries = {name: None if row[name] is None else orjson.Fragment(row[name]) for name in ("before", "after")}
    fields = {"changed_fields": orjson.Fragment(row["changed_fields"])}
    return Notice(
        _OF_CHANGE[row["kind"]], {**{name: row[name] for name in _PARTS}, **fields, **summaries}, row["event_id"]
    )
