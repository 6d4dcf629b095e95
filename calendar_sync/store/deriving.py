"""Filling in what rows of occurrences say today and did not when they were stored: in portions, from their events.

The rows are known by `is_busy`, which is null in them. A portion is one transaction, so that it may be cut short, and
what was stored anew meanwhile is left alone. Servers of the version before may be writing such rows still.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.events import Event, Instance
from calendar_sync.domain.identifiers import UserId
from calendar_sync.store import attendee_lists
from calendar_sync.store.bulk import RowValues, update_rows
from calendar_sync.store.columns import among
from calendar_sync.store.listing import HELD, history, instances_of
from calendar_sync.store.occurrence_rows import DERIVED, derived
from calendar_sync.store.tables import events, occurrences

_EVENTS = 100  # of one portion: as much as others can wait for on SQLite
_ROWS = 2_000

_UNDERIVED = occurrences.c.is_busy.is_(None)


async def derive(connection: AsyncConnection) -> int:
    """Complete some of one user's rows that are incomplete; how many there were, 0 if there are none left."""
    first = select(occurrences.c.user_id).where(_UNDERIVED).order_by(occurrences.c.id).limit(1)
    user = await connection.scalar(first)
    if user is None:
        return 0
    await attendee_lists.hold_lists(connection, user)
    rows = await _rows(connection, user)
    complete = await asyncio.to_thread(_completed, user, rows)
    await update_rows(connection, occurrences, DERIVED, complete)
    await attendee_lists.keep(connection, user, complete)
    return len(rows)


async def _rows(connection: AsyncConnection, user: UserId) -> Sequence[Mapping[str, Any]]:
    some = select(occurrences.c.event_id).where(_UNDERIVED, occurrences.c.user_id.concat("") == user)
    ids = (await connection.execute(some.order_by(occurrences.c.id).limit(_EVENTS))).scalars()
    statement: Select[Any] = (
        select(*HELD, occurrences.c.title)
        .join(events, events.c.id == occurrences.c.event_id)
        .where(among(occurrences.c.event_id, ids), _UNDERIVED)
        .order_by(occurrences.c.event_id)
        .limit(_ROWS)
        .with_for_update(of=occurrences, skip_locked=True)
    )
    return [*(await connection.execute(statement)).mappings()]


def _completed(user: UserId, rows: Sequence[Mapping[str, Any]]) -> list[RowValues]:
    by_event: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_event[row["event_id"]].append(row)
    return [_complete(user, *held) for group in by_event.values() for held in instances_of(group)]


def _complete(user: UserId, row: Mapping[str, Any], event: Event, instance: Instance) -> RowValues:
    """What the row is told by its instance, as far as that is where the row is: history stays what it was."""
    if (instance.starts_at, instance.ends_at) != (row["starts_at"], row["ends_at"]):
        instance = replace(instance, time=history(row, event).time)
    details = replace(instance.details, title=row["title"])
    return {"id": row["id"], **derived(user, event, replace(instance, details=details))}
