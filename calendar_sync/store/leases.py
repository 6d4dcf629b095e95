"""The right to write to a connection: one run at a time holds it (`store.requests` gives it), wherever it runs."""

from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Lease
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.store.tables import connections


class Leases:
    """The part of `tx.connections` that keeps runs apart."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._leased = connection

    async def renew(self, lease: Lease, ttl: timedelta, now: datetime) -> None:
        """Raises `LeaseLost`. A lease that ran out is good again as long as nobody took it."""
        await self._change(lease, lease_until=now + ttl)

    async def release(self, lease: Lease, done_seq: int | None) -> None:
        """Give the lease back; requests up to `done_seq` are served, none by `None`. Raises `LeaseLost`."""
        served = connections.c.done_seq
        done = served if done_seq is None else case((served < done_seq, done_seq), else_=served)
        await self._change(lease, lease_owner=None, lease_until=None, done_seq=done)

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

    async def _change(self, lease: Lease, **values: object) -> None:
        held = update(connections).where(
            connections.c.id == lease.connection_id,
            connections.c.epoch == lease.epoch,
            connections.c.lease_owner == lease.owner,
        )
        if (await self._leased.execute(held.values(**values))).rowcount == 0:
            raise LeaseLost
