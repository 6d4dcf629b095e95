"""Connections of users to provider accounts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId, OrganizationId, UserId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.schedule import DueReason
from calendar_sync.domain.webhooks import WebhookEventType
from calendar_sync.store import changes, former
from calendar_sync.store.changes import Origin
from calendar_sync.store.columns import among
from calendar_sync.store.leases import Leases
from calendar_sync.store.removal import record_removal
from calendar_sync.store.scope import within
from calendar_sync.store.statements import upsert_into
from calendar_sync.store.tables import calendars, connections, events, occurrences
from calendar_sync.store.webhook_notices import tell_of_connection


class Connections(Leases):
    """`tx.connections`. What takes no `Actor` is for background work, which serves every user."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    async def save(
        self,
        *,
        id: ConnectionId,
        actor: Actor,
        provider: ProviderName,
        identity: str,
        email: str | None,
        ciphertext: str,
        now: datetime,
        first_sync_at: datetime | None = None,
    ) -> Connection:
        """Add a connection of the actor, or connect the same account anew: it is active again and keeps all it has.

        Its next sync is due at `first_sync_at`, or now.
        """
        latest = {
            "account_email": email,
            "credentials": ciphertext,
            "status": ConnectionStatus.ACTIVE,
            "last_error": None,
            "next_sync_at": first_sync_at or now,
            "next_sync_reason": DueReason.CONNECTED,
            "failed_in_a_row": 0,
        }
        statement = upsert_into(connections, self._connection.dialect).values(
            id=id,
            user_id=actor.user_id,
            organization_id=actor.organization_id,
            provider=provider,
            identity_hash=_hash(identity),
            requested_seq=0,
            done_seq=0,
            epoch=0,
            credentials_version=0,
            created_at=now,
            **latest,
        )
        again = {
            **latest,
            "credentials_version": connections.c.credentials_version + 1,
            "token_lease_owner": None,
            "token_lease_until": None,
        }
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again))
        await tell_of_connection(self._connection, id, WebhookEventType.CONNECTION_CONNECTED, now)
        return await self.get(actor, id)

    async def get(self, actor: Actor, connection: ConnectionId) -> Connection:
        """Raises `NotFound`."""
        statement = within(actor, select(connections).where(connections.c.id == connection), connections)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise NotFound("connection")
        return connection_of(row)

    async def list(self, actor: Actor) -> Sequence[Connection]:
        """Oldest first."""
        statement = within(actor, select(connections), connections)
        ordered = statement.order_by(connections.c.created_at, connections.c.id)
        return [connection_of(row) for row in await self._connection.execute(ordered)]

    async def event_counts(self, actor: Actor) -> Mapping[ConnectionId, int]:
        """How many occurrences each of the actor's connections holds; one that holds none is not named."""
        counted = select(occurrences.c.connection_id, func.count()).group_by(occurrences.c.connection_id)
        rows = await self._connection.execute(within(actor, counted, occurrences))
        return {ConnectionId(connection): count for connection, count in rows}

    async def delete(self, actor: Actor, connection: ConnectionId, now: datetime | None = None) -> None:
        """Remove the connection and all that came by it, and record each event so removed. Raises `NotFound`.

        What its events were is forgotten with it: of the record of changes, that they were and went is left.
        """
        await self.hold(connection)
        await self.get(actor, connection)
        theirs = select(calendars.c.id).where(calendars.c.connection_id == connection)
        held = (await self._connection.scalars(theirs)).all()
        origin = Origin(None, ChangeCause.DISCONNECT, now or datetime.now(UTC))
        await record_removal(self._connection, among(events.c.calendar_id, held), origin)
        await changes.forget(self._connection, actor.user_id, held)
        await former.forget(self._connection, actor.user_id, held)
        await tell_of_connection(self._connection, connection, WebhookEventType.CONNECTION_DISCONNECTED, origin.at)
        await self._connection.execute(delete(connections).where(connections.c.id == connection))

    async def by_id(self, connection: ConnectionId) -> Connection | None:
        row = (await self._connection.execute(select(connections).where(connections.c.id == connection))).first()
        return None if row is None else connection_of(row)

    async def schedule(
        self,
        connection: ConnectionId,
        at: datetime | None,
        reason: DueReason | None = None,
        *,
        failed_in_a_row: int | None = None,
    ) -> None:
        """The next sync is due then; `None`: not by the clock. Why, and after how many failures, stays if not said."""
        said = {"next_sync_reason": reason, "failed_in_a_row": failed_in_a_row}
        await self._set(connection, next_sync_at=at, **{name: each for name, each in said.items() if each is not None})

    async def mark(
        self, connection: ConnectionId, status: ConnectionStatus, error: str | None, now: datetime | None = None
    ) -> None:
        """How it stands after a run that had an error."""
        changed = update(connections).where(connections.c.id == connection, connections.c.status != status)
        is_new = (await self._connection.execute(changed.values(status=status))).rowcount == 1
        await self._set(connection, last_error=error)
        if is_new and status is ConnectionStatus.RECONNECT_REQUIRED:
            type, at = WebhookEventType.CONNECTION_RECONNECT_REQUIRED, now or datetime.now(UTC)
            await tell_of_connection(self._connection, connection, type, at)

    async def ciphertext(self, connection: ConnectionId) -> str:
        """The account's credentials, encrypted. Raises `NotFound`."""
        found = await self._connection.scalar(select(connections.c.credentials).where(connections.c.id == connection))
        if found is None:
            raise NotFound("connection")
        return str(found)

    async def set_ciphertext(self, connection: ConnectionId, ciphertext: str) -> None:
        await self._set(connection, credentials=ciphertext)

    async def any_ciphertext(self) -> str | None:
        """Some connection's credentials: what a key ring can be tried on before it is trusted."""
        found = await self._connection.scalar(select(connections.c.credentials).limit(1))
        return None if found is None else str(found)

    async def _set(self, connection: ConnectionId, **values: object) -> None:
        await self._connection.execute(update(connections).where(connections.c.id == connection).values(**values))


def _hash(identity: str) -> str:
    return blake2b(identity.encode("utf-8", "replace"), digest_size=32, person=b"account").hexdigest()


def connection_of(row: Row[Any]) -> Connection:
    return Connection(
        id=ConnectionId(row.id),
        user_id=UserId(row.user_id),
        organization_id=OrganizationId(row.organization_id),
        provider=ProviderName(row.provider),
        account_email=row.account_email,
        status=ConnectionStatus(row.status),
        last_sync_at=row.last_sync_at,
        last_error=row.last_error,
        created_at=row.created_at,
    )
