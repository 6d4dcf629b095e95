"""Channels by which providers notify of changes: what is known of each, and whose notifications are taken."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.connections import Calendar, ConnectionStatus
from calendar_sync.domain.identifiers import CalendarId, ChannelId, ConnectionId, new_channel_id
from calendar_sync.domain.push import Channel
from calendar_sync.store.columns import among
from calendar_sync.store.tables import calendars, channels, connections

_SEQUENCES = (connections.c.requested_seq, connections.c.started_seq, connections.c.done_seq)


def hashed(token: str) -> str:
    """As the token of a channel is stored."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


class ChannelState(StrEnum):
    OPENING = "opening"
    """The provider is being asked, or was when the process ended."""
    OPEN = "open"
    REFUSED = "refused"
    """The provider opened none. It is asked again when the time of this row is over."""


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """`remote` is what the provider gave, `None` until then; it is renewed or replaced from `renew_at` on."""

    id: ChannelId
    calendar_id: CalendarId
    address: str
    state: ChannelState
    remote: Channel | None
    renew_at: datetime | None
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Addressee:
    """What a notification is held against, and whose it is.

    `is_served` says that the connection needs nothing more: a run that was asked for has not begun yet, or none would
    do any good before the account is connected anew.
    """

    channel: ChannelId
    remote_id: str | None
    resource_id: str | None
    token_hash: str
    connection: ConnectionId
    is_served: bool


@dataclass(frozen=True, slots=True)
class Push:
    """`is_complete` says that every calendar to be read has a live channel; the first of them has to be renewed at
    `renew_at`, and ends at `ends_at`."""

    is_complete: bool
    renew_at: datetime
    ends_at: datetime


class Channels:
    """`tx.channels`. A row is there before the provider is asked: its first notification may overtake its answer."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_connection(self, connection: ConnectionId) -> Sequence[StoredChannel]:
        """The oldest first."""
        statement = select(channels).where(channels.c.connection_id == connection)
        ordered = statement.order_by(channels.c.created_at, channels.c.id)
        return [_channel(row) for row in await self._connection.execute(ordered)]

    async def add(
        self, channel: ChannelId, calendar: Calendar, address: str, token_hash: str, until: datetime, now: datetime
    ) -> None:
        """A channel that the provider is about to be asked for."""
        names = {"address": address, "token_hash": token_hash}
        await self._insert(channel, calendar, ChannelState.OPENING, until, now, **names)

    async def opened(self, channel: ChannelId, remote: Channel, renew_at: datetime) -> None:
        """The provider opened the channel, or extended it. That it refused one before is forgotten."""
        latest = {"remote_id": remote.id, "resource_id": remote.resource_id, "expires_at": remote.expires_at}
        statement = update(channels).where(channels.c.id == channel).returning(channels.c.calendar_id)
        calendar = await self._connection.scalar(statement.values(state=ChannelState.OPEN, renew_at=renew_at, **latest))
        await self._forget_others_than_open(channels.c.calendar_id == calendar)

    async def refuse(self, calendar: Calendar, until: datetime, now: datetime) -> None:
        """The provider opened none of this calendar, and need not be asked again before `until`."""
        await self._forget_others_than_open(channels.c.calendar_id == calendar.id)
        names = {"address": "", "token_hash": ""}
        await self._insert(new_channel_id(), calendar, ChannelState.REFUSED, until, now, **names)

    async def renew_soon(self, chosen: Collection[ChannelId], now: datetime) -> None:
        """The provider says that they end unless they are renewed."""
        await self._connection.execute(update(channels).where(among(channels.c.id, chosen)).values(renew_at=now))

    async def forget(self, chosen: Collection[ChannelId]) -> None:
        """They are gone; a row that is not there is no error."""
        await self._connection.execute(delete(channels).where(among(channels.c.id, chosen)))

    async def addressees(
        self, ids: Collection[str], remote_ids: Collection[str], now: datetime
    ) -> Mapping[str, Addressee]:
        """The live channels that are so named, by us or by their provider; by that name."""
        named = or_(among(channels.c.id, ids), among(channels.c.remote_id, remote_ids))
        statement = (
            select(channels, connections.c.status, *_SEQUENCES)
            .join(connections, connections.c.id == channels.c.connection_id)
            .where(named, channels.c.state != ChannelState.REFUSED, channels.c.expires_at > now)
        )
        found: dict[str, Addressee] = {}
        for row in await self._connection.execute(statement):
            addressee = _addressee(row)
            if row.id in ids:
                found[row.id] = addressee
            if row.remote_id in remote_ids:
                found[row.remote_id] = addressee
        return found

    async def pushes(
        self, chosen: Collection[ConnectionId], addresses: Collection[str], now: datetime
    ) -> Mapping[ConnectionId, Push]:
        """How far each is pushed to one of these addresses; one that has no live channel there is not named."""
        live = and_(
            channels.c.calendar_id == calendars.c.id,
            channels.c.state == ChannelState.OPEN,
            among(channels.c.address, addresses),
            channels.c.expires_at > now,
        )
        each = (
            select(
                calendars.c.connection_id,
                func.max(channels.c.renew_at).label("renew_at"),
                func.max(channels.c.expires_at).label("ends_at"),
            )
            .select_from(calendars.outerjoin(channels, live))
            .where(among(calendars.c.connection_id, chosen), calendars.c.gone_at.is_(None), calendars.c.is_selected)
            .group_by(calendars.c.id)
            .subquery()
        )
        is_complete = func.count() == func.count(each.c.ends_at)
        counted = select(each.c.connection_id, is_complete, func.min(each.c.renew_at), func.min(each.c.ends_at))
        rows = await self._connection.execute(counted.group_by(each.c.connection_id))
        return {ConnectionId(id): Push(bool(whole), renew, ends) for id, whole, renew, ends in rows if ends is not None}

    async def _insert(
        self, id: ChannelId, calendar: Calendar, state: ChannelState, until: datetime, now: datetime, **names: str
    ) -> None:
        await self._connection.execute(
            insert(channels).values(
                id=id,
                connection_id=calendar.connection_id,
                calendar_id=calendar.id,
                provider=calendar.provider,
                state=state,
                expires_at=until,
                created_at=now,
                **names,
            )
        )

    async def _forget_others_than_open(self, calendar: ColumnElement[bool]) -> None:
        await self._connection.execute(delete(channels).where(calendar, channels.c.state != ChannelState.OPEN))


def _addressee(row: Row[Any]) -> Addressee:
    is_asked_for = row.requested_seq > max(row.started_seq, row.done_seq)
    return Addressee(
        ChannelId(row.id),
        row.remote_id,
        row.resource_id,
        row.token_hash,
        ConnectionId(row.connection_id),
        is_served=is_asked_for or row.status != ConnectionStatus.ACTIVE,
    )


def _channel(row: Row[Any]) -> StoredChannel:
    is_known = row.remote_id is not None
    return StoredChannel(
        ChannelId(row.id),
        CalendarId(row.calendar_id),
        row.address,
        ChannelState(row.state),
        Channel(row.remote_id, row.resource_id, row.expires_at) if is_known else None,
        row.renew_at,
        row.expires_at,
        row.created_at,
    )
