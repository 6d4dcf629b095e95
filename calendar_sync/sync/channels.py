"""Keeps a channel open for every calendar that is read, so that its provider says when something changed.

A run does this before it reads: what changes from then on is pushed, what changed before is read. Nothing that goes
wrong with it fails the run; the calendars are polled the more often.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    LeaseLost,
    ProviderError,
    StoreUnavailable,
    Unavailable,
)
from calendar_sync.domain.identifiers import CalendarId, ChannelId, new_channel_id
from calendar_sync.domain.push import Channel, PushClient, Watch
from calendar_sync.store.channels import ChannelState, StoredChannel, hashed
from calendar_sync.sync.engine import RunUnderWay

_log = logging.getLogger(__name__)

LIFE = timedelta(days=6)
"""What providers are asked for: Google and Graph give seven days at most."""
FIRST_WAIT = timedelta(minutes=15)
"""Before a provider that opened no channel is asked again; it doubles up to `LONGEST_WAIT`."""
LONGEST_WAIT = timedelta(days=1)
UNSUPPORTED_WAIT = timedelta(days=7)
"""Before a provider is asked again to push of a calendar of which it does not."""

_BUDGET_SECONDS = 10.0  # after so long the rest is left to the next run: whoever asked for this one is waiting
_LONGEST_CALL = 15.0  # seconds; Graph waits ten for the address to answer
_OF_ONE_CALENDAR = (BadResponse, CalendarGone)


async def keep_channels(calendars: Sequence[Calendar], run: RunUnderWay, address: str) -> None:
    """Open channels for the calendars that have none, renew those past half their life, close all others.

    Raises `LeaseLost` and `StoreUnavailable`, nothing else.
    """
    if not isinstance(run.client, PushClient):
        return
    try:
        await _Keeper(run.client, run, address).keep(calendars)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours with push from the sync
        _log.error("Push failed by a fault of this program.", exc_info=error, extra={"run": run.id})


@dataclass(frozen=True, slots=True)
class _Stored:
    """The rows of a connection, by what is to be done with them."""

    live: Mapping[CalendarId, StoredChannel]
    refused: Mapping[CalendarId, StoredChannel]
    surplus: Sequence[StoredChannel]
    """Open, and not wanted any more."""
    dead: Sequence[StoredChannel]
    """Over, or asked for by a process that ended before the answer came."""

    def is_due(self, calendar: Calendar, now: datetime) -> bool:
        live, refused = self.live.get(calendar.id), self.refused.get(calendar.id)
        if live is not None and live.renew_at is not None and live.renew_at > now:
            return False
        return refused is None or refused.expires_at <= now


@dataclass(frozen=True, slots=True)
class _Keeper:
    client: PushClient
    run: RunUnderWay
    address: str

    async def keep(self, calendars: Sequence[Calendar]) -> None:
        now = self.run.clock()
        async with self.run.database.begin(write=False) as tx:
            rows = await tx.channels.of_connection(self.run.lease.connection_id)
        stored = _sorted(rows, {calendar.id for calendar in calendars}, self.address, now)
        due = [calendar for calendar in calendars if stored.is_due(calendar, now)]
        replaced = await self._renew(due, stored)
        for channel in (ended := [*stored.surplus, *replaced]):
            await self._unwatch(channel.remote)
        if gone := [channel.id for channel in (*ended, *stored.dead)]:
            async with self.run.writing() as tx:
                await tx.channels.forget(gone)

    async def _renew(self, due: Sequence[Calendar], stored: _Stored) -> Sequence[StoredChannel]:
        """Give each a channel that lasts, as far as the provider does so; returns those that others took over from."""
        replaced: list[StoredChannel] = []
        end = asyncio.get_running_loop().time() + _BUDGET_SECONDS
        for number, calendar in enumerate(due):
            if asyncio.get_running_loop().time() > end:
                break
            live, refused = stored.live.get(calendar.id), stored.refused.get(calendar.id)
            try:
                if live is not None and await self._extend(live):
                    continue
                if await self._open(calendar) and live is not None:
                    replaced.append(live)
            except ProviderError as error:
                self._tell(error, is_news=refused is None)
                is_alone = isinstance(error, _OF_ONE_CALENDAR)
                await self._refuse(due[number : number + 1] if is_alone else due[number:], stored)
                if not is_alone:
                    break
        return replaced

    async def _extend(self, channel: StoredChannel) -> bool:
        if channel.remote is None:
            return False
        async with _bounded():
            extended = await self.client.renew(channel.remote, self.run.clock() + LIFE)
        if extended is not None:
            await self._store(channel.id, extended)
        return extended is not None

    async def _open(self, calendar: Calendar) -> bool:
        """The row comes first, for notifications may overtake the answer."""
        channel, token, now = new_channel_id(), token_urlsafe(32), self.run.clock()
        async with self.run.writing() as tx:
            await tx.channels.add(channel, calendar, self.address, hashed(token), now + LIFE, now)
        async with _bounded():
            remote = await self.client.watch(Watch(calendar.remote, channel, token, self.address, now + LIFE))
        if remote is None:
            async with self.run.writing() as tx:
                await tx.channels.refuse(calendar, now + UNSUPPORTED_WAIT, now)
            return False
        try:
            await self._store(channel, remote)
        except (LeaseLost, StoreUnavailable):
            await self._unwatch(remote)
            raise
        return True

    async def _store(self, channel: ChannelId, remote: Channel) -> None:
        now = self.run.clock()
        if remote.expires_at <= now:
            raise BadResponse("The provider opened a channel that is over already.")
        async with self.run.writing() as tx:
            await tx.channels.opened(channel, remote, now + (remote.expires_at - now) / 2)

    async def _refuse(self, calendars: Sequence[Calendar], stored: _Stored) -> None:
        now = self.run.clock()
        async with self.run.writing() as tx:
            for calendar in calendars:
                await tx.channels.refuse(calendar, now + _wait_after(stored.refused.get(calendar.id)), now)

    async def _unwatch(self, remote: Channel | None) -> None:
        """As far as the provider lets us; it ends by itself else, and what it brings is answered with 404."""
        if remote is not None:
            with suppress(ProviderError):
                async with _bounded():
                    await self.client.unwatch(remote)

    def _tell(self, error: ProviderError, *, is_news: bool) -> None:
        level = logging.WARNING if is_news else logging.DEBUG
        connection = self.run.lease.connection_id
        _log.log(level, "No push for now: %s", error.message, extra={"connection": connection, "run": self.run.id})


@asynccontextmanager
async def _bounded() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(_LONGEST_CALL):
            yield
    except TimeoutError as err:
        raise Unavailable("The provider did not answer in time.") from err


def _sorted(rows: Sequence[StoredChannel], wanted: set[CalendarId], address: str, now: datetime) -> _Stored:
    live: dict[CalendarId, StoredChannel] = {}
    refused: dict[CalendarId, StoredChannel] = {}
    surplus: list[StoredChannel] = []
    dead: list[StoredChannel] = []
    for row in rows:  # the oldest first
        if row.state is ChannelState.REFUSED and row.calendar_id in wanted:
            refused[row.calendar_id] = row
        elif row.state is not ChannelState.OPEN or row.expires_at <= now:
            dead.append(row)
        elif row.calendar_id not in wanted or row.address != address:
            surplus.append(row)
        else:
            surplus.extend(filter(None, [live.pop(row.calendar_id, None)]))
            live[row.calendar_id] = row
    return _Stored(live, refused, surplus, dead)


def _wait_after(refusal: StoredChannel | None) -> timedelta:
    if refusal is None:
        return FIRST_WAIT
    return min(2 * (refusal.expires_at - refusal.created_at), LONGEST_WAIT)
