"""The outbox: what is to be told is written in the transaction that caused it, for the endpoints that ask for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import (
    UserId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
    new_webhook_delivery_id,
    new_webhook_message_id,
)
from calendar_sync.domain.webhooks import DeliveryState, Notice, wants
from calendar_sync.store.bulk import insert_rows
from calendar_sync.store.columns import among, storable
from calendar_sync.store.tables import webhook_deliveries, webhook_endpoints, webhook_messages
from calendar_sync.store.webhook_endpoints import patterns_of
from calendar_sync.store.webhook_line import DUE_ANEW, first_in_line, held


@dataclass(frozen=True, slots=True)
class _Listener:
    id: WebhookEndpointId
    organization_id: str
    patterns: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Written:
    """A message as it is sent. Who takes it is looked for by `notice`."""

    id: WebhookMessageId
    notice: Notice
    at: datetime

    @property
    def payload(self) -> str:
        told = {"type": self.notice.type.value, "timestamp": self.at, "data": self.notice.data}
        return storable(orjson.dumps(told, option=orjson.OPT_UTC_Z).decode())


class WebhookOutbox:
    """`tx.webhooks`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def emit(self, user: UserId, notices: Iterable[Notice], at: datetime) -> None:
        """As `emit`."""
        await emit(self._connection, user, notices, at)

    async def put(self, user: UserId, endpoint: WebhookEndpointId, notice: Notice, at: datetime) -> WebhookDeliveryId:
        """Tell this endpoint of the user, whatever it asks for."""
        statement = select(webhook_endpoints.c.organization_id).where(webhook_endpoints.c.id == endpoint)
        organization = str((await self._connection.execute(statement)).scalar_one())
        written = _Written(new_webhook_message_id(), notice, at)
        await _store(self._connection, user, organization, [written])
        listener = _Listener(endpoint, organization, ())
        (delivery,) = await _put_in_line(self._connection, user, listener, [written])
        return delivery


async def emit(connection: AsyncConnection, user: UserId, notices: Iterable[Notice], at: datetime) -> None:
    """Tell the user's endpoints, each of what it asks for.

    It holds their lines until the transaction ends, so it comes last of what locks others' rows. `notices` are looked
    at only where there is an endpoint: nobody else pays more than one look at an index.
    """
    listeners = await _listeners(connection, user)
    if not listeners:
        return
    messages = [_Written(new_webhook_message_id(), notice, at) for notice in notices]
    asked = {each: [one for one in messages if wants(each.patterns, one.notice.type)] for each in listeners}
    needed = {one.id for ones in asked.values() for one in ones}
    await _store(connection, user, listeners[0].organization_id, [one for one in messages if one.id in needed])
    for listener, ones in asked.items():
        await _put_in_line(connection, user, listener, ones)


async def _listeners(connection: AsyncConnection, user: UserId) -> Sequence[_Listener]:
    """By id, so that two transactions hold them in the same order."""
    columns = (webhook_endpoints.c.id, webhook_endpoints.c.organization_id, webhook_endpoints.c.event_types)
    mine = select(*columns).where(webhook_endpoints.c.user_id == user, webhook_endpoints.c.is_enabled)
    rows = await connection.execute(mine.order_by(webhook_endpoints.c.id))
    return [_Listener(WebhookEndpointId(id), organization, patterns_of(types)) for id, organization, types in rows]


async def _store(connection: AsyncConnection, user: UserId, organization: str, messages: Sequence[_Written]) -> None:
    rows = [
        {
            "id": each.id,
            "user_id": user,
            "organization_id": organization,
            "type": each.notice.type.value,
            "payload": each.payload,
            "created_at": each.at,
        }
        for each in messages
    ]
    await insert_rows(connection, webhook_messages, rows)


async def _put_in_line(
    connection: AsyncConnection, user: UserId, listener: _Listener, messages: Sequence[_Written]
) -> Sequence[WebhookDeliveryId]:
    last = await held(connection, listener.id, len(messages)) if messages else None
    if last is None:
        return []
    first = await first_in_line(connection, listener.id, [each.notice.key for each in messages])
    rows = [
        _row(user, listener, each, last - len(messages) + place, is_first)
        for place, (each, is_first) in enumerate(zip(messages, first, strict=True), start=1)
    ]
    await insert_rows(connection, webhook_deliveries, rows)
    await make_due(connection, [listener.id], messages[0].at)
    return [WebhookDeliveryId(str(row["id"])) for row in rows]


async def make_due(connection: AsyncConnection, endpoints: Sequence[WebhookEndpointId], at: datetime) -> None:
    """Have it looked, from `at` on, what there is to send to these."""
    later = webhook_endpoints.c.due_at.is_(None) | (webhook_endpoints.c.due_at > at)
    those = update(webhook_endpoints).where(among(webhook_endpoints.c.id, endpoints), webhook_endpoints.c.is_enabled)
    await connection.execute(those.where(later).values(due_at=at))
    connection.info[DUE_ANEW] = True


def _row(user: UserId, listener: _Listener, message: _Written, seq: int, is_first: bool) -> Mapping[str, object]:
    return {
        "id": new_webhook_delivery_id(),
        "message_id": message.id,
        "endpoint_id": listener.id,
        "user_id": user,
        "organization_id": listener.organization_id,
        "ordering_key": message.notice.key,
        "seq": seq,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "next_attempt_at": message.at if is_first else None,
        "lease": None,
        "created_at": message.at,
        "finished_at": None,
    }
