"""Event objects that could not be understood: kept with the reason and the text, until they can be."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import CalendarId, RunId
from calendar_sync.domain.problems import Problem
from calendar_sync.domain.providers import Quarantine
from calendar_sync.store.columns import among
from calendar_sync.store.planning import Setting
from calendar_sync.store.scope import within
from calendar_sync.store.statements import excluded, upsert_into
from calendar_sync.store.tables import calendars, problems


async def keep(connection: AsyncConnection, setting: Setting, unclear: Mapping[str, Quarantine]) -> None:
    """What is stored of these objects stays; why they could not be read is noted, by `remote_id`."""
    if not unclear:
        return
    new = upsert_into(problems, connection.dialect)
    latest = {name: excluded(name) for name in ("reason", "source", "run_id", "seen_at")}
    statement = new.on_conflict_do_update(index_elements=["calendar_id", "remote_id"], set_=latest)
    rows = [
        {
            "calendar_id": setting.calendar.id,
            "remote_id": name,
            "reason": problem.reason,
            "source": problem.source,
            "run_id": setting.origin.run,
            "seen_at": setting.now,
        }
        for name, problem in unclear.items()
    ]
    await connection.execute(statement, rows)


async def clear(connection: AsyncConnection, calendar: CalendarId, understood: Collection[str]) -> None:
    """These objects could be read, or are gone."""
    over = (await _names(connection, calendar)).intersection(understood)
    if over:
        named = among(problems.c.remote_id, over)
        await connection.execute(delete(problems).where(problems.c.calendar_id == calendar, named))


async def forget(connection: AsyncConnection, calendar: CalendarId) -> None:
    """All problems of the calendar."""
    await connection.execute(delete(problems).where(problems.c.calendar_id == calendar))


async def settle(
    connection: AsyncConnection, calendar: CalendarId, run: RunId | None, seen: Collection[str]
) -> set[str]:
    """After a complete reading by `run`: forget the problems of what it did not list; return what it could not read."""
    of_calendar = problems.c.calendar_id == calendar
    gone = of_calendar & (problems.c.run_id != run) & ~among(problems.c.remote_id, seen)
    await connection.execute(delete(problems).where(gone))
    return await _names(connection, calendar)


async def _names(connection: AsyncConnection, calendar: CalendarId) -> set[str]:
    statement = select(problems.c.remote_id).where(problems.c.calendar_id == calendar)
    return set((await connection.execute(statement)).scalars())


async def of_actor(connection: AsyncConnection, actor: Actor, limit: int) -> Sequence[Problem]:
    """The last seen first."""
    joined = select(problems).join(calendars, calendars.c.id == problems.c.calendar_id)
    statement = within(actor, joined, calendars).order_by(problems.c.seen_at.desc(), problems.c.remote_id).limit(limit)
    return [
        Problem(CalendarId(row.calendar_id), row.remote_id, row.reason, row.source, row.seen_at)
        for row in await connection.execute(statement)
    ]
