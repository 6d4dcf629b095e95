"""Occurrences as users read them. Every query is limited to the actor's own."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.events import Event, EventTime, Window
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent, OccurrenceFilter, OccurrencePage
from calendar_sync.recurrence import expand
from calendar_sync.recurrence.zones import Zones, to_wall
from calendar_sync.store.columns import among, holds, storable
from calendar_sync.store.occurrence_rows import folded, occurrence_of
from calendar_sync.store.payload import decode
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import calendars, events, occurrences

_LISTED: Select[Any] = select(occurrences, calendars.c.last_synced_at).join(
    calendars, calendars.c.id == occurrences.c.calendar_id
)

Place = tuple[datetime, OccurrenceId]
"""Where an occurrence stands in a list: its start, then its identifier."""


async def page(
    connection: AsyncConnection,
    actor: Actor,
    wanted: OccurrenceFilter,
    *,
    after: Place | None,
    descending: bool,
    skip: int,
    limit: int,
    count: bool,
) -> OccurrencePage:
    """See `Events.page`."""
    conditions = list(_conditions(wanted))
    place = tuple_(occurrences.c.starts_at, occurrences.c.id)
    statement = within(actor, _LISTED.where(*conditions), occurrences)
    if after is not None:
        edge = tuple_(*after, types=[occurrences.c.starts_at.type, occurrences.c.id.type])
        statement = statement.where(place < edge if descending else place > edge)
    order = [column.desc() if descending else column.asc() for column in (occurrences.c.starts_at, occurrences.c.id)]
    rows = (await connection.execute(statement.order_by(*order).offset(skip).limit(limit + 1))).all()
    items = [occurrence_of(row, row.last_synced_at) for row in rows[:limit]]
    total = await _count(connection, actor, conditions) if count else None
    return OccurrencePage(items, len(rows) > limit, total)


async def _count(connection: AsyncConnection, actor: Actor, conditions: Sequence[ColumnElement[bool]]) -> int:
    statement = within(actor, select(func.count()).select_from(occurrences).where(*conditions), occurrences)
    return int((await connection.execute(statement)).scalar_one())


async def by_ids(
    connection: AsyncConnection, actor: Actor, ids: Iterable[OccurrenceId]
) -> Mapping[OccurrenceId, Occurrence]:
    """Those that are there, and the actor's."""
    statement = _LISTED.where(among(occurrences.c.id, ids))
    rows = await connection.execute(named_within(actor, statement, occurrences))
    return {OccurrenceId(row.id): occurrence_of(row, row.last_synced_at) for row in rows}


async def contents(
    connection: AsyncConnection, actor: Actor, ids: Iterable[OccurrenceId]
) -> Mapping[OccurrenceId, OccurrenceContent]:
    """See `Events.contents`."""
    columns = ("id", "event_id", "original_start", "starts_at", "ends_at", "all_day", "time_zone")
    statement: Select[Any] = (
        select(*(occurrences.c[name] for name in columns), events.c.remote_id, events.c.payload)
        .join(events, events.c.id == occurrences.c.event_id)
        .where(among(occurrences.c.id, ids))
    )
    rows = (await connection.execute(named_within(actor, statement, occurrences))).mappings().all()
    return await asyncio.to_thread(_read, rows)


def _read(rows: Sequence[Mapping[str, Any]]) -> dict[OccurrenceId, OccurrenceContent]:
    by_event: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_event[row["event_id"]].append(row)
    return {id: content for group in by_event.values() for id, content in _contents_of_one_event(group)}


def _contents_of_one_event(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[OccurrenceId, OccurrenceContent]]:
    event = decode(rows[0]["remote_id"], rows[0]["payload"])
    end = max(row["ends_at"] for row in rows)
    instances = expand(event, Window(min(row["starts_at"] for row in rows), end + timedelta(seconds=1))).instances
    known = {instance.original_start: OccurrenceContent(instance.time, instance.details) for instance in instances}
    for row in rows:
        yield OccurrenceId(row["id"]), known.get(row["original_start"]) or _history(row, event)


def _history(row: Mapping[str, Any], event: Event) -> OccurrenceContent:
    """What is kept of an instance that its series no longer has: when it was, and what the series says."""
    rules = event.time.zone_rules if event.time.zone == row["time_zone"] else None
    zone = Zones().get(row["time_zone"], rules)
    start, end = to_wall(row["starts_at"], zone), to_wall(row["ends_at"], zone)
    time = EventTime(start, end, row["time_zone"], row["all_day"], None, rules, start.fold, end.fold)
    return OccurrenceContent(time, event.details)


def _conditions(wanted: OccurrenceFilter) -> Iterator[ColumnElement[bool]]:
    yield from _time_conditions(wanted)
    columns = occurrences.c
    if wanted.provider is not None:
        yield columns.provider == wanted.provider
    if wanted.calendar_ids is not None:
        yield among(columns.calendar_id, wanted.calendar_ids)
    if wanted.connection_ids is not None:
        yield among(columns.connection_id, wanted.connection_ids)
    if wanted.statuses is not None:
        yield among(columns.status, wanted.statuses)
    if wanted.auto_join_status is not None:
        yield columns.auto_join_status == wanted.auto_join_status
    if wanted.has_meeting_link is not None:
        yield columns.meeting_link.is_not(None) if wanted.has_meeting_link else columns.meeting_link.is_(None)
    if wanted.text:
        yield holds(columns.title_folded, folded(storable(wanted.text)))


def _time_conditions(wanted: OccurrenceFilter) -> Iterator[ColumnElement[bool]]:
    starts_at, ends_at = occurrences.c.starts_at, occurrences.c.ends_at
    if wanted.starts_after is not None:
        yield starts_at >= wanted.starts_after
    if wanted.starts_before is not None:
        yield starts_at < wanted.starts_before
    if wanted.overlaps_after is not None:  # what takes no time is under way when it starts
        yield or_(ends_at > wanted.overlaps_after, starts_at >= wanted.overlaps_after)
    if wanted.overlaps_before is not None:
        yield starts_at < wanted.overlaps_before
