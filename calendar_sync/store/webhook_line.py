"""The line in which deliveries to an endpoint wait: who is first of those with one key, and when there is work.

Whoever changes the line of an endpoint holds its row first. So no delivery is put behind one that is just being
finished, and none is forgotten there.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import case, func, literal_column, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import WebhookEndpointId
from calendar_sync.store.columns import among
from calendar_sync.store.tables import webhook_deliveries, webhook_endpoints

IS_PENDING = webhook_deliveries.c.state == literal_column("'pending'")
"""Written out, so that SQLite uses the indexes of what is pending."""


async def held(connection: AsyncConnection, endpoint: WebhookEndpointId, added: int = 0) -> int | None:
    """Hold the line, for so many more. The last number given out; `None` where there is no such endpoint any more."""
    last, mine = webhook_endpoints.c.last_seq, webhook_endpoints.c.id == endpoint
    if not added:
        found = await connection.scalar(select(last).where(mine).with_for_update(key_share=True))
    else:
        raised = update(webhook_endpoints).where(mine).values(last_seq=last + added)
        found = await connection.scalar(raised.returning(last))
    return None if found is None else int(found)


async def first_in_line(
    connection: AsyncConnection, endpoint: WebhookEndpointId, keys: Sequence[str | None]
) -> Sequence[bool]:
    """Which of those that are put in line, in this order, have nothing before them."""
    before = select(webhook_deliveries.c.ordering_key).where(
        webhook_deliveries.c.endpoint_id == endpoint,
        IS_PENDING,
        among(webhook_deliveries.c.ordering_key, {key for key in keys if key is not None}),
    )
    taken = set((await connection.scalars(before.distinct())).all())
    first = []
    for key in keys:
        first.append(key is None or key not in taken)
        taken.add(key)
    return first


async def move_up(connection: AsyncConnection, endpoint: WebhookEndpointId, key: str | None, now: datetime) -> None:
    """Let the next with the key be attempted, after one of them was finished."""
    if key is None:
        return
    waiting = select(webhook_deliveries.c.id).where(
        webhook_deliveries.c.endpoint_id == endpoint, IS_PENDING, webhook_deliveries.c.ordering_key == key
    )
    following = waiting.order_by(webhook_deliveries.c.seq).limit(1).scalar_subquery()
    statement = update(webhook_deliveries).where(
        webhook_deliveries.c.id == following, webhook_deliveries.c.next_attempt_at.is_(None)
    )
    await connection.execute(statement.values(next_attempt_at=now))


DUE_ANEW = "webhooks due anew"
"""In the `info` of a connection whose transaction changed when there is something to send."""


async def refresh_due(connection: AsyncConnection, endpoints: Iterable[WebhookEndpointId], **others: object) -> None:
    """Say anew when there is something to send to these, and set `others` of their columns on the way."""
    earliest = select(func.min(webhook_deliveries.c.next_attempt_at)).where(
        webhook_deliveries.c.endpoint_id == webhook_endpoints.c.id,
        IS_PENDING,
        webhook_deliveries.c.next_attempt_at.is_not(None),
    )
    due_at = case((webhook_endpoints.c.is_enabled, earliest.scalar_subquery()), else_=null())
    statement = update(webhook_endpoints).where(among(webhook_endpoints.c.id, endpoints))
    await connection.execute(statement.values(due_at=due_at, **others))
    connection.info[DUE_ANEW] = True
