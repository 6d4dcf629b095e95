"""Exceptions that a provider tells apart from their series: kept by themselves, put together with it as it changes.

Each is a row, holes too, also where the series is not there. What a page says of series and exceptions comes out as
event objects; it takes as many statements for a thousand of them as for one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.events import Event
from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.providers import Change, Removal, Upsert, UpsertException
from calendar_sync.store.assembling import assembled
from calendar_sync.store.columns import among, storable
from calendar_sync.store.payload import decode, encode
from calendar_sync.store.statements import excluded, upsert_into
from calendar_sync.store.tables import events, exceptions


@dataclass(frozen=True, slots=True)
class EventObjects:
    """What a page comes to: event objects as they are now, and the names of those that are no more."""

    upserts: Sequence[Event]
    removed: Collection[str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An exception as it is stored. A hole has no payload."""

    series_id: str
    original_start: str
    payload: str | None

    @classmethod
    def of(cls, told: UpsertException) -> "_Kept":
        original = told.original_start
        if isinstance(original, datetime):
            original = original.astimezone(UTC)
        content = None if told.instance is None else encode(told.instance).payload
        return cls(storable(told.series_id), original.isoformat(), content)

    def told(self, name: str) -> UpsertException:
        text = self.original_start
        original = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        instance = None if self.payload is None else decode(name, self.payload)
        return UpsertException(name, self.series_id, original, instance)


async def event_objects(
    connection: AsyncConnection, calendar: CalendarId, latest: Mapping[str, Change]
) -> EventObjects:
    """Keep the exceptions among a page's latest changes (by stored name), and put together what they belong to.

    What is removed goes first: an exception that a page tells of outlives the series that the same page removes.
    """
    removed = {name for name, change in latest.items() if isinstance(change, Removal)}
    upserts = {name: change for name, change in latest.items() if isinstance(change, Upsert)}
    told = {name: change for name, change in latest.items() if isinstance(change, UpsertException)}
    apart = {name: change.event for name, change in upserts.items() if change.exceptions_apart}
    plain = [change.event for change in upserts.values()]
    if not (removed or told or apart):
        return EventObjects(plain, ())
    stored = await _stored(connection, calendar, apart.keys() | removed, removed | told.keys(), told.values())
    if not (stored or told):
        return EventObjects(plain, removed)
    new = await asyncio.to_thread(lambda: {name: _Kept.of(change) for name, change in told.items()})
    left = {name: kept for name, kept in stored.items() if not removed & {name, kept.series_id}}
    await _write(connection, calendar, stored, left | new)
    affected = {kept.series_id for kept in (*stored.values(), *new.values())}
    masters = await _masters(connection, calendar, affected - apart.keys() - removed)
    masters |= {name: event for name, event in apart.items() if name in affected}
    objects = await asyncio.to_thread(_assembled, affected, masters, left | new)
    others = [event for event in plain if storable(event.remote_id) not in affected]
    present = [event for event in objects.values() if event is not None]
    absent = {name for name, event in objects.items() if event is None}
    return EventObjects([*others, *present], (removed - affected) | absent)


async def implied(connection: AsyncConnection, calendar: CalendarId, seen: Collection[str]) -> Sequence[Change]:
    """What a complete reading that named `seen` says by what it left out, of exceptions and of what they belong to.

    An exception that it left out is no more; a series that it left out, but not all its exceptions, leaves orphans.
    Series left out with all that belongs to them are for the sweep.
    """
    listed = {storable(name) for name in seen}
    rows = list(await connection.execute(_of(calendar, exceptions.c.remote_id, exceptions.c.series_id, _HOLE)))
    living = {row.series_id for row in rows if row.remote_id in listed and not row.is_hole}
    staying = living | listed
    gone = [row.remote_id for row in rows if row.remote_id not in listed and row.series_id in staying]
    bereft = living - listed
    orphans = [row.remote_id for row in rows if row.series_id in bereft and row.remote_id in listed]
    kept = await _kept(connection, calendar, orphans) if orphans else {}
    return [*map(Removal, (*gone, *bereft)), *(each.told(name) for name, each in kept.items())]


async def shown_series(connection: AsyncConnection, calendar: CalendarId, listed: Collection[str]) -> set[str]:
    """The series that a complete reading listed an exception of, more than a hole."""
    seen = _of(calendar, exceptions.c.series_id).where(
        among(exceptions.c.remote_id, listed), exceptions.c.payload.is_not(None)
    )
    return set((await connection.execute(seen)).scalars())


