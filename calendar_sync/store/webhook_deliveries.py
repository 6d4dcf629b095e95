"""Deliveries as they are made: each taken under a lease by some process, and ended, or due again when that is out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import (
    WebhookAttemptId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
    new_webhook_attempt_id,
)
from calendar_sync.domain.webhooks import Answer, DeliveryState
from calendar_sync.store.bulk import insert_rows, update_rows
from calendar_sync.store.columns import among
from calendar_sync.store.tables import webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_messages
from calendar_sync.store.webhook_endpoints import StoredEndpoint, stored_endpoint
from calendar_sync.store.webhook_line import IS_PENDING, held, move_up, refresh_due


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery whose attempt is this process's to make. `failed` have been made since it was put in line."""

    id: WebhookDeliveryId
    attempt: WebhookAttemptId
    endpoint: StoredEndpoint
    message: WebhookMessageId
    payload: str
    ordering_key: str | None
    failed: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an attempt. `next_at` is when the next one is to be made, of a delivery that is still pending."""

    answer: Answer
    state: DeliveryState
    next_at: datetime | None
    at: datetime
    duration: timedelta


class WebhookDeliveries:
    """`tx.webhook_deliveries`. For background work, which serves every user."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def next_due(self) -> datetime | None:
        """When there is something to send."""
        due_at = webhook_endpoints.c.due_at
        found: datetime | None = await self._connection.scalar(select(func.min(due_at)).where(due_at.is_not(None)))
        return found

    async def take(self, now: datetime, until: datetime, most: int, most_each: int) -> Sequence[Taken]:
        """Take what is due, the endpoint first that has waited longest: at most `most`.

        To one endpoint at most `most_each` are under way, in all processes. Whatever is not ended by `until` is due
        again. Endpoints whose line another process holds just now are left out.
        """
        due = select(webhook_endpoints).where(webhook_endpoints.c.due_at <= now).order_by(webhook_endpoints.c.due_at)
        rows = (await self._connection.execute(due.limit(most).with_for_update(key_share=True, skip_locked=True))).all()
        taken: list[Taken] = []
        full: list[WebhookEndpointId] = []
        for row in rows:
            endpoint = stored_endpoint(row)
            room = most_each - await self._under_way(endpoint.sealed.id, now)
            found = await self._due(endpoint.sealed.id, now, min(room, most - len(taken)))
            taken += [_taken(each, endpoint, now) for each in found]
            if len(found) >= room:
                full.append(endpoint.sealed.id)
        await self._lease(taken, until)
        await refresh_due(self._connection, [WebhookEndpointId(row.id) for row in rows])
        await self._look_later(full, until)
        return taken

    async def end(self, taken: Taken, ended: Ended) -> bool:
        """Record the attempt and what becomes of the delivery. `False` where another process took it meanwhile."""
        endpoint = taken.endpoint.sealed.id
        if await held(self._connection, endpoint) is None:
            return False
        await self._record(taken, ended)
        is_pending = ended.state is DeliveryState.PENDING
        mine = update(webhook_deliveries).where(
            webhook_deliveries.c.id == taken.id, webhook_deliveries.c.lease == taken.attempt
        )
        changed = await self._connection.execute(
            mine.values(
                state=ended.state.value,
                attempts=taken.failed + 1,
                next_attempt_at=ended.next_at,
                lease=None,
                finished_at=None if is_pending else ended.at,
            )
        )
        if changed.rowcount == 1 and not is_pending:
            await move_up(self._connection, endpoint, taken.ordering_key, ended.at)
        since: ColumnElement[Any] = (
            null() if ended.answer.is_taken else func.coalesce(webhook_endpoints.c.failing_since, ended.at)
        )
        await refresh_due(self._connection, [endpoint], failing_since=since)
        return changed.rowcount == 1

    async def hand_back(self, taken: Taken, now: datetime) -> None:
        """An attempt that was cut short is made again at once."""
        if await held(self._connection, taken.endpoint.sealed.id) is None:
            return
        mine = update(webhook_deliveries).where(
            webhook_deliveries.c.id == taken.id, webhook_deliveries.c.lease == taken.attempt
        )
        await self._connection.execute(mine.values(lease=None, next_attempt_at=now))
        await refresh_due(self._connection, [taken.endpoint.sealed.id])

    async def _under_way(self, endpoint: WebhookEndpointId, now: datetime) -> int:
        leased = webhook_deliveries.c.lease.is_not(None) & (webhook_deliveries.c.next_attempt_at > now)
        statement = select(func.count()).where(webhook_deliveries.c.endpoint_id == endpoint, leased)
        return int((await self._connection.execute(statement)).scalar_one())

    async def _due(self, endpoint: WebhookEndpointId, now: datetime, most: int) -> Sequence[Row[Any]]:
        if most <= 0:
            return []
        statement = (
            select(webhook_deliveries, webhook_messages.c.payload)
            .join(webhook_messages, webhook_messages.c.id == webhook_deliveries.c.message_id)
            .where(
                webhook_deliveries.c.endpoint_id == endpoint, IS_PENDING, webhook_deliveries.c.next_attempt_at <= now
            )
            .order_by(webhook_deliveries.c.next_attempt_at, webhook_deliveries.c.seq)
        )
        return (await self._connection.execute(statement.limit(most))).all()

    async def _lease(self, taken: Sequence[Taken], until: datetime) -> None:
        leases = [{"id": each.id, "lease": each.attempt, "next_attempt_at": until} for each in taken]
        await update_rows(self._connection, webhook_deliveries, ("lease", "next_attempt_at"), leases)
        await insert_rows(self._connection, webhook_attempts, [_attempt_row(each) for each in taken])

    async def _look_later(self, endpoints: Sequence[WebhookEndpointId], until: datetime) -> None:
        """At endpoints with as many under way as may be. Each that ends says anew when to look."""
        statement = update(webhook_endpoints).where(among(webhook_endpoints.c.id, endpoints))
        if endpoints:
            await self._connection.execute(statement.values(due_at=until))

    async def _record(self, taken: Taken, ended: Ended) -> None:
        statement = update(webhook_attempts).where(webhook_attempts.c.id == taken.attempt)
        answer = ended.answer
        await self._connection.execute(
            statement.values(
                finished_at=ended.at,
                duration_ms=ended.duration // timedelta(milliseconds=1),
                status=answer.status,
                error=answer.error,
                response=answer.excerpt,
            )
        )


def _taken(row: Row[Any], endpoint: StoredEndpoint, now: datetime) -> Taken:
    return Taken(
        id=WebhookDeliveryId(row.id),
        attempt=new_webhook_attempt_id(),
        endpoint=endpoint,
        message=WebhookMessageId(row.message_id),
        payload=row.payload,
        ordering_key=row.ordering_key,
        failed=row.attempts,
        started_at=now,
    )


def _attempt_row(taken: Taken) -> Mapping[str, object]:
    return {
        "id": taken.attempt,
        "delivery_id": taken.id,
        "organization_id": taken.endpoint.sealed.organization_id,
        "started_at": taken.started_at,
        "finished_at": None,
        "duration_ms": None,
        "status": None,
        "error": None,
        "response": None,
    }
