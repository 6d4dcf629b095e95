"""Extending endless series as the window moves on. No event changes by it."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.events import Event, Instance, Window
from calendar_sync.domain.identifiers import EventId, OccurrenceId, occurrence_id
from calendar_sync.recurrence import expand
from calendar_sync.store import attendee_lists, identity
from calendar_sync.store.bulk import insert_rows, update_rows
from calendar_sync.store.columns import among
from calendar_sync.store.endings import ends_at
from calendar_sync.store.occurrence_rows import new_row
from calendar_sync.store.payload import decode
from calendar_sync.store.tables import calendars, events, occurrences

_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Extension:
    """A series, its instances beyond what is expanded, and its new end (`None`: it goes on)."""

    id: EventId
    event: Event
    instances: Sequence[Instance]
    ends_at: datetime | None


async def roll(connection: AsyncConnection, calendar: Calendar, window: Window, now: datetime) -> int:
    """See `Events.roll`."""
    until = await connection.scalar(select(calendars.c.expanded_until).where(calendars.c.id == calendar.id))
    if until is not None and until >= window.end:
        return 0
    added = 0 if until is None else await _extend(connection, calendar, Window(until, window.end), now)
    extended = update(calendars).where(calendars.c.id == calendar.id)
    await connection.execute(extended.values(expanded_until=window.end))
    return added


async def _extend(connection: AsyncConnection, calendar: Calendar, beyond: Window, now: datetime) -> int:
    added, after = 0, ""
    while batch := await _endless(connection, calendar, after):
        extensions = await asyncio.to_thread(_expanded, batch, beyond)
        rows = await _new_rows(connection, calendar, extensions, beyond, now)
        await insert_rows(connection, occurrences, rows)
        await attendee_lists.keep(connection, calendar.user_id, rows)
        ended = [{"id": each.id, "ends_at": each.ends_at} for each in extensions if each.ends_at is not None]
        await update_rows(connection, events, ["ends_at"], ended)
        added, after = added + len(rows), list(batch)[-1]
    return added


async def _endless(connection: AsyncConnection, calendar: Calendar, after: str) -> dict[str, Event]:
    """A batch of the series that go beyond what is expanded."""
    statement = select(events.c.id, events.c.remote_id, events.c.payload).where(
        events.c.calendar_id == calendar.id,
        events.c.content_hash.is_not(None),
        events.c.ends_at.is_(None),
        events.c.id > after,
    )
    rows = await connection.execute(statement.order_by(events.c.id).limit(_BATCH))
    return {id: decode(remote_id, payload) for id, remote_id, payload in rows}


def _expanded(batch: Mapping[str, Event], beyond: Window) -> Sequence[_Extension]:
    expansions = [(EventId(id), event, expand(event, beyond)) for id, event in batch.items()]
    return [
        _Extension(id, event, expansion.instances, ends_at(event, expansion, beyond))
        for id, event, expansion in expansions
    ]


async def _new_rows(
    connection: AsyncConnection, calendar: Calendar, extensions: Sequence[_Extension], beyond: Window, now: datetime
) -> list[dict[str, object]]:
    stored = await _stored(connection, [each.id for each in extensions], beyond)
    taken = await _taken(connection, extensions)
    rows: list[dict[str, object]] = []
    for each in extensions:
        new = {i.original_start: i for i in each.instances if i.original_start not in stored[each.id]}
        names = identity.assign(each.id, {}, new, before=each.event.time, after=each.event.time, taken=taken[each.id])
        rows += [new_row(calendar, each.id, each.event, i, names[start], now) for start, i in new.items()]
    return rows


async def _stored(connection: AsyncConnection, ids: Sequence[EventId], beyond: Window) -> Mapping[str, Collection[str]]:
    """The original starts of what is stored already, of instances that reach into the new part."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    statement = select(occurrences.c.event_id, occurrences.c.original_start).where(
        among(occurrences.c.event_id, ids), occurrences.c.ends_at >= beyond.start
    )
    for id, original in await connection.execute(statement):
        found[id].add(original)
    return found


async def _taken(
    connection: AsyncConnection, extensions: Sequence[_Extension]
) -> Mapping[str, Collection[OccurrenceId]]:
    """All identifiers of those series in which a new instance's own was taken along by a moved one."""
    plain = [occurrence_id(each.id, instance.original_start) for each in extensions for instance in each.instances]
    met = select(occurrences.c.event_id).where(among(occurrences.c.id, plain))
    found: defaultdict[str, set[OccurrenceId]] = defaultdict(set)
    statement = select(occurrences.c.event_id, occurrences.c.id).where(occurrences.c.event_id.in_(met))
    for id, occurrence in await connection.execute(statement):
        found[id].add(OccurrenceId(occurrence))
    return found