async def sweep(connection: AsyncConnection, calendar: CalendarId, listed: Collection[str]) -> None:
    """Forget the exceptions that a complete reading left out."""
    names = set((await connection.execute(_of(calendar, exceptions.c.remote_id))).scalars())
    if names.difference(listed):
        await _delete(connection, calendar, names.difference(listed))


async def forget(connection: AsyncConnection, calendar: CalendarId) -> None:
    """All exceptions of the calendar."""
    await connection.execute(delete(exceptions).where(exceptions.c.calendar_id == calendar))


_HOLE = exceptions.c.payload.is_(None).label("is_hole")
_COLUMNS = (exceptions.c.remote_id, exceptions.c.series_id, exceptions.c.original_start, exceptions.c.payload)


def _of(calendar: CalendarId, *columns: Any) -> Select[Any]:  # noqa: ANN401 -- as `select` takes them
    return select(*columns).where(exceptions.c.calendar_id == calendar)


async def _stored(
    connection: AsyncConnection,
    calendar: CalendarId,
    series: Iterable[str],
    names: Collection[str],
    told: Iterable[UpsertException],
) -> dict[str, _Kept]:
    """All exceptions of these series, of those told of, and of those that have an exception of these names."""
    wanted = {*series, *(storable(each.series_id) for each in told)}
    if names:
        named = _of(calendar, exceptions.c.series_id).where(among(exceptions.c.remote_id, names))
        wanted |= set((await connection.execute(named)).scalars())
    rows = await connection.execute(_of(calendar, *_COLUMNS).where(among(exceptions.c.series_id, wanted)))
    return _by_name(rows)


async def _kept(connection: AsyncConnection, calendar: CalendarId, names: Iterable[str]) -> dict[str, _Kept]:
    return _by_name(await connection.execute(_of(calendar, *_COLUMNS).where(among(exceptions.c.remote_id, names))))


def _by_name(rows: Iterable[Row[Any]]) -> dict[str, _Kept]:
    return {row.remote_id: _Kept(row.series_id, row.original_start, row.payload) for row in rows}


async def _masters(connection: AsyncConnection, calendar: CalendarId, names: Collection[str]) -> dict[str, Event]:
    """Those that the provider has; what stands for orphans is no master."""
    if not names:
        return {}
    statement = select(events.c.remote_id, events.c.payload).where(
        events.c.calendar_id == calendar, among(events.c.remote_id, names), events.c.content_hash.is_not(None)
    )
    found = {name: decode(name, payload) for name, payload in (await connection.execute(statement)).all()}
    return {name: event for name, event in found.items() if not event.is_orphan}


async def _write(
    connection: AsyncConnection, calendar: CalendarId, before: Mapping[str, _Kept], after: Mapping[str, _Kept]
) -> None:
    gone = before.keys() - after.keys()
    if gone:
        await _delete(connection, calendar, gone)
    changed = {name: kept for name, kept in after.items() if before.get(name) != kept}
    if changed:
        new = upsert_into(exceptions, connection.dialect)
        latest = {name: excluded(name) for name in ("series_id", "original_start", "payload")}
        statement = new.on_conflict_do_update(index_elements=["calendar_id", "remote_id"], set_=latest)
        await connection.execute(statement, [_row(calendar, name, kept) for name, kept in changed.items()])


async def _delete(connection: AsyncConnection, calendar: CalendarId, names: Iterable[str]) -> None:
    named = (exceptions.c.calendar_id == calendar) & among(exceptions.c.remote_id, names)
    await connection.execute(delete(exceptions).where(named))


def _row(calendar: CalendarId, name: str, kept: _Kept) -> dict[str, object]:
    return {
        "calendar_id": calendar,
        "remote_id": name,
        "series_id": kept.series_id,
        "original_start": kept.original_start,
        "payload": kept.payload,
    }


def _assembled(
    series: Iterable[str], masters: Mapping[str, Event], kept: Mapping[str, _Kept]
) -> dict[str, Event | None]:
    parts: defaultdict[str, list[UpsertException]] = defaultdict(list)
    for name, each in kept.items():
        parts[each.series_id].append(each.told(name))
    return {name: assembled(name, masters.get(name), parts[name]) for name in sorted(series)}
