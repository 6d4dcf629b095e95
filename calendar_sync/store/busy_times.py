"""What occurrences claim of their owners' time (`domain.free_busy`), read off their columns, one for each start."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.events import EventStatus, ResponseStatus
from calendar_sync.domain.free_busy import Claim, Interval, busy_kind
from calendar_sync.domain.identifiers import CalendarId, OccurrenceId
from calendar_sync.recurrence.zones import later
from calendar_sync.store import listing
from calendar_sync.store.columns import among, lasting
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import occurrences

_LASTING = timedelta(days=3)  # longer than what is not in the index of what lasts
_columns = occurrences.c
_ALIKE = (_columns.starts_at, _columns.starts_on, _columns.status, _columns.is_busy, _columns.response)


class BusyTimes:
    """`tx.busy_times`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claims(self, actor: Actor, calendars: Collection[CalendarId], window: Interval) -> Sequence[Claim]:
        """Of all that is under way at some time in the window in these calendars of the actor's.

        One statement, which gives as many rows as there are different starts. What was written before it was kept
        whether it makes busy is read in full.
        """
        alike = select(
            *_ALIKE, func.max(_columns.ends_at).label("ends_at"), func.max(_columns.ends_on).label("ends_on")
        )
        grouped = _in_window(actor, alike.group_by(*_ALIKE), calendars, window)
        rows = (await self._connection.execute(grouped)).all()
        found = [claim for row in rows if row.is_busy is not None for claim in _claimed(row)]
        if any(row.is_busy is None for row in rows):
            found += await self._underived(actor, calendars, window)
        return found

    async def _underived(self, actor: Actor, calendars: Collection[CalendarId], window: Interval) -> Sequence[Claim]:
        named = select(_columns.id, _columns.starts_at, _columns.ends_at).where(_columns.is_busy.is_(None))
        rows = (await self._connection.execute(_in_window(actor, named, calendars, window))).all()
        contents = await listing.contents(self._connection, actor, [OccurrenceId(row.id) for row in rows])
        found: list[Claim] = []
        for row in rows:
            content = contents[OccurrenceId(row.id)]
            said, time = content.details, content.time
            response = next((attendee.response for attendee in said.attendees if attendee.is_self), None)
            kind = busy_kind(said.status, said.is_busy, response)
            days = (time.start.date(), time.end.date()) if time.all_day else None
            if kind is not None:
                found.append(Claim(row.starts_at, row.ends_at, days, kind))
        return found


def _in_window(
    actor: Actor, statement: Select[Any], calendars: Collection[CalendarId], window: Interval
) -> CompoundSelect[Any]:
    """What lasts long is looked for apart, by its own index: else all that ever began would have to be looked at."""
    shortly_before = later(window.start, -_LASTING)
    statement = statement.where(_columns.ends_at > window.start)
    usual = statement.where(
        among(_columns.calendar_id, calendars), _columns.starts_at >= shortly_before, _columns.starts_at < window.end
    )
    long = statement.where(
        lasting(occurrences), _columns.starts_at < shortly_before, among(_columns.calendar_id.concat(""), calendars)
    )
    return union_all(named_within(actor, usual, occurrences), within(actor, long, occurrences))


def _claimed(row: Row[Any]) -> Iterator[Claim]:
    response = None if row.response is None else ResponseStatus(row.response)
    kind = busy_kind(EventStatus(row.status), row.is_busy, response)
    if kind is not None:
        days = (date.fromisoformat(row.starts_on), date.fromisoformat(row.ends_on)) if row.starts_on else None
        yield Claim(row.starts_at, row.ends_at, days, kind)
