"""The log of deliveries: every one with its attempts, as long as it is kept, and put in line again on request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import (
    WebhookAttemptId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
)
from calendar_sync.domain.webhooks import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookMessage
from calendar_sync.store.bulk import update_rows
from calendar_sync.store.columns import among
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import webhook_attempts, webhook_deliveries, webhook_messages
from calendar_sync.store.webhook_line import IS_PENDING, first_in_line, held, refresh_due

_AGAIN = ("seq", "state", "attempts", "next_attempt_at", "lease", "finished_at")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Deliveries of messages from `since` on and before `until`, in one of the states."""

    since: datetime
    until: datetime
    states: Sequence[DeliveryState]


class WebhookLog:
    """`tx.webhook_log`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self,
        actor: Actor,
        endpoint: WebhookEndpointId,
        *,
        state: DeliveryState | None = None,
        after: WebhookDelivery | None = None,
        limit: int,
    ) -> Sequence[WebhookDelivery]:
        """What was sent to the endpoint, or is to be, the newest message first; those that follow `after`."""
        statement = within(actor, _DELIVERIES, webhook_deliveries).where(webhook_deliveries.c.endpoint_id == endpoint)
        if state is not None:
            statement = statement.where(webhook_deliveries.c.state == state.value)
        if after is not None:
            place = tuple_(webhook_deliveries.c.created_at, webhook_deliveries.c.id)
            statement = statement.where(place < (after.message.created_at, after.id))
        newest = statement.order_by(webhook_deliveries.c.created_at.desc(), webhook_deliveries.c.id.desc())
        return [_delivery(row) for row in await self._connection.execute(newest.limit(limit))]

    async def get(self, actor: Actor, delivery: WebhookDeliveryId) -> WebhookDelivery:
        """Raises `NotFound`."""
        statement = within(actor, _DELIVERIES, webhook_deliveries).where(webhook_deliveries.c.id == delivery)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise NotFound("webhook_delivery")
        return _delivery(row)

    async def attempts(
        self, actor: Actor, deliveries: Iterable[WebhookDeliveryId]
    ) -> Mapping[WebhookDeliveryId, Sequence[WebhookAttempt]]:
        """Every attempt of these, the first one first."""
        statement = select(webhook_attempts).join(
            webhook_deliveries, webhook_deliveries.c.id == webhook_attempts.c.delivery_id
        )
        theirs = statement.where(among(webhook_attempts.c.delivery_id, deliveries))
        ordered = named_within(actor, theirs, webhook_deliveries).order_by(
            webhook_attempts.c.started_at, webhook_attempts.c.id
        )
        found: dict[WebhookDeliveryId, list[WebhookAttempt]] = {}
        for row in await self._connection.execute(ordered):
            found.setdefault(WebhookDeliveryId(row.delivery_id), []).append(_attempt(row))
        return found

    async def again(self, actor: Actor, delivery: WebhookDeliveryId, now: datetime) -> WebhookDelivery:
        """Put a delivery in line again, behind all others; one that waits for its next attempt has it now.

        Raises `NotFound`.
        """
        kept = await self._keep(actor, webhook_deliveries.c.id == delivery)
        if not kept or (last := await held(self._connection, kept[0].endpoint_id, 1)) is None:
            raise NotFound("webhook_delivery")
        found = await self.get(actor, delivery)
        if found.state is DeliveryState.PENDING:
            waiting = update(webhook_deliveries).where(
                webhook_deliveries.c.id == delivery,
                IS_PENDING,
                webhook_deliveries.c.lease.is_(None),
                webhook_deliveries.c.next_attempt_at > now,
            )
            await self._connection.execute(waiting.values(next_attempt_at=now))
        else:
            await self._put_in_line(found.endpoint_id, [(delivery, found.ordering_key)], last, now)
        await refresh_due(self._connection, [found.endpoint_id])
        return await self.get(actor, delivery)

    async def all_again(
        self, actor: Actor, endpoint: WebhookEndpointId, stretch: Stretch, now: datetime, at_most: int
    ) -> int:
        """Put so many of the stretch in line again, the oldest first; how many there were."""
        if await held(self._connection, endpoint) is None:
            return 0
        those = (
            (webhook_deliveries.c.endpoint_id == endpoint)
            & (webhook_deliveries.c.created_at >= stretch.since)
            & (webhook_deliveries.c.created_at < stretch.until)
            & (webhook_deliveries.c.finished_at <= now)
            & webhook_deliveries.c.state.in_([state.value for state in stretch.states])
        )
        found = [(WebhookDeliveryId(row.id), row.ordering_key) for row in await self._keep(actor, those, at_most)]
        last = await held(self._connection, endpoint, len(found))
        if found and last is not None:
            await self._put_in_line(endpoint, found, last, now)
            await refresh_due(self._connection, [endpoint])
        return len(found)

    async def trim(self, before: datetime, at_most: int) -> int:
        """Delete so many messages from before then, with their deliveries, that no endpoint waits for; how many."""
        is_old = (webhook_messages.c.created_at < before) & ~exists().where(
            webhook_deliveries.c.message_id == webhook_messages.c.id, IS_PENDING
        )
        old = select(webhook_messages.c.id).where(is_old).order_by(webhook_messages.c.created_at).limit(at_most)
        found = (await self._connection.scalars(old.with_for_update(skip_locked=True))).all()
        # Whoever puts one in line again holds its message: those that did so in time are seen by now.
        await self._connection.execute(delete(webhook_messages).where(among(webhook_messages.c.id, found), is_old))
        return len(found)

    async def _keep(self, actor: Actor, which: ColumnElement[bool], at_most: int = 1) -> Sequence[Row[Any]]:
        """The actor's deliveries of which that is so, in order; their messages are kept until the transaction ends."""
        statement = within(actor, _DELIVERIES, webhook_deliveries).where(which).order_by(webhook_deliveries.c.seq)
        kept = statement.limit(at_most).with_for_update(of=webhook_messages, read=True, key_share=True)
        return list(await self._connection.execute(kept))

    async def _put_in_line(
        self,
        endpoint: WebhookEndpointId,
        deliveries: Sequence[tuple[WebhookDeliveryId, str | None]],
        last: int,
        now: datetime,
    ) -> None:
        first = await first_in_line(self._connection, endpoint, [key for _, key in deliveries])
        numbered = enumerate(zip(deliveries, first, strict=True), start=last - len(deliveries) + 1)
        rows = [
            {
                "id": id,
                "seq": seq,
                "state": DeliveryState.PENDING.value,
                "attempts": 0,
                "next_attempt_at": now if is_first else None,
                "lease": None,
                "finished_at": None,
            }
            for seq, ((id, _), is_first) in numbered
        ]
        await update_rows(self._connection, webhook_deliveries, _AGAIN, rows)


_DELIVERIES: Select[Any] = select(webhook_deliveries, webhook_messages.c.type, webhook_messages.c.payload).join(
    webhook_messages, webhook_messages.c.id == webhook_deliveries.c.message_id
)


def _delivery(row: Row[Any]) -> WebhookDelivery:
    return WebhookDelivery(
        id=WebhookDeliveryId(row.id),
        endpoint_id=WebhookEndpointId(row.endpoint_id),
        message=WebhookMessage(WebhookMessageId(row.message_id), row.type, row.payload, row.created_at),
        ordering_key=row.ordering_key,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        under_way=None if row.lease is None else WebhookAttemptId(row.lease),
        finished_at=row.finished_at,
    )


def _attempt(row: Row[Any]) -> WebhookAttempt:
    return WebhookAttempt(
        id=WebhookAttemptId(row.id),
        delivery_id=WebhookDeliveryId(row.delivery_id),
        started_at=row.started_at,
        finished_at=row.finished_at,
        duration_ms=row.duration_ms,
        status=row.status,
        error=row.error,
        response=row.response,
    )
