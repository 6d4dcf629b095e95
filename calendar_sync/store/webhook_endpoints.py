"""Endpoints of webhooks, each of one user."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import OrganizationId, UserId, WebhookEndpointId
from calendar_sync.domain.webhooks import WebhookEndpoint
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.scope import within
from calendar_sync.store.sealed_endpoints import unseal_secret, unseal_url
from calendar_sync.store.tables import users, webhook_deliveries, webhook_endpoints
from calendar_sync.store.webhook_line import IS_PENDING, refresh_due


@dataclass(frozen=True, slots=True)
class StoredEndpoint:
    """An endpoint whose `url` is still encrypted, as its secrets are."""

    sealed: WebhookEndpoint
    secret: str
    previous_secret: str | None

    def opened(self, keyring: Keyring) -> WebhookEndpoint:
        sealed = self.sealed
        return WebhookEndpoint(
            id=sealed.id,
            user_id=sealed.user_id,
            organization_id=sealed.organization_id,
            url=unseal_url(keyring, sealed.id, sealed.url),
            description=sealed.description,
            event_types=sealed.event_types,
            is_enabled=sealed.is_enabled,
            disabled_reason=sealed.disabled_reason,
            failing_since=sealed.failing_since,
            previous_secret_until=sealed.previous_secret_until,
            created_at=sealed.created_at,
        )

    def secrets(self, keyring: Keyring, now: datetime) -> Sequence[str]:
        """Those that sign at `now`, the current one first."""
        until = self.sealed.previous_secret_until
        kept = self.previous_secret if until is not None and now < until else None
        return [unseal_secret(keyring, self.sealed.id, each) for each in (self.secret, kept) if each is not None]


class WebhookEndpoints:
    """`tx.webhook_endpoints`. Whatever is written or read here of an address or a secret is encrypted."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def count(self, actor: Actor) -> int:
        """How many the actor has. Until the transaction ends, nobody else who counts them adds one."""
        mine = select(users.c.id).where(users.c.id == actor.user_id)
        await self._connection.execute(mine.with_for_update(key_share=True))
        statement = within(actor, select(func.count()).select_from(webhook_endpoints), webhook_endpoints)
        return int((await self._connection.execute(statement)).scalar_one())

    async def add(self, endpoint: WebhookEndpoint, url: str, secret: str) -> None:
        """An endpoint that is new, with its address and secret encrypted."""
        values = {
            "id": endpoint.id,
            "user_id": endpoint.user_id,
            "organization_id": endpoint.organization_id,
            "url": url,
            "description": endpoint.description,
            "event_types": _patterns_text(endpoint.event_types),
            "is_enabled": endpoint.is_enabled,
            "secret": secret,
            "last_seq": 0,
            "created_at": endpoint.created_at,
        }
        await self._connection.execute(insert(webhook_endpoints).values(values))

    async def get(self, actor: Actor, endpoint: WebhookEndpointId, *, hold: bool = False) -> StoredEndpoint:
        """Raises `NotFound`. With `hold`, nothing is put in line for it or sent by others until the end."""
        statement = within(
            actor, select(webhook_endpoints).where(webhook_endpoints.c.id == endpoint), webhook_endpoints
        )
        held = statement.with_for_update(key_share=True) if hold else statement
        row = (await self._connection.execute(held)).first()
        if row is None:
            raise NotFound("webhook_endpoint")
        return stored_endpoint(row)

    async def list(self, actor: Actor) -> Sequence[StoredEndpoint]:
        """The oldest first."""
        statement = within(actor, select(webhook_endpoints), webhook_endpoints)
        ordered = statement.order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
        return [stored_endpoint(row) for row in await self._connection.execute(ordered)]

    async def describe(
        self,
        endpoint: WebhookEndpointId,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
    ) -> None:
        """Change what is given."""
        patterns = None if event_types is None else _patterns_text(event_types)
        given = {"url": url, "description": description, "event_types": patterns}
        await self._set(endpoint, {name: value for name, value in given.items() if value is not None})

    async def enable(self, endpoint: WebhookEndpointId, now: datetime) -> None:
        """What waits is sent from `now` on, also what would have waited for its next attempt."""
        await self._set(endpoint, {"is_enabled": True, "disabled_reason": None, "failing_since": None})
        waiting = update(webhook_deliveries).where(
            webhook_deliveries.c.endpoint_id == endpoint,
            IS_PENDING,
            webhook_deliveries.c.next_attempt_at > now,
            webhook_deliveries.c.lease.is_(None),
        )
        await self._connection.execute(waiting.values(next_attempt_at=now))
        await refresh_due(self._connection, [endpoint])

    async def disable(
        self, endpoint: WebhookEndpointId, reason: str, *, if_failing_since: datetime | None = None
    ) -> None:
        """Nothing more is put in line for it; what waits there is kept.

        With `if_failing_since`, only where nothing was taken there since then, at the least.
        """
        statement = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint)
        if if_failing_since is not None:
            statement = statement.where(webhook_endpoints.c.failing_since <= if_failing_since)
        await self._connection.execute(statement.values(is_enabled=False, disabled_reason=reason, due_at=None))

    async def rotate(self, endpoint: WebhookEndpointId, secret: str, previous: str, until: datetime) -> None:
        """Sign with `secret` from now on, and with the `previous` one as well until then; both are encrypted."""
        await self._set(endpoint, {"secret": secret, "previous_secret": previous, "previous_until": until})

    async def delete(self, actor: Actor, endpoint: WebhookEndpointId) -> None:
        """With all that was sent to it or waits. Raises `NotFound`."""
        statement = delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint)
        deleted = await self._connection.execute(within(actor, statement, webhook_endpoints))
        if deleted.rowcount == 0:
            raise NotFound("webhook_endpoint")

    async def _set(self, endpoint: WebhookEndpointId, values: dict[str, object]) -> None:
        if values:
            statement = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint)
            await self._connection.execute(statement.values(**values))


def patterns_of(text: str) -> Sequence[str]:
    return tuple(orjson.loads(text))


def _patterns_text(patterns: Sequence[str]) -> str:
    return orjson.dumps(list(patterns)).decode()


def stored_endpoint(row: Row[Any]) -> StoredEndpoint:
    sealed = WebhookEndpoint(
        id=WebhookEndpointId(row.id),
        user_id=UserId(row.user_id),
        organization_id=OrganizationId(row.organization_id),
        url=row.url,
        description=row.description,
        event_types=patterns_of(row.event_types),
        is_enabled=row.is_enabled,
        disabled_reason=row.disabled_reason,
        failing_since=row.failing_since,
        previous_secret_until=row.previous_until,
        created_at=row.created_at,
    )
    return StoredEndpoint(sealed, row.secret, row.previous_secret)
