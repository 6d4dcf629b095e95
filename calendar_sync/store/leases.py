"""The right to write to a connection: one run at a time holds it (`store.requests` gives it), wherever it runs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Lease
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.tables import connections


class Leases:
    """The part of `tx.connections` that keeps runs apart."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._leased = connection

    async def account_has_room(self, connection: ConnectionId, most: Mapping[ProviderName, int], now: datetime) -> bool:
        """Whether fewer of the other connections to the same account are leased than there may be runs over it.

        In the transaction that takes the lease, before it does: another one that is about to waits for its end.
        """
        if not most:
            return True
        mine = connections.alias()
        same = (connections.c.provider == mine.c.provider, connections.c.identity_hash == mine.c.identity_hash)
        all_of_them = select(func.count()).select_from(connections).where(*same).correlate(mine).scalar_subquery()
        statement = select(mine.c.provider, mine.c.identity_hash, all_of_them).where(mine.c.id == connection)
        found = (await self._leased.execute(statement)).first()
        if found is None:
            return True
        provider, identity_hash, number = found
        room = most.get(ProviderName(provider))
        if room is None or number <= room:  # for all of them, so that nobody need wait for anybody
            return True
        if self._leased.dialect.name == "postgresql":  # SQLite lets one transaction write at a time
            await self._leased.execute(select(func.pg_advisory_xact_lock(_number(provider, identity_hash))))
        leased = select(func.count()).where(
            connections.c.provider == provider,
            connections.c.identity_hash == identity_hash,
            connections.c.id != connection,
            connections.c.lease_until >= now,
        )
        return (await self._leased.scalar(leased) or 0) < room

    async def renew(self, lease: Lease, ttl: timedelta, now: datetime) -> None:
        """Raises `LeaseLost`. A lease that ran out is good again as long as nobody took it."""
        await self._change(lease, lease_until=now + ttl)

    async def release(self, lease: Lease, done_seq: int | None, synced_at: datetime | None = None) -> bool:
        """Give the lease back; requests up to `done_seq` are served, none by `None`. Raises `LeaseLost`.

        `synced_at` is given where the run has ended in which every calendar's round completed. Returns whether there
        are requests that are not served.
        """
        served = connections.c.done_seq
        done = served if done_seq is None else case((served < done_seq, done_seq), else_=served)
        synced = {} if synced_at is None else {"last_sync_at": synced_at, "last_error": None}
        return await self._change(lease, lease_owner=None, lease_until=None, done_seq=done, **synced)

    async def hold(self, connection: ConnectionId) -> None:
        """Keep every run from writing until the transaction ends, for a change that a run must not meet half done."""
        held = select(connections.c.id).where(connections.c.id == connection)
        await self._leased.execute(held.with_for_update(key_share=True))

    async def interrupt(self, connection: ConnectionId) -> None:
        """Take the lease from the run under way, if any: its next write is refused, and it has to begin anew."""
        statement = update(connections).where(connections.c.id == connection)
        await self._leased.execute(statement.values(lease_owner=None, lease_until=None, epoch=connections.c.epoch + 1))

    async def fence(self, lease: Lease) -> None:
        """Hold the lease until the transaction ends: first in each transaction in which a run writes.

        Raises `LeaseLost` where it was given back or taken over, or the connection is gone.
        """
        statement = select(connections.c.epoch, connections.c.lease_owner).where(
            connections.c.id == lease.connection_id
        )
        row = (await self._leased.execute(statement.with_for_update(key_share=True))).first()
        if row is None or (row.epoch, row.lease_owner) != (lease.epoch, lease.owner):
            raise LeaseLost

    async def _change(self, lease: Lease, **values: object) -> bool:
        """Whether there are requests that are not served."""
        held = update(connections).where(
            connections.c.id == lease.connection_id,
            connections.c.epoch == lease.epoch,
            connections.c.lease_owner == lease.owner,
        )
        waits = connections.c.requested_seq > connections.c.done_seq
        found = (await self._leased.execute(held.values(**values).returning(waits))).first()
        if found is None:
            raise LeaseLost
        return bool(found[0])


def _number(provider: str, identity_hash: str) -> int:
    """By which PostgreSQL locks an account. That two may have the same costs a moment's wait."""
    digest = blake2b(f"{provider} {identity_hash}".encode(), digest_size=8, person=b"lock").digest()
    return int.from_bytes(digest, signed=True)
