"""The calendars of a connection, as their provider lists them, and how far each has been read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OrganizationId, UserId, calendar_id
from calendar_sync.domain.providers import Cursor, ProviderName, RemoteCalendar
from calendar_sync.store.columns import among, storable
from calendar_sync.store.leases import Leases
from calendar_sync.store.scope import within
from calendar_sync.store.statements import excluded, upsert_into
from calendar_sync.store.tables import calendars

_LISTED = calendars.c.gone_at.is_(None)


class Calendars:
    """`tx.calendars`. A calendar that its provider no longer lists is there for nobody, until it is listed again."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, actor: Actor, connection: ConnectionId | None = None) -> Sequence[Calendar]:
        """The actor's calendars, of one connection or of all: the primary one first, then by name."""
        statement = within(actor, select(calendars).where(_LISTED), calendars)
        if connection is not None:
            statement = statement.where(calendars.c.connection_id == connection)
        return await self._calendars(statement)

    async def get(self, actor: Actor, calendar: CalendarId) -> Calendar:
        """Raises `NotFound`."""
        statement = within(actor, select(calendars).where(calendars.c.id == calendar, _LISTED), calendars)
        found = await self._calendars(statement)
        if not found:
            raise NotFound("calendar")
        return found[0]

    async def of_connection(self, connection: ConnectionId) -> Sequence[Calendar]:
        return await self._calendars(select(calendars).where(calendars.c.connection_id == connection, _LISTED))

    async def is_selected(self, calendar: CalendarId) -> bool:
        """Whether it is there and to be read."""
        statement = select(calendars.c.is_selected).where(calendars.c.id == calendar, _LISTED)
        return bool(await self._connection.scalar(statement))

    async def reconcile(
        self, connection: Connection, listed: Sequence[RemoteCalendar], now: datetime
    ) -> Sequence[Calendar]:
        """Take over a complete listing and return the calendars that are there now.

        A new one is selected. What is not listed any more is marked as gone and forgets how far it was read: its
        events are for the caller to remove. What the listing leaves open (`None`) keeps its last known value.
        """
        rows = {remote.remote_id: _row(connection, remote, now) for remote in listed}
        if rows:
            await self._upsert([*rows.values()])
        present = among(calendars.c.id, [row["id"] for row in rows.values()])
        gone = update(calendars).where(calendars.c.connection_id == connection.id, _LISTED, ~present)
        await self._connection.execute(gone.values(gone_at=now, cursor=None, expanded_until=None))
        return await self.of_connection(connection.id)

    async def _upsert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        new = upsert_into(calendars, self._connection.dialect)
        described = {name: func.coalesce(excluded(name), calendars.c[name]) for name in _DESCRIPTION}
        told = {name: excluded(name) for name in ("is_primary", "is_read_only")}
        statement = new.on_conflict_do_update(index_elements=["id"], set_=described | told | {"gone_at": None})
        await self._connection.execute(statement, rows)

    async def describe(self, calendar: CalendarId, remote: RemoteCalendar) -> None:
        """Take over what a reading told of the calendar itself; what it left open keeps its last known value."""
        known = {name: value for name, value in _description(remote).items() if value is not None}
        if known:
            await self._set(calendar, **known)

    async def select(self, actor: Actor, connection: ConnectionId, wanted: Iterable[CalendarId]) -> Sequence[Calendar]:
        """Read these calendars of the connection and no others; returns all of the connection.

        One that was selected and no longer is forgets how far it was read: its events are for the caller to remove.
        Raises `NotFound` where one is not among them.
        """
        await Leases(self._connection).hold(connection)
        chosen = set(wanted)
        if chosen - {calendar.id for calendar in await self.list(actor, connection)}:
            raise NotFound("calendar")
        is_chosen = among(calendars.c.id, chosen)
        statement = within(actor, update(calendars).where(calendars.c.connection_id == connection), calendars)
        await self._connection.execute(statement.where(is_chosen).values(is_selected=True))
        await self._connection.execute(
            statement.where(~is_chosen).values(is_selected=False, cursor=None, expanded_until=None)
        )
        return await self.list(actor, connection)

    async def completed(self, calendar: CalendarId, cursor: Cursor, at: datetime) -> None:
        """A round has; in the transaction of the last changes that the cursor stands for."""
        await self._set(calendar, cursor=cursor, last_synced_at=at, last_error=None)

    async def failed(self, calendar: CalendarId, message: str) -> None:
        await self._set(calendar, last_error=message)

    async def _set(self, calendar: CalendarId, **values: object) -> None:
        await self._connection.execute(update(calendars).where(calendars.c.id == calendar).values(**values))

    async def _calendars(self, statement: Select[Any]) -> Sequence[Calendar]:
        ordered = statement.order_by(calendars.c.is_primary.desc(), calendars.c.name, calendars.c.id)
        return [calendar_of(row) for row in await self._connection.execute(ordered)]


_DESCRIPTION = ("name", "description", "color", "time_zone", "poll_interval_seconds")


def _description(remote: RemoteCalendar) -> dict[str, object]:
    interval = remote.poll_interval
    return {
        "name": remote.name,
        "description": remote.description,
        "color": remote.color,
        "time_zone": remote.time_zone,
        "poll_interval_seconds": None if interval is None else int(interval.total_seconds()),
    }


def _row(connection: Connection, remote: RemoteCalendar, now: datetime) -> dict[str, Any]:
    remote_id = storable(remote.remote_id)
    return {
        "id": calendar_id(connection.id, remote_id),
        "connection_id": connection.id,
        "user_id": connection.user_id,
        "organization_id": connection.organization_id,
        "provider": connection.provider,
        "remote_id": remote_id,
        **_description(remote),
        "is_primary": remote.is_primary,
        "is_read_only": remote.is_read_only,
        "is_selected": True,
        "created_at": now,
    }


def calendar_of(row: Row[Any]) -> Calendar:
    return Calendar(
        id=CalendarId(row.id),
        connection_id=ConnectionId(row.connection_id),
        user_id=UserId(row.user_id),
        organization_id=OrganizationId(row.organization_id),
        provider=ProviderName(row.provider),
        remote=_remote(row),
        is_selected=row.is_selected,
        cursor=None if row.cursor is None else Cursor(row.cursor),
        expanded_until=row.expanded_until,
        last_synced_at=row.last_synced_at,
        last_error=row.last_error,
        created_at=row.created_at,
    )


def _remote(row: Row[Any]) -> RemoteCalendar:
    seconds = row.poll_interval_seconds
    return RemoteCalendar(
        remote_id=row.remote_id,
        name=row.name,
        description=row.description,
        color=row.color,
        time_zone=row.time_zone,
        is_primary=row.is_primary,
        is_read_only=row.is_read_only,
        poll_interval=None if seconds is None else timedelta(seconds=seconds),
    )
