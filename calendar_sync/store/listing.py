"""Occurrences as users read them. Every query is limited to the actor's own."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.events import Event, EventTime, Instance, Window
from calendar_sync.domain.identifiers import EventId, OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent, OccurrenceFilter, OccurrencePage
from calendar_sync.recurrence import expand
from calendar_sync.recurrence.zones import Zones, to_wall
from calendar_sync.store.columns import among
from calendar_sync.store.narrowing import Narrowed, narrow
from calendar_sync.store.occurrence_rows import occurrence_of
from calendar_sync.store.payload import decode
from calendar_sync.store.scope import named_within
from calendar_sync.store.tables import calendars, events, occurrences

LISTED: Select[Any] = select(occurrences, calendars.c.last_synced_at).join(
    calendars, calendars.c.id == occurrences.c.calendar_id
)

_OF_OCCURRENCE = ("id", "event_id", "original_start", "starts_at", "ends_at", "all_day", "time_zone")
HELD = (*(occurrences.c[name] for name in _OF_OCCURRENCE), events.c.remote_id, events.c.payload)
"""What all that an occurrence says is read from."""

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
    narrowed = await narrow(connection, actor, wanted)
    if not narrowed.branches:
        return OccurrencePage([], has_more=False, total=0 if count else None)
    statement = _listed(narrowed, after, descending, skip, limit + 1)
    rows = (await connection.execute(statement)).all()
    items = [occurrence_of(row, row.last_synced_at) for row in rows[:limit]]
    total = await _count(connection, narrowed) if count else None
    return OccurrencePage(items, len(rows) > limit, total)


def _listed(narrowed: Narrowed, after: Place | None, descending: bool, skip: int, limit: int) -> Select[Any]:
    """Each branch in order and no further than can be wanted of it; then, of all of them, what is."""

    def ordered(statement: Select[Any], starts_at: ColumnElement[datetime], id: ColumnElement[str]) -> Select[Any]:
        return statement.order_by(*((column.desc() if descending else column.asc()) for column in (starts_at, id)))

    in_order = partial(ordered, starts_at=occurrences.c.starts_at, id=occurrences.c.id)
    if len(narrowed.branches) == 1:
        statement = narrowed.within(LISTED, [*narrowed.branches[0], *_beyond(after, descending)])
        return in_order(statement).offset(skip).limit(limit)
    found = select(occurrences.c.starts_at, occurrences.c.id)
    branches = [
        in_order(narrowed.within(found, [*branch, *_beyond(after, descending)])).limit(skip + limit).subquery()
        for branch in narrowed.branches
    ]
    places = union_all(*(select(branch) for branch in branches)).subquery()
    shown = ordered(select(places.c.id), places.c.starts_at, places.c.id).offset(skip).limit(limit)
    return in_order(LISTED.where(occurrences.c.id.in_(shown)))


def _beyond(after: Place | None, descending: bool) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        place = tuple_(occurrences.c.starts_at, occurrences.c.id)
        edge = tuple_(*after, types=[occurrences.c.starts_at.type, occurrences.c.id.type])
        yield place < edge if descending else place > edge


async def _count(connection: AsyncConnection, narrowed: Narrowed) -> int:
    number = select(func.count()).select_from(occurrences)
    numbers = [narrowed.within(number, branch).scalar_subquery() for branch in narrowed.branches]
    return sum((await connection.execute(select(*numbers))).one())


async def by_ids(
    connection: AsyncConnection, actor: Actor, ids: Iterable[OccurrenceId]
) -> Mapping[OccurrenceId, Occurrence]:
    """Those that are there, and the actor's."""
    statement = LISTED.where(among(occurrences.c.id, ids))
    rows = await connection.execute(named_within(actor, statement, occurrences))
    return {OccurrenceId(row.id): occurrence_of(row, row.last_synced_at) for row in rows}


async def of_objects(
    connection: AsyncConnection, actor: Actor, objects: Iterable[EventId], limit: int
) -> Mapping[EventId, Sequence[Occurrence]]:
    """See `Events.of_objects`."""
    order = (occurrences.c.starts_at, occurrences.c.id)
    place = func.row_number().over(partition_by=occurrences.c.event_id, order_by=order)
    numbered = (
        select(occurrences.c.id, place.label("place"))
        .where(among(occurrences.c.event_id, objects))
        .subquery("numbered")
    )
    first = select(numbered.c.id).where(numbered.c.place <= limit)
    statement = LISTED.where(occurrences.c.id.in_(first)).order_by(*order)
    found: defaultdict[EventId, list[Occurrence]] = defaultdict(list)
    for row in await connection.execute(named_within(actor, statement, occurrences)):
        found[EventId(row.event_id)].append(occurrence_of(row, row.last_synced_at))
    return found


async def contents(
    connection: AsyncConnection, actor: Actor, ids: Iterable[OccurrenceId]
) -> Mapping[OccurrenceId, OccurrenceContent]:
    """See `Events.contents`."""
    statement: Select[Any] = (
        select(*HELD).join(events, events.c.id == occurrences.c.event_id).where(among(occurrences.c.id, ids))
    )
    rows = (await connection.execute(named_within(actor, statement, occurrences))).mappings().all()
    return await asyncio.to_thread(_read, rows)


def _read(rows: Sequence[Mapping[str, Any]]) -> dict[OccurrenceId, OccurrenceContent]:
    by_event: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_event[row["event_id"]].append(row)
    return {
        OccurrenceId(row["id"]): OccurrenceContent(instance.time, instance.details)
        for group in by_event.values()
        for row, _, instance in instances_of(group)
    }


def instances_of(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Event, Instance]]:
    """Rows of one event object, of the columns `HELD`, each with the event and what it is an instance of."""
    event = decode(rows[0]["remote_id"], rows[0]["payload"])
    end = max(row["ends_at"] for row in rows)
    instances = expand(event, Window(min(row["starts_at"] for row in rows), end + timedelta(seconds=1))).instances
    known = {instance.original_start: instance for instance in instances}
    for row in rows:
        yield row, event, known.get(row["original_start"]) or history(row, event)


def history(row: Mapping[str, Any], event: Event) -> Instance:
    """What is kept of an instance that its series no longer has: when it was, and what the series says."""
    rules = event.time.zone_rules if event.time.zone == row["time_zone"] else None
    zone = Zones().get(row["time_zone"], rules)
    start, end = to_wall(row["starts_at"], zone), to_wall(row["ends_at"], zone)
    time = EventTime(start, end, row["time_zone"], row["all_day"], None, rules, start.fold, end.fold)
    return Instance(row["original_start"], row["starts_at"], row["ends_at"], time, event.details)
