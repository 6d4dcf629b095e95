"""What a complete reading left out is gone. Believed only within reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import DoubtfulSnapshot
from calendar_sync.domain.providers import Snapshot
from calendar_sync.domain.sync import Transition
from calendar_sync.store import exceptions, problems
from calendar_sync.store.changes import Origin
from calendar_sync.store.columns import among, storable
from calendar_sync.store.removal import remove, remove_ahead
from calendar_sync.store.tables import events

FEW = 4
"""Fewer upcoming events than this may all go at once: a person clears that much by hand."""


@dataclass(frozen=True, slots=True)
class _Held:
    id: str
    remote_id: str
    content_hash: str | None
    ends_at: datetime | None

    def is_ahead(self, now: datetime) -> bool:
        """Whether something of it is not over yet, of what the provider had last."""
        return self.content_hash is not None and (self.ends_at is None or self.ends_at > now)


async def sweep(
    connection: AsyncConnection,
    calendar: Calendar,
    seen: Collection[str],
    snapshot: Snapshot,
    origin: Origin,
    *,
    confirmed: bool,
) -> dict[str, Transition]:
    """See `Events.sweep`."""
    listed = {storable(name) for name in seen}
    listed |= await problems.settle(connection, calendar.id, origin.run, listed)
    held = await _held(connection, calendar)
    present = listed | await exceptions.shown_series(connection, calendar.id, listed)
    missing = [each for each in held if each.remote_id not in present]
    ahead = [each for each in missing if each.is_ahead(origin.at)]
    upcoming = sum(each.is_ahead(origin.at) for each in held)
    if not confirmed and len(ahead) >= FEW and len(ahead) * 2 > upcoming:
        raise DoubtfulSnapshot(removed=len(ahead), upcoming=upcoming)
    if snapshot is Snapshot.WHOLE:
        await exceptions.sweep(connection, calendar.id, listed)
        return await remove(connection, _named(missing), origin) if missing else {}
    return await remove_ahead(connection, _named(ahead), origin.at, origin) if ahead else {}


async def _held(connection: AsyncConnection, calendar: Calendar) -> Sequence[_Held]:
    columns = (events.c.id, events.c.remote_id, events.c.content_hash, events.c.ends_at)
    rows = await connection.execute(select(*columns).where(events.c.calendar_id == calendar.id))
    return [_Held(*row) for row in rows]


def _named(which: Sequence[_Held]) -> ColumnElement[bool]:
    return among(events.c.id, [each.id for each in which])
