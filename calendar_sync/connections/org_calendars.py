"""The use case of an organisation's calendars, for its administrators: list, choose, sync and let go of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendar_sync.connections.vendors import SETTINGS
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.errors import Disconnected, Invalid, NotFound, NotPermitted, Unavailable
from calendar_sync.domain.identifiers import ConnectionId, OrgCalendarId
from calendar_sync.domain.org_calendars import LONGEST_SYNC_INTERVAL, OrgCalendar, OrgCalendarRequest
from calendar_sync.domain.schedule import DueReason
from calendar_sync.domain.sync import SyncResult
from calendar_sync.store.database import Database, Transaction

Sync = Callable[[Actor, Sequence[ConnectionId]], Awaitable[SyncResult]]
"""Syncs connections of a user: `SyncService.sync`."""

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class OrgCalendarService:
    """Every method raises `NotPermitted` for whoever is no administrator.

    Administrators see and change all calendars of their own organisation; another one's is `NotFound`. The events of
    such a calendar stay with the administrator whose connection it comes by.
    """

    database: Database
    sync_connections: Sync
    clock: Callable[[], datetime]
    spread: Callable[[timedelta], timedelta]
    """An interval, a little more or less at random (`Pace.spread`)."""

    async def list(self, actor: Actor) -> Sequence[OrgCalendar]:
        expect_admin(actor)
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.org_calendars.list(actor)

    async def create(self, actor: Actor, wanted: OrgCalendarRequest) -> OrgCalendar:
        """Make a calendar of the actor's own connection their organisation's.

        A connection that was never synced, or has no such calendar so far, is synced first. The interval holds at once:
        the next sync comes sooner by it, unless it waits for the sake of its provider. Raises `Invalid` naming
        the field, `Conflict` where the calendar is the organisation's already, and `Disconnected` or `Unavailable`
        where the account had to be read and could not be.
        """
        expect_admin(actor)
        _expect_interval(wanted.sync_interval_minutes)
        if not await self._is_known(actor, wanted):
            await self._read(actor, wanted.credential_id)
        async with self.database.begin(actor=actor) as tx:
            await tx.connections.hold(wanted.credential_id)
            calendar = _the_one(wanted.calendar_name, await _calendars(tx, actor, wanted))
            now = self.clock()
            soon = now + self.spread(timedelta(minutes=wanted.sync_interval_minutes))
            await tx.schedules.bring_forward(calendar.connection_id, soon, DueReason.ORGANIZATION_INTERVAL)
            return await tx.org_calendars.add(actor, calendar.id, wanted.sync_interval_minutes, now)

    async def delete(self, actor: Actor, calendar: OrgCalendarId) -> None:
        """The connection, its calendars and events stay; from its next sync on its pace is the usual one again.

        Raises `NotFound`.
        """
        expect_admin(actor)
        async with self.database.begin(actor=actor) as tx:
            await tx.org_calendars.delete(actor, calendar)

    async def sync(self, actor: Actor, calendar: OrgCalendarId) -> SyncResult:
        """Sync the connection the calendar comes by, whichever administrator's it is. Raises as `SyncService.sync`."""
        expect_admin(actor)
        async with self.database.begin(write=False, actor=actor) as tx:
            found = await tx.org_calendars.get(actor, calendar)
        return await self.sync_connections(Actor(found.created_by, found.organization_id), [found.connection_id])

    async def _is_known(self, actor: Actor, wanted: OrgCalendarRequest) -> bool:
        async with self.database.begin(write=False, actor=actor) as tx:
            return bool(_called(wanted.calendar_name, await _calendars(tx, actor, wanted)))

    async def _read(self, actor: Actor, connection: ConnectionId) -> None:
        """Learn which calendars the account has now. What is wrong with one of them does not matter here."""
        result = await self.sync_connections(actor, [connection])
        failures = [failure for run in result.runs for failure in run.failures if failure.calendar_id is None]
        if failures:
            raise (Disconnected if failures[0].code == Disconnected.code else Unavailable)(failures[0].message)


def expect_admin(actor: Actor) -> None:
    """Raises `NotPermitted`."""
    if not actor.is_admin:
        raise NotPermitted("Only an administrator of the organisation may see and change its calendars.")


def _expect_interval(minutes: int) -> None:
    if not 1 <= minutes <= LONGEST_SYNC_INTERVAL:
        raise Invalid(f"The interval must be from 1 to {LONGEST_SYNC_INTERVAL} minutes.", field="sync_interval_minutes")


async def _calendars(tx: Transaction, actor: Actor, wanted: OrgCalendarRequest) -> Sequence[Calendar]:
    """The calendars there are to choose from. Raises `Invalid` where the account is not the one that is described."""
    if wanted.provider not in SETTINGS:
        raise Invalid(f"The provider must be one of {', '.join(SETTINGS)}.", field="provider")
    _expect_described(await _account(tx, actor, wanted.credential_id), wanted)
    listed = await tx.calendars.list(actor, wanted.credential_id)
    return [calendar for calendar in listed if calendar.is_selected]


async def _account(tx: Transaction, actor: Actor, connection: ConnectionId) -> Connection:
    try:
        return await tx.connections.get(actor, connection)
    except NotFound as err:
        raise Invalid("You have no connected account of this identifier.", field="credential_id") from err


def _expect_described(connection: Connection, wanted: OrgCalendarRequest) -> None:
    if connection.provider != wanted.provider:
        raise Invalid(f"The account is one of {connection.provider}.", field="provider")
    if _folded(connection.account_email or "") != _folded(wanted.account_email):
        address = connection.account_email or "not told by its provider"
        raise Invalid(f"This is not the address of the account, which is {address}.", field="account_email")


def _called(name: str, calendars: Sequence[Calendar]) -> Sequence[Calendar]:
    """The one that the provider calls exactly so, or all that a person may mean."""
    exact = [calendar for calendar in calendars if calendar.remote.remote_id == name]
    return exact or [calendar for calendar in calendars if _folded(name) in _names(calendar)]


def _the_one(name: str, calendars: Sequence[Calendar]) -> Calendar:
    """Raises `Invalid` that lists what could be meant."""
    found = _called(name, calendars)
    if len(found) == 1:
        return found[0]
    if found:
        ids = _listed([calendar.remote.remote_id for calendar in found])
        raise Invalid(f"Several calendars have this name; say which by its identifier: {ids}.", field="calendar_name")
    if not calendars:
        raise Invalid("No calendar of the account is read.", field="calendar_name")
    names = _listed([calendar.remote.name or calendar.remote.remote_id for calendar in calendars])
    raise Invalid(
        f"None of the account's calendars that are read has this name; they are: {names}.", field="calendar_name"
    )


def _names(calendar: Calendar) -> set[str]:
    return {_folded(calendar.remote.remote_id), _folded(calendar.remote.name or calendar.remote.remote_id)}


def _listed(texts: Sequence[str]) -> str:
    more = ["…"] if len(texts) > _MOST_NAMES else []
    return ", ".join([*texts[:_MOST_NAMES], *more])


def _folded(text: str) -> str:
    return text.strip().casefold()
