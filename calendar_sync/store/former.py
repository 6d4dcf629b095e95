"""What identifiers of occurrences stood for before they were gone or stood for another instance: for time travel."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, delete, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.identifiers import CalendarId, UserId
from calendar_sync.store.columns import Moment, among
from calendar_sync.store.statements import upsert_into
from calendar_sync.store.tables import former_occurrences, occurrences

_KEPT = ("user_id", "id", "event_id", "calendar_id", "connection_id", "provider", "original_start", "created_at")


async def remember(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> None:
    """Note these occurrences as they are until `now`, before that is changed: one statement, however many.

    What one transaction changes twice was nothing in between.
    """
    columns = [*(occurrences.c[name] for name in _KEPT), occurrences.c.updated_at, literal(now, Moment())]
    rows = select(*columns).where(which)
    statement = upsert_into(former_occurrences, connection.dialect).from_select([*_KEPT, "written_at", "until"], rows)
    await connection.execute(statement.on_conflict_do_nothing())


async def forget(connection: AsyncConnection, user: UserId, calendars: Iterable[CalendarId]) -> None:
    """All there is of these calendars."""
    theirs = (former_occurrences.c.user_id == user) & among(former_occurrences.c.calendar_id, calendars)
    await connection.execute(delete(former_occurrences).where(theirs))
