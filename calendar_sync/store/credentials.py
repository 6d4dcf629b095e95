"""The credentials of connections as they are renewed: by one at a time, whatever process it is in.

Who wants newer credentials than it read takes the token lease, for which the version it read must still be the last;
asks the provider without a transaction open; and stores what it got, which raises the version. So whoever comes too
late finds either the lease taken or a newer version, never a reason to ask again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Update, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.schedule import DueReason
from calendar_sync.domain.webhooks import WebhookEventType
from calendar_sync.store.tables import connections
from calendar_sync.store.webhook_notices import tell_of_connection


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """`ciphertext` is a sealed account (`store.sealed_accounts`)."""

    connection_id: ConnectionId
    provider: ProviderName
    status: ConnectionStatus
    ciphertext: str
    version: int


class Credentials:
    """`tx.credentials`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def read(self, connection: ConnectionId) -> StoredCredentials | None:
        """`None` where there is no such connection (any more)."""
        columns = (
            connections.c.provider,
            connections.c.status,
            connections.c.credentials,
            connections.c.credentials_version,
        )
        row = (await self._connection.execute(select(*columns).where(connections.c.id == connection))).first()
        if row is None:
            return None
        return StoredCredentials(
            connection,
            ProviderName(row.provider),
            ConnectionStatus(row.status),
            row.credentials,
            row.credentials_version,
        )

    async def lease(self, read: StoredCredentials, owner: str, ttl: timedelta, now: datetime) -> bool:
        """Whether `owner` may renew them now: they are the last, and nobody else is renewing them."""
        until = connections.c.token_lease_until
        statement = update(connections).where(_still(read), or_(until.is_(None), until < now))
        return await self._changed(statement.values(token_lease_owner=owner, token_lease_until=now + ttl))

    async def extend(self, read: StoredCredentials, owner: str, ttl: timedelta, now: datetime) -> bool:
        """Hold the lease for `ttl` from now on. `False`, and nothing is done, where it was lost."""
        held = update(connections).where(_still(read), connections.c.token_lease_owner == owner)
        return await self._changed(held.values(token_lease_until=now + ttl))

    async def replace(self, read: StoredCredentials, owner: str, ciphertext: str) -> bool:
        """Store newer ones and give the lease back. `False`, and nothing is done, where it was lost."""
        version = connections.c.credentials_version + 1
        return await self._give_back(read, owner, {"credentials": ciphertext, "credentials_version": version})

    async def refuse(self, read: StoredCredentials, owner: str, reason: str, now: datetime | None = None) -> bool:
        """The provider no longer takes them. `False`, and nothing is done, where the lease was lost."""
        paused = {"next_sync_at": None, "next_sync_reason": DueReason.RECONNECT_REQUIRED}
        status = ConnectionStatus.RECONNECT_REQUIRED
        if not await self._give_back(read, owner, {"status": status, "last_error": reason, **paused}):
            return False
        type, at = WebhookEventType.CONNECTION_RECONNECT_REQUIRED, now or datetime.now(UTC)
        await tell_of_connection(self._connection, read.connection_id, type, at)
        return True

    async def release(self, read: StoredCredentials, owner: str) -> bool:
        return await self._give_back(read, owner, {})

    async def is_shared(self, connection: ConnectionId) -> bool:
        """Whether another connection, of whatever user, is to the same account."""
        other = connections.alias()
        same = and_(
            other.c.provider == connections.c.provider,
            other.c.identity_hash == connections.c.identity_hash,
            other.c.id != connections.c.id,
        )
        found = select(exists().where(same).correlate(connections)).where(connections.c.id == connection)
        return bool(await self._connection.scalar(found))

    async def _give_back(self, read: StoredCredentials, owner: str, values: Mapping[str, object]) -> bool:
        held = update(connections).where(_still(read), connections.c.token_lease_owner == owner)
        return await self._changed(held.values(token_lease_owner=None, token_lease_until=None, **values))

    async def _changed(self, statement: Update) -> bool:
        return (await self._connection.execute(statement)).rowcount == 1


def _still(read: StoredCredentials) -> ColumnElement[bool]:
    return and_(connections.c.id == read.connection_id, connections.c.credentials_version == read.version)
