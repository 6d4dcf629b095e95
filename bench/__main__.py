"""`make bench`: a feed of 10,000 events, first read and read again, beside the floor and beside the naive way; 1,000
events by GraphQL beside the same by REST; how long after a change at a vendor it is stored, by push; two workers beside
the same runs done without a queue; and lists of events by every filter, beside plain SQL.

All are measured in one run on one machine, one after the other, in wall and in CPU seconds; read the ratios.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from icalendar import Calendar
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.feed import EXPORTED, StaticFeed, feed
from bench.graphql import graphql_table
from bench.lists import lists_table
from bench.push import push_table
from bench.scale.workers import Options, workers_table
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.sync import SyncResult
from calendar_sync.server import prepare
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from simulators.server import ServerThread


@dataclass(frozen=True, slots=True)
class Measured:
    what: str
    wall: float
    cpu: float
    counts: str


class NaiveEvent(SQLModel, table=True):
    """One row per event, as a first version of such a program would have it."""

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(index=True)
    title: str
    starts_at: datetime
    ends_at: datetime
    body: str


async def measured(what: str, work: Callable[[], Awaitable[str]]) -> Measured:
    wall, cpu = time.perf_counter(), _cpu()
    counts = await work()
    return Measured(what, time.perf_counter() - wall, _cpu() - cpu, counts)


def _cpu() -> float:
    """CPU seconds of this process and its children so far: large feeds are parsed in one."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


async def ours(folder: Path, events: int) -> list[Measured]:
    served = StaticFeed(feed(events, exported=EXPORTED).encode())
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'ours.db'}",
        allowed_private_networks="127.0.0.0/8",  # type: ignore[arg-type] # as the environment gives it
    )
    await prepare(settings)
    with ServerThread(served) as address:
        async with open_services(settings) as services:
            user = await services.access.create_user("bench@example.com", None, is_admin=False)
            actor = Actor(user.id, user.organization_id)
            await services.connections.connect(actor, "ics", {"url": f"{address}/bench.ics"})
            results = [await measured("ours: first sync", lambda: _sync(services, actor))]
            results.append(await measured("ours: again, nothing changed (304)", lambda: _sync(services, actor)))
            served.body = feed(events, exported=EXPORTED + timedelta(hours=1)).encode()
            results.append(await measured("ours: again, every DTSTAMP new", lambda: _sync(services, actor)))
            return results


async def _sync(services: Services, actor: Actor) -> str:
    result: SyncResult = await services.sync.sync(actor)
    assert not result.errors, result.errors
    return f"{result.tally.new} new, {result.tally.updated} updated"


def floor(folder: Path, events: int) -> Callable[[], Awaitable[str]]:
    """A plain parse of the same feed, and the same rows inserted by the driver."""
    source = sqlite3.connect(folder / "ours.db")
    tables = {name: source.execute(f"select * from {name}").fetchall() for name in ("events", "occurrences")}  # noqa: S608
    raw = feed(events, exported=EXPORTED).encode()

    async def work() -> str:
        Calendar.from_ical(raw)
        target = sqlite3.connect(folder / "floor.db")
        target.execute("pragma journal_mode = wal")
        for name, rows in tables.items():
            marks = ", ".join("?" * len(rows[0]))
            target.execute(f"create table {name} ({', '.join(f'c{n}' for n in range(len(rows[0])))})")
            target.executemany(f"insert into {name} values ({marks})", rows)  # noqa: S608
        target.commit()
        return f"{sum(map(len, tables.values()))} rows"

    return work


def naive(folder: Path, events: int) -> Callable[[], Awaitable[str]]:
    """Parse, look each event up, and write it through the ORM, in one transaction."""
    raw = feed(events, exported=EXPORTED).encode()
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'naive.db'}")

    async def work() -> str:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all, tables=[NaiveEvent.__table__])  # type: ignore[attr-defined]
        async with AsyncSession(engine) as session:
            written = 0
            for component in Calendar.from_ical(raw).walk("VEVENT"):
                row = await _naive_row(session, str(component["UID"]))
                row.title, row.body = str(component["SUMMARY"]), str(component["DESCRIPTION"])
                row.starts_at, row.ends_at = component.decoded("DTSTART"), component.decoded("DTEND")
                session.add(row)
                written += 1
            await session.commit()
        await engine.dispose()
        return f"{written} events"

    return work


async def _naive_row(session: AsyncSession, uid: str) -> NaiveEvent:
    found = (await session.exec(select(NaiveEvent).where(NaiveEvent.uid == uid))).first()
    return found or NaiveEvent(uid=uid, title="", starts_at=EXPORTED, ends_at=EXPORTED, body="")


def table(results: list[Measured], reference: Measured) -> str:
    head = f"{'':40} {'wall s':>8} {'CPU s':>8} {'CPU / floor':>12}  counts"
    rows = [
        f"{each.what:40} {each.wall:8.2f} {each.cpu:8.2f} {each.cpu / reference.cpu:12.2f}  {each.counts}"
        for each in results
    ]
    return "\n".join([head, *rows])


async def main(events: int, changes: int, accounts: int, jobs: int, occurrences: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = await ours(folder, events)
        bottom = await measured("floor: plain parse + raw executemany", floor(folder, events))
        results.append(bottom)
        work = naive(folder, events)
        results.append(await measured("naive: ORM, one by one, first", work))
        results.append(await measured("naive: ORM, one by one, again", work))
        print(f"One ICS feed of {events} events\n\n{table(results, bottom)}\n", flush=True)
        print(f"1,000 events, 15 fields each\n\n{await graphql_table(folder)}\n", flush=True)
        pushed = await push_table(folder, changes, accounts)
        print(f"From a change at a vendor to the stored change\n\n{pushed}\n", flush=True)
    compared = await workers_table(Options(workers=(2,), connections=jobs))
    print(f"{jobs} connections in which nothing changed, synced by two workers\n\n{compared}\n", flush=True)
    print(f"Pages of 50 events of a user who has most of them\n\n{await lists_table(occurrences)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--occurrences", type=int, default=50_000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.events, arguments.changes, arguments.accounts, arguments.jobs, arguments.occurrences))
