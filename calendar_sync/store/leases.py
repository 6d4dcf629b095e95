"""The right to write to a connection, and what asks for it: one run at a time, whoever starts it."""

from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Lease
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.store.tables import connections


class Leases:
    """The part of `tx.connections` that keeps runs apart."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._leased = connection

    async def start(self, lease: Lease) -> int:
        """Begin the run of the lease: the number of the last request, which it serves. Raises `LeaseLost`."""
        return int(await self._change(lease, started_seq=connections.c.requested_seq))

    async def pending(self, connection: ConnectionId) -> tuple[int, int]:
        """The number of the last request, and of the last one that a run has served. `(0, 0)` for no connection."""
        statement = select(connections.c.requested_seq, connections.c.done_seq).where(connections.c.id == connection)
        row = (await self._leased.execute(statement)).first()
        return (0, 0) if row is None else (row.requested_seq, row.done_seq)

    async def acquire(self, connection: ConnectionId, owner: str, ttl: timedelta, now: datetime) -> Lease | None:
        """The lease for `ttl`, or `None` while another holds it or where there is no such connection."""
        until = connections.c.lease_until
        statement = (
            update(connections)
            .where(connections.c.id == connection, or_(until.is_(None), until < now))
            .values(lease_owner=owner, lease_until=now + ttl, epoch=connections.c.epoch + 1)
            .returning(connections.c.epoch)
        )
        epoch = await self._leased.scalar(statement)
        return None if epoch is None else Lease(connection, owner, epoch, now + ttl)

    async def is_leased(self, connection: ConnectionId, now: datetime) -> bool:
        until = await self._leased.scalar(select(connections.c.lease_until).where(connections.c.id == connection))
        return until is not None and until >= now

    async def renew(self, lease: Lease, ttl: timedelta, now: datetime) -> Lease:
        """Raises `LeaseLost`. A lease that ran out is good again as long as nobody took it."""
        await self._change(lease, lease_until=now + ttl)
        return Lease(lease.connection_id, lease.owner, lease.epoch, now + ttl)

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

    async def _change(self, lease: Lease, **values: object) -> int:
        """The number of the last request."""
        held = update(connections).where(
            connections.c.id == lease.connection_id,
            connections.c.epoch == lease.epoch,
            connections.c.lease_owner == lease.owner,
        )
        requested = await self._leased.scalar(held.values(**values).returning(connections.c.requested_seq))
        if requested is None:
            raise LeaseLost
        return int(requested)
