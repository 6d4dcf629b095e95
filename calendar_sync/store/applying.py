"""The hot path: a page of a provider's changes into the store.

One query reads the hashes of all the objects that a page names; what is the same is done with. Of the rest, one more
query each reads what is stored, the plan is made in memory, and each table is written by one statement for all rows.
What takes time with many events is done off the event loop.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.identifiers import EventId, event_id
from calendar_sync.domain.providers import Change, Quarantine, Removal
from calendar_sync.domain.sync import Transition
from calendar_sync.store import attendee_lists, problems
from calendar_sync.store.bulk import insert_rows, update_rows
from calendar_sync.store.changes import record
from calendar_sync.store.columns import among, storable
from calendar_sync.store.exceptions import event_objects
from calendar_sync.store.former import remember
from calendar_sync.store.occurrence_rows import FROM_PROVIDER
from calendar_sync.store.payload import Encoded, encode
from calendar_sync.store.planning import EVENT_COLUMNS, Plan, Setting, Stored, plan
from calendar_sync.store.removal import remove, remove_ahead
from calendar_sync.store.tables import calendars, events, occurrences


async def apply(connection: AsyncConnection, setting: Setting, changes: Sequence[Change]) -> dict[str, Transition]:
    """Bring the store up to the changes; the objects that changed by it, by `remote_id`."""
    if not changes:
        return {}
    latest = {storable(change.remote_id): change for change in changes}
    unclear = {name: change for name, change in latest.items() if isinstance(change, Quarantine)}
    setting = await _reaching_as_far_as_stored(connection, setting)
    await problems.clear(connection, setting.calendar.id, latest.keys() - unclear.keys())
    await problems.keep(connection, setting, unclear)
    objects = await event_objects(connection, setting.calendar.id, latest)
    upserts = await asyncio.to_thread(_encoded, objects.upserts)
    transitions = await _upsert(connection, setting, upserts)
    for since, names in _by_since(latest, objects.removed).items():
        transitions |= await _remove(connection, setting, names, since)
    return transitions


def _by_since(latest: Mapping[str, Change], removed: Iterable[str]) -> Mapping[datetime | None, Sequence[str]]:
    found: defaultdict[datetime | None, list[str]] = defaultdict(list)
    for name in removed:
        change = latest.get(name)
        found[change.since if isinstance(change, Removal) else None].append(name)
    return found


async def _remove(
    connection: AsyncConnection, setting: Setting, names: Sequence[str], since: datetime | None
) -> dict[str, Transition]:
    named = (events.c.calendar_id == setting.calendar.id) & among(events.c.remote_id, names)
    if since is not None:
        return await remove_ahead(connection, named, since, setting.origin)
    return await remove(connection, named & events.c.content_hash.is_not(None), setting.origin)


def _encoded(upserts: Iterable[Event]) -> Sequence[Encoded]:
    return [encode(event) for event in upserts]


async def _reaching_as_far_as_stored(connection: AsyncConnection, setting: Setting) -> Setting:
    """The setting with its window extended to what the calendar's other series are expanded to.

    So all series of a calendar reach equally far, and `roll` leaves none behind. The first page decides how far.
    """
    calendar = calendars.c.id == setting.calendar.id
    until = await connection.scalar(select(calendars.c.expanded_until).where(calendar))
    if until is None:
        await connection.execute(update(calendars).where(calendar).values(expanded_until=setting.window.end))
        return setting
    return replace(setting, window=Window(setting.window.start, max(until, setting.window.end)))


async def _upsert(connection: AsyncConnection, setting: Setting, upserts: Sequence[Encoded]) -> dict[str, Transition]:
    hashes = await _hashes(connection, setting, [encoded.event.remote_id for encoded in upserts])
    differing = [encoded for encoded in upserts if hashes.get(encoded.event.remote_id) != encoded.content_hash]
    if not differing:
        return {}
    held = [encoded.event.remote_id for encoded in differing if encoded.event.remote_id in hashes]
    stored = await _stored(connection, setting, held) if held else {}
    result = await asyncio.to_thread(plan, setting, differing, stored)
    await _write(connection, setting, result)
    return result.transitions


async def _hashes(connection: AsyncConnection, setting: Setting, names: Iterable[str]) -> Mapping[str, str | None]:
    statement = select(events.c.remote_id, events.c.content_hash).where(
        events.c.calendar_id == setting.calendar.id, among(events.c.remote_id, names)
    )
    return dict((await connection.execute(statement)).all())


async def _stored(connection: AsyncConnection, setting: Setting, names: Sequence[str]) -> dict[str, Stored]:
    ids: dict[EventId, str] = {event_id(setting.calendar.id, name): name for name in names}
    rows = await _occurrences(connection, ids)
    statement = select(events.c.id, events.c.content_hash, events.c.payload).where(among(events.c.id, ids))
    return {
        ids[EventId(id)]: Stored(content_hash, payload, rows[id])
        for id, content_hash, payload in await connection.execute(statement)
    }


async def _occurrences(
    connection: AsyncConnection, ids: Iterable[EventId]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    result = await connection.execute(select(occurrences).where(among(occurrences.c.event_id, ids)))
    for row in result.mappings():
        found[row["event_id"]].append({**row})
    return found


async def _write(connection: AsyncConnection, setting: Setting, result: Plan) -> None:
    if result.former_occurrences:
        await remember(connection, among(occurrences.c.id, result.former_occurrences), setting.now)
    await insert_rows(connection, events, result.new_events)
    await update_rows(connection, events, EVENT_COLUMNS, result.changed_events)
    if result.gone_occurrences:
        await connection.execute(delete(occurrences).where(among(occurrences.c.id, result.gone_occurrences)))
    await update_rows(connection, occurrences, (*FROM_PROVIDER, "updated_at"), result.changed_occurrences)
    await insert_rows(connection, occurrences, result.new_occurrences)
    written = (*result.new_occurrences, *result.changed_occurrences)
    await attendee_lists.keep(connection, setting.calendar.user_id, written)
    await record(connection, setting.calendar.user_id, result.changes, setting.origin)
