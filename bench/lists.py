"""`python -m bench.lists`: lists of events by every filter, beside what the same rows cost in plain SQL.

The plain SQL is what one would write by hand for the one filter, sent by the driver as it is: no service, no row turned
into an object. On PostgreSQL both are of the role that row-level security binds. Of some runs each the median is told.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy import make_url

from bench.many_events import NOW, SELDOM, Owner, fill
from bench.scale.postgres import rows, running
from calendar_sync.domain.events import AutoJoinStatus, EventStatus, ResponseStatus
from calendar_sync.domain.identifiers import EventId
from calendar_sync.domain.occurrences import Days, OccurrenceFilter
from calendar_sync.domain.providers import ProviderName
from calendar_sync.events.service import EventService
from calendar_sync.store.bulk import sqlite_text
from calendar_sync.store.database import Database
from calendar_sync.store.row_security import SETTING

DATABASES = ("SQLite", "PostgreSQL")
_FIRST = 50
_RUNS = 7
_LONGEST = 3.0  # seconds that are spent on the runs of one measure

Raw = Callable[[str], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Case:
    """A filter, and the same said in SQL. `descending` and `count` as the service has them."""

    what: str
    wanted: OccurrenceFilter
    where: str
    descending: bool = False
    count: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    what: str
    rows: int
    ours: float
    plain: float

    def __str__(self) -> str:
        ratio = self.ours / self.plain
        return f"{self.what:44} {self.rows:>9,} {1e3 * self.ours:9.2f} {1e3 * self.plain:9.2f} {ratio:7.2f}"


def cases(owner: Owner, series: EventId, uid: str, text_of: Callable[[datetime], str]) -> Sequence[Case]:
    now, month = f"starts_at >= {text_of(NOW)}", NOW + timedelta(days=30)
    this_month = f"{now} AND starts_at < {text_of(month)}"
    ahead, within = OccurrenceFilter(starts_after=NOW), (NOW, month)
    day = date(2025, 6, 2)
    begin = datetime.fromisoformat("2025-06-02T00:00:00+02:00")
    end = begin + timedelta(days=1)
    rare, dense = owner.calendars[-1], owner.calendars[0]
    lists = "attendee_list IN (SELECT list_id FROM attendee_lists WHERE user_id = '{user}' AND email = '%s')"
    lists = lists.replace("{user}", owner.actor.user_id)
    return [
        Case("the first of all", OccurrenceFilter(), "true"),
        Case("the last of all", OccurrenceFilter(), "true", descending=True),
        Case("from now on", ahead, now),
        Case("a month", _month(within), this_month),
        Case(
            "under way in a day long ago",
            OccurrenceFilter(overlaps_after=begin, overlaps_before=end),
            f"ends_at > {text_of(begin)} AND starts_at < {text_of(end)}",
        ),
        Case(
            "a day of Berlin",
            OccurrenceFilter(days=Days(day, day, "Europe/Berlin")),
            f"ends_at > {text_of(begin)} AND starts_at < {text_of(end)}",
        ),
        Case(
            "one of the providers",
            OccurrenceFilter(starts_after=NOW, provider=ProviderName.ZOOM),
            f"{now} AND provider = 'zoom'",
        ),
        Case(
            "a calendar of many",
            OccurrenceFilter(starts_after=NOW, calendar_ids=[dense.id]),
            f"{now} AND calendar_id = '{dense.id}'",
        ),
        Case("a calendar of few", OccurrenceFilter(calendar_ids=[rare.id]), f"calendar_id = '{rare.id}'"),
        Case(
            "tentative ones",
            OccurrenceFilter(starts_after=NOW, statuses=[EventStatus.TENTATIVE]),
            f"{now} AND status = 'tentative'",
        ),
        Case("cancelled ones (none)", OccurrenceFilter(statuses=[EventStatus.CANCELLED]), "status = 'cancelled'"),
        Case(
            "by a link",
            OccurrenceFilter(starts_after=NOW, has_meeting_link=True),
            f"{now} AND meeting_link IS NOT NULL",
        ),
        Case("on Webex", OccurrenceFilter(meeting_platform="webex"), "meeting_platform = 'webex'"),
        Case("on a platform of none", OccurrenceFilter(meeting_platform="jitsi"), "meeting_platform = 'jitsi'"),
        Case(
            "joined (none)",
            OccurrenceFilter(auto_join_status=AutoJoinStatus.JOINED),
            "auto_join_status = 'joined'",
        ),
        Case("all-day", OccurrenceFilter(starts_after=NOW, is_all_day=True), f"{now} AND all_day = {{true}}"),
        Case("of series", OccurrenceFilter(starts_after=NOW, is_recurring=True), f"{now} AND is_recurring = {{true}}"),
        Case(
            "not answered",
            OccurrenceFilter(starts_after=NOW, responses=[ResponseStatus.NEEDS_ACTION]),
            f"{now} AND response = 'needs_action'",
        ),
        Case(
            "an organiser of many",
            OccurrenceFilter(organizer_email="person1@example.com"),
            "organizer_email = 'person1@example.com'",
            descending=True,
        ),
        Case("an organiser of few", OccurrenceFilter(organizer_email=SELDOM), f"organizer_email = '{SELDOM}'"),
        Case(
            "an attendee of most",
            OccurrenceFilter(starts_after=NOW, attendee_email="owner@example.com"),
            f"{now} AND {lists % 'owner@example.com'}",
        ),
        Case(
            "an attendee of some",
            OccurrenceFilter(attendee_email="person2500@example.com"),
            lists % "person2500@example.com",
        ),
        Case("an attendee of few", OccurrenceFilter(attendee_email=SELDOM), lists % SELDOM),
        Case("a series", OccurrenceFilter(series_ids=[series]), f"event_id = '{series}'"),
        Case("a UID", OccurrenceFilter(uid=uid), f"uid = '{uid}'"),
        Case(
            "words, in a month",
            OccurrenceFilter(starts_after=NOW, starts_before=month, text="zebra"),
            f"{this_month} AND title_folded LIKE '%zebra%'",
        ),
        Case("usual words", OccurrenceFilter(text="project 77"), "title_folded LIKE '%project 77%'"),
        Case("rare words, in all there is", OccurrenceFilter(text="zebra"), "title_folded LIKE '%zebra%'"),
        Case("a month, counted", _month(within), this_month, count=True),
        Case("all, counted", OccurrenceFilter(), "true", count=True),
    ]


def _month(span: tuple[datetime, datetime]) -> OccurrenceFilter:
    return OccurrenceFilter(starts_after=span[0], starts_before=span[1])


def plain_sql(case: Case, owner: Owner, true: str) -> str:
    where = f"occurrences.user_id = '{owner.actor.user_id}' AND {case.where}".replace("{true}", true)
    if case.count:
        return f"SELECT count(*) FROM occurrences WHERE {where}"  # noqa: S608
    way = "DESC" if case.descending else "ASC"
    joined = "occurrences JOIN calendars ON calendars.id = occurrences.calendar_id"
    where = where.replace("calendar_id = '", "occurrences.calendar_id = '").replace(
        "provider =", "occurrences.provider ="
    )
    return (
        f"SELECT occurrences.*, calendars.last_synced_at FROM {joined} WHERE {where} "  # noqa: S608
        f"ORDER BY starts_at {way}, occurrences.id {way} LIMIT {_FIRST + 1}"
    )


async def measured(case: Case, owner: Owner, service: EventService, raw: Raw, true: str) -> Measured:
    async def ours() -> int:
        page = await service.page(
            owner.actor,
            case.wanted,
            limit=1 if case.count else _FIRST,
            descending=case.descending,
            count=case.count,
        )
        return page.total if page.total is not None else len(page.items)

    sql = plain_sql(case, owner, true)

    async def plain() -> int:
        return len(await raw(sql))

    rows = await ours()
    return Measured(case.what, rows, await _median(ours), await _median(plain))


async def _median(work: Callable[[], Awaitable[object]]) -> float:
    taken: list[float] = []
    while len(taken) < _RUNS and (len(taken) < 1 or sum(taken) < _LONGEST):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncGenerator[tuple[str, Raw]]:
    file = folder / "lists.db"
    database = await Database.open(f"sqlite+aiosqlite:///{file}")
    await database.migrate()
    await database.close()
    connection = sqlite3.connect(file)

    async def raw(statement: str) -> Sequence[Any]:
        return connection.execute(statement).fetchall()

    yield f"sqlite+aiosqlite:///{file}", raw
    connection.close()


@asynccontextmanager
async def postgresql(_: Path) -> AsyncGenerator[tuple[str, Raw]]:
    async with running() as server:
        address = make_url(server.url)
        connection = await asyncpg.connect(user=address.username, database=address.database, host=address.query["host"])

        async def raw(statement: str) -> Sequence[Any]:
            async with connection.transaction():
                await connection.execute(f"SELECT set_config('{SETTING}', '*', true), set_config('jit', 'off', true)")
                found: Sequence[Any] = await connection.fetch(statement)
                return found

        yield server.url, raw
        await connection.close()


async def table(folder: Path, number: int, name: str) -> str:
    """Of SQLite or PostgreSQL."""
    opened = sqlite if name == "SQLite" else postgresql
    async with opened(folder) as (url, raw):
        database = await Database.open(url)
        owner = await fill(database, number)
        if name == "PostgreSQL":
            await rows(url, "VACUUM ANALYZE")
        service, true = EventService(database), "1" if name == "SQLite" else "true"
        some = await service.page(owner.actor, OccurrenceFilter(is_recurring=True, starts_after=NOW), limit=1)
        series, uid = some.items[0].series_id, some.items[0].uid
        todo = cases(owner, series, uid, _sqlite_literal if name == "SQLite" else _postgresql_literal)
        results = [await measured(case, owner, service, raw, true) for case in todo]
        await database.close()
    head = f"{f'{name}, {number:,} occurrences':44} {'rows':>9} {'ours ms':>9} {'plain ms':>9} {'ratio':>7}"
    return "\n".join([head, *map(str, results)])


def _sqlite_literal(moment: datetime) -> str:
    return f"'{sqlite_text(moment)}'"


def _postgresql_literal(moment: datetime) -> str:
    return f"'{moment.isoformat()}'::timestamptz"


async def lists_table(number: int, names: Sequence[str] = DATABASES) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return "\n\n".join([await table(Path(folder), number, name) for name in names])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--occurrences", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    arguments = parser.parse_args()
    for database in arguments.databases:
        print(asyncio.run(lists_table(arguments.occurrences, [database])), flush=True)
