"""Which calendars a connection has now, believed only when it is said twice that one is gone."""

from collections.abc import Sequence

from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import RemoteCalendar
from calendar_sync.sync.engine import RunUnderWay


async def list_calendars(connection: Connection, run: RunUnderWay) -> Sequence[Calendar]:
    """Store what the provider lists and return the calendars to read: those listed and selected.

    The events of a calendar that the provider no longer lists are removed and counted. A listing that misses a known
    calendar is asked for a second time first; an empty one is an error, never the end of everything.
    """
    async with run.database.begin(write=False) as tx:
        known = await tx.calendars.of_connection(connection.id)
    listed = await _listed(run)
    if _missing(known, listed):
        listed = await _listed(run)
    if known and not listed:
        raise BadResponse("The provider lists no calendars any more; what is stored was kept.")
    return await _store(connection, known, listed, run)


async def _listed(run: RunUnderWay) -> list[RemoteCalendar]:
    return [calendar async for calendar in run.client.calendars()]


def _missing(known: Sequence[Calendar], listed: Sequence[RemoteCalendar]) -> bool:
    return not {calendar.remote.remote_id for calendar in known} <= {calendar.remote_id for calendar in listed}


async def _store(
    connection: Connection, known: Sequence[Calendar], listed: Sequence[RemoteCalendar], run: RunUnderWay
) -> Sequence[Calendar]:
    now = run.clock()
    async with run.writing() as tx:
        present = await tx.calendars.reconcile(connection, listed, now)
        gone = {calendar.id for calendar in known} - {calendar.id for calendar in present}
        removed = {calendar: await tx.events.remove_calendar_events(calendar, run.id, now) for calendar in gone}
    for calendar, transitions in removed.items():
        run.ledger.record(calendar, transitions)
    return [calendar for calendar in present if calendar.is_selected]
