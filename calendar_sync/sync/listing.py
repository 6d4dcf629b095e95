"""Which calendars a connection has now, believed only when it is said twice that one is gone."""

from collections.abc import Sequence
from dataclasses import fields, replace

from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import RemoteCalendar
from calendar_sync.domain.sync import CalendarState
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
    if not _says_nothing_new(known, listed):
        return await _store(connection, known, listed, run)
    to_read = _to_read(known)
    run.ledger.expect(calendar.id for calendar in to_read)
    return to_read


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
        removed = {
            calendar: await tx.events.remove_calendar_events(calendar, run.id, now, cause=ChangeCause.CALENDAR_GONE)
            for calendar in gone
        }
        to_read = _to_read(present)
        run.ledger.expect(calendar.id for calendar in to_read)
        ahead = [run.ledger.preview(*each, CalendarState.SKIPPED) for each in removed.items()]
        await tx.runs.progress(run.id, run.progress(*ahead))
    for calendar, transitions in removed.items():
        run.ledger.record(calendar, transitions, CalendarState.SKIPPED)
    run.on_change()
    return to_read


def _says_nothing_new(known: Sequence[Calendar], listed: Sequence[RemoteCalendar]) -> bool:
    """Whether storing it would change nothing: what a listing leaves open (`None`) keeps its last known value."""
    by_name = {calendar.remote.remote_id: calendar.remote for calendar in known}
    told = {remote.remote_id: remote for remote in listed}
    return by_name.keys() == told.keys() and all(
        by_name[name] == _completed(told[name], by_name[name]) for name in told
    )


def _completed(told: RemoteCalendar, before: RemoteCalendar) -> RemoteCalendar:
    left_open = {each.name: getattr(before, each.name) for each in fields(told) if getattr(told, each.name) is None}
    return replace(told, **left_open)


def _to_read(calendars: Sequence[Calendar]) -> Sequence[Calendar]:
    return [calendar for calendar in calendars if calendar.is_selected]
